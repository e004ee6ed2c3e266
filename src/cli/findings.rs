//! Shows findings in the format that was asked for.

use super::context::Context;
use crate::base::{Severity, Sources};
use crate::diagnostics::{Diagnostic, View, json, short, terminal};
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
