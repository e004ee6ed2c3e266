//! `throttle`: how fast everything leaves, whoever it goes to. Slots are given one after the other, evenly; with `doubling` each day has twice as many.

use super::Mutant;
use super::person::{Person, Wait};
use campc::bytecode::{CampaignId, Period};
use campc::lang::Instant;
use campc::semantic::hir::Throttle;
use std::collections::BTreeMap;

/// Whose pace: a campaign's, or that of a line of the policy.
type Key = (Option<CampaignId>, usize);

/// The first slot of each pace, and where the next may be, in microseconds.
pub type Book = BTreeMap<Key, (Instant, i64)>;

/// A slot that is later than this after its time is lost.
const GRACE_MS: i64 = 60_000;

impl<'p> Person<'p> {
    fn throttles(&self, campaign: CampaignId) -> Vec<(Key, &'p Throttle)> {
        let own = self.campaign(campaign).throttle.iter().map(|throttle| ((Some(campaign), 0), throttle));
        let shared = self.world.project.policy.throttles.iter().enumerate().map(|(line, throttle)| ((None, line), throttle));
        own.chain(shared).collect()
    }

    /// Whether the pace lets a message leave now: none where it has to ask for a slot, or else until when it waits.
    pub fn slot(&self, send: usize) -> Option<Instant> {
        if self.throttles(self.sends[send].campaign).is_empty() || self.world.mutant == Mutant::NoThrottle {
            return Some(self.now);
        }
        self.sends[send].slot.filter(|slot| *slot > self.now || self.now.millis_since(*slot) <= GRACE_MS)
    }

    /// Slots are given each by itself, as an input of its own.
    pub fn give_slots(&mut self) {
        for (id, thread, send) in std::mem::take(&mut self.queueing) {
            let slot = self.grant(self.sends[send].campaign);
            self.sends[send].slot = Some(slot);
            let Some(index) = self.enrollment(id) else { continue };
            if let Some(Wait::Held { send: held, until, instead }) = &mut self.enrollments[index].threads[thread].wait
                && *held == send
            {
                *until = Some(slot);
                let instead = *instead;
                if slot <= self.now {
                    self.release((id, thread), send, instead);
                }
            }
            self.complete();
            self.answer();
        }
    }

    /// The first moment from now on at which every pace has a slot.
    fn grant(&self, campaign: CampaignId) -> Instant {
        let mut book = self.world.book.borrow_mut();
        let throttles = self.throttles(campaign);
        let slot_us = throttles.iter().filter_map(|(key, _)| book.get(key)).map(|(_, next)| *next).fold(self.now.0 * 1_000, i64::max);
        let slot = Instant((slot_us + 999).div_euclid(1_000));
        for (key, throttle) in throttles {
            let (first, next) = book.entry(key).or_insert((slot, slot_us));
            let period_ms = match throttle.pace.per {
                Period::Hour => 3_600_000,
                Period::Day => 86_400_000,
                Period::Week => 7 * 86_400_000,
                _ => 30 * 86_400_000,
            };
            let zone = &self.world.zone;
            let doublings = match throttle.pace.per {
                _ if !throttle.is_doubling => 0,
                Period::Day => i64::from(zone.date(slot).0) - i64::from(zone.date(*first).0),
                _ => slot.millis_since(*first).div_euclid(period_ms),
            };
            let count = i64::from(throttle.pace.count) << doublings.clamp(0, 31);
            *next = slot_us + (period_ms * 1_000 / count).max(1);
        }
        slot
    }
}
