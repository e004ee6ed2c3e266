//! Memory and disk of 100,000 contacts who wait, an idle daemon, and how long a new process takes until it serves them again.

use super::daemon::{Daemon, holding};
use super::report::{Failure, head, line, ms, whole};
use super::{Bench, events};
use std::path::Path;
use std::time::{Duration, Instant};

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let people = bench.scaled(100_000);
    let (source, toml) = holding();
    let daemon = Daemon::start(bench, "waiting", (source, &toml), &[])?;
    let empty = daemon.resident_bytes()?;
    daemon.identify(people)?;
    let mut client = daemon.client()?;
    for first in (0..people).step_by(500) {
        let body = events::batch(500.min(people - first), |into, index| events::track(into, "joined", first + index, &format!("w-{}", first + index)));
        client.post_events("/v1/batch", &body)?;
    }
    let full = daemon.resident_bytes()?;
    let before = daemon.cpu_seconds()?;
    std::thread::sleep(Duration::from_secs(5));
    let idle = (daemon.cpu_seconds()? - before) / 5.0;
    let folder = daemon.stop()?;
    let disk = size(&folder.join("camp.db")) + size(&folder.join("camp.db-wal"));
    let started = Instant::now();
    let again = Daemon::again(bench, &folder, &[])?;
    let ready = ms(started.elapsed());
    let loaded = again.resident_bytes()?;
    let each = |bytes: u64| format!("{:.0} MiB ({} bytes each)", bytes as f64 / 1_048_576.0, whole(bytes as f64 / people as f64));
    head();
    line("memory of an idle, empty daemon", &format!("{:.0} MiB", empty as f64 / 1_048_576.0), "< 60 MiB");
    line(&format!("memory, {} waiting contacts, after taking them in", whole(people as f64)), &each(full), "256 MiB");
    line("… in a new process", &each(loaded), "256 MiB");
    line("disk, with each one's events, journal and queued mail", &each(disk), "–");
    line("processor share of the daemon while nothing is due", &format!("{:.1} %", idle * 100.0), "< 1 %");
    line("new process until it serves them", &format!("{ready:.0} ms"), "–");
    Ok(())
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |data| data.len())
}
