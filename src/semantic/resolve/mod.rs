//! What a project declares: every name once, each in its table, over all files.
//!
//! Not here: what stands inside a declaration.

mod names;
pub(super) mod problems;
mod segments;
mod table;
mod uses;

pub(super) use names::{Names, collect};
pub(super) use table::Table;
