//! Lowering, from checked trees to listings.

pub mod checked;
mod decisions;
mod expressions;
mod header;
mod refusals;
mod steps;

use campc::base::Sources;
use campc::bytecode::{Program, disassemble, verify};
use campc::semantic::hir;

/// The program of a checked tree, verified.
pub fn lowered(project: &hir::Project) -> Program {
    let program = campc::lower::lower(project, &Sources::default()).unwrap_or_else(|refused| panic!("refused: {refused:?}"));
    if let Err(errors) = verify(program.clone()) {
        panic!("{}\n{errors:?}", disassemble(&program));
    }
    program
}

/// The listing behind the tables.
pub fn listing(project: &hir::Project) -> String {
    let whole = disassemble(&lowered(project));
    let at = whole.find("\n\n").expect("code behind the tables");
    whole[at + 2..].to_string()
}
