//! The tests of one project, on all cores; the results in the order of the source.

use super::coverage::Covered;
use super::{Results, Wanted};
use crate::base::{Sources, Span};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::project::{Project, analyze_project, require_project_file, source_failure};
use crate::compiler::{Analysis, compile_with_tests};
use crate::semantic::hir;
use crate::sim::{Moment, TestReport, TestSuite, Trace, run_test};
use indicatif::{ProgressBar, ProgressStyle};
use regex::Regex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many tests a core takes at a time.
const PORTION: usize = 16;
/// A run that takes longer shows how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// A place in the source, as people see it.
#[derive(Clone, Debug)]
pub struct Spot {
    /// From where the command was called.
    pub path: String,
    /// Line and column, from 1.
    pub start: (u32, u32),
    /// Line and column of the end.
    pub end: (u32, u32),
    /// The first line of it, as it stands in the source.
    pub line: String,
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.start.0, self.start.1)
    }
}

/// Why a test failed.
#[derive(Clone, Debug)]
pub struct Why {
    /// The line that failed.
    pub spot: Spot,
    /// What was expected.
    pub expected: String,
    /// What happened instead.
    pub happened: String,
    /// The contact it is about, where the test has several.
    pub contact: Option<String>,
    /// The story, with its text.
    pub timeline: Vec<(Moment, String)>,
}

/// A test that ran.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub spot: Spot,
    /// How long it took.
    pub took: Duration,
    /// Why it failed, if it did.
    pub failure: Option<Why>,
}

/// From spans to places.
pub struct Places<'a> {
    context: &'a Context,
    project: &'a Project,
    sources: &'a Sources,
}

impl Places<'_> {
    /// The place of a span.
    pub fn spot(&self, span: Span) -> Spot {
        let Some(source) = self.sources.get(span.file) else { return Spot { path: String::new(), start: (0, 0), end: (0, 0), line: String::new() } };
        let (start, end) = (source.position(span.start), source.position(span.end));
        let from = usize::try_from(source.lines.line_start(start.line)).unwrap_or(0);
        let line = source.text.get(from..).and_then(|rest| rest.lines().next()).unwrap_or("");
        Spot {
            path: self.context.shown(&self.project.root.join(&source.path)),
            start: (start.line, start.column),
            end: (end.line, end.column),
            line: line.to_owned(),
        }
    }
}

/// Runs the tests that are meant, and adds what they came to.
///
/// # Errors
/// Findings, or a file that cannot be read.
pub fn run_project(wanted: &Wanted, context: &Context, (filter, results): (Option<&Regex>, &mut Results)) -> Result<(), Failure> {
    let project = &wanted.project;
    require_project_file(project, context)?;
    let analysis = analyze_project(project, None)?;
    let (program, blocks) = compile_with_tests(&analysis).map_err(|findings| source_failure(project, context, (&analysis, &findings)))?;
    let suite = TestSuite::new(program, blocks).map_err(Failure::failed)?;
    let suite = if results.coverage.is_some() { suite.traced() } else { suite };
    let is_meant = |span: Span| {
        let path = analysis.sources.get(span.file).map_or("", |source| source.path.as_str());
        wanted.scopes.iter().any(|scope| scope.includes(path))
    };
    let meant: Vec<(usize, &hir::Test)> = analysis.project.tests.iter().enumerate().filter(|(_, test)| is_meant(test.span)).collect();
    let chosen: Vec<(usize, &hir::Test)> = meant.iter().filter(|(_, test)| filter.is_none_or(|filter| filter.is_match(&test.name))).copied().collect();
    results.filtered_out += meant.len() - chosen.len();
    let places = Places { context, project, sources: &analysis.sources };
    let mut trace = Trace::default();
    for (report, took) in run_all(&suite, &chosen) {
        trace.join(&report.trace);
        results.cases.push(case(&places, &analysis, (report, took)));
    }
    if let Some(coverage) = &mut results.coverage {
        let campaigns = suite.coverage(&analysis.project, &trace);
        coverage.extend(campaigns.iter().filter(|campaign| is_meant(campaign.span)).map(|campaign| Covered::new(campaign, &places)));
    }
    Ok(())
}

fn case(places: &Places<'_>, analysis: &Analysis, (report, took): (TestReport, Duration)) -> Case {
    let failure = report.failure.map(|failure| Why {
        spot: places.spot(failure.span),
        expected: failure.expected,
        happened: failure.happened,
        contact: failure.contact.map(|name| name.to_string()),
        timeline: failure
            .timeline
            .into_iter()
            .map(|moment| {
                let text = moment.text(&analysis.sources);
                (moment, text)
            })
            .collect(),
    });
    Case { name: report.name.to_string(), spot: places.spot(report.span), took, failure }
}

/// All of them, in order; on as many cores as there are.
fn run_all(suite: &TestSuite, tests: &[(usize, &hir::Test)]) -> Vec<(TestReport, Duration)> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = cores.min(tests.len().div_ceil(PORTION)).max(1);
    let progress = Progress::new(tests.len());
    let next = AtomicUsize::new(0);
    let mut done: Vec<(usize, (TestReport, Duration))> = if workers == 1 {
        work(suite, tests, (&next, &progress))
    } else {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(|| work(suite, tests, (&next, &progress)))).collect();
            // A panic of a worker is a bug of ours, and goes on as one.
            threads.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        })
    };
    progress.bar.finish_and_clear();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

fn work(suite: &TestSuite, tests: &[(usize, &hir::Test)], (next, progress): (&AtomicUsize, &Progress)) -> Vec<(usize, (TestReport, Duration))> {
    let mut done = Vec::new();
    loop {
        let first = next.fetch_add(PORTION, Ordering::Relaxed);
        if first >= tests.len() {
            return done;
        }
        for (index, (number, test)) in tests.iter().enumerate().skip(first).take(PORTION) {
            let began = Instant::now();
            let report = run_test(suite, *number, test);
            done.push((index, (report, began.elapsed())));
        }
        progress.show(first);
    }
}

/// How far a long run is, on a terminal alone.
struct Progress {
    bar: ProgressBar,
    began: Instant,
}

impl Progress {
    fn new(tests: usize) -> Progress {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} tests, {eta} left").unwrap_or_else(|_| ProgressStyle::default_bar());
        Progress { bar: ProgressBar::new(u64::try_from(tests).unwrap_or(u64::MAX)).with_style(style), began: Instant::now() }
    }

    fn show(&self, begun: usize) {
        if self.began.elapsed() > PATIENCE {
            self.bar.set_position(u64::try_from(begun).unwrap_or(u64::MAX));
        }
    }
}
