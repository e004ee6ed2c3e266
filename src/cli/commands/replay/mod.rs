//! `campc replay`: the source over the recorded events of real contacts, and which sends would differ from what happened.

mod past;

use crate::bytecode::{Program, decode, program_hash};
use crate::cli::compiled::compiled;
use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::{Expand, Project, ProjectSection, process_environment};
use crate::cli::reach::{StorePlace, contact_answer};
use crate::cli::replace::replace_file;
use crate::daemon::LogReader;
use crate::lang::{Duration, Instant, subtract_duration};
use crate::machine::state::ContactUid;
use crate::machine::{Deployment, Linked};
use crate::migrate::{Choices, align};
use crate::sim::replay::{Replay as Run, ReplayReport, differences, replay_html, replay_human};
use crate::store::{StoreError, StoreReader};
use past::{Seen, read_story, see};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is moved behind the last event still shows within this time: timers go on that far.
const LATER_MS: i64 = 90 * 86_400_000;
/// How many people a thread takes at a time.
const PORTION: usize = 64;

/// Replays recorded events through the source, and compares with what was sent.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  campc replay\n  campc replay --since 90d -o replay.html\n  campc replay --contact ana@example.com\n  campc replay --store sqlite:///var/lib/camp.db --format json\n\nThe store is only read, also while a daemon runs on it. What people did with a message follows the sending; of a new one nobody does anything. Exit codes: 0 no difference, 3 differences, 1 the source has errors or there is no store, 2 usage."
)]
pub struct Replay {
    /// A .camp file or a directory; the project's directory by default
    pub path: Option<PathBuf>,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// How far back sendings are compared; events are replayed from the first one on
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub since: String,
    /// This contact alone: an id, user id, email or phone
    #[arg(long, value_name = "CONTACT")]
    pub contact: Option<String>,
    /// How to show the report
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<ReplayFormat>,
    /// The file to write, in place of stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The formats of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ReplayFormat {
    /// For people.
    Human,
    /// One object.
    Json,
    /// A page.
    Html,
}

impl Replay {
    /// Replays.
    ///
    /// # Errors
    /// Where the source has errors, there is no store, or it cannot be read.
    pub fn run(&self, context: &Context) -> Outcome {
        let since =
            Duration::parse(&self.since).ok_or_else(|| Failure::usage(format!("--since {:?} is no length of time; write 30d, 2w or 3mo", self.since)))?;
        let project = Project::find(context, self.path.as_deref())?;
        let program = compiled(&project, context)?;
        let place = StorePlace::find(&project, self.store.as_deref())?;
        if !place.exists() {
            return Err(Failure::failed(format!("there is no store at {}; `campc run` makes it", place.path.display())));
        }
        let reader = place.reader()?;
        let failed = |error: StoreError| Failure::usage(format!("the store {} cannot be read: {error}", place.path.display()));
        let seen = match &self.contact {
            Some(contact) => Seen { people: vec![self.find(&project, contact)?], ..see(reader.as_ref()).map_err(failed)? },
            None => see(reader.as_ref()).map_err(failed)?,
        };
        if seen.people.is_empty() {
            return Err(Failure::failed(format!("no event is recorded in the store {} yet", place.path.display())));
        }
        let (linked, is_running) = link(reader.as_ref(), program, seen.first)
            .map_err(failed)?
            .ok_or_else(|| Failure::failed(format!("nothing is deployed to the store {} yet", place.path.display())))?;
        let since = subtract_duration(seen.last, since, &linked.zone, &linked.holidays);
        let section: ProjectSection = project.file.section("project", (&process_environment, Expand::Nothing)).unwrap_or_default();
        let log = LogReader::new(&linked, section.country.as_deref());
        let report = replay_all(&Work { place: &place, linked: &linked, log: &log, people: &seen.people, since, until: seen.last, is_running })?;
        self.write(context, &report)?;
        Ok(if report.differences() > 0 { Exit::Differs } else { Exit::Done })
    }

    fn find(&self, project: &Project, contact: &str) -> Result<ContactUid, Failure> {
        let answer = contact_answer((project, self.store.as_deref()), (contact, ""))?;
        let id = answer.get("id").and_then(serde_json::Value::as_str).and_then(ContactUid::parse);
        id.ok_or_else(|| Failure::failed(format!("no contact has the id, user id, email or phone {contact:?}")))
    }

    fn write(&self, context: &Context, report: &ReplayReport) -> Result<(), Failure> {
        let format = self.format.or_else(|| self.output.as_deref().and_then(by_name)).unwrap_or(ReplayFormat::Human);
        let text = match format {
            ReplayFormat::Human => replay_human(report),
            ReplayFormat::Json => report.json(),
            ReplayFormat::Html => replay_html(report),
        };
        match &self.output {
            Some(path) => replace_file(&context.here.join(path), text.as_bytes()),
            None => {
                print(&text);
                Ok(())
            }
        }
    }
}

/// The source under the identities of the store: those of its deployment if it is what runs, else those it would get by a deploy. What
/// would go live with that deploy is taken to have been live from the first event on.
fn link(reader: &dyn StoreReader, program: Program, first: Instant) -> Result<Option<(Linked, bool)>, StoreError> {
    let Some(running) = reader.running()? else { return Ok(None) };
    let Some((image, deployment)) = reader.deployed(running)? else { return Ok(None) };
    let hash = program_hash(&program);
    if hash == running {
        return Ok(Some((Linked::new(Arc::new(program), deployment), true)));
    }
    let old = decode(&image).map_err(|error| StoreError::Damaged(format!("the running program: {error}")))?;
    let lineage = align((&old, &deployment), &program, &Choices::default()).lineage(&deployment);
    let next = Deployment::next(&program, hash, first, Some((&deployment, &lineage)));
    Ok(Some((Linked::new(Arc::new(program), next), false)))
}

/// What all threads of a replay share.
struct Work<'a> {
    place: &'a StorePlace,
    linked: &'a Linked,
    log: &'a LogReader<'a>,
    people: &'a [ContactUid],
    since: Instant,
    until: Instant,
    is_running: bool,
}

/// What came of one person.
struct Done {
    story: crate::sim::replay::Story,
    sends: Vec<crate::sim::replay::NewSend>,
}

fn replay_all(work: &Work<'_>) -> Result<ReplayReport, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = cores.min(work.people.len().div_ceil(PORTION)).max(1);
    let next = AtomicUsize::new(0);
    let mut done: Vec<Done> = Vec::new();
    std::thread::scope(|scope| -> Result<(), Failure> {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(|| replay_some(work, &next))).collect();
        for thread in threads {
            // A panic of a worker is a bug of ours, and goes on as one.
            done.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(())
    })?;
    // Who went up in another is replayed with that one.
    let gone: BTreeSet<ContactUid> = done.iter().flat_map(|person| person.story.people.iter().skip(1)).copied().collect();
    let mut gathering = ReplayReport::gathering(&work.linked.zone, (work.since, work.until));
    for person in done.iter().filter(|person| person.story.people.first().is_some_and(|uid| !gone.contains(uid))) {
        gathering.add((&person.story, &person.sends), &differences(&person.story, &person.sends, (work.since, work.until)));
    }
    Ok(gathering.done((&work.linked.program.project.name, work.is_running)))
}

fn replay_some(work: &Work<'_>, next: &AtomicUsize) -> Result<Vec<Done>, Failure> {
    // Each thread has a connection of its own.
    let reader = work.place.reader()?;
    let failed = |error: StoreError| Failure::usage(format!("the store {} cannot be read: {error}", work.place.path.display()));
    let switches = crate::advance::Switches::default();
    let mut done = Vec::new();
    loop {
        let first = next.fetch_add(PORTION, Ordering::Relaxed);
        let portion = work.people.iter().skip(first).take(PORTION);
        if first >= work.people.len() {
            return Ok(done);
        }
        for uid in portion {
            let (story, records) = read_story(reader.as_ref(), (work.linked, *uid)).map_err(failed)?;
            let inputs = |state: (&crate::machine::state::ContactState, bool), row: usize| {
                records.get(row).map(|record| work.log.inputs(state, record)).unwrap_or_default()
            };
            let sends = Run::run((work.linked, &switches), &story, (&inputs, work.until.plus_millis(LATER_MS)));
            done.push(Done { story, sends });
        }
    }
}

/// The format that a file's name ends in.
fn by_name(path: &Path) -> Option<ReplayFormat> {
    match path.extension()?.to_str()? {
        "html" | "htm" => Some(ReplayFormat::Html),
        "json" => Some(ReplayFormat::Json),
        _ => None,
    }
}
