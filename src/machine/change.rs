//! Changes of a contact's facts, by steps, inputs and tests alike.

use super::state::{ConsentState, Suppression};
use crate::bytecode::{Channel, FieldId, GroupId, ListId, SegmentId, TopicId};
use crate::lang::{Duration, Instant, Value};
use std::sync::Arc;

/// A change of a fact.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Change {
    /// Unset clears.
    SetField(FieldId, Value),
    AddItem(FieldId, Value),
    RemoveItem(FieldId, Value),
    AddPoints(GroupId, f64),
    SetPoints(GroupId, f64),
    Tag(Arc<str>),
    Untag(Arc<str>),
    AddToList(ListId),
    RemoveFromList(ListId),
    /// A step's or test's word; an operator's or contact's own is [`Change::Consent`].
    Subscribe(TopicId),
    Unsubscribe(TopicId),
    UnsubscribeAll,
    /// A consent record by the contact or the operator (form, preference page, API, import, keyword).
    Consent(ConsentTarget, ConsentState),
    /// Holds the contact's marketing messages for that long.
    Mute(Duration),
    /// A push device of the contact, the latest last.
    AddDevice(Arc<str>),
    RemoveDevice(Arc<str>),
    ClearDevices,
    /// Bounces and complaints; `None` lifts.
    Suppress(Channel, Option<Suppression>),
    /// Manual membership: `Some(true)` adds, `Some(false)` removes, `None` gives it back to the predicate.
    OverrideSegment(SegmentId, Option<bool>),
    /// Keys of the identity.
    SetUserId(Arc<str>),
    AddAnonymousId(Arc<str>),
    /// A trait that no field takes.
    SetTrait(Arc<str>, Value),
    /// `createdAt`: taken if earlier.
    CreatedAt(Instant),
}

/// What a consent is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ConsentTarget {
    Channel(Channel),
    Topic(TopicId),
}
