//! The findings of the project file, one constructor a code.

use crate::base::{Code, Span};
use crate::diagnostics::Diagnostic;

/// `camp.toml` is not TOML.
pub fn not_toml(span: Span, message: &str) -> Diagnostic {
    Diagnostic::new(Code::E1001, "camp.toml cannot be read as TOML", span, message.lines().next().unwrap_or("here"))
        .with_help("a section is `[email]` on a line of its own, a key is `name = \"value\"`, text stands in quotes")
}

/// A section or key that nobody reads.
pub fn unknown_key(span: Span, what: &str, suggestion: Option<String>) -> Diagnostic {
    let finding = Diagnostic::new(Code::E1002, format!("camp.toml has no {what}"), span, "nothing reads this");
    match suggestion {
        Some(near) => finding.with_help(format!("did you mean `{near}`?")),
        None => finding.with_help("`campc explain E1002` lists the sections and their keys"),
    }
}

/// A value of the wrong kind.
pub fn wrong_kind(span: Span, key: &str, (wanted, found): (&str, &str)) -> Diagnostic {
    Diagnostic::new(Code::E1003, format!("`{key}` is {wanted}"), span, format!("this is {found}")).with_help(format!("write {wanted}"))
}

/// A variable of the environment that is not set.
pub fn missing_variable(span: Span, key: &str, variable: &str) -> Diagnostic {
    Diagnostic::new(
        Code::E1004,
        format!("`{key}` needs the environment variable {variable}, which is not set"),
        span,
        format!("{variable} is missing or empty"),
    )
    .with_help(format!("set it where campc is started: `export {variable}=…`"))
    .with_note("the environment keeps secrets out of files that are shared; `provider = \"file\"` needs none")
}

/// A value of the right kind that says nothing campc can use.
pub fn unusable_value(span: Span, key: &str, (value, help): (&str, &str)) -> Diagnostic {
    Diagnostic::new(Code::E1005, format!("`{key}` cannot be {value}"), span, "this value").with_help(help)
}

/// A key that this version reads and does nothing with.
pub fn without_effect(span: Span, key: &str) -> Diagnostic {
    Diagnostic::new(Code::W1006, format!("`{key}` has no effect in this version"), span, "read, and not used")
        .with_help("leave it out, so that nobody relies on it")
}
