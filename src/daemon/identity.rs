//! Who a submission is about: the table of ingestion, section 5. Contacts come into being here, gain keys, and are merged.

use super::api::{ContactKey, Rejection};
use super::batch::Work;
use super::ingest::normalize_phone;
use crate::advance::{Change, merge};
use crate::bytecode::BuiltinField;
use crate::lang::{Value, normalize_email};
use crate::machine::state::{ContactState, ContactUid};
use crate::proof::{Point, reach};
use crate::store::IdentityKind;
use std::sync::Arc;

/// The contact of a submission, and the changes its keys bring.
#[derive(Debug)]
pub(crate) struct Attributed {
    pub uid: ContactUid,
    pub is_new: bool,
    /// Keys that the state does not have yet.
    pub changes: Vec<Change>,
}

impl Work<'_> {
    /// Finds the contact of a key, or makes one.
    pub fn attribute(&mut self, key: &ContactKey) -> Result<Attributed, Rejection> {
        let user = key.user_id.as_ref().filter(|id| !id.is_empty());
        let anonymous = key.anonymous_id.as_ref().filter(|id| !id.is_empty());
        if let Some(uid) = key.uid {
            let uid = self.canonical(uid);
            return match (self.has(uid), anonymous) {
                // The token of a click: the browser it led to is this contact's.
                (true, Some(anonymous)) => Ok(self.tie((uid, anonymous), Self::has_no_name)),
                (true, None) => Ok(known(uid)),
                (false, _) => Err(Rejection { reason: "unknown_contact", detail: format!("there is no contact {}", uid.to_text()) }),
            };
        }
        match (user, anonymous) {
            (None, None) => self.attribute_by_address(key),
            (Some(user), None) => Ok(match self.find_key(IdentityKind::User, user) {
                Some(uid) => known(uid),
                None => self.make_with(Some(user), None),
            }),
            (None, Some(anonymous)) => Ok(match self.find_key(IdentityKind::Anonymous, anonymous) {
                Some(uid) => known(uid),
                None => self.make_with(None, Some(anonymous)),
            }),
            (Some(user), Some(anonymous)) => Ok(self.attribute_by_both(user, anonymous)),
        }
    }

    fn attribute_by_both(&mut self, user: &Arc<str>, anonymous: &Arc<str>) -> Attributed {
        let of_user = self.find_key(IdentityKind::User, user);
        let of_anonymous = self.find_key(IdentityKind::Anonymous, anonymous);
        match (of_user, of_anonymous) {
            (Some(uid), _) => self.tie((uid, anonymous), Self::has_no_user),
            (None, Some(other)) if self.has_no_user(other) => {
                self.give_key(IdentityKind::User, user, other);
                Attributed { uid: other, is_new: false, changes: vec![Change::SetUserId(user.clone())] }
            }
            (None, _) => self.make_with(Some(user), Some(anonymous)),
        }
    }

    /// Makes an anonymous key lead to a contact. Whoever held it before goes up in this one where `is_same_person` says so.
    fn tie(&mut self, (uid, anonymous): (ContactUid, &Arc<str>), is_same_person: fn(&Self, ContactUid) -> bool) -> Attributed {
        match self.find_key(IdentityKind::Anonymous, anonymous) {
            Some(other) if uid == other => known(uid),
            Some(other) if is_same_person(self, other) => {
                self.merge_into(uid, other);
                known(uid)
            }
            // Unknown so far; or the device is shared: from now on its key leads to this user, what it did before stays where it is.
            Some(_) | None => {
                self.give_key(IdentityKind::Anonymous, anonymous, uid);
                Attributed { uid, is_new: false, changes: vec![Change::AddAnonymousId(anonymous.clone())] }
            }
        }
    }

    /// Forms, imports and the API know people by address or number.
    fn attribute_by_address(&mut self, key: &ContactKey) -> Result<Attributed, Rejection> {
        let email = key.email.as_ref().map(|text| normalize_email(text).ok_or_else(|| bad_id(format!("{text} is not an address")))).transpose()?;
        let phone = key.phone.as_ref().map(|text| normalize_phone(text, self.around.country).ok_or_else(|| bad_id(format!("{text} is not a number"))));
        let phone = phone.transpose()?;
        let email: Option<Arc<str>> = email.map(Arc::from);
        let phone: Option<Arc<str>> = phone.map(Arc::from);
        let holder = match (&email, &phone) {
            (Some(email), _) => self.first_with_email(email),
            (None, Some(phone)) => self.first_with_phone(phone),
            (None, None) => return Err(Rejection { reason: "no_identity", detail: "neither userId nor anonymousId is given".to_owned() }),
        };
        Ok(holder.map(known).unwrap_or_else(|| {
            let mut made = self.make();
            let builtins = &self.around.resident.builtins;
            let set = |field, value: &Option<Arc<str>>| Some(Change::SetField(builtins.id(field)?, Value::Text(value.clone()?)));
            made.changes.extend(set(BuiltinField::Email, &email));
            made.changes.extend(set(BuiltinField::Phone, &phone));
            made
        }))
    }

    /// The holder of an address: of two the one with a user id, then the older.
    pub fn first_with_email(&self, email: &Arc<str>) -> Option<ContactUid> {
        let builtins = &self.around.resident.builtins;
        self.first_of(self.holders_of_email(email), |state| builtins.email_key(state).as_ref() == Some(email))
    }
    /// Likewise of a number.
    pub fn first_with_phone(&self, phone: &Arc<str>) -> Option<ContactUid> {
        let builtins = &self.around.resident.builtins;
        self.first_of(self.holders_of_phone(phone), |state| builtins.phone_key(state).as_ref() == Some(phone))
    }
    fn first_of(&self, holders: Vec<ContactUid>, still_has: impl Fn(&ContactState) -> bool) -> Option<ContactUid> {
        let states = holders.into_iter().filter(|uid| !self.gone.contains_key(uid)).filter_map(|uid| self.state(uid));
        states.filter(|state| still_has(state)).min_by_key(|state| (state.user_id.is_none(), state.created_at, state.uid)).map(|state| state.uid)
    }

    /// The contact of a sender's key.
    pub fn find_key(&self, kind: IdentityKind, key: &Arc<str>) -> Option<ContactUid> {
        let entry = (kind, key.clone());
        let uid = self.keys.get(&entry).or_else(|| self.around.pending?.keys.get(&entry)).copied().or_else(|| self.around.resident.sender(kind, key))?;
        Some(self.canonical(uid))
    }
    fn has_no_user(&self, uid: ContactUid) -> bool {
        self.state(uid).is_some_and(|state| state.user_id.is_none())
    }
    /// A visitor and no more: neither a user id nor an address. A forwarded mail, clicked by somebody known, unites nobody.
    fn has_no_name(&self, uid: ContactUid) -> bool {
        let builtins = &self.around.resident.builtins;
        self.state(uid).is_some_and(|state| state.user_id.is_none() && builtins.email_key(&state).is_none() && builtins.phone_key(&state).is_none())
    }
    fn make_with(&mut self, user: Option<&Arc<str>>, anonymous: Option<&Arc<str>>) -> Attributed {
        let mut made = self.make();
        if let Some(user) = user {
            self.give_key(IdentityKind::User, user, made.uid);
            made.changes.push(Change::SetUserId(user.clone()));
        }
        if let Some(anonymous) = anonymous {
            self.give_key(IdentityKind::Anonymous, anonymous, made.uid);
            made.changes.push(Change::AddAnonymousId(anonymous.clone()));
        }
        made
    }
    fn make(&mut self) -> Attributed {
        let mut uid = self.random_uid();
        while uid.0 == 0 || self.has(uid) {
            uid = self.random_uid();
        }
        let now = self.around.now;
        self.add(ContactState { uid, created_at: now, accepted_at: now, deployment: self.around.linked.deployment.seq, ..ContactState::default() });
        self.around.metrics.created.one();
        Attributed { uid, is_new: true, changes: Vec::new() }
    }

    /// 63 random bits.
    fn random_uid(&mut self) -> ContactUid {
        ContactUid(u64::from_be_bytes(self.entropy.take(self.around.randomness)) >> 1)
    }

    /// `other` goes up in `uid`: its keys, history and enrollments; its number redirects for ever.
    pub fn merge_into(&mut self, uid: ContactUid, other: ContactUid) {
        let (uid, other) = (self.canonical(uid), self.canonical(other));
        // Both are under the running program when they become one.
        let Some(loser) = (uid != other).then(|| self.touch(other).map(|touched| touched.state.clone())).flatten() else { return };
        let now = self.around.now;
        self.step_with(uid, |linked, switches, winner| merge(linked, switches, (winner, &loser), now));
        self.gone.insert(other, uid);
        reach(Point::MergeDecided);
        for key in &loser.anonymous_ids {
            if self.find_key(IdentityKind::Anonymous, key) == Some(uid) {
                self.give_key(IdentityKind::Anonymous, key, uid);
            }
        }
        if let Some(key) = &loser.user_id {
            self.give_key(IdentityKind::User, key, uid);
        }
        self.around.metrics.merged.one();
    }

    /// Two keys are one contact, the sender says.
    pub fn alias(&mut self, uid: ContactUid, previous: &Arc<str>) -> Vec<Change> {
        let found = self.find_key(IdentityKind::User, previous).or_else(|| self.find_key(IdentityKind::Anonymous, previous));
        match found {
            Some(other) if other == uid => Vec::new(),
            Some(other) => {
                self.merge_into(uid, other);
                Vec::new()
            }
            None => {
                self.give_key(IdentityKind::User, previous, uid);
                self.give_key(IdentityKind::Anonymous, previous, uid);
                vec![Change::AddAnonymousId(previous.clone())]
            }
        }
    }

    /// After an identify: another holder of the same address without a user id is the same person.
    pub fn unite_by_email(&mut self, uid: ContactUid) {
        let builtins = &self.around.resident.builtins;
        let Some(email) = self.state(uid).and_then(|state| builtins.email_key(&state)) else { return };
        let others: Vec<ContactUid> = self
            .holders_of_email(&email)
            .into_iter()
            .filter(|other| *other != uid && !self.gone.contains_key(other))
            .filter(|other| self.state(*other).is_some_and(|state| builtins.email_key(&state).as_ref() == Some(&email)))
            .collect();
        for other in others {
            if self.has_no_user(other) {
                self.merge_into(uid, other);
            } else {
                // Two known users share an address: nothing merges, suppression works by address.
                self.around.metrics.shared_addresses.one();
            }
        }
    }
}

fn known(uid: ContactUid) -> Attributed {
    Attributed { uid, is_new: false, changes: Vec::new() }
}

fn bad_id(detail: String) -> Rejection {
    Rejection { reason: "bad_id", detail }
}
