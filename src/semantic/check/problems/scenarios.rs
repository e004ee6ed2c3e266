//! Tests.

use crate::base::{Code, Span};
use crate::diagnostics::{Diagnostic, Fix, suggest};

pub(crate) fn unknown_contact<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let finding = Diagnostic::new(Code::E1101, format!("no contact `{name}` is given yet"), span, "not given before this line");
    match suggest(name, known) {
        Some(near) => finding.with_fix(Fix::maybe(format!("write `{near}`"), span, near)),
        None => finding.with_help(format!("give one first: `given contact {name} {{ … }}`")),
    }
}
pub(crate) fn nobody_given(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E1101, "no contact is given yet", span, "happens to nobody").with_help("give one first: `given contact { country: \"Canada\" }`")
}
pub(crate) fn which_contact(span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::E1102, "several contacts are given: which one is meant?", span, "happens to one of them")
        .with_label(first, "the first of them")
        .with_help("name the contact before the line: `ana: opened(welcome)`")
}
pub(crate) fn now_comes_first(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E1103, "`given now` comes before all else, once", span, "time has begun already")
        .with_help("move it to the top; later, use `at` or `after`")
}
pub(crate) fn properties_in_braces(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E1104, "what happens is written in braces", span, "a condition is no happening").with_help(format!("write `{name} {{ amount: 20 }}`"))
}
pub(crate) fn one_message(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E1104, "this happens to one message", span, "which one?").with_help("name the message or the step that sends it")
}
pub(crate) fn not_a_status(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E1105, "a status is a number from 100 to 599", span, "no status of HTTP")
}
pub(crate) fn zone_of_test(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E1105, "a test's clock follows one zone", span, "there may be several contacts").with_help("name it: `in \"America/Toronto\"`")
}
pub(crate) fn unknown_reason(span: Span, reason: &str, known: &[&str]) -> Diagnostic {
    let finding = Diagnostic::new(Code::E1106, format!("{reason:?} is never a reason"), span, "not one the engine gives");
    let finding = match suggest(reason, known.iter().copied()) {
        Some(near) => finding.with_fix(Fix::maybe(format!("write {near:?}"), span, format!("{near:?}"))),
        None => finding,
    };
    finding.with_help(format!("reasons are: {}", known.join(", ")))
}
