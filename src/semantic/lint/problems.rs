//! What looks like a slip.

use crate::base::{Code, Span};
use crate::diagnostics::Diagnostic;

pub(super) fn unused(span: Span, what: &str, name: &str, label: &str) -> Diagnostic {
    Diagnostic::new(Code::W0803, format!("the {what} `{name}` is never used"), span, label).with_help("use it, or remove it")
}
pub(super) fn unsigned(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::W0801, format!("calls of the webhook `{name}` are not signed"), span, "has no `secret`")
        .with_help("add `secret env(\"…\")`, so that the receiver can tell who calls")
}
pub(super) fn secret_in_source(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::W0802, format!("the secret of `{name}` stands in the source"), span, "everyone who reads the source knows it")
        .with_help("keep it in the environment: `secret env(\"…\")`")
}
pub(super) fn never_open(span: Span, others: &[Span]) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0523, "there is no time at which this campaign may send", span, "never open together with the others");
    let finding = others.iter().fold(finding, |finding, other| finding.with_label(*other, "this leaves no time in common"));
    finding.with_help("widen one of them").with_note("a message leaves only while every window is open and no quiet hours are on")
}
pub(super) fn always_quiet(span: Span, others: &[Span]) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0642, "quiet hours that never end", span, "from here on it is always quiet");
    let finding = others.iter().fold(finding, |finding, other| finding.with_label(*other, "these are quiet too"));
    finding.with_help("leave some time of the day in which a message may go out").with_note("no marketing message of any campaign could ever leave")
}
pub(super) fn nothing_enrols(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::W0524, format!("nothing enrols into {name:?}"), span, "published without a `when`")
        .with_help("say what starts it: `when segment …`, `when EVENT`, or `when enrolled` for the API and other campaigns")
}
