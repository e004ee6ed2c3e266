//! Accepted → effect committed, at 1,000 events a second: an open-loop generator, free of coordinated omission.
//!
//! Each event has its moment; its latency runs from that moment, whether or not a connection was free then.

use super::daemon::{Daemon, delivering};
use super::report::{Failure, head, line, ms, percentile};
use super::{Bench, events};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Events a second.
const RATE: usize = 1000;

/// Connections, each with one event under way at most.
const CONNECTIONS: usize = 32;

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let people = bench.scaled(20_000);
    let count = bench.scaled(20 * RATE);
    let (source, toml) = delivering();
    let daemon = Daemon::start(bench, "latency", (source, &toml), &[])?;
    daemon.identify(people)?;
    let cpu = daemon.cpu_seconds()?;
    let started = Instant::now();
    let latencies = fire(&daemon, people, count)?;
    let (seconds, committed) = (started.elapsed().as_secs_f64(), daemon.outbox()?.0);
    let busy = (daemon.cpu_seconds()? - cpu) / seconds;
    let at = |share| format!("{:.1} ms", percentile(&latencies, share));
    head();
    line(&format!("accepted → effect committed, {RATE} events/s sent singly, p50"), &at(0.5), "–");
    line("… p99", &at(0.99), "5 ms (20 ms at most)");
    line("… p99.9", &at(0.999), "–");
    line("… longest", &at(1.0), "–");
    line("… effects committed when the last answer had come", &format!("{committed} of {}", count / 2), "all");
    line("… cores used by the daemon, mail to files included", &format!("{busy:.2}"), "–");
    Ok(())
}

/// Milliseconds of every event, sorted.
fn fire(daemon: &Daemon, people: usize, count: usize) -> Result<Vec<f64>, Failure> {
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(count)));
    let start = Instant::now() + Duration::from_millis(100);
    let results: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..CONNECTIONS).map(|_| scope.spawn(|| worker(daemon, people, (count, start), (&next, &all)).map_err(|error| error.to_string()))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| Err("a sender panicked".to_string()))).collect()
    });
    results.into_iter().collect::<Result<Vec<()>, String>>()?;
    let mut all = all.into_inner().map_err(|_| "a sender panicked")?;
    all.sort_by(f64::total_cmp);
    Ok(all)
}

fn worker(daemon: &Daemon, people: usize, (count, start): (usize, Instant), (next, all): (&AtomicUsize, &Mutex<Vec<f64>>)) -> Result<(), Failure> {
    let mut client = daemon.client()?;
    let mut mine = Vec::new();
    let mut body = String::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            all.lock().map_err(|_| "a sender panicked")?.extend(mine);
            return Ok(());
        }
        let due = start + Duration::from_secs_f64(number as f64 / RATE as f64);
        body.clear();
        events::track(&mut body, if number.is_multiple_of(2) { "ordered" } else { "looked" }, (number / 2).wrapping_mul(7919) % people, &format!("m-{number}"));
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        client.post_events("/v1/track", body.as_bytes())?;
        mine.push(ms(due.elapsed()));
    }
}
