//! GitLab's code quality report: one JSON list of issues.

use super::{Diagnostic, View};
use crate::base::Severity;
use serde::Serialize;
use std::collections::BTreeMap;

/// An issue of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Clone, Debug, Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Clone, Debug, Serialize)]
struct Lines {
    begin: u32,
}

/// The issues of some findings.
#[must_use]
pub fn issues(findings: &[Diagnostic], view: &View) -> Vec<Issue> {
    findings.iter().map(|finding| issue(finding, view)).collect()
}

/// The report: what several analyses found, in one list.
#[must_use]
pub fn document(mut issues: Vec<Issue>) -> String {
    // A fingerprint is one issue's own: equal ones are counted.
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for issue in &mut issues {
        let count = seen.entry(issue.fingerprint.clone()).or_default();
        *count += 1;
        if *count > 1 {
            issue.fingerprint = format!("{:016x}{:016x}", digest(&issue.fingerprint), count);
        }
    }
    // Only strings, numbers and lists: there is nothing in it that cannot be written.
    serde_json::to_string_pretty(&issues).unwrap_or_default() + "\n"
}

fn issue(finding: &Diagnostic, view: &View) -> Issue {
    let place = view.place(finding.primary.span);
    let severity = match finding.severity() {
        Severity::Error => "major",
        Severity::Warning => "minor",
    };
    // Without the line: a finding that moves with the lines above it stays the same one.
    let path = place.path.trim_start_matches("./").to_string();
    let fingerprint = format!("{:016x}{:016x}", digest(&format!("{path}\n{}", finding.code)), digest(&finding.title));
    let description = format!("{}: {}", finding.code, finding.title);
    Issue { description, check_name: finding.code.as_str(), fingerprint, severity, location: Location { path, lines: Lines { begin: place.start.line } } }
}

/// FNV-1a: short, the same on every machine, and nothing depends on its strength.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
