//! Contacts that have one address: what becomes of it for one of them holds for all, and what bounced stays in the book when it is nobody's.

use super::batch::{Surroundings, Work};
use super::keys::KeyKind;
use super::suppressions::{Suppressed, SuppressionBook, SuppressionGround};
use crate::advance::{AddressNote, Change, Input, InputKind, inherited};
use crate::bytecode::Channel;
use crate::machine::state::{ContactState, ContactUid};
use std::sync::Arc;

impl<'a> Work<'a> {
    /// The book as this batch finds or has changed it.
    pub(super) fn book(&self) -> &SuppressionBook {
        self.suppressions.as_ref().unwrap_or_else(|| book_before(self.around))
    }

    /// Carries on what an input has done to an address of a contact.
    pub(super) fn take_address(&mut self, uid: ContactUid, note: &AddressNote) {
        match note {
            AddressNote::Left(channel, address) => {
                let (around, since) = (self.around, self.around.now);
                let book = self.suppressions.get_or_insert_with(|| book_before(around).clone());
                book.add(book.key_of(*channel, address), Suppressed { channel: *channel, ground: SuppressionGround::HardBounce, since });
            }
            AddressNote::Gained(channel) => {
                for other in self.others(uid, *channel) {
                    let (Some(holder), Some(new)) = (self.state(other), self.state(uid)) else { continue };
                    let changes = inherited(self.around.linked, *channel, (&holder, &new));
                    if !changes.is_empty() {
                        self.step(uid, &Input::new(InputKind::Changed(changes)));
                    }
                }
            }
            AddressNote::Lost(change) => {
                let mut others: Vec<ContactUid> = note.channels().into_iter().flat_map(|channel| self.others(uid, channel)).collect();
                others.sort_unstable();
                others.dedup();
                for other in others {
                    self.step(other, &Input::new(InputKind::Changed(vec![change.clone()])));
                }
            }
        }
    }

    /// Who has, or had before this batch, an address; the caller asks each one's state.
    pub fn holders_of_email(&self, key: &Arc<str>) -> Vec<ContactUid> {
        let known = self.emails.get(key).or_else(|| self.around.pending?.emails.get(key));
        known.cloned().unwrap_or_else(|| self.around.resident.keys.holders(KeyKind::Email, key))
    }
    /// Likewise of a number.
    pub fn holders_of_phone(&self, key: &Arc<str>) -> Vec<ContactUid> {
        let known = self.phones.get(key).or_else(|| self.around.pending?.phones.get(key));
        known.cloned().unwrap_or_else(|| self.around.resident.keys.holders(KeyKind::Phone, key))
    }

    /// What a contact takes over with an address that an input brings it, before any trigger looks.
    pub(super) fn known_of_address(&self, uid: ContactUid, (channel, address): (Channel, &Arc<str>)) -> Vec<Change> {
        if self.address(uid, channel).as_ref() == Some(address) {
            return Vec::new();
        }
        let nobody = ContactState::default();
        let new = self.state(uid);
        let holders = self.others_with(uid, (channel, address)).into_iter().filter_map(|other| self.state(other));
        holders.flat_map(|holder| inherited(self.around.linked, channel, (&holder, new.as_deref().unwrap_or(&nobody)))).collect()
    }

    /// The others who have the contact's address now.
    fn others(&self, uid: ContactUid, channel: Channel) -> Vec<ContactUid> {
        self.address(uid, channel).map(|own| self.others_with(uid, (channel, &own))).unwrap_or_default()
    }

    fn others_with(&self, uid: ContactUid, (channel, address): (Channel, &Arc<str>)) -> Vec<ContactUid> {
        let holders = match channel {
            Channel::Email => self.holders_of_email(address),
            Channel::Sms => self.holders_of_phone(address),
            Channel::Push => Vec::new(),
        };
        let others = holders.into_iter().map(|holder| self.canonical(holder)).filter(|holder| *holder != uid);
        others.filter(|holder| self.address(*holder, channel).as_ref() == Some(address)).collect()
    }

    fn address(&self, uid: ContactUid, channel: Channel) -> Option<Arc<str>> {
        let builtins = &self.around.resident.builtins;
        let state = self.state(uid)?;
        match channel {
            Channel::Email => builtins.email_key(&state),
            Channel::Sms => builtins.phone_key(&state),
            Channel::Push => None,
        }
    }
}

/// The book as a batch finds it.
fn book_before(around: Surroundings<'_>) -> &SuppressionBook {
    around.pending.and_then(|pending| pending.suppressions.as_ref()).unwrap_or(&around.resident.suppressions)
}
