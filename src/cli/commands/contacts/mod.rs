//! `campc contacts`: in bulk, and one.

mod columns;
mod import;
mod progress;
mod rows;
mod show;

pub use rows::each_row;

use crate::cli::context::Context;
use crate::cli::failure::Outcome;

/// Contacts: import many, show one.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc contacts import people.csv\n  campc contacts show ana@example.com")]
pub struct Contacts {
    /// What to do
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with contacts.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Take contacts in from a file; bad rows go to FILE.rejected.csv
    Import(import::Import),
    /// Show one contact as JSON
    Show(show::Show),
}

impl Contacts {
    /// Does it.
    ///
    /// # Errors
    /// The action's own.
    pub fn run(&self, context: &Context) -> Outcome {
        match &self.action {
            Action::Import(import) => import.run(context),
            Action::Show(show) => show.run(context),
        }
    }
}
