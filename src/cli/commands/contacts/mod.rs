//! `campc contacts`: in bulk, and one.

mod asides;
mod columns;
mod erase;
mod export;
mod guard;
mod import;
mod progress;
mod rows;
mod show;
mod suppressions;
mod table;

pub use rows::each_row;

use crate::cli::context::Context;
use crate::cli::failure::Outcome;

/// Contacts: import and export many; show, export, erase one; addresses that are not written to.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  campc contacts import people.csv\n  campc contacts show ana@example.com\n  campc contacts export --segment \"Canada Hot Leads\" -o leads.csv\n  campc contacts export ana@example.com -o ana.json\n  campc contacts erase ana@example.com --reason \"request of 2026-03-02\"\n  campc contacts suppressions list"
)]
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
    /// Write all contacts, or everything that is known of one
    Export(export::Export),
    /// Erase a contact: everything ends, personal data goes, its addresses stay suppressed
    Erase(erase::Erase),
    /// Let what a deploy has stranded of a contact finish on the version it is in
    Release(asides::Release),
    /// End what a deploy has put aside of a contact
    End(asides::End),
    /// Addresses that are not written to, whoever has them
    Suppressions(suppressions::Suppressions),
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
            Action::Export(export) => export.run(context),
            Action::Erase(erase) => erase.run(context),
            Action::Release(release) => release.run(context),
            Action::End(end) => end.run(context),
            Action::Suppressions(suppressions) => suppressions.run(context),
        }
    }
}
