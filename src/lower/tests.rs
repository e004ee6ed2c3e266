//! The expressions of `test` blocks: lowered with the program they are about, so that one machine evaluates both.

use super::context::Lowering;
use crate::base::{Sources, Span};
use crate::bytecode::{BlockId, Program};
use crate::semantic::hir::{self, Expectation, Expr, StepKind, TestEventKind, TestStepKind};

/// For each test, for each of its lines: the block of its expression, where it has one.
pub type TestBlocks = Vec<Vec<Option<BlockId>>>;

/// The program of a checked project, and the blocks of its tests.
///
/// # Errors
/// Where the tree holds poison: it had findings.
pub fn lower_with_tests(project: &hir::Project, sources: &Sources) -> Result<(Program, TestBlocks), Vec<Span>> {
    let mut lowering = Lowering::new(project, sources);
    lowering.declarations();
    lowering.campaigns();
    let lines = |lowering: &mut Lowering<'_>, test: &hir::Test| test.steps.iter().map(|step| expression(&step.kind).map(|expr| lowering.block(expr))).collect();
    let blocks = project.tests.iter().map(|test| lines(&mut lowering, test)).collect();
    Ok((lowering.finish()?, blocks))
}

/// The expression of a line.
fn expression(kind: &TestStepKind) -> Option<&Expr> {
    match kind {
        TestStepKind::Expect(Expectation::Condition(condition)) => Some(condition),
        TestStepKind::Expect(Expectation::Webhook { body, .. }) => body.as_ref(),
        TestStepKind::Event(event) => match &event.kind {
            TestEventKind::Custom { properties, .. } => properties.as_ref(),
            TestEventKind::Visited(_) | TestEventKind::Message { .. } => None,
        },
        TestStepKind::Change(
            StepKind::Set { value, .. }
            | StepKind::AddItem { item: value, .. }
            | StepKind::RemoveItem { item: value, .. }
            | StepKind::AddPoints { amount: value, .. }
            | StepKind::SetPoints { amount: value, .. }
            | StepKind::Emit { properties: Some(value), .. }
            | StepKind::Mute(value),
        ) => Some(value),
        TestStepKind::Change(_)
        | TestStepKind::Expect(_)
        | TestStepKind::GivenContact(_)
        | TestStepKind::After(_)
        | TestStepKind::At(_)
        | TestStepKind::Pause(_)
        | TestStepKind::Resume { .. }
        | TestStepKind::Merge { .. }
        | TestStepKind::Erase(_)
        | TestStepKind::ClearDevice
        | TestStepKind::ReceiveSms(_)
        | TestStepKind::Error => None,
    }
}
