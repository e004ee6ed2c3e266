//! What the paths of a campaign bring to light.

use crate::base::{Code, Span};
use crate::diagnostics::{Applicability, Diagnostic, Edit, Fix};
use crate::semantic::hir::Step;

pub(super) fn never_sent(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0518, "this decides on a message that cannot have been sent", span, "no path that leads here sends it")
        .with_help("send it before, name another message, or ask about all there ever was: `… ever`")
        .with_note("a message counts from its latest sending on this enrollment's own path")
}
pub(super) fn sent_on_some_paths(span: Span) -> Diagnostic {
    Diagnostic::new(Code::W0519, "some paths lead here without this message", span, "always false for those who came that way")
        .with_help("ask it inside the arm that sends the message")
}
pub(super) fn no_time(span: Span) -> Diagnostic {
    Diagnostic::new(Code::W0520, "this is asked zero time after the send", span, "nobody can have done that yet")
        .with_help("give it time: `if … within 3d then … else …`, or begin the `else` with the wait")
}
pub(super) fn step_before_wait(span: Span, first: Span, wait: &Step) -> Diagnostic {
    let text = wait.header.text.to_string();
    let edits = vec![Edit { span: first.at_start(), replacement: format!("{text} ") }, Edit { span: wait.header.span, replacement: String::new() }];
    Diagnostic::new(Code::E0504, "this is asked zero time after the send", span, "nobody can have done that yet")
        .with_label(first, "this step stands before the red path's wait")
        .with_label(wait.header.span, "the wait is the time the condition has, if it comes first")
        .with_fix(Fix { title: "put the wait first".to_owned(), edits, applicability: Applicability::Maybe })
        .with_help("or give the condition its own time: `if … within 3d then … else …`")
}
pub(super) fn never_runs(span: Span, by: Span) -> Diagnostic {
    Diagnostic::new(Code::W0522, "this step never runs", span, "no path leads here")
        .with_label(by, "everybody has ended here")
        .with_help("remove it, or move it before")
}
pub(super) fn no_time_in_loop(span: Span) -> Diagnostic {
    let head = Span { end: span.end.min(span.start.saturating_add(6)), ..span };
    Diagnostic::new(Code::E0521, "no time passes in this loop", head, "all passes happen at one instant")
        .with_help("say how often: `repeat up to 3 times every 2d { … }`, or `wait` inside")
}
