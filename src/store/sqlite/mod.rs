//! The embedded store: one SQLite file, write-ahead log, one durable transaction a batch.
//!
//! The log first, the tables swept: a commit only appends (`commit`, `draft`), a sweep brings the tables that people read up to it (`sweep`),
//! and who opens the file lays what was not swept over the tables (`redo`, `load`). One connection writes, in the committing thread; readers have
//! their own, and so has the thread that empties the write-ahead log. A lock file beside the database keeps a second writer out.
//! All statements are constants with parameters; `schema_0002.sql` is the layout, readable with `sqlite3`.

mod check;
mod checkpoint;
mod commit;
mod copy;
mod draft;
mod erase;
mod ledger;
mod load;
mod migrate;
mod number;
mod read;
mod redo;
mod settings;
mod sweep;
mod upgrade;

pub use check::{CheckReport, check};
pub use copy::{LINEAGE, SENDING, backup, restore};
pub use migrate::{SCHEMA_VERSION, schema_version};

use super::{Batch, DeployRecord, LoadItem, LogPosition, Store, StoreError, StoreReader, Sweep, Swept};
use crate::advance::Switches;
use crate::lang::Instant;
use crate::machine::state::ContactUid;
use crate::proof::{Mutant, Point, is_planted, reach};
use checkpoint::Checkpointer;
use draft::Draft;
use ledger::{Marks, Pending, SharedLedger};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sweep::{Round, Sweeper};

/// How many prepared statements a connection keeps.
const STATEMENT_CACHE: usize = 96;
/// How many rows of the log a sweep lets go for each contact it may write: more than a batch adds.
const TRIMMED_PER_SLOT: i64 = 4;

/// The store's writer.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
    ledger: SharedLedger,
    marks: Marks,
    round: Round,
    /// How many contacts the tables have, about.
    contacts: u64,
    checkpointer: Checkpointer,
    /// Held while the store is open; the system lets it go when the process dies.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store of that file; makes it, or brings it up to date, if need be.
    ///
    /// # Errors
    /// Another process writes it, a newer version made it, it is damaged, or the disk fails.
    pub fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        let lock = lock(path)?;
        let mut connection = Connection::open(path).map_err(db)?;
        migrate::refuse_newer(&connection)?;
        configure(&connection)?;
        migrate::migrate(&mut connection)?;
        let (ledger, marks) = (SharedLedger::default(), Marks::stored(&connection)?);
        *ledger.write() = redo::ledger(&connection)?;
        let trimmed = Marks {
            image: least(&connection, "SELECT min(position) FROM image")?,
            key_change: least(&connection, "SELECT min(position) FROM key_change")?,
            ..Marks::default()
        };
        let round = Round { limit: marks, trimmed, ..Round::default() };
        let contacts = connection.query_row("SELECT count(*) FROM trail", [], |row| row.get(0)).map_err(db)?;
        let checkpointer = Checkpointer::start(path)?;
        Ok(SqliteStore { connection, path: path.to_owned(), ledger, marks, round, contacts, checkpointer, _lock: lock })
    }
    fn transaction(&mut self) -> Result<Transaction<'_>, StoreError> {
        begin(&mut self.connection)
    }
    /// Commits a batch with what belongs to it.
    fn commit_with(&mut self, batch: &Batch, more: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>) -> Result<LogPosition, StoreError> {
        let transaction = begin(&mut self.connection)?;
        let mut draft = Draft::new(&transaction, &self.ledger, self.marks);
        let position = commit::write_batch(&transaction, batch, &mut draft)?;
        let addition = draft.end();
        more(&transaction)?;
        transaction.commit().map_err(db)?;
        self.marks = addition.marks;
        addition.take_over(&mut self.ledger.write());
        let rows = batch.events.len() + batch.journal.len() + batch.contacts.len() + 2 * batch.outbox.len();
        self.checkpointer.look(&self.connection, rows)?;
        Ok(position)
    }
    /// The contacts that come next, and where the round then stands.
    fn due(&self, effort: Sweep) -> (Vec<(ContactUid, Pending)>, Round) {
        let (mut round, ledger) = (self.round, self.ledger.read());
        let from = ContactUid(round.cursor);
        let next = |range: &mut dyn Iterator<Item = (&ContactUid, &Pending)>| range.map(|(contact, pending)| (*contact, pending.clone())).collect();
        let due: Vec<(ContactUid, Pending)> = match effort {
            Sweep::Inputs(inputs) => {
                let end = round.slots_end(inputs, self.contacts);
                let due = next(&mut ledger.pending.range(from..ContactUid(end)));
                round.go_to(end, self.marks);
                due
            }
            Sweep::Contacts(contacts) => {
                let due: Vec<_> = next(&mut ledger.pending.range(from..).take(contacts));
                let end = if due.len() < contacts { u64::MAX } else { due.last().map_or(u64::MAX, |(contact, _)| contact.0 + 1) };
                round.go_to(end, self.marks);
                due
            }
        };
        if due.len() == ledger.pending.len() {
            // Nothing is left to be done, so nothing is left to be kept.
            round.released = self.marks;
        }
        (due, round)
    }
}

/// What stands before the first row of a table; 0 where it has none.
fn least(connection: &Connection, sql: &'static str) -> Result<i64, StoreError> {
    let first: Option<i64> = connection.query_row(sql, [], |row| row.get(0)).map_err(db)?;
    Ok(first.map_or(0, |first| first - 1))
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(db)
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let file = File::options().create(true).truncate(false).write(true).open(PathBuf::from(name)).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // The page size counts before the first table is made; a commit has reached the disk when it returns. What is deleted is overwritten
    // where that costs no further page.
    connection
        .execute_batch(
            "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF;
             PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY;
             PRAGMA secure_delete = FAST;",
        )
        .map_err(db)?;
    connection.execute_batch(every_commit_synced()).map_err(db)
}

/// What makes a commit wait for the disk.
fn every_commit_synced() -> &'static str {
    if is_planted(Mutant::MissingSync) { "PRAGMA synchronous = OFF" } else { "PRAGMA synchronous = FULL" }
}

/// The meaning of a database error.
fn db(error: rusqlite::Error) -> StoreError {
    // All statements are constants that fit the schema: what they do not find, or find of another kind, was damaged.
    if let rusqlite::Error::QueryReturnedNoRows
    | rusqlite::Error::InvalidColumnType(..)
    | rusqlite::Error::FromSqlConversionFailure(..)
    | rusqlite::Error::IntegralValueOutOfRange(..) = error
    {
        return StoreError::Damaged(error.to_string());
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly,
        Some(ErrorCode::SystemIoFailure) => StoreError::Disk(Box::new(error)),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => StoreError::Damaged(error.to_string()),
        Some(_) | None => StoreError::Other(Box::new(error)),
    }
}

fn io(error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => StoreError::ReadOnly,
        _ => StoreError::Other(Box::new(error)),
    }
}

impl Store for SqliteStore {
    fn load(&mut self, seen_since: Instant, sink: &mut dyn FnMut(LoadItem)) -> Result<(), StoreError> {
        load::load(&self.connection, &self.ledger, (seen_since, sink))
    }
    fn commit(&mut self, batch: &Batch) -> Result<LogPosition, StoreError> {
        self.commit_with(batch, |_| Ok(()))
    }
    fn deploy(&mut self, record: &DeployRecord, batch: &Batch) -> Result<LogPosition, StoreError> {
        self.commit_with(batch, |transaction| settings::write_deployment(transaction, record))
    }
    fn set_switches(&mut self, switches: &Switches) -> Result<(), StoreError> {
        let transaction = self.transaction()?;
        settings::write_switches(&transaction, switches)?;
        transaction.commit().map_err(db)
    }
    fn set_meta(&mut self, entries: &[(&str, &[u8])]) -> Result<(), StoreError> {
        let transaction = self.transaction()?;
        for (key, value) in entries {
            settings::write_meta(&transaction, key, value)?;
        }
        transaction.commit().map_err(db)
    }
    fn sweep(&mut self, effort: Sweep) -> Result<Swept, StoreError> {
        let (due, mut round) = self.due(effort);
        let slots = match effort {
            Sweep::Inputs(slots) | Sweep::Contacts(slots) => i64::try_from(slots).unwrap_or(i64::MAX),
        };
        let step = slots.saturating_mul(TRIMMED_PER_SLOT);
        let upto = |trimmed: i64, released: i64| trimmed.max(released.min(trimmed.saturating_add(step)));
        let (image, key_change) = (upto(round.trimmed.image, round.released.image), upto(round.trimmed.key_change, round.released.key_change));
        let image = if is_planted(Mutant::ImagesDroppedEarly) { self.marks.image } else { image };
        let is_trimming = (image, key_change) != (round.trimmed.image, round.trimmed.key_change);
        round.trimmed = Marks { image, key_change, ..Marks::default() };
        if is_trimming || !due.is_empty() {
            reach(Point::SweepBegun);
            // It need not be durable: what is lost of it is done again.
            self.connection.execute_batch("PRAGMA synchronous = NORMAL").map_err(db)?;
            let swept = write_sweep(&mut self.connection, &due, round.trimmed);
            self.connection.execute_batch(every_commit_synced()).map_err(db)?;
            self.contacts += swept?;
            reach(Point::SweepWritten);
            let mut ledger = self.ledger.write();
            for (contact, _) in &due {
                ledger.pending.remove(contact);
            }
            drop(ledger);
            self.checkpointer.look(&self.connection, due.len() * 2)?;
            reach(Point::SweepDone);
        }
        self.round = round;
        let is_all = self.ledger.read().pending.is_empty() && image >= self.marks.image && key_change >= self.marks.key_change;
        if is_all && let Sweep::Contacts(_) = effort {
            checkpoint::truncate_at_once(&self.connection)?;
        }
        Ok(if is_all { Swept::All } else { Swept::More })
    }
    fn forget_before(&mut self, before: Instant) -> Result<Swept, StoreError> {
        let transaction = self.transaction()?;
        let swept = erase::forget_before(&transaction, before)?;
        transaction.commit().map_err(db)?;
        Ok(swept)
    }
    fn erase(&mut self, contact: ContactUid) -> Result<(), StoreError> {
        let transaction = begin(&mut self.connection)?;
        let effects = erase::contact(&transaction, &self.ledger, contact)?;
        transaction.commit().map_err(db)?;
        let mut ledger = self.ledger.write();
        ledger.pending.remove(&contact);
        for effect in effects {
            ledger.open.remove(&effect);
        }
        drop(ledger);
        // Nothing of the person stays readable in the file or its log.
        erase::scrub(&self.connection)?;
        checkpoint::truncate(&self.connection)
    }
    fn reader(&self) -> Result<Arc<dyn StoreReader>, StoreError> {
        Ok(Arc::new(read::SqliteReader::open(&self.path, self.ledger.clone())?))
    }
}

/// Someone who reads the store of that file, whoever writes it. Of one contact it tells what was there when it was opened.
///
/// # Errors
/// A newer version made it or an older one did, or it cannot be read.
pub fn read_only(path: &Path) -> Result<Arc<dyn StoreReader>, StoreError> {
    let connection = open_reader(path)?;
    migrate::refuse_older(&connection)?;
    let ledger = SharedLedger::default();
    *ledger.write() = redo::ledger(&connection)?;
    Ok(Arc::new(read::SqliteReader::open(path, ledger)?))
}

/// Writes contacts and lets go of the log up to there. Tells how many contacts are new to the tables.
fn write_sweep(connection: &mut Connection, due: &[(ContactUid, Pending)], trimmed: Marks) -> Result<u64, StoreError> {
    let transaction = begin(connection)?;
    let mut sweeper = Sweeper::new(&transaction);
    let mut new = 0;
    for (contact, pending) in due {
        new += sweeper.contact(*contact, pending)?;
    }
    sweeper.trim(trimmed)?;
    sweeper.end()?;
    transaction.commit().map_err(db)?;
    Ok(new)
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(db)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA query_only = ON").map_err(db)?;
    Ok(connection)
}
