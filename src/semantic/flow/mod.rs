//! What can happen on the paths of a campaign: what was sent, what time has passed, what never runs.
//!
//! Not here: names and types (`check`), and what is merely untidy (`lint`).

mod atoms;
mod path;
mod problems;
mod walk;

pub(super) use walk::bodies;

use super::hir;
use crate::diagnostics::Diagnostic;

/// Walks the paths of every campaign.
pub(super) fn check(project: &hir::Project) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for campaign in &project.campaigns {
        walk::campaign(project, campaign, &mut findings);
    }
    findings
}
