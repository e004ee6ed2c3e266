//! The formatter on one core, in process: a large project whose lines must all be laid out anew, and the same when it is tidy.

use super::daemon::cpu_seconds;
use super::report::{Failure, head, line, whole};
use super::{Bench, source};
use campc::compiler::{Formatted, format_source};

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let folder = bench.folder("fmt")?;
    source::large_project(&folder, bench.scaled(100_000))?;
    let mut loose = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "camp") {
            // Other indentation, other blanks: each statement has to be written anew.
            loose.push(std::fs::read_to_string(&path)?.replace("\n  ", "\n      ").replace(" == ", "=="));
        }
    }
    let mut tidy = Vec::new();
    for text in &loose {
        match format_source("part.camp", text.as_bytes()) {
            Formatted::Changed(bytes) => tidy.push(String::from_utf8(bytes)?),
            Formatted::Unchanged | Formatted::Broken(..) | Formatted::Differs => return Err("the generated source should be laid out anew".into()),
        }
    }
    head();
    line("`campc fmt`, lines/s on one core, all laid out anew, proof included", &whole(rate(&loose)?), "≥ 500 000");
    line("… of files in canonical layout", &whole(rate(&tidy)?), "–");
    Ok(())
}

/// Lines a second of processor time, over several rounds.
fn rate(files: &[String]) -> Result<f64, Failure> {
    const ROUNDS: usize = 5;
    let lines: usize = files.iter().map(|text| text.lines().count()).sum();
    let started = cpu_seconds("self")?;
    for _ in 0..ROUNDS {
        for text in files {
            std::hint::black_box(format_source("part.camp", text.as_bytes()));
        }
    }
    Ok((lines * ROUNDS) as f64 / (cpu_seconds("self")? - started))
}
