//! A project, compiled: what `build`, `run`, `preview` and others begin with.

use super::context::{Context, remark};
use super::failure::Failure;
use super::findings::{FindingFormat, Stream, render};
use super::project::{Project, analyze_project, require_project_file, source_failure};
use crate::base::Severity;
use crate::bytecode::Program;
use crate::compiler::{compile, compile_data};
use crate::diagnostics::Diagnostic;

/// The program of a project. Warnings go to stderr.
///
/// # Errors
/// Findings: exit 1; a project file that does not do: exit 2.
pub fn compiled(project: &Project, context: &Context) -> Result<Program, Failure> {
    require_project_file(project, context)?;
    let analysis = analyze_project(project, None)?;
    let program = compile(&analysis).map_err(|findings| source_failure(project, context, (&analysis, &findings)))?;
    let warnings: Vec<Diagnostic> = analysis.findings.iter().filter(|finding| finding.severity() == Severity::Warning).cloned().collect();
    if !warnings.is_empty() {
        remark(render(&warnings, &analysis.sources, &project.root, (context, FindingFormat::Short, Stream::Stderr)).trim_end());
    }
    Ok(program)
}

/// The program of what a project knows of contacts alone.
///
/// # Errors
/// As [`compiled`].
pub fn compiled_data(project: &Project, context: &Context) -> Result<Program, Failure> {
    let analysis = analyze_project(project, None)?;
    compile_data(&analysis).map_err(|findings| source_failure(project, context, (&analysis, &findings)))
}

/// Whether a program is one of [`compiled_data`]: nobody has deployed anything yet.
#[must_use]
pub fn is_data_alone(program: &Program) -> bool {
    program.campaigns.is_empty() && program.segments.is_empty() && program.messages.is_empty() && program.rules.is_empty()
}
