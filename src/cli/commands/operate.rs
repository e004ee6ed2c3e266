//! `campc pause`, `resume`, `enroll`: the operator's hand.

use super::DataFormat;
use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, encoded};
use crate::cli::runtime::block_on;
use serde_json::{Value as Json, json};

/// Holds a campaign: nobody enters, nothing leaves, time goes on.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Those inside stay where they are; what falls due meanwhile is decided on resume, with the events' own times. Who is triggered\nmeanwhile does not come in, unless `campc resume --catch-up` fetches them. A pause survives deploys and restarts.\n\nExamples:\n  campc pause \"Hot lead follow-up\""
)]
pub struct Pause {
    /// The campaign's name
    pub campaign: String,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// How to show what came of it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: DataFormat,
}

/// Lets a paused campaign go on.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Each enrollment decides with the events' own times: who opened during the pause takes the green path, whose time was up\nthe red one.\n\nExamples:\n  campc resume \"Hot lead follow-up\"\n  campc resume --catch-up \"Hot lead follow-up\""
)]
pub struct Resume {
    /// Enrol those whose triggers came during the pause
    #[arg(long)]
    pub catch_up: bool,
    /// The campaign's name
    pub campaign: String,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// How to show what came of it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: DataFormat,
}

/// Enrols a contact by hand.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc enroll \"Hot lead follow-up\" ana@example.com")]
pub struct Enroll {
    /// The campaign's name
    pub campaign: String,
    /// An id, user id, email or phone
    pub contact: String,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// How to show what came of it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: DataFormat,
}

impl Pause {
    /// Pauses it.
    ///
    /// # Errors
    /// Where there is no such campaign, or no store.
    pub fn run(&self, context: &Context) -> Outcome {
        let path = format!("/v1/campaigns/{}/pause", encoded(&self.campaign));
        let campaign = post(context, self.store.as_deref(), (&path, &Json::Null))?;
        if self.format == DataFormat::Json {
            print(&format!("{campaign}\n"));
            return Ok(Exit::Done);
        }
        let draft = if is_draft(&campaign) { " It is a draft as well: it sends nothing either way." } else { "" };
        print(&format!("{:?} is paused: {}, nothing leaves, time goes on.{draft}\n", self.campaign, inside(&campaign, "stays inside", "stay inside")));
        print(&format!("`campc resume {:?}` lets it go on; with --catch-up it also takes in who was triggered meanwhile\n", self.campaign));
        Ok(Exit::Done)
    }
}

impl Resume {
    /// Resumes it.
    ///
    /// # Errors
    /// Where there is no such campaign, or no store.
    pub fn run(&self, context: &Context) -> Outcome {
        let path = format!("/v1/campaigns/{}/resume{}", encoded(&self.campaign), if self.catch_up { "?catch_up=true" } else { "" });
        let campaign = post(context, self.store.as_deref(), (&path, &Json::Null))?;
        if self.format == DataFormat::Json {
            print(&format!("{campaign}\n"));
            return Ok(Exit::Done);
        }
        if is_draft(&campaign) {
            print(&format!(
                "{:?} is no longer paused, but it is a draft: it enrols nobody and sends nothing until its header says `published`\n",
                self.campaign
            ));
            return Ok(Exit::Done);
        }
        let caught = if self.catch_up { "; who was triggered during the pause was asked again" } else { "" };
        print(&format!("{:?} goes on: {}{caught}\n", self.campaign, inside(&campaign, "is inside", "are inside")));
        Ok(Exit::Done)
    }
}

impl Enroll {
    /// Enrols.
    ///
    /// # Errors
    /// Where there is no such campaign or contact, or no store.
    pub fn run(&self, context: &Context) -> Outcome {
        let path = format!("/v1/campaigns/{}/enroll", encoded(&self.campaign));
        let answer = post(context, self.store.as_deref(), (&path, &json!({ "contact": self.contact })))?;
        if self.format == DataFormat::Json {
            print(&format!("{answer}\n"));
            return Ok(Exit::Done);
        }
        print(&format!("asked to enrol {} in {:?}; `campc why {}` says what came of it\n", self.contact, self.campaign, self.contact));
        Ok(Exit::Done)
    }
}

fn is_draft(campaign: &Json) -> bool {
    campaign.get("status").and_then(Json::as_str) == Some("draft")
}

/// `1 contact stays inside`, `12 contacts stay inside`.
fn inside(campaign: &Json, one: &str, many: &str) -> String {
    let count = campaign.get("inside").and_then(Json::as_u64).unwrap_or(0);
    if count == 1 { format!("1 contact {one}") } else { format!("{count} contacts {many}") }
}

fn post(context: &Context, store: Option<&str>, (path, body): (&str, &Json)) -> Result<Json, crate::cli::failure::Failure> {
    let project = Project::find(context, None)?;
    block_on(async {
        let door = Door::open(&project, store).await?;
        let answer = door.post(path, body.to_string()).await;
        door.close().await;
        answer?.ok()
    })
}
