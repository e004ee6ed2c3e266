//! `campc contacts export`: all contacts as they come, or everything that is known of one.

use super::table::{Guard, Table};
use crate::bytecode::Program;
use crate::cli::compiled::compiled;
use crate::cli::context::{Context, print, remark};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, Part, contact_answer, encoded};
use crate::cli::runtime::block_on;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value as Json;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// How contacts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// A table with a header, as the import reads it.
    Csv,
    /// A contact a line.
    Jsonl,
}

/// Writes all contacts, or everything that is known of one.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "With a CONTACT, everything that is known of it as JSON: fields, consent, memberships, events, journal, messages.\nWithout, all contacts, in the columns that `campc contacts import` reads. A cell that a spreadsheet would take for a formula gets a '\nbefore it, which the import takes off again; --raw leaves it as it is.\n\nExamples:\n  campc contacts export -o people.csv\n  campc contacts export --segment \"Canada Hot Leads\" --format jsonl\n  campc contacts export ana@example.com -o ana.json"
)]
pub struct Export {
    /// An id, user id, email or phone; without it, all contacts
    pub contact: Option<String>,
    /// Only the members of this segment
    #[arg(long, value_name = "NAME", conflicts_with = "contact")]
    pub segment: Option<String>,
    /// How to write contacts; by the file's name, else csv
    #[arg(long, value_name = "FORMAT", conflicts_with = "contact")]
    pub format: Option<ExportFormat>,
    /// Write what a spreadsheet would take for a formula as it is
    #[arg(long, conflicts_with = "contact")]
    pub raw: bool,
    /// The file to write, in place of stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

impl Export {
    /// Writes them.
    ///
    /// # Errors
    /// Where there is no such contact or segment, no store, or the file cannot be written.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, None)?;
        let path = self.output.as_ref().map(|path| context.here.join(path));
        match &self.contact {
            Some(contact) => self.one(&project, (contact, path.as_deref())),
            None => self.all(context, (&project, path.as_deref())),
        }
    }

    fn one(&self, project: &Project, (contact, path): (&str, Option<&Path>)) -> Outcome {
        let dossier = contact_answer((project, self.store.as_deref()), (contact, "/export"))?;
        let text = serde_json::to_string_pretty(&dossier).unwrap_or_default() + "\n";
        match path {
            None => print(&text),
            Some(path) => std::fs::write(path, text).map_err(|error| Failure::io("cannot write", path, &error))?,
        }
        Ok(Exit::Done)
    }

    fn all(&self, context: &Context, (project, path): (&Project, Option<&Path>)) -> Outcome {
        let is_json = path.and_then(Path::extension).is_some_and(|extension| ["jsonl", "ndjson"].iter().any(|known| extension.eq_ignore_ascii_case(known)));
        let format = self.format.unwrap_or(if is_json { ExportFormat::Jsonl } else { ExportFormat::Csv });
        let table = match format {
            ExportFormat::Jsonl => None,
            ExportFormat::Csv => Some(self.table(&compiled(project, context)?)),
        };
        let query = self.segment.as_deref().map(|name| format!("?segment={}", encoded(name))).unwrap_or_default();
        let writer = block_on(async {
            let door = Door::open(project, self.store.as_deref()).await?;
            // Nothing is written where there is nothing to read.
            let mut writer = Writer::new(table, path)?;
            let done = door.stream(&format!("/v1/contacts/export{query}"), |part| writer.take(part)).await;
            door.close().await;
            done.map(|()| writer)
        })?;
        let count = writer.finish()?;
        if let Some(path) = path {
            remark(&format!("{count} contact{} written to {}", if count == 1 { "" } else { "s" }, context.shown(path)));
        }
        Ok(Exit::Done)
    }

    fn table(&self, program: &Program) -> Table {
        Table::new(program, if self.raw { Guard::Raw } else { Guard::Quote })
    }
}

/// Writes lines as they come.
struct Writer {
    out: Out,
    rest: Vec<u8>,
    bar: ProgressBar,
    count: u64,
}

enum Out {
    Lines(Box<dyn Write>),
    Table(Table, Box<csv::Writer<Box<dyn Write>>>),
}

impl Writer {
    fn new(table: Option<Table>, path: Option<&Path>) -> Result<Writer, Failure> {
        let target: Box<dyn Write> = match path {
            None => Box::new(std::io::stdout().lock()),
            Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|error| Failure::io("cannot write", path, &error))?)),
        };
        let out = match table {
            None => Out::Lines(target),
            Some(table) => {
                let mut writer = csv::Writer::from_writer(target);
                writer.write_record(table.header()).map_err(|error| not_written(&error))?;
                Out::Table(table, Box::new(writer))
            }
        };
        // Into a pipe or onto the terminal the lines themselves show how far it is.
        let bar = if path.is_some() { ProgressBar::no_length() } else { ProgressBar::hidden() };
        Ok(Writer { out, rest: Vec::new(), bar, count: 0 })
    }

    fn take(&mut self, part: Part<'_>) -> Result<(), Failure> {
        match part {
            Part::Count(Some(count)) => {
                self.bar.set_length(count);
                // The template is a constant that parses; were it not, the bar would only look plain.
                if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} contacts, {eta} left") {
                    self.bar.set_style(style);
                }
            }
            Part::Count(None) => {}
            Part::Bytes(bytes) => {
                self.rest.extend_from_slice(bytes);
                while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = self.rest.drain(..=end).collect();
                    self.line(&line)?;
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Failure> {
        self.count += 1;
        self.bar.inc(1);
        match &mut self.out {
            Out::Lines(out) => out.write_all(line).map_err(|error| not_written(&error)),
            Out::Table(table, writer) => {
                let contact: Json = serde_json::from_slice(line).map_err(|error| Failure::usage(format!("the export broke off: {error}")))?;
                writer.write_record(table.row(&contact)).map_err(|error| not_written(&error))
            }
        }
    }

    fn finish(mut self) -> Result<u64, Failure> {
        self.bar.finish_and_clear();
        match &mut self.out {
            Out::Lines(out) => out.flush().map_err(|error| not_written(&error))?,
            Out::Table(_, writer) => writer.flush().map_err(|error| not_written(&error))?,
        }
        Ok(self.count)
    }
}

fn not_written(error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("the export cannot be written: {error}"))
}
