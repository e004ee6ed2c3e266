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
pub(super) fn asked_at_the_start(span: Span) -> Diagnostic {
    Diagnostic::new(Code::W0520, "this is asked at the very start of the enrollment", span, "nothing can have happened since it began")
        .with_help("give it time: `if … within 3d then … else …`, or look further back: `… ever`, `… in last 30d`")
        .with_note("what happened counts from the start of the enrollment; the event that started it is not history of its own enrollment")
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
pub(in crate::semantic) fn never_holds(span: Span, because: Option<Span>) -> Diagnostic {
    with_reason(Diagnostic::new(Code::W0526, "this can never hold", span, "false for everybody who comes here"), because)
        .with_help("correct it, or remove what waits behind it")
}
pub(in crate::semantic) fn always_holds(span: Span, because: Option<Span>) -> Diagnostic {
    with_reason(Diagnostic::new(Code::W0527, "this always holds", span, "true for everybody who comes here"), because)
        .with_help("correct it, or leave the question out")
}
fn with_reason(finding: Diagnostic, because: Option<Span>) -> Diagnostic {
    match because {
        Some(span) => finding.with_label(span, "decided here already"),
        None => finding,
    }
}
pub(in crate::semantic) fn after_the_end(span: Span, campaign: Span) -> Diagnostic {
    Diagnostic::new(Code::W0528, "the campaign has ended before anybody comes here", span, "never reached in time")
        .with_label(campaign, "its `active … until` is earlier")
        .with_help("shorten the waits before it, or move the end")
        .with_note("at its end all enrollments of a campaign end, wherever they stand")
}
pub(super) fn sent_twice(span: Span, name: Option<&str>, first: Span) -> Diagnostic {
    let title = match name {
        Some(name) => format!("`{name}` is sent a second time"),
        None => "this message is sent a second time".to_owned(),
    };
    Diagnostic::new(Code::W0530, title, span, "some get it twice")
        .with_label(first, "sent here first")
        .with_help("send another message, or say that it is meant: `repeat up to 2 times { … }`")
}
pub(super) fn opens_alone(span: Span, loss: Span) -> Diagnostic {
    Diagnostic::new(Code::W0531, "this depends on opens alone", span, "many who read it are never seen to open it")
        .with_label(loss, "they lose something here")
        .with_help("ask for more than an open: `clicked(…)`, a visit, an event")
        .with_note("mail programs hide opens, and opens by machines do not count")
}
pub(super) fn over_the_cap(span: Span, limit: Span) -> Diagnostic {
    Diagnostic::new(Code::W0532, "this is one message more than the limit lets through", span, "skipped for whoever comes here")
        .with_label(limit, "the limit")
        .with_help("put a wait before it, raise the limit, or let it wait: `limit … else wait`")
}
pub(super) fn never_set(span: Span) -> Diagnostic {
    Diagnostic::new(Code::W0533, "this waits for something that is not set", span, "unset for everybody who comes here, and nothing sets it")
        .with_help("set it in a step, add an `update` line, or ask `is set` first")
        .with_note("a wait on something unset stays until it is set")
}
