//! `campc contacts import FILE`: in transactions of 500 rows; bad rows to a side file; goes on where it was broken off.

use super::columns::{Reading, columns, mapping, unknown_columns};
use super::progress::Progress;
use super::rows::{Row, csv_rows, delimiter, headers, is_json, json_rows, text};
use crate::bytecode::Program;
use crate::cli::commands::DataFormat;
use crate::cli::compiled::{compiled, compiled_data};
use crate::cli::context::{Context, print, remark};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, StorePlace};
use crate::cli::runtime::block_on;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value as Json, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of one transaction.
const ROWS: usize = 500;

/// Takes contacts in from a file.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Columns: id, user_id, email, phone, timezone, points, any field; tags (a;b), list:NAME, topic:NAME, consent:CHANNEL (yes/no), consent_source.\n\nExamples:\n  campc contacts import people.csv\n  campc contacts import people.csv --map \"Mail=email\" --keep-unknown\n  campc contacts import people.jsonl --quiet"
)]
pub struct Import {
    /// A .csv file with a header, or a .jsonl file with a contact a line
    pub file: PathBuf,
    /// What a column is: --map "Mail=email"
    #[arg(long, value_name = "HEADER=FIELD")]
    pub map: Vec<String>,
    /// Keep columns nobody declared, as traits
    #[arg(long)]
    pub keep_unknown: bool,
    /// Where the consent of topic: and consent: columns comes from
    #[arg(long, value_name = "TEXT")]
    pub consent_source: Option<String>,
    /// Facts count, but no trigger fires
    #[arg(long)]
    pub quiet: bool,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// How to show what came of it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: DataFormat,
}

/// The rest of an import: how far it is, and where its bad rows go.
struct Run<'a> {
    path: &'a Path,
    progress: Progress,
    bar: ProgressBar,
    rejected: Option<csv::Writer<std::fs::File>>,
    is_quiet: bool,
}

impl Import {
    /// Imports.
    ///
    /// # Errors
    /// Where the file cannot be read, or there is no store.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, None)?;
        let path = context.here.join(&self.file);
        let bytes = std::fs::read(&path).map_err(|error| Failure::io("cannot read", &path, &error))?;
        let text = text(&self.file, &bytes)?;
        let seed = format!("{:?}{}{:?}{}", self.map, self.keep_unknown, self.consent_source, self.quiet);
        let hash = blake3::Hasher::new().update(&bytes).update(seed.as_bytes()).finalize().to_hex().to_string();
        let program = compiled(&project, context)?;
        let (rows, reading);
        let iterator: Box<dyn Iterator<Item = Row>> = if is_json(&path) {
            rows = text;
            Box::new(json_rows(rows))
        } else {
            let delimiter = delimiter(text);
            reading = self.reading(text, delimiter, &program)?;
            Box::new(csv_rows(text, delimiter, &reading))
        };
        let total = u64::try_from(text.lines().count()).unwrap_or(u64::MAX);
        let mut run = Run { path: &path, progress: Progress::read(&path, &hash), bar: bar(total), rejected: None, is_quiet: self.quiet };
        if run.progress.line > 0 {
            remark(&format!("going on after line {}", run.progress.line));
        }
        block_on(async {
            let door = self.door(context, &project).await?;
            let done = run.all(&door, iterator).await;
            door.close().await;
            done
        })?;
        run.finish(context, self.format)
    }

    /// The way to the store. Where nothing was deployed yet, what the project knows of contacts is: the people come first, and the plan of
    /// the first deploy says who of them is where.
    async fn door(&self, context: &Context, project: &Project) -> Result<Door, Failure> {
        let place = StorePlace::find(project, self.store.as_deref())?;
        if !place.exists() {
            drop(place.open()?);
        }
        let door = Door::open(project, self.store.as_deref()).await?;
        if let Door::Here { engine, .. } = &door
            && engine.linked().is_none()
        {
            let data = Arc::new(compiled_data(project, context)?);
            engine.deploy(data).await.map_err(|error| Failure::usage(error.to_string()))?;
            remark(
                "nothing is deployed yet: the contacts are taken in by their fields, and no campaign sees them; `campc plan` shows what the first deploy does",
            );
        }
        Ok(door)
    }

    fn reading(&self, text: &str, delimiter: u8, program: &Program) -> Result<Reading, Failure> {
        let headers = headers(&self.file, text, delimiter)?;
        let maps = mapping(&self.map)?;
        if let Some((from, _)) = maps.iter().find(|(from, _)| !headers.contains(from)) {
            return Err(Failure::usage(format!("--map names the column {from:?}, which the file does not have; it has {}", headers.join(", "))));
        }
        let columns = columns(&headers, &maps, program);
        let unknown = unknown_columns(&columns, program);
        if !unknown.is_empty() {
            let fate = if self.keep_unknown { "kept as traits" } else { "left out; --keep-unknown keeps them" };
            remark(&format!("columns nobody declared ({fate}): {}", unknown.join(", ")));
        }
        Ok(Reading { columns, keeps_unknown: self.keep_unknown, consent_source: self.consent_source.clone() })
    }
}

fn bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} lines, {per_sec}, {eta} left").unwrap_or_else(|_| ProgressStyle::default_bar());
    // It draws on a terminal alone.
    ProgressBar::new(total).with_style(style)
}

impl Run<'_> {
    async fn all(&mut self, door: &Door, rows: impl Iterator<Item = Row>) -> Result<(), Failure> {
        let mut chunk: Vec<Row> = Vec::with_capacity(ROWS);
        for row in rows {
            if row.line <= self.progress.line {
                continue;
            }
            chunk.push(row);
            if chunk.len() >= ROWS {
                self.chunk(door, std::mem::take(&mut chunk)).await?;
            }
        }
        self.chunk(door, chunk).await
    }

    /// One transaction: the good rows are sent, the bad ones and those that come back are put aside.
    async fn chunk(&mut self, door: &Door, rows: Vec<Row>) -> Result<(), Failure> {
        let Some(last) = rows.last().map(|row| row.line) else { return Ok(()) };
        let mut sent: Vec<&Row> = Vec::new();
        let mut bad: Vec<(&Row, String)> = Vec::new();
        let mut body = String::new();
        for row in &rows {
            match &row.json {
                Ok(json) => {
                    body += json;
                    body.push('\n');
                    sent.push(row);
                }
                Err(reason) => bad.push((row, reason.clone())),
            }
        }
        let refused_here = bad.len();
        if !sent.is_empty() {
            let answer = door.post(&format!("/v1/contacts/import?quiet={}", self.is_quiet), body).await?.ok()?;
            for refused in answer.get("rejected").and_then(Json::as_array).into_iter().flatten() {
                let line = refused.get("line").and_then(Json::as_u64).and_then(|line| usize::try_from(line).ok()).unwrap_or(0);
                let reason = refused.get("reason").and_then(Json::as_str).unwrap_or("refused").to_string();
                bad.extend(sent.get(line.saturating_sub(1)).map(|row| (*row, reason)));
            }
        }
        let refused_there = bad.len() - refused_here;
        bad.sort_by_key(|(row, _)| row.line);
        for (row, reason) in &bad {
            self.reject(row, reason)?;
        }
        self.progress.accepted += u64::try_from(sent.len().saturating_sub(refused_there)).unwrap_or(u64::MAX);
        self.progress.line = last;
        self.progress.keep(self.path);
        self.bar.set_position(last);
        Ok(())
    }

    fn reject(&mut self, row: &Row, reason: &str) -> Result<(), Failure> {
        self.progress.rejected += 1;
        let target = rejected_path(self.path);
        let failed = |error: std::io::Error| Failure::io("cannot write", &target, &error);
        if self.rejected.is_none() {
            let is_resumed = self.progress.line > 0;
            let mut options = std::fs::OpenOptions::new();
            options.create(true).write(true).append(is_resumed).truncate(!is_resumed);
            let mut writer = csv::Writer::from_writer(options.open(&target).map_err(failed)?);
            if !is_resumed {
                writer.write_record(["line", "reason", "row"]).map_err(|error| failed(error.into()))?;
            }
            self.rejected = Some(writer);
        }
        if let Some(writer) = &mut self.rejected {
            writer.write_record([row.line.to_string().as_str(), reason, &row.raw]).map_err(|error| failed(error.into()))?;
            writer.flush().map_err(failed)?;
        }
        Ok(())
    }

    fn finish(mut self, context: &Context, format: DataFormat) -> Outcome {
        self.bar.finish_and_clear();
        if let Some(writer) = &mut self.rejected {
            writer.flush().map_err(|error| Failure::io("cannot write", &rejected_path(self.path), &error))?;
        }
        Progress::forget(self.path);
        let (accepted, rejected) = (self.progress.accepted, self.progress.rejected);
        let aside = (rejected > 0).then(|| context.shown(&rejected_path(self.path)).to_string());
        match (format, &aside) {
            (DataFormat::Json, _) => print(&format!("{}\n", json!({ "imported": accepted, "rejected": rejected, "rejected_file": aside }))),
            (DataFormat::Human, None) => print(&format!("{accepted} imported, {rejected} rejected\n")),
            (DataFormat::Human, Some(path)) => {
                print(&format!("{accepted} imported, {rejected} rejected\nthe rejected rows, with line and reason: {path}\n"));
            }
        }
        // Some terminals keep what was not flushed.
        let _ = std::io::stdout().flush();
        Ok(if rejected > 0 { Exit::Failed } else { Exit::Done })
    }
}

fn rejected_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_os_string();
    name.push(".rejected.csv");
    PathBuf::from(name)
}
