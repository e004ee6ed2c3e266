//! The surface tree: what a `.camp` file says, word for word, with a place on every node.
//!
//! It is wider than the language: header lines may stand anywhere, any call may be an event, names may have capitals. What is
//! wrong with that is said by later stages. Comments are not in the tree but beside it ([`File::comments`]); doc comments hang on
//! the node they precede. Not here: any meaning of a name.

mod campaign;
mod declarations;
mod dump;
mod expressions;
mod literals;
mod steps;
mod test_blocks;

pub use campaign::*;
pub use declarations::*;
pub use dump::dump;
pub use expressions::*;
pub use literals::*;
pub use steps::*;
pub use test_blocks::*;

use crate::base::Span;
use std::sync::Arc;

/// One source file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// The whole text.
    pub span: Span,
    /// Declarations in source order, error places among them.
    pub decls: Vec<Decl>,
    /// Every comment in source order, doc comments too.
    pub comments: Vec<Comment>,
}

/// A bare word that names something.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The word as written.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// The name of a declared thing, written as a word or as a string.
#[derive(Clone, Debug, PartialEq)]
pub struct Ref {
    /// The name; of a string its unescaped value.
    pub text: Arc<str>,
    /// Where it stands, quotes included.
    pub span: Span,
    /// Whether it was written as a string.
    pub is_quoted: bool,
}

/// `a.b.c`: a field, variable or property.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The whole path.
    pub span: Span,
    /// The first name.
    pub root: Name,
    /// The names after dots.
    pub rest: Vec<Name>,
}

/// The `///` lines before a declaration, field, header line or step.
#[derive(Clone, Debug, PartialEq)]
pub struct Doc {
    /// From the first line's slashes to the end of the last line.
    pub span: Span,
    /// The text, slashes and one blank after them removed, lines joined with `\n`.
    pub text: Arc<str>,
}

/// A comment of the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// From the slashes to the end of the line, the line break not included.
    pub span: Span,
    /// Whether it is a `///` comment.
    pub is_doc: bool,
    /// Whether nothing but blanks stands before it on its line.
    pub is_own_line: bool,
}
