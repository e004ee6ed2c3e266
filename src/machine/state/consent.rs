//! Consent by channel and topic, and what suppresses an address.

use super::{SortedMap, StableId};
use crate::bytecode::Channel;
use crate::lang::Instant;
use serde::{Deserialize, Serialize};

/// What is recorded of a consent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsentState {
    /// No record.
    #[default]
    None,
    /// Asked for, not yet confirmed.
    Pending,
    /// Given.
    Given,
    /// Withdrawn.
    Withdrawn,
}

/// Why an address of the contact is not written to at all, transactional mail included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Suppression {
    HardBounce,
    Complaint,
}

/// All consent of a contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Consent {
    /// Email.
    pub email: ConsentState,
    /// SMS.
    pub sms: ConsentState,
    /// Push.
    pub push: ConsentState,
    /// Topics by stable id.
    pub topics: SortedMap<StableId, ConsentState>,
    /// Suppressed channels, since when and why.
    pub suppressed: Vec<(Channel, Suppression, Instant)>,
}

impl Consent {
    /// The record of a channel.
    #[must_use]
    pub fn channel(&self, channel: Channel) -> ConsentState {
        match channel {
            Channel::Email => self.email,
            Channel::Sms => self.sms,
            Channel::Push => self.push,
        }
    }
    /// The record of a channel, to change it.
    pub fn channel_mut(&mut self, channel: Channel) -> &mut ConsentState {
        match channel {
            Channel::Email => &mut self.email,
            Channel::Sms => &mut self.sms,
            Channel::Push => &mut self.push,
        }
    }
    /// The record of a topic.
    #[must_use]
    pub fn topic(&self, topic: StableId) -> ConsentState {
        self.topics.get(&topic).copied().unwrap_or_default()
    }
    /// What suppresses a channel.
    #[must_use]
    pub fn suppression(&self, channel: Channel) -> Option<Suppression> {
        self.suppressed.iter().find(|(known, _, _)| *known == channel).map(|(_, reason, _)| *reason)
    }
}
