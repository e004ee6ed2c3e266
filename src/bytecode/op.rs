//! The operations. A stack machine: expressions push and pop values, steps act on the contact.

use super::{
    ArmsId, BlockId, CampaignId, ConstId, EventId, ExperimentId, FieldId, GroupId, ListId, ListenId, NotifyId, Pc, PlaceId, QueryId, RegexId, RepeatId,
    SegmentId, SendId, SlotId, SplitId, StepId, TimelineId, TopicId, UntilId, WebhookStepId,
};
use crate::lang::TimeOfDay;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[allow(missing_docs)]
pub enum CompareOp {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// A question about two texts (`Contains` also about a list and a text).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[allow(missing_docs)]
pub enum TextOp {
    Contains,
    StartsWith,
    EndsWith,
    /// `==` with `ignoring case`
    Equal,
    /// `!=` with `ignoring case`
    NotEqual,
}

/// One operation. The stack effect stands behind each: `a b → c` pops `a b` (b on top) and pushes `c`.
/// The numbers are part of the format and are never given again.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub enum Op {
    /// `→ value`
    Const(ConstId) = 1,
    /// `→ value` of a contact's field
    Field(FieldId) = 2,
    /// `→ number`: the group's points
    Points(GroupId) = 3,
    /// `→ datetime`
    Now = 4,
    /// `→ date` in the contact's zone
    Today = 5,
    /// `→ value`: a property (a text constant) of the event that is being looked at
    EventProperty(ConstId) = 6,
    /// `→ record` captured in a slot, or unset
    Capture(SlotId) = 7,
    /// `record → value`: a property (a text constant) of a record; unset where it has none
    Get(ConstId) = 8,
    /// `duration → datetime`: now less the duration
    Ago = 9,
    /// `duration → datetime`: now and the duration
    FromNow = 10,
    /// `→ datetime`: that day (a date constant) and time of day in the contact's zone, or the project's where no contact is at hand
    LocalDateTime(ConstId, TimeOfDay) = 11,

    /// `a b → a+b` numbers, moment + duration, texts
    Add = 16,
    /// `a b → a-b` numbers, moment - duration
    Subtract = 17,
    /// `a b → a*b`
    Multiply = 18,
    /// `a b → a/b`; by zero: unset
    Divide = 19,
    /// `a → -a`
    Negate = 20,

    /// `a b → bool`; false where either is unset
    Compare(CompareOp) = 32,
    /// `→ bool`: compares what two blocks compute, of which one moves with time; the machine finds out when the answer changes next
    CompareMoving(CompareOp, BlockId, BlockId) = 33,
    /// `a v1 … vn → bool`: `a` equals one of n values; false where `a` is unset
    In(u32) = 34,
    /// `a v1 … vn → bool`: `a` is set and equals none of n values
    NotIn(u32) = 35,
    /// `a b → bool`, exactly
    Text(TextOp) = 36,
    /// `a b → bool`, ignoring case
    TextIgnoringCase(TextOp) = 37,
    /// `a → bool`: an unanchored match; the pattern holds whether case counts
    Matches(RegexId) = 38,
    /// `a → bool`
    IsSet = 39,
    /// `a → bool`: an empty text or list, or unset
    IsEmpty = 40,
    /// `a → bool`: the anniversary of a date or datetime is today in the contact's zone
    IsToday = 41,
    /// `a → bool`: true where `a` is not true
    Not = 42,
    /// `→ bool`
    HasTag(ConstId) = 43,
    /// `→ bool`
    InSegment(SegmentId) = 44,
    /// `→ bool`
    InList(ListId) = 45,
    /// `→ bool`: an enrollment of the campaign is active
    InCampaign(CampaignId) = 46,
    /// `→ bool`: an enrollment of it has ended in any way but by a merge
    FinishedCampaign(CampaignId) = 47,
    /// `→ bool`: the topic would let a message pass
    SubscribedTo(TopicId) = 48,
    /// `→ value`: what history says
    Query(QueryId) = 49,
    /// `v1 … vn → list`
    MakeList(u32) = 50,
    /// `k1 v1 … kn vn → record`
    MakeRecord(u32) = 51,

    /// `→`: goes on at another place of the same block or campaign
    Jump(Pc) = 64,
    /// `a →`: jumps where `a` is not true
    JumpUnless(Pc) = 65,
    /// `a → a` and jumps where `a` is not true, else `a →` (for `and`)
    AndJump(Pc) = 66,
    /// `a → a` and jumps where `a` is true, else `a →` (for `or`)
    OrJump(Pc) = 67,
    /// `value →` the end of a block: its value
    Return = 68,

    /// The enrollment is at this step from here on.
    Step(StepId) = 80,
    /// Sends a message.
    Send(SendId) = 81,
    /// Calls a webhook; with an answer slot the enrollment waits at the place.
    Webhook(WebhookStepId, PlaceId) = 82,
    /// Mails the team.
    Notify(NotifyId) = 83,
    /// `value →` sets a field; unset clears it
    SetField(FieldId) = 84,
    /// `value →` adds to a list field
    AddItem(FieldId) = 85,
    /// `value →` removes from a list field
    RemoveItem(FieldId) = 86,
    /// `number →` adds to the group's points
    AddPoints(GroupId) = 87,
    /// `number →` sets the group's points
    SetPoints(GroupId) = 88,
    /// Tags with a text constant.
    Tag(ConstId) = 89,
    /// Takes a tag off.
    Untag(ConstId) = 90,
    /// Adds to a static list.
    AddToList(ListId) = 91,
    /// Removes from a static list.
    RemoveFromList(ListId) = 92,
    /// Subscribes to a topic.
    Subscribe(TopicId) = 93,
    /// Withdraws a topic.
    Unsubscribe(TopicId) = 94,
    /// Withdraws every channel and topic.
    UnsubscribeAll = 95,
    /// Enrols in another campaign.
    Enroll(CampaignId) = 96,
    /// Ends the enrollments in another campaign.
    Leave(CampaignId) = 97,

    /// `duration →` waits
    Wait(PlaceId) = 112,
    /// `shortest longest →` waits a time between, fixed by the enrollment and the step
    WaitBetween(PlaceId) = 113,
    /// Waits for a clock time or moment.
    WaitUntil(UntilId, PlaceId) = 114,
    /// Listens to conditions; goes on at the arm that holds first, or at the deadline's target.
    Listen(ListenId, PlaceId) = 115,

    /// Stands at a timeline: goes on at the arm whose time has come, or behind it when no arm is to come.
    Timeline(TimelineId, PlaceId) = 140,
    /// Comes to a timeline: plans its arms.
    EnterTimeline(TimelineId) = 141,
    /// The end of an arm of a timeline.
    EndArm(TimelineId) = 142,

    /// Ends the enrollment, with a reason (a text constant).
    Stop(Option<ConstId>) = 128,
    /// The end of the campaign.
    Finish = 129,

    /// `record →` records an event of the contact, at once.
    Emit(EventId) = 160,
    /// The lines of a `parallel` begin: one at each of the arms.
    Fork(ArmsId) = 161,
    /// A line of a `parallel` is done; the last one goes on.
    Join(ArmsId) = 162,
    /// Goes on at one of the arms, by a hash of contact and step.
    Split(SplitId, ArmsId) = 163,
    /// The head of a loop: begins the next pass, waits for its time, or goes on behind the loop.
    Repeat(RepeatId, Pc, PlaceId) = 164,
    /// Goes on at a variant, or waits for the winner.
    Experiment(ExperimentId, ArmsId, PlaceId) = 165,
    /// Jumps unless the send before it found no way to the contact: the end of an arm of `reach`.
    ReachedJump(Pc) = 180,
    /// `duration →` holds the contact's marketing messages
    Mute = 181,
}

impl Op {
    /// Whether it only computes: it pushes, pops and jumps, and changes nothing but the stack.
    #[must_use]
    pub fn is_expression(self) -> bool {
        !self.is_step() && !self.is_change() && !self.is_wait()
    }
    /// Whether it changes a fact of the contact by what stands in it or on the stack.
    #[must_use]
    pub fn is_change(self) -> bool {
        matches!(
            self,
            Op::SetField(_)
                | Op::AddItem(_)
                | Op::RemoveItem(_)
                | Op::AddPoints(_)
                | Op::SetPoints(_)
                | Op::Tag(_)
                | Op::Untag(_)
                | Op::AddToList(_)
                | Op::RemoveFromList(_)
                | Op::Subscribe(_)
                | Op::Unsubscribe(_)
                | Op::UnsubscribeAll
                | Op::Mute
        )
    }
    /// Whether time passes at it.
    #[must_use]
    pub fn is_wait(self) -> bool {
        matches!(self, Op::Wait(_) | Op::WaitBetween(_) | Op::WaitUntil(..) | Op::Listen(..) | Op::Repeat(..) | Op::Experiment(..) | Op::Timeline(..))
    }
    /// Whether it acts in another way: it begins a step, sends, calls, enrols, ends.
    #[must_use]
    pub fn is_step(self) -> bool {
        matches!(
            self,
            Op::Step(_)
                | Op::Send(_)
                | Op::Webhook(..)
                | Op::Notify(_)
                | Op::Enroll(_)
                | Op::Leave(_)
                | Op::Stop(_)
                | Op::Finish
                | Op::Return
                | Op::Emit(_)
                | Op::Fork(_)
                | Op::Join(_)
                | Op::Split(..)
                | Op::EnterTimeline(_)
                | Op::ReachedJump(_)
                | Op::EndArm(_)
        )
    }
}
