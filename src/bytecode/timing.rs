//! What programs say about time around an enrollment: updates of what was captured, gathering, timelines.

use super::{BlockId, EventPattern, Pc, SlotId, StepId};
use crate::base::Span;
use crate::lang::{Duration, TimeOfDay};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A line `update NAME when EVENT(predicate)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateDef {
    /// The captured record whose properties are replaced.
    pub slot: SlotId,
    /// By which event.
    pub pattern: EventPattern,
    /// What its properties must fulfil; may read the captured record.
    pub predicate: Option<BlockId>,
    /// Where it was written.
    pub span: Span,
}

/// A line `collect NAME for D [sliding up to D] [by EXPR]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CollectDef {
    /// The captured record that gathers.
    pub slot: SlotId,
    /// How long from the first event; sliding: from the last.
    pub length: Duration,
    /// Each event slides the end, up to this from the first.
    pub sliding_up_to: Option<Duration>,
    /// What is gathered apart.
    pub by: Option<BlockId>,
    /// Where it was written.
    pub span: Span,
}

/// An arm of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimelineArmDef {
    /// What it says, `7d before at 09:00`: what an arm is known by over deploys.
    pub key: Arc<str>,
    /// How far from the anchor; zero on the day.
    pub shift: Duration,
    /// To which side.
    pub is_before: bool,
    /// The time of day; without it the anchor's.
    pub at: Option<TimeOfDay>,
    /// Where its steps begin.
    pub target: Pc,
}

/// A timeline: arms around a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimelineDef {
    /// The step.
    pub step: StepId,
    /// The last step inside of it; the step itself where there is none.
    pub last: StepId,
    /// The moment: a date or datetime, unset while it is not known.
    pub anchor: BlockId,
    /// Whether arms that have run run again when the anchor moves.
    pub is_again_when_moved: bool,
    /// In source order.
    pub arms: Vec<TimelineArmDef>,
    /// Where to go on when no arm is to come.
    pub end: Pc,
}

impl TimelineDef {
    /// Whether a step stands in one of its arms.
    #[must_use]
    pub fn contains(&self, step: StepId) -> bool {
        self.step < step && step <= self.last
    }
}
