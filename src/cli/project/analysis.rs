//! A project, read and analysed: the workspace filled until nothing that the compiler asks for is missing.

use super::discover::{Project, Scope};
use super::file::{Expand, ProjectFile, process_environment};
use super::files::{read_inside, source_files};
use super::sections::ProjectSection;
use crate::base::Severity;
use crate::bytecode::ProjectInfo;
use crate::cli::context::{Context, remark};
use crate::cli::failure::{Exit, Failure};
use crate::cli::findings::{FindingFormat, Stream, render};
use crate::compiler::{Analysis, Workspace, analyze};
use crate::diagnostics::Diagnostic;
use crate::lang::Zone;
use std::sync::Arc;

/// A file whose text comes from elsewhere than the disk: `--stdin-path`.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// Its path from the project's directory.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Reads and analyses a project.
///
/// # Errors
/// Where a file cannot be read.
pub fn analyze_project(project: &Project, overlay: Option<&Overlay>) -> Result<Analysis, Failure> {
    let mut workspace = Workspace::new();
    workspace.defaults = defaults(&project.file);
    let sources = match (source_files(project), overlay) {
        (Ok(sources), _) => sources,
        // What stands on stdin need not be on the disk yet.
        (Err(_), Some(_)) => super::files::Files::new(),
        (Err(failure), None) => return Err(failure),
    };
    for (path, bytes) in sources {
        workspace.add_root(&path, bytes);
    }
    if let Some(overlay) = overlay {
        workspace.add_root(&overlay.path, overlay.bytes.clone());
    }
    loop {
        let missing = workspace.missing();
        if missing.is_empty() {
            return Ok(analyze(&workspace));
        }
        for path in missing {
            match read_inside(project, &path)? {
                Some(bytes) => workspace.add_file(&path, bytes),
                None => workspace.set_absent(&path),
            }
        }
    }
}

/// What `camp.toml` says where the source says nothing. Checking needs no environment: a value with `${…}` counts as it is written.
fn defaults(file: &ProjectFile) -> ProjectInfo {
    let section: ProjectSection = file.section("project", (&process_environment, Expand::Nothing)).unwrap_or_default();
    let text = |value: Option<String>| value.map(Arc::from);
    ProjectInfo {
        name: text(section.name).unwrap_or_default(),
        timezone: section.timezone.filter(|zone| Zone::find(zone).is_some()).map_or_else(|| Arc::from("UTC"), Arc::from),
        from: text(section.from),
        reply_to: text(section.reply_to),
        address: text(section.postal_address),
        ..ProjectInfo::default()
    }
}

/// What is wrong with the project file, its values looked at as far as no environment is needed.
#[must_use]
pub fn file_findings(file: &ProjectFile) -> Vec<Diagnostic> {
    let mut findings = file.findings.clone();
    findings.extend(super::values::value_findings(file));
    findings
}

/// Stops where the project file does not do: every command but `check`, which shows it among its findings.
///
/// # Errors
/// The findings, rendered; exit 2.
pub fn require_project_file(project: &Project, context: &Context) -> Result<(), Failure> {
    let findings = file_findings(&project.file);
    if findings.iter().any(|finding| finding.severity() == Severity::Error) {
        return Err(file_failure(project, context, &findings));
    }
    if !findings.is_empty() {
        let shown = (context, FindingFormat::Human, Stream::Stderr);
        remark(render(&findings, &project.file.sources, &project.root, shown).trim_end());
    }
    Ok(())
}

/// Findings of the project file as a set-up failure.
#[must_use]
pub fn file_failure(project: &Project, context: &Context, findings: &[Diagnostic]) -> Failure {
    let shown = (context, FindingFormat::Human, Stream::Stderr);
    Failure::rendered(Exit::Usage, render(findings, &project.file.sources, &project.root, shown))
}

/// Findings of the sources as a failure: exit 1.
#[must_use]
pub fn source_failure(project: &Project, context: &Context, (analysis, findings): (&Analysis, &[Diagnostic])) -> Failure {
    let shown = (context, FindingFormat::Human, Stream::Stderr);
    Failure::rendered(Exit::Failed, render(findings, &analysis.sources, &project.root, shown))
}

/// Whether a finding of an analysis is one that the caller speaks of. What is found in a template belongs to whoever names it.
#[must_use]
pub fn is_meant(finding: &Diagnostic, analysis: &Analysis, scope: &Scope) -> bool {
    let path = analysis.sources.get(finding.primary.span.file).map_or("", |source| source.path.as_str());
    let is_template = std::path::Path::new(path).extension().is_none_or(|extension| extension != "camp");
    is_template || scope.includes(path)
}
