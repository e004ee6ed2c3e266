//! `campc check`: all findings of all files in one go.

use crate::base::Sources;
use crate::cli::context::{Context, print, remark};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::findings::{FindingFormat, Report, Stream, count, summary};
use crate::cli::fixes::apply_fixes;
use crate::cli::project::{Overlay, Project, Scope, analyze_project, file_findings, is_meant};
use crate::diagnostics::Diagnostic;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Shows all findings of all files in one go.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  campc check\n  campc check main.camp --format short\n  campc check --deny warnings --format json\n  campc check --fix\n  campc check --stdin-path main.camp < main.camp\n  campc check --format sarif > campc.sarif"
)]
pub struct Check {
    /// A .camp file or a directory; the project's directory by default
    pub paths: Vec<PathBuf>,
    /// How to show findings
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: FindingFormat,
    /// Fail on warnings too
    #[arg(long, value_name = "WHAT")]
    pub deny: Option<Deny>,
    /// Apply the fixes that are certain
    #[arg(long, conflicts_with = "stdin_path")]
    pub fix: bool,
    /// Read the source from stdin, as if it stood in this file
    #[arg(long, value_name = "P", conflicts_with = "paths")]
    pub stdin_path: Option<PathBuf>,
}

/// What `--deny` makes fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Deny {
    /// Warnings.
    Warnings,
}

/// One project of the call, and which of its files are meant.
struct Wanted {
    project: Project,
    scopes: Vec<Scope>,
    overlay: Option<Overlay>,
}

impl Check {
    /// Shows the findings.
    ///
    /// # Errors
    /// Where a path cannot be read.
    pub fn run(&self, context: &Context) -> Outcome {
        let mut totals = (0, 0);
        let mut files = 0;
        let mut report = Report::default();
        for wanted in self.wanted(context)? {
            if self.fix {
                let fixed = apply_fixes(&wanted.project, &wanted.scopes)?;
                remark(&format!("fixed {fixed} finding{}", if fixed == 1 { "" } else { "s" }));
            }
            let (errors, warnings, read) = self.show(&wanted, context, &mut report)?;
            totals = (totals.0 + errors, totals.1 + warnings);
            files += read;
        }
        if let Some(document) = report.document(self.format) {
            print(&document);
        }
        if self.format == FindingFormat::Human {
            print(&format!("checked {files} file{}: {}\n", if files == 1 { "" } else { "s" }, summary(totals.0, totals.1)));
        }
        let fails = totals.0 > 0 || (self.deny == Some(Deny::Warnings) && totals.1 > 0);
        Ok(if fails { Exit::Failed } else { Exit::Done })
    }

    fn wanted(&self, context: &Context) -> Result<Vec<Wanted>, Failure> {
        if let Some(path) = &self.stdin_path {
            return Ok(vec![stdin_project(context, path)?]);
        }
        let paths: Vec<Option<&Path>> = if self.paths.is_empty() { vec![None] } else { self.paths.iter().map(|path| Some(path.as_path())).collect() };
        let mut all: Vec<Wanted> = Vec::new();
        for path in paths {
            let project = Project::find(context, path)?;
            let scope = project.scope.clone();
            match all.iter_mut().find(|known| known.project.root == project.root && known.project.shape == project.shape) {
                Some(known) => known.scopes.push(scope),
                None => all.push(Wanted { project, scopes: vec![scope], overlay: None }),
            }
        }
        Ok(all)
    }

    fn show(&self, wanted: &Wanted, context: &Context, report: &mut Report) -> Result<(usize, usize, usize), Failure> {
        let shown = (context, self.format, Stream::Stdout);
        let project = &wanted.project;
        let of_file = if wanted.scopes.contains(&Scope::All) { file_findings(&project.file) } else { Vec::new() };
        self.put((&of_file, &project.file.sources), project, shown, report);
        let analysis = analyze_project(project, wanted.overlay.as_ref())?;
        let meant = |finding: &&Diagnostic| wanted.scopes.iter().any(|scope| is_meant(finding, &analysis, scope));
        let findings: Vec<Diagnostic> = analysis.findings.iter().filter(meant).cloned().collect();
        self.put((&findings, &analysis.sources), project, shown, report);
        let read = analysis.sources.iter().filter(|(_, source)| wanted.scopes.iter().any(|scope| scope.includes(&source.path))).count();
        let (first, second) = (count(&of_file), count(&findings));
        Ok((first.0 + second.0, first.1 + second.1, read))
    }

    fn put(&self, (findings, sources): (&[Diagnostic], &Sources), project: &Project, shown: (&Context, FindingFormat, Stream), report: &mut Report) {
        if findings.is_empty() {
            return;
        }
        let text = report.add(findings, sources, &project.root, shown);
        print(&text);
        if self.format == FindingFormat::Human {
            print("\n");
        }
    }
}

/// The project of a file that need not exist, with its text from stdin.
fn stdin_project(context: &Context, path: &Path) -> Result<Wanted, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(|error| Failure::usage(format!("stdin cannot be read: {error}")))?;
    let full = context.here.join(path);
    let (folder, name) = match (full.parent(), full.file_name()) {
        (Some(folder), Some(name)) => (folder.to_path_buf(), name.to_string_lossy().into_owned()),
        (_, _) => return Err(Failure::usage(format!("--stdin-path {} names no file", path.display()))),
    };
    let folder = std::fs::canonicalize(&folder).map_err(|error| Failure::io("cannot find", &folder, &error))?;
    let project = Project::for_unsaved(&folder, &name)?;
    let path = match &project.scope {
        Scope::Only(path) => path.clone(),
        Scope::All => name,
    };
    Ok(Wanted { scopes: vec![project.scope.clone()], overlay: Some(Overlay { path, bytes }), project })
}
