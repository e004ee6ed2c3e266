//! Findings of the facade itself: what keeps a file from being read, and what keeps a checked program from being run.

use crate::base::{Code, FileId, Span};
use crate::diagnostics::Diagnostic;

/// E0111
pub(super) fn not_utf8(file: FileId, valid_bytes: usize) -> Diagnostic {
    let title = format!("the file is not UTF-8 text: byte {valid_bytes} is the first that does not fit");
    Diagnostic::new(Code::E0111, title, Span::new(file, 0, 0), "this file").with_help("save it as UTF-8")
}

/// E0901: we failed: a program without findings holds a part that nobody understood.
pub(super) fn not_understood(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0901, "this part could not be compiled", span, "checked without a finding")
        .with_help("this is a bug in campc: please report it with the source")
}

/// E0901: we failed, and the program must not be run.
pub(super) fn does_not_hold(what: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0901, "the compiled program does not hold together", span, "")
        .with_help("this is a bug in campc: please report it with the source")
        .with_note(what)
}
