//! `campc store`: looks after the file that a project's contacts live in.

mod events;

use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, StorePlace};
use crate::cli::runtime::block_on;
use crate::store::sqlite::{SCHEMA_VERSION, SqliteStore, backup, check, restore, schema_version};
use crate::store::{StoreError, Sweep, Swept};
use std::path::{Path, PathBuf};

/// Contacts that are swept in one transaction.
const CONTACTS_AT_ONCE: usize = 2_000;

/// Checks, copies and repairs a project's store; settles what was put aside.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  campc store check\n  campc store backup /var/backups/camp-monday.db     # beside a running daemon\n  campc store restore /var/backups/camp-monday.db    # sends nothing until: campc store arm\n  campc store events --quarantined"
)]
pub struct Store {
    /// What to do
    #[command(subcommand)]
    pub action: Action,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL", global = true)]
    pub store: Option<String>,
}

/// What to do with the store.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Verify structure, checksums and the tables that follow from the states; a daemon may run
    Check {
        /// Make the tables that follow from the states again first; no daemon may run
        #[arg(long)]
        rebuild: bool,
    },
    /// Copy the store as of one moment to a new file; a daemon may run
    Backup {
        /// The file to make
        file: PathBuf,
    },
    /// Make the store from a backup; there must be none yet
    Restore {
        /// The backup
        file: PathBuf,
    },
    /// Let a restored store send
    Arm,
    /// Write the file anew, as small as it can be; no daemon may run
    Vacuum,
    /// Bring the store up to this version's schema; `campc run` does it by itself
    Migrate,
    /// Show and settle inputs that could not be carried out and were put aside
    Events(events::Events),
}

impl Store {
    /// Does it.
    ///
    /// # Errors
    /// Where there is no store, it is in use, or the disk fails.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, None)?;
        let place = StorePlace::find(&project, self.store.as_deref())?;
        if let Action::Events(events) = &self.action {
            return events.run(&project, self.store.as_deref());
        }
        if let Action::Restore { file } = &self.action {
            return restored(context, &place, &context.here.join(file));
        }
        if !place.exists() {
            return Err(Failure::failed(format!("there is no store at {}; `campc run` makes it", place.path.display())));
        }
        match &self.action {
            Action::Check { rebuild } => checked(context, &place, *rebuild),
            Action::Backup { file } => {
                let file = context.here.join(file);
                backup(&place.path, &file).map_err(failure)?;
                print(&format!("{} is a copy of {}; made a store again by `campc store restore`\n", context.shown(&file), context.shown(&place.path)));
                Ok(Exit::Done)
            }
            Action::Restore { .. } | Action::Events(_) => Ok(Exit::Done),
            Action::Arm => {
                alone(&place)?.arm().map_err(failure)?;
                print("the store sends again from the next `campc run` on\n");
                Ok(Exit::Done)
            }
            Action::Vacuum => vacuumed(context, &place),
            Action::Migrate => migrated(&place),
        }
    }
}

/// The store for writing; whoever holds it is named.
fn alone(place: &StorePlace) -> Result<SqliteStore, Failure> {
    if let Some(Door::Daemon { notice, .. }) = block_on(async { Ok(Door::to_daemon(place).await) })? {
        return Err(Failure::failed(format!("a daemon (process {}) runs on the store; end it first", notice.pid)));
    }
    place.open()
}

fn failure(error: StoreError) -> Failure {
    match error {
        StoreError::Damaged(_) => Failure::failed(format!("{error}; restore a backup with `campc store restore FILE`")),
        StoreError::Full
        | StoreError::ReadOnly
        | StoreError::InUse(_)
        | StoreError::Exists(_)
        | StoreError::Older { .. }
        | StoreError::Newer { .. }
        | StoreError::Clash(_)
        | StoreError::Conflict(_)
        | StoreError::Codec(_)
        | StoreError::Disk(_)
        | StoreError::Other(_) => Failure::usage(error.to_string()),
    }
}

fn checked(context: &Context, place: &StorePlace, rebuild: bool) -> Outcome {
    if rebuild {
        let mut store = alone(place)?;
        sweep(&mut store)?;
        store.rebuild().map_err(failure)?;
    }
    let report = check(&place.path).map_err(failure)?;
    if report.faults.is_empty() {
        print(&format!("{}: all well, {} contacts and {} effects\n", context.shown(&place.path), report.contacts, report.effects));
        return Ok(Exit::Done);
    }
    let mut text = report.faults.join("\n");
    text += "\na contact whose state is damaged is set aside, and the others go on; `campc store check --rebuild` makes the tables that follow from the \
             states again, and only a backup brings the rest back: `campc store restore FILE`";
    Err(Failure::rendered(Exit::Failed, text))
}

fn sweep(store: &mut SqliteStore) -> Result<(), Failure> {
    while crate::store::Store::sweep(store, Sweep::Contacts(CONTACTS_AT_ONCE)).map_err(failure)? == Swept::More {}
    Ok(())
}

fn restored(context: &Context, place: &StorePlace, file: &Path) -> Outcome {
    if !file.is_file() {
        return Err(Failure::failed(format!("there is no backup {}", context.shown(file))));
    }
    restore(file, &place.path).map_err(failure)?;
    print(&format!(
        "{} is a store made from {}. It takes events in and sends nothing, because the one it was copied from may be sending the same; when that one \
         is gone for good: campc store arm\n",
        context.shown(&place.path),
        context.shown(file)
    ));
    Ok(Exit::Done)
}

fn vacuumed(context: &Context, place: &StorePlace) -> Outcome {
    let size = || std::fs::metadata(&place.path).map_or(0, |file| file.len());
    let before = size();
    let mut store = alone(place)?;
    sweep(&mut store)?;
    store.vacuum().map_err(failure)?;
    drop(store);
    print(&format!("{}: {before} bytes before, {} now\n", context.shown(&place.path), size()));
    Ok(Exit::Done)
}

fn migrated(place: &StorePlace) -> Outcome {
    let before = schema_version(&place.path).map_err(failure)?;
    if before == SCHEMA_VERSION {
        print(&format!("the store has schema version {SCHEMA_VERSION}, as this version writes it\n"));
        return Ok(Exit::Done);
    }
    let mut store = alone(place)?;
    sweep(&mut store)?;
    print(&format!("the store had schema version {before} and has {SCHEMA_VERSION} now\n"));
    Ok(Exit::Done)
}
