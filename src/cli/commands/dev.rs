//! `campc dev …`: what each stage of the compiler makes of a file. For those who work on campc itself; its output may change at any time.

use crate::base::FileId;
use crate::bytecode::disassemble;
use crate::cli::compiled::compiled;
use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::{Project, analyze_project};
use crate::diagnostics::Sink;
use crate::syntax;
use std::path::{Path, PathBuf};

/// Shows what each stage of the compiler makes of a file.
#[derive(Clone, Debug, clap::Args)]
pub struct Dev {
    /// The stage
    #[command(subcommand)]
    pub stage: Stage,
}

/// The stages.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Stage {
    /// The tokens of a file
    Tokens {
        /// The file
        file: PathBuf,
    },
    /// Its surface tree
    Ast {
        /// The file
        file: PathBuf,
    },
    /// The checked tree of its project
    Hir {
        /// The file
        file: PathBuf,
    },
    /// The compiled program of its project
    Bytecode {
        /// The file
        file: PathBuf,
    },
}

impl Dev {
    /// Prints the stage.
    ///
    /// # Errors
    /// Where the file cannot be read or compiled.
    pub fn run(&self, context: &Context) -> Outcome {
        match &self.stage {
            Stage::Tokens { file } => print(&format!("{:#?}\n", syntax::lex(FileId(0), &text(context, file)?, &mut Sink::new()))),
            Stage::Ast { file } => print(&format!("{:#?}\n", syntax::parse(FileId(0), &text(context, file)?, &mut Sink::new()))),
            Stage::Hir { file } => print(&format!("{:#?}\n", analyze_project(&Project::find(context, Some(file))?, None)?.project)),
            Stage::Bytecode { file } => print(&disassemble(&compiled(&Project::find(context, Some(file))?, context)?)),
        }
        Ok(Exit::Done)
    }
}

fn text(context: &Context, file: &Path) -> Result<String, Failure> {
    let path = context.here.join(file);
    std::fs::read_to_string(&path).map_err(|error| Failure::io("cannot read", &path, &error))
}
