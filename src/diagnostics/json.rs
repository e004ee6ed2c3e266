//! One JSON object a line and finding. The names and units of its fields are a contract: add, never rename.

use super::{Applicability, Diagnostic, Edit, Fix, View, short::severity_word};
use crate::base::Span;
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a> {
    code: &'a str,
    severity: &'a str,
    title: &'a str,
    #[serde(flatten)]
    place: Place,
    labels: Vec<LabelOut<'a>>,
    help: &'a [String],
    notes: &'a [String],
    fix: Option<FixOut<'a>>,
}

/// Lines and columns from 1, columns in code points, ends exclusive; bytes from 0.
#[derive(Serialize)]
struct Place {
    path: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    byte_start: u32,
    byte_end: u32,
}

#[derive(Serialize)]
struct LabelOut<'a> {
    text: &'a str,
    primary: bool,
    #[serde(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct FixOut<'a> {
    title: &'a str,
    applicability: &'a str,
    edits: Vec<EditOut<'a>>,
}

#[derive(Serialize)]
struct EditOut<'a> {
    #[serde(flatten)]
    place: Place,
    replacement: &'a str,
}

/// All findings, an object a line.
#[must_use]
pub fn render(findings: &[Diagnostic], view: &View) -> String {
    findings.iter().map(|finding| object(finding, view) + "\n").collect()
}

fn object(finding: &Diagnostic, view: &View) -> String {
    let labels = std::iter::once((&finding.primary, true)).chain(finding.secondary.iter().map(|l| (l, false)));
    let line = Line {
        code: finding.code.as_str(),
        severity: severity_word(finding.severity()),
        title: &finding.title,
        place: place(finding.primary.span, view),
        labels: labels.map(|(label, primary)| LabelOut { text: &label.text, primary, place: place(label.span, view) }).collect(),
        help: &finding.help,
        notes: &finding.notes,
        fix: finding.fix.as_ref().map(|f| fix(f, view)),
    };
    // Only strings, numbers and lists: there is nothing in it that cannot be written.
    serde_json::to_string(&line).unwrap_or_default()
}

fn fix<'a>(fix: &'a Fix, view: &View) -> FixOut<'a> {
    let applicability = match fix.applicability {
        Applicability::Certain => "certain",
        Applicability::Maybe => "maybe",
    };
    let edit = |edit: &'a Edit| EditOut { place: place(edit.span, view), replacement: &edit.replacement };
    FixOut { title: &fix.title, applicability, edits: fix.edits.iter().map(edit).collect() }
}

fn place(span: Span, view: &View) -> Place {
    let place = view.place(span);
    Place {
        path: place.path,
        line: place.start.line,
        column: place.start.column,
        end_line: place.end.line,
        end_column: place.end.column,
        byte_start: span.start,
        byte_end: span.end,
    }
}
