//! Workflow commands of GitHub: a line a finding, which its interface shows at the line. Not here: labels and fixes, for which it has no place.

use super::{Diagnostic, View, short::severity_word};

/// All findings, a command a line.
#[must_use]
pub fn render(findings: &[Diagnostic], view: &View) -> String {
    findings.iter().map(|finding| line(finding, view) + "\n").collect()
}

fn line(finding: &Diagnostic, view: &View) -> String {
    let place = view.place(finding.primary.span);
    let mut message = finding.title.clone();
    if !finding.primary.text.is_empty() {
        message += &format!(": {}", finding.primary.text);
    }
    for help in &finding.help {
        message += &format!("\nhelp: {help}");
    }
    for note in &finding.notes {
        message += &format!("\nnote: {note}");
    }
    // Columns are shown only where the finding stands on one line.
    let columns = if place.start.line == place.end.line { format!(",col={},endColumn={}", place.start.column, place.end.column) } else { String::new() };
    let path = property(&place.path);
    let (line, end_line) = (place.start.line, place.end.line);
    format!("::{} file={path},line={line},endLine={end_line}{columns},title={}::{}", severity_word(finding.severity()), finding.code, data(&message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
