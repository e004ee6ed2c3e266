//! What branches, repeats and compares: the tables behind `parallel`, `split`, `repeat` and `experiment`.

use super::{BlockId, Pc, StepId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where the arms of a step begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmsDef {
    /// The step.
    pub step: StepId,
    /// The last step inside of it; the step itself where there is none.
    pub last: StepId,
    /// The first operation of each arm, in source order.
    pub targets: Vec<Pc>,
}

/// The shares of a `split`, arm by arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitDef {
    /// The step.
    pub step: StepId,
    /// What each arm takes.
    pub arms: Vec<SplitArm>,
}

/// The share of an arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitArm {
    /// Between 0 and 1; `None` takes what the others leave.
    pub share: Option<f64>,
    /// What the journal calls it: `as NAME`, or the share as written.
    pub name: Arc<str>,
}

/// A loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepeatDef {
    /// The step.
    pub step: StepId,
    /// The last step inside of it; the step itself where there is none.
    pub last: StepId,
    /// How often at the most: a block that computes a number.
    pub times: BlockId,
    /// From the start of one pass to that of the next: a block that computes a duration.
    pub every: Option<BlockId>,
    /// What ends it.
    pub until: Option<BlockId>,
}

/// A comparison of variants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentDef {
    /// The step.
    pub step: StepId,
    /// In source order; the first wins where nothing speaks for another.
    pub variants: Vec<VariantDef>,
    /// What counts as converted.
    pub measure: Measure,
    /// From the first arrival to the decision: a block that computes a duration.
    pub after: BlockId,
    /// Names, shares and measure in one number: another one begins the experiment anew.
    pub shape: u64,
}

/// A variant of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariantDef {
    /// Its name.
    pub name: Arc<str>,
    /// Its share of those who arrive before the decision, between 0 and 1.
    pub share: f64,
    /// The first and the last step inside of it.
    pub steps: Option<(StepId, StepId)>,
    /// Whether it sends anything: then who was sent something counts, else who came.
    pub is_sending: bool,
}

/// What counts as converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Measure {
    /// A message of the variant was opened.
    Opened,
    /// One was clicked.
    Clicked,
    /// The campaign's goal of that number was reached.
    Goal(u16),
}

impl ArmsDef {
    /// Whether a step stands inside.
    #[must_use]
    pub fn contains(&self, step: StepId) -> bool {
        self.step < step && step <= self.last
    }
}

impl RepeatDef {
    /// Whether a step stands inside, the head of the loop included.
    #[must_use]
    pub fn contains(&self, step: StepId) -> bool {
        self.step <= step && step <= self.last
    }
}

impl VariantDef {
    /// Whether a step stands inside.
    #[must_use]
    pub fn contains(&self, step: StepId) -> bool {
        self.steps.is_some_and(|(first, last)| first <= step && step <= last)
    }
}
