//! `campc check`, process start included: a project of 10,000 lines, and one page.

use super::report::{Failure, head, line, median, ms};
use super::{Bench, source};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let (large, page) = (bench.folder("large")?, bench.folder("page")?);
    let lines = source::large_project(&large, bench.scaled(10_000))?;
    source::one_page(&page)?;
    let runs = bench.scaled(50).max(5);
    let (whole, single, start) = (check(bench, &large, runs)?, check(bench, &page, runs)?, timed(bench, &["--version"], runs)?);
    head();
    line(&format!("`campc check`, {lines} lines"), &format!("{whole:.1} ms"), "< 80 ms");
    line("`campc check`, one page", &format!("{single:.1} ms"), "< 5 ms");
    line("`campc --version` (process start alone)", &format!("{start:.1} ms"), "–");
    Ok(())
}

fn check(bench: &Bench, project: &Path, runs: usize) -> Result<f64, Failure> {
    let path = project.to_string_lossy();
    let args = ["--project", path.as_ref(), "check"];
    let first = Command::new(&bench.binary).args(args).env("CRM_SECRET", "whsec_bench").output()?;
    if !first.status.success() {
        return Err(
            format!("`campc check` found something:\n{}", String::from_utf8_lossy(&first.stdout).lines().take(12).collect::<Vec<_>>().join("\n")).into()
        );
    }
    timed(bench, &args, runs)
}

fn timed(bench: &Bench, args: &[&str], runs: usize) -> Result<f64, Failure> {
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let started = Instant::now();
        Command::new(&bench.binary).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        times.push(ms(started.elapsed()));
    }
    Ok(median(times))
}
