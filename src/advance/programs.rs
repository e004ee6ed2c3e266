//! Which program runs: facts, segments, triggers, policy and limits are the running program's; an enrollment's own code is that of the
//! program it goes on by. States carry lasting identities, so either program reads and changes the same contact.
//!
//! There are two doors between them. [`Context::inside`] looks at an enrollment as its own program has it; [`Context::outside`] leads
//! back to the contact, whose things are the running program's. Where no older program is loaded both do nothing.

use super::context::Context;
use crate::bytecode::{CampaignId, EventId, FieldId, GroupId, ListId, MessageDef, SegmentId, TopicId};
use crate::machine::state::{EnrollmentUid, SendRecord, StableId};
use crate::machine::{Change, ConsentTarget, Linked, stable};

impl<'a> Context<'a> {
    /// The program whose code an enrollment follows.
    pub fn code_of(&self, uid: EnrollmentUid) -> &'a Linked {
        let current = self.current;
        if current.former().is_empty() {
            return current;
        }
        current.code_of(self.state, uid)
    }
    /// Does something with an enrollment, as its own program has it.
    pub fn inside<R>(&mut self, uid: EnrollmentUid, act: impl FnOnce(&mut Self) -> R) -> R {
        let code = self.code_of(uid);
        let outer = std::mem::replace(&mut self.linked, code);
        let done = act(self);
        self.linked = outer;
        done
    }
    /// Does something with the contact: its things are the running program's.
    pub fn outside<R>(&mut self, act: impl FnOnce(&mut Self) -> R) -> R {
        let current = self.current;
        let outer = std::mem::replace(&mut self.linked, current);
        let done = act(self);
        self.linked = outer;
        done
    }
    /// Whether what runs is the running program's own code.
    pub fn is_current(&self) -> bool {
        std::ptr::eq(self.linked, self.current)
    }
    /// Whether an event of the code that runs is an event of the running program.
    pub fn is_same_event(&self, own: EventId, happened: EventId) -> bool {
        if self.is_current() {
            return own == happened;
        }
        stable(&self.linked.deployment.events, own.index()) == stable(&self.current.deployment.events, happened.index())
    }
    /// The running program's number of an event of the code that runs.
    pub fn event_now(&self, own: EventId) -> Option<EventId> {
        self.now_of(own.index(), |linked| &linked.deployment.events).map(EventId::from_index)
    }
    /// The running program's number of a campaign of the code that runs.
    pub fn campaign_now(&self, own: CampaignId) -> Option<CampaignId> {
        self.current.campaign(self.campaign_id(own))
    }
    /// The running program's number of a topic of the code that runs.
    pub fn topic_now(&self, own: TopicId) -> Option<TopicId> {
        self.now_of(own.index(), |linked| &linked.deployment.topics).map(TopicId::from_index)
    }
    /// A change that the code asks for, as the running program has it; none where that no longer knows what is to be changed.
    pub fn change_now(&self, change: &Change) -> Option<Change> {
        if self.is_current() {
            return Some(change.clone());
        }
        let field = |own: &FieldId| self.now_of(own.index(), |linked| &linked.deployment.fields).map(FieldId::from_index);
        let group = |own: &GroupId| self.now_of(own.index(), |linked| &linked.deployment.groups).map(GroupId::from_index);
        let list = |own: &ListId| self.now_of(own.index(), |linked| &linked.deployment.lists).map(ListId::from_index);
        let segment = |own: &SegmentId| self.now_of(own.index(), |linked| &linked.deployment.segments).map(SegmentId::from_index);
        Some(match change {
            Change::SetField(own, value) => Change::SetField(field(own)?, value.clone()),
            Change::AddItem(own, value) => Change::AddItem(field(own)?, value.clone()),
            Change::RemoveItem(own, value) => Change::RemoveItem(field(own)?, value.clone()),
            Change::AddPoints(own, number) => Change::AddPoints(group(own)?, *number),
            Change::SetPoints(own, number) => Change::SetPoints(group(own)?, *number),
            Change::AddToList(own) => Change::AddToList(list(own)?),
            Change::RemoveFromList(own) => Change::RemoveFromList(list(own)?),
            Change::Subscribe(own) => Change::Subscribe(self.topic_now(*own)?),
            Change::Unsubscribe(own) => Change::Unsubscribe(self.topic_now(*own)?),
            Change::Consent(ConsentTarget::Topic(own), state) => Change::Consent(ConsentTarget::Topic(self.topic_now(*own)?), *state),
            Change::OverrideSegment(own, membership) => Change::OverrideSegment(segment(own)?, *membership),
            Change::Tag(_)
            | Change::Untag(_)
            | Change::UnsubscribeAll
            | Change::Consent(ConsentTarget::Channel(_), _)
            | Change::Mute(_)
            | Change::AddDevice(_)
            | Change::RemoveDevice(_)
            | Change::ClearDevices
            | Change::Suppress(..)
            | Change::SetUserId(_)
            | Change::AddAnonymousId(_)
            | Change::SetTrait(..)
            | Change::CreatedAt(_) => change.clone(),
        })
    }
    /// The message of a sending, in the program whose code sent it.
    pub fn message_sent(&self, record: &SendRecord) -> Option<&'a MessageDef> {
        let code = self.code_of(record.enrollment);
        code.program.messages.get(code.message(record.message)?.index())
    }

    fn now_of(&self, own: usize, table: impl Fn(&Linked) -> &Vec<StableId>) -> Option<usize> {
        if self.is_current() {
            return Some(own);
        }
        let id = table(self.linked).get(own)?;
        table(self.current).iter().position(|known| known == id)
    }
}
