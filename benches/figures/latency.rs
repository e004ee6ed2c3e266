//! Accepted → effect committed, at a steady pace: an open-loop generator, free of coordinated omission.
//!
//! Once at 1,000 events a second, sent singly, with mail written to files; and once at a third of what the daemon takes at most.

use super::Bench;
use super::daemon::{Daemon, delivering, holding};
use super::generator::{self, Pace, Report};
use super::report::{Failure, head, line, whole};

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let people = bench.scaled(20_000);
    let seconds = if bench.is_quick { 3.0 } else { 20.0 };
    let daemon = Daemon::start(bench, "latency", delivering())?;
    generator::identify(&daemon, (0, people), None)?;
    let cpu = daemon.cpu_seconds()?;
    let singly = generator::pace(&daemon, Pace { people, rate: 1_000.0, batch: 1, seconds })?.wait()?;
    let busy = (daemon.cpu_seconds()? - cpu) / singly.seconds;
    let committed = daemon.outbox()?.0;
    daemon.stop()?;
    let daemon = Daemon::start(bench, "latency-held", holding())?;
    generator::identify(&daemon, (0, people), None)?;
    let inputs = bench.scaled(100_000);
    let most = inputs as f64 / generator::flood(&daemon, people, inputs)?.seconds;
    let rate = 0.3 * most;
    let third = generator::pace(&daemon, Pace { people, rate: rate / 20.0, batch: 20, seconds })?.wait()?;
    head();
    let first = format!("accepted → effect committed, {} events/s in twenties (0.3 of the most), p50", whole(rate));
    lines(&first, &third);
    lines("accepted → effect committed, 1 000 events/s sent singly, p50", &singly);
    line("… effects committed when the last answer had come", &format!("{committed} of {}", seconds * 500.0), "all");
    line("… cores used by the daemon, mail to files included", &format!("{busy:.2}"), "–");
    Ok(())
}

fn lines(first: &str, report: &Report) {
    let text = |value: f64| format!("{value:.1} ms");
    line(first, &text(report.p50), "–");
    line("… p99", &text(report.p99), "20 ms (5 ms)");
    line("… p99.9", &text(report.p999), "–");
    line("… longest", &text(report.longest), "–");
}
