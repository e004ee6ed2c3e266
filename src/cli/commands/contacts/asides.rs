//! `campc contacts release|end CONTACT`: what a deploy has put aside.

use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, encoded};
use crate::cli::runtime::block_on;
use serde_json::json;

/// Lets what is stranded of a contact go on, on the version it is in.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "A deploy strands an enrollment that it has no place for, such as one that came to a step between the plan and the switch that the\nnew version does not have. It stands still; the next deploy that has a place for it goes on with it. `release` does not wait for\nthat: it finishes on the version it is in, as with `campc deploy --finish-on-old`. What fell due meanwhile is due at once.\n`campc status` lists who is stranded.\n\nExamples:\n  campc contacts release ana@example.com\n  campc contacts release u1 --campaign \"Onboarding\""
)]
pub struct Release {
    #[command(flatten)]
    of: Of,
}

/// Ends what a deploy has put aside of a contact.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Ends enrollments that are stranded, and those that finish on an older version. Goals already counted stay.\n\nExamples:\n  campc contacts end ana@example.com\n  campc contacts end u1 --campaign \"Onboarding\""
)]
pub struct End {
    #[command(flatten)]
    of: Of,
}

/// Whose, and in which campaign.
#[derive(Clone, Debug, clap::Args)]
struct Of {
    /// An id, user id, email or phone
    contact: String,
    /// In this campaign alone
    #[arg(long, value_name = "NAME")]
    campaign: Option<String>,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

impl Release {
    /// Releases.
    ///
    /// # Errors
    /// Where there is no such contact, nothing of it is stranded, or there is no store.
    pub fn run(&self, context: &Context) -> Outcome {
        self.of.settle(context, "release")?;
        print(&format!("{} goes on, on the version it is in; `campc why {}` says what came of it\n", self.of.contact, self.of.contact));
        Ok(Exit::Done)
    }
}

impl End {
    /// Ends.
    ///
    /// # Errors
    /// Where there is no such contact, nothing of it is put aside, or there is no store.
    pub fn run(&self, context: &Context) -> Outcome {
        self.of.settle(context, "end")?;
        print(&format!("ended what was put aside of {}\n", self.of.contact));
        Ok(Exit::Done)
    }
}

impl Of {
    fn settle(&self, context: &Context, word: &str) -> Result<(), crate::cli::failure::Failure> {
        let project = Project::find(context, None)?;
        block_on(async {
            let door = Door::open(&project, self.store.as_deref()).await?;
            let answer = door.post(&format!("/v1/contacts/{}/{word}", encoded(&self.contact)), json!({ "campaign": self.campaign }).to_string()).await;
            door.close().await;
            answer?.ok().map(drop)
        })
    }
}
