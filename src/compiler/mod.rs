//! Layer 7: the compiler as one door: files as bytes in, findings or a program out. Pure: the shell reads the files.
//!
//! [`Workspace`] holds what was read and says what is still missing, [`analyze`] finds what is wrong, [`compile`] makes the program,
//! [`format_source`] lays a file out.

mod analysis;
mod formatting;
mod problems;
mod sources;
mod workspace;

pub use analysis::{Analysis, AnalyzedFile, analyze, compile, compile_data, compile_with_tests};
pub use formatting::{Formatted, format_source};
pub use workspace::Workspace;
