//! Mangled and made input through the whole front end: `./fuzz 100000000 [--seed S] [--threads N]`.
//! `--images 1000000` damages images instead and runs what is accepted, `--round-trips 100000` goes there and back.
//!
//! Prints bytes, cases, the slowest case and the peak of memory. Exit 1 after a panic, a case over a second, or 512 MiB.

#[path = "../../tests/reference/mod.rs"]
mod reference;

use reference::fuzz::bombs::{Bomb, expansions, nestings};
use reference::fuzz::{LONGEST, attempt, images, mutate, peak_mib};
use reference::make::Random;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How deep everything is nested.
const DEPTH: usize = 1_000_000;

struct Found {
    slowest: (Duration, String),
    faults: Vec<String>,
    clean: usize,
}

fn note(found: &Mutex<Found>, name: &str, tried: &reference::fuzz::Tried) {
    let mut found = found.lock().unwrap();
    if tried.took > found.slowest.0 {
        found.slowest = (tried.took, name.to_owned());
    }
    found.clean += usize::from(tried.is_clean);
    if let Some(panic) = &tried.panic {
        found.faults.push(format!("{name}: a panic: {panic}"));
    } else if tried.took > LONGEST {
        found.faults.push(format!("{name}: {:.2} s", tried.took.as_secs_f64()));
    }
}

/// What is being tried is written down first: what overflows the stack cannot say so itself.
fn write_down(number: usize, name: &str, bytes: &[u8]) {
    let folder = std::env::temp_dir();
    let _ = std::fs::write(folder.join(format!("camp-fuzz-{number}.camp")), bytes);
    let _ = std::fs::write(folder.join(format!("camp-fuzz-{number}.txt")), name);
}

fn main() {
    let (mut bytes, mut seed, mut threads) = (10_000_000, 1_u64, std::thread::available_parallelism().map_or(1, usize::from));
    let (mut damaged, mut trips) = (0, 0);
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--seed" => seed = args.next().and_then(|text| text.parse().ok()).unwrap_or(1),
            "--images" => damaged = args.next().and_then(|text| text.parse().ok()).unwrap_or(1),
            "--round-trips" => trips = args.next().and_then(|text| text.parse().ok()).unwrap_or(1),
            "--threads" => threads = args.next().and_then(|text| text.parse().ok()).unwrap_or(1),
            count => bytes = count.replace('_', "").parse().unwrap_or(bytes),
        }
    }
    if damaged + trips > 0 {
        return there_and_back((damaged, trips), seed, threads);
    }
    std::panic::set_hook(Box::new(|_| {}));
    let found = Mutex::new(Found { slowest: (Duration::ZERO, String::new()), faults: Vec::new(), clean: 0 });
    let started = Instant::now();
    let bombs = run_bombs(&found);
    let seeds = mutate::seeds();
    let (next, done, cases) = (AtomicU64::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for number in 0..threads {
            let (next, done, cases, found, seeds) = (&next, &done, &cases, &found, &seeds);
            scope.spawn(move || {
                while done.load(Ordering::Relaxed) < bytes {
                    let own = seed.wrapping_mul(1_000_003).wrapping_add(next.fetch_add(1, Ordering::Relaxed));
                    let input = mutate::input(seeds, own);
                    write_down(number, &format!("seed {own}"), &input);
                    note(found, &format!("seed {own}"), &attempt(&input, &[]));
                    done.fetch_add(input.len(), Ordering::Relaxed);
                    cases.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    let peak = peak_mib().unwrap_or(0);
    let seconds = started.elapsed().as_secs_f64();
    let done = done.into_inner();
    println!(
        "seed {seed}: {done} bytes, {} cases ({} without errors) and {bombs} bombs in {seconds:.1} s; slowest {:.3} s ({}); peak {peak} MiB",
        cases.into_inner(),
        found.clean,
        found.slowest.0.as_secs_f64(),
        found.slowest.1,
    );
    found.faults.iter().for_each(|fault| println!("FAULT {fault}"));
    if !found.faults.is_empty() || peak > 512 {
        std::process::exit(1);
    }
}

/// So many damaged images, and so many round trips; a fault ends it.
fn there_and_back((damaged, trips): (u64, u64), seed: u64, threads: usize) {
    let next = AtomicU64::new(0);
    let accepted = AtomicUsize::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                // Many of each program: making one takes longer than damaging it.
                loop {
                    let portion = next.fetch_add(1, Ordering::Relaxed);
                    if portion * PORTION >= damaged.max(trips) {
                        return;
                    }
                    let own = seed.wrapping_mul(1_000_003).wrapping_add(portion);
                    let mut random = Random::new(own);
                    let made = images::made(own);
                    for at in portion * PORTION..(portion + 1) * PORTION {
                        if let (true, Some(made)) = (at < damaged, &made) {
                            let is_run = images::run(made, &images::damaged(made, &mut random));
                            accepted.fetch_add(usize::from(is_run), Ordering::Relaxed);
                        }
                        if at < trips
                            && let Err(fault) = images::round_trip(seed.wrapping_mul(1_000_003).wrapping_add(at))
                        {
                            panic!("seed {at}: {fault}");
                        }
                    }
                }
            });
        }
    });
    println!(
        "seed {seed}: {damaged} damaged images, {} of them accepted and run, {trips} round trips in {:.1} s; peak {} MiB",
        accepted.into_inner(),
        started.elapsed().as_secs_f64(),
        peak_mib().unwrap_or(0)
    );
}

/// Damaged images of each made program.
const PORTION: u64 = 100;

fn run_bombs(found: &Mutex<Found>) -> usize {
    let all: Vec<Bomb> = nestings(DEPTH).into_iter().chain(expansions()).collect();
    for bomb in &all {
        write_down(0, bomb.name, bomb.name.as_bytes());
        let texts: Vec<(&str, String)> = bomb.file.iter().map(|(path, text)| (*path, text())).collect();
        let files: Vec<(&str, &[u8])> = texts.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        let tried = attempt((bomb.source)().as_bytes(), &files);
        println!("{:>8.3} s  {:>5} MiB  {}", tried.took.as_secs_f64(), peak_mib().unwrap_or(0), bomb.name);
        note(found, bomb.name, &tried);
    }
    all.len()
}
