//! What looks like a slip.

use crate::base::{Code, Span};
use crate::diagnostics::Diagnostic;
use crate::lang::{Duration, Type};

pub(super) fn unused(span: Span, what: &str, name: &str, label: &str) -> Diagnostic {
    Diagnostic::new(Code::W0803, format!("the {what} `{name}` is never used"), span, label).with_help("use it, or remove it")
}
pub(super) fn unread_parameter(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::W0804, format!("the parameter `{name}` is never read"), span, "no step of the sequence reads it").with_help("use it, or remove it")
}
pub(super) fn unsigned(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::W0801, format!("calls of the webhook `{name}` are not signed"), span, "has no `secret`")
        .with_help("add `secret env(\"…\")`, so that the receiver can tell who calls")
}
pub(super) fn secret_in_source(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::W0802, format!("the secret of `{name}` stands in the source"), span, "everyone who reads the source knows it")
        .with_help("keep it in the environment: `secret env(\"…\")`")
}
pub(super) fn looks_secret(span: Span) -> Diagnostic {
    Diagnostic::new(Code::W0802, "this looks like a secret", span, "everyone who reads the source knows it")
        .with_help("change it at its service, and sign the calls instead: `secret env(\"…\")`")
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
pub(super) fn never_exits(span: Span, is_stay_while: bool) -> Diagnostic {
    let label = if is_stay_while { "holds for everybody" } else { "holds for nobody" };
    Diagnostic::new(Code::W0529, "this line never ends an enrollment", span, label).with_help("correct the condition, or remove the line")
}
pub(super) fn exits_at_once(span: Span, is_stay_while: bool) -> Diagnostic {
    let label = if is_stay_while { "holds for nobody" } else { "holds for everybody" };
    Diagnostic::new(Code::W0535, "nobody can enter this campaign", span, label)
        .with_help("correct the condition")
        .with_note("a trigger enrols only those for whom no `exit when` holds")
}
pub(super) fn never_reached(span: Span) -> Diagnostic {
    Diagnostic::new(Code::W0529, "this goal is never reached", span, "holds for nobody").with_help("correct the condition, or remove the line")
}
pub(super) fn nobody_enters(span: Span, other: Span) -> Diagnostic {
    Diagnostic::new(Code::W0535, "nobody can enter this campaign", span, "refuses everybody who comes by the other")
        .with_label(other, "the other side of it")
        .with_help("correct one of them")
        .with_note("at a trigger every `only if` must hold, and no `exit when` may")
}
pub(super) fn nobody(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::W0706, format!("nobody can be in the segment {name:?}"), span, "can never hold").with_help("correct the condition")
}
pub(super) fn everybody(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::W0707, format!("everybody is in the segment {name:?}"), span, "always holds")
        .with_help("correct the condition; `true` says that everybody is meant")
}
pub(super) fn leaves_out_the_unset(span: Span, field: &str) -> Diagnostic {
    Diagnostic::new(Code::W0534, format!("who has no `{field}` is left out"), span, "false where it is unset")
        .with_help(format!("take them in with `(… or {field} is not set)`, or give the field a default"))
        .with_note("comparing something unset is false, both ways")
}
pub(super) fn takes_in_the_unset(span: Span, field: &str) -> Diagnostic {
    Diagnostic::new(Code::W0534, format!("who has no `{field}` is taken in"), span, "true where it is unset")
        .with_help(format!("leave them out with `{field} is set and …`, or give the field a default"))
        .with_note("comparing something unset is false, and `not` of it true")
}
pub(super) fn update_of_another_kind(span: Span, (name, property): (&str, &str), (known, later): (&Type, &Type)) -> Diagnostic {
    Diagnostic::new(Code::E0540, format!("`{property}` is a {later} here, and a {known} in `{name}`"), span, "replaces one kind of value by another")
        .with_help("declare the property with one type in both events")
}
pub(super) fn update_of_nothing(span: Span, name: &str, later: &str) -> Diagnostic {
    Diagnostic::new(Code::W0541, format!("`{later}` has nothing to replace in `{name}`"), span, "no property in common")
        .with_help("properties are replaced by name: declare those that change in both events")
}
pub(super) fn slides_too_short(span: Span, length: Duration, most: Duration) -> Diagnostic {
    Diagnostic::new(Code::W0543, format!("{most} at the most is less than {length}"), span, "always ends at its most")
        .with_help("let it slide up to a longer time, or leave `sliding` out")
}
