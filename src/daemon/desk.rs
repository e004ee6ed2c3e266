//! The outbox in memory: effects that are still open, by lane, with what holds each lane back (slots, breaker, pace).
//!
//! Every question is answered by an ordered structure, so that a row is looked at when something happens to it and not before: a million
//! rows that wait cost no scan. Rows change here only after their commit; slots are taken before it and given back when it fails.

use super::lane::{LaneState, Rates, Ready, Refusal};
use crate::advance::Switches;
use crate::deliver::{Attempted, Lane, Rate};
use crate::lang::Instant;
use crate::machine::Linked;
use crate::machine::state::{ContactUid, EffectId, StableId};
use crate::store::{OutboxRow, OutboxStatus};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An effect that is still open.
#[derive(Clone, Debug)]
pub(crate) struct OpenRow {
    pub row: OutboxRow,
    pub lane: Lane,
    place: Place,
    order: u64,
    priority: i64,
}

/// Where a row waits.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// Until its time comes.
    Until(Instant),
    /// For a slot of its lane.
    Ready,
    /// For its campaign to go on; its expiry stands still meanwhile.
    Campaign(StableId),
    /// For its endpoint to be switched on again.
    Endpoint(Arc<str>),
    /// A batch is about it: it is not found due again until that has been committed, or has failed.
    InHand,
    /// It is no queued row.
    Nowhere,
}

/// What the desk is set up with.
#[derive(Debug)]
pub(crate) struct DeskRules {
    pub concurrency: usize,
    /// Rates by channel; all lanes of a channel share one.
    pub rates: Vec<(&'static str, Option<Rate>)>,
    pub is_sending: bool,
}

/// The open effects.
#[derive(Debug)]
pub(crate) struct Desk {
    concurrency: usize,
    is_sending: bool,
    rates: Rates,
    rows: FxHashMap<EffectId, OpenRow>,
    lanes: BTreeMap<Lane, LaneState>,
    in_flight: usize,
    /// Questions to providers that have no answer yet.
    asking: usize,
    census: BTreeMap<&'static str, u64>,
    /// How many effects have come to the desk.
    arrivals: u64,
    /// Queued effects, and lost answers somebody waits for, by their expiry.
    expiring: BTreeSet<(Instant, EffectId)>,
    /// Attempts under way, by the end of their lease; and lost ones, by when the provider is asked.
    leases: BTreeSet<(Instant, EffectId)>,
    by_contact: BTreeSet<(ContactUid, EffectId)>,
    by_campaign: FxHashMap<StableId, BTreeSet<EffectId>>,
    by_endpoint: BTreeMap<Arc<str>, BTreeSet<EffectId>>,
    /// Endpoints that said they want no more calls.
    disabled: BTreeSet<Arc<str>>,
    /// Priorities of campaigns.
    priorities: FxHashMap<StableId, i64>,
    /// Attempts whose lease has ended: their slot was given back then.
    lapsed: FxHashSet<(EffectId, u32)>,
    /// Rows that were looked at, ever.
    visits: u64,
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

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DueRow {
    /// A hand-over: a slot is taken for it.
    HandOver(EffectId),
    /// The end of what an effect is worth.
    Expired(EffectId),
    /// An attempt of which nothing was heard within its lease.
    Lapsed(EffectId),
    /// A lost answer about which the provider can be asked now.
    Ask(EffectId),
}

impl Desk {
    /// A desk whose paces have been used up as of `last_commit`, so that a restart never sends more than the rate allows.
    pub fn new(rules: &DeskRules, last_commit: Instant) -> Desk {
        Desk {
            concurrency: rules.concurrency,
            is_sending: rules.is_sending,
            rates: Rates::new(&rules.rates, last_commit),
            rows: FxHashMap::default(),
            lanes: BTreeMap::new(),
            in_flight: 0,
            asking: 0,
            census: BTreeMap::new(),
            arrivals: 0,
            expiring: BTreeSet::new(),
            leases: BTreeSet::new(),
            by_contact: BTreeSet::new(),
            by_campaign: FxHashMap::default(),
            by_endpoint: BTreeMap::new(),
            disabled: BTreeSet::new(),
            priorities: FxHashMap::default(),
            lapsed: FxHashSet::default(),
            visits: 0,
        }
    }
    /// From now on effects leave. Those that waited for a campaign that goes on are ready.
    pub fn begin_sending(&mut self, switches: &Switches) {
        self.is_sending = true;
        let resumed: Vec<StableId> = self.by_campaign.keys().filter(|campaign| !switches.paused.contains(campaign)).copied().collect();
        resumed.into_iter().for_each(|campaign| self.resume(campaign));
    }
    /// From now on none is begun.
    pub fn stop_sending(&mut self) {
        self.is_sending = false;
    }
    /// Another program runs: its campaigns have other priorities, drafts may be published, and endpoints are tried anew.
    pub fn redeployed(&mut self, linked: &Linked) {
        let stable = linked.deployment.campaigns.iter().copied();
        self.priorities = stable.zip(linked.program.campaigns.iter().map(|def| def.sending.priority)).collect();
        let parked: Vec<StableId> = self.by_campaign.keys().copied().collect();
        parked.into_iter().for_each(|campaign| self.resume(campaign));
    }
    pub fn get(&self, id: EffectId) -> Option<&OpenRow> {
        self.rows.get(&id)
    }
    /// Attempts and questions that have no answer yet.
    pub fn in_flight(&self) -> usize {
        self.in_flight + self.asking
    }
    /// A provider is asked.
    pub fn begin_asking(&mut self) {
        self.asking += 1;
    }
    /// It has answered.
    pub fn end_asking(&mut self) {
        self.asking = self.asking.saturating_sub(1);
    }
    /// How many are open, by status.
    pub fn census(&self) -> &BTreeMap<&'static str, u64> {
        &self.census
    }
    /// Writes down how things stand, over what was written before.
    pub fn tell(&self, census: &mut Census) {
        census.by_status.clone_from(&self.census);
        for (lane, state) in &self.lanes {
            let told = state.census();
            match census.lanes.get_mut(lane) {
                Some(known) => *known = told,
                None => drop(census.lanes.insert(lane.clone(), told)),
            }
        }
    }
    /// How many rows were looked at since this was asked last.
    pub fn take_visits(&mut self) -> u64 {
        std::mem::take(&mut self.visits)
    }
    fn count(&mut self, status: OutboxStatus) -> &mut u64 {
        self.census.entry(status.word()).or_default()
    }
    /// All attempts that were under way: nobody knows what came of them.
    pub fn claimed(&self) -> Vec<EffectId> {
        let mut found: Vec<EffectId> = self.leases.iter().map(|(_, id)| *id).filter(|id| self.is_claimed(*id)).collect();
        found.sort_unstable();
        found
    }
    fn is_claimed(&self, id: EffectId) -> bool {
        self.rows.get(&id).is_some_and(|open| open.row.state.status == OutboxStatus::Claimed)
    }
    /// The open effects of a contact.
    pub fn of_contact(&self, contact: ContactUid) -> Vec<EffectId> {
        self.by_contact.range((contact, EffectId([0; 20]))..=(contact, EffectId([255; 20]))).map(|(_, id)| *id).collect()
    }

    // ---- rows ----

    /// Takes a row as the store has it now, or will have it; returns it as it was.
    pub fn install(&mut self, lane: Lane, row: OutboxRow) -> Option<OpenRow> {
        let id = row.effect.id;
        self.visits += 1;
        let former = self.rows.remove(&id);
        let order = former.as_ref().map_or(self.arrivals, |former| former.order);
        self.arrivals += u64::from(former.is_none());
        if let Some(former) = &former {
            self.take_out(former);
        }
        if !row.state.status.is_open() {
            return former;
        }
        let place = self.place_of(&row);
        let priority = row.effect.campaign.and_then(|campaign| self.priorities.get(&campaign)).copied().unwrap_or(0);
        let open = OpenRow { row, lane, place, order, priority };
        self.put_in(&open);
        self.rows.insert(id, open);
        former
    }
    /// Makes a row what it was before [`Desk::install`]: the change did not become durable.
    pub fn restore(&mut self, id: EffectId, former: Option<OpenRow>) {
        self.forget(&[id]);
        let Some(mut open) = former else { return };
        open.place = self.place_before(&open);
        self.put_in(&open);
        self.rows.insert(id, open);
    }
    fn place_of(&self, row: &OutboxRow) -> Place {
        if row.state.status != OutboxStatus::Queued {
            return Place::Nowhere;
        }
        match (&row.message, row.state.not_before) {
            (_, Some(Instant::FAR_FUTURE)) => Place::Campaign(row.effect.campaign.unwrap_or(0)),
            (Some(name), _) if self.is_disabled(row) => Place::Endpoint(name.clone()),
            (_, Some(at)) => Place::Until(at),
            (_, None) => Place::Ready,
        }
    }
    /// Where a row goes whose time has come.
    fn due_place(&self, id: EffectId) -> Place {
        self.rows.get(&id).map_or(Place::Ready, |open| self.free_place(&open.row))
    }
    /// Where a row goes that nothing but its endpoint holds.
    fn free_place(&self, row: &OutboxRow) -> Place {
        row.message.clone().filter(|_| self.is_disabled(row)).map_or(Place::Ready, Place::Endpoint)
    }
    /// Where a row goes about which a batch came to nothing. One that was in hand had been let go by its campaign before, whatever the
    /// row still says of that: nobody would let it go again.
    fn place_before(&self, open: &OpenRow) -> Place {
        match self.place_of(&open.row) {
            Place::Campaign(_) if open.place == Place::InHand => self.free_place(&open.row),
            place => place,
        }
    }
    fn put_in(&mut self, open: &OpenRow) {
        let (id, state) = (open.row.effect.id, &open.row.state);
        *self.count(state.status) += 1;
        self.by_contact.insert((open.row.effect.contact, id));
        match &open.place {
            Place::Until(at) => {
                self.lane(&open.lane).waiting.insert((*at, id));
            }
            Place::Ready => {
                self.lane(&open.lane).ready.insert(ready(open));
            }
            Place::Campaign(campaign) => {
                self.by_campaign.entry(*campaign).or_default().insert(id);
            }
            Place::Endpoint(name) => {
                self.by_endpoint.entry(name.clone()).or_default().insert(id);
            }
            Place::InHand | Place::Nowhere => {}
        }
        if let Some(at) = expiry(open) {
            self.expiring.insert((at, id));
        }
        if let Some(at) = lease(open) {
            self.leases.insert((at, id));
        }
    }
    fn take_out(&mut self, open: &OpenRow) {
        let (id, state) = (open.row.effect.id, &open.row.state);
        *self.count(state.status) -= 1;
        self.by_contact.remove(&(open.row.effect.contact, id));
        match &open.place {
            Place::Until(at) => {
                self.lane(&open.lane).waiting.remove(&(*at, id));
            }
            Place::Ready => {
                self.lane(&open.lane).ready.remove(&ready(open));
            }
            Place::Campaign(campaign) => {
                let parked = self.by_campaign.entry(*campaign).or_default();
                parked.remove(&id);
                if parked.is_empty() {
                    self.by_campaign.remove(campaign);
                }
            }
            Place::Endpoint(name) => {
                self.by_endpoint.entry(name.clone()).or_default().remove(&id);
            }
            Place::InHand | Place::Nowhere => {}
        }
        if let Some(at) = expiry(open) {
            self.expiring.remove(&(at, id));
        }
        if let Some(at) = lease(open) {
            self.leases.remove(&(at, id));
        }
    }
    /// Puts a row elsewhere.
    fn move_to(&mut self, id: EffectId, place: Place) {
        let Some(mut open) = self.rows.remove(&id) else { return };
        self.visits += 1;
        self.take_out(&open);
        open.place = place;
        self.put_in(&open);
        self.rows.insert(id, open);
    }
    /// A batch that was about rows has ended: those that it left as they were wait again.
    pub fn put_back(&mut self, ids: &[EffectId]) {
        for id in ids {
            let place = self.rows.get(id).filter(|open| open.place == Place::InHand).map(|open| self.place_before(open));
            if let Some(place) = place {
                self.move_to(*id, place);
            }
        }
    }
    /// Forgets effects: their contact was erased, or they were put aside.
    pub fn forget(&mut self, ids: &[EffectId]) {
        for id in ids {
            if let Some(open) = self.rows.remove(id) {
                self.visits += 1;
                self.take_out(&open);
            }
        }
    }

    // ---- what is parked ----

    /// A campaign goes on: what waited for it is ready, and nothing else is looked at.
    pub fn resume(&mut self, campaign: StableId) {
        for id in self.by_campaign.get(&campaign).cloned().unwrap_or_default() {
            self.move_to(id, self.due_place(id));
        }
    }
    /// Endpoints that want no more calls.
    pub fn disabled(&self) -> &BTreeSet<Arc<str>> {
        &self.disabled
    }
    /// Whether an effect's endpoint wants no more calls.
    pub fn is_disabled(&self, row: &OutboxRow) -> bool {
        row.channel == "webhook" && row.message.as_ref().is_some_and(|name| self.disabled.contains(name))
    }
    /// The endpoints that want no calls, as of now; what waits for another is ready.
    pub fn set_disabled(&mut self, disabled: BTreeSet<Arc<str>>) {
        let freed: Vec<Arc<str>> = self.by_endpoint.keys().filter(|name| !disabled.contains(*name)).cloned().collect();
        self.disabled = disabled;
        for id in freed.iter().filter_map(|name| self.by_endpoint.remove(name)).flatten().collect::<Vec<_>>() {
            self.move_to(id, Place::Ready);
        }
        // Those that wait for their time are looked at when it has come.
        let hooks = self.lanes.iter().filter(|(lane, _)| matches!(lane, Lane::Webhook(_)));
        for (.., id) in hooks.flat_map(|(_, state)| state.ready.iter().copied()).collect::<Vec<_>>() {
            self.move_to(id, self.due_place(id));
        }
    }

    // ---- slots ----

    /// Takes a slot of a lane for an effect, if its breaker and pace allow one.
    pub fn take_slot(&mut self, (lane, id): (&Lane, EffectId), now: Instant) -> Slot {
        if !self.is_sending {
            return Slot::Full;
        }
        let state = self.lanes.entry(lane.clone()).or_default();
        match state.take_slot((lane, id), (self.concurrency, &mut self.rates), now) {
            Ok(()) => {
                self.in_flight += 1;
                Slot::Taken
            }
            Err(Refusal) => Slot::Full,
        }
    }
    /// Takes a slot for an effect that has just been decided: behind those that wait for one already.
    pub fn take_slot_at_once(&mut self, row: &OutboxRow, lane: &Lane, now: Instant) -> Slot {
        if self.is_disabled(row) || self.lanes.get(lane).is_some_and(|state| !state.ready.is_empty()) {
            return Slot::Full;
        }
        self.take_slot((lane, row.effect.id), now)
    }
    /// Gives back the slot of an attempt, unless its lease ended before.
    pub fn give_slot_of(&mut self, (lane, id, attempt): (&Lane, EffectId, u32), now: Instant) {
        if !self.lapsed.remove(&(id, attempt)) {
            self.give_slot((lane, id), now);
        }
    }
    /// Gives a slot back.
    pub fn give_slot(&mut self, (lane, id): (&Lane, EffectId), now: Instant) {
        self.lane(lane).give_slot(id, now);
        self.in_flight = self.in_flight.saturating_sub(1);
    }
    /// The lease of an attempt has ended: its slot is free, whenever its task ends.
    pub fn lapse(&mut self, (lane, id, attempt): (&Lane, EffectId, u32), now: Instant) {
        self.give_slot((lane, id), now);
        self.lapsed.insert((id, attempt));
    }
    /// Tells the breaker what came of an attempt.
    pub fn record(&mut self, (lane, id): (&Lane, EffectId), attempted: Attempted, now: Instant) {
        self.lane(lane).record(id, attempted, now);
    }
    /// The lane's provider writes files.
    pub fn learn_file(&mut self, lane: &Lane) {
        self.lane(lane).is_file = true;
    }
    /// The provider asked for a pause.
    pub fn pause_lane(&mut self, lane: &Lane, until: Instant) {
        self.lane(lane).pause(until);
    }
    fn lane(&mut self, lane: &Lane) -> &mut LaneState {
        self.lanes.entry(lane.clone()).or_default()
    }

    // ---- what is due ----

    /// What is due, at most about `limit`; a slot is taken for each hand-over that has not expired. Of a lane the highest priority comes
    /// first, then the oldest decision; what comes of several lanes is in that order as well, so that one contact's rows are.
    pub fn take_due(&mut self, now: Instant, limit: usize) -> Vec<DueRow> {
        let mut found = self.take_lapsed(now, limit);
        if self.is_sending {
            found.extend(self.take_expired(now, limit));
            let mut handed: Vec<(Ready, EffectId)> = Vec::new();
            let lanes: Vec<Lane> = self.lanes.iter().filter(|(_, state)| state.has_due(now)).map(|(lane, _)| lane.clone()).collect();
            for lane in lanes {
                self.take_due_of(&lane, now, (limit, &mut handed));
            }
            handed.sort_unstable();
            found.extend(handed.into_iter().map(|(_, id)| DueRow::HandOver(id)));
        }
        found
    }
    fn take_due_of(&mut self, lane: &Lane, now: Instant, (limit, found): (usize, &mut Vec<(Ready, EffectId)>)) {
        while found.len() < limit {
            let Some((_, id)) = self.lane(lane).waiting.first().copied().filter(|(at, _)| *at <= now) else { break };
            self.move_to(id, self.due_place(id));
        }
        while found.len() < limit {
            let Some(entry) = self.lane(lane).ready.first().copied() else { return };
            let (.., id) = entry;
            if self.take_slot((lane, id), now) == Slot::Full {
                return;
            }
            self.move_to(id, Place::InHand);
            found.push((entry, id));
        }
    }
    fn take_expired(&mut self, now: Instant, limit: usize) -> Vec<DueRow> {
        let found: Vec<EffectId> = self.expiring.iter().take_while(|(at, _)| *at <= now).take(limit).map(|(_, id)| *id).collect();
        found.iter().for_each(|id| self.move_to(*id, Place::InHand));
        found.into_iter().map(DueRow::Expired).collect()
    }
    fn take_lapsed(&mut self, now: Instant, limit: usize) -> Vec<DueRow> {
        let due: Vec<EffectId> = self.leases.iter().take_while(|(at, _)| *at <= now).take(limit).map(|(_, id)| *id).collect();
        due.iter().for_each(|id| self.move_to(*id, Place::InHand));
        due.into_iter().map(|id| if self.is_claimed(id) { DueRow::Lapsed(id) } else { DueRow::Ask(id) }).collect()
    }
    /// When an effect is next to be looked at, if time alone brings that about.
    pub fn next_due(&self) -> Option<Instant> {
        let lease = self.leases.first().map(|(at, _)| *at);
        if !self.is_sending {
            return lease;
        }
        let lanes = self.lanes.iter().filter_map(|(lane, state)| state.next_due((self.concurrency, self.rates.next_free(lane))));
        lanes.chain(lease).chain(self.expiring.first().map(|(at, _)| *at)).min()
    }
}

fn ready(open: &OpenRow) -> Ready {
    (Reverse(open.priority), open.row.effect.decided_at, open.order, open.row.effect.id)
}

/// When a row is given up: while it is queued and its campaign is not what holds it, and where somebody waits for a lost answer.
fn expiry(open: &OpenRow) -> Option<Instant> {
    let state = &open.row.state;
    let counts = match state.status {
        OutboxStatus::Queued => !matches!(open.place, Place::Campaign(_) | Place::InHand),
        OutboxStatus::Unknown => open.place != Place::InHand && open.row.wants_answer(),
        OutboxStatus::Claimed | OutboxStatus::Accepted | OutboxStatus::Failed | OutboxStatus::Suppressed | OutboxStatus::Dead | OutboxStatus::Cancelled => {
            false
        }
    };
    counts.then_some(state.expires_at)
}

/// When an attempt's lease ends, or a lost one is asked about.
fn lease(open: &OpenRow) -> Option<Instant> {
    if open.place == Place::InHand {
        return None;
    }
    match open.row.state.status {
        OutboxStatus::Claimed => open.row.state.lease_until,
        OutboxStatus::Unknown => open.row.state.not_before,
        OutboxStatus::Queued | OutboxStatus::Accepted | OutboxStatus::Failed | OutboxStatus::Suppressed | OutboxStatus::Dead | OutboxStatus::Cancelled => None,
    }
}
