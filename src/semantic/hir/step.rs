//! Steps: what a campaign does, and when. Sequences are expanded, red-path waits are deadlines.

use super::{Expr, Template};
use crate::base::Span;
use crate::bytecode::{CampaignId, EventId, FieldId, GroupId, ListId, MessageId, SlotId, StepId, StepOutline, TopicId, WebhookId};
use crate::lang::{Duration, TimeOfDay, Weekday};
use std::sync::Arc;

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What every step has.
    pub header: StepHeader,
    /// What it does.
    pub kind: StepKind,
}

/// What every step has.
#[derive(Clone, Debug, PartialEq)]
pub struct StepHeader {
    /// Its number, counted without gaps over the steps of all campaigns in source order, an enclosing step before those inside
    /// (a red path's wait, [`Deadline::wait`], counts too).
    pub id: StepId,
    /// Its `as` name; inside a sequence behind that of its `do`: `vips/first`.
    pub name: Option<Arc<str>>,
    /// Its path: arms, kind and target, ordinal among equals (`then/email reminder#2`; a first equal has none).
    pub path: Arc<str>,
    /// What kind.
    pub kind: crate::bytecode::StepKind,
    /// Where it was written.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
    /// Its source without comments and its own name, blanks collapsed.
    pub text: Arc<str>,
    /// Where it stands, for aligning two programs.
    pub outline: Arc<StepOutline>,
}

/// A value that templates see besides the contact and the captures: a parameter of the enclosing sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// The name in the template.
    pub name: Arc<str>,
    /// Its value.
    pub value: Expr,
}

/// How long a decision waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Deadline {
    /// A duration.
    pub duration: Expr,
    /// Whether it was written as the red path's first `wait`.
    pub is_red_path: bool,
    /// That `wait` itself, which is a step of its own by name and number, though nobody ever stands there but at the decision.
    /// `None` for `within`, and where the wait goes on as a `wait until` on the red path.
    pub wait: Option<StepHeader>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum StepKind {
    Send {
        message: MessageId,
        params: Vec<Param>,
    },
    /// Sends, in order of preference.
    Reach(Vec<Step>),
    /// The object is a [`super::ExprKind::Record`]. With an answer the step waits.
    Webhook {
        webhook: WebhookId,
        object: Option<Expr>,
        answer: Option<SlotId>,
        params: Vec<Param>,
    },
    Notify {
        to: Template,
        subject: Template,
        body: Option<Template>,
        params: Vec<Param>,
    },
    Set {
        field: FieldId,
        value: Expr,
    },
    Clear {
        field: FieldId,
    },
    AddItem {
        field: FieldId,
        item: Expr,
    },
    RemoveItem {
        field: FieldId,
        item: Expr,
    },
    /// The amount carries its sign.
    AddPoints {
        group: GroupId,
        amount: Expr,
    },
    SetPoints {
        group: GroupId,
        amount: Expr,
    },
    Tag(Arc<str>),
    Untag(Arc<str>),
    AddToList(ListId),
    RemoveFromList(ListId),
    Subscribe(TopicId),
    /// Without a topic every channel and topic.
    Unsubscribe(Option<TopicId>),
    Enroll(CampaignId),
    Leave(CampaignId),
    Emit {
        event: EventId,
        properties: Option<Expr>,
    },
    Mute(Expr),
    Wait {
        duration: Expr,
        then_until: Option<Until>,
    },
    WaitBetween {
        low: Expr,
        high: Expr,
    },
    WaitUntil(Until),
    WaitFor {
        condition: Expr,
        deadline: Option<Expr>,
    },
    /// A decision; without a deadline it is asked once.
    Decide {
        condition: Expr,
        deadline: Option<Deadline>,
        then_: Vec<Step>,
        else_: Vec<Step>,
    },
    Await {
        arms: Vec<AwaitArm>,
        deadline: Option<(Expr, Vec<Step>)>,
    },
    Timeline {
        anchor: Expr,
        is_again_when_moved: bool,
        arms: Vec<TimelineArm>,
    },
    Split(Vec<SplitArm>),
    Experiment {
        variants: Vec<Variant>,
        measure: WinnerMeasure,
        after: Expr,
    },
    Repeat {
        times: Expr,
        every: Option<Expr>,
        until: Option<Expr>,
        body: Vec<Step>,
    },
    Parallel(Vec<Vec<Step>>),
    /// A sequence, expanded.
    Do {
        sequence: Arc<str>,
        body: Vec<Step>,
    },
    Stop(Option<Arc<str>>),
    /// Poison.
    Error,
}

/// An arm `on …` of an `await`.
#[derive(Clone, Debug, PartialEq)]
pub struct AwaitArm {
    /// What is listened for.
    pub condition: Expr,
    /// `as NAME`.
    pub capture: Option<AwaitCapture>,
    /// What then happens.
    pub body: Vec<Step>,
    /// The arm.
    pub span: Span,
}

/// The event of an arm: `condition` is then a bare [`super::ExprKind::History`] of a custom event or form with `Exists`.
#[derive(Clone, Debug, PartialEq)]
pub struct AwaitCapture {
    /// Where it goes.
    pub slot: SlotId,
}

/// What a wait counts from.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum UntilAnchor {
    /// The first such clock time at or after now.
    Clock(TimeOfDay),
    /// The first such weekday (and time) at or after now.
    Weekday(Weekday, Option<TimeOfDay>),
    /// A date or datetime (a field, a captured property, a literal), shifted; `at` replaces the time of day.
    Value { value: Expr, shift: Duration, is_before: bool, at: Option<TimeOfDay> },
}

/// A clock time or moment to wait for.
#[derive(Clone, Debug, PartialEq)]
pub struct Until {
    /// The moment.
    pub anchor: UntilAnchor,
    /// The line's own zone; without it the contact's.
    pub zone: Option<Arc<str>>,
    /// Where it was written.
    pub span: Span,
}

/// An arm of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineArm {
    /// How far from the anchor; zero on the day.
    pub shift: Duration,
    /// To which side.
    pub is_before: bool,
    /// `on the day`
    pub is_on_the_day: bool,
    /// The time of day.
    pub at: Option<TimeOfDay>,
    /// What then happens.
    pub body: Vec<Step>,
    /// The arm.
    pub span: Span,
}

/// A share of contacts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// Between 0 and 1.
    Part(f64),
    /// What the others leave.
    Else,
}

/// An arm of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitArm {
    /// Its share.
    pub share: Share,
    /// Its `as` name.
    pub label: Option<Arc<str>>,
    /// What happens to it.
    pub body: Vec<Step>,
    /// The arm.
    pub span: Span,
}

/// A variant of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Its name.
    pub name: Arc<str>,
    /// Its share of the sample, 0 to 1.
    pub share: Option<f64>,
    /// What happens to it.
    pub body: Vec<Step>,
    /// The variant.
    pub span: Span,
}

/// By what an experiment is decided.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum WinnerMeasure {
    Opened,
    Clicked,
    /// The goal by its position in the campaign.
    Goal(usize),
    /// Poison.
    Error,
}
