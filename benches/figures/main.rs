//! The figures of `./bench`: what Camp costs in time, memory and disk on this machine, each with its goal.
//!
//! Prints; asserts no times. The real binary is measured from outside: as a process, over HTTP, and by the rows in its store.
//! `figures BINARY [NAME…]` runs the named parts, all by default: check fmt machine plan counts tests simulate load latency waiting timers deploy size.
//! `--quick` does a tenth of the work; `--people=N` says how many wait in `waiting`, `timers` and `deploy`.

mod check;
mod client;
mod counts;
mod daemon;
mod deploy;
mod events;
mod fmt;
mod generator;
mod latency;
mod load;
mod machine;
mod plan;
mod raw;
mod report;
mod simulate;
mod size;
mod source;
mod tests;
mod timers;
mod waiting;

use report::Failure;
use std::path::{Path, PathBuf};

/// The binary's own allocator: what is measured in this process costs what it costs there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A part of the figures: its name and what measures it.
type Part = (&'static str, fn(&Bench) -> Result<(), Failure>);

const PARTS: &[Part] = &[
    ("check", check::run),
    ("fmt", fmt::run),
    ("machine", machine::run),
    ("plan", plan::run),
    ("counts", counts::run),
    ("tests", tests::run),
    ("simulate", simulate::run),
    ("load", load::run),
    ("latency", latency::run),
    ("waiting", waiting::run),
    ("timers", timers::run),
    ("deploy", deploy::run),
    ("size", size::run),
];

/// What every part is given.
#[derive(Debug)]
struct Bench {
    /// The release binary.
    binary: PathBuf,
    /// A folder that goes when the run ends.
    scratch: tempfile::TempDir,
    /// Smaller numbers, for trying the bench itself.
    is_quick: bool,
    /// How many people wait, where that was said.
    people: Option<usize>,
}

impl Bench {
    /// A number, or a tenth of it in a quick run.
    fn scaled(&self, number: usize) -> usize {
        if self.is_quick { number / 10 } else { number }
    }
    /// How many people wait in the parts about many.
    fn people(&self) -> usize {
        self.people.unwrap_or_else(|| self.scaled(1_000_000))
    }
    /// A new folder with that name.
    fn folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.scratch.path().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(path)
    }
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.split_first() {
        Some((word, rest)) if word == "generate" => return generator::run(rest),
        Some((word, rest)) if word == "count" => return counts::count(rest),
        Some(_) | None => {}
    }
    let people = args.iter().find_map(|arg| arg.strip_prefix("--people=")).map(str::parse).transpose()?;
    let is_quick = args.iter().any(|arg| arg == "--quick");
    let mut words = args.iter().filter(|arg| !arg.starts_with("--"));
    let binary = words.next().ok_or("figures BINARY [NAME…]: which binary?")?;
    let binary = Path::new(binary).canonicalize()?;
    let wanted: Vec<&str> = words.map(String::as_str).collect();
    if let Some(unknown) = wanted.iter().find(|name| !PARTS.iter().any(|(known, _)| known == *name)) {
        return Err(format!("there is no part `{unknown}`; there are {}", PARTS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")).into());
    }
    let bench = Bench { binary, scratch: tempfile::tempdir_in(scratch_parent()?)?, is_quick, people };
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.contains(name) {
            println!("\n## {name}\n");
            if let Err(failure) = part(&bench) {
                println!("not measured: {failure}");
            }
        }
    }
    Ok(())
}

/// Beside the build, on a real disk: a temporary folder may lie in memory.
fn scratch_parent() -> Result<PathBuf, Failure> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    std::fs::create_dir_all(&target)?;
    Ok(target)
}
