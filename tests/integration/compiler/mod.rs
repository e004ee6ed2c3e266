//! From files to programs, through the compiler's door.

mod paths;
mod samples;

use campc::bytecode::Program;
use campc::compiler::{Workspace, analyze, compile};
use std::path::{Path, PathBuf};

/// Where the samples lie.
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples")
}

/// The workspace of one sample, with all that it names.
pub fn workspace_of(sample: &str) -> Workspace {
    let text = std::fs::read(samples().join(sample)).expect("the sample");
    let mut workspace = Workspace::new();
    workspace.add_root(sample, text);
    read_missing(&mut workspace);
    workspace
}

/// What the shell does: reads what is missing until nothing is.
pub fn read_missing(workspace: &mut Workspace) {
    loop {
        let missing = workspace.missing();
        if missing.is_empty() {
            return;
        }
        for path in missing {
            match std::fs::read(samples().join(&path)) {
                Ok(bytes) => workspace.add_file(&path, bytes),
                Err(_) => workspace.set_absent(&path),
            }
        }
    }
}

/// The program of a text beside the samples' files.
pub fn program_of(text: &str) -> Program {
    let mut workspace = Workspace::of_source("main.camp", text);
    read_missing(&mut workspace);
    let analysis = analyze(&workspace);
    compile(&analysis).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

/// Codes and titles of the findings of a workspace.
pub fn findings_of(workspace: &Workspace) -> Vec<String> {
    analyze(workspace).findings.iter().map(|finding| format!("{} {}", finding.code, finding.title)).collect()
}
