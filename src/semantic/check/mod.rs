//! Turns the surface tree into the checked tree: names to ids, types, time made explicit.
//!
//! Not here: what can happen on the paths of a campaign (`flow`), and what is merely suspicious (`lint`).

mod campaign;
mod changes;
mod content;
mod context;
mod decisions;
mod declarations;
mod events;
mod expectations;
mod expressions;
mod header;
mod history;
mod identity;
mod literals;
mod logic;
mod messages;
mod operators;
pub(super) mod problems;
mod scenarios;
mod scope;
mod segments;
mod sequences;
mod shadows;
mod sms;
mod steps;
mod structure;
mod targets;
mod templates;
mod timing;
mod triggers;
mod types;
mod variables;
mod webhooks;

pub use identity::normalize as one_line;

pub(super) use context::{Checker, Usage};
pub(super) use decisions::ends;

use super::hir;
use super::input::Input;
use super::resolve::Names;
use crate::diagnostics::Diagnostic;

/// Checks everything; returns the tree, what was used, and the findings.
pub(super) fn check(input: &Input<'_>, names: &Names<'_>) -> (hir::Project, Usage, Vec<Diagnostic>) {
    let mut checker = Checker::new(input, names);
    checker.declarations();
    checker.declared_messages();
    checker.webhooks();
    checker.identities();
    checker.segments();
    checker.points();
    checker.policies();
    checker.sequences_alone();
    checker.shadows();
    checker.campaigns();
    checker.scenarios();
    checker.template_variables();
    checker.finish()
}
