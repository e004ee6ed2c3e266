//! `campc contacts suppressions`: addresses that are not written to, whoever has them.

use super::guard::guarded;
use crate::cli::commands::DataFormat;
use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, encoded};
use crate::cli::runtime::block_on;
use serde_json::{Value as Json, json};
use std::path::PathBuf;

/// Addresses that are not written to, whoever has them.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Reasons: erased, manual, unsubscribe stop marketing; hard_bounce and complaint stop everything. Of an address that is no contact's\nonly a keyed hash is known.\n\nExamples:\n  campc contacts suppressions list\n  campc contacts suppressions add ana@example.com\n  campc contacts suppressions drop ana@example.com\n  campc contacts suppressions drop bob@example.com --reason complaint\n  campc contacts suppressions export -o suppressed.csv\n  campc contacts suppressions import suppressed.csv"
)]
pub struct Suppressions {
    /// What to do
    #[command(subcommand)]
    pub action: Action,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL", global = true)]
    pub store: Option<String>,
}

/// What to do with suppressions.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Show all
    List {
        /// How to show them
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: DataFormat,
    },
    /// Suppress an address or number
    Add {
        /// An email or phone
        address: String,
        /// Why: manual, unsubscribe, hard_bounce, complaint
        #[arg(long, value_name = "WORD", default_value = "manual")]
        reason: String,
    },
    /// Lift the suppression of an address, a number, or a key of the list
    Drop {
        /// An email, phone or key
        address: String,
        /// Why it stands there; a complaint is lifted by naming it alone
        #[arg(long, value_name = "WORD")]
        reason: Option<String>,
    },
    /// Write all as CSV
    Export {
        /// The file to write, in place of stdout
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Suppress the addresses or keys of a CSV file with the columns address, channel and reason
    Import {
        /// The file
        file: PathBuf,
    },
}

impl Suppressions {
    /// Does it.
    ///
    /// # Errors
    /// Where there is no store, or no such address.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, None)?;
        block_on(async {
            let door = Door::open(&project, self.store.as_deref()).await?;
            let done = self.act(context, &door).await;
            door.close().await;
            done
        })
    }

    async fn act(&self, context: &Context, door: &Door) -> Outcome {
        match &self.action {
            Action::List { format } => {
                let all = list(door).await?;
                match format {
                    DataFormat::Json => print(&all.iter().map(|one| format!("{one}\n")).collect::<String>()),
                    DataFormat::Human => print(&all.iter().map(human).collect::<String>()),
                }
            }
            Action::Add { address, reason } => {
                add(door, (address, ""), reason).await?;
                print(&format!("{address} is suppressed ({reason})\n"));
            }
            Action::Drop { address, reason } => {
                let reason = reason.as_deref().map(|word| format!("?reason={}", encoded(word))).unwrap_or_default();
                door.delete(&format!("/v1/suppressions/{}{reason}", encoded(address))).await?.ok()?;
                print(&format!("{address} may be written to again, where consent allows it\n"));
            }
            Action::Export { output } => {
                let text = table(&list(door).await?)?;
                match output {
                    None => print(&text),
                    Some(path) => {
                        let path = context.here.join(path);
                        std::fs::write(&path, text).map_err(|error| Failure::io("cannot write", &path, &error))?;
                    }
                }
            }
            Action::Import { file } => return import(door, &context.here.join(file)).await,
        }
        Ok(Exit::Done)
    }
}

async fn list(door: &Door) -> Result<Vec<Json>, Failure> {
    Ok(door.get("/v1/suppressions").await?.ok()?.as_array().cloned().unwrap_or_default())
}

async fn add(door: &Door, (address, channel): (&str, &str), reason: &str) -> Result<(), Failure> {
    let channel = Some(channel).filter(|channel| !channel.is_empty());
    door.post("/v1/suppressions", json!({ "address": address, "channel": channel, "reason": reason }).to_string()).await?.ok().map(drop)
}

fn text<'a>(one: &'a Json, key: &str) -> &'a str {
    one.get(key).and_then(Json::as_str).unwrap_or("")
}

fn who(one: &Json) -> &str {
    if text(one, "address").is_empty() { text(one, "key") } else { text(one, "address") }
}

fn human(one: &Json) -> String {
    format!("{:<6} {:<12} {}  {}\n", text(one, "channel"), text(one, "reason"), text(one, "since"), who(one))
}

fn table(all: &[Json]) -> Result<String, Failure> {
    let failed = |error: csv::Error| Failure::usage(format!("the list cannot be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["address", "channel", "reason", "since"]).map_err(failed)?;
    for one in all {
        writer.write_record([&guarded(who(one)), text(one, "channel"), text(one, "reason"), text(one, "since")]).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::usage(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Rows whose address is none are told, and the rest is taken.
async fn import(door: &Door, path: &std::path::Path) -> Outcome {
    let mut reader = csv::Reader::from_path(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    let headers = reader.headers().map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?.clone();
    let column = |name: &str| headers.iter().position(|header| header.trim() == name);
    let address = column("address").ok_or_else(|| Failure::usage(format!("{} has no column `address`", path.display())))?;
    let (channel, reason) = (column("channel"), column("reason"));
    let (mut taken, mut refused) = (0_u64, 0_u64);
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) if error.is_io_error() => return Err(Failure::usage(format!("{}: {error}", path.display()))),
            Err(error) => {
                refused += 1;
                crate::cli::context::remark(&error.to_string());
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).map_or("", |cell| super::guard::unguarded(cell.trim()));
        let reason = Some(cell(reason)).filter(|word| !word.is_empty()).unwrap_or("manual");
        match add(door, (cell(Some(address)), cell(channel)), reason).await {
            Ok(()) => taken += 1,
            Err(failure) => {
                refused += 1;
                crate::cli::context::remark(&format!("line {line}: {}", failure.text.trim_start_matches("error: ")));
            }
        }
    }
    print(&format!("{taken} suppressed, {refused} refused\n"));
    Ok(if refused > 0 { Exit::Failed } else { Exit::Done })
}
