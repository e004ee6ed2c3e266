//! Layer 0: what every other layer stands on: spans, sources, typed ids, finding codes.
//!
//! Not here: anything that knows the language, or how a finding looks on a screen.

mod codes;
mod ids;
mod source;
mod span;

pub use codes::{ALL_CODES, Code, Severity};
pub use source::{LineColumn, LineIndex, Source, Sources};
pub use span::{FileId, Span, Spanned};
