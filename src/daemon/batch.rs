//! One batch in the making: contacts are copied when first touched, and nothing in memory changes before the commit.

use super::api::RollOver;
use super::desk::{Desk, Slot};
use super::ingest::EventNames;
use super::keys::KeyKind;
use super::load::{DISABLED, EXPERIMENTS, PACE};
use super::metrics::Metrics;
use super::options::Providers;
use super::pipeline::Pending;
use super::randomness::{Entropy, Randomness, SystemRandomness};
use super::resident::{Builtins, Keys, Rekeyed, Resident, open_packed};
use super::rolling::{Brought, ROLL_OVER, Rolling, encode_progress};
use super::routes::{Routes, row_of};
use super::seen::SeenKeys;
use super::suppressions::{SUPPRESSIONS, SuppressionBook};
use super::units::Unit;
use crate::advance::{
    Cause, Effect, EffectUpdate, ExperimentBook, ExperimentNote, Input, InputKind, JournalEntry, Outcome, PaceBook, Switches, What, advance, is_behind,
    redeploy,
};
use crate::bytecode::BuiltinField;
use crate::deliver::Lane;
use crate::lang::Instant;
use crate::machine::Linked;
use crate::machine::state::{ContactState, ContactUid, EffectId, EnrollmentUid};
use crate::proof::{Mutant, is_planted};
use crate::store::{
    Batch, ContactImage, IdentityChange, IdentityKind, JournalRow, OutboxChange, OutboxRow, OutboxStatus, OutboxUpdate, PackedState, StoreError, StoreReader,
    encode_experiments, encode_pace,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::collections::hash_map::Entry;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// How long an attempt may run before its outcome counts as unknown.
pub(crate) const LEASE_MS: i64 = 60_000;

/// What a batch reads of its surroundings.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub resident: &'a Resident,
    /// What the batch before has decided and is being committed.
    pub pending: Option<&'a Pending>,
    pub linked: &'a Arc<Linked>,
    pub switches: &'a Switches,
    pub names: &'a EventNames,
    pub routes: &'a Routes,
    pub metrics: &'a Metrics,
    pub reader: &'a dyn StoreReader,
    pub seen: &'a SeenKeys,
    pub randomness: &'a dyn Randomness,
    pub country: Option<phonenumber::country::Id>,
    pub providers: Providers,
    /// The numbers of what is put aside.
    pub numbers: &'a AtomicU64,
    pub now: Instant,
}

pub(crate) struct Touched {
    pub state: ContactState,
    pub wake: Option<Instant>,
    /// Whether the last input was the timer's own.
    pub is_woken: bool,
    /// What the indices say of it.
    before: Keys,
    /// Its address and number as the state has them, when this batch's own index was last brought in step.
    indexed: Addresses,
}

/// An address and a number, as a state has them.
type Addresses = (Option<Arc<str>>, Option<Arc<str>>);

fn addresses(builtins: &Builtins, state: &ContactState) -> Addresses {
    (builtins.text(state, BuiltinField::Email).cloned(), builtins.text(state, BuiltinField::Phone).cloned())
}

/// A state that is looked at: as the batch has changed it, or as it is in memory.
pub(crate) enum Seen<'a> {
    Changed(&'a ContactState),
    Opened(Rc<ContactState>),
}

impl Deref for Seen<'_> {
    type Target = ContactState;
    fn deref(&self) -> &ContactState {
        match self {
            Seen::Changed(state) => state,
            Seen::Opened(state) => state,
        }
    }
}

/// A row of the outbox as this batch leaves it.
pub(crate) struct StagedRow {
    pub row: OutboxRow,
    pub lane: Lane,
    /// Status and attempt in the store; none for a new row.
    pub from: Option<(OutboxStatus, u32)>,
}

/// A batch in the making.
pub(crate) struct Work<'a> {
    pub around: Surroundings<'a>,
    pub desk: &'a mut Desk,
    /// Boxed: a table of whole states would be megabytes, fetched and cleared for each batch.
    pub people: FxHashMap<ContactUid, Box<Touched>>,
    /// States that were opened to be looked at, and not changed so far.
    opened: RefCell<FxHashMap<ContactUid, Rc<ContactState>>>,
    order: Vec<ContactUid>,
    rekeyed: Vec<Rekeyed>,
    pub gone: FxHashMap<ContactUid, ContactUid>,
    pub keys: FxHashMap<(IdentityKind, Arc<str>), ContactUid>,
    pub emails: FxHashMap<Arc<str>, Vec<ContactUid>>,
    pub phones: FxHashMap<Arc<str>, Vec<ContactUid>>,
    pub seen: FxHashSet<u128>,
    pub batch: Batch,
    pub rows: FxHashMap<EffectId, StagedRow>,
    row_order: Vec<EffectId>,
    /// Attempts that begin with the commit, in order.
    pub claims: Vec<EffectId>,
    /// Rows of the desk that this batch is about.
    pub in_hand: Vec<EffectId>,
    /// Slots that were taken before and are given back whatever happens.
    pub released: Vec<(Lane, EffectId, u32)>,
    /// Attempts whose lease has ended.
    pub lapsed: Vec<(Lane, EffectId, u32)>,
    /// The endpoints that want no more calls, where this batch changed that.
    pub disabled: Option<BTreeSet<Arc<str>>>,
    pub event_number: u16,
    pub entropy: Entropy,
    /// The slots of throttles, where this batch gave any.
    pub pace: Option<PaceBook>,
    /// The counters of experiments, where this batch changed any.
    pub experiments: Option<ExperimentBook>,
    /// The book of suppressed addresses, where this batch put any in.
    pub suppressions: Option<SuppressionBook>,
    /// How contacts come under the running program.
    pub rolling: &'a mut Rolling,
    /// What came of those that did.
    brought: Brought,
}

impl Unit {
    /// How many inputs it is.
    pub fn inputs(&self) -> usize {
        if let Unit::Submit(items) = self { items.len() } else { 1 }
    }
}

impl<'a> Work<'a> {
    pub fn new(around: Surroundings<'a>, (desk, rolling): (&'a mut Desk, &'a mut Rolling)) -> Work<'a> {
        let batch = Batch { now: around.now, deployment: around.linked.deployment.seq, ..Batch::default() };
        Work {
            around,
            desk,
            people: FxHashMap::default(),
            opened: RefCell::default(),
            order: Vec::new(),
            rekeyed: Vec::new(),
            gone: FxHashMap::default(),
            keys: FxHashMap::default(),
            emails: FxHashMap::default(),
            phones: FxHashMap::default(),
            seen: FxHashSet::default(),
            batch,
            rows: FxHashMap::default(),
            row_order: Vec::new(),
            claims: Vec::new(),
            in_hand: Vec::new(),
            released: Vec::new(),
            lapsed: Vec::new(),
            disabled: None,
            event_number: 0,
            entropy: Entropy::default(),
            pace: None,
            experiments: None,
            suppressions: None,
            rolling,
            brought: Brought::default(),
        }
    }
    /// So many inputs are to come: growing tables again and again is saved.
    pub fn expect(&mut self, inputs: usize) {
        self.people.reserve(inputs);
        self.order.reserve(inputs);
        self.seen.reserve(inputs);
        self.batch.events.reserve(inputs);
        self.batch.contacts.reserve(inputs);
        self.batch.journal.reserve(2 * inputs);
    }
    /// The contact that carries a number on, merges of this batch included.
    pub fn canonical(&self, uid: ContactUid) -> ContactUid {
        let Surroundings { resident, pending, .. } = self.around;
        let mut current = uid;
        // Merges form no circle; the bound is for a store that was tampered with.
        for _ in 0..64 {
            let mine = self.gone.get(&current).or_else(|| pending?.gone.get(&current));
            match mine.or_else(|| resident.redirects.get(&current)) {
                Some(next) => current = *next,
                None => return current,
            }
        }
        current
    }
    /// The state as this batch has left it so far.
    pub fn state(&self, uid: ContactUid) -> Option<Seen<'_>> {
        if let Some(touched) = self.people.get(&uid) {
            return Some(Seen::Changed(&touched.state));
        }
        if let Some(state) = self.opened.borrow().get(&uid) {
            return Some(Seen::Opened(state.clone()));
        }
        let (packed, _) = self.before(uid)?;
        let state = Rc::new(open_packed(uid, packed)?);
        self.opened.borrow_mut().insert(uid, state.clone());
        Some(Seen::Opened(state))
    }
    /// Whether there is such a contact.
    pub fn has(&self, uid: ContactUid) -> bool {
        self.people.contains_key(&uid) || self.before(uid).is_some()
    }
    /// A contact as this batch found it: as the one before has left it, or as it is in memory.
    fn before(&self, uid: ContactUid) -> Option<(&'a PackedState, Option<Instant>)> {
        if let Some(pending) = self.around.pending {
            if pending.gone.contains_key(&uid) {
                return None;
            }
            if let Some((packed, wake)) = pending.people.get(&uid) {
                return Some((packed, *wake));
            }
        }
        let person = self.around.resident.people.get(uid)?;
        Some((person.packed()?, person.wake()))
    }
    /// Opens a contact, to change it; first of all it comes under the running program.
    pub fn touch(&mut self, uid: ContactUid) -> Option<&mut Touched> {
        if !self.people.contains_key(&uid) {
            let resident = self.around.resident;
            let (packed, wake) = self.before(uid)?;
            let state = match self.opened.get_mut().remove(&uid) {
                Some(state) => Rc::unwrap_or_clone(state),
                None => open_packed(uid, packed)?,
            };
            let (before, indexed) = (Keys::of(&resident.builtins, &state), addresses(&resident.builtins, &state));
            self.people.insert(uid, Box::new(Touched { state, wake, is_woken: false, before, indexed }));
            self.order.push(uid);
            self.bring(uid);
        }
        self.people.get_mut(&uid).map(Box::as_mut)
    }
    /// Brings a contact under the running program, where it is not yet: an old state is never advanced by a new program.
    fn bring(&mut self, uid: ContactUid) {
        let Surroundings { linked, switches, now, .. } = self.around;
        let Some(touched) = self.people.get_mut(&uid) else { return };
        if !is_behind(linked, &touched.state, self.rolling.bringing.is_resting) {
            return;
        }
        if touched.state.deployment != linked.deployment.seq {
            self.fill_history(uid);
        }
        let Some(touched) = self.people.get_mut(&uid) else { return };
        let before: Vec<EnrollmentUid> = touched.state.enrollments.iter().map(|enrollment| enrollment.uid).collect();
        let outcome = redeploy(linked, switches, (&mut touched.state, &mut self.rolling.bringing), now);
        self.brought.count(&before, &touched.state);
        self.rolling.needed.extend(touched.state.asides.iter().map(|(_, aside)| aside.deployment));
        self.take(uid, outcome);
    }
    /// How far the roll-over is with this batch, where it brings anybody.
    fn progress(&self) -> Option<RollOver> {
        let before = self.around.pending.and_then(|pending| pending.roll_over.as_ref()).unwrap_or(&self.rolling.progress);
        (self.brought.contacts > 0).then(|| self.brought.add_to(before))
    }
    /// Puts a new contact in.
    pub fn add(&mut self, state: ContactState) {
        let uid = state.uid;
        let touched = Touched { state, wake: None, is_woken: false, before: Keys::default(), indexed: Addresses::default() };
        self.people.insert(uid, Box::new(touched));
        self.order.push(uid);
    }
    /// Applies one input to a contact and takes in all that comes of it.
    pub fn step(&mut self, uid: ContactUid, input: &Input) {
        let Surroundings { linked, switches, now, resident, .. } = self.around;
        let extended = self.book().extended(input, &resident.builtins, |channel, address| self.known_of_address(uid, (channel, address)));
        let input = extended.as_ref().unwrap_or(input);
        let Some(wake) = self.touch(uid).map(|touched| touched.wake) else { return };
        let asks_what_waits = wake.is_some_and(|at| at <= now) || matches!(input.kind, InputKind::Switched { .. });
        let waiting = if asks_what_waits && input.waiting.is_empty() { self.waiting_of(uid) } else { Vec::new() };
        let extended = (!waiting.is_empty()).then(|| Input { waiting, ..input.clone() });
        let input = extended.as_ref().unwrap_or(input);
        let Some(touched) = self.people.get_mut(&uid) else { return };
        let is_wake = matches!(input.kind, InputKind::Wake);
        let outcome = advance(linked, switches, &mut touched.state, input, now);
        touched.is_woken = is_wake;
        self.take(uid, outcome);
    }
    /// Runs what returns an outcome on a contact: merges, deploys.
    pub fn step_with(&mut self, uid: ContactUid, run: impl FnOnce(&Linked, &Switches, &mut ContactState) -> Outcome) {
        let Surroundings { linked, switches, .. } = self.around;
        let Some(touched) = self.touch(uid) else { return };
        let outcome = run(linked, switches, &mut touched.state);
        touched.is_woken = false;
        self.take(uid, outcome);
    }
    fn take(&mut self, uid: ContactUid, outcome: Outcome) {
        if let Some(touched) = self.people.get_mut(&uid) {
            touched.wake = outcome.next_wake;
        }
        self.batch.journal.extend(outcome.journal.into_iter().map(|entry| JournalRow { contact: uid, entry }));
        for effect in outcome.effects {
            self.take_effect(effect);
        }
        for update in outcome.updates {
            self.take_update(update);
        }
        for fault in &outcome.faults {
            self.put_fault_aside(uid, fault);
        }
        self.rekey(uid);
        for request in outcome.requests {
            let pace = self.pace.get_or_insert_with(|| pace_before(self.around).clone());
            let at = pace.grant(self.around.linked, &request, self.around.now);
            self.step(uid, &Input::new(InputKind::Slot { effect: request.effect, at }));
        }
        for note in outcome.experiments {
            self.take_note(uid, note);
        }
        outcome.addresses.iter().for_each(|note| self.take_address(uid, note));
    }
    /// An experiment's book is told something, or asked where a contact goes on.
    fn take_note(&mut self, uid: ContactUid, note: ExperimentNote) {
        let Surroundings { linked, now, resident, pending, .. } = self.around;
        let book = self.experiments.get_or_insert_with(|| pending.and_then(|pending| pending.experiments.as_ref()).unwrap_or(&resident.experiments).clone());
        if let Some(answer) = book.take(linked, uid.0, note, now) {
            self.step(uid, &Input::new(answer));
        }
    }
    /// An effect enters the outbox: claimed at once if its lane is free, else queued.
    fn take_effect(&mut self, mut effect: Effect) {
        if is_planted(Mutant::RandomEffectId) {
            SystemRandomness.fill(&mut effect.id.0);
        }
        let now = self.around.now;
        let (lane, mut row) = row_of(&self.around.routes.of(self.around.linked, &effect), effect);
        let id = row.effect.id;
        if self.desk.take_slot_at_once(&row, &lane, now) == Slot::Taken {
            row.state = OutboxChange { status: OutboxStatus::Claimed, attempt: 1, lease_until: Some(now.plus_millis(LEASE_MS)), ..row.state };
            self.claims.push(id);
        }
        if self.rows.insert(id, StagedRow { row, lane, from: None }).is_none() {
            self.row_order.push(id);
        }
    }
    /// An attempt begins with the commit.
    pub fn attempt(&mut self, id: EffectId) {
        let now = self.around.now;
        self.change_row(id, |state| {
            *state = OutboxChange {
                status: OutboxStatus::Claimed,
                attempt: state.attempt + 1,
                not_before: None,
                lease_until: Some(now.plus_millis(LEASE_MS)),
                ..state.clone()
            };
        });
        self.claims.push(id);
    }
    /// What the machine says of an effect that exists.
    fn take_update(&mut self, update: EffectUpdate) {
        match update {
            EffectUpdate::Attempt(id) => self.attempt(id),
            EffectUpdate::Suppressed(id, reason) => self.close_queued(id, OutboxStatus::Suppressed, reason),
            EffectUpdate::Cancelled(id, reason) => self.close_queued(id, OutboxStatus::Cancelled, reason),
            EffectUpdate::Postponed(id, until) => self.hold_row(id, until),
            EffectUpdate::Parked(id) => self.hold_row(id, Instant::FAR_FUTURE),
        }
    }
    /// A row is held again: time that passes meanwhile does not count against its expiry.
    fn hold_row(&mut self, id: EffectId, until: Instant) {
        let now = self.around.now;
        if self.row_status(id) == Some(OutboxStatus::Queued) {
            self.change_row(id, |state| {
                // Of one that is held for an unknown time what is left of its worth is kept, behind the end of time.
                state.expires_at = Instant(until.0 + state.expires_at.millis_since(now));
                state.not_before = Some(until);
            });
        }
    }
    /// Takes a row back before it left; an attempt under way decides for itself.
    fn close_queued(&mut self, id: EffectId, status: OutboxStatus, reason: Arc<str>) {
        match self.row_status(id) {
            Some(OutboxStatus::Queued | OutboxStatus::Unknown) => self.change_row(id, |state| {
                state.status = status;
                state.reason = Some(reason);
            }),
            Some(
                OutboxStatus::Claimed | OutboxStatus::Accepted | OutboxStatus::Failed | OutboxStatus::Suppressed | OutboxStatus::Dead | OutboxStatus::Cancelled,
            )
            | None => {}
        }
    }
    /// Where an effect stands, this batch included.
    pub fn row_status(&self, id: EffectId) -> Option<OutboxStatus> {
        let staged = self.rows.get(&id).map(|staged| staged.row.state.status);
        staged.or_else(|| self.desk.get(id).map(|open| open.row.state.status))
    }
    /// Takes a row up that the desk may not have: it was closed before.
    pub fn stage(&mut self, lane: Lane, row: OutboxRow) {
        let (id, from) = (row.effect.id, Some((row.state.status, row.state.attempt)));
        if let Entry::Vacant(place) = self.rows.entry(id) {
            place.insert(StagedRow { row, lane, from });
            self.row_order.push(id);
        }
    }
    /// Changes a row that is open.
    pub fn change_row(&mut self, id: EffectId, change: impl FnOnce(&mut OutboxChange)) {
        if !self.rows.contains_key(&id) {
            let Some(open) = self.desk.get(id) else { return };
            let from = Some((open.row.state.status, open.row.state.attempt));
            self.rows.insert(id, StagedRow { row: open.row.clone(), lane: open.lane.clone(), from });
            self.row_order.push(id);
        }
        if let Some(staged) = self.rows.get_mut(&id) {
            change(&mut staged.row.state);
        }
    }
    /// A timer of a contact is run: how late is that?
    pub fn note_lateness(&self, uid: ContactUid) {
        let due = self.around.resident.people.get(uid).and_then(|person| person.wake());
        let late_ms = due.map_or(0, |at| self.around.now.millis_since(at));
        self.around.metrics.woke(std::time::Duration::from_millis(u64::try_from(late_ms).unwrap_or(0)));
    }
    /// A line on a contact's journal that the engine itself writes.
    pub fn note(&mut self, uid: ContactUid, what: What, why: impl Into<Arc<str>>) {
        let cause = Cause { input: Arc::from("ingest"), fact: None };
        let entry = JournalEntry { at: self.around.now, campaign: None, enrollment: None, step: None, what, why: why.into(), cause };
        self.batch.journal.push(JournalRow { contact: uid, entry });
    }
    /// A sender's key belongs to a contact from now on.
    pub fn give_key(&mut self, kind: IdentityKind, key: &Arc<str>, uid: ContactUid) {
        let entry = (kind, key.clone());
        let former = self.keys.get(&entry).copied().or_else(|| self.around.resident.sender(kind, key)).filter(|former| *former != uid);
        self.keys.insert(entry, uid);
        self.batch.identities.push(IdentityChange { kind, key: key.clone(), contact: uid, former });
    }
    /// Keeps the addresses of this batch in step with the states it changes.
    fn rekey(&mut self, uid: ContactUid) {
        let builtins = &self.around.resident.builtins;
        let Some(touched) = self.people.get_mut(&uid) else { return };
        let now = addresses(builtins, &touched.state);
        if touched.indexed == now {
            return;
        }
        touched.indexed = now;
        let (email, phone) = (builtins.email_key(&touched.state), builtins.phone_key(&touched.state));
        if let Some(key) = email {
            let mut holders = self.holders_of_email(&key);
            if !holders.contains(&uid) {
                holders.push(uid);
                self.emails.insert(key, holders);
            }
        }
        if let Some(key) = phone {
            let mut holders = self.holders_of_phone(&key);
            if !holders.contains(&uid) {
                holders.push(uid);
                self.phones.insert(key, holders);
            }
        }
    }
    /// Who had a device before this batch, if the state still says so.
    pub fn holder_of_device(&self, device: &str) -> Option<ContactUid> {
        let Surroundings { resident, pending, .. } = self.around;
        let pending = pending.and_then(|pending| pending.devices.get(device).copied());
        let holder = self.canonical(pending.or_else(|| resident.keys.holder(KeyKind::Device, device))?);
        self.state(holder)?.devices.iter().any(|known| known.as_ref() == device).then_some(holder)
    }
    /// Brings the batch into the shape the store takes.
    ///
    /// # Errors
    /// A value cannot be written.
    pub fn finish(&mut self) -> Result<(), StoreError> {
        let builtins = &self.around.resident.builtins;
        for uid in &self.order {
            if self.gone.contains_key(uid) {
                continue;
            }
            let Some(touched) = self.people.get_mut(uid) else { continue };
            if touched.is_woken && touched.wake.is_some_and(|at| at <= self.around.now) {
                // All that was due has been done; what says otherwise is looked at again a moment later, not for ever now.
                touched.wake = Some(self.around.now.plus_millis(1));
            }
            if is_planted(Mutant::TimerNotArmed) {
                touched.wake = None;
            }
            let after = Keys::of(builtins, &touched.state);
            let image = ContactImage::of(&touched.state, (after.email.clone(), after.phone.clone()), touched.wake)?;
            self.batch.contacts.push(image);
            if after != touched.before {
                self.rekeyed.push(Rekeyed { uid: *uid, before: std::mem::take(&mut touched.before), after });
            }
        }
        if is_planted(Mutant::EventNotStored) {
            self.batch.events.clear();
        }
        if let Some(progress) = self.progress() {
            self.batch.meta.push((ROLL_OVER, encode_progress(&progress)?));
        }
        self.finish_rows()
    }
    /// The index changes that come with the batch.
    pub fn take_rekeyed(&mut self) -> Vec<Rekeyed> {
        std::mem::take(&mut self.rekeyed)
    }
    /// What the next batch is decided over until this one is durable.
    pub fn take_pending(&mut self) -> Pending {
        let devices = |change: &Rekeyed| change.after.devices.iter().map(|device| (device.clone(), change.uid)).collect::<Vec<_>>();
        Pending {
            roll_over: self.progress(),
            people: self.batch.contacts.iter().map(|image| (image.uid, (image.state.clone(), image.wakes_at))).collect(),
            devices: self.rekeyed.iter().flat_map(devices).collect(),
            gone: std::mem::take(&mut self.gone),
            keys: std::mem::take(&mut self.keys),
            emails: std::mem::take(&mut self.emails),
            phones: std::mem::take(&mut self.phones),
            seen: std::mem::take(&mut self.seen),
            pace: self.pace.take(),
            experiments: self.experiments.take(),
            suppressions: self.suppressions.take(),
        }
    }
    /// The rows of the outbox that it leaves, in the order in which they were decided.
    pub fn take_rows(&mut self) -> Vec<(Lane, OutboxRow)> {
        self.row_order.iter().filter_map(|id| self.rows.remove(id)).map(|staged| (staged.lane, staged.row)).collect()
    }
    /// The lanes of new effects whose attempt begins with the commit: each has taken a slot. One that is tried again holds the slot that
    /// was taken when it was found due.
    pub fn lanes_claimed(&self) -> Vec<(Lane, EffectId)> {
        let staged = self.claims.iter().filter_map(|id| self.rows.get(id));
        staged.filter(|staged| staged.from.is_none()).map(|staged| (staged.lane.clone(), staged.row.effect.id)).collect()
    }
    fn finish_rows(&mut self) -> Result<(), StoreError> {
        for id in &self.row_order {
            let Some(staged) = self.rows.get(id) else { continue };
            match staged.from {
                None => self.batch.outbox.push(staged.row.clone()),
                Some((from_status, from_attempt)) => {
                    self.batch.updates.push(OutboxUpdate {
                        effect: *id,
                        contact: staged.row.effect.contact,
                        from_status,
                        from_attempt,
                        to: staged.row.state.clone(),
                    });
                }
            }
        }
        if let Some(pace) = &self.pace {
            self.batch.meta.push((PACE, encode_pace(pace)?));
        }
        if let Some(experiments) = &self.experiments {
            self.batch.meta.push((EXPERIMENTS, encode_experiments(experiments)?));
        }
        if let Some(suppressions) = &self.suppressions {
            self.batch.meta.push((SUPPRESSIONS, suppressions.encode()?));
        }
        if let Some(disabled) = &self.disabled {
            let names: Vec<&str> = disabled.iter().map(AsRef::as_ref).collect();
            self.batch.meta.push((DISABLED, names.join("\n").into_bytes()));
        }
        let mut redirects: Vec<(ContactUid, ContactUid)> = self.gone.iter().map(|(loser, winner)| (*loser, *winner)).collect();
        redirects.sort_unstable();
        self.batch.redirects = redirects;
        Ok(())
    }
    /// Gives back the slots that this batch took: nothing came of it.
    pub fn abandon(self, handed: &[(EffectId, Lane)]) {
        let now = self.around.now;
        for (lane, id) in self.lanes_claimed() {
            self.desk.give_slot((&lane, id), now);
        }
        for (id, lane) in handed {
            self.desk.give_slot((lane, *id), now);
        }
    }
}

/// The slots of throttles as this batch found them.
fn pace_before(around: Surroundings<'_>) -> &PaceBook {
    around.pending.and_then(|pending| pending.pace.as_ref()).unwrap_or(&around.resident.pace)
}
