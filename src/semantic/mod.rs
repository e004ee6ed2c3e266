//! Layer 3: what a program means: names resolved, types checked, time made explicit.
//!
//! `resolve` collects what is declared, `check` turns the surface tree into the checked tree `hir`, `flow` and `lint` ask what can
//! happen. Not here: code (`lower`), and how a finding looks (`diagnostics`).

mod check;
mod circles;
mod flow;
pub mod hir;
mod input;
mod lint;
mod reason;
mod references;
mod resolve;
mod walk;

pub use check::one_line;
pub use input::{Input, SourceFile, join_path};
pub use references::{Reference, ReferenceKind, references};

use crate::base::Severity;
use crate::diagnostics::{Diagnostic, Sink};

/// Checks a whole project: its tree, and the findings of all files but those with syntax errors.
///
/// The tree is whole even where there are errors, with poison in their places; it is lowered only where there are none, and where
/// [`hir::Project::not_yet`] is empty.
#[must_use]
pub fn analyze(input: &Input<'_>, sink: &mut Sink) -> hir::Project {
    let mut files: Vec<SourceFile<'_>> = input.files.to_vec();
    files.sort_by(|a, b| input.path(a.id).cmp(input.path(b.id)));
    let mut findings = Vec::new();
    let names = resolve::collect(&files, input, &mut findings);
    let (project, usage, checked) = check::check(input, &names);
    findings.extend(checked);
    findings.extend(flow::check(&project));
    findings.extend(circles::check(&project));
    // What a misspelt name was meant to use would be called unused as well: one fault, one finding.
    let has_errors = findings.iter().any(|finding| finding.severity() == Severity::Error) || files.iter().any(|file| file.is_broken);
    let usage = Some(&usage).filter(|_| !has_errors);
    findings.extend(lint::check(&project, &names, usage));
    for source in files.iter().filter_map(|file| input.sources.get(file.id).map(|source| (file.id, source.text.as_str()))) {
        lint::secrets_in(source, &mut findings);
    }
    let is_told = |finding: &Diagnostic| !files.iter().any(|file| file.is_broken && file.id == finding.primary.span.file);
    sink.extend(findings.into_iter().filter(is_told));
    project
}
