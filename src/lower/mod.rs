//! Layer 5: the checked tree becomes a compiled program. One file per group of constructs.
//!
//! Lowering never fails on a program without findings. Nothing is checked here.

mod campaign;
mod context;
mod declarations;
mod expressions;
mod flow;
mod history;
mod messages;
mod positions;
mod sending;
mod steps;
mod tests;
mod timing;
mod triggers;
mod waits;

use crate::base::{Sources, Span};
use crate::bytecode::Program;
use crate::semantic::hir;
use context::Lowering;

pub use tests::{TestBlocks, lower_with_tests};

/// The program of a checked project.
///
/// # Errors
/// Where the tree holds poison: it had findings.
pub fn lower(project: &hir::Project, sources: &Sources) -> Result<Program, Vec<Span>> {
    let mut lowering = Lowering::new(project, sources);
    lowering.declarations();
    lowering.campaigns();
    lowering.finish()
}
