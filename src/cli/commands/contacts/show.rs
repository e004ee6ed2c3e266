//! `campc contacts show ID`.

use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::contact_answer;

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
        let contact = contact_answer((&project, self.store.as_deref()), (&self.contact, ""))?;
        print(&(serde_json::to_string_pretty(&contact).unwrap_or_default() + "\n"));
        Ok(Exit::Done)
    }
}
