//! One line a finding: `PATH:LINE:COL: error[E0301]: title`. Not here: labels, help and fixes.

use super::{Diagnostic, View};
use crate::base::Severity;

/// All findings, a line each.
#[must_use]
pub fn render(findings: &[Diagnostic], view: &View) -> String {
    findings.iter().map(|finding| line(finding, view) + "\n").collect()
}

/// The word for a severity.
#[must_use]
pub fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn line(finding: &Diagnostic, view: &View) -> String {
    let place = view.place(finding.primary.span);
    let severity = severity_word(finding.severity());
    let title = super::terminal::printable(&finding.title);
    format!("{}:{}:{}: {severity}[{}]: {title}", place.path, place.start.line, place.start.column, finding.code)
}
