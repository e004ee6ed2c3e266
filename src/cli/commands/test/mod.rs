//! `campc test`: runs `test` blocks on a virtual clock.

mod junit;

use crate::base::Sources;
use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::{Project, Scope, analyze_project, require_project_file, source_failure};
use crate::compiler::{Analysis, compile_with_tests};
use crate::sim::{TestReport, TestSuite, run_test};
use regex::Regex;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Runs test blocks on a virtual clock; nothing leaves the machine.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc test\n  campc test main.camp --filter reminder\n  campc test --format junit > report.xml")]
pub struct Test {
    /// A .camp file or a directory; the project's directory by default
    pub paths: Vec<PathBuf>,
    /// Only tests whose name matches this regular expression
    #[arg(long, value_name = "RE")]
    pub filter: Option<String>,
    /// How to show results
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: TestFormat,
}

/// The formats of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TestFormat {
    /// For people.
    Human,
    /// One JSON object a line, and one for the summary.
    Json,
    /// JUnit's XML.
    Junit,
}

/// A result, with how long it took and where it stands.
pub struct Timed {
    /// The result.
    pub report: TestReport,
    /// How long it took.
    pub took: Duration,
    /// `main.camp:41:1`, from where the command was called.
    pub place: String,
    /// Where it failed.
    pub failed_at: Option<String>,
}

impl Test {
    /// Runs them.
    ///
    /// # Errors
    /// Findings, or a path that cannot be read.
    pub fn run(&self, context: &Context) -> Outcome {
        let filter = self.filter.as_deref().map(Regex::new).transpose();
        let filter = filter.map_err(|error| Failure::usage(format!("--filter is no regular expression: {error}")))?;
        let paths: Vec<Option<&Path>> = if self.paths.is_empty() { vec![None] } else { self.paths.iter().map(|path| Some(path.as_path())).collect() };
        let mut results = Vec::new();
        for path in paths {
            let project = Project::find(context, path)?;
            results.extend(run_project(&project, context, filter.as_ref())?);
        }
        let failed = results.iter().filter(|result| result.report.failure.is_some()).count();
        let passed = results.len() - failed;
        match self.format {
            TestFormat::Human => print(&human(&results, (passed, failed))),
            TestFormat::Json => print(&lines(&results, (passed, failed))),
            TestFormat::Junit => print(&junit::render(&results)),
        }
        Ok(if failed > 0 { Exit::Failed } else { Exit::Done })
    }
}

fn run_project(project: &Project, context: &Context, filter: Option<&Regex>) -> Result<Vec<Timed>, Failure> {
    require_project_file(project, context)?;
    let analysis = analyze_project(project, None)?;
    let (program, blocks) = compile_with_tests(&analysis).map_err(|findings| source_failure(project, context, (&analysis, &findings)))?;
    let suite = TestSuite::new(program, blocks).map_err(Failure::failed)?;
    let mut results = Vec::new();
    for (number, test) in analysis.project.tests.iter().enumerate() {
        if !is_wanted(&analysis, test.span, &project.scope) || filter.is_some_and(|filter| !filter.is_match(&test.name)) {
            continue;
        }
        let began = Instant::now();
        let report = run_test(&suite, number, test);
        let place = shown(context, project, &analysis.sources.describe(report.span));
        let failed_at = report.failure.as_ref().map(|failure| shown(context, project, &analysis.sources.describe(failure.span)));
        results.push(Timed { report, took: began.elapsed(), place, failed_at });
    }
    Ok(results)
}

fn is_wanted(analysis: &Analysis, span: crate::base::Span, scope: &Scope) -> bool {
    let sources: &Sources = &analysis.sources;
    scope.includes(sources.get(span.file).map_or("", |source| source.path.as_str()))
}

fn shown(context: &Context, project: &Project, place: &str) -> String {
    context.shown(&project.root.join(place))
}

fn human(results: &[Timed], (passed, failed): (usize, usize)) -> String {
    let mut out = String::new();
    for result in results {
        match &result.report.failure {
            None => out += &format!("ok    {}\n", result.report.name),
            Some(failure) => {
                out += &format!("FAIL  {}\n", result.report.name);
                out += &format!("      at {}\n", result.failed_at.as_deref().unwrap_or(&result.place));
                out += &format!("      expected  {}\n      instead   {}\n", failure.expected, failure.happened);
                if !failure.timeline.is_empty() {
                    out += "      what happened:\n";
                }
                for line in &failure.timeline {
                    out += &format!("        {line}\n");
                }
            }
        }
    }
    out + &format!("{passed} passed, {failed} failed\n")
}

fn lines(results: &[Timed], (passed, failed): (usize, usize)) -> String {
    let mut out = String::new();
    for result in results {
        let failure = result
            .report
            .failure
            .as_ref()
            .map(|failure| json!({ "at": result.failed_at, "expected": failure.expected, "happened": failure.happened, "timeline": failure.timeline }));
        let line = json!({
            "name": result.report.name, "at": result.place, "passed": failure.is_none(), "milliseconds": result.took.as_secs_f64() * 1_000.0, "failure": failure,
        });
        out += &format!("{line}\n");
    }
    out + &format!("{}\n", json!({ "passed": passed, "failed": failed }))
}
