//! What belongs to an address rather than to a person: that it bounced, that somebody complained, that whoever reads it has left. Others
//! who have the same address follow, and who changes address leaves a bounce behind.

use super::context::Context;
use crate::bytecode::{BuiltinField, Channel};
use crate::lang::Value;
use crate::machine::state::{ConsentState, ContactState, Suppression};
use crate::machine::{Change, ConsentTarget, Linked};
use std::sync::Arc;

/// What an input has done to an address of the contact. The caller, who knows all contacts, carries it to the others.
#[derive(Clone, Debug, PartialEq)]
pub enum AddressNote {
    /// The contact came to have another address of that channel.
    Gained(Channel),
    /// It has no longer this one, which had bounced.
    Left(Channel, Arc<str>),
    /// A permission went: a suppression, or a withdrawal.
    Lost(Change),
}

/// The channels whose addresses several contacts may have.
pub const SHARED: [Channel; 2] = [Channel::Email, Channel::Sms];

impl AddressNote {
    /// The channels of whose address it speaks: a topic is left by whoever reads any of them.
    #[must_use]
    pub fn channels(&self) -> Vec<Channel> {
        match self {
            AddressNote::Gained(channel) | AddressNote::Left(channel, _) | AddressNote::Lost(Change::Suppress(channel, _)) => vec![*channel],
            AddressNote::Lost(Change::Consent(ConsentTarget::Channel(channel), _)) => vec![*channel],
            AddressNote::Lost(_) => SHARED.to_vec(),
        }
    }
}

/// The field that holds a channel's address.
#[must_use]
pub fn address_field(channel: Channel) -> Option<BuiltinField> {
    match channel {
        Channel::Email => Some(BuiltinField::Email),
        Channel::Sms => Some(BuiltinField::Phone),
        Channel::Push => None,
    }
}

/// What `new`, who came to have the address of `holder`, takes over from it. A consent that was given in words is not overruled.
#[must_use]
pub fn inherited(linked: &Linked, channel: Channel, (holder, new): (&ContactState, &ContactState)) -> Vec<Change> {
    let (theirs, mine) = (&holder.consent, &new.consent);
    let mut changes = Vec::new();
    if let Some(reason) = theirs.suppression(channel).filter(|reason| mine.suppression(channel) != Some(*reason)) {
        changes.push(Change::Suppress(channel, Some(reason)));
    }
    let is_open = |state: ConsentState| matches!(state, ConsentState::None | ConsentState::Pending);
    if theirs.channel(channel) == ConsentState::Withdrawn && is_open(mine.channel(channel)) {
        changes.push(Change::Consent(ConsentTarget::Channel(channel), ConsentState::Withdrawn));
    }
    let left = theirs.topics.iter().filter(|(id, state)| **state == ConsentState::Withdrawn && is_open(mine.topic(**id)));
    let left = left.filter_map(|(id, _)| linked.topic(*id));
    changes.extend(left.map(|topic| Change::Consent(ConsentTarget::Topic(topic), ConsentState::Withdrawn)));
    changes
}

impl Context<'_> {
    /// The contact has another address: it does not inherit what became of the old one.
    pub(super) fn change_address(&mut self, channel: Channel, (old, new): (&Value, &Value)) {
        let has_bounced = self.state.consent.suppression(channel) == Some(Suppression::HardBounce);
        if has_bounced {
            self.state.consent.suppressed.retain(|(known, _, _)| *known != channel);
            if let Value::Text(address) = old {
                self.out.addresses.push(AddressNote::Left(channel, address.clone()));
            }
        }
        if new.is_set() {
            self.out.addresses.push(AddressNote::Gained(channel));
        }
    }

    /// Notes that a permission went.
    pub(super) fn lose(&mut self, change: Change) {
        self.out.addresses.push(AddressNote::Lost(change));
    }
}
