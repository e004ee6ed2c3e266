//! The engine's clock: the real one, which never goes back, or one that is moved by hand.

use crate::lang::Instant;
use crate::proof::{Mutant, is_planted};
use std::sync::atomic::{AtomicI64, Ordering};

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now. Never earlier than an answer before.
    fn now(&self) -> Instant;
    /// Whether it stands still until it is moved.
    fn is_manual(&self) -> bool;
    /// Moves it forward; a real clock only takes it as its floor.
    fn move_to(&self, at: Instant);
}

/// The system's clock. When that is set back, this one stands still until it has caught up.
#[derive(Debug)]
pub struct RealClock {
    floor: AtomicI64,
    system: fn() -> Instant,
}

impl RealClock {
    /// A clock that follows `system`.
    #[must_use]
    pub fn following(system: fn() -> Instant) -> RealClock {
        RealClock { floor: AtomicI64::new(i64::MIN), system }
    }
}

impl Default for RealClock {
    fn default() -> RealClock {
        RealClock::following(|| Instant::from_timestamp(jiff::Timestamp::now()))
    }
}

impl Clock for RealClock {
    fn now(&self) -> Instant {
        let system = (self.system)();
        if is_planted(Mutant::ClockGoesBack) {
            return system;
        }
        Instant(self.floor.fetch_max(system.0, Ordering::AcqRel).max(system.0))
    }
    fn is_manual(&self) -> bool {
        false
    }
    fn move_to(&self, at: Instant) {
        self.floor.fetch_max(at.0, Ordering::AcqRel);
    }
}

/// A clock that is moved by hand, and never back.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `at`; a store that is further ahead moves it.
    #[must_use]
    pub fn new(at: Instant) -> ManualClock {
        ManualClock { now: AtomicI64::new(at.0) }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant(self.now.load(Ordering::Acquire))
    }
    fn is_manual(&self) -> bool {
        true
    }
    fn move_to(&self, at: Instant) {
        self.now.fetch_max(at.0, Ordering::AcqRel);
    }
}
