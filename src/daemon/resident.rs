//! What is held in memory: every contact's state, the keys that lead to them, their timers, and the program that runs.
//!
//! One thread changes it, after a commit; everybody may read. Nothing here that is not durable. States are held packed, as the store
//! has them: whoever looks at one opens it.

use super::api::RollOver;
use super::keys::{KeyIndex, KeyKind};
use super::people::{People, Person};
use super::suppressions::SuppressionBook;
use super::tally::Tally;
use crate::advance::{ExperimentBook, PaceBook, Switches};
use crate::bytecode::{BuiltinField, FieldId};
use crate::lang::{Instant, Zone, is_normal_email, normalize_email};
use crate::machine::Linked;
use crate::machine::state::{ContactState, ContactUid, StableId};
use crate::store::{IdentityKind, PackedState, QuarantineRow};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where the program keeps the fields that the engine itself reads.
#[derive(Clone, Debug, Default, PartialEq)]
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
        // Nearly all are: what comes in is made normal before it is kept.
        if is_normal_email(text) { Some(text.clone()) } else { normalize_email(text).map(Arc::from) }
    }
    /// The number as a key.
    pub fn phone_key(&self, state: &ContactState) -> Option<Arc<str>> {
        self.text(state, BuiltinField::Phone).cloned()
    }
}

/// What the indices say of a contact.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Keys {
    pub email: Option<Arc<str>>,
    pub phone: Option<Arc<str>>,
    pub devices: Vec<Arc<str>>,
    /// The campaigns that the contact is inside of, or was kept out of by their pause.
    pub campaigns: Vec<StableId>,
}

impl Keys {
    pub fn of(builtins: &Builtins, state: &ContactState) -> Keys {
        let of_enrollments = state.enrollments.iter().map(|enrollment| enrollment.campaign);
        let mut campaigns: Vec<StableId> = of_enrollments.chain(state.missed.iter().map(|missed| missed.campaign)).collect();
        campaigns.sort_unstable();
        campaigns.dedup();
        Keys { email: builtins.email_key(state), phone: builtins.phone_key(state), devices: state.devices.clone(), campaigns }
    }
}

/// A contact whose keys a batch changes.
#[derive(Debug)]
pub(crate) struct Rekeyed {
    pub uid: ContactUid,
    pub before: Keys,
    pub after: Keys,
}

/// All that is in memory.
#[derive(Debug, Default)]
pub(crate) struct Resident {
    pub people: People,
    pub keys: KeyIndex,
    pub redirects: FxHashMap<ContactUid, ContactUid>,
    pub timers: BTreeSet<(Instant, ContactUid)>,
    /// Who is inside a campaign, or was kept out by its pause.
    campaigns: BTreeSet<(StableId, ContactUid)>,
    pub linked: Option<Arc<Linked>>,
    pub builtins: Builtins,
    pub switches: Switches,
    /// The slots that throttles have given.
    pub pace: PaceBook,
    /// What all contacts together have shown of experiments.
    pub experiments: ExperimentBook,
    /// The numbers of those who were erased.
    pub erased: Tally,
    /// Addresses that nobody is to be written at.
    pub suppressions: SuppressionBook,
    pub quarantined: Vec<(ContactUid, String)>,
    /// Inputs that were put aside until the operator settles them, by number.
    pub put_aside: BTreeMap<u64, QuarantineRow>,
    /// How far the roll-over of the last deploy is.
    pub roll_over: RollOver,
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
    /// The state of a contact, or of the one it went up in, opened.
    pub fn state(&self, uid: ContactUid) -> Option<ContactState> {
        self.open(self.canonical(uid))
    }
    /// The state of exactly that contact, opened.
    pub fn open(&self, uid: ContactUid) -> Option<ContactState> {
        open(self.people.get(uid)?)
    }
    /// All states, opened one after the other, in no order.
    pub fn states(&self) -> impl Iterator<Item = ContactState> {
        self.people.iter().filter_map(open)
    }
    /// All contacts, by number.
    pub fn uids(&self) -> Vec<ContactUid> {
        let mut uids: Vec<ContactUid> = self.people.iter().map(Person::uid).collect();
        uids.sort_unstable();
        uids
    }
    /// The contact of a sender's key.
    pub fn sender(&self, kind: IdentityKind, key: &str) -> Option<ContactUid> {
        self.keys.holder(kind.into(), key)
    }
    /// Of several holders of an address: the one with a user id, then the older.
    pub fn first_holder(&self, kind: KeyKind, key: &str) -> Option<ContactUid> {
        let states = self.keys.holders(kind, key).into_iter().filter_map(|uid| self.open(uid));
        states.min_by_key(|state| (state.user_id.is_none(), state.created_at, state.uid)).map(|state| state.uid)
    }
    /// Puts a contact in, or its new state, and keeps timers in step; its keys follow by [`Resident::rekey`].
    pub fn put(&mut self, uid: ContactUid, packed: PackedState, wake: Option<Instant>) {
        let former = self.people.put(uid, packed, wake);
        if former == wake {
            return;
        }
        if let Some(at) = former {
            self.timers.remove(&(at, uid));
        }
        if let Some(at) = wake {
            self.timers.insert((at, uid));
        }
    }
    /// Who is inside a campaign, or was kept out by its pause; nobody else is looked at.
    pub fn inside(&self, campaign: StableId) -> Vec<ContactUid> {
        self.campaigns.range((campaign, ContactUid(0))..=(campaign, ContactUid(u64::MAX))).map(|(_, uid)| *uid).collect()
    }
    /// Takes a contact out: it was merged or erased.
    pub fn remove(&mut self, uid: ContactUid) {
        let Some(person) = self.people.remove(uid) else { return };
        if let Some(at) = person.wake() {
            self.timers.remove(&(at, uid));
        }
        if let Some(state) = open(&person) {
            let before = Keys::of(&self.builtins, &state);
            self.rekey(&Rekeyed { uid, before, after: Keys::default() });
        }
    }
    /// Keeps the keys of a contact in step with its state.
    pub fn rekey(&mut self, change: &Rekeyed) {
        let Rekeyed { uid, before, after } = change;
        for (kind, old, new) in [(KeyKind::Email, &before.email, &after.email), (KeyKind::Phone, &before.phone, &after.phone)] {
            if old == new {
                continue;
            }
            if let Some(key) = old {
                self.keys.remove(kind, key, *uid);
            }
            if let Some(key) = new {
                self.keys.add(kind, key, *uid);
            }
        }
        for device in before.devices.iter().filter(|device| !after.devices.contains(device)) {
            self.keys.remove(KeyKind::Device, device, *uid);
        }
        for device in after.devices.iter().filter(|device| !before.devices.contains(device)) {
            self.keys.give(KeyKind::Device, device, *uid);
        }
        for campaign in before.campaigns.iter().filter(|campaign| !after.campaigns.contains(campaign)) {
            self.campaigns.remove(&(*campaign, *uid));
        }
        self.campaigns.extend(after.campaigns.iter().filter(|campaign| !before.campaigns.contains(campaign)).map(|campaign| (*campaign, *uid)));
    }
    /// A program runs from now on. Where it keeps addresses in other fields, their index is made anew.
    pub fn run(&mut self, linked: Arc<Linked>) {
        let before = std::mem::replace(&mut self.builtins, Builtins::new(&linked));
        self.linked = Some(linked);
        let place = |builtins: &Builtins, field| builtins.fields.get(&field).map(|(_, stable)| *stable);
        if [BuiltinField::Email, BuiltinField::Phone].iter().all(|field| place(&before, *field) == place(&self.builtins, *field)) {
            return;
        }
        for uid in self.uids() {
            let Some(state) = self.open(uid) else { continue };
            let (before, after) = (Keys::of(&before, &state), Keys::of(&self.builtins, &state));
            self.rekey(&Rekeyed { uid, before, after });
        }
    }
}

fn open(person: &Person) -> Option<ContactState> {
    open_packed(person.uid(), person.packed()?)
}

/// Opens what is held in memory: it was opened when it was loaded, or packed by us.
pub(crate) fn open_packed(uid: ContactUid, packed: &PackedState) -> Option<ContactState> {
    match packed.open() {
        Ok(state) => Some(state),
        Err(error) => {
            tracing::error!(contact = uid.0, %error, "a state in memory cannot be opened");
            None
        }
    }
}
