//! `campc test`: runs `test` blocks on a virtual clock.

mod coverage;
mod human;
mod json;
mod junit;
mod run;

use crate::cli::context::{Context, print, remark};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::{Project, Scope};
use coverage::Covered;
use regex::Regex;
use run::Case;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Runs test blocks on a virtual clock; nothing leaves the machine.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  campc test\n  campc test main.camp --filter reminder\n  campc test --coverage\n  campc test --format junit > report.xml\n\nExit codes: 0 all passed, 1 a test failed or the source has errors, 2 usage, or --filter matches no test."
)]
pub struct Test {
    /// A .camp file or a directory; the project's directory by default
    pub paths: Vec<PathBuf>,
    /// Only tests whose name matches this regular expression
    #[arg(long, value_name = "RE")]
    pub filter: Option<String>,
    /// How to show results
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: TestFormat,
    /// Say which steps and branches no test reaches
    #[arg(long)]
    pub coverage: bool,
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

/// One project of the call, and which of its files are meant.
struct Wanted {
    project: Project,
    scopes: Vec<Scope>,
}

/// All that a run came to.
#[derive(Default)]
struct Results {
    /// In the order of the source, whichever ended first.
    cases: Vec<Case>,
    /// Tests that the filter left out.
    filtered_out: usize,
    /// With `--coverage`, each campaign.
    coverage: Option<Vec<Covered>>,
    /// From the call to the last result.
    took: Duration,
}

impl Results {
    fn failed(&self) -> usize {
        self.cases.iter().filter(|case| case.failure.is_some()).count()
    }
    fn passed(&self) -> usize {
        self.cases.len() - self.failed()
    }
    fn word(&self) -> &'static str {
        if self.failed() > 0 { "FAILED" } else { "ok" }
    }
}

impl Test {
    /// Runs them.
    ///
    /// # Errors
    /// Findings, a path that cannot be read, or a filter that no test passes.
    pub fn run(&self, context: &Context) -> Outcome {
        let began = Instant::now();
        let filter = self.filter.as_deref().map(Regex::new).transpose();
        let filter = filter.map_err(|error| Failure::usage(format!("--filter is no regular expression: {error}")))?;
        let mut results = Results { coverage: self.coverage.then(Vec::new), ..Results::default() };
        for wanted in self.wanted(context)? {
            run::run_project(&wanted, context, (filter.as_ref(), &mut results))?;
        }
        results.took = began.elapsed();
        if let (true, Some(filter)) = (results.cases.is_empty() && results.filtered_out > 0, &self.filter) {
            let tests = if results.filtered_out == 1 { "is 1 test".to_owned() } else { format!("are {} tests", results.filtered_out) };
            return Err(Failure::usage(format!("no test's name matches --filter {filter:?}; there {tests}, and none ran")));
        }
        if results.cases.is_empty() {
            remark("there are no `test` blocks here");
        }
        match self.format {
            TestFormat::Human => print(&human::render(&results, context.paint_stdout())),
            TestFormat::Json => print(&json::render(&results)),
            TestFormat::Junit => {
                print(&junit::render(&results));
                // The schema has no place for it.
                if let Some(coverage) = &results.coverage {
                    remark(coverage::table(coverage).trim_end());
                }
            }
        }
        Ok(if results.failed() > 0 { Exit::Failed } else { Exit::Done })
    }

    fn wanted(&self, context: &Context) -> Result<Vec<Wanted>, Failure> {
        let paths: Vec<Option<&Path>> = if self.paths.is_empty() { vec![None] } else { self.paths.iter().map(|path| Some(path.as_path())).collect() };
        let mut all: Vec<Wanted> = Vec::new();
        for path in paths {
            let project = Project::find(context, path)?;
            match all.iter_mut().find(|known| known.project.root == project.root && known.project.shape == project.shape) {
                Some(known) => known.scopes.push(project.scope),
                None => all.push(Wanted { scopes: vec![project.scope.clone()], project }),
            }
        }
        Ok(all)
    }
}
