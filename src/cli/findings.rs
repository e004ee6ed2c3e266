//! Shows findings in the format that was asked for.

use super::context::Context;
use crate::base::{Severity, Sources};
use crate::diagnostics::{Diagnostic, View, github, gitlab, json, sarif, short, terminal};
use std::path::Path;

/// The formats of findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum FindingFormat {
    /// For people, with the lines of source.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
    /// One line a finding: `PATH:LINE:COL: error[E0301]: title`.
    Short,
    /// SARIF 2.1.0: one JSON document.
    Sarif,
    /// Workflow commands of GitHub, one a line.
    Github,
    /// GitLab's code quality report: one JSON document.
    Gitlab,
}

/// What was found in several places, for formats that are one document.
#[derive(Debug, Default)]
pub struct Report {
    sarif: Vec<serde_json::Value>,
    gitlab: Vec<gitlab::Issue>,
}

impl Report {
    /// Takes findings in, and returns what can be shown of them at once.
    pub fn add(&mut self, findings: &[Diagnostic], sources: &Sources, root: &Path, shown: (&Context, FindingFormat, Stream)) -> String {
        let (context, format, _) = shown;
        let path = |path: &str| context.shown(&root.join(path));
        let view = View::new(sources).with_paths(&path);
        match format {
            FindingFormat::Sarif => self.sarif.extend(sarif::results(findings, &view)),
            FindingFormat::Gitlab => self.gitlab.extend(gitlab::issues(findings, &view)),
            FindingFormat::Human | FindingFormat::Json | FindingFormat::Short | FindingFormat::Github => return render(findings, sources, root, shown),
        }
        String::new()
    }
    /// The document, where the format is one.
    #[must_use]
    pub fn document(self, format: FindingFormat) -> Option<String> {
        match format {
            FindingFormat::Sarif => Some(sarif::document(self.sarif)),
            FindingFormat::Gitlab => Some(gitlab::document(self.gitlab)),
            FindingFormat::Human | FindingFormat::Json | FindingFormat::Short | FindingFormat::Github => None,
        }
    }
}

/// Where findings go, which decides whether they may be coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The data of `check`.
    Stdout,
    /// The errors of every other command.
    Stderr,
}

/// The text of `findings`, whose files lie below `root`.
#[must_use]
pub fn render(findings: &[Diagnostic], sources: &Sources, root: &Path, (context, format, stream): (&Context, FindingFormat, Stream)) -> String {
    let shown = |path: &str| context.shown(&root.join(path));
    let view = View::new(sources).with_paths(&shown);
    match format {
        FindingFormat::Json => json::render(findings, &view),
        FindingFormat::Short => short::render(findings, &view),
        FindingFormat::Github => github::render(findings, &view),
        FindingFormat::Sarif => sarif::document(sarif::results(findings, &view)),
        FindingFormat::Gitlab => gitlab::document(gitlab::issues(findings, &view)),
        FindingFormat::Human => {
            let paint = match stream {
                Stream::Stdout => context.paint_stdout(),
                Stream::Stderr => context.paint_stderr(),
            };
            terminal::render(findings, &view, paint)
        }
    }
}

/// How many errors and warnings there are.
#[must_use]
pub fn count(findings: &[Diagnostic]) -> (usize, usize) {
    let errors = findings.iter().filter(|finding| finding.severity() == Severity::Error).count();
    (errors, findings.len() - errors)
}

/// `2 errors, 1 warning`.
#[must_use]
pub fn summary(errors: usize, warnings: usize) -> String {
    let part = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, 0) => "no findings".to_string(),
        (_, 0) => part(errors, "error"),
        (0, _) => part(warnings, "warning"),
        (_, _) => format!("{}, {}", part(errors, "error"), part(warnings, "warning")),
    }
}
