//! What leads back to itself without time passing.

use crate::base::{Code, Span};
use crate::diagnostics::Diagnostic;

type Labels = [(Span, String)];

pub(super) fn endless(labels: &Labels) -> Diagnostic {
    build(Code::W0702, "these start each other without end", labels)
        .with_help("put a wait between them, or let one of them not come again")
        .with_note("no time passes on the way round; the engine cuts such a chain after 100 turns")
}
pub(super) fn circle(labels: &Labels) -> Diagnostic {
    build(Code::W0703, "these campaigns lead back to each other at one instant", labels)
        .with_help("put a wait between them, or take one of the steps out")
        .with_note("the circle ends only because somebody is already inside, may not come again, or because nothing changes any more")
}
pub(super) fn rule_feeds_itself(labels: &Labels) -> Diagnostic {
    build(Code::W0704, "this point rule fires itself", labels).with_help("let the rule listen to another event, or take the step out")
}

fn build(code: Code, title: &str, labels: &Labels) -> Diagnostic {
    let mut labels = labels.iter();
    let (span, text) = labels.next().cloned().unwrap_or((Span::new(crate::base::FileId(0), 0, 0), String::new()));
    labels.fold(Diagnostic::new(code, title, span, text), |finding, (span, text)| finding.with_label(*span, text.clone()))
}
