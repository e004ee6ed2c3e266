//! The checked tree of a whole project: typed, by ids, with sequences expanded and every wait explicit.
//!
//! Where a table corresponds to one of the compiled program it is indexed by that program's ids, so that lowering keeps the numbers.
//! Places that could not be understood hold poison ([`ExprKind::Error`], [`StepKind::Error`]); a finding has said why, and a program
//! with such findings is never lowered.

mod campaign;
mod expr;
mod message;
mod project;
mod step;
mod test;

pub use crate::bytecode::{LimitCount, Period};
pub use campaign::{Campaign, Capped, Collect, Exit, Goal, Including, Limit, Migration, Pace, Reenter, Throttle, Trigger, TriggerKind, Update};
pub use expr::{ArithmeticOp, EventPattern, Expr, ExprKind, History, HistoryWindow};
pub use message::{Message, MessageContent, MessageVariant, Recipient, Template, Webhook};
pub use project::{PointRule, Policy, Project, Segment, Sequence, SequenceParam};
pub use step::{AwaitArm, AwaitCapture, Deadline, Param, Share, SplitArm, Step, StepHeader, StepKind, TimelineArm, Until, UntilAnchor, Variant, WinnerMeasure};
pub use test::{
    Expectation, ExpectedKind, ExpectedMessage, Test, TestContact, TestContactId, TestEvent, TestEventKind, TestMoment, TestStep, TestStepKind, WebhookAnswer,
};
