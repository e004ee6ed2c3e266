//! What can happen on the paths of a campaign: what was sent, what time has passed, what never runs.
//!
//! Not here: names and types (`check`), and what is merely untidy (`lint`).

mod atoms;
mod decide;
mod path;
pub(in crate::semantic) mod problems;
mod sends;
mod touches;
mod trail;
mod waits;
mod walk;

pub(super) use walk::{bodies, is_after_the_end};

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
