//! The long forms of the proof: `./soak [--seeds N] [--crash-seeds N] [--first SEED]`. Prints what was proven, how often each fault
//! occurred, and the first history that breaks a promise. A fault that never occurred fails the run.

#[path = "../../tests/reference/mod.rs"]
mod oracle;
#[path = "../../tests/proof/mod.rs"]
#[allow(dead_code)]
mod proof;

use campc::proof::Point;
use campc::store::memory::MemoryStore;
use proof::crash::{OF_THE_END, OF_THE_FILE, crash_everywhere};
use proof::fault::Fuse;
use proof::simulate::{Faults, SOMETIMES, simulate};
use proof::world::Ground;
use std::process::ExitCode;
use std::time::Instant;

/// Acts of a history.
const ACTS: usize = 120;

struct Options {
    seeds: u64,
    crash_seeds: u64,
    first: u64,
}

fn options() -> Options {
    let mut options = Options { seeds: 2_000, crash_seeds: 100, first: 0 };
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        let number = args.next().and_then(|text| text.replace('_', "").parse().ok());
        let slot = match arg.as_str() {
            "--seeds" => &mut options.seeds,
            "--crash-seeds" => &mut options.crash_seeds,
            "--first" => &mut options.first,
            other => {
                eprintln!("there is no {other}; see the head of ./soak");
                std::process::exit(2)
            }
        };
        let Some(number) = number else {
            eprintln!("{arg} wants a number");
            std::process::exit(2)
        };
        *slot = number;
    }
    options
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = options();
    let fuse = Fuse::watched();
    let mut failed = false;

    let started = Instant::now();
    for seed in options.first..options.first + options.seeds {
        if let Err(broken) = simulate(seed, ACTS, (Faults::All, &fuse)).await {
            failed = true;
            println!("seed {seed} breaks a promise:\n  {}", broken.join("\n  "));
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("g18  {} simulated histories of {ACTS} acts from seed {}, {:.1} s", options.seeds, options.first, seconds);
    for what in SOMETIMES {
        let times = fuse.sometimes.lock().unwrap().get(what).copied().unwrap_or(0);
        println!("     {times:>8} × {what}");
        if times == 0 && options.seeds > 0 {
            failed = true;
            println!("     nothing is proven about: {what}");
        }
    }

    let engine: Vec<Point> = Point::ALL.into_iter().filter(|point| !OF_THE_FILE.contains(point) && !OF_THE_END.contains(point)).collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, points, is_file) in [("in memory", engine.as_slice(), false), ("on disk", &OF_THE_FILE[..], true)] {
        let started = Instant::now();
        let seeds = options.first..options.first + options.crash_seeds;
        let ground = |name: &str| {
            if is_file { Ground::File(folder.path().join(format!("{name}.db"))) } else { Ground::Memory(MemoryStore::new()) }
        };
        let (wrong, crashed) = crash_everywhere(ground, points, seeds).await;
        failed |= !wrong.is_empty();
        wrong.iter().for_each(|text| println!("     {text}"));
        let total: u32 = crashed.values().sum();
        println!("g02  {total} crashes at {} points {name}, {} seeds, {:.1} s", crashed.len(), options.crash_seeds, started.elapsed().as_secs_f64());
        for point in points.iter().filter(|point| crashed.get(point).is_none_or(|times| *times == 0)) {
            failed |= options.crash_seeds > 0;
            println!("     no history came to {point:?}");
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
