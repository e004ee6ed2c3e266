//! `campc check`, process start included: a project of 10,000 lines, and one page. Then the stages of a large one, by themselves.

use super::report::{Failure, head, line, median, ms};
use super::{Bench, source};
use campc::bytecode::Program;
use campc::compiler::{Analysis, Workspace, analyze, compile};
use campc::diagnostics::{View, github, gitlab, json, sarif, short, terminal};
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
    stages(bench)?;
    renderings(bench)
}

/// Each stage over a large project, in this process.
fn stages(bench: &Bench) -> Result<(), Failure> {
    let folder = bench.folder("stages")?;
    let lines = source::large_project(&folder, bench.scaled(200_000))?;
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "camp") {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            sources.push((name, std::fs::read(&path)?));
        }
    }
    let mut times: [Vec<f64>; 4] = Default::default();
    for _ in 0..5 {
        let taken = one_run(&sources)?;
        times.iter_mut().zip(taken).for_each(|(all, time)| all.push(time));
    }
    let [parse, check, lower, whole] = times.map(median);
    let figure = |time: f64| format!("{time:.1} ms, {} lines/s", super::report::whole(lines as f64 / time * 1000.0));
    line(&format!("parse, {lines} lines, processor time of one core"), &figure(parse), "–");
    line("check (names, types, paths, conditions)", &figure(check), "–");
    line("parse + check", &figure(whole), "≥ 400 000 lines/s");
    line("lower and verify", &figure(lower), "–");
    Ok(())
}

/// Milliseconds of processor time of parsing, checking, lowering, and of the first two together.
fn one_run(sources: &[(String, Vec<u8>)]) -> Result<[f64; 4], Failure> {
    let mut workspace = Workspace::new();
    for (name, bytes) in sources {
        workspace.add_root(name, bytes.clone());
    }
    let began = busy_ms()?;
    let missing = workspace.missing();
    let parsed = busy_ms()?;
    let analysis: Analysis = analyze(&workspace);
    let checked = busy_ms()?;
    let program: Result<Program, _> = compile(&analysis);
    let lowered = busy_ms()?;
    if !missing.is_empty() || !analysis.findings.is_empty() || program.is_err() {
        return Err(format!("the large project has findings: {}", short::render(&analysis.findings, &View::new(&analysis.sources))).into());
    }
    Ok([parsed - began, checked - parsed, lowered - checked, checked - began])
}

/// Processor time of this thread so far, in milliseconds: neighbours do not count.
fn busy_ms() -> Result<f64, Failure> {
    let line = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos: f64 = line.split(' ').next().ok_or("no time in schedstat")?.parse()?;
    Ok(nanos / 1_000_000.0)
}

/// Two thousand findings in each format.
fn renderings(bench: &Bench) -> Result<(), Failure> {
    let count = bench.scaled(2_000);
    let text: String = (0..count).map(|n| format!("segment s{n} = cuontry == \"Canada\" and points > {n}\n")).collect();
    let began = Instant::now();
    let analysis = analyze(&Workspace::of_source("main.camp", &text));
    line(&format!("check of a file with {count} findings"), &format!("{:.1} ms", ms(began.elapsed())), "–");
    let view = View::new(&analysis.sources);
    let findings = &analysis.findings;
    let formats: [(&str, &dyn Fn() -> String); 6] = [
        ("human", &|| terminal::render(findings, &view, terminal::Paint::Colored)),
        ("short", &|| short::render(findings, &view)),
        ("json", &|| json::render(findings, &view)),
        ("sarif", &|| sarif::document(sarif::results(findings, &view))),
        ("github", &|| github::render(findings, &view)),
        ("gitlab", &|| gitlab::document(gitlab::issues(findings, &view))),
    ];
    for (name, render) in formats {
        let began = Instant::now();
        let bytes = render().len();
        line(&format!("{} findings as {name}, {} KiB", findings.len(), bytes / 1024), &format!("{:.1} ms", ms(began.elapsed())), "< 1 000 ms");
    }
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
