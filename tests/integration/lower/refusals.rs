//! What is checked but cannot run yet.

use super::checked::*;
use campc::base::Sources;
use campc::lower::lower;
use campc::semantic::hir::{NotYet, StepKind};

#[test]
fn a_construct_that_cannot_run_yet_is_refused_by_its_name() {
    let project = with_steps(vec![StepKind::Mute(days(3))]);
    let refused = lower(&project, &Sources::default()).expect_err("refused");
    let names: Vec<&str> = refused.iter().map(|refusal| refusal.construct).collect();
    assert_eq!(names, ["mute"]);
}

#[test]
fn what_the_checker_has_listed_is_not_listed_twice() {
    let mut project = with_steps(vec![StepKind::Mute(days(3))]);
    project.not_yet = vec![NotYet { construct: "mute", span: NOWHERE }];
    assert_eq!(lower(&project, &Sources::default()).expect_err("refused").len(), 1);
}
