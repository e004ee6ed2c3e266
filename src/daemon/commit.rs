//! From decided units to memory: what a batch comes to, its commit, and what follows from it.

use super::accept::not_deployed;
use super::api::{Accepted, StreamEvent, Submission};
use super::batch::{Surroundings, Work};
use super::batcher::Batcher;
use super::courier::Parcel;
use super::desk::{Desk, OpenRow};
use super::pipeline::Pending;
use super::poison::BatchError;
use super::resident::Rekeyed;
use super::units::{Unit, in_hand, run_all};
use crate::deliver::Lane;
use crate::machine::state::EffectId;
use crate::proof::{Point, reach};
use crate::store::{Batch, OutboxRow, QuarantineChange, Store, StoreError};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

/// What a batch has come to: its rows for the store, and what is to be done in memory once they are durable.
#[derive(Default)]
pub(crate) struct Done {
    pub batch: Arc<Batch>,
    pub pending: Pending,
    rekeyed: Vec<Rekeyed>,
    /// In the order in which they were decided.
    rows: Vec<(Lane, OutboxRow)>,
    claims: Vec<EffectId>,
    released: Vec<(Lane, EffectId, u32)>,
    /// Slots that were taken for hand-overs that came to no attempt.
    idle: Vec<(Lane, EffectId)>,
    /// Attempts whose lease has ended.
    lapsed: Vec<(Lane, EffectId, u32)>,
    disabled: Option<BTreeSet<Arc<str>>>,
    /// Rows of the desk that it is about.
    in_hand: Vec<EffectId>,
    /// Slots to give back if it fails.
    taken: Vec<(Lane, EffectId)>,
    staged: Option<Staged>,
}

/// The desk has the rows of a batch already: how it was before, and how many are open with them.
struct Staged {
    formers: Vec<(EffectId, Option<OpenRow>)>,
    census: BTreeMap<&'static str, u64>,
}

impl Done {
    /// Ends a batch; `handed` are the slots that were taken for hand-overs before it began.
    fn of<'a>(mut work: Work<'a>, handed: Vec<(EffectId, Lane)>) -> Result<(Done, &'a mut Desk), StoreError> {
        let now = work.around.now;
        let mut taken = work.lanes_claimed();
        taken.extend(handed.iter().map(|(id, lane)| (lane.clone(), *id)));
        if let Err(error) = work.finish() {
            taken.iter().for_each(|(lane, id)| work.desk.give_slot((lane, *id), now));
            return Err(error);
        }
        let (rekeyed, pending, rows) = (work.take_rekeyed(), work.take_pending(), work.take_rows());
        let Work { desk, batch, claims, released, lapsed, disabled, in_hand, .. } = work;
        // A hand-over that came to no attempt gives its slot back.
        let claimed: FxHashSet<EffectId> = claims.iter().copied().collect();
        let idle = handed.into_iter().filter(|(id, _)| !claimed.contains(id)).map(|(id, lane)| (lane, id)).collect();
        let done = Done { batch: Arc::new(batch), pending, rekeyed, rows, claims, released, idle, lapsed, disabled, in_hand, taken, staged: None };
        Ok((done, desk))
    }
}

impl Batcher {
    /// Decides units over memory and what is pending. Memory does not change, and nothing is written.
    pub(super) fn decide(&mut self, units: &[Unit]) -> Result<(Done, Vec<Vec<Accepted>>), BatchError> {
        let decided = self.decide_over(units);
        if decided.is_err() {
            self.desk.put_back(&in_hand(units));
        }
        decided
    }

    fn decide_over(&mut self, units: &[Unit]) -> Result<(Done, Vec<Vec<Accepted>>), BatchError> {
        let shared = self.shared.clone();
        let resident = shared.read();
        let Some(linked) = resident.linked.clone() else {
            let nothing = |items: &Vec<Submission>| items.iter().map(|_| not_deployed()).collect();
            let answers = units.iter().filter_map(|unit| if let Unit::Submit(items) = unit { Some(nothing(items)) } else { None });
            return Ok((Done::default(), answers.collect()));
        };
        let around = Surroundings {
            resident: &resident,
            pending: self.flight.as_ref().map(|flight| &flight.done.pending),
            linked: &linked,
            switches: &resident.switches,
            names: &self.names,
            routes: &self.routes,
            metrics: &shared.metrics,
            reader: self.reader.as_ref(),
            seen: &self.seen,
            randomness: self.randomness.as_ref(),
            country: self.country,
            providers: self.providers,
            numbers: &shared.numbers,
            now: shared.clock.now(),
        };
        let mut handed: Vec<(EffectId, Lane)> = Vec::new();
        for unit in units {
            if let Unit::HandOver(id) = unit
                && let Some(open) = self.desk.get(*id)
            {
                handed.push((*id, open.lane.clone()));
            }
        }
        let _batch = shared.metrics.batched(units.iter().map(Unit::inputs).sum());
        let mut work = Work::new(around, (&mut self.desk, &mut self.rolling));
        work.expect(units.iter().map(|unit| if let Unit::Submit(items) = unit { items.len() } else { 1 }).sum());
        match run_all(&mut work, units) {
            Ok(answers) => {
                reach(Point::BatchDecided);
                Ok((Done::of(work, handed)?.0, answers))
            }
            Err(error) => {
                work.abandon(&handed);
                Err(error)
            }
        }
    }

    /// Decides and commits units as one transaction, and waits for it.
    pub(super) fn try_batch(&mut self, units: &[Unit]) -> Result<Vec<Vec<Accepted>>, BatchError> {
        self.land();
        let (done, answers) = self.decide(units)?;
        if !done.batch.is_empty()
            && let Err(error) = self.shared.metrics.timed(|| self.store.commit(&done.batch))
        {
            self.shared.metrics.commit_failures.one();
            self.undo(done);
            return Err(error.into());
        }
        self.shared.metrics.commits.add(u64::from(!done.batch.is_empty()));
        self.install(done);
        Ok(answers)
    }

    /// Commits what was done by hand, and waits for it. Nothing is pending.
    pub(super) fn commit(store: &mut dyn Store, work: Work<'_>, handed: Vec<(EffectId, Lane)>) -> Result<Done, StoreError> {
        let (metrics, now) = (work.around.metrics, work.around.now);
        let (done, desk) = Done::of(work, handed)?;
        if !done.batch.is_empty() {
            if let Err(error) = metrics.timed(|| store.commit(&done.batch)) {
                metrics.commit_failures.one();
                done.taken.iter().for_each(|(lane, id)| desk.give_slot((lane, *id), now));
                return Err(error);
            }
            metrics.commits.one();
        }
        Ok(done)
    }

    /// The desk takes the rows of a batch before they are durable, so that the next one is decided over them.
    pub(super) fn stage(&mut self, done: &mut Done) {
        let formers = done.rows.iter().map(|(lane, row)| (row.effect.id, self.desk.install(lane.clone(), row.clone()))).collect();
        self.desk.put_back(&done.in_hand);
        done.staged = Some(Staged { formers, census: self.desk.census().clone() });
    }

    /// The batch has failed: the desk is as it was before.
    pub(super) fn undo(&mut self, done: Done) {
        let now = done.batch.now;
        for (id, former) in done.staged.into_iter().flat_map(|staged| staged.formers).rev() {
            self.desk.restore(id, former);
        }
        self.desk.put_back(&done.in_hand);
        done.taken.iter().for_each(|(lane, id)| self.desk.give_slot((lane, *id), now));
    }

    /// The batch is durable: memory follows, and the effects leave.
    pub(super) fn install(&mut self, done: Done) {
        let Done { batch, pending, rekeyed, rows, claims, released, idle, lapsed, disabled, in_hand, staged, .. } = done;
        let now = batch.now;
        self.publish(&batch);
        let mut resident = self.shared.write();
        for change in &batch.quarantine {
            match change {
                QuarantineChange::Put(row) => drop(resident.put_aside.insert(row.id, (**row).clone())),
                QuarantineChange::Settled(id) => drop(resident.put_aside.remove(id)),
            }
        }
        if let Some(roll_over) = pending.roll_over {
            self.rolling.progress = roll_over.clone();
            resident.roll_over = roll_over;
            reach(Point::RollOverBatch);
        }
        for change in &batch.identities {
            resident.keys.give(change.kind.into(), &change.key, change.contact);
        }
        if let Some(pace) = pending.pace {
            resident.pace = pace;
        }
        if let Some(experiments) = pending.experiments {
            resident.experiments = experiments;
        }
        if let Some(suppressions) = pending.suppressions {
            resident.suppressions = suppressions;
        }
        for (loser, winner) in &batch.redirects {
            resident.remove(*loser);
            resident.redirects.insert(*loser, *winner);
        }
        for image in &batch.contacts {
            resident.put(image.uid, image.state.clone(), image.wakes_at);
        }
        rekeyed.iter().for_each(|change| resident.rekey(change));
        drop(resident);
        released.iter().for_each(|(lane, id, attempt)| self.desk.give_slot_of((lane, *id, *attempt), now));
        idle.iter().for_each(|(lane, id)| self.desk.give_slot((lane, *id), now));
        lapsed.iter().for_each(|(lane, id, attempt)| self.desk.lapse((lane, *id, *attempt), now));
        if let Some(disabled) = disabled {
            *self.shared.disabled_endpoints.lock().unwrap_or_else(PoisonError::into_inner) = disabled.into_iter().collect();
        }
        for (lane, row) in &rows {
            self.tell_delivery(row);
            if staged.is_none() {
                self.desk.install(lane.clone(), row.clone());
            }
        }
        if staged.is_none() {
            self.desk.put_back(&in_hand);
        }
        pending.seen.into_iter().for_each(|key| self.seen.add(key, now));
        self.seen.let_go(now);
        let mut census = self.shared.census();
        self.desk.tell(&mut census);
        if let Some(staged) = staged {
            census.by_status = staged.census;
        }
        drop(census);
        reach(Point::MemoryInstalled);
        self.dispatch((&claims, &rows), &batch);
    }

    fn dispatch(&self, (claims, rows): (&[EffectId], &[(Lane, OutboxRow)]), batch: &Batch) {
        let Some(courier) = self.courier.as_ref().filter(|_| !claims.is_empty()) else { return };
        let resident = self.shared.read();
        let Some(running) = resident.linked.as_ref() else { return };
        let by_id: FxHashMap<EffectId, &(Lane, OutboxRow)> = rows.iter().map(|entry| (entry.1.effect.id, entry)).collect();
        let parcels: Vec<Parcel> = claims
            .iter()
            .filter_map(|id| {
                let (lane, row) = by_id.get(id)?;
                let email = resident.state(row.effect.contact).and_then(|state| resident.builtins.email_key(&state));
                let linked = self.routes.of(running, &row.effect);
                Some(Parcel { row: row.clone(), lane: lane.clone(), linked, email, at: batch.now })
            })
            .collect();
        self.shared.metrics.attempts.add_len(parcels.len());
        courier.dispatch(parcels);
    }

    fn publish(&self, batch: &Batch) {
        if self.shared.stream.receiver_count() == 0 {
            return;
        }
        let resident = self.shared.read();
        for row in &batch.journal {
            let line = Box::new(super::view::line_of_entry(&resident, &row.entry));
            // Nobody who listens may be slow enough to hold the batch up: those who lag lose lines.
            let _ = self.shared.stream.send(Arc::new(StreamEvent::Journal { contact: row.contact.to_text(), line }));
        }
    }

    fn tell_delivery(&self, row: &OutboxRow) {
        if self.shared.stream.receiver_count() > 0 {
            let (contact, effect_id) = (row.effect.contact.to_text(), row.effect.id.to_text());
            let _ = self.shared.stream.send(Arc::new(StreamEvent::Delivery { contact, effect_id, status: row.state.status.word() }));
        }
    }
}
