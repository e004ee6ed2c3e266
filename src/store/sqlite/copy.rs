//! Copies of a store: a backup of one moment, taken beside whoever writes, and a store made from it.
//!
//! A copy sends nothing until somebody says so: the store it was taken from may be sending the very same messages.

use super::{SqliteStore, StoreError, db, io, lock, open_reader};
use crate::store::Store;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OptionalExtension, params};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Where `meta` says whether effects may leave: `off` in a copy, until it is armed.
pub const SENDING: &str = "sending";
/// Where `meta` names the store: a copy is another one.
pub const LINEAGE: &str = "lineage";

const META: &str = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const HAS_LINEAGE: &str = "SELECT 1 FROM meta WHERE key = 'lineage'";
/// A copy is one file, without a log beside it.
const SINGLE_FILE: &str = "PRAGMA journal_mode = DELETE";

/// Copies a store, as of one moment, to a new file. The store may be in use.
///
/// # Errors
/// The store cannot be read, the file is there already, or the disk fails; then there is no file.
pub fn backup(store: &Path, file: &Path) -> Result<(), StoreError> {
    copy(&open_reader(store)?, file, None)
}

/// Makes a store from a backup. It is another store from then on, and sends nothing until it is armed.
///
/// # Errors
/// The backup is not sound, a store is there already, or the disk fails; then there is no store.
pub fn restore(backup: &Path, store: &Path) -> Result<(), StoreError> {
    let source = open_reader(backup)?;
    super::migrate::refuse_newer(&source)?;
    let sound: String = source.query_row("SELECT quick_check FROM pragma_quick_check LIMIT 1", [], |row| row.get(0)).map_err(db)?;
    if sound != "ok" {
        return Err(StoreError::Damaged(format!("the backup {} is broken: {sound}", backup.display())));
    }
    let _lock = lock(store)?;
    copy(&source, store, Some(new_lineage()?))
}

fn copy(source: &Connection, file: &Path, lineage: Option<Vec<u8>>) -> Result<(), StoreError> {
    if file.exists() {
        return Err(StoreError::Exists(file.display().to_string()));
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let copied = copy_to(source, &partial, lineage);
    if copied.is_ok() {
        return std::fs::rename(&partial, file).map_err(io);
    }
    if let Err(error) = std::fs::remove_file(&partial) {
        tracing::debug!(%error, "there was no partial copy to remove");
    }
    copied
}

fn copy_to(source: &Connection, partial: &Path, lineage: Option<Vec<u8>>) -> Result<(), StoreError> {
    if partial.exists() {
        std::fs::remove_file(partial).map_err(io)?;
    }
    let mut target = Connection::open(partial).map_err(db)?;
    {
        let copying = Backup::new(source, &mut target).map_err(db)?;
        // All pages in one step are of one moment; writers go on behind it.
        while copying.step(-1).map_err(db)? != StepResult::Done {}
    }
    target.query_row(SINGLE_FILE, [], |_| Ok(())).map_err(db)?;
    target.execute(META, params![SENDING, &b"off"[..]]).map_err(db)?;
    if let Some(lineage) = lineage {
        target.execute(META, params![LINEAGE, lineage]).map_err(db)?;
    }
    drop(target);
    File::open(partial).and_then(|file| file.sync_all()).map_err(io)
}

fn new_lineage() -> Result<Vec<u8>, StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Other(Box::new(std::io::Error::other(error.to_string()))))?;
    Ok(data_encoding::HEXLOWER.encode(&bytes).into_bytes())
}

/// Gives a store that has no name yet one.
pub(super) fn name(connection: &Connection) -> Result<(), StoreError> {
    let named: Option<i64> = connection.query_row(HAS_LINEAGE, [], |row| row.get(0)).optional().map_err(db)?;
    if named.is_none() {
        connection.execute(META, params![LINEAGE, new_lineage()?]).map_err(db)?;
    }
    Ok(())
}

impl SqliteStore {
    /// Lets effects leave a copy.
    ///
    /// # Errors
    /// As a commit.
    pub fn arm(&mut self) -> Result<(), StoreError> {
        self.set_meta(&[(SENDING, b"on")])
    }
    /// Writes the file anew, without what is in use no more.
    ///
    /// # Errors
    /// Somebody reads it, or the disk fails or has no space for a second copy.
    pub fn vacuum(&mut self) -> Result<(), StoreError> {
        self.connection.execute_batch("VACUUM").map_err(db)?;
        super::checkpoint::truncate(&self.connection)
    }
}
