//! What can be said of every operation without running it: number, name, operands, stack effect, where it goes on.
//!
//! The encoder, the decoder, the verifier, the hashes and the disassembler all read this one table.

use super::{
    ArmsId, BlockId, CampaignId, CompareOp, ConstId, EventId, ExperimentId, FieldId, GroupId, ListId, ListenId, NotifyId, Op, Pc, PlaceId, QueryId, RegexId,
    RepeatId, SegmentId, SendId, SlotId, SplitId, StepId, TextOp, TimelineId, TopicId, UntilId, WebhookStepId,
};
use crate::lang::TimeOfDay;

/// Times of day lie below it.
pub(super) const MILLIS_PER_DAY: u32 = 86_400_000;

/// An operand with what it refers to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Operand {
    Constant(ConstId),
    /// A constant that must be a text.
    Text(ConstId),
    /// A text constant that may be missing.
    OptionalText(Option<ConstId>),
    /// A constant that must be a date.
    DateConstant(ConstId),
    /// A time of day.
    Time(TimeOfDay),
    Field(FieldId),
    Group(GroupId),
    Slot(SlotId),
    Compare(CompareOp),
    TextQuestion(TextOp),
    Block(BlockId),
    /// How many values are taken from the stack.
    Count(u32),
    Regex(RegexId),
    Segment(SegmentId),
    List(ListId),
    Campaign(CampaignId),
    Topic(TopicId),
    Query(QueryId),
    /// Where to jump.
    Target(Pc),
    Step(StepId),
    Send(SendId),
    WebhookStep(WebhookStepId),
    Place(PlaceId),
    Notify(NotifyId),
    Until(UntilId),
    Listen(ListenId),
    Event(EventId),
    Arms(ArmsId),
    Split(SplitId),
    Repeat(RepeatId),
    Experiment(ExperimentId),
    Timeline(TimelineId),
}

/// Operands as the format writes them: one `u32` each.
trait Raw: Sized {
    fn raw(self) -> u32;
    fn from_raw(raw: u32) -> Option<Self>;
}

macro_rules! raw_ids {
    ($($id:ident)+) => {$(
        impl Raw for $id {
            fn raw(self) -> u32 {
                self.0
            }
            fn from_raw(raw: u32) -> Option<Self> {
                Some(Self(raw))
            }
        }
    )+};
}
raw_ids!(ConstId FieldId GroupId SlotId BlockId RegexId SegmentId ListId CampaignId TopicId QueryId Pc StepId SendId WebhookStepId PlaceId NotifyId UntilId ListenId EventId ArmsId SplitId RepeatId ExperimentId TimelineId);

impl Raw for TimeOfDay {
    fn raw(self) -> u32 {
        self.0
    }
    fn from_raw(raw: u32) -> Option<Self> {
        (raw < MILLIS_PER_DAY).then_some(Self(raw))
    }
}

impl Raw for u32 {
    fn raw(self) -> u32 {
        self
    }
    fn from_raw(raw: u32) -> Option<Self> {
        Some(raw)
    }
}

impl Raw for Option<ConstId> {
    /// None is 0, a constant its number and one.
    fn raw(self) -> u32 {
        self.map_or(0, |id| id.0.saturating_add(1))
    }
    fn from_raw(raw: u32) -> Option<Self> {
        Some(raw.checked_sub(1).map(ConstId))
    }
}

impl Raw for CompareOp {
    fn raw(self) -> u32 {
        match self {
            CompareOp::Equal => 0,
            CompareOp::NotEqual => 1,
            CompareOp::Less => 2,
            CompareOp::LessEqual => 3,
            CompareOp::Greater => 4,
            CompareOp::GreaterEqual => 5,
        }
    }
    fn from_raw(raw: u32) -> Option<Self> {
        use CompareOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
        [Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual].into_iter().find(|op| op.raw() == raw)
    }
}

impl Raw for TextOp {
    fn raw(self) -> u32 {
        match self {
            TextOp::Contains => 0,
            TextOp::StartsWith => 1,
            TextOp::EndsWith => 2,
            TextOp::Equal => 3,
            TextOp::NotEqual => 4,
        }
    }
    fn from_raw(raw: u32) -> Option<Self> {
        [TextOp::Contains, TextOp::StartsWith, TextOp::EndsWith, TextOp::Equal, TextOp::NotEqual].into_iter().find(|op| op.raw() == raw)
    }
}

macro_rules! op_table {
    ($($number:literal $name:literal $variant:ident $(($($bind:ident : $kind:ident),+))?;)+) => {
        impl Op {
            /// Its number in the format.
            #[must_use]
            pub fn number(self) -> u8 {
                match self { $(Op::$variant { .. } => $number,)+ }
            }
            /// Its name in listings.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Op::$variant { .. } => $name,)+ }
            }
            /// Its operands, in the order of the format.
            #[must_use]
            pub fn operands(self) -> Vec<Operand> {
                match self { $(Op::$variant $(($($bind),+))? => vec![$($(Operand::$kind($bind)),+)?],)+ }
            }
            /// Its operands as the format writes them.
            pub(super) fn raw_operands(self) -> Vec<u32> {
                match self { $(Op::$variant $(($($bind),+))? => vec![$($($bind.raw()),+)?],)+ }
            }
            /// The operation of that number, its operands read one after the other; `None` for an unknown number or operand.
            pub(super) fn read(number: u8, mut operand: impl FnMut() -> Option<u32>) -> Option<Op> {
                match number {
                    $($number => {
                        $($(let $bind = Raw::from_raw(operand()?)?;)+)?
                        Some(Op::$variant $(($($bind),+))?)
                    })+
                    _ => None,
                }
            }
        }
        /// The numbers of all operations, for tests of the format.
        pub const OP_NUMBERS: &[u8] = &[$($number),+];
    };
}

op_table! {
    1 "const" Const(value: Constant);
    2 "field" Field(field: Field);
    3 "points" Points(group: Group);
    4 "now" Now;
    5 "today" Today;
    6 "event_property" EventProperty(name: Text);
    7 "capture" Capture(slot: Slot);
    8 "get" Get(name: Text);
    9 "ago" Ago;
    10 "from_now" FromNow;
    11 "local_date_time" LocalDateTime(day: DateConstant, time: Time);
    16 "add" Add;
    17 "subtract" Subtract;
    18 "multiply" Multiply;
    19 "divide" Divide;
    20 "negate" Negate;
    32 "compare" Compare(op: Compare);
    33 "compare_moving" CompareMoving(op: Compare, left: Block, right: Block);
    34 "in" In(count: Count);
    35 "not_in" NotIn(count: Count);
    36 "text" Text(op: TextQuestion);
    37 "text_ignoring_case" TextIgnoringCase(op: TextQuestion);
    38 "matches" Matches(regex: Regex);
    39 "is_set" IsSet;
    40 "is_empty" IsEmpty;
    41 "is_today" IsToday;
    42 "not" Not;
    43 "has_tag" HasTag(tag: Text);
    44 "in_segment" InSegment(segment: Segment);
    45 "in_list" InList(list: List);
    46 "in_campaign" InCampaign(campaign: Campaign);
    47 "finished_campaign" FinishedCampaign(campaign: Campaign);
    48 "subscribed_to" SubscribedTo(topic: Topic);
    49 "query" Query(query: Query);
    50 "make_list" MakeList(count: Count);
    51 "make_record" MakeRecord(count: Count);
    64 "jump" Jump(target: Target);
    65 "jump_unless" JumpUnless(target: Target);
    66 "and_jump" AndJump(target: Target);
    67 "or_jump" OrJump(target: Target);
    68 "return" Return;
    80 "step" Step(step: Step);
    81 "send" Send(send: Send);
    82 "webhook" Webhook(call: WebhookStep, place: Place);
    83 "notify" Notify(notify: Notify);
    84 "set_field" SetField(field: Field);
    85 "add_item" AddItem(field: Field);
    86 "remove_item" RemoveItem(field: Field);
    87 "add_points" AddPoints(group: Group);
    88 "set_points" SetPoints(group: Group);
    89 "tag" Tag(tag: Text);
    90 "untag" Untag(tag: Text);
    91 "add_to_list" AddToList(list: List);
    92 "remove_from_list" RemoveFromList(list: List);
    93 "subscribe" Subscribe(topic: Topic);
    94 "unsubscribe" Unsubscribe(topic: Topic);
    95 "unsubscribe_all" UnsubscribeAll;
    96 "enroll" Enroll(campaign: Campaign);
    97 "leave" Leave(campaign: Campaign);
    112 "wait" Wait(place: Place);
    113 "wait_between" WaitBetween(place: Place);
    114 "wait_until" WaitUntil(until: Until, place: Place);
    115 "listen" Listen(listen: Listen, place: Place);
    140 "timeline" Timeline(timeline: Timeline, place: Place);
    141 "enter_timeline" EnterTimeline(timeline: Timeline);
    142 "end_arm" EndArm(timeline: Timeline);
    128 "stop" Stop(reason: OptionalText);
    129 "finish" Finish;
    160 "emit" Emit(event: Event);
    161 "fork" Fork(arms: Arms);
    162 "join" Join(arms: Arms);
    163 "split" Split(split: Split, arms: Arms);
    164 "repeat" Repeat(repeat: Repeat, target: Target, place: Place);
    165 "experiment" Experiment(experiment: Experiment, arms: Arms, place: Place);
    180 "reached_jump" ReachedJump(target: Target);
    181 "mute" Mute;
}

/// Where code goes on behind an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// At the next operation.
    Next,
    /// Only at the target.
    Jump(Pc),
    /// At the next operation, or at the target with that many of the popped values still there.
    Branch(Pc, u32),
    /// At the targets of the listening place.
    Listen(ListenId),
    /// At one of the arms.
    Arms(ArmsId),
    /// At the arms of the timeline, or behind it.
    Timeline(TimelineId),
    /// At the end of a block.
    Return,
    /// Nowhere: the enrollment, or this line of it, is over.
    End,
}

impl Op {
    /// How many values it pops, and how many it pushes when it goes on at the next operation.
    #[must_use]
    pub fn stack_effect(self) -> (u32, u32) {
        match self {
            Op::Const(_) | Op::Field(_) | Op::Points(_) | Op::Now | Op::Today | Op::EventProperty(_) | Op::Capture(_) | Op::LocalDateTime(..) => (0, 1),
            Op::CompareMoving(..) | Op::HasTag(_) | Op::InSegment(_) | Op::InList(_) | Op::InCampaign(_) | Op::FinishedCampaign(_) => (0, 1),
            Op::SubscribedTo(_) | Op::Query(_) => (0, 1),
            Op::Get(_) | Op::Ago | Op::FromNow | Op::Negate | Op::Matches(_) | Op::IsSet | Op::IsEmpty | Op::IsToday | Op::Not => (1, 1),
            Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Compare(_) | Op::Text(_) | Op::TextIgnoringCase(_) => (2, 1),
            Op::In(count) | Op::NotIn(count) => (count.saturating_add(1), 1),
            Op::MakeList(count) => (count, 1),
            Op::MakeRecord(count) => (count.saturating_mul(2), 1),
            Op::JumpUnless(_) | Op::AndJump(_) | Op::OrJump(_) | Op::Return => (1, 0),
            Op::SetField(_) | Op::AddItem(_) | Op::RemoveItem(_) | Op::AddPoints(_) | Op::SetPoints(_) | Op::Wait(_) => (1, 0),
            Op::WaitBetween(_) => (2, 0),
            Op::Jump(_) | Op::Step(_) | Op::Send(_) | Op::Webhook(..) | Op::Notify(_) | Op::Tag(_) | Op::Untag(_) | Op::AddToList(_) => (0, 0),
            Op::RemoveFromList(_) | Op::Subscribe(_) | Op::Unsubscribe(_) | Op::UnsubscribeAll | Op::Enroll(_) | Op::Leave(_) => (0, 0),
            Op::WaitUntil(..) | Op::Listen(..) | Op::Stop(_) | Op::Finish | Op::ReachedJump(_) => (0, 0),
            Op::Emit(_) | Op::Mute => (1, 0),
            Op::Fork(_) | Op::Join(_) | Op::Split(..) | Op::Repeat(..) | Op::Experiment(..) | Op::Timeline(..) | Op::EnterTimeline(_) | Op::EndArm(_) => (0, 0),
        }
    }

    /// Where code goes on behind it.
    #[must_use]
    pub fn flow(self) -> Flow {
        match self {
            Op::Jump(target) => Flow::Jump(target),
            Op::JumpUnless(target) | Op::ReachedJump(target) => Flow::Branch(target, 0),
            Op::AndJump(target) | Op::OrJump(target) => Flow::Branch(target, 1),
            Op::Repeat(_, target, _) => Flow::Branch(target, 0),
            Op::Return => Flow::Return,
            Op::Fork(arms) | Op::Split(_, arms) | Op::Experiment(_, arms, _) => Flow::Arms(arms),
            Op::Listen(listen, _) => Flow::Listen(listen),
            Op::Timeline(timeline, _) => Flow::Timeline(timeline),
            Op::Stop(_) | Op::EndArm(_) | Op::Finish => Flow::End,
            Op::Const(_) | Op::Field(_) | Op::Points(_) | Op::Now | Op::Today | Op::EventProperty(_) | Op::Capture(_) | Op::LocalDateTime(..) => Flow::Next,
            Op::CompareMoving(..) | Op::HasTag(_) | Op::InSegment(_) | Op::InList(_) | Op::InCampaign(_) | Op::FinishedCampaign(_) => Flow::Next,
            Op::SubscribedTo(_) | Op::Query(_) | Op::Get(_) | Op::Ago | Op::FromNow | Op::Negate | Op::Matches(_) | Op::IsSet => Flow::Next,
            Op::IsEmpty | Op::IsToday | Op::Not | Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Compare(_) | Op::Text(_) => Flow::Next,
            Op::TextIgnoringCase(_) | Op::In(_) | Op::NotIn(_) | Op::MakeList(_) | Op::MakeRecord(_) | Op::SetField(_) | Op::AddItem(_) => Flow::Next,
            Op::RemoveItem(_) | Op::AddPoints(_) | Op::SetPoints(_) | Op::Wait(_) | Op::WaitBetween(_) | Op::Step(_) | Op::Send(_) => Flow::Next,
            Op::Webhook(..) | Op::Notify(_) | Op::Tag(_) | Op::Untag(_) | Op::AddToList(_) | Op::RemoveFromList(_) | Op::Subscribe(_) => Flow::Next,
            Op::Unsubscribe(_) | Op::UnsubscribeAll | Op::Enroll(_) | Op::Leave(_) | Op::WaitUntil(..) | Op::Mute => Flow::Next,
            Op::Emit(_) | Op::Join(_) | Op::EnterTimeline(_) => Flow::Next,
        }
    }

    /// Whether only a campaign's steps may hold it; the others compute values and may stand anywhere.
    #[must_use]
    pub fn is_step_op(self) -> bool {
        self.number() >= 80
    }

    /// The same operation with another jump target; one that does not jump is unchanged.
    #[must_use]
    pub(super) fn with_target(self, target: Pc) -> Op {
        match (self.number(), self) {
            (64, _) => Op::Jump(target),
            (65, _) => Op::JumpUnless(target),
            (66, _) => Op::AndJump(target),
            (67, _) => Op::OrJump(target),
            (180, _) => Op::ReachedJump(target),
            (_, Op::Repeat(repeat, _, place)) => Op::Repeat(repeat, target, place),
            _ => self,
        }
    }

    /// Where it may jump to, if it jumps.
    #[must_use]
    pub fn target(self) -> Option<Pc> {
        match self.flow() {
            Flow::Jump(target) | Flow::Branch(target, _) => Some(target),
            Flow::Next | Flow::Listen(_) | Flow::Arms(_) | Flow::Timeline(_) | Flow::Return | Flow::End => None,
        }
    }
}
