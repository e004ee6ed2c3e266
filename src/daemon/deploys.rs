//! What the doors say of deploys, and hear of them: plain data.

use crate::lang::Instant;
use crate::migrate::{Finding, FinishOnOld, Permits};
use serde::{Deserialize, Serialize};

/// What the operator chooses for a deploy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeployOptions {
    /// The program that the plan was made against, as its hash in hexadecimal; none = whatever runs.
    pub base: Option<String>,
    /// Those whose place is gone finish on the program they are in.
    pub is_finishing_on_old: bool,
    /// Campaigns that are gone, and whose enrollments end.
    pub ended: Vec<String>,
    /// Fields whose values are given up where they do not fit.
    pub cleared: Vec<String>,
    /// How many of those who become due at once go on in an hour.
    pub release_per_hour: Option<u32>,
}

impl DeployOptions {
    /// What a plan takes as settled by these choices.
    #[must_use]
    pub fn permits(&self) -> Permits {
        Permits {
            finish_on_old: self.is_finishing_on_old.then_some(FinishOnOld),
            ended: self.ended.iter().cloned().collect(),
            cleared: self.cleared.iter().cloned().collect(),
        }
    }
}

/// What becomes of a roll-over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollingOn {
    /// It rests: both versions go on.
    Hold,
    /// It goes on.
    Continue,
}

/// How far the roll-over of the last deploy is, in contacts and enrollments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollOver {
    /// The deployment.
    pub seq: u32,
    /// When it became the running one.
    pub began: Instant,
    /// When every contact was under it.
    pub finished: Option<Instant>,
    /// Whether the operator lets it rest.
    pub is_resting: bool,
    /// Contacts that are under it.
    pub contacts: u64,
    /// Enrollments that went on in it.
    pub moved: u64,
    /// Enrollments that it ended: by a rule, or by an exit that holds.
    pub ended: u64,
    /// Enrollments that finish on the program they are in.
    pub finishing: u64,
    /// Enrollments that it has no place for.
    pub stranded: u64,
}

/// Why a deploy, or what belongs to one, is refused; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `E2201` and so on.
    pub code: &'static str,
    /// What is the matter, and what to do.
    pub text: String,
}

/// What forbids a deploy; nothing has changed. These are the findings that `campc plan` shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Obstacles {
    /// All of them; never warnings.
    pub findings: Vec<Finding>,
}

impl std::fmt::Display for Obstacles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { "\n" }, finding.of_its_campaign())?;
        }
        Ok(())
    }
}
