//! Where the engine's random bytes come from: the system, or a seed, so that a run can be had again.

use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random bytes.
pub trait Randomness: Send + Sync {
    /// Fills the slice.
    fn fill(&self, bytes: &mut [u8]);
}

/// Bytes nobody can guess. The system's source cannot fail on the systems we run on; if it did, ids would be equal and clash, not be lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            tracing::error!(%error, "the system gives no randomness");
        }
    }
}

/// Bytes that follow from a seed and from how often it was asked: for simulations, never where an id must not be guessed.
#[derive(Debug)]
pub struct SeededRandomness {
    seed: u64,
    asked: AtomicU64,
}

impl SeededRandomness {
    /// The bytes of a seed.
    #[must_use]
    pub fn new(seed: u64) -> SeededRandomness {
        SeededRandomness { seed, asked: AtomicU64::new(0) }
    }
}

impl Randomness for SeededRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        let asked = self.asked.fetch_add(1, Ordering::AcqRel);
        blake3::Hasher::new().update(&self.seed.to_be_bytes()).update(&asked.to_be_bytes()).finalize_xof().fill(bytes);
    }
}

/// So many random bytes of a source.
pub(crate) fn random_bytes<const N: usize>(source: &dyn Randomness) -> [u8; N] {
    let mut bytes = [0; N];
    source.fill(&mut bytes);
    bytes
}

/// Random bytes, fetched for many at once: each call of the system costs as much as an id.
#[derive(Debug, Default)]
pub(crate) struct Entropy {
    bytes: Vec<u8>,
    fetched: usize,
}

impl Entropy {
    /// The next bytes.
    pub fn take<const N: usize>(&mut self, source: &dyn Randomness) -> [u8; N] {
        if self.bytes.len() < N {
            // A batch of one asks for little, one of a thousand seldom.
            self.fetched = (2 * self.fetched).clamp(64, 4_096);
            self.bytes.resize(self.fetched, 0);
            source.fill(&mut self.bytes);
        }
        let rest = self.bytes.len().saturating_sub(N);
        let mut taken = [0; N];
        taken.iter_mut().zip(self.bytes.drain(rest..)).for_each(|(slot, byte)| *slot = byte);
        taken
    }
}
