//! What is checked but cannot run yet.

use super::checked::*;
use campc::base::Sources;
use campc::lower::lower;
use campc::semantic::hir::{NotYet, StepKind};

#[test]
fn a_construct_that_cannot_run_yet_is_refused_by_its_name() {
    let project = with_steps(vec![StepKind::Error]);
    let refused = lower(&project, &Sources::default()).expect_err("refused");
    let names: Vec<&str> = refused.iter().map(|refusal| refusal.construct).collect();
    assert_eq!(names, ["a part that could not be understood"]);
}

#[test]
fn what_the_checker_has_listed_is_not_listed_twice() {
    let mut project = with_steps(vec![StepKind::Error]);
    project.not_yet = vec![NotYet { construct: "a part that could not be understood", span: NOWHERE }];
    assert_eq!(lower(&project, &Sources::default()).expect_err("refused").len(), 1);
}
