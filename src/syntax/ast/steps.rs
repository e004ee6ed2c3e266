//! Steps: what a campaign does, and when.

use super::{
    Arg, Channel, ClockTime, Doc, Expr, Item, Length, MessageAttr, Moment, Name, Object, Offset, Path, Percent, PointDelta, Ref, Text, Value, Weekday, Zone,
};
use crate::base::{Span, Spanned};

/// `{ … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// With its braces.
    pub span: Span,
    /// Steps, and header lines out of place.
    pub items: Vec<Item>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// With its arms.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its `as` name; quoted ones only on experiments.
    pub label: Option<Ref>,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// `email X`, `sms "…"`, `push { … }`
    Send(Send),
    /// `reach { … }`
    Reach(Vec<ReachArm>),
    /// `webhook X [{ … }]`
    Webhook {
        /// Which.
        webhook: Name,
        /// What is sent.
        body: Option<Object>,
    },
    /// `notify "…" "…" ["…"]`
    Notify {
        /// The address.
        to: Text,
        /// The subject.
        subject: Text,
        /// The body.
        body: Option<Text>,
    },
    /// What changes the contact.
    Change(Change),
    /// `emit EVENT [{ … }]`
    Emit {
        /// The event.
        event: Name,
        /// Its properties.
        properties: Option<Object>,
    },
    /// `wait 3d [then until …]`
    Wait {
        /// How long.
        length: Length,
        /// Until when after that.
        then_until: Option<Until>,
    },
    /// `wait between 1h and 3h`
    WaitBetween {
        /// At least.
        low: Length,
        /// At most.
        high: Length,
    },
    /// `wait until …`
    WaitUntil(Until),
    /// `wait for … [up to D]`
    WaitFor {
        /// What is waited for.
        condition: Expr,
        /// How long at most.
        up_to: Option<Length>,
    },
    /// `if … then … else …`
    If(Box<If>),
    /// `await { … }`
    Await(Vec<AwaitArm>),
    /// `timeline … { … }`
    Timeline(Timeline),
    /// `split { … }`
    Split(Vec<SplitArm>),
    /// `experiment { … }`
    Experiment(Experiment),
    /// `repeat up to N times … { … }`
    Repeat(Box<Repeat>),
    /// `parallel { { … } { … } }`
    Parallel(Vec<Block>),
    /// `do SEQUENCE(…)`
    Do {
        /// Which.
        sequence: Name,
        /// With what.
        args: Vec<Arg>,
    },
    /// `stop ["reason"]`
    Stop(Option<Text>),
}

/// A message that is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    /// How it goes out.
    pub channel: Channel,
    /// What goes out.
    pub content: SendContent,
}

/// What goes out.
#[derive(Clone, Debug, PartialEq)]
pub enum SendContent {
    /// A declared message.
    Named(Name),
    /// `sms "…"`
    Text(Text),
    /// `email { … }`
    Attrs(Vec<MessageAttr>),
}

/// What stands in `reach`: any simple step; only sends have a meaning there.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "nearly all are steps, and an error place is rare")]
pub enum ReachArm {
    /// A step.
    Step(Step),
    /// What could not be read.
    Error(Span),
}

/// What changes a contact: a step, and an action of a test.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// `set FIELD = …`
    Set {
        /// The field.
        field: Path,
        /// Its new value.
        value: Expr,
    },
    /// `clear FIELD`
    Clear(Path),
    /// `points +10 [in group G]`
    Points {
        /// By how much.
        delta: PointDelta,
        /// In which group.
        group: Option<Ref>,
    },
    /// `points = 0 [in group G]`
    SetPoints {
        /// A number, a name, or an expression in parentheses.
        amount: Expr,
        /// In which group.
        group: Option<Ref>,
    },
    /// `tag "x"`
    Tag(Text),
    /// `untag "x"`
    Untag(Text),
    /// `add to list X`
    AddToList(Ref),
    /// `remove from list X`
    RemoveFromList(Ref),
    /// `add "x" to FIELD`
    AddItem {
        /// A literal.
        item: Value,
        /// A field that holds a list.
        field: Path,
    },
    /// `remove "x" from FIELD`
    RemoveItem {
        /// A literal.
        item: Value,
        /// A field that holds a list.
        field: Path,
    },
    /// `subscribe to topic X`
    Subscribe(Ref),
    /// `unsubscribe [from topic X]`
    Unsubscribe(Option<Ref>),
    /// `mute for 14d`
    Mute(Length),
    /// `enroll in campaign X`
    Enroll(Ref),
    /// `leave campaign X`
    Leave(Ref),
}

/// What `wait until` names.
#[derive(Clone, Debug, PartialEq)]
pub struct Until {
    /// After `until`.
    pub span: Span,
    /// The day; none is the next time the clock shows `at`.
    pub anchor: Option<UntilAnchor>,
    /// The time of day.
    pub at: Option<ClockTime>,
    /// Whose clock.
    pub zone: Option<Zone>,
}

/// The day of a `wait until`.
#[derive(Clone, Debug, PartialEq)]
pub enum UntilAnchor {
    /// `monday`
    Weekday(Spanned<Weekday>),
    /// `2026-12-24`, `2026-12-24 09:00`
    Moment(Moment),
    /// `FIELD`
    Field(Path),
    /// `2d before FIELD`
    Around {
        /// How far, and to which side.
        offset: Offset,
        /// From what.
        field: Path,
    },
}

/// `if … [within D] [as …] then … [else …]`
#[derive(Clone, Debug, PartialEq)]
pub struct If {
    /// What is asked.
    pub condition: Expr,
    /// How long it is waited for.
    pub within: Option<Length>,
    /// The yes-path.
    pub then: Arm,
    /// The no-path.
    pub otherwise: Option<Arm>,
}

/// What follows `then` or `else`.
#[derive(Clone, Debug, PartialEq)]
pub enum Arm {
    /// `{ … }`
    Block(Block),
    /// One step.
    Step(Box<Step>),
}

impl Arm {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Arm::Block(block) => block.span,
            Arm::Step(step) => step.span,
        }
    }
}

/// One arm of an `await`.
#[derive(Clone, Debug, PartialEq)]
pub enum AwaitArm {
    /// `on … [as NAME] { … }`
    On {
        /// The arm.
        span: Span,
        /// An event or a condition.
        condition: Expr,
        /// The name of the event.
        capture: Option<Name>,
        /// What then happens.
        body: Block,
    },
    /// `after D { … }`
    After {
        /// The arm.
        span: Span,
        /// How long.
        length: Length,
        /// What then happens.
        body: Block,
    },
    /// What could not be read.
    Error(Span),
}

/// `timeline ANCHOR [again when moved] { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// The date it stands around.
    pub anchor: Path,
    /// The words `again when moved`, if there.
    pub again_when_moved: Option<Span>,
    /// Its arms.
    pub arms: Vec<TimelineArm>,
}

/// One arm of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub enum TimelineArm {
    /// `7d before [at T] { … }`, `on the day [at T] { … }`
    At {
        /// The arm.
        span: Span,
        /// How far from the anchor; none is `on the day`.
        offset: Option<Offset>,
        /// The time of day.
        at: Option<ClockTime>,
        /// What then happens.
        body: Block,
    },
    /// What could not be read.
    Error(Span),
}

/// One arm of a split. What could not be read is an arm without share, name and steps; a finding tells why.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitArm {
    /// The arm.
    pub span: Span,
    /// Its share; none is `else`.
    pub share: Option<Percent>,
    /// Its `as` name.
    pub label: Option<Ref>,
    /// What happens to it.
    pub body: Block,
}

/// `experiment { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Its variants.
    pub variants: Vec<Variant>,
    /// How the winner is found.
    pub winner: Option<Winner>,
}

/// `variant "a" [10%] { … }`. What could not be read has an empty name; a finding tells why.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// The variant.
    pub span: Span,
    /// Its name.
    pub name: Ref,
    /// Its share of the sample.
    pub share: Option<Percent>,
    /// What happens to it.
    pub body: Block,
}

/// `winner by clicked after 4h`
#[derive(Clone, Debug, PartialEq)]
pub struct Winner {
    /// The line.
    pub span: Span,
    /// `opened`, `clicked`, `goal`; others are for a later stage to refuse.
    pub measure: Name,
    /// The name of the goal.
    pub goal: Option<Text>,
    /// When it is decided.
    pub after: Length,
}

/// `repeat up to N times [every D] [until …] { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// A number, a name, or an expression in parentheses.
    pub times: Expr,
    /// From start to start of a pass.
    pub every: Option<Length>,
    /// What ends it.
    pub until: Option<Expr>,
    /// One pass.
    pub body: Block,
}
