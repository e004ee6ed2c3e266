//! `campc fmt`: source files in canonical layout.

use crate::base::Sources;
use crate::cli::context::{Context, print, remark};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::findings::{FindingFormat, Stream, render};
use crate::cli::project::{Project, chosen_sources};
use crate::cli::replace::replace_file;
use crate::compiler::{Formatted, format_source};
use crate::diagnostics::Diagnostic;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Formats source files in place: comments stay, the meaning too.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  campc fmt\n  campc fmt main.camp\n  campc fmt --check\n  campc fmt - < main.camp\n\nA file with syntax errors is left as it is, and its findings are shown. Exit codes: 0 done; 1 with --check, where something would change; 2 where a file could not be read, written or formatted."
)]
pub struct Fmt {
    /// .camp files or directories, the project's by default; - reads stdin and writes stdout
    pub paths: Vec<PathBuf>,
    /// Change nothing; name the files that would change, and exit with 1 if there are any
    #[arg(long)]
    pub check: bool,
}

/// What came of all files.
#[derive(Default)]
struct Total {
    changed: usize,
    unchanged: usize,
    failed: usize,
}

impl Fmt {
    /// Formats the files.
    ///
    /// # Errors
    /// Where a path does not exist or cannot be read.
    pub fn run(&self, context: &Context) -> Outcome {
        if self.paths.iter().any(|path| path.as_os_str() == "-") {
            if self.paths.len() > 1 {
                return Err(Failure::usage("- stands alone: `campc fmt - < main.camp`"));
            }
            return self.stdin(context);
        }
        let mut total = Total::default();
        for (path, bytes) in self.files(context)? {
            self.file((&path, &bytes), context, &mut total);
        }
        self.say(&total);
        Ok(if total.failed > 0 {
            Exit::Usage
        } else if self.check && total.changed > 0 {
            Exit::Failed
        } else {
            Exit::Done
        })
    }

    /// Every file that is meant, with its bytes.
    fn files(&self, context: &Context) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failure> {
        let paths: Vec<Option<&Path>> = if self.paths.is_empty() { vec![None] } else { self.paths.iter().map(|path| Some(path.as_path())).collect() };
        let mut files = BTreeMap::new();
        for path in paths {
            let project = Project::find(context, path)?;
            files.extend(chosen_sources(&project)?);
        }
        Ok(files)
    }

    /// One that fails does not keep the others from being formatted.
    fn file(&self, (path, bytes): (&Path, &[u8]), context: &Context, total: &mut Total) {
        let shown = context.shown(path);
        let done = match format_source(&path.to_string_lossy(), bytes) {
            Formatted::Unchanged => Ok(false),
            Formatted::Changed(_) if self.check => Ok(true),
            Formatted::Changed(formatted) => replace_file(path, &formatted).map(|()| true),
            Formatted::Broken(sources, findings) => Err(broken(&sources, &findings, context)),
            Formatted::Differs => Err(differs(&shown)),
        };
        match done {
            Ok(false) => total.unchanged += 1,
            Ok(true) => {
                total.changed += 1;
                print(&format!("{}{shown}\n", if self.check { "" } else { "formatted " }));
            }
            Err(failure) => {
                total.failed += 1;
                remark(&failure.text);
            }
        }
    }

    fn say(&self, total: &Total) {
        let files = |count: usize| format!("{count} file{}", if count == 1 { "" } else { "s" });
        let changed = if self.check { "would change" } else { "formatted" };
        let mut text = match (total.changed, total.unchanged) {
            (0, unchanged) => format!("{} formatted already", files(unchanged)),
            (count, unchanged) if self.check => format!("{} {changed}, {unchanged} formatted already", files(count)),
            (count, unchanged) => format!("{changed} {}, {unchanged} unchanged", files(count)),
        };
        if total.failed > 0 {
            text.push_str(&format!(", {} left as it is", files(total.failed)));
        }
        remark(&text);
    }

    fn stdin(&self, context: &Context) -> Outcome {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(|error| Failure::usage(format!("stdin cannot be read: {error}")))?;
        let result = match format_source("<stdin>", &bytes) {
            Formatted::Unchanged => None,
            Formatted::Changed(formatted) => Some(formatted),
            Formatted::Broken(sources, findings) => return Err(broken(&sources, &findings, context)),
            Formatted::Differs => return Err(differs("<stdin>")),
        };
        if self.check {
            if result.is_none() {
                return Ok(Exit::Done);
            }
            print("<stdin>\n");
            return Ok(Exit::Failed);
        }
        // A reader that has gone away is no fault.
        let _ = std::io::stdout().lock().write_all(result.as_deref().unwrap_or(&bytes));
        Ok(Exit::Done)
    }
}

fn broken(sources: &Sources, findings: &[Diagnostic], context: &Context) -> Failure {
    Failure::rendered(Exit::Usage, render(findings, sources, &context.here, (context, FindingFormat::Human, Stream::Stderr)))
}

/// The formatter's proof of its own work has failed.
fn differs(path: &str) -> Failure {
    Failure::usage(format!("{path} is left as it is: formatting would have changed what it says\nThis is a bug in campc. Please report it with the file."))
}
