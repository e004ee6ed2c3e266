//! Layer 12: the command line. One file per command under `commands`; what they share stands here.
//!
//! Not here: the language, the engine, HTTP. Commands call them and show what they say.

mod commands;
mod compiled;
mod context;
mod engine;
mod failure;
mod findings;
mod fixes;
mod logging;
mod panics;
mod project;
mod reach;
mod replace;
mod runtime;

use clap::Parser;
use context::{ColorChoice, Context, remark};
use std::path::PathBuf;
use std::process::ExitCode;

/// Camp: marketing campaigns as programs that are checked, tested and run.
#[derive(Clone, Debug, clap::Parser)]
#[command(
    name = "campc",
    version,
    after_help = "A first project:\n  campc new acme && cd acme\n  campc check && campc test\n  campc run\n\nExit codes: 0 done, 1 findings or not there, 2 usage, set-up or input/output, 3 differences, 74 the disk failed."
)]
pub struct Cli {
    /// The project's directory, in place of the nearest one upward with a camp.toml
    #[arg(long, global = true, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Say more; twice says everything
    #[arg(short, long = "verbose", global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub command: commands::Command,
}

/// Runs the command that the process was called with.
#[must_use]
pub fn main() -> ExitCode {
    panics::tell(panics::Telling::All);
    #[cfg(feature = "proof")]
    crate::proof::end_at(std::env::var("CAMP_PROOF_END").ok().as_deref());
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // `--help` and `--version` come this way too; a closed pipe is no fault.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = Context::new(cli.project, cli.color, cli.verbose).and_then(|context| cli.command.run(&context));
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => {
            remark(&failure.text);
            failure.exit.into()
        }
    }
}
