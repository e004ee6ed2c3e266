//! The breaker of a lane: while its provider is down, attempts are not burned.
//!
//! A plain state machine; time is an argument. Only failures of the provider are told to it, never an address that bounces.

use crate::lang::Instant;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

const WINDOW_MS: i64 = 30_000;
const BUCKET_MS: i64 = 1_000;
const LEAST_ATTEMPTS: u32 = 20;
const CONNECT_FAILURES: u32 = 5;
const FIRST_PAUSE_MS: i64 = 30_000;
const LONGEST_PAUSE_MS: i64 = 600_000;

/// What came of an attempt, as far as the provider is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Attempted {
    /// It answered as it should, be it with a refusal of this message.
    Answered,
    /// It failed.
    Failed,
    /// It could not be reached.
    Unreachable,
}

/// Whether a row may be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Yes.
    Free,
    /// One, to see whether the provider is back.
    Probe,
    /// Not before that instant; `None` while a probe is under way.
    Closed(Option<Instant>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Flowing,
    Open { until: Instant },
    Probing,
}

struct Bucket {
    start: Instant,
    attempts: u32,
    failures: u32,
}

/// The breaker of one lane.
pub struct Breaker {
    state: State,
    buckets: VecDeque<Bucket>,
    unreachable_in_a_row: u32,
    pause_ms: i64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Flowing, buckets: VecDeque::new(), unreachable_in_a_row: 0, pause_ms: FIRST_PAUSE_MS }
    }
}

impl std::fmt::Debug for Breaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Breaker({:?})", self.state)
    }
}

impl Breaker {
    /// What a claim would be answered, without making it.
    #[must_use]
    pub fn look(&self, now: Instant) -> Claim {
        match self.state {
            State::Flowing => Claim::Free,
            State::Open { until } if now >= until => Claim::Probe,
            State::Open { until } => Claim::Closed(Some(until)),
            State::Probing => Claim::Closed(None),
        }
    }

    /// The probe was not made after all: the next claim is one.
    pub fn forgo_probe(&mut self, now: Instant) {
        if self.state == State::Probing {
            self.state = State::Open { until: now };
        }
    }

    /// Asks before a claim. An answer of [`Claim::Probe`] must be followed by a [`Breaker::record`] or a [`Breaker::forgo_probe`].
    pub fn claim(&mut self, now: Instant) -> Claim {
        match self.state {
            State::Flowing => Claim::Free,
            State::Open { until } if now >= until => {
                self.state = State::Probing;
                Claim::Probe
            }
            State::Open { until } => Claim::Closed(Some(until)),
            State::Probing => Claim::Closed(None),
        }
    }

    /// Whether claims are refused at that instant.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state != State::Flowing
    }

    /// Tells what came of an attempt.
    pub fn record(&mut self, now: Instant, attempted: Attempted) {
        let has_failed = attempted != Attempted::Answered;
        match self.state {
            State::Probing if has_failed => {
                self.pause_ms = (self.pause_ms * 2).min(LONGEST_PAUSE_MS);
                self.open(now);
            }
            State::Probing => *self = Self::default(),
            // Attempts that were under way when it opened say nothing new.
            State::Open { .. } => {}
            State::Flowing => {
                self.count(now, has_failed);
                self.unreachable_in_a_row = if attempted == Attempted::Unreachable { self.unreachable_in_a_row + 1 } else { 0 };
                if self.unreachable_in_a_row >= CONNECT_FAILURES || self.is_failing() {
                    self.open(now);
                }
            }
        }
    }

    fn open(&mut self, now: Instant) {
        self.state = State::Open { until: now.plus_millis(self.pause_ms) };
        self.buckets.clear();
        self.unreachable_in_a_row = 0;
    }

    fn count(&mut self, now: Instant, has_failed: bool) {
        while self.buckets.front().is_some_and(|bucket| now.millis_since(bucket.start) >= WINDOW_MS) {
            self.buckets.pop_front();
        }
        if self.buckets.back().is_none_or(|bucket| now.millis_since(bucket.start) >= BUCKET_MS) {
            self.buckets.push_back(Bucket { start: now, attempts: 0, failures: 0 });
        }
        if let Some(bucket) = self.buckets.back_mut() {
            bucket.attempts += 1;
            bucket.failures += u32::from(has_failed);
        }
    }

    fn is_failing(&self) -> bool {
        let attempts: u32 = self.buckets.iter().map(|bucket| bucket.attempts).sum();
        let failures: u32 = self.buckets.iter().map(|bucket| bucket.failures).sum();
        attempts >= LEAST_ATTEMPTS && failures * 2 >= attempts
    }
}
