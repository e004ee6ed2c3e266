//! `campc outbox`: effects that wait, were lost or given up, and the operator's word on them.

use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, encoded};
use crate::cli::runtime::block_on;
use serde_json::{Value as Json, json};

/// The outbox: what waits, what was lost or given up, and what to do with it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc outbox list --status unknown\n  campc outbox list --dead\n  campc outbox retry --all\n  campc outbox drop EFFECT")]
pub struct Outbox {
    #[command(subcommand)]
    command: Option<OutboxCommand>,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL", global = true)]
    store: Option<String>,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum OutboxCommand {
    /// Show effects, oldest first
    List(List),
    /// Have effects tried again, now: those of unknown fate, dead ones, refused ones
    Retry(Retry),
    /// Give an effect up
    Drop(DropOne),
}

#[derive(Clone, Debug, Default, clap::Args)]
struct List {
    /// Only those in a status: queued, claimed, accepted, failed, unknown, suppressed, dead, cancelled
    #[arg(long, value_name = "STATUS", conflicts_with = "dead")]
    status: Option<String>,
    /// Only those that were given up
    #[arg(long)]
    dead: bool,
    /// Only those of a lane, as email/marketing, sms/transactional or webhook/crm.example
    #[arg(long, value_name = "LANE")]
    lane: Option<String>,
    /// How to show them
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Human,
    /// One object a line.
    Json,
}

#[derive(Clone, Debug, clap::Args)]
struct Retry {
    /// The effect's id
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    id: Option<String>,
    /// All of unknown fate, or of the status given
    #[arg(long)]
    all: bool,
    /// With --all: those in another status, as dead or failed
    #[arg(long, value_name = "STATUS", requires = "all")]
    status: Option<String>,
    /// With --all: only those of a lane
    #[arg(long, value_name = "LANE", requires = "all")]
    lane: Option<String>,
}

#[derive(Clone, Debug, clap::Args)]
struct DropOne {
    /// The effect's id
    #[arg(value_name = "ID")]
    id: String,
}

impl Outbox {
    /// Shows or settles.
    ///
    /// # Errors
    /// Where there is no such effect, or no store.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, None)?;
        let door = (&project, self.store.as_deref());
        match &self.command {
            None => list(door, &List::default()),
            Some(OutboxCommand::List(arguments)) => list(door, arguments),
            Some(OutboxCommand::Retry(arguments)) => retry(door, arguments),
            Some(OutboxCommand::Drop(DropOne { id })) => {
                post(door, (&format!("/v1/outbox/{}/drop", encoded(id)), &Json::Null))?;
                print(&format!("{id} is given up\n"));
                Ok(Exit::Done)
            }
        }
    }
}

fn retry(door: (&Project, Option<&str>), arguments: &Retry) -> Outcome {
    let answer = match &arguments.id {
        Some(id) => post(door, (&format!("/v1/outbox/{}/retry", encoded(id)), &Json::Null))?,
        None => post(door, ("/v1/outbox/retry", &json!({ "status": arguments.status, "lane": arguments.lane })))?,
    };
    let count = answer.get("settled").and_then(Json::as_u64).unwrap_or(0);
    print(&format!("{count} {} tried again\n", if count == 1 { "effect is" } else { "effects are" }));
    Ok(Exit::Done)
}

fn list((project, store): (&Project, Option<&str>), arguments: &List) -> Outcome {
    let status = if arguments.dead { Some("dead") } else { arguments.status.as_deref() };
    let filters = [("status", status), ("lane", arguments.lane.as_deref())];
    let query: String = filters.iter().filter_map(|(key, value)| Some(format!("&{key}={}", encoded((*value)?)))).collect();
    block_on(async {
        let door = Door::open(project, store).await?;
        let shown = pages(&door, &query, arguments.format).await;
        door.close().await;
        shown
    })?;
    Ok(Exit::Done)
}

async fn pages(door: &Door, query: &str, format: Format) -> Result<(), Failure> {
    let (mut cursor, mut count) = (String::new(), 0);
    loop {
        let page = door.get(&format!("/v1/outbox?limit=500{query}{cursor}")).await?.ok()?;
        for item in page.get("items").and_then(Json::as_array).into_iter().flatten() {
            count += 1;
            match format {
                Format::Json => print(&format!("{item}\n")),
                Format::Human => print(&line(item)),
            }
        }
        match page.get("cursor").and_then(Json::as_str) {
            Some(next) => cursor = format!("&cursor={}", encoded(next)),
            None => break,
        }
    }
    if count == 0 && format == Format::Human {
        print("nothing is there\n");
    }
    Ok(())
}

/// `EFFECT  unknown  email/marketing  welcome to ana@x.example, attempt 2: why`
fn line(item: &Json) -> String {
    let get = |key: &str| item.get(key).and_then(Json::as_str).unwrap_or("");
    let message = if get("message").is_empty() { get("channel") } else { get("message") };
    let to = if get("to").is_empty() { String::new() } else { format!(" to {}", get("to")) };
    let attempt = item.get("attempt").and_then(Json::as_u64).unwrap_or(0);
    let next = item.get("next_attempt_at").and_then(Json::as_str).map(|at| format!(", next at {at}")).unwrap_or_default();
    let why = if get("reason").is_empty() { String::new() } else { format!(": {}", get("reason")) };
    format!("{}  {:<10} {}  {message}{to}, attempt {attempt}{next}{why}\n", get("effect_id"), get("status"), get("lane"))
}

fn post((project, store): (&Project, Option<&str>), (path, body): (&str, &Json)) -> Result<Json, Failure> {
    block_on(async {
        let door = Door::open(project, store).await?;
        let answer = door.post(path, body.to_string()).await;
        door.close().await;
        answer?.ok()
    })
}
