//! Trusting a program: what the machine counts on is looked at once, after compiling and after loading.
//!
//! A verified program has every id in range, jumps that stay in their routine, a stack that fits on every path, and no circles.

mod blocks;
mod code;
mod owners;
mod tables;

use super::{Layout, Pc, Program};
use std::ops::Deref;
use std::sync::Arc;

/// How deep the stack may grow.
pub const MAX_STACK: u32 = 4_096;
/// How deep blocks may ask one another.
pub const MAX_BLOCK_DEPTH: usize = 64;
/// How large a compiled pattern may be.
pub const MAX_REGEX_BYTES: usize = 1 << 20;
/// After that many findings the rest is not listed.
const MAX_ERRORS: usize = 100;

/// What is wrong with a program. These are never the marketer's fault: the image is damaged, or the compiler is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", pc.map(|pc| format!("operation {}: ", pc.0)).unwrap_or_default())]
pub struct VerifyError {
    /// The operation, where it is one.
    pub pc: Option<Pc>,
    /// What is wrong.
    pub what: String,
}

/// A program that has been verified: what the machine takes.
#[derive(Clone, Debug)]
pub struct VerifiedProgram(Arc<Program>);

impl VerifiedProgram {
    /// The shared program.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        &self.0
    }
}

impl Deref for VerifiedProgram {
    type Target = Program;
    fn deref(&self) -> &Program {
        &self.0
    }
}

/// Looks at everything the machine counts on.
///
/// # Errors
/// All that is wrong, at most a hundred findings.
pub fn verify(program: Program) -> Result<VerifiedProgram, Vec<VerifyError>> {
    let errors = find_errors(&program);
    if errors.is_empty() { Ok(VerifiedProgram(Arc::new(program))) } else { Err(errors) }
}

/// All that is wrong with a program.
#[must_use]
pub fn find_errors(program: &Program) -> Vec<VerifyError> {
    let mut checker = Checker { program, layout: Layout::new(program), errors: Vec::new() };
    checker.check_tables();
    checker.check_code();
    // What follows walks from table to table and needs them to hold together.
    if checker.errors.is_empty() {
        checker.check_blocks();
        checker.check_owners();
    }
    checker.errors
}

/// The program under the lens, and what was found.
struct Checker<'p> {
    program: &'p Program,
    layout: Layout,
    errors: Vec<VerifyError>,
}

impl Checker<'_> {
    fn report(&mut self, pc: Option<Pc>, what: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(VerifyError { pc, what: what.into() });
        }
    }
    fn demand(&mut self, holds: bool, what: &str) {
        if !holds {
            self.report(None, what);
        }
    }
    fn demand_at(&mut self, pc: Pc, holds: bool, what: &str) {
        if !holds {
            self.report(Some(pc), what);
        }
    }
}
