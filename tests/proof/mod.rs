//! What shows that the engine keeps its promises: seeded histories with planned crashes, lost answers and full disks, run on the real
//! engine and compared with the same history undisturbed.
//!
//! The integration binary runs the short forms; `./soak` the long ones.

pub mod crash;
pub mod fault;
pub mod project;
pub mod roll_over;
pub mod script;
pub mod simulate;
pub mod verdict;
pub mod world;

pub use crate::oracle::make::random::Random;

/// How much of a proof is run: what the environment says, else the short form.
pub fn size(variable: &str, short: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.replace('_', "").parse().ok()).unwrap_or(short)
}
