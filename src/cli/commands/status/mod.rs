//! `campc status`: how things stand, and, with `--follow`, what happens.

mod follow;
mod page;

use super::DataFormat;
use crate::bytecode::program_hash;
use crate::cli::compiled::compiled;
use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, StorePlace};
use crate::cli::runtime::block_on;
use serde_json::{Value as Json, json};

/// Shows how things stand: campaigns and who stands where, queues, what is late, what is stuck.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Works with and without a running daemon; --follow wants one, and comes back to it after a restart.\n\nExamples:\n  campc status\n  campc status --format json\n  campc status --follow\n  campc status --follow --format json | jq 'select(.type == \"journal\")'"
)]
pub struct Status {
    /// Show what happens, line by line, until it is stopped
    #[arg(short, long)]
    pub follow: bool,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: DataFormat,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

impl Status {
    /// Prints it.
    ///
    /// # Errors
    /// Where there is no store, or nobody to follow.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, None)?;
        if self.follow {
            let place = StorePlace::find(&project, self.store.as_deref())?;
            return block_on(follow::follow(&place, (self.format, context.paint_stdout())));
        }
        let mut status = block_on(self.ask(&project))?;
        self.add_surroundings(context, (&project, &mut status))?;
        match self.format {
            DataFormat::Json => print(&format!("{status}\n")),
            DataFormat::Human => print(&page::text(&status, &page::Look::of(context))),
        }
        Ok(Exit::Done)
    }

    async fn ask(&self, project: &Project) -> Result<Json, Failure> {
        let door = Door::open(project, self.store.as_deref()).await?;
        let is_running = matches!(door, Door::Daemon { .. });
        let answer = door.get("/v1/status").await;
        door.close().await;
        let mut status = answer?.ok()?;
        if let Some(members) = status.as_object_mut() {
            members.insert("is_running".to_string(), is_running.into());
        }
        Ok(status)
    }

    /// What only this side knows: the files of the store, and the source.
    fn add_surroundings(&self, context: &Context, (project, status): (&Project, &mut Json)) -> Result<(), Failure> {
        let place = StorePlace::find(project, self.store.as_deref())?;
        let source = match compiled(project, context) {
            Ok(program) if Some(data_encoding::HEXLOWER.encode(&program_hash(&program)).as_str()) == status.get("program").and_then(Json::as_str) => "same",
            Ok(_) => "differs",
            Err(failure) if failure.exit == Exit::Failed => "has errors",
            Err(_) => "unknown",
        };
        if let Some(members) = status.as_object_mut() {
            members.insert("source".to_string(), source.into());
            let (bytes, free_bytes) = (place.bytes(), place.free_bytes());
            members.insert("store".to_string(), json!({ "path": context.shown(&place.path), "bytes": bytes, "free_bytes": free_bytes }));
        }
        Ok(())
    }
}
