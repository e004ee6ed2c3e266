//! Findings of the facade itself: what keeps a file from being read, and what keeps a checked program from being run.

use crate::base::{Code, FileId, Span};
use crate::diagnostics::Diagnostic;
use crate::semantic::hir::NotYet;

/// E0111
pub(super) fn not_utf8(file: FileId, valid_bytes: usize) -> Diagnostic {
    let title = format!("the file is not UTF-8 text: byte {valid_bytes} is the first that does not fit");
    Diagnostic::new(Code::E0111, title, Span::new(file, 0, 0), "this file").with_help("save it as UTF-8")
}

/// E0900
pub(super) fn cannot_run(refusal: &NotYet) -> Diagnostic {
    Diagnostic::new(Code::E0900, format!("`{}` cannot run yet", refusal.construct), refusal.span, "checked, but not run by this version")
        .with_help("leave it out, or run `campc check`, which accepts it")
}

/// E0900: we failed, and the program must not be run.
pub(super) fn does_not_hold(what: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0900, "the compiled program does not hold together", span, "")
        .with_help("this is a bug in campc: please report it with the source")
        .with_note(what)
}
