//! `campc simulate`: what a program would send to many contacts, on a virtual clock. Nothing leaves the machine.

mod people;
mod spread;

use crate::bytecode::Program;
use crate::cli::compiled::compiled;
use crate::cli::context::{Context, print, remark};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::{Expand, Project, ProjectSection, process_environment};
use crate::cli::replace::replace_file;
use crate::diagnostics::suggest;
use crate::diagnostics::terminal::Paint;
use crate::lang::{Date, Duration, Instant, Zone, add_duration};
use crate::sim::forecast::{Behaviour, Look, Period, Population, Report, Scene, csv, html, human, read_behaviour};
use spread::run_all;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How wide a page is that is no terminal.
const PAGE_WIDTH: usize = 100;
/// More contacts would not fit into the memory of most machines where all run in one order of time.
const MOST_CONTACTS: u64 = 100_000_000;

/// Simulates a program: a population, how it behaves, and what is sent to whom and when.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  campc simulate\n  campc simulate --contacts 100000 --for 90d -o forecast.html\n  campc simulate --behaviour behaviour.toml --seed 7\n  campc simulate --population people.csv --from 2026-12-01\n  campc simulate --campaign \"Hot lead follow-up\" --format json\n\nWithout --behaviour, rates and values are made up from what the program asks for; the report says which. The same seed and --from give the same report. Without --format the end of FILE's name decides, else it is human. Exit codes: 0 done, 1 the source has errors, 2 usage or a behaviour file that does not do."
)]
pub struct Simulate {
    /// A .camp file or a directory; the project's directory by default
    pub path: Option<PathBuf>,
    /// How many contacts to make up
    #[arg(long, value_name = "N", default_value_t = 10_000, conflicts_with = "population")]
    pub contacts: u64,
    /// Contacts from a .csv or .jsonl file, read as `contacts import` reads it
    #[arg(long, value_name = "FILE")]
    pub population: Option<PathBuf>,
    /// How contacts are and behave: a TOML file
    #[arg(long, visible_alias = "behavior", value_name = "FILE")]
    pub behaviour: Option<PathBuf>,
    /// What chance follows from
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// How long
    #[arg(long = "for", value_name = "DURATION", default_value = "30d")]
    pub length: String,
    /// The first day, in the project's zone; today by default
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// Show this campaign alone; all of them run
    #[arg(long, value_name = "NAME")]
    pub campaign: Option<String>,
    /// Run drafts as if they were published
    #[arg(long)]
    pub drafts: bool,
    /// How to show the report
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<ReportFormat>,
    /// The file to write, in place of stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// On how many threads; all cores by default. The report is the same
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

/// The formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportFormat {
    /// Tables with bars.
    Human,
    /// One object.
    Json,
    /// A page with charts.
    Html,
    /// One long table.
    Csv,
}

impl Simulate {
    /// Simulates.
    ///
    /// # Errors
    /// Where the source has errors, an argument or the behaviour file does not do, or a file cannot be read or written.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, self.path.as_deref())?;
        let mut program = compiled(&project, context)?;
        if self.drafts {
            program.campaigns.iter_mut().for_each(|campaign| campaign.is_published = true);
        }
        self.look_for(&program)?;
        let period = self.period(&program)?;
        let behaviour = self.behaviour(&program, period.from, context)?;
        let section: ProjectSection = project.file.section("project", (&process_environment, Expand::Nothing)).unwrap_or_default();
        let population = self.population(&program, section.country.as_deref(), context)?;
        if !program.campaigns.is_empty() && !program.campaigns.iter().any(|campaign| campaign.is_published) {
            remark("no campaign is published, so nobody enters any; --drafts runs them as if they were");
        }
        let scene = Scene::new(Arc::new(program), (behaviour, population), (period, self.seed));
        let began = std::time::Instant::now();
        let tally = run_all(&scene, self.threads);
        let seconds = began.elapsed().as_secs_f64();
        let mut report = Report::new(&scene, &tally);
        if let Some(campaign) = &self.campaign {
            report.keep(campaign);
        }
        self.write(context, &report)?;
        let rate = tally.contacts as f64 / seconds.max(0.001);
        remark(&format!("{} contacts, {} inputs in {seconds:.2} s: {rate:.0} contacts/s", tally.contacts, tally.inputs));
        Ok(Exit::Done)
    }

    fn look_for(&self, program: &Program) -> Result<(), Failure> {
        let Some(name) = &self.campaign else { return Ok(()) };
        let names = || program.campaigns.iter().map(|campaign| &*campaign.name);
        if names().any(|known| known == name) {
            return Ok(());
        }
        let near = suggest(name, names()).map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
        Err(Failure::usage(format!("there is no campaign {name:?}{near}")))
    }

    fn period(&self, program: &Program) -> Result<Period, Failure> {
        let zone = Zone::find(&program.project.timezone).unwrap_or_else(Zone::utc);
        let length = Duration::parse(&self.length).filter(|length| !length.is_zero());
        let length = length.ok_or_else(|| Failure::usage(format!("--for {:?} is no length of time; write 30d, 2w or 3mo", self.length)))?;
        let first = match &self.from {
            Some(text) => date(text).ok_or_else(|| Failure::usage(format!("--from {text:?} is no date; write 2026-12-24")))?,
            None => zone.date(Instant::from_timestamp(jiff::Timestamp::now())),
        };
        let from = zone.day_start(first);
        let until = add_duration(from, length, &zone, &program.project.holidays.iter().copied().collect());
        if until.millis_since(from) > 20 * 366 * 86_400_000 {
            return Err(Failure::usage(format!("--for {} is longer than 20 years", self.length)));
        }
        Ok(Period { from, until })
    }

    fn behaviour(&self, program: &Program, from: Instant, context: &Context) -> Result<Behaviour, Failure> {
        let Some(file) = &self.behaviour else { return Ok(Behaviour::made_up(program)) };
        let path = context.here.join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::io("cannot read", &path, &error))?;
        read_behaviour(&text, program, from).map_err(|problems| {
            let shown = context.shown(&path);
            let lines: Vec<String> = problems.iter().map(|problem| format!("{shown}:{}:{}: error: {}", problem.line, problem.column, problem.text)).collect();
            Failure::rendered(Exit::Usage, lines.join("\n"))
        })
    }

    fn population(&self, program: &Program, country: Option<&str>, context: &Context) -> Result<Population, Failure> {
        match &self.population {
            Some(file) => people::read(program, &context.here.join(file), country).map(Population::Given),
            None if self.contacts == 0 || self.contacts > MOST_CONTACTS => {
                Err(Failure::usage(format!("--contacts {} must lie between 1 and {MOST_CONTACTS}", self.contacts)))
            }
            None => Ok(Population::MadeUp(self.contacts)),
        }
    }

    fn write(&self, context: &Context, report: &Report) -> Result<(), Failure> {
        let format = self.format.or_else(|| self.output.as_deref().and_then(by_name)).unwrap_or(ReportFormat::Human);
        let text = match format {
            ReportFormat::Human => human(report, self.look(context)),
            ReportFormat::Json => report.json(),
            ReportFormat::Html => html(report),
            ReportFormat::Csv => csv(report),
        };
        match &self.output {
            Some(path) => replace_file(&context.here.join(path), text.as_bytes()),
            None => {
                print(&text);
                Ok(())
            }
        }
    }

    fn look(&self, context: &Context) -> Look {
        let is_page = self.output.is_some() || !std::io::stdout().is_terminal();
        let width = if is_page { PAGE_WIDTH } else { terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0)) };
        Look { width, is_colored: self.output.is_none() && context.paint_stdout() == Paint::Colored }
    }
}

fn date(text: &str) -> Option<Date> {
    text.trim().parse().ok().map(Date::from_civil)
}

/// The format that a file's name ends in.
fn by_name(path: &Path) -> Option<ReportFormat> {
    match path.extension()?.to_str()? {
        "html" | "htm" => Some(ReportFormat::Html),
        "json" => Some(ReportFormat::Json),
        "csv" => Some(ReportFormat::Csv),
        "txt" => Some(ReportFormat::Human),
        _ => None,
    }
}
