//! The commands, one file each: its arguments, and what it does with them.

mod build;
mod check;
mod clock;
mod completions;
mod contacts;
mod deploy;
mod dev;
mod explain;
mod fmt;
mod graph;
mod new;
mod operate;
mod outbox;
mod plan;
mod preview;
mod replay;
mod run;
mod sample;
mod send_test;
mod simulate;
mod status;
mod store;
mod test;
mod why;

use super::context::Context;
use super::failure::Outcome;

/// The formats of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DataFormat {
    /// For people.
    Human,
    /// For programs; streams have one object a line.
    Json,
}

/// The commands.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Make a project that checks, tests and runs at once
    New(new::New),
    /// Show all findings of all files
    Check(check::Check),
    /// Format source files
    Fmt(fmt::Fmt),
    /// Run test blocks on a virtual clock
    Test(test::Test),
    /// Show what a program would send to many contacts
    Simulate(simulate::Simulate),
    /// Show what the source would have sent to real contacts
    Replay(replay::Replay),
    /// Run the daemon
    Run(run::Run),
    /// Show what a deploy would change
    Plan(plan::Plan),
    /// Make the source the running program, with people inside
    Deploy(deploy::Deploy),
    /// Draw the canvas of each campaign
    Graph(graph::Graph),
    /// Compile to a file
    Build(build::Build),
    /// Show a compiled file as a listing
    Disasm(build::Disasm),
    /// Show the page of a finding
    Explain(explain::Explain),
    /// Show each step a contact took, and what decided it
    Why(why::Why),
    /// Show how things stand
    Status(status::Status),
    /// Enrol a contact by hand
    Enroll(operate::Enroll),
    /// Hold a campaign
    Pause(operate::Pause),
    /// Let a paused campaign go on
    Resume(operate::Resume),
    /// Show effects that wait or were given up, and settle them
    Outbox(outbox::Outbox),
    /// Import contacts, show one
    Contacts(contacts::Contacts),
    /// Show or move a manual clock
    Clock(clock::Clock),
    /// Show a message as somebody would get it
    Preview(preview::Preview),
    /// Send one message to an address
    SendTest(send_test::SendTest),
    /// Check, copy, restore the store, settle what was put aside
    Store(store::Store),
    /// Print a shell's completion script
    Completions(completions::Completions),
    /// What each stage of the compiler makes of a file
    #[command(hide = true)]
    Dev(dev::Dev),
}

impl Command {
    /// Carries it out.
    ///
    /// # Errors
    /// Where it cannot do what was asked.
    pub fn run(&self, context: &Context) -> Outcome {
        match self {
            Command::New(command) => command.run(context),
            Command::Check(command) => command.run(context),
            Command::Fmt(command) => command.run(context),
            Command::Test(command) => command.run(context),
            Command::Simulate(command) => command.run(context),
            Command::Replay(command) => command.run(context),
            Command::Run(command) => command.run(context),
            Command::Plan(command) => command.run(context),
            Command::Deploy(command) => command.run(context),
            Command::Graph(command) => command.run(context),
            Command::Build(command) => command.run(context),
            Command::Disasm(command) => command.run(context),
            Command::Explain(command) => command.run(),
            Command::Why(command) => command.run(context),
            Command::Status(command) => command.run(context),
            Command::Enroll(command) => command.run(context),
            Command::Pause(command) => command.run(context),
            Command::Resume(command) => command.run(context),
            Command::Outbox(command) => command.run(context),
            Command::Contacts(command) => command.run(context),
            Command::Clock(command) => command.run(context),
            Command::Preview(command) => command.run(context),
            Command::SendTest(command) => command.run(context),
            Command::Store(command) => command.run(context),
            Command::Completions(command) => command.run(),
            Command::Dev(command) => command.run(context),
        }
    }
}
