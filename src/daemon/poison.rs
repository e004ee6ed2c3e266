//! Poison: an input that cannot be carried out stops nobody else. Its batch is run again one by one; what fails alone three times is put
//! aside, durably, with what went wrong, until the operator settles it.

use super::api::{Accepted, ContactKey, EngineError, OutboxCommand, OutboxTarget, QuarantineCommand, Rejection, Submission, SubmitError};
use super::batch::Work;
use super::batcher::{Ask, Batcher};
use super::courier::Settlement;
use super::desk::Slot;
use super::resident::Resident;
use super::units::Unit;
use super::view_contact::{resolve, resolve_anonymous};
use crate::advance::{Cause, Input, InputKind, JournalEntry, Reviving, Switching, What};
use crate::bytecode::CampaignId;
use crate::lang::Instant;
use crate::machine::state::{ContactUid, EffectId, EnrollmentUid};
use crate::proof::{Mutant, is_end, is_planted};
use crate::store::{Batch, JournalRow, OutboxStatus, OutboxUpdate, QuarantineChange, QuarantineRow, StoreError};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How often an input may fail alone.
const TRIES: usize = 3;
/// Whose journal has the lines about inputs of nobody.
const NOBODY: ContactUid = ContactUid(0);

/// Why a batch came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BatchError {
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine broke on one of its inputs.
    #[error("the engine broke off: {0}")]
    Trap(String),
}

impl BatchError {
    /// What a panic says of itself.
    pub fn of_panic(panic: Box<dyn Any + Send>) -> BatchError {
        if is_end(panic.as_ref()) {
            std::panic::resume_unwind(panic);
        }
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
        BatchError::Trap(text.unwrap_or_else(|| "no reason was given".to_owned()))
    }
    /// Whether one of the inputs is to blame, and not the disk.
    fn is_poison(&self) -> bool {
        match self {
            BatchError::Trap(_) => true,
            BatchError::Store(StoreError::Clash(_) | StoreError::Conflict(_) | StoreError::Codec(_)) => true,
            BatchError::Store(
                StoreError::Full
                | StoreError::ReadOnly
                | StoreError::InUse(_)
                | StoreError::Exists(_)
                | StoreError::Older { .. }
                | StoreError::Newer { .. }
                | StoreError::Damaged(_)
                | StoreError::Disk(_)
                | StoreError::Other(_),
            ) => false,
        }
    }
    fn into_store(self) -> StoreError {
        match self {
            BatchError::Store(error) => error,
            BatchError::Trap(text) => StoreError::Other(text.into()),
        }
    }
}

impl From<BatchError> for EngineError {
    fn from(error: BatchError) -> EngineError {
        EngineError::Store(error.into_store())
    }
}

/// An input as it is kept while it is put aside.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kept {
    Event(Box<Submission>),
    Timer(ContactUid),
    HandOver(EffectId),
    Result(Box<Settlement>),
    Switch(ContactUid, CampaignId, Switching),
    /// Not an input that came: an enrollment that the machine broke on.
    Fault(ContactUid, EnrollmentUid),
}

impl Kept {
    /// The kept form of a unit that stands alone.
    fn of(unit: &Unit) -> Option<Kept> {
        Some(match unit {
            Unit::Submit(items) => Kept::Event(Box::new(items.first()?.clone())),
            Unit::Settle(settlement) => Kept::Result(Box::new(settlement.clone())),
            Unit::HandOver(id) | Unit::Expire(id) | Unit::Recover(id) | Unit::Lapse(id) | Unit::Reconcile(id, _) => Kept::HandOver(*id),
            Unit::Wake(uid) => Kept::Timer(*uid),
            Unit::Switch(uid, campaign, switching) => Kept::Switch(*uid, *campaign, *switching),
            Unit::Bring(_) | Unit::Again(..) => return None,
        })
    }
    fn word(&self) -> &'static str {
        match self {
            Kept::Event(_) => "event",
            Kept::Timer(_) => "timer",
            Kept::HandOver(_) => "hand-over",
            Kept::Result(_) => "result",
            Kept::Switch(..) => "switch",
            Kept::Fault(..) => "fault",
        }
    }
    fn effect(&self) -> Option<EffectId> {
        match self {
            Kept::HandOver(id) => Some(*id),
            Kept::Result(settlement) => Some(settlement.effect),
            Kept::Event(_) | Kept::Timer(_) | Kept::Switch(..) | Kept::Fault(..) => None,
        }
    }
    fn what(&self) -> String {
        match self {
            Kept::Event(submission) => submission.kind.describe(),
            Kept::Timer(uid) => format!("what was due for {}", uid.to_text()),
            Kept::HandOver(id) => id.to_text(),
            Kept::Result(settlement) => format!("{} attempt {}", settlement.effect.to_text(), settlement.attempt),
            Kept::Switch(uid, ..) => format!("a switch for {}", uid.to_text()),
            Kept::Fault(_, enrollment) => format!("enrollment {}", enrollment.to_text()),
        }
    }
}

/// Whose timers are left alone: what was due for them was put aside.
pub(crate) fn poisoned(resident: &Resident) -> FxHashSet<ContactUid> {
    let kept = resident.put_aside.values().filter_map(|row| serde_json::from_str::<Kept>(&row.body).ok());
    kept.filter_map(|kept| if let Kept::Timer(uid) | Kept::Switch(uid, ..) = kept { Some(uid) } else { None }).collect()
}

impl Batcher {
    /// A batch could not be committed.
    pub(super) fn recover(&mut self, units: Vec<Unit>, asks: Vec<Ask>, error: BatchError) {
        tracing::error!(%error, "a batch could not be committed");
        if error.is_poison() && self.failed().is_none() {
            return self.run_alone(units, asks);
        }
        let error = error.into_store();
        if matches!(error, StoreError::Full) {
            self.shared.is_short_of_space.store(true, Ordering::Release);
        }
        let is_fatal = error.is_fatal() && !is_planted(Mutant::LostCommitIsAbort);
        let error = Arc::new(error);
        if is_fatal {
            self.shared.failure.send_replace(Some(error.clone()));
        }
        for ask in asks {
            self.answer(ask, Err(SubmitError::Store(error.clone())));
        }
        // Submissions are sent again by who was told; timers, hand-overs and questions are still due. The others come but once.
        for unit in units {
            match unit {
                Unit::Settle(_) | Unit::Switch(..) | Unit::Recover(_) => self.waiting.again.push_back(unit),
                Unit::Bring(uid) => self.rolling.put_back(uid),
                Unit::Submit(_) | Unit::HandOver(_) | Unit::Expire(_) | Unit::Lapse(_) | Unit::Reconcile(..) | Unit::Wake(_) | Unit::Again(..) => {}
            }
        }
        self.waiting.is_resting = true;
    }

    /// Among these is one over which the process may die: each is run by itself.
    pub(super) fn run_carefully(&mut self, units: Vec<Unit>, asks: Vec<Ask>) {
        let now = self.shared.clock.now();
        for unit in &units {
            if let Unit::HandOver(id) = unit
                && let Some(lane) = self.desk.get(*id).map(|open| open.lane.clone())
            {
                self.desk.give_slot((&lane, *id), now);
            }
        }
        self.run_alone(units, asks);
    }

    /// One bad input must not stop the others of its batch.
    fn run_alone(&mut self, units: Vec<Unit>, asks: Vec<Ask>) {
        let mut asks = asks.into_iter();
        for unit in units {
            match unit {
                Unit::Submit(items) => self.submit_alone(items, asks.next()),
                Unit::HandOver(id) => self.hand_over_alone(id),
                Unit::Settle(_)
                | Unit::Expire(_)
                | Unit::Recover(_)
                | Unit::Lapse(_)
                | Unit::Reconcile(..)
                | Unit::Wake(_)
                | Unit::Switch(..)
                | Unit::Bring(_)
                | Unit::Again(..) => {
                    self.attempt(unit);
                }
            }
        }
    }

    /// Runs one unit, up to three times; what fails still is put aside. Its answers, where it is a submission.
    fn attempt(&mut self, unit: Unit) -> Vec<Accepted> {
        if self.deaths.is_deadly(&unit) {
            self.deaths.acquit(&unit);
            return self.put_aside(&unit, "the process died over it, again and again").into_iter().collect();
        }
        let units = [unit];
        let mut last = String::new();
        for _ in 0..TRIES {
            self.land();
            if self.failed().is_some() {
                return Vec::new();
            }
            self.deaths.begin(&[&units]);
            let tried = self.try_batch(&units);
            self.deaths.end();
            match tried {
                Ok(answers) => {
                    units.iter().for_each(|unit| self.deaths.acquit(unit));
                    return answers.into_iter().flatten().collect();
                }
                Err(error) if error.is_poison() => last = error.to_string(),
                Err(error) => {
                    let [unit] = units;
                    self.recover(vec![unit], Vec::new(), error);
                    return Vec::new();
                }
            }
        }
        let [unit] = units;
        self.put_aside(&unit, &last).into_iter().collect()
    }

    /// The items of one call, each by itself: what was taken of them is durable, the rest stands aside, durable as well.
    fn submit_alone(&mut self, items: Vec<Submission>, ask: Option<Ask>) {
        let count = items.len();
        let answers: Vec<Accepted> = items.into_iter().flat_map(|item| self.attempt(Unit::Submit(vec![item]))).collect();
        let failure = || SubmitError::Store(Arc::new(StoreError::Other("the store took only a part".into())));
        if let Some(ask) = ask {
            let answer = if answers.len() == count { Ok(answers) } else { Err(failure()) };
            self.answer(ask, answer);
        }
    }

    fn hand_over_alone(&mut self, id: EffectId) {
        // Its slot was given back with the batch; where none is free now, it is found due again.
        let now = self.shared.clock.now();
        let Some(lane) = self.desk.get(id).map(|open| open.lane.clone()) else { return };
        if self.desk.take_slot((&lane, id), now) == Slot::Full {
            return;
        }
        self.attempt(Unit::HandOver(id));
    }

    /// Puts an input aside, durably. The answer of a submission: it was taken, and will not be looked at by itself.
    fn put_aside(&mut self, unit: &Unit, error: &str) -> Option<Accepted> {
        self.land();
        if let Unit::Settle(settlement) = unit {
            self.desk.give_slot_of((&settlement.lane, settlement.effect, settlement.attempt), settlement.at);
        }
        let kept = Kept::of(unit)?;
        let row = self.quarantine_row(&kept, error);
        let (id, contact) = (row.id, row.contact);
        tracing::error!(number = id, kind = kept.word(), error, "an input was put aside; `campc store events --quarantined` shows it");
        let mut batch = Batch { now: row.at, deployment: self.shared.linked().map_or(0, |linked| linked.deployment.seq), ..Batch::default() };
        batch.journal.push(line(contact, (row.at, What::Quarantined), format!("{}: {error}", row.what)));
        batch.updates.extend(kept.effect().and_then(|effect| self.dead(effect, error)));
        batch.quarantine.push(QuarantineChange::Put(Box::new(row.clone())));
        if let Err(failure) = self.store.commit(&batch) {
            // It is tried again with the next batch it comes into; a submission was not acknowledged.
            tracing::error!(%failure, "what cannot be carried out could not be put aside either");
            self.waiting.is_resting = true;
            return None;
        }
        self.shared.metrics.quarantined.one();
        if let Some(effect) = kept.effect() {
            self.desk.forget(&[effect]);
            self.desk.tell(&mut self.shared.census());
        }
        if let Kept::Timer(uid) | Kept::Switch(uid, ..) = &kept {
            self.waiting.poisoned.insert(*uid);
        }
        self.shared.write().put_aside.insert(id, row);
        let detail = format!("it could not be carried out and was put aside under number {id}: {error}");
        matches!(kept, Kept::Event(_)).then(|| Accepted { contact, rejection: Some(Rejection { reason: "quarantined", detail }), ..Accepted::default() })
    }

    fn quarantine_row(&self, kept: &Kept, error: &str) -> QuarantineRow {
        let resident = self.shared.read();
        let (contact, at_effect) = match kept {
            Kept::Event(submission) => (known_contact(&resident, &submission.contact), None),
            Kept::Timer(uid) | Kept::Switch(uid, ..) | Kept::Fault(uid, _) => (Some(*uid), None),
            Kept::HandOver(_) | Kept::Result(_) => {
                let open = kept.effect().and_then(|id| self.desk.get(id));
                (open.map(|open| open.row.effect.contact), open.map(|open| open.row.effect.clone()))
            }
        };
        QuarantineRow {
            id: self.shared.numbers.fetch_add(1, Ordering::Relaxed),
            at: self.shared.clock.now(),
            contact,
            kind: kept.word().into(),
            what: kept.what().into(),
            error: error.into(),
            program: resident.linked.as_ref().map_or([0; 32], |linked| linked.deployment.program),
            campaign: at_effect.as_ref().and_then(|effect| effect.campaign),
            step: at_effect.as_ref().and_then(|effect| effect.step),
            body: serde_json::to_string(kept).unwrap_or_default(),
        }
    }

    /// The effect of a poisoned input is given up: the operator may still retry it.
    fn dead(&self, effect: EffectId, error: &str) -> Option<OutboxUpdate> {
        let row = &self.desk.get(effect)?.row;
        let state = &row.state;
        let mut to = state.clone();
        to.status = OutboxStatus::Dead;
        to.lease_until = None;
        to.not_before = None;
        to.reason = Some(Arc::from(format!("put aside: {error}")));
        Some(OutboxUpdate { effect, contact: row.effect.contact, from_status: state.status, from_attempt: state.attempt, to })
    }

    /// The operator's word on what was put aside.
    pub(super) fn settle_quarantine(&mut self, id: u64, command: QuarantineCommand) -> Result<(), EngineError> {
        let row = self.shared.read().put_aside.get(&id).cloned();
        let row = row.ok_or_else(|| EngineError::Unknown(format!("nothing is put aside under number {id}")))?;
        let kept: Option<Kept> = serde_json::from_str(&row.body).ok();
        match (command, kept) {
            (QuarantineCommand::Drop, kept) => self.drop_aside(&row, kept.as_ref()),
            (QuarantineCommand::Retry, Some(kept)) => self.retry_aside(&row, kept),
            (QuarantineCommand::Retry, None) => Err(EngineError::Settled(format!("number {id} was put aside by another version; it can only be dropped"))),
        }
    }

    fn drop_aside(&mut self, row: &QuarantineRow, kept: Option<&Kept>) -> Result<(), EngineError> {
        let (id, contact, what) = (row.id, row.contact, row.what.clone());
        self.with_work(|work| {
            work.settle_aside(id, (contact, What::Dropped), &what);
            if let Some(Kept::Fault(uid, enrollment)) = kept {
                let reviving = InputKind::Revive { enrollment: *enrollment, how: Reviving::End };
                work.step(work.canonical(*uid), &Input::new(reviving));
            }
        })?;
        if let Some(Kept::Timer(uid) | Kept::Switch(uid, ..)) = kept {
            // The timer is still due with the contact's next change; it is looked at again then.
            tracing::info!(contact = uid.0, "the operator dropped what was put aside");
        }
        Ok(())
    }

    fn retry_aside(&mut self, row: &QuarantineRow, kept: Kept) -> Result<(), EngineError> {
        if let Kept::Timer(uid) | Kept::Switch(uid, ..) = &kept {
            self.waiting.poisoned.remove(uid);
        }
        if let Kept::HandOver(effect) = kept {
            self.operate(&OutboxTarget::One(effect), OutboxCommand::Retry)?;
            let (id, contact, what) = (row.id, row.contact, row.what.clone());
            return self.with_work(|work| work.settle_aside(id, (contact, What::Retried), &what));
        }
        let poisoned = if let Kept::Timer(uid) | Kept::Switch(uid, ..) = &kept { Some(*uid) } else { None };
        let unit = Unit::Again(row.id, Box::new(kept));
        match self.try_batch(&[unit]) {
            Ok(_) => Ok(()),
            Err(error) => {
                self.waiting.poisoned.extend(poisoned);
                Err(EngineError::Settled(format!("number {} failed again: {error}", row.id)))
            }
        }
    }
}

impl Work<'_> {
    /// What was put aside is put aside no more; a line of the journal says so.
    pub fn settle_aside(&mut self, id: u64, (contact, word): (Option<ContactUid>, What), what: &str) {
        self.batch.quarantine.push(QuarantineChange::Settled(id));
        let contact = contact.map(|uid| self.canonical(uid));
        self.batch.journal.push(line(contact, (self.around.now, word), what.to_owned()));
    }

    /// What was put aside is tried again.
    pub fn run_again(&mut self, id: u64, kept: &Kept) -> Option<Accepted> {
        let row = self.around.resident.put_aside.get(&id)?;
        self.settle_aside(id, (row.contact, What::Retried), &row.what);
        match kept {
            Kept::Event(submission) => return Some(self.submit(submission)),
            Kept::Timer(uid) => self.step(self.canonical(*uid), &Input::new(InputKind::Wake)),
            Kept::Switch(uid, campaign, switching) => {
                self.step(self.canonical(*uid), &Input::new(InputKind::Switched { campaign: *campaign, switching: *switching }));
            }
            Kept::Fault(uid, enrollment) => {
                let reviving = InputKind::Revive { enrollment: *enrollment, how: Reviving::GoOn };
                self.step(self.canonical(*uid), &Input::new(reviving));
            }
            Kept::Result(settlement) => {
                // Its row was given up when the result was put aside.
                if let Ok(Some(row)) = self.around.reader.effect(settlement.effect, Some(settlement.contact)) {
                    self.stage(settlement.lane.clone(), row);
                    self.change_row(settlement.effect, |state| state.status = OutboxStatus::Claimed);
                    self.settle(settlement);
                }
            }
            Kept::HandOver(_) => {}
        }
        None
    }

    /// An enrollment broke the machine: what brought it there is kept.
    pub fn put_fault_aside(&mut self, contact: ContactUid, fault: &crate::advance::FaultNote) {
        let kept = Kept::Fault(contact, fault.enrollment);
        let row = QuarantineRow {
            id: self.around.numbers.fetch_add(1, Ordering::Relaxed),
            at: self.around.now,
            contact: Some(contact),
            kind: kept.word().into(),
            what: fault.cause.clone(),
            error: fault.error.clone(),
            program: self.around.linked.deployment.program,
            campaign: fault.campaign,
            step: fault.step,
            body: serde_json::to_string(&kept).unwrap_or_default(),
        };
        self.around.metrics.quarantined.one();
        self.batch.quarantine.push(QuarantineChange::Put(Box::new(row)));
    }
}

/// The contact that a key leads to, if one is known.
fn known_contact(resident: &Resident, key: &ContactKey) -> Option<ContactUid> {
    let anonymous = || resolve_anonymous(resident, key.anonymous_id.as_deref()?);
    let named = || [&key.user_id, &key.email, &key.phone].into_iter().flatten().find_map(|text| resolve(resident, text));
    key.uid.map(|uid| resident.canonical(uid)).or_else(named).or_else(anonymous)
}

fn line(contact: Option<ContactUid>, (at, what): (Instant, What), why: String) -> JournalRow {
    let input = if matches!(what, What::Retried | What::Dropped) { "operator" } else { "engine" };
    let cause = Cause { input: Arc::from(input), fact: None };
    let entry = JournalEntry { at, campaign: None, enrollment: None, step: None, what, why: Arc::from(why), cause };
    JournalRow { contact: contact.unwrap_or(NOBODY), entry }
}
