//! The machine against the reference interpreter on random programs and histories: `./agree 1000000 [--seed S] [--mutant NAME]`, `./agree --mutants`.
//!
//! `--wide` uses what holds and bounds messages and what follows dates as well, `--full` pauses, merges, erasures, paces and what fades as well. `--show SEED` prints a case, `--file PATH` compares one. Prints cases a second, the seed, and how often everything occurred that can occur. A case that fails is shrunk and printed.

#[path = "../../tests/reference/mod.rs"]
mod reference;

use reference::Mutant;
use reference::compare::{Counters, Verdict, compare};
use reference::make::{Case, case, full_case, wide_case};
use reference::shrink::shrink;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// Histories a program.
const HISTORIES: usize = 25;

struct Options {
    cases: usize,
    seed: u64,
    mutant: Mutant,
    make: fn(u64, usize) -> Case,
    threads: usize,
    failures: usize,
}

fn options() -> Options {
    let mut options =
        Options { cases: 50_000, seed: 1, mutant: Mutant::None, make: case, threads: std::thread::available_parallelism().map_or(1, usize::from), failures: 3 };
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|text| text.parse().ok()).unwrap_or(1);
        match arg.as_str() {
            "--seed" => options.seed = number(),
            "--threads" => options.threads = usize::try_from(number()).unwrap_or(1),
            "--failures" => options.failures = usize::try_from(number()).unwrap_or(1),
            "--file" => {
                let source = std::fs::read_to_string(args.next().unwrap_or_default()).unwrap_or_default();
                match compare(&source, Mutant::None, &mut Counters::default()) {
                    Verdict::Differs(difference) => println!("{}", difference.report),
                    verdict => println!("{verdict:?}"),
                }
                std::process::exit(0);
            }
            "--wide" => options.make = wide_case,
            "--full" => options.make = full_case,
            "--show" => {
                println!("{}", (options.make)(number(), HISTORIES).source());
                std::process::exit(0);
            }
            "--mutants" => mutants(),
            "--mutant" => {
                let name = args.next().unwrap_or_default();
                options.mutant = Mutant::ALL.into_iter().find(|mutant| format!("{mutant:?}") == name).unwrap_or_else(|| {
                    eprintln!("there is no such mutant: one of {:?}", Mutant::ALL);
                    std::process::exit(2)
                });
            }
            count => options.cases = count.replace('_', "").parse().unwrap_or(options.cases),
        }
    }
    options
}

fn main() {
    let options = options();
    std::panic::set_hook(Box::new(|_| {}));
    let next = AtomicU64::new(0);
    let (agreed, cut, rejected) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let findings: Mutex<BTreeMap<String, (usize, String)>> = Mutex::default();
    let counters: Mutex<Counters> = Mutex::default();
    let failures: Mutex<Vec<(u64, String)>> = Mutex::default();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..options.threads {
            scope.spawn(|| {
                let mut counted = Counters::default();
                while agreed.load(Ordering::Relaxed) < options.cases && failures.lock().unwrap().len() < options.failures {
                    let seed = options.seed.wrapping_mul(1_000_003).wrapping_add(next.fetch_add(1, Ordering::Relaxed));
                    let made = (options.make)(seed, HISTORIES);
                    match compare(&made.source(), options.mutant, &mut counted) {
                        Verdict::Agreed { histories, cut: left_out } => {
                            agreed.fetch_add(histories, Ordering::Relaxed);
                            cut.fetch_add(left_out, Ordering::Relaxed);
                        }
                        Verdict::Rejected(codes) => {
                            rejected.fetch_add(1, Ordering::Relaxed);
                            let first = codes.first().cloned().unwrap_or_default();
                            let code = first.split(' ').next().unwrap_or("").to_owned();
                            findings.lock().unwrap().entry(code).or_insert_with(|| (0, format!("{first}  (seed {seed})"))).0 += 1;
                        }
                        Verdict::Differs(difference) => {
                            let report = shrunk(&made, options.mutant, &difference.kind);
                            println!("---- seed {seed}\n{report}");
                            failures.lock().unwrap().push((seed, report));
                        }
                    }
                }
                counters.lock().unwrap().add(&counted);
            });
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    for (code, (count, example)) in findings.lock().unwrap().iter() {
        println!("rejected by {code}: {count}, such as {example}");
    }
    for (what, count) in &counters.lock().unwrap().0 {
        println!("{count:>10}  {what}");
    }
    let spent = counters.lock().unwrap().1;
    println!(
        "compiling {:.1} s, the machine {:.1} s, the reference {:.1} s of processor time",
        spent[0].as_secs_f64(),
        spent[1].as_secs_f64(),
        spent[2].as_secs_f64()
    );
    let failures = failures.into_inner().unwrap();
    let agreed = agreed.load(Ordering::Relaxed);
    println!(
        "seed {}: {agreed} cases agree, {} left out for a chain that was cut, {} programs rejected, {} differ; {:.0} cases a second, {seconds:.1} s",
        options.seed,
        cut.load(Ordering::Relaxed),
        rejected.load(Ordering::Relaxed),
        failures.len(),
        agreed as f64 / seconds,
    );
    if !failures.is_empty() {
        std::process::exit(1);
    }
}

/// Plants every mistake in turn, and says after how many cases it is noticed. Exit 1 where one is not.
fn mutants() -> ! {
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = 0;
    for mutant in Mutant::ALL {
        let mut cases = 0;
        let found = (1..4_000_u64).find(|seed| {
            cases += HISTORIES;
            let source = full_case(*seed, HISTORIES).source();
            let differs = |mutant| matches!(compare(&source, mutant, &mut Counters::default()), Verdict::Differs(_));
            differs(mutant) && !differs(Mutant::None)
        });
        match found {
            Some(seed) => println!("{mutant:?}: noticed after {cases} cases (seed {seed})"),
            None => println!("{mutant:?}: NOT NOTICED in {cases} cases"),
        }
        missed += i32::from(found.is_none());
    }
    std::process::exit(missed)
}

/// The smallest case that fails in the same way, with both stories.
fn shrunk(made: &reference::make::Case, mutant: Mutant, kind: &str) -> String {
    let fails = |candidate: &reference::make::Case| match compare(&candidate.source(), mutant, &mut Counters::default()) {
        Verdict::Differs(difference) => difference.kind == kind,
        Verdict::Agreed { .. } | Verdict::Rejected(_) => false,
    };
    let small = shrink(made, fails);
    let source = small.source();
    match compare(&source, mutant, &mut Counters::default()) {
        Verdict::Differs(difference) => format!("{source}\n{}", difference.report),
        verdict => format!("{source}\n{verdict:?}"),
    }
}
