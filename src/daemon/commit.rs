//! From decided units to memory: what a batch comes to, its commit, and what follows from it.

use super::accept::not_deployed;
use super::api::{Accepted, StreamEvent, Submission};
use super::batch::{Surroundings, Work};
use super::batcher::{Batcher, Unit};
use super::courier::Parcel;
use super::desk::{Desk, OpenRow};
use super::options::UnknownPolicy;
use super::pipeline::Pending;
use super::resident::Rekeyed;
use crate::advance::{Input, InputKind};
use crate::deliver::Lane;
use crate::machine::state::EffectId;
use crate::proof::{Point, reach};
use crate::store::{Batch, OutboxRow, Store, StoreError};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a batch has come to: its rows for the store, and what is to be done in memory once they are durable.
#[derive(Default)]
pub(crate) struct Done {
    pub batch: Arc<Batch>,
    pub pending: Pending,
    rekeyed: Vec<Rekeyed>,
    /// In the order in which they were decided.
    rows: Vec<(Lane, OutboxRow)>,
    claims: Vec<EffectId>,
    released: Vec<Lane>,
    /// Slots to give back if it fails.
    taken: Vec<Lane>,
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
        taken.extend(handed.iter().map(|(_, lane)| lane.clone()));
        if let Err(error) = work.finish() {
            taken.iter().for_each(|lane| work.desk.give_slot(lane, now));
            return Err(error);
        }
        let (rekeyed, pending, rows) = (work.take_rekeyed(), work.take_pending(), work.take_rows());
        let Work { desk, batch, claims, mut released, .. } = work;
        // A hand-over that came to no attempt gives its slot back.
        released.extend(handed.into_iter().filter(|(id, _)| !claims.contains(id)).map(|(_, lane)| lane));
        Ok((Done { batch: Arc::new(batch), pending, rekeyed, rows, claims, released, taken, staged: None }, desk))
    }
}

impl Batcher {
    /// Decides units over memory and what is pending. Memory does not change, and nothing is written.
    pub(super) fn decide(&mut self, units: &[Unit]) -> Result<(Done, Vec<Vec<Accepted>>), StoreError> {
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
            now: shared.clock.now(),
        };
        let mut handed: Vec<(EffectId, Lane)> = Vec::new();
        for unit in units {
            if let Unit::HandOver(id) = unit
                && let Some(open) = self.desk.get(*id)
                && open.row.expires_at > around.now
            {
                handed.push((*id, open.lane.clone()));
            }
        }
        let _batch = shared.metrics.batched(units.iter().map(Unit::inputs).sum());
        let mut work = Work::new(around, &mut self.desk);
        work.expect(units.iter().map(|unit| if let Unit::Submit(items) = unit { items.len() } else { 1 }).sum());
        let answers = run_all(&mut work, units, self.policy);
        reach(Point::BatchDecided);
        let (done, _) = Done::of(work, handed)?;
        Ok((done, answers))
    }

    /// Decides and commits units as one transaction, and waits for it.
    pub(super) fn try_batch(&mut self, units: &[Unit]) -> Result<Vec<Vec<Accepted>>, StoreError> {
        self.land();
        let (done, answers) = self.decide(units)?;
        if !done.batch.is_empty()
            && let Err(error) = self.shared.metrics.timed(|| self.store.commit(&done.batch))
        {
            self.shared.metrics.commit_failures.one();
            self.undo(done);
            return Err(error);
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
                done.taken.iter().for_each(|lane| desk.give_slot(lane, now));
                return Err(error);
            }
            metrics.commits.one();
        }
        Ok(done)
    }

    /// The desk takes the rows of a batch before they are durable, so that the next one is decided over them.
    pub(super) fn stage(&mut self, done: &mut Done) {
        let now = done.batch.now;
        let formers = done.rows.iter().map(|(lane, row)| (row.effect.id, self.desk.install(lane.clone(), row.clone(), now))).collect();
        done.staged = Some(Staged { formers, census: self.desk.census().clone() });
    }

    /// The batch has failed: the desk is as it was before.
    pub(super) fn undo(&mut self, done: Done) {
        let now = done.batch.now;
        for (id, former) in done.staged.into_iter().flat_map(|staged| staged.formers).rev() {
            self.desk.restore(id, former, now);
        }
        done.taken.iter().for_each(|lane| self.desk.give_slot(lane, now));
    }

    /// The batch is durable: memory follows, and the effects leave.
    pub(super) fn install(&mut self, done: Done) {
        let Done { batch, pending, rekeyed, rows, claims, released, staged, .. } = done;
        let now = batch.now;
        self.publish(&batch);
        let mut resident = self.shared.write();
        for change in &batch.identities {
            resident.keys.give(change.kind.into(), &change.key, change.contact);
        }
        if let Some(pace) = pending.pace {
            resident.pace = pace;
        }
        if let Some(experiments) = pending.experiments {
            resident.experiments = experiments;
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
        released.iter().for_each(|lane| self.desk.give_slot(lane, now));
        for (lane, row) in &rows {
            self.tell_delivery(row);
            if staged.is_none() {
                self.desk.install(lane.clone(), row.clone(), now);
            }
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

fn run_all(work: &mut Work<'_>, units: &[Unit], policy: UnknownPolicy) -> Vec<Vec<Accepted>> {
    let mut answers = Vec::new();
    for unit in units {
        match unit {
            Unit::Submit(items) => answers.push(items.iter().map(|item| work.submit(item)).collect()),
            Unit::Settle(settlement) => {
                if let Some(attempted) = settlement.attempted {
                    work.desk.record(&settlement.lane, attempted, work.around.now);
                }
                if settlement.is_file {
                    work.desk.learn_file(&settlement.lane, work.around.now);
                }
                work.settle(settlement, policy);
            }
            Unit::HandOver(id) => work.hand_over(*id),
            Unit::Recover(id) => work.recover(*id, policy),
            Unit::Wake(uid) => {
                reach(Point::TimerTaken);
                work.note_lateness(*uid);
                work.step(*uid, &Input::new(InputKind::Wake));
            }
            Unit::Switch(uid, campaign, switching) => {
                work.step(*uid, &Input::new(InputKind::Switched { campaign: *campaign, switching: *switching }));
            }
        }
    }
    answers
}
