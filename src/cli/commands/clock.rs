//! `campc clock`: shows and moves a daemon's manual clock.

use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, StorePlace};
use crate::cli::runtime::block_on;
use crate::lang::{Duration, Zone, parse_date_time};
use serde_json::{Value as Json, json};

/// Shows or moves the clock of a daemon that was started with `--clock manual`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc clock\n  campc clock advance 3d\n  campc clock set 2026-12-01T09:00:00Z")]
pub struct Clock {
    /// What to do; without it the clock is shown
    #[command(subcommand)]
    pub action: Option<Action>,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL", global = true)]
    pub store: Option<String>,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "human", global = true)]
    pub format: super::DataFormat,
}

/// What to do with the clock.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Move it on by a duration: 90s, 4h, 3d, 2w; days are the project's calendar's
    Advance {
        /// The duration
        by: String,
    },
    /// Move it to a moment that lies ahead
    Set {
        /// The moment, as 2026-12-01T09:00:00Z
        to: String,
    },
}

impl Clock {
    /// Shows or moves it.
    ///
    /// # Errors
    /// Where no daemon runs, or its clock is real.
    pub fn run(&self, context: &Context) -> Outcome {
        if let Some(Action::Advance { by }) = &self.action
            && Duration::parse(by).is_none()
        {
            return Err(Failure::usage(format!("{by:?} is no duration; write 90s, 15min, 4h, 3d, 2w, 1mo")));
        }
        if let Some(Action::Set { to }) = &self.action
            && parse_date_time(to, &Zone::utc()).is_none()
        {
            return Err(Failure::usage(format!("{to:?} is no moment; write 2026-12-24T09:00:00Z")));
        }
        let project = Project::find(context, None)?;
        let place = StorePlace::find(&project, self.store.as_deref())?;
        let clock = block_on(async {
            let no_daemon = || Failure::failed("no daemon runs on this store; start one with `campc run --clock manual`");
            let door = Door::to_daemon(&place).await.ok_or_else(no_daemon)?;
            let answer = match &self.action {
                None => door.get("/v1/clock").await?,
                Some(Action::Advance { by }) => door.post("/v1/clock/advance", json!({ "by": by }).to_string()).await?,
                Some(Action::Set { to }) => door.post("/v1/clock/advance", json!({ "to": to }).to_string()).await?,
            };
            answer.ok()
        })?;
        let of = |key: &str| clock.get(key).and_then(Json::as_str).unwrap_or("?").to_string();
        match self.format {
            super::DataFormat::Human => print(&format!("{}  ({} clock)\n", of("now"), of("clock"))),
            super::DataFormat::Json => print(&format!("{clock}\n")),
        }
        Ok(Exit::Done)
    }
}
