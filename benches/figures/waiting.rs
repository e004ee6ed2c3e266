//! Memory and disk of a million contacts who wait, an idle daemon, and how long it takes after a kill until something happens again.

use super::Bench;
use super::daemon::{Daemon, holding};
use super::generator;
use super::report::{Failure, head, line, ms, whole};
use std::path::Path;
use std::time::{Duration, Instant};

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let people = bench.people();
    let daemon = Daemon::start(bench, "waiting", holding())?;
    let empty = daemon.resident_bytes()?;
    let known = generator::identify(&daemon, (0, people), None)?;
    let full = daemon.resident_bytes()?;
    std::thread::sleep(Duration::from_secs(if bench.is_quick { 1 } else { 15 }));
    let before = daemon.cpu_seconds()?;
    std::thread::sleep(Duration::from_secs(5));
    let idle = (daemon.cpu_seconds()? - before) / 5.0;
    let folder = daemon.kill()?;
    let started = Instant::now();
    let again = Daemon::again(bench, &folder)?;
    let ready = ms(started.elapsed());
    generator::flood(&again, people, 100)?;
    let effect = ms(started.elapsed());
    let committed = again.outbox()?.0;
    let loaded = again.resident_bytes()?;
    let folder = again.stop()?;
    let tables = tables(&folder.join("camp.db"))?;
    let disk = size(&folder.join("camp.db")) + size(&folder.join("camp.db-wal"));
    let each = |bytes: u64| format!("{:.0} MiB ({} bytes each)", bytes as f64 / 1_048_576.0, whole(bytes as f64 / people as f64));
    head();
    line("memory of an idle, empty daemon", &format!("{:.0} MiB", empty as f64 / 1_048_576.0), "< 60 MiB");
    line("contacts made known a second, each of whom begins to wait", &whole(people as f64 / known.seconds), "–");
    line(&format!("memory, {} waiting contacts, after taking them in", whole(people as f64)), &each(full), "1 GiB (300 MiB) a million");
    line("… in a new process", &each(loaded), "1 GiB (300 MiB) a million");
    line("disk: the tables of people who wait", &each(tables), "600 (300) bytes each");
    line("… with each one's event and journal, and what the log has left free", &each(disk), "–");
    line("processor share of the daemon while nothing is due", &format!("{:.1} %", idle * 100.0), "< 1 %");
    line("kill -9 → ready", &format!("{ready:.0} ms"), "–");
    line("kill -9 → first effects committed", &format!("{effect:.0} ms ({committed} effects)"), "5 s (1 s)");
    Ok(())
}

/// The bytes of the tables that hold who waits where; not the log, which retention bounds.
fn tables(path: &Path) -> Result<u64, Failure> {
    let query = "SELECT sum(pgsize) FROM dbstat WHERE aggregate = 1 AND name IN ('contact', 'trail', 'enrollment', 'segment_member', 'identity', 'redirect', 'step_census')";
    Ok(rusqlite::Connection::open(path)?.query_row(query, [], |row| row.get(0))?)
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |data| data.len())
}
