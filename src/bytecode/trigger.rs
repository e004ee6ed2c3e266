//! What programs say about happenings: event patterns, triggers, and questions to history.

use super::{BlockId, EventId, FieldId, GroupId, ListId, MessageId, RegexId, SegmentId, SlotId, StepId, TopicId};
use crate::base::Span;
use crate::lang::{Days, Duration, TimeOfDay, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What can happen to a message that was sent, and to its contact by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum MessageEvent {
    Sent,
    Skipped,
    Delivered,
    Opened,
    Clicked,
    Replied,
    Bounced,
    Unsubscribed,
    Complained,
    Failed,
}

impl MessageEvent {
    /// The word of the language.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            MessageEvent::Sent => "sent",
            MessageEvent::Skipped => "skipped",
            MessageEvent::Delivered => "delivered",
            MessageEvent::Opened => "opened",
            MessageEvent::Clicked => "clicked",
            MessageEvent::Replied => "replied",
            MessageEvent::Bounced => "bounced",
            MessageEvent::Unsubscribed => "unsubscribed",
            MessageEvent::Complained => "complained",
            MessageEvent::Failed => "failed",
        }
    }
}

/// Which sending a message event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageTarget {
    /// A declared message.
    Message(MessageId),
    /// The sendings of one step; of a `reach`, those of the channels inside of it.
    Step(StepId),
    /// The one sent last on this path, by channel (`opened(email)`).
    Latest(super::Channel),
    /// Any message of a channel, or of all (`any email`, `any message`).
    Any(Option<super::Channel>),
}

/// A pattern of events, as in triggers, point rules and history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EventPattern {
    /// A custom event or a submitted form.
    Custom(EventId),
    /// A page visit; the pattern may end with `*`.
    Visited(Arc<str>),
    /// Something that happened to a message.
    Message {
        /// What.
        event: MessageEvent,
        /// To which.
        target: MessageTarget,
        /// For clicks: the URL's pattern.
        url: Option<Arc<str>>,
        /// For replies: what the text must match.
        text: Option<RegexId>,
    },
}

/// What is asked of the matching events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Aggregate {
    /// `bool`: there is one
    Exists,
    Count,
    /// Of the named property; unset where no event has it (sum: 0).
    Sum(Arc<str>),
    Average(Arc<str>),
    Min(Arc<str>),
    Max(Arc<str>),
    /// The happened time of the latest (by happened, then acceptance).
    LastAt,
    FirstAt,
    /// A property of the latest.
    LastProperty(Arc<str>),
    FirstProperty(Arc<str>),
}

/// How far back a question looks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum HistoryWindow {
    /// Message atoms: the latest sending on this enrollment's path; others: since the enrollment began.
    Anchor,
    /// The last D, an event exactly D old included. The block computes the duration.
    Last(BlockId),
    /// All there is.
    Ever,
}

/// A question to a contact's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// Which events.
    pub pattern: EventPattern,
    /// What their properties must fulfil.
    pub predicate: Option<BlockId>,
    /// How far back.
    pub window: HistoryWindow,
    /// What is asked.
    pub aggregate: Aggregate,
    /// The longest `Last` in whole milliseconds (approximate, rounded up), for retention; `None` = ever or anchor.
    pub keep_millis: Option<i64>,
}

/// Whose clock a broadcast follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TriggerZone {
    /// The project's.
    Project,
    /// Each contact's own.
    Contact,
    /// A named one.
    Named(String),
}

/// When a recurring broadcast goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recurrence {
    /// On these days of the week.
    Days(Days),
    /// On that day of the month; a month that is shorter: its last day.
    MonthDay(u8),
}

/// What a one-off broadcast does for those whose moment was past when the campaign went live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum IfPast {
    Now,
    NextDay,
    Skip,
}

/// What enrols.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum TriggerKind {
    SegmentEntered(SegmentId),
    SegmentLeft(SegmentId),
    ListEntered(ListId),
    ListLeft(ListId),
    Event {
        pattern: EventPattern,
        predicate: Option<BlockId>,
    },
    Tagged(Arc<str>),
    Untagged(Arc<str>),
    /// `from`/`to`: the values it must change from and to.
    FieldChanged {
        field: FieldId,
        #[serde(with = "super::flat::optional_value")]
        from: Option<Value>,
        #[serde(with = "super::flat::optional_value")]
        to: Option<Value>,
    },
    /// `points changes`
    PointsChanged {
        group: GroupId,
    },
    /// An upward crossing.
    PointsReached {
        group: GroupId,
        at_least: f64,
    },
    ContactCreated,
    Subscribed(TopicId),
    Unsubscribed(TopicId),
    Enrolled,
    Every {
        recurrence: Recurrence,
        at: TimeOfDay,
        zone: TriggerZone,
        audience: BlockId,
    },
    /// `date` and `time` on the wall clock of `zone`.
    At {
        date: crate::lang::Date,
        time: TimeOfDay,
        zone: TriggerZone,
        audience: BlockId,
        if_past: IfPast,
    },
    /// `date FIELD`, `3d before FIELD`: `shift` before (negative `is_before`) or after the field's value.
    FieldDate {
        value: BlockId,
        shift: Duration,
        is_before: bool,
        every_year: bool,
        at: Option<TimeOfDay>,
    },
}

/// `including existing [N per hour]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExistingDef {
    /// The milliseconds between one member and the next; none where they come all at once.
    pub every_ms: i64,
}

/// A trigger of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// What enrols.
    pub kind: TriggerKind,
    /// Where the triggering event is captured.
    pub capture: Option<SlotId>,
    /// Of `segment X including existing`: today's members come in as well.
    pub existing: Option<ExistingDef>,
    /// The source text, for the journal: `segment "Canada Hot Leads"`.
    pub text: Arc<str>,
    /// Where it was written.
    pub span: Span,
}
