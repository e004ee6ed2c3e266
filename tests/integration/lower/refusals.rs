//! Poison is never lowered.

use super::checked::*;
use campc::base::Sources;
use campc::lower::lower;
use campc::semantic::hir::StepKind;

#[test]
fn a_part_that_could_not_be_understood_is_refused_with_its_place() {
    let project = with_steps(vec![StepKind::Error]);
    assert_eq!(lower(&project, &Sources::default()).expect_err("refused"), [NOWHERE]);
}
