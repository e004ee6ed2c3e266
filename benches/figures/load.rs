//! Durable inputs a second over HTTP, in batches of 100 with one send for every two inputs, and a raw loop that writes the same rows.
//!
//! An input counts when the answer has come: it is durable then, and so is its effect, which is looked up in the store.

use super::daemon::{Daemon, delivering, holding};
use super::generator::{self, Report};
use super::report::{Failure, head, line, whole};
use super::{Bench, raw};
use std::time::{Duration, Instant};

/// What one run came to.
struct Run {
    inputs: usize,
    report: Report,
    cpu_seconds: f64,
    written_bytes: u64,
    /// Outbox rows when the last answer had come.
    committed: u64,
    /// Deliveries a second until all were handed over, if that was waited for.
    deliveries: Option<f64>,
}

impl Run {
    fn rate(&self) -> f64 {
        self.inputs as f64 / self.report.seconds
    }
    fn cpu_of_an_input(&self) -> String {
        format!("{:.1} µs", self.cpu_seconds * 1e6 / self.inputs as f64)
    }
}

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let inputs = bench.scaled(400_000);
    let people = bench.scaled(50_000);
    let daemon = Daemon::start(bench, "load", holding())?;
    let held = fire(&daemon, people, inputs, false)?;
    let folder = daemon.stop()?;
    let raw = raw::same_rows(&folder.join("camp.db"), &bench.folder("raw")?);
    let daemon = Daemon::start(bench, "load-deliver", delivering())?;
    let full = fire(&daemon, people, inputs / 8, true)?;
    head();
    line("inputs/s, batches of 100 over HTTP, sends held back", &whole(held.rate()), "60 000 (150 000)");
    line("… effects committed when the last answer had come", &format!("{} of {}", whole(held.committed as f64), whole(held.inputs as f64 / 2.0)), "all");
    line("… processor time of the daemon an input", &held.cpu_of_an_input(), "–");
    line("… of the generator", &format!("{:.1} µs", held.report.cpu_seconds * 1e6 / held.inputs as f64), "–");
    match &raw {
        Ok(raw) => {
            line("raw loop writing the same rows in as many transactions", &format!("{} inputs/s", whole(raw.inputs_per_second)), "–");
            line(
                "… bytes written an input, by the loop and by the daemon",
                &format!("{:.0}, {:.0}", raw.bytes_an_input, held.written_bytes as f64 / held.inputs as f64),
                "1 300",
            );
            line("… share of it that the daemon reaches", &format!("{:.2}", held.rate() / raw.inputs_per_second), "0.4 (0.7)");
        }
        Err(failure) => line("raw loop writing the same rows", &format!("not measured: {failure}"), "–"),
    }
    line("inputs/s while every mail is written to a file", &whole(full.rate()), "–");
    line("… processor time of the daemon an input and its mail", &full.cpu_of_an_input(), "–");
    line("deliveries/s (files, synced), until the last", &full.deliveries.map_or("–".to_string(), whole), "–");
    if let Ok(raw) = raw {
        println!("\nraw loop: {}", raw.rows);
    }
    Ok(())
}

/// Sends events, every second of them with a mail, after its people are known.
fn fire(daemon: &Daemon, people: usize, inputs: usize, waits_for_mail: bool) -> Result<Run, Failure> {
    generator::identify(daemon, (0, people), None)?;
    let (cpu, written, started) = (daemon.cpu_seconds()?, daemon.written_bytes()?, Instant::now());
    let report = generator::flood(daemon, people, inputs)?;
    let committed = daemon.outbox()?.0;
    let deliveries = if waits_for_mail { Some(wait_for_mail(daemon, started)?) } else { None };
    let (cpu_seconds, written_bytes) = (daemon.cpu_seconds()? - cpu, daemon.written_bytes()? - written);
    Ok(Run { inputs, report, cpu_seconds, written_bytes, committed, deliveries })
}

/// Deliveries a second since `started`, until none is open or nothing moves for ten seconds.
fn wait_for_mail(daemon: &Daemon, started: Instant) -> Result<f64, Failure> {
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        let (all, accepted) = daemon.outbox()?;
        if accepted != last {
            (last, moved) = (accepted, Instant::now());
        }
        if accepted == all || moved.elapsed() > Duration::from_secs(10) {
            return Ok(accepted as f64 / (moved - started).as_secs_f64());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
