//! Images, the verifier, hashes.

mod hashes;
mod hostile;
mod images;
mod verifier;

use crate::lower::checked::{bought, campaign, captured_sku, days, decide, is_pro, opened, project, send, steps, text};
use campc::bytecode::Program;
use campc::semantic::hir::{self, Param, Segment, StepKind};

/// A checked tree with most constructs.
pub fn rich_project() -> hir::Project {
    let mut project = project();
    let nowhere = crate::lower::checked::NOWHERE;
    project.segments = vec![Segment { name: "pro".into(), was: None, condition: is_pro(), reads: vec![], doc: None, span: nowhere }];
    let params = vec![Param { name: "offer".into(), value: captured_sku() }];
    let first = vec![
        send(0),
        decide(opened(), Some(3), vec![StepKind::Tag("warm".into())], vec![send(1)]),
        StepKind::Wait { duration: days(1), then_until: None },
        StepKind::Send { message: campc::bytecode::MessageId(2), params },
        StepKind::Set { field: crate::lower::checked::PLAN, value: text("pro") },
    ];
    let second = vec![decide(bought(), None, vec![StepKind::Stop(None)], vec![]), send(1)];
    project.campaigns = vec![campaign("first", steps(0, first)), campaign("second", steps(7, second))];
    project
}

/// Its program.
pub fn rich_program() -> Program {
    crate::lower::lowered(&rich_project())
}
