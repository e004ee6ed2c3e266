//! Findings: what is wrong with a program, where, why, and what to do. One [`Diagnostic`] for all readers, one renderer a format.
//!
//! Not here: the texts. Each pass has its own `problems.rs` with a named constructor a code.

mod diagnostic;
pub mod github;
pub mod gitlab;
pub mod json;
pub mod sarif;
pub mod short;
mod sink;
mod suggest;
pub mod terminal;
mod view;

pub use diagnostic::{Applicability, Diagnostic, Edit, Fix, Label};
pub use sink::Sink;
pub use suggest::suggest;
pub use view::View;
