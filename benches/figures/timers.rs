//! A herd of timers: a million that fall due within one minute, then a tenth as many at one instant, while events come in.
//!
//! Read from the journal: every wait ends once, and by no instant have more ended than were due by then.

use super::Bench;
use super::daemon::{Daemon, waves};
use super::generator::{self, Pace};
use super::report::{Failure, head, line, whole};
use rusqlite::Connection;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long the herd's instants are spread over.
const SPREAD: f64 = 60_000.0;
/// Nothing ends for so long: it is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits of so many people: the first is due at `from`, the others each `step` milliseconds later.
#[derive(Clone, Copy, Debug)]
struct Herd {
    first: usize,
    count: usize,
    from: i64,
    step: f64,
}

/// What became of a herd.
#[derive(Debug)]
struct Ended {
    ended: usize,
    early: usize,
    /// Milliseconds between the last instant that was due, and the last end seen in the store.
    late: f64,
}

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let people = bench.people();
    let spread = if bench.is_quick { SPREAD / 10.0 } else { SPREAD };
    let daemon = Daemon::start(bench, "timers", waves())?;
    // How long it takes to make them known says when the first may be due.
    let sample = (people / 20).max(1_000);
    let far = 10_000_000_000_000;
    let pace = generator::identify(&daemon, (0, sample), Some((far, 1.0)))?.seconds / sample as f64;
    let herd = herd(&daemon, (sample, people), (pace, spread))?;
    let started = now()?;
    let events = Pace { people: sample, rate: 200.0, batch: 5, seconds: (herd.from - started) as f64 / 1_000.0 + spread / 1_000.0 };
    let meanwhile = generator::pace(&daemon, events)?;
    let wave = watch(&daemon, &herd)?;
    let meanwhile = meanwhile.wait()?;
    let instant = self::herd(&daemon, (sample + people, people / 10), (pace, 0.0))?;
    let burst = watch(&daemon, &instant)?;
    head();
    line(&format!("{} timers due within {:.0} s: ended, early", whole(people as f64), spread / 1_000.0), &ended(&wave), "all, none");
    line("… last one committed after the last was due", &format!("{:.1} s", wave.late / 1_000.0), "done in 15 s");
    line("… p99 of 1 000 events/s meanwhile", &format!("{:.1} ms", meanwhile.p99), "< 100 ms");
    line(&format!("{} timers due at one instant: ended, early", whole(people as f64 / 10.0)), &ended(&burst), "all, none");
    line("… last one committed after it", &format!("{:.1} s", burst.late / 1_000.0), "3 s (1 s)");
    Ok(())
}

fn ended(herd: &Ended) -> String {
    format!("{}, {}", whole(herd.ended as f64), herd.early)
}

/// Makes a herd known, due once all of it is.
fn herd(daemon: &Daemon, (first, count): (usize, usize), (pace, spread): (f64, f64)) -> Result<Herd, Failure> {
    let from = now()? + (pace * count as f64 * 1_300.0) as i64 + 5_000;
    let herd = Herd { first, count, from, step: spread / count as f64 };
    generator::identify(daemon, (herd.first, herd.count), Some((herd.from, herd.step)))?;
    if now()? >= from {
        return Err("the first waits were over before all had begun: the machine is too busy".into());
    }
    Ok(herd)
}

/// Waits until all waits of a herd have ended, or nothing ends any more.
fn watch(daemon: &Daemon, herd: &Herd) -> Result<Ended, Failure> {
    let store = daemon.store()?;
    let last_due = herd.from + (herd.step * herd.count as f64) as i64;
    let (mut times, mut position) = (Vec::new(), since(&store)?);
    let mut moved = Instant::now();
    let mut seen = now()?;
    while times.len() < herd.count && (moved.elapsed() < PATIENCE || now()? < last_due) {
        std::thread::sleep(Duration::from_millis(100));
        let new = ends(&store, &mut position)?;
        if !new.is_empty() {
            (moved, seen) = (Instant::now(), now()?);
        }
        times.extend(new);
    }
    times.sort_unstable();
    let due = |index: usize| herd.from + (herd.step * index as f64) as i64;
    let early = times.iter().enumerate().filter(|(index, at)| **at < due(*index)).count();
    Ok(Ended { ended: times.len(), early, late: (seen - last_due) as f64 })
}

/// The last line of the journal so far.
fn since(store: &Connection) -> Result<i64, Failure> {
    Ok(store.query_row("SELECT coalesce(max(position), 0) FROM journal", [], |row| row.get(0))?)
}

/// The instants of the waits that have ended since.
fn ends(store: &Connection, position: &mut i64) -> Result<Vec<i64>, Failure> {
    let last = since(store)?;
    let mut statement = store.prepare_cached("SELECT at FROM journal WHERE position > ?1 AND position <= ?2 AND what = 'finished'")?;
    let found = statement.query_map([*position, last], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    *position = last;
    Ok(found)
}

fn now() -> Result<i64, Failure> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}
