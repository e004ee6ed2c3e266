//! The outbox in memory: effects that are still open, by lane, with what holds each lane back (slots, breaker, pace).
//!
//! Rows change here only after their commit; slots are taken before it and given back when it fails.

use crate::deliver::{Attempted, Breaker, Claim, Lane, Pace, Rate};
use crate::lang::Instant;
use crate::machine::state::EffectId;
use crate::store::{OutboxRow, OutboxStatus};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// How many attempts of a lane whose provider writes files may be under way: they share one sync.
const FILE_SLOTS: usize = 4_096;
/// How many effects of a full lane are looked at for their expiry at once.
const EXPIRY_LOOK: usize = 64;

/// An effect that is still open.
#[derive(Clone, Debug)]
pub(crate) struct OpenRow {
    pub row: OutboxRow,
    pub lane: Lane,
    order: u64,
}

#[derive(Debug)]
struct LaneState {
    breaker: Breaker,
    pace: Option<Pace>,
    in_flight: usize,
    is_file: bool,
    closed_until: Option<Instant>,
    /// The breaker waits for the answer of its probe.
    is_probing: bool,
    /// Queued effects by the instant they are to be looked at: `not_before`, or their expiry if that is earlier.
    /// Of one instant in the order in which they were decided.
    waiting: BTreeSet<(Instant, u64, EffectId)>,
}

/// What the desk is set up with.
#[derive(Clone, Debug)]
pub(crate) struct DeskRules {
    pub concurrency: usize,
    pub email_rate: Option<Rate>,
    pub is_sending: bool,
}

/// The open effects.
#[derive(Debug)]
pub(crate) struct Desk {
    rules: DeskRules,
    rows: FxHashMap<EffectId, OpenRow>,
    lanes: BTreeMap<Lane, LaneState>,
    in_flight: usize,
    census: BTreeMap<&'static str, u64>,
    /// How many effects have come to the desk.
    arrivals: u64,
}

/// A lane as it stands, for those who look at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LaneCensus {
    pub queued: u64,
    pub in_flight: u64,
    /// When the first of those that wait was to be looked at.
    pub oldest_due: Option<Instant>,
    pub is_broken: bool,
}

/// The open effects as numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Census {
    pub by_status: BTreeMap<&'static str, u64>,
    pub lanes: BTreeMap<Lane, LaneCensus>,
}

/// Whether an attempt may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Taken,
    Full,
}

impl Desk {
    pub fn new(rules: DeskRules) -> Desk {
        Desk { rules, rows: FxHashMap::default(), lanes: BTreeMap::new(), in_flight: 0, census: BTreeMap::new(), arrivals: 0 }
    }
    /// From now on effects leave.
    pub fn begin_sending(&mut self) {
        self.rules.is_sending = true;
    }
    /// From now on none is begun.
    pub fn stop_sending(&mut self) {
        self.rules.is_sending = false;
    }
    pub fn get(&self, id: EffectId) -> Option<&OpenRow> {
        self.rows.get(&id)
    }
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }
    /// How many are open, by status.
    pub fn census(&self) -> &BTreeMap<&'static str, u64> {
        &self.census
    }
    /// Writes down how things stand, over what was written before.
    pub fn tell(&self, census: &mut Census) {
        census.by_status.clone_from(&self.census);
        for (lane, state) in &self.lanes {
            let told = LaneCensus {
                queued: u64::try_from(state.waiting.len()).unwrap_or(u64::MAX),
                in_flight: u64::try_from(state.in_flight).unwrap_or(u64::MAX),
                oldest_due: state.waiting.first().map(|(at, ..)| *at),
                is_broken: state.breaker.is_open(),
            };
            match census.lanes.get_mut(lane) {
                Some(known) => *known = told,
                None => drop(census.lanes.insert(lane.clone(), told)),
            }
        }
    }
    fn count(&mut self, status: OutboxStatus) -> &mut u64 {
        self.census.entry(status.word()).or_default()
    }
    /// All that are open and in a status.
    pub fn in_status(&self, status: OutboxStatus) -> Vec<EffectId> {
        let mut found: Vec<EffectId> = self.rows.iter().filter(|(_, open)| open.row.state.status == status).map(|(id, _)| *id).collect();
        found.sort_unstable();
        found
    }
    /// Takes a row as the store has it now, or will have it; returns it as it was.
    pub fn install(&mut self, lane: Lane, row: OutboxRow, now: Instant) -> Option<OpenRow> {
        let id = row.effect.id;
        let former = self.rows.remove(&id);
        let order = former.as_ref().map_or(self.arrivals, |former| former.order);
        self.arrivals += u64::from(former.is_none());
        if let Some(former) = &former {
            *self.count(former.row.state.status) -= 1;
            let at = wait_key(&former.row);
            self.lane(&lane, now).waiting.remove(&(at, order, id));
        }
        if !row.state.status.is_open() {
            return former;
        }
        if row.state.status == OutboxStatus::Queued {
            let at = wait_key(&row);
            self.lane(&lane, now).waiting.insert((at, order, id));
        }
        *self.count(row.state.status) += 1;
        self.rows.insert(id, OpenRow { row, lane, order });
        former
    }
    /// Makes a row what it was before [`Desk::install`]: the change did not become durable.
    pub fn restore(&mut self, id: EffectId, former: Option<OpenRow>, now: Instant) {
        self.forget(&[id]);
        let Some(open) = former else { return };
        if open.row.state.status == OutboxStatus::Queued {
            let at = wait_key(&open.row);
            self.lane(&open.lane, now).waiting.insert((at, open.order, id));
        }
        *self.count(open.row.state.status) += 1;
        self.rows.insert(id, open);
    }
    /// Takes a slot of a lane, if its breaker and pace allow one.
    pub fn take_slot(&mut self, lane: &Lane, now: Instant) -> Slot {
        if !self.rules.is_sending {
            return Slot::Full;
        }
        let concurrency = self.rules.concurrency;
        let state = self.lane(lane, now);
        let slots = if state.is_file { FILE_SLOTS } else { concurrency };
        if state.in_flight >= slots || state.closed_until.is_some_and(|until| until > now) {
            return Slot::Full;
        }
        state.closed_until = None;
        if let Some(Err(until)) = state.pace.as_ref().map(|pace| pace.take_one(now)) {
            state.closed_until = Some(until);
            return Slot::Full;
        }
        match state.breaker.claim(now) {
            Claim::Free | Claim::Probe => {
                state.in_flight += 1;
                self.in_flight += 1;
                Slot::Taken
            }
            Claim::Closed(until) => {
                state.closed_until = until;
                state.is_probing = until.is_none();
                Slot::Full
            }
        }
    }
    /// Gives a slot back.
    pub fn give_slot(&mut self, lane: &Lane, now: Instant) {
        let state = self.lane(lane, now);
        state.in_flight = state.in_flight.saturating_sub(1);
        self.in_flight = self.in_flight.saturating_sub(1);
    }
    /// Tells the breaker what came of an attempt.
    pub fn record(&mut self, lane: &Lane, attempted: Attempted, now: Instant) {
        let state = self.lane(lane, now);
        state.is_probing = false;
        state.breaker.record(now, attempted);
    }
    /// The lane's provider writes files.
    pub fn learn_file(&mut self, lane: &Lane, now: Instant) {
        self.lane(lane, now).is_file = true;
    }
    /// The provider asked for a pause.
    pub fn pause_lane(&mut self, lane: &Lane, until: Instant, now: Instant) {
        let state = self.lane(lane, now);
        state.closed_until = Some(state.closed_until.map_or(until, |known| known.max(until)));
    }
    /// Effects whose hand-over is due, at most `limit`; a slot is taken for each that has not expired.
    pub fn take_due(&mut self, now: Instant, limit: usize) -> Vec<EffectId> {
        let mut found = Vec::new();
        let lanes: Vec<Lane> = self.lanes.keys().cloned().collect();
        for lane in lanes {
            let due: Vec<EffectId> = match self.lanes.get(&lane) {
                // Behind those that find a slot only some are looked at: they may have expired.
                Some(state) => {
                    let slots = if state.is_file { FILE_SLOTS } else { self.rules.concurrency };
                    let most = limit.min(slots.saturating_sub(state.in_flight) + EXPIRY_LOOK);
                    state.waiting.iter().take_while(|(at, ..)| *at <= now).map(|(.., id)| *id).take(most).collect()
                }
                None => continue,
            };
            for id in due {
                let has_expired = self.rows.get(&id).is_some_and(|open| open.row.expires_at <= now);
                if !has_expired && self.take_slot(&lane, now) == Slot::Full {
                    break;
                }
                found.push(id);
                if found.len() >= limit {
                    return found;
                }
            }
        }
        found
    }
    /// When an effect is next to be looked at, if time alone brings that about.
    pub fn next_due(&self) -> Option<Instant> {
        if !self.rules.is_sending {
            return None;
        }
        let of_lane = |state: &LaneState| {
            let (first, ..) = state.waiting.first()?;
            let slots = if state.is_file { FILE_SLOTS } else { self.rules.concurrency };
            // A full lane, or one that is being probed, goes on when an answer comes.
            (state.in_flight < slots && !state.is_probing).then(|| state.closed_until.map_or(*first, |until| until.max(*first)))
        };
        self.lanes.values().filter_map(of_lane).min()
    }
    /// Forgets a contact's effects: it was erased.
    pub fn forget(&mut self, ids: &[EffectId]) {
        for id in ids {
            let Some(open) = self.rows.remove(id) else { continue };
            *self.count(open.row.state.status) -= 1;
            if let Some(state) = self.lanes.get_mut(&open.lane) {
                state.waiting.remove(&(wait_key(&open.row), open.order, *id));
            }
        }
    }
    /// The open effects of a contact.
    pub fn of_contact(&self, contact: crate::machine::state::ContactUid) -> Vec<EffectId> {
        self.rows.iter().filter(|(_, open)| open.row.effect.contact == contact).map(|(id, _)| *id).collect()
    }
    fn lane(&mut self, lane: &Lane, now: Instant) -> &mut LaneState {
        let rate = match lane {
            Lane::EmailMarketing | Lane::EmailTransactional => self.rules.email_rate,
            Lane::SmsTransactional | Lane::SmsMarketing | Lane::Push | Lane::Notify | Lane::Webhook(_) => None,
        };
        self.lanes.entry(lane.clone()).or_insert_with(|| LaneState {
            breaker: Breaker::default(),
            pace: rate.map(|rate| Pace::new(rate, now)),
            in_flight: 0,
            is_file: false,
            closed_until: None,
            is_probing: false,
            waiting: BTreeSet::new(),
        })
    }
}

fn wait_key(row: &OutboxRow) -> Instant {
    row.state.not_before.unwrap_or(row.effect.decided_at).min(row.expires_at)
}
