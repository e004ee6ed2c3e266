//! The pace of a lane: so many a second, minute, hour or day, evenly; time is an argument.
//!
//! The algorithm (GCRA) is the library's; this gives it our clock. Not here: paces that last over a restart or are shared by
//! several processes; those are rows of the store.

use crate::lang::Instant;
use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A rate, as `50/s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU32,
    /// In how long.
    pub per: Duration,
}

impl Rate {
    /// Reads `50/s`, `100/min`, `5000/h`, `20000/d`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Rate> {
        let (count, unit) = text.split_once('/')?;
        let seconds = match unit.trim() {
            "s" | "sec" | "second" => 1,
            "m" | "min" | "minute" => 60,
            "h" | "hour" => 3600,
            "d" | "day" => 86_400,
            _ => return None,
        };
        let count = count.trim().replace('_', "").parse::<u32>().ok().and_then(NonZeroU32::new)?;
        Some(Rate { count, per: Duration::from_secs(seconds) })
    }

    /// How many a second, at least one.
    fn burst(self) -> NonZeroU32 {
        let seconds = u32::try_from(self.per.as_secs()).unwrap_or(u32::MAX).max(1);
        NonZeroU32::new(self.count.get() / seconds).unwrap_or(NonZeroU32::MIN)
    }
}

#[derive(Clone, Debug, Default)]
struct Given(Arc<AtomicU64>);

impl Clock for Given {
    type Instant = Nanos;
    fn now(&self) -> Nanos {
        Nanos::new(self.0.load(Ordering::Acquire))
    }
}

/// The pace of one lane.
pub struct Pace {
    clock: Given,
    limiter: RateLimiter<NotKeyed, InMemoryState, Given, NoOpMiddleware<Nanos>>,
    start: Instant,
}

impl std::fmt::Debug for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pace")
    }
}

impl Pace {
    /// A pace that begins at `start`, with one second's worth free.
    #[must_use]
    pub fn new(rate: Rate, start: Instant) -> Pace {
        let clock = Given::default();
        let period = rate.per / rate.count.get();
        let quota = Quota::with_period(period.max(Duration::from_nanos(1))).unwrap_or(Quota::per_second(rate.count)).allow_burst(rate.burst());
        Pace { limiter: RateLimiter::direct_with_clock(quota, clock.clone()), clock, start }
    }

    /// Takes up to `wanted` of what is free at `now`, one second's worth at the most; the number taken.
    pub fn take(&self, now: Instant, wanted: u32) -> u32 {
        self.set(now);
        let mut taken = 0;
        while taken < wanted && self.limiter.check().is_ok() {
            taken += 1;
        }
        taken
    }

    /// Takes one, or tells when one is free.
    pub fn take_one(&self, now: Instant) -> Result<(), Instant> {
        let at = self.set(now);
        self.limiter.check().map_err(|not_until| {
            let wait = not_until.earliest_possible().duration_since(at);
            // Rounded up: asking again at that instant must succeed.
            now.plus_millis(i64::try_from(wait.as_u64().div_ceil(1_000_000)).unwrap_or(i64::MAX))
        })
    }

    fn set(&self, now: Instant) -> Nanos {
        let millis = u64::try_from(now.millis_since(self.start)).unwrap_or(0);
        // A clock that was set back does not take back what was given.
        let nanos = self.clock.0.fetch_max(millis.saturating_mul(1_000_000), Ordering::AcqRel).max(millis.saturating_mul(1_000_000));
        Nanos::new(nanos)
    }
}
