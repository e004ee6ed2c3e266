//! Names that nothing answers to.

use crate::base::{Code, Span};
use crate::diagnostics::{Diagnostic, Fix, suggest};

/// The common shape: what is not known, and what may have been meant.
fn unknown<'k>(code: Code, what: &str, (span, name): (Span, &str), known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let finding = Diagnostic::new(code, format!("there is no {what} `{name}`"), span, "not declared");
    match suggest(name, known) {
        Some(near) => {
            let written = if near.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.') { near.clone() } else { format!("{near:?}") };
            finding.with_help(format!("did you mean `{near}`?")).with_fix(Fix::maybe(format!("write `{written}`"), span, written))
        }
        None => finding,
    }
}

/// A bare name in a condition or value.
pub(crate) fn unknown_name<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let finding = unknown(Code::E0301, "field or event", (span, name), known);
    if finding.fix.is_some() { finding } else { finding.with_help(format!("declare it: `contact {{ {name}: text }}`, or `event {name}`")) }
}
/// `plan == pro`
pub(crate) fn value_without_quotes(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0301, format!("`{name}` is a value, and stands in quotes"), span, "read as the name of a field").with_fix(Fix::certain(
        format!("write {name:?}"),
        span,
        format!("{name:?}"),
    ))
}
pub(crate) fn unknown_field<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let finding = unknown(Code::E0301, "field", (span, name), known);
    if finding.fix.is_some() { finding } else { finding.with_help(format!("declare it: `contact {{ {name}: text }}`")) }
}
pub(crate) fn unknown_property(span: Span, name: &str, of: &str, known: &[&str]) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0302, format!("`{of}` has no property `{name}`"), span, "not declared there");
    let finding = match suggest(name, known.iter().copied()) {
        Some(near) => finding.with_help(format!("did you mean `{near}`?")).with_fix(Fix::maybe(format!("write `{near}`"), span, near)),
        None => finding,
    };
    if known.is_empty() { finding } else { finding.with_help(format!("it has: {}", known.join(", "))) }
}
pub(crate) fn unknown_message<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    unknown(Code::E0303, "message", (span, name), known)
}
pub(crate) fn unknown_event<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let finding = unknown(Code::E0304, "event", (span, name), known);
    if finding.fix.is_some() { finding } else { finding.with_help(format!("declare it: `event {name} {{ … }}`")) }
}
/// A form where an event may stand.
pub(crate) fn form_as_event(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0304, format!("`{name}` is a form, not an event"), span, "a form")
        .with_help("the event is that it was sent in")
        .with_fix(Fix::maybe(format!("write `submitted({name})`"), span, format!("submitted({name})")))
}
pub(crate) fn unknown_form<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    unknown(Code::E0305, "form", (span, name), known)
}
pub(crate) fn unknown_segment<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    unknown(Code::E0306, "segment", (span, name), known)
}
/// A segment's name where a value or event must stand.
pub(crate) fn segment_as_value(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0301, format!("`{name}` is a segment, not a field or event"), span, "a segment")
        .with_help("ask whether the contact is in it")
        .with_fix(Fix::maybe(format!("write `in segment {name}`"), span, format!("in segment {name}")))
}
/// A message's name where a value must stand.
pub(crate) fn message_as_value(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0301, format!("`{name}` is a message, not a field or event"), span, "a message")
        .with_help(format!("ask what happened to it: `opened({name})`, `clicked({name})`, `sent({name})`"))
}
pub(crate) fn unknown_list<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let finding = unknown(Code::E0307, "list", (span, name), known);
    if finding.fix.is_some() { finding } else { finding.with_help("declare it: `list newsletter`") }
}
pub(crate) fn unknown_topic<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let finding = unknown(Code::E0308, "topic", (span, name), known);
    if finding.fix.is_some() { finding } else { finding.with_help("declare it: `topic news \"Product news\"`") }
}
pub(crate) fn unknown_campaign<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    unknown(Code::E0309, "campaign", (span, name), known)
}
pub(crate) fn unknown_webhook<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    unknown(Code::E0310, "webhook", (span, name), known)
}
pub(crate) fn unknown_sequence<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    unknown(Code::E0311, "sequence", (span, name), known)
}
pub(crate) fn unknown_step<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    unknown(Code::E0312, "step", (span, name), known).with_help("a step is called by its `as` name, or by its path: `\"then/email reminder#2\"`")
}
pub(crate) fn unknown_group<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    unknown(Code::E0313, "point group", (span, name), known)
}
pub(crate) fn unknown_zone(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0321, format!("there is no time zone `{name}`"), span, "not a known zone")
        .with_help("zones are named after a city: `America/Toronto`, `Europe/Paris`, or `UTC`")
}
/// `update x when …` where no `when` says `as x`.
pub(crate) fn unknown_capture<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    unknown(Code::E0322, "captured event", (span, name), known).with_help(format!("name it where it triggers: `when EVENT as {name}`"))
}
/// `ordr.amount`
pub(crate) fn unknown_record<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let finding = unknown(Code::E0322, "captured event or answer", (span, name), known);
    if finding.fix.is_some() { finding } else { finding.with_help(format!("name the triggering event: `when EVENT as {name}`")) }
}
/// `purchase.amount` outside of a function.
pub(crate) fn event_as_record(span: Span, name: &str, property: &str) -> Diagnostic {
    Diagnostic::new(Code::E0323, format!("`{name}` stands for many events"), span, "which one is meant?")
        .with_help(format!("say which: `last({name}).{property}`, `sum({name}.{property})`, or name the triggering one: `when {name} as …`"))
}
pub(crate) fn line_twice(span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::E0324, "this is said twice", span, "said again here").with_label(first, "said here first").with_help("keep one of the two")
}
pub(crate) fn key_twice(span: Span, key: &str, first: Span) -> Diagnostic {
    Diagnostic::new(Code::E0324, format!("the key `{key}` is there twice"), span, "again here").with_label(first, "first here").with_help("keep one of the two")
}
pub(crate) fn step_twice(span: Span, name: &str, first: Span) -> Diagnostic {
    Diagnostic::new(Code::E0325, format!("two steps are called `{name}`"), span, "named again here")
        .with_label(first, "this step has the name")
        .with_help("give each step a name of its own")
        .with_note("a deploy finds those who stand at a step by its name")
}
/// `opened(pause)` where `pause` is a wait.
pub(crate) fn step_sends_nothing(span: Span, name: &str, step: Span) -> Diagnostic {
    Diagnostic::new(Code::E0303, format!("the step `{name}` sends no message"), span, "a message or a sending step belongs here").with_label(step, "this step")
}
pub(crate) fn unknown_goal<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    unknown(Code::E0326, "goal", (span, name), known)
}
/// `as` on something that carries nothing.
pub(crate) fn nothing_to_name(span: Span, name: &str, what: Span) -> Diagnostic {
    Diagnostic::new(Code::E0327, format!("there is no event that `{name}` could hold"), span, "names an event")
        .with_label(what, "this is no event with properties")
        .with_help("`as` names a declared event or a submitted form; leave it out here")
}
pub(crate) fn not_a_field(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0328, "this is not a field of the contact", span, "a field belongs here")
        .with_help("only the contact's own fields can be written or watched")
}
pub(crate) fn not_writable(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0328, format!("`{name}` is kept by the engine"), span, "cannot be written").with_help("declare a field of your own for it")
}
/// `opened(email)` where there is no enrollment.
pub(crate) fn no_path_here(span: Span, channel: &str) -> Diagnostic {
    Diagnostic::new(Code::E0329, format!("no {channel} was sent here that `{channel}` could mean"), span, "means the one sent last on this path")
        .with_help("name the message, or ask for any")
        .with_fix(Fix::maybe(format!("write `any {channel}`"), span, format!("any {channel}")))
}
pub(crate) fn hides_field(span: Span, name: &str, field: Option<Span>) -> Diagnostic {
    let finding = Diagnostic::new(Code::W0805, format!("`{name}` hides the contact's field of that name"), span, "means this from here on");
    let finding = match field {
        Some(field) => finding.with_label(field, "the field"),
        None => finding,
    };
    finding.with_help(format!("choose another name; the field is still reached as `contact.{name}`"))
}
pub(crate) fn hides_own_name(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::W0805, format!("`{name}` already stands for something of the language"), span, "one name for two things")
        .with_help(format!("choose another name: what `{name}.…` reads is then certain"))
}
pub(crate) fn hides_record(span: Span, name: &str, outer: Span) -> Diagnostic {
    Diagnostic::new(Code::W0805, format!("`{name}` hides another `{name}`"), span, "means this from here on")
        .with_label(outer, "hidden inside")
        .with_help("choose another name")
}
