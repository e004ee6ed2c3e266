//! Layer 7: aligning two programs, and the plan of a deploy. Pure: the states of contacts are arguments.
//!
//! [`align`] says of every step of the running program which step of the new one carries it on ([`Mapping`]), and [`Mapping::lineage`]
//! makes of it what [`crate::machine::Deployment::next`] takes. [`land`] says of one who stands somewhere where he goes on ([`Landing`]).
//! [`plan`] looks at every contact once and says what a deploy changes, whom it concerns and what forbids it ([`Plan`]).
//!
//! What is where: `tree` the steps of a campaign as blocks, `anchors` the longest common subsequence and what of it is certain,
//! `align` the order of rules, names, blocks and moved sends, `rules` the lines of `migrate`, `landing` one contact's way,
//! `survey` the one look at every contact, `planning` what comes of it, `findings` and `offer` what is to be settled and how, `captured`
//! who lacks what the new text reads, `problems` every finding of this family. Not here: moving anybody (`advance`, `daemon`), and how a plan looks at a terminal (`cli`).

mod align;
mod anchors;
mod captured;
mod findings;
mod headers;
mod landing;
mod mapping;
mod messages;
mod offer;
mod plan;
mod planning;
mod problems;
mod rules;
mod squeeze;
mod survey;
mod tree;

pub use align::align;
pub use landing::{Crossing, Landing, land};
pub use mapping::{CampaignMapping, Choices, Fate, How, LateMove, Mapping};
pub use plan::{CampaignChange, CampaignPlan, FieldPlan, HeaderPlan, LingeringPlan, Plan, SegmentPlan, StepHow, StepPlan};
pub use planning::{Depth, FinishOnOld, Permits, Question, needs_release, plan, wants_release};
pub use problems::{Finding, Version, grouped};
