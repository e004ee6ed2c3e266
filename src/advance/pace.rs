//! The pace of throttles, across all contacts: each send that nothing else holds gets a slot, and is woken at its slot alone.
//!
//! Slots are given one after the other, evenly: `throttle 100 per hour` is one every 36 seconds. A slot whose send is taken back, or held by something else, is lost: under-sending, never over-sending.
//! The book is a value the caller keeps and makes durable with the batch; there is no scan, however many sends are held.

use super::outcome::SlotRequest;
use crate::bytecode::{Period, ThrottleDef};
use crate::lang::{Instant, Zone};
use crate::machine::Linked;
use crate::machine::state::StableId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whose throttle it is: a campaign's (its id), or a line of the policy (its number).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum ThrottleKey {
    Campaign(StableId),
    Policy(u32),
}

/// How far a throttle's slots are given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Queue {
    /// The first slot ever: a warm-up counts its days from here.
    first: Instant,
    /// The next slot is not before this, in microseconds since 1970: fast paces have several slots a millisecond.
    next_us: i64,
}

/// The slots that all throttles have given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaceBook {
    queues: BTreeMap<ThrottleKey, Queue>,
}

impl PaceBook {
    /// Gives a send its slot: the first instant from `now` on at which every throttle that applies has one free.
    pub fn grant(&mut self, linked: &Linked, request: &SlotRequest, now: Instant) -> Instant {
        let throttles = throttles_of(linked, request.campaign);
        let now_us = now.0.saturating_mul(1_000);
        let slot_us = throttles.iter().filter_map(|(key, _)| self.queues.get(key)).map(|queue| queue.next_us).fold(now_us, i64::max);
        // An instant is whole milliseconds; rounded up, so that nothing leaves before its time.
        let slot = Instant(slot_us.saturating_add(999).div_euclid(1_000)).max(now);
        for (key, throttle) in throttles {
            let queue = self.queues.entry(key).or_insert(Queue { first: slot, next_us: slot_us });
            queue.next_us = slot_us.saturating_add(interval_us(throttle, (queue.first, slot), &linked.zone));
        }
        slot
    }
}

/// The throttles that pace a campaign's messages.
fn throttles_of(linked: &Linked, campaign: StableId) -> Vec<(ThrottleKey, &ThrottleDef)> {
    let program = &linked.program;
    let own = linked.campaign(campaign).and_then(|id| program.campaigns.get(id.index())).and_then(|def| def.sending.throttle.as_ref());
    let shared = program.policy.throttles.iter().enumerate().map(|(at, throttle)| (ThrottleKey::Policy(u32::try_from(at).unwrap_or(u32::MAX)), throttle));
    own.map(|throttle| (ThrottleKey::Campaign(campaign), throttle)).into_iter().chain(shared).collect()
}

/// From one slot to the next, in microseconds.
fn interval_us(throttle: &ThrottleDef, (first, slot): (Instant, Instant), zone: &Zone) -> i64 {
    let period_us = period_ms(throttle.per).saturating_mul(1_000);
    let periods = if throttle.is_doubling { periods_between(throttle.per, (first, slot), zone) } else { 0 };
    // After 31 doublings nothing is left to pace.
    let count = i64::from(throttle.count).saturating_mul(1_i64 << periods.clamp(0, 31));
    (period_us / count.max(1)).max(1)
}

/// How many periods lie behind the first slot: calendar days of the project's zone, other periods by their length.
fn periods_between(per: Period, (first, slot): (Instant, Instant), zone: &Zone) -> i64 {
    let (from, to) = (zone.date(first), zone.date(slot));
    match per {
        Period::Day => i64::from(to.0) - i64::from(from.0),
        Period::Hour | Period::Week | Period::Month | Period::Year | Period::Campaign | Period::Rolling(_) => {
            slot.millis_since(first).div_euclid(period_ms(per))
        }
    }
}

fn period_ms(per: Period) -> i64 {
    const HOUR: i64 = 3_600_000;
    match per {
        Period::Hour => HOUR,
        Period::Day => 24 * HOUR,
        Period::Week => 7 * 24 * HOUR,
        Period::Month => 30 * 24 * HOUR,
        Period::Year | Period::Campaign => 365 * 24 * HOUR,
        Period::Rolling(duration) => duration.approximate_millis().max(1),
    }
}
