//! `campc store events`: inputs that could not be carried out and were put aside, and the operator's word on them.

use crate::cli::context::print;
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::Door;
use crate::cli::runtime::block_on;
use serde_json::{Value as Json, json};

/// Inputs that could not be carried out and were put aside.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc store events --quarantined\n  campc store events retry 3\n  campc store events drop 3")]
pub struct Events {
    #[command(subcommand)]
    command: Option<EventsCommand>,
    /// Show what is put aside
    #[arg(long)]
    quarantined: bool,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: crate::cli::commands::DataFormat,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum EventsCommand {
    /// Carry one out now
    Retry {
        /// Its number
        number: u64,
    },
    /// Forget one
    Drop {
        /// Its number
        number: u64,
    },
}

impl Events {
    /// Shows or settles.
    ///
    /// # Errors
    /// Where nothing has that number, or there is no store.
    pub fn run(&self, project: &Project, store: Option<&str>) -> Outcome {
        let place = (project, store);
        match &self.command {
            Some(EventsCommand::Retry { number }) => settle(place, (*number, "retry"), "was carried out"),
            Some(EventsCommand::Drop { number }) => settle(place, (*number, "drop"), "is forgotten"),
            None if self.quarantined => self.list(place),
            None => Err(Failure::usage("say `--quarantined`, `retry NUMBER` or `drop NUMBER`")),
        }
    }

    fn list(&self, (project, store): (&Project, Option<&str>)) -> Outcome {
        let answer = block_on(async {
            let door = Door::open(project, store).await?;
            let answer = door.get("/v1/quarantine").await;
            door.close().await;
            answer?.ok()
        })?;
        let items = answer.get("items").and_then(Json::as_array).cloned().unwrap_or_default();
        match self.format {
            crate::cli::commands::DataFormat::Json => items.iter().for_each(|item| print(&format!("{item}\n"))),
            crate::cli::commands::DataFormat::Human if items.is_empty() => print("nothing is put aside\n"),
            crate::cli::commands::DataFormat::Human => items.iter().for_each(|item| print(&line(item))),
        }
        Ok(Exit::Done)
    }
}

fn settle((project, store): (&Project, Option<&str>), (number, word): (u64, &str), done: &str) -> Outcome {
    block_on(async {
        let door = Door::open(project, store).await?;
        let answer = door.post(&format!("/v1/quarantine/{number}/{word}"), json!(null).to_string()).await;
        door.close().await;
        answer?.ok()
    })?;
    print(&format!("number {number} {done}\n"));
    Ok(Exit::Done)
}

/// `3  2026-03-02T10:00:00Z  event  track purchase of CONTACT: why`
fn line(item: &Json) -> String {
    let get = |key: &str| item.get(key).and_then(Json::as_str).unwrap_or("");
    let number = item.get("id").and_then(Json::as_u64).unwrap_or(0);
    let of = if get("contact").is_empty() { String::new() } else { format!(" of {}", get("contact")) };
    let place: Vec<&str> = [get("campaign"), get("step")].into_iter().filter(|text| !text.is_empty()).collect();
    let place = if place.is_empty() { String::new() } else { format!(" at {}", place.join(" / ")) };
    format!("{number}  {}  {}  {}{of}{place}: {}\n", get("at"), get("kind"), get("what"), get("error"))
}
