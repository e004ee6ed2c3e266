//! Durable inputs a second over HTTP, in batches of 100 with one send for every two inputs, and a raw loop that writes the same rows.
//!
//! An input counts when the answer has come: it is durable then, and so is its effect, which is looked up in the store.

use super::daemon::{Daemon, delivering, holding};
use super::report::{Failure, head, line, whole};
use super::{Bench, events, raw};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Events of a request.
const BATCH: usize = 100;

/// Connections that send at once.
const CONNECTIONS: usize = 8;

/// What one run came to.
struct Run {
    inputs: usize,
    seconds: f64,
    cpu_seconds: f64,
    /// Outbox rows when the last answer had come.
    committed: u64,
    /// Deliveries a second until all were handed over, if that was waited for.
    deliveries: Option<f64>,
}

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let inputs = bench.scaled(200_000);
    let people = bench.scaled(50_000);
    let (source, toml) = holding();
    let daemon = Daemon::start(bench, "load", (source, &toml), &[])?;
    let held = fire(&daemon, people, inputs, false)?;
    let folder = daemon.stop()?;
    let raw = raw::same_rows(&folder.join("camp.db"), &bench.folder("raw")?, BATCH)?;
    let (source, toml) = delivering();
    let daemon = Daemon::start(bench, "load-deliver", (source, &toml), &[])?;
    let full = fire(&daemon, people, inputs / 4, true)?;
    let rate = |run: &Run| run.inputs as f64 / run.seconds;
    head();
    line(&format!("inputs/s, batches of {BATCH} over HTTP, sends held back"), &whole(rate(&held)), "≥ 10 000");
    line("… effects committed when the last answer had come", &format!("{} of {}", whole(held.committed as f64), whole(held.inputs as f64 / 2.0)), "all");
    line("… processor time of the daemon an input", &format!("{:.0} µs", held.cpu_seconds * 1e6 / held.inputs as f64), "–");
    line(&format!("raw loop writing the same rows, {BATCH} inputs a transaction"), &format!("{} inputs/s", whole(raw.inputs_per_second)), "–");
    line("… share of it that the daemon reaches", &format!("{:.2}", rate(&held) / raw.inputs_per_second), "0.7");
    line("inputs/s while every mail is written to a file", &whole(rate(&full)), "–");
    line("deliveries/s (files, synced), until the last", &full.deliveries.map_or("–".to_string(), whole), "–");
    println!("\nraw loop: {}", raw.rows);
    Ok(())
}

/// Sends events from several connections, every second of them with a mail, after its people are known.
fn fire(daemon: &Daemon, people: usize, inputs: usize, waits_for_mail: bool) -> Result<Run, Failure> {
    daemon.identify(people)?;
    let next = AtomicUsize::new(0);
    let (cpu, started) = (daemon.cpu_seconds()?, Instant::now());
    let sent: Result<Vec<()>, String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(|| send(daemon, people, inputs, &next).map_err(|error| error.to_string()))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| Err("a sender panicked".to_string()))).collect()
    });
    sent?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu_seconds = daemon.cpu_seconds()? - cpu;
    let committed = daemon.outbox()?.0;
    let deliveries = if waits_for_mail { Some(wait_for_mail(daemon, started)?) } else { None };
    Ok(Run { inputs, seconds, cpu_seconds, committed, deliveries })
}

fn send(daemon: &Daemon, people: usize, inputs: usize, next: &AtomicUsize) -> Result<(), Failure> {
    let mut client = daemon.client()?;
    loop {
        let first = next.fetch_add(BATCH, Ordering::Relaxed);
        if first >= inputs {
            return Ok(());
        }
        let body = events::batch(BATCH, |into, index| {
            let number = first + index;
            // Neighbours in a batch are strangers to each other, as they are in life.
            let user = (number / 2).wrapping_mul(7919) % people;
            events::track(into, if number.is_multiple_of(2) { "ordered" } else { "looked" }, user, &format!("m-{number}"));
        });
        client.post_events("/v1/batch", &body)?;
    }
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
