//! Layer 5: runs one enrollment until it waits. Evaluates expressions and history questions, executes steps.
//!
//! Not here: syntax, what happens to the rest of the contact (`advance`), stores and clocks.

mod deployment;
mod linked;
pub mod state;

pub use deployment::{Deployment, IdKind, Registry};
pub use linked::Linked;
