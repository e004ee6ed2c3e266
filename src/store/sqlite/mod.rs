//! The embedded store: one SQLite file, write-ahead log, one durable transaction a batch.
//!
//! One connection writes, in the committing thread; readers have their own. A lock file beside the database keeps a second writer out.
//! All statements are constants with parameters; `schema_0001.sql` is the layout, readable with `sqlite3`.

mod commit;
mod load;
mod migrate;
mod number;
mod read;

pub use migrate::SCHEMA_VERSION;

use super::{Batch, DeployRecord, LoadItem, LogPosition, Store, StoreError, StoreReader};
use crate::advance::Switches;
use crate::lang::Instant;
use crate::machine::state::ContactUid;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many prepared statements a connection keeps.
const STATEMENT_CACHE: usize = 64;

/// The store's writer.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
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
        Ok(SqliteStore { connection, path: path.to_owned(), _lock: lock })
    }
    fn transaction(&mut self) -> Result<rusqlite::Transaction<'_>, StoreError> {
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(db)
    }
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
    // The page size counts before the first table is made; a commit has reached the disk when it returns.
    connection
        .execute_batch(
            "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;
             PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000; PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY;",
        )
        .map_err(db)
}

/// The meaning of a database error.
fn db(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly,
        Some(ErrorCode::SystemIoFailure) => StoreError::Disk(Box::new(error)),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(error.to_string()),
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
        load::load(&self.connection, seen_since, sink)
    }
    fn commit(&mut self, batch: &Batch) -> Result<LogPosition, StoreError> {
        let transaction = self.transaction()?;
        let position = commit::write_batch(&transaction, batch)?;
        transaction.commit().map_err(db)?;
        Ok(position)
    }
    fn deploy(&mut self, record: &DeployRecord, batch: &Batch) -> Result<LogPosition, StoreError> {
        let transaction = self.transaction()?;
        let position = commit::write_batch(&transaction, batch)?;
        commit::write_deployment(&transaction, record)?;
        transaction.commit().map_err(db)?;
        Ok(position)
    }
    fn set_switches(&mut self, switches: &Switches) -> Result<(), StoreError> {
        let transaction = self.transaction()?;
        commit::write_switches(&transaction, switches)?;
        transaction.commit().map_err(db)
    }
    fn set_meta(&mut self, entries: &[(&str, &[u8])]) -> Result<(), StoreError> {
        let transaction = self.transaction()?;
        for (key, value) in entries {
            commit::write_meta(&transaction, key, value)?;
        }
        transaction.commit().map_err(db)
    }
    fn erase(&mut self, contact: ContactUid) -> Result<(), StoreError> {
        // Freed pages are overwritten, so that nothing of the person stays readable in the file.
        self.connection.execute_batch("PRAGMA secure_delete = ON").map_err(db)?;
        let transaction = self.transaction()?;
        commit::erase(&transaction, contact)?;
        transaction.commit().map_err(db)?;
        self.connection.execute_batch("PRAGMA secure_delete = OFF; PRAGMA wal_checkpoint(TRUNCATE)").map_err(db)
    }
    fn reader(&self) -> Result<Arc<dyn StoreReader>, StoreError> {
        Ok(Arc::new(read::SqliteReader::open(&self.path)?))
    }
}

/// Someone who reads the store of that file, whoever writes it.
///
/// # Errors
/// A newer version made it, or it cannot be read.
pub fn read_only(path: &Path) -> Result<Arc<dyn StoreReader>, StoreError> {
    migrate::refuse_newer(&open_reader(path)?)?;
    Ok(Arc::new(read::SqliteReader::open(path)?))
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(db)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA query_only = ON").map_err(db)?;
    Ok(connection)
}
