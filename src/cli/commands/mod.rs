//! The commands, one file each: its arguments, and what it does with them.

mod completions;
mod explain;
mod new;

use super::context::Context;
use super::failure::Outcome;

/// The commands.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Make a project that checks, tests and runs at once
    New(new::New),
    /// Show the page of a finding
    Explain(explain::Explain),
    /// Print a shell's completion script
    Completions(completions::Completions),
}

impl Command {
    /// Carries it out.
    ///
    /// # Errors
    /// Where it cannot do what was asked.
    pub fn run(&self, context: &Context) -> Outcome {
        match self {
            Command::New(command) => command.run(context),
            Command::Explain(command) => command.run(),
            Command::Completions(command) => command.run(),
        }
    }
}
