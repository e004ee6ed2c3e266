//! Threats, each with the input that would prove it and what must come of it: the rows of the security table that the core answers for.

mod bytecode;
mod content;
mod house;
mod source;

use campc::compiler::{Workspace, analyze};
use campc::diagnostics::Diagnostic;

const PROJECT: &str = "project \"Acme\" { timezone \"UTC\" from \"Ana <ana@acme.example>\" address \"1 King St W\" }\n";

/// What is found in a source behind a whole project declaration.
fn findings(source: &str) -> Vec<Diagnostic> {
    analyze(&Workspace::of_source("main.camp", &format!("{PROJECT}{source}"))).findings
}

/// Their codes, each once.
fn codes(source: &str) -> Vec<&'static str> {
    let mut codes: Vec<&str> = findings(source).iter().map(|finding| finding.code.as_str()).collect();
    codes.dedup();
    codes
}
