//! `campc build` and `campc disasm`: the compiled program as a file, and as a listing.

use crate::bytecode::{decode, disassemble, encode, program_hash};
use crate::cli::compiled::compiled;
use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use std::path::PathBuf;

/// Compiles a project to a file, versioned and checksummed.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc build\n  campc build -o acme.campb\n  campc disasm acme.campb")]
pub struct Build {
    /// A .camp file or a directory; the project's directory by default
    pub path: Option<PathBuf>,
    /// The file to write; NAME.campb beside the sources by default
    #[arg(short, long, value_name = "FILE.campb")]
    pub output: Option<PathBuf>,
}

/// Shows a compiled program as a readable listing.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc disasm acme.campb")]
pub struct Disasm {
    /// A file that `campc build` wrote
    pub file: PathBuf,
}

impl Build {
    /// Writes the program.
    ///
    /// # Errors
    /// Findings, or a file that cannot be written.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, self.path.as_deref())?;
        let program = compiled(&project, context)?;
        let target = match &self.output {
            Some(path) => context.here.join(path),
            None => project.root.join(default_name(&project)),
        };
        let image = encode(&program);
        std::fs::write(&target, &image).map_err(|error| Failure::io("cannot write", &target, &error))?;
        let hash: String = program_hash(&program).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        print(&format!(
            "{}: {} bytes, {} campaign{}, program {hash}\n",
            context.shown(&target),
            image.len(),
            program.campaigns.len(),
            if program.campaigns.len() == 1 { "" } else { "s" }
        ));
        Ok(Exit::Done)
    }
}

fn default_name(project: &Project) -> String {
    let name = match &project.shape {
        crate::cli::project::Shape::Lone(path) => path.trim_end_matches(".camp").to_string(),
        crate::cli::project::Shape::Whole => project.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_else(|| "project".to_string()),
    };
    format!("{name}.campb")
}

impl Disasm {
    /// Prints the listing.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds no program.
    pub fn run(&self, context: &Context) -> Outcome {
        let path = context.here.join(&self.file);
        let image = std::fs::read(&path).map_err(|error| Failure::io("cannot read", &path, &error))?;
        let program = decode(&image).map_err(|error| Failure::failed(format!("{} is no compiled program: {error}", self.file.display())))?;
        print(&disassemble(&program));
        Ok(Exit::Done)
    }
}
