//! SARIF 2.1.0, which code hosts and editors read: one log of one run, with rules, places, related places and fixes.

use super::{Applicability, Diagnostic, Edit, Label, View};
use crate::base::{ALL_CODES, Code, Severity, Span};
use serde_json::{Value, json};

/// The results of some findings.
#[must_use]
pub fn results(findings: &[Diagnostic], view: &View) -> Vec<Value> {
    findings.iter().map(|finding| result(finding, view)).collect()
}

/// The log: what several analyses found, in one run. A rule stands in it if it was broken.
#[must_use]
pub fn document(mut results: Vec<Value>) -> String {
    let mut rules: Vec<Value> = Vec::new();
    let mut known: Vec<Code> = Vec::new();
    for result in &mut results {
        let Some(code) = result.get("ruleId").and_then(Value::as_str).and_then(Code::find) else { continue };
        let at = known.iter().position(|other| *other == code).unwrap_or_else(|| {
            known.push(code);
            rules.push(rule(code));
            known.len() - 1
        });
        if let Some(object) = result.as_object_mut() {
            object.insert("ruleIndex".to_string(), json!(at));
        }
    }
    let driver = json!({ "name": "campc", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules });
    let run = json!({ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results });
    let log = json!({ "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run] });
    format!("{log:#}\n")
}

fn rule(code: Code) -> Value {
    let title = ALL_CODES.iter().find(|(known, _)| *known == code).map_or("", |(_, title)| *title);
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": title },
        "help": { "text": format!("`campc explain {code}` says why the rule exists, with a wrong and a right example.") },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn result(finding: &Diagnostic, view: &View) -> Value {
    let mut text = finding.title.clone();
    if !finding.primary.text.is_empty() {
        text += &format!(": {}", finding.primary.text);
    }
    for help in &finding.help {
        text += &format!("\nhelp: {help}");
    }
    for note in &finding.notes {
        text += &format!("\nnote: {note}");
    }
    let mut result = json!({
        "ruleId": finding.code.as_str(),
        "level": level(finding.severity()),
        "message": { "text": text },
        "locations": [{ "physicalLocation": physical(finding.primary.span, view) }],
    });
    let Some(object) = result.as_object_mut() else { return result };
    if !finding.secondary.is_empty() {
        let related = |(at, label): (usize, &Label)| json!({ "id": at + 1, "message": { "text": label.text }, "physicalLocation": physical(label.span, view) });
        object.insert("relatedLocations".to_string(), finding.secondary.iter().enumerate().map(related).collect());
    }
    if let Some(fix) = finding.fix.as_ref().filter(|fix| !fix.edits.is_empty()) {
        let certainty = match fix.applicability {
            Applicability::Certain => "certain",
            Applicability::Maybe => "maybe",
        };
        let mut changes: Vec<(String, Vec<Value>)> = Vec::new();
        for edit in &fix.edits {
            let uri = uri(&view.place(edit.span).path);
            match changes.iter_mut().find(|(known, _)| *known == uri) {
                Some((_, edits)) => edits.push(replacement(edit, view)),
                None => changes.push((uri, vec![replacement(edit, view)])),
            }
        }
        let changes: Vec<Value> = changes.into_iter().map(|(uri, edits)| json!({ "artifactLocation": { "uri": uri }, "replacements": edits })).collect();
        let fix = json!({ "description": { "text": fix.title }, "artifactChanges": changes, "properties": { "applicability": certainty } });
        object.insert("fixes".to_string(), json!([fix]));
    }
    result
}

fn replacement(edit: &Edit, view: &View) -> Value {
    json!({ "deletedRegion": region(edit.span, view), "insertedContent": { "text": edit.replacement } })
}

fn physical(span: Span, view: &View) -> Value {
    json!({ "artifactLocation": { "uri": uri(&view.place(span).path) }, "region": region(span, view) })
}

fn region(span: Span, view: &View) -> Value {
    let place = view.place(span);
    json!({
        "startLine": place.start.line, "startColumn": place.start.column, "endLine": place.end.line, "endColumn": place.end.column,
        "byteOffset": span.start, "byteLength": span.end.saturating_sub(span.start),
    })
}

/// A relative reference: all but letters, digits and the marks of a path are written in percent.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}
