//! Input that nobody would write; `./fuzz` runs 10^8 bytes of the same, and everything a million deep.

use crate::oracle::fuzz::bombs::{expansions, nestings};
use crate::oracle::fuzz::{attempt, mutate};

#[test]
fn mangled_input_never_panics() {
    let seeds = mutate::seeds();
    assert!(seeds.len() > 20, "the samples are gone");
    let mut bytes = 0;
    for seed in 0.. {
        let input = mutate::input(&seeds, seed);
        bytes += input.len();
        let tried = attempt(&input, &[]);
        assert!(tried.panic.is_none(), "seed {seed}: {:?}\n{}", tried.panic, String::from_utf8_lossy(&input));
        if bytes > 400_000 {
            return;
        }
    }
}

#[test]
fn deep_nesting_is_a_finding() {
    for bomb in nestings(5_000) {
        let texts: Vec<(&str, String)> = bomb.file.iter().map(|(path, text)| (*path, text())).collect();
        let files: Vec<(&str, &[u8])> = texts.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        let tried = attempt((bomb.source)().as_bytes(), &files);
        assert!(tried.panic.is_none(), "{}: {:?}", bomb.name, tried.panic);
    }
}

#[test]
fn what_grows_without_end_is_stopped() {
    for bomb in expansions() {
        let tried = attempt((bomb.source)().as_bytes(), &[]);
        assert!(tried.panic.is_none(), "{}: {:?}", bomb.name, tried.panic);
    }
}
