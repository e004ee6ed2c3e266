//! `campc status`: how things stand.

use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::Door;
use crate::cli::runtime::block_on;
use serde_json::Value as Json;
use std::fmt::Write as _;

/// Shows how things stand: campaigns, outbox, events nobody declared.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc status\n  campc status --format json")]
pub struct Status {
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: super::DataFormat,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

impl Status {
    /// Prints it.
    ///
    /// # Errors
    /// Where there is no store.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, None)?;
        let (status, is_running) = block_on(async {
            let door = Door::open(&project, self.store.as_deref()).await?;
            let is_running = matches!(door, Door::Daemon { .. });
            let answer = door.get("/v1/status").await;
            door.close().await;
            Ok((answer?.ok()?, is_running))
        })?;
        match self.format {
            super::DataFormat::Json => print(&format!("{status}\n")),
            super::DataFormat::Human => print(&human(&status, is_running)),
        }
        Ok(Exit::Done)
    }
}

fn shown(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => "-".to_string(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn human(status: &Json, is_running: bool) -> String {
    let get = |key: &str| shown(status.get(key));
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}  {}", get("project"), if is_running { "running" } else { "not running" });
    let _ = writeln!(out, "now         {} ({} clock)", get("now"), get("clock"));
    let _ = writeln!(out, "deployed    no. {} at {}", get("deployment"), get("deployed_at"));
    let _ = writeln!(out, "contacts    {}", get("contacts"));
    let _ = writeln!(out, "inside      {}", get("enrollments"));
    let _ = writeln!(out, "next due    {}", get("next_due"));
    for one in status.get("campaigns").and_then(Json::as_array).into_iter().flatten() {
        let of = |key: &str| shown(one.get(key));
        let _ = writeln!(out, "campaign    {}  {}  inside {}, entered {}, ended {}", of("name"), of("status"), of("inside"), of("entered"), of("ended"));
        for goal in one.get("goals").and_then(Json::as_array).into_iter().flatten() {
            let held_out = goal.get("held_out").and_then(Json::as_u64).filter(|count| *count > 0);
            let held_out = held_out.map(|count| format!(", {count} of them held out")).unwrap_or_default();
            let _ = writeln!(out, "  goal      {}  reached {}{held_out}", shown(goal.get("name")), shown(goal.get("reached")));
        }
    }
    if let Some(outbox) = status.get("outbox").and_then(Json::as_object).filter(|outbox| !outbox.is_empty()) {
        let counts: Vec<String> = outbox.iter().map(|(state, count)| format!("{state} {count}")).collect();
        let _ = writeln!(out, "outbox      {}", counts.join(", "));
    }
    for event in status.get("undeclared").and_then(Json::as_array).into_iter().flatten() {
        let of = |key: &str| shown(event.get(key));
        let _ = writeln!(out, "undeclared  {} ({} times, last {})", of("name"), of("count"), of("last_at"));
    }
    for contact in status.get("quarantined").and_then(Json::as_array).into_iter().flatten() {
        let _ = writeln!(out, "quarantined {}", shown(Some(contact)));
    }
    out
}
