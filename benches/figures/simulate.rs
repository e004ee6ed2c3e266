//! `campc simulate`: a million contacts through a campaign of five steps over 30 days, the real binary on all cores.

use super::Bench;
use super::report::{Failure, head, line, whole};
use std::process::Command;
use std::time::Instant;

const PROJECT: &str = include_str!("simulate.camp");
/// Everybody comes in, and so goes through the campaign.
const BEHAVIOUR: &str = "[contacts]\nnew_share = 1\n";

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let folder = bench.folder("simulate")?;
    std::fs::write(folder.join("main.camp"), PROJECT)?;
    std::fs::write(folder.join("behaviour.toml"), BEHAVIOUR)?;
    let contacts = bench.scaled(1_000_000);
    let count = contacts.to_string();
    let timed = |threads: &str| -> Result<(f64, Vec<u8>), Failure> {
        let args = ["simulate", "--contacts", &count, "--behaviour", "behaviour.toml", "--from", "2026-03-02", "--format", "json", "--threads", threads];
        let began = Instant::now();
        let ran = Command::new(&bench.binary).args(args).current_dir(&folder).output()?;
        if !ran.status.success() {
            return Err(String::from_utf8_lossy(&ran.stderr).into_owned().into());
        }
        Ok((began.elapsed().as_secs_f64(), ran.stdout))
    };
    let (two, report) = timed("2")?;
    let before = children_cpu_seconds()?;
    let (one, again) = timed("1")?;
    let cpu = children_cpu_seconds()? - before;
    if report != again {
        return Err("one thread and two have not told the same".into());
    }
    head();
    line(&format!("`campc simulate`, {} contacts × 30 days × five steps", whole(contacts as f64)), &format!("{two:.1} s"), "< 10 s");
    line("… contacts/s", &whole(contacts as f64 / two), "–");
    line("… processor time", &format!("{cpu:.1} s, {:.1} µs a contact", cpu * 1e6 / contacts as f64), "–");
    line("… on one thread", &format!("{one:.1} s, {} contacts/s", whole(contacts as f64 / one)), "–");
    Ok(())
}

/// Processor time of all children that have ended: neighbours do not count.
fn children_cpu_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((ticks(13) + ticks(14)) / 100.0)
}
