//! The result of an alignment: what became of every step.

use super::problems::Finding;
use crate::bytecode::{CampaignId, StepId};
use crate::machine::state::StepUid;
use crate::machine::{Deployment, Lineage};
use serde::{Deserialize, Serialize};

/// How it was found out where a step is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// A line of `migrate`.
    Rule,
    /// The same name.
    Name,
    /// It stands among its neighbours, with the same text.
    Anchor,
    /// It is the same one of as many equals.
    Ordinal,
    /// A send that stands elsewhere now.
    Moved,
}

/// What became of a step of the running program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// This step of the new program carries it on.
    Mapped {
        /// Which.
        to: StepId,
        /// How that was found.
        how: How,
    },
    /// A line of `migrate` ends those who stand here.
    Stopped,
    /// It could be any of these.
    Ambiguous(Vec<StepId>),
    /// It is no more.
    Gone,
}

impl Fate {
    /// The step that carries it on.
    #[must_use]
    pub fn target(&self) -> Option<StepId> {
        match self {
            Fate::Mapped { to, .. } => Some(*to),
            Fate::Stopped | Fate::Ambiguous(_) | Fate::Gone => None,
        }
    }
}

/// What became of a campaign of the running program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignMapping {
    /// The campaign that carries it on.
    pub to: Option<CampaignId>,
    /// Whether anything of it is different, what it names included.
    pub is_changed: bool,
}

/// What else decides than the two programs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choices<'c> {
    /// A roll-back: the deployment that the new program had before. Steps of one lineage are the same, whatever they look like.
    pub back_to: Option<&'c Deployment>,
}

/// What became of every step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    /// By campaign of the running program.
    pub campaigns: Vec<CampaignMapping>,
    /// By step of the running program.
    pub fates: Vec<Fate>,
    /// By step of the new program: the step whose lineage it carries on.
    pub origins: Vec<Option<StepId>>,
    /// Steps whose name stands for another kind of step now: the old one and the new one.
    pub renamed_kinds: Vec<(StepId, StepId)>,
    /// Lines of `migrate` about steps that only an earlier version had.
    pub late: Vec<LateMove>,
    /// Of a roll-back, by step of the new program: the lineage that it had before, where no step of the running one carries that on.
    pub regained: Vec<Option<StepUid>>,
    /// What is wrong with lines of `migrate`.
    pub findings: Vec<Finding>,
}

/// A line of `migrate` about a step that only an earlier version had: it leads whoever stands there, put aside by an earlier deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateMove {
    /// The step's lineage.
    pub from: StepUid,
    /// The step of the new program; none: one stops.
    pub to: Option<StepId>,
    /// The campaign's name in the new program.
    pub campaign: String,
    /// What the step was called.
    pub step: String,
    /// What is said of the line where nobody stands there.
    pub title: String,
}

impl Mapping {
    /// What became of a step; of one that the running program does not have, gone.
    #[must_use]
    pub fn fate(&self, step: StepId) -> &Fate {
        self.fates.get(step.index()).unwrap_or(&Fate::Gone)
    }
    /// What the new deployment inherits from the running one.
    #[must_use]
    pub fn lineage(&self, running: &Deployment) -> Lineage {
        let carried = self.origins.iter().map(|origin| origin.and_then(|step| running.steps.get(step.index()).copied()));
        let heirs = carried.enumerate().map(|(at, uid)| uid.or_else(|| self.regained.get(at).copied().flatten())).collect();
        let moves = self.fates.iter().zip(&running.steps).filter_map(|(fate, uid)| match fate {
            Fate::Mapped { to, how: How::Rule } => Some((*uid, Some(*to))),
            Fate::Stopped => Some((*uid, None)),
            Fate::Mapped { .. } | Fate::Ambiguous(_) | Fate::Gone => None,
        });
        Lineage { heirs, moves: moves.chain(self.late.iter().map(|late| (late.from, late.to))).collect() }
    }
}
