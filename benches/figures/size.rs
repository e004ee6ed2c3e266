//! The size of the binary.

use super::Bench;
use super::report::{Failure, head, line};

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let bytes = std::fs::metadata(&bench.binary)?.len();
    head();
    line("size of the binary", &format!("{:.1} MB", bytes as f64 / 1e6), "< 40 MB");
    Ok(())
}
