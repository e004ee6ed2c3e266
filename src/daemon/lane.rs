//! One lane of the outbox: what waits in it, its slots, its breaker; and the paces that lanes of a channel share.

use super::desk::LaneCensus;
use crate::deliver::{Attempted, Breaker, Claim, Lane, Pace, Rate};
use crate::lang::Instant;
use crate::machine::state::EffectId;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How many attempts of a lane whose provider writes files may be under way: they share one sync.
const FILE_SLOTS: usize = 4_096;

/// The order in which rows of a lane leave: the highest priority, then the oldest decision, then as they came.
pub(crate) type Ready = (Reverse<i64>, Instant, u64, EffectId);

/// No attempt may begin now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal;

/// The rates of channels: one pace for all lanes of a channel.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    paces: BTreeMap<&'static str, Pace>,
    /// When a channel has its next token, where it had none.
    next_free: BTreeMap<&'static str, Instant>,
}

impl Rates {
    /// Paces of channels, used up as of `last`: nobody knows how much of them was used before that.
    pub fn new(rates: &[(&'static str, Option<Rate>)], last: Instant) -> Rates {
        let paces = rates.iter().filter_map(|(channel, rate)| {
            let pace = Pace::new((*rate)?, last);
            pace.take(last, u32::MAX);
            Some((*channel, pace))
        });
        Rates { paces: paces.collect(), next_free: BTreeMap::new() }
    }
    fn take(&mut self, lane: &Lane, now: Instant) -> Result<(), Refusal> {
        let channel = lane.channel();
        let Some(pace) = self.paces.get(channel) else { return Ok(()) };
        match pace.take_one(now) {
            Ok(()) => {
                self.next_free.remove(channel);
                Ok(())
            }
            Err(at) => {
                self.next_free.insert(channel, at);
                Err(Refusal)
            }
        }
    }
    /// When a lane's channel has its next token, where it had none.
    pub fn next_free(&self, lane: &Lane) -> Option<Instant> {
        self.next_free.get(lane.channel()).copied()
    }
}

/// The state of one lane.
#[derive(Debug, Default)]
pub(crate) struct LaneState {
    breaker: Breaker,
    in_flight: usize,
    pub is_file: bool,
    closed_until: Option<Instant>,
    /// The breaker waits for the answer of this attempt.
    probe: Option<EffectId>,
    /// Queued effects whose time has not come.
    pub waiting: BTreeSet<(Instant, EffectId)>,
    /// Queued effects that wait for a slot.
    pub ready: BTreeSet<Ready>,
}

impl LaneState {
    /// How it stands, for those who look at it. Of those that wait for a slot the one that is next tells for how long.
    pub fn census(&self) -> LaneCensus {
        let next = self.ready.first().map(|(_, decided_at, ..)| *decided_at);
        LaneCensus {
            queued: u64::try_from(self.waiting.len() + self.ready.len()).unwrap_or(u64::MAX),
            in_flight: u64::try_from(self.in_flight).unwrap_or(u64::MAX),
            oldest_due: next.or_else(|| self.waiting.first().map(|(at, _)| *at)),
            is_broken: self.breaker.is_open(),
        }
    }
    /// Whether there is anything to hand over.
    pub fn has_due(&self, now: Instant) -> bool {
        !self.ready.is_empty() || self.waiting.first().is_some_and(|(at, _)| *at <= now)
    }
    fn slots(&self, concurrency: usize) -> usize {
        if self.is_file { FILE_SLOTS } else { concurrency }
    }
    /// Takes a slot, and a token of the channel's pace.
    pub fn take_slot(&mut self, (lane, id): (&Lane, EffectId), (concurrency, rates): (usize, &mut Rates), now: Instant) -> Result<(), Refusal> {
        if self.in_flight >= self.slots(concurrency) || self.closed_until.is_some_and(|until| until > now) {
            return Err(Refusal);
        }
        self.closed_until = None;
        if let Claim::Closed(until) = self.breaker.look(now) {
            self.closed_until = until;
            return Err(Refusal);
        }
        rates.take(lane, now)?;
        if self.breaker.claim(now) == Claim::Probe {
            self.probe = Some(id);
        }
        self.in_flight += 1;
        Ok(())
    }
    /// Gives a slot back. A probe that was not made after all leaves the next one free.
    pub fn give_slot(&mut self, id: EffectId, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.probe == Some(id) {
            self.probe = None;
            self.breaker.forgo_probe(now);
        }
    }
    /// Tells the breaker what came of an attempt. While it waits for its probe, others say nothing new.
    pub fn record(&mut self, id: EffectId, attempted: Attempted, now: Instant) {
        if self.probe.is_some_and(|probe| probe != id) {
            return;
        }
        self.probe = None;
        self.breaker.record(now, attempted);
    }
    /// The provider asked for a pause.
    pub fn pause(&mut self, until: Instant) {
        self.closed_until = Some(self.closed_until.map_or(until, |known| known.max(until)));
    }
    /// When time alone lets something leave. A full lane, or one that is being probed, goes on when an answer comes.
    pub fn next_due(&self, (concurrency, next_token): (usize, Option<Instant>)) -> Option<Instant> {
        let first = if self.ready.is_empty() { self.waiting.first().map(|(at, _)| *at)? } else { Instant::FAR_PAST };
        let is_open = self.in_flight < self.slots(concurrency) && self.probe.is_none();
        is_open.then(|| [self.closed_until, next_token].into_iter().flatten().fold(first, Instant::max))
    }
}
