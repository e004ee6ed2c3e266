//! Campaigns: their header and triggers.

use super::{EventPattern, Expr, Step};
use crate::base::Span;
use crate::bytecode::{CaptureDef, FieldId, GroupId, IfPast, LimitCount, ListId, Period, Recurrence, SegmentId, SlotId, TopicId, TriggerZone};
use crate::lang::{Date, Duration, Instant, TimeOfDay, Value, Window};
use std::sync::Arc;

/// A campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// The name.
    pub name: Arc<str>,
    /// The former name.
    pub was: Option<Arc<str>>,
    /// Whether it is published.
    pub is_published: bool,
    /// `active from`, the first instant.
    pub active_from: Option<Instant>,
    /// `active until`, the first instant after it.
    pub active_until: Option<Instant>,
    /// What enrols.
    pub triggers: Vec<Trigger>,
    /// All must hold when a trigger fires.
    pub only_if: Vec<Expr>,
    /// Whether one may come again.
    pub reenter: Reenter,
    /// Whether a trigger restarts one who is enrolled.
    pub is_restarting: bool,
    /// What ends the enrollment at any step.
    pub exits: Vec<Exit>,
    /// What is counted.
    pub goals: Vec<Goal>,
    /// All must be open for a marketing message to leave.
    pub windows: Vec<Window>,
    /// How many messages of this campaign a contact gets.
    pub limits: Vec<Limit>,
    /// What its messages do at a cap of the policy.
    pub capped: Option<Capped>,
    /// How fast it sends.
    pub throttle: Option<Throttle>,
    /// The share, 0 to 1, that only is measured.
    pub holdout: Option<f64>,
    /// Under a shared cap the higher goes first.
    pub priority: Option<f64>,
    /// What later events replace the captured one.
    pub updates: Vec<Update>,
    /// What is gathered into one enrollment.
    pub collect: Option<Collect>,
    /// Where contacts of removed steps go on.
    pub migrations: Vec<Migration>,
    /// By `SlotId`: the records it captures.
    pub captures: Vec<CaptureDef>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
    /// Where it was written.
    pub span: Span,
    /// Where its name stands.
    pub name_span: Span,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// What enrols.
    pub kind: TriggerKind,
    /// Where the triggering event is captured.
    pub capture: Option<SlotId>,
    /// The source text, blanks collapsed: `segment "Canada Hot Leads"`.
    pub text: Arc<str>,
    /// Where it was written.
    pub span: Span,
}

/// What enrols.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum TriggerKind {
    SegmentEntered {
        segment: SegmentId,
        including: Option<Including>,
    },
    SegmentLeft(SegmentId),
    ListEntered(ListId),
    ListLeft(ListId),
    Event {
        pattern: EventPattern,
        predicate: Option<Expr>,
    },
    Tagged(Arc<str>),
    Untagged(Arc<str>),
    FieldChanged {
        field: FieldId,
        from: Option<Value>,
        to: Option<Value>,
    },
    /// `points changes`
    PointsChanged {
        group: GroupId,
    },
    PointsReached {
        group: GroupId,
        at_least: f64,
    },
    ContactCreated,
    Subscribed(TopicId),
    Unsubscribed(TopicId),
    Enrolled,
    /// The audience's history atoms look back ever.
    Every {
        recurrence: Recurrence,
        at: TimeOfDay,
        zone: TriggerZone,
        audience: Expr,
    },
    At {
        date: Date,
        time: TimeOfDay,
        zone: TriggerZone,
        audience: Expr,
        if_past: IfPast,
    },
    FieldDate {
        value: Expr,
        shift: Duration,
        is_before: bool,
        is_every_year: bool,
        at: Option<TimeOfDay>,
    },
    /// Poison.
    Error,
}

/// `including existing [N per hour]`
#[derive(Clone, Debug, PartialEq)]
pub struct Including {
    /// How fast.
    pub pace: Option<Pace>,
}

/// Whether one who has ended may come again.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Reenter {
    Never,
    Always,
    After(Duration),
    Each(Expr),
}

/// A line `exit when` or `stay while`.
#[derive(Clone, Debug, PartialEq)]
pub struct Exit {
    /// The condition that ends the enrollment; of `stay while P` already `not P`.
    pub condition: Expr,
    /// Whether it was written as `stay while`.
    pub is_stay_while: bool,
    /// The line.
    pub span: Span,
}

/// A goal.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Its name.
    pub name: Option<Arc<str>>,
    /// What counts.
    pub condition: Expr,
    /// From enrolment.
    pub within: Option<Expr>,
    /// The line.
    pub span: Span,
}

/// `limit N messages per week`
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// How many.
    pub count: u32,
    /// Of what.
    pub what: LimitCount,
    /// In which time.
    pub per: Period,
    /// Whether a message beyond it waits; else it is skipped.
    pub is_waiting: bool,
    /// The line.
    pub span: Span,
}

/// `capped wait up to D`
#[derive(Clone, Debug, PartialEq)]
pub struct Capped {
    /// Whether messages wait; else they are skipped.
    pub is_waiting: bool,
    /// How long at the most.
    pub up_to: Option<Expr>,
}

/// `N per hour`
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    /// How many.
    pub count: u32,
    /// In which time.
    pub per: Period,
}

/// `throttle N per day doubling`
#[derive(Clone, Debug, PartialEq)]
pub struct Throttle {
    /// The pace.
    pub pace: Pace,
    /// Whether it doubles every period.
    pub is_doubling: bool,
    /// The line.
    pub span: Span,
}

/// `update NAME when EVENT`
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// What is replaced.
    pub slot: SlotId,
    /// By which event.
    pub pattern: EventPattern,
    /// What its properties must fulfil.
    pub predicate: Option<Expr>,
    /// The line.
    pub span: Span,
}

/// `collect NAME for D`
#[derive(Clone, Debug, PartialEq)]
pub struct Collect {
    /// What is gathered.
    pub slot: SlotId,
    /// How long.
    pub length: Duration,
    /// Each event slides the end, up to this.
    pub sliding_up_to: Option<Duration>,
    /// What is gathered apart.
    pub by: Option<Expr>,
    /// The line.
    pub span: Span,
}

/// `from OLD to NEW`, `from OLD stop`
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// The step that was, by name or path.
    pub from: Arc<str>,
    /// The step it is now, by name or path; none is `stop`.
    pub to: Option<Arc<str>>,
    /// The line.
    pub span: Span,
}
