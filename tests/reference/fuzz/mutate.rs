//! Sources to begin with, and what is done to them.

use super::super::make::{Random, case};
use std::path::Path;

/// Words that a mutation throws in.
const WORDS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "\"\"\"",
    "{{",
    "}}",
    "{%",
    "%}",
    "//",
    "///",
    ",",
    ":",
    "=",
    "==",
    "+",
    "-",
    "*",
    "/",
    "50%",
    "1d",
    "3 business days",
    "2026-12-24",
    "09:00",
    "if",
    "then",
    "else",
    "within",
    "wait",
    "wait for",
    "until",
    "await",
    "on",
    "after",
    "timeline",
    "split",
    "experiment",
    "variant",
    "repeat",
    "parallel",
    "reach",
    "do",
    "stop",
    "campaign",
    "segment",
    "sequence",
    "test",
    "given contact",
    "expect",
    "email",
    "sms",
    "push",
    "webhook",
    "points",
    "policy",
    "not",
    "and",
    "or",
    "in",
    "is set",
    "between",
    "matches",
    "count(",
    "last(",
    "sum(",
    "opened(",
    "ever",
    "in last",
    "as",
    "was",
    "when",
    "exit when",
    "goal",
    "reenter each",
    "collect",
    "update",
    "holdout 10%",
    "\u{0}",
    "\u{feff}",
    "é",
    "🏖",
    "0",
    "1e999",
    "99999999999999999999",
    "\\u{110000}",
    "\n",
    "env(\"X\")",
    "file \"x.mjml\"",
    "use \"case.camp\"",
    "locale \"fr\" {",
    "migrate {",
    "throttle",
    "limit 3 messages per week",
    "ago",
    "from now",
    "today",
    "now",
    "contact.",
    "event.",
];

/// All sources that the repository keeps as samples and tests of the language.
pub fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = Vec::new();
    for folder in ["tests/samples", "tests/samples/bad", "tests/language", "examples"] {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "camp")).collect();
        paths.sort();
        seeds.extend(paths.iter().filter_map(|path| std::fs::read(path).ok()));
    }
    seeds
}

/// An input of that seed: a sample or a made program, as it is or mangled.
pub fn input(seeds: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut bytes = if random.chance(40) || seeds.is_empty() { case(random.next(), 2).source().into_bytes() } else { random.pick(seeds).clone() };
    if random.chance(5) {
        return bytes;
    }
    for _ in 0..1 + random.below(12) {
        mangle(&mut bytes, seeds, &mut random);
    }
    bytes.truncate(200_000);
    bytes
}

fn mangle(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let len = bytes.len();
    let (a, b) = (random.below(len + 1), random.below(len + 1));
    let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 1 + random.below(80)));
    match random.below(9) {
        0 if len > 0 => bytes[random.below(len)] = (random.next() & 0xff) as u8,
        1 => drop(bytes.drain(from..to)),
        2 => {
            let piece = bytes[from..to].to_vec();
            let most = if random.chance(5) { 400 } else { 4 };
            let times = 1 + random.below(most);
            (0..times).for_each(|_| drop(bytes.splice(from..from, piece.iter().copied())));
        }
        3 if !seeds.is_empty() => {
            let other = random.pick(seeds);
            let start = random.below(other.len() + 1);
            let end = (start + random.below(300)).min(other.len());
            drop(bytes.splice(a..a, other[start..end].iter().copied()));
        }
        4..=6 => {
            let word = format!(" {} ", random.pick(WORDS));
            drop(bytes.splice(a..a, word.bytes()));
        }
        7 => {
            let word = random.pick(WORDS).as_bytes();
            drop(bytes.splice(from..to, word.iter().copied()));
        }
        _ => bytes.truncate(len - random.below(len / 4 + 1)),
    }
}
