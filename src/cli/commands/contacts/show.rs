//! `campc contacts show ID`.

use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, encoded};
use crate::cli::runtime::block_on;

/// Shows one contact as JSON.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc contacts show u1\n  campc contacts show ana@example.com")]
pub struct Show {
    /// An id, user id, email or phone
    pub contact: String,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

impl Show {
    /// Prints it.
    ///
    /// # Errors
    /// Where there is no such contact, or no store.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, None)?;
        let contact = block_on(async {
            let door = Door::open(&project, self.store.as_deref()).await?;
            let answer = door.get(&format!("/v1/contacts/{}", encoded(&self.contact))).await;
            door.close().await;
            let answer = answer?;
            if answer.status == 404 {
                return Err(Failure::failed(format!("no contact has the id, user id, email or phone {:?}", self.contact)));
            }
            answer.ok()
        })?;
        print(&(serde_json::to_string_pretty(&contact).unwrap_or_default() + "\n"));
        Ok(Exit::Done)
    }
}
