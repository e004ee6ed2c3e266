//! The formatter: its style as snapshots, and what it promises of every file: nothing is lost, nothing is said otherwise, and a second
//! run changes nothing.

mod command;
mod promises;
mod style;

use campc::base::FileId;
use campc::compiler::{Formatted, format_source};
use campc::diagnostics::Sink;
use campc::syntax::{self, ast};

/// The formatted text; panics where the source has errors or the formatter's own proof fails.
pub fn formatted(text: &str) -> String {
    match format_source("main.camp", text.as_bytes()) {
        Formatted::Unchanged => text.to_string(),
        Formatted::Changed(bytes) => String::from_utf8(bytes).unwrap(),
        Formatted::Broken(_, findings) => panic!("syntax errors in\n{text}\n{:?}", findings.iter().map(|f| &f.title).collect::<Vec<_>>()),
        Formatted::Differs => panic!("another program comes of\n{text}"),
    }
}

/// Whether a text has no syntax errors.
pub fn is_right(text: &str) -> bool {
    let mut sink = Sink::new();
    syntax::parse(FileId(0), text, &mut sink);
    !sink.has_errors()
}

/// The tree, told by another hand than the formatter's own proof, and the comments.
pub fn said(text: &str) -> (String, Vec<String>) {
    let tree = syntax::parse(FileId(0), text, &mut Sink::new());
    let comments = tree.comments.iter().map(|comment| text[comment.span.range()].to_string()).collect();
    (ast::dump(&tree), comments)
}
