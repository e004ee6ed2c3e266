//! The plan of a deploy as plain data: what changes, whom it concerns, what forbids it.

use super::problems::Finding;
use serde::{Deserialize, Serialize};

/// What a deploy would change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Names the plan: a hash over both programs, what became of each step, and the rules.
    pub id: String,
    /// The hash of the program that runs; none where nothing does.
    pub base: Option<String>,
    /// The hash of the new program.
    pub to: String,
    /// How many contacts there are.
    pub contacts: u64,
    /// Whether what happens at once was tried on some contacts of each place and not on all.
    pub is_sampled: bool,
    /// Campaigns that change, in the order of the new source; those that are gone last.
    pub campaigns: Vec<CampaignPlan>,
    /// Segments that change.
    pub segments: Vec<SegmentPlan>,
    /// Fields of the contact whose type changes.
    pub fields: Vec<FieldPlan>,
    /// Campaigns in which somebody has been finishing on an older version for long.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lingering: Vec<LingeringPlan>,
    /// What belongs to no campaign.
    pub findings: Vec<Finding>,
}

/// Those who finish on an older version and have not come to its end for long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LingeringPlan {
    /// The campaign, as it was called last.
    pub campaign: String,
    /// How many.
    pub enrollments: u64,
    /// Since when the first of them does.
    pub since: String,
    /// How many days that is.
    pub days: u64,
}

impl Plan {
    /// Whether the deploy would change anything.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.base.as_deref() != Some(self.to.as_str())
    }
    /// All findings, those of no campaign last.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.campaigns.iter().flat_map(|campaign| &campaign.findings).chain(&self.findings)
    }
    /// Whether nothing forbids it.
    #[must_use]
    pub fn is_deployable(&self) -> bool {
        !self.all_findings().any(Finding::is_error)
    }
    /// Whether so many become due at once that the deploy wants a pace.
    #[must_use]
    pub fn needs_release(&self) -> bool {
        self.campaigns.iter().any(|campaign| campaign.needs_release)
    }
}

/// What becomes of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignChange {
    /// It is there in both.
    Changed,
    /// It is new.
    New,
    /// It is no more.
    Gone,
}

/// A campaign that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignPlan {
    /// Its name in the new program, or in the running one where it is gone.
    pub campaign: String,
    /// Its former name, where it has another now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub was: Option<String>,
    /// What becomes of it.
    pub change: CampaignChange,
    /// The hash of what it was.
    pub from: Option<String>,
    /// The hash of what it is.
    pub to: Option<String>,
    /// How many contacts are inside.
    pub inside: u64,
    /// `draft` or `published`, where that changes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub becomes: Option<String>,
    /// Steps that change.
    pub steps: Vec<StepPlan>,
    /// Lines of the header that change.
    pub header: Vec<HeaderPlan>,
    /// How many steps stay as they are.
    pub unchanged_steps: u64,
    /// How many contacts stand at those.
    pub unchanged_here: u64,
    /// How many become due at once, all steps together.
    pub due_at_once: u64,
    /// How many end at once by an exit.
    pub ends_at_once: u64,
    /// How many are stranded: what they have captured does not fit its new type.
    #[serde(default)]
    pub stranded: u64,
    /// How many finish on the old version, where that was chosen.
    pub finishes_on_old: u64,
    /// Whether so many become due at once that the deploy wants a pace.
    pub needs_release: bool,
    /// What is to be settled, and what to look at.
    pub findings: Vec<Finding>,
}

/// How a step of one version is one of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepHow {
    /// A line of `migrate`.
    Rule,
    /// The same name.
    Name,
    /// Among its neighbours, with the same text.
    Anchor,
    /// The same one of as many equals.
    Ordinal,
    /// A send that stands elsewhere now.
    Moved,
    /// A line of `migrate` ends those who stand here.
    Stopped,
    /// It could be either of several.
    Ambiguous,
    /// It is no more.
    Gone,
    /// It is new.
    New,
}

/// A step that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepPlan {
    /// What it was called.
    pub old: Option<String>,
    /// What it is called.
    pub new: Option<String>,
    /// How the one is the other.
    pub how: StepHow,
    /// How many contacts stand here; of a new step, how many may still come to it; of a moved send, how many have had it.
    pub here: u64,
    /// How many of them become due at once.
    pub due_at_once: u64,
    /// What it said, where that is not what it says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<String>,
    /// What it says then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<String>,
    /// Whether the message itself says something else.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_content_changed: bool,
}

/// A line of the header that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeaderPlan {
    /// The line: `exit when purchase`.
    pub line: String,
    /// `new`, `changed`, `gone`.
    pub change: String,
    /// What follows from it, in words.
    pub note: String,
    /// How many end at once by it.
    pub ends_at_once: u64,
}

/// A segment that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentPlan {
    /// Its name.
    pub segment: String,
    /// `new`, `changed`, `gone`.
    pub change: String,
    /// How many come in.
    pub comes_in: u64,
    /// How many go out.
    pub goes_out: u64,
}

/// A field whose type changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldPlan {
    /// Its name.
    pub field: String,
    /// Its type.
    pub from: String,
    /// Its type then.
    pub to: String,
    /// How many contacts have a value.
    pub values: u64,
    /// How many of these do not fit.
    pub misfits: u64,
}
