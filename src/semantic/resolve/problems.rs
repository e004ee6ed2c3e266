//! What can be wrong with names as they are declared.

use crate::base::{Code, Span};
use crate::diagnostics::{Diagnostic, Fix};
use std::sync::Arc;

/// The same name twice in one table.
pub(crate) fn declared_twice(what: &str, name: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::E0314, format!("{what} `{name}` is declared twice"), span, "declared again here")
        .with_label(first, "first declared here")
        .with_help("rename one of the two, or remove it")
}
/// A second `project`.
pub(super) fn second_project(span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::E0317, "a project has one `project` declaration", span, "a second one")
        .with_label(first, "the first is here")
        .with_help("move its lines into the first")
}
/// An event called like something the language knows.
pub(super) fn taken_by_language(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0316, format!("`{name}` is the language's own name"), span, "means something already")
        .with_help(format!("choose another name and map the senders' spelling: `event my_{name} from \"{name}\"`"))
}
/// `event Purchase`
pub(crate) fn capitals(span: Span, name: &str, lower: &str) -> Diagnostic {
    Diagnostic::new(Code::E0315, format!("names are written in lower case: `{lower}`"), span, "has capitals")
        .with_help("where senders spell it with capitals, say so: `event cart_updated from \"Cart Updated\"`")
        .with_fix(Fix::maybe(format!("rename `{name}` to `{lower}`"), span, lower))
}
/// `segment "" = …`
pub(super) fn empty_name(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0316, "a name cannot be empty", span, "nothing stands here").with_help("give it a name that people recognise in reports")
}
/// `use "nowhere.camp"`, `body file "nowhere.mjml"`
pub(crate) fn missing_file(span: Span, path: &str) -> Diagnostic {
    Diagnostic::new(Code::E0318, format!("there is no file `{path}`"), span, "named here").with_help("paths are relative to the file that names them")
}
/// `use "../../other/x.camp"`
pub(crate) fn outside_project(span: Span, path: &str) -> Diagnostic {
    Diagnostic::new(Code::E0319, format!("`{path}` leads out of the project"), span, "outside the project's folder")
        .with_help("a project is self-contained: copy the file into it")
}
/// Files that use each other in a circle.
pub(super) fn use_circle(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0320, "these files use each other in a circle", span, "leads back to this file")
        .with_help("remove one `use`: on a directory every file below it belongs to the project anyway")
}
/// Segments that read each other in a circle.
pub(super) fn segment_circle(members: &[(Arc<str>, Span)]) -> Option<Diagnostic> {
    let (name, span) = members.last()?;
    let title = if members.len() == 1 { format!("segment `{name}` refers to itself") } else { "segments refer to each other in a circle".to_owned() };
    let mut finding = Diagnostic::new(Code::E0701, title, *span, format!("leads back to `{name}`"));
    for (name, span) in members.iter().take(members.len().saturating_sub(1)) {
        finding = finding.with_label(*span, format!("by way of `{name}`"));
    }
    Some(finding.with_help("write the condition of one of them out").with_note("whether a contact is in would depend on itself"))
}
