//! What is held in memory: every contact's state, the keys that lead to them, their timers, and the program that runs.
//!
//! One thread changes it, after a commit; everybody may read. Nothing here that is not durable.

use super::tally::Tally;
use crate::advance::{ExperimentBook, PaceBook, Switches};
use crate::bytecode::{BuiltinField, FieldId};
use crate::lang::{Instant, Zone, normalize_email};
use crate::machine::Linked;
use crate::machine::state::{ContactState, ContactUid, StableId};
use crate::store::IdentityKind;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A contact in memory.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub state: Arc<ContactState>,
    pub wake: Option<Instant>,
}

/// Where the program keeps the fields that the engine itself reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Builtins {
    fields: FxHashMap<BuiltinField, (FieldId, StableId)>,
}

impl Builtins {
    pub fn new(linked: &Linked) -> Builtins {
        let fields = linked.program.fields.iter().enumerate().filter_map(|(index, field)| {
            let stable = linked.deployment.fields.get(index)?;
            Some((field.builtin?, (FieldId::from_index(index), *stable)))
        });
        Builtins { fields: fields.collect() }
    }
    /// The program's number of a built-in field.
    pub fn id(&self, field: BuiltinField) -> Option<FieldId> {
        self.fields.get(&field).map(|(id, _)| *id)
    }
    /// The text a contact has in a built-in field.
    pub fn text<'a>(&self, state: &'a ContactState, field: BuiltinField) -> Option<&'a Arc<str>> {
        let (_, stable) = self.fields.get(&field)?;
        state.fields.get(stable)?.as_shared_text()
    }
    /// The contact's zone, or else the project's.
    pub fn zone(&self, state: &ContactState, linked: &Linked) -> Zone {
        self.text(state, BuiltinField::Timezone).and_then(|name| Zone::find(name)).unwrap_or_else(|| linked.zone.clone())
    }
    /// The address as a key.
    pub fn email_key(&self, state: &ContactState) -> Option<Arc<str>> {
        let text = self.text(state, BuiltinField::Email)?;
        normalize_email(text).map(Arc::from)
    }
    /// The number as a key.
    pub fn phone_key(&self, state: &ContactState) -> Option<Arc<str>> {
        self.text(state, BuiltinField::Phone).cloned()
    }
}

/// All that is in memory.
#[derive(Debug, Default)]
pub(crate) struct Resident {
    pub contacts: FxHashMap<ContactUid, Person>,
    pub senders: FxHashMap<(IdentityKind, Arc<str>), ContactUid>,
    pub emails: FxHashMap<Arc<str>, Vec<ContactUid>>,
    pub phones: FxHashMap<Arc<str>, Vec<ContactUid>>,
    /// Push devices and whose they are.
    pub devices: FxHashMap<Arc<str>, ContactUid>,
    pub redirects: FxHashMap<ContactUid, ContactUid>,
    pub timers: BTreeSet<(Instant, ContactUid)>,
    pub linked: Option<Arc<Linked>>,
    pub builtins: Builtins,
    pub switches: Switches,
    /// The slots that throttles have given.
    pub pace: PaceBook,
    /// What all contacts together have shown of experiments.
    pub experiments: ExperimentBook,
    /// The numbers of those who were erased.
    pub erased: Tally,
    pub quarantined: Vec<(ContactUid, String)>,
}

impl Resident {
    /// The contact that carries a number on: itself, or the survivor of its merges.
    pub fn canonical(&self, uid: ContactUid) -> ContactUid {
        let mut current = uid;
        // Merges form no circle; the bound is for a store that was tampered with.
        for _ in 0..64 {
            match self.redirects.get(&current) {
                Some(next) => current = *next,
                None => return current,
            }
        }
        current
    }
    /// The state of a contact.
    pub fn state(&self, uid: ContactUid) -> Option<&Arc<ContactState>> {
        self.contacts.get(&self.canonical(uid)).map(|person| &person.state)
    }
    /// Of several holders of an address: the one with a user id, then the older.
    pub fn first_holder(&self, holders: &[ContactUid]) -> Option<ContactUid> {
        let rank = |uid: &ContactUid| self.contacts.get(uid).map(|person| (person.state.user_id.is_none(), person.state.created_at, *uid));
        holders.iter().filter(|uid| self.contacts.contains_key(*uid)).min_by_key(|uid| rank(uid)).copied()
    }
    /// Puts a contact in, or its new state, and keeps timers and addresses in step.
    pub fn install(&mut self, state: Arc<ContactState>, wake: Option<Instant>) {
        let uid = state.uid;
        let (email, phone) = (self.builtins.email_key(&state), self.builtins.phone_key(&state));
        let devices = state.devices.clone();
        let former = self.contacts.insert(uid, Person { state, wake });
        let had = former.as_ref().map_or(&[][..], |person| person.state.devices.as_slice());
        if had != devices.as_slice() {
            rehold(&mut self.devices, uid, (had, &devices));
        }
        let (old_email, old_phone) = match &former {
            Some(person) => (self.builtins.email_key(&person.state), self.builtins.phone_key(&person.state)),
            None => (None, None),
        };
        if let Some(at) = former.and_then(|person| person.wake) {
            self.timers.remove(&(at, uid));
        }
        if let Some(at) = wake {
            self.timers.insert((at, uid));
        }
        rekey(&mut self.emails, uid, old_email, email);
        rekey(&mut self.phones, uid, old_phone, phone);
    }
    /// Takes a contact out: it was merged or erased.
    pub fn remove(&mut self, uid: ContactUid) {
        let Some(person) = self.contacts.remove(&uid) else { return };
        if let Some(at) = person.wake {
            self.timers.remove(&(at, uid));
        }
        rehold(&mut self.devices, uid, (&person.state.devices, &[]));
        let (email, phone) = (self.builtins.email_key(&person.state), self.builtins.phone_key(&person.state));
        rekey(&mut self.emails, uid, email, None);
        rekey(&mut self.phones, uid, phone, None);
    }
    /// Computes the address indices anew: a deploy may have moved the fields.
    pub fn reindex(&mut self) {
        self.emails.clear();
        self.phones.clear();
        let mut uids: Vec<ContactUid> = self.contacts.keys().copied().collect();
        uids.sort_unstable();
        for uid in uids {
            let Some(person) = self.contacts.get(&uid) else { continue };
            let (email, phone) = (self.builtins.email_key(&person.state), self.builtins.phone_key(&person.state));
            rekey(&mut self.emails, uid, None, email);
            rekey(&mut self.phones, uid, None, phone);
        }
    }
}

fn rehold(index: &mut FxHashMap<Arc<str>, ContactUid>, uid: ContactUid, (old, new): (&[Arc<str>], &[Arc<str>])) {
    for device in old.iter().filter(|device| !new.contains(device)) {
        if index.get(device) == Some(&uid) {
            index.remove(device);
        }
    }
    for device in new {
        index.insert(device.clone(), uid);
    }
}

fn rekey(index: &mut FxHashMap<Arc<str>, Vec<ContactUid>>, uid: ContactUid, old: Option<Arc<str>>, new: Option<Arc<str>>) {
    if old == new {
        return;
    }
    if let Some(key) = old
        && let Some(holders) = index.get_mut(&key)
    {
        holders.retain(|holder| *holder != uid);
        if holders.is_empty() {
            index.remove(&key);
        }
    }
    if let Some(key) = new {
        index.entry(key).or_default().push(uid);
    }
}
