//! `campc completions SHELL`: what a shell needs to complete commands.

use crate::cli::Cli;
use crate::cli::context::print;
use crate::cli::failure::{Exit, Outcome};
use clap::CommandFactory;

/// Prints the completion script of a shell.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc completions bash > ~/.local/share/bash-completion/completions/campc\n  campc completions zsh > ~/.zfunc/_campc")]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

impl Completions {
    /// Prints the script.
    ///
    /// # Errors
    /// None.
    pub fn run(&self) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "campc", &mut script);
        print(&String::from_utf8_lossy(&script));
        Ok(Exit::Done)
    }
}
