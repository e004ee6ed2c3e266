//! Schema versions: which one a file has, and the steps up to ours. A file of a newer version is refused, untouched.

use super::{StoreError, db, upgrade};
use crate::store::{SHARD_FUNCTION, codec};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::path::Path;

/// Every step, by the version it leads to.
const MIGRATIONS: &[(u32, &str)] = &[(1, include_str!("schema_0001.sql")), (2, include_str!("schema_0002.sql")), (3, include_str!("schema_0003.sql"))];

/// The version this build writes.
pub const SCHEMA_VERSION: u32 = 3;

const MIGRATION_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, checksum BLOB NOT NULL, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)";

fn version(connection: &Connection) -> Result<u32, StoreError> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(db)
}

/// Refuses a file of a newer version before anything is written to it.
pub(super) fn refuse_newer(connection: &Connection) -> Result<(), StoreError> {
    let found = version(connection)?;
    if found > SCHEMA_VERSION { Err(StoreError::Newer { found, known: SCHEMA_VERSION }) } else { Ok(()) }
}

/// Refuses a file that was not brought up to date.
pub(super) fn refuse_older(connection: &Connection) -> Result<(), StoreError> {
    refuse_newer(connection)?;
    let found = version(connection)?;
    if found < SCHEMA_VERSION { Err(StoreError::Older { found, known: SCHEMA_VERSION }) } else { Ok(()) }
}

/// The schema version of a file.
///
/// # Errors
/// It cannot be read.
pub fn schema_version(path: &Path) -> Result<u32, StoreError> {
    version(&super::open_reader(path)?)
}

/// Brings the file up to our version, each step in one transaction, and checks the steps it has taken already.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    connection.execute_batch(MIGRATION_TABLE).map_err(db)?;
    let found = version(connection)?;
    for (version, script) in MIGRATIONS {
        let sum = codec::checksum(&version.to_be_bytes(), script.as_bytes());
        if *version <= found {
            check_taken(connection, *version, &sum)?;
            continue;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(db)?;
        transaction.execute_batch(script).map_err(db)?;
        if *version == 2 {
            upgrade::to_swept(&transaction)?;
        }
        transaction.execute("INSERT INTO migration (version, checksum) VALUES (?1, ?2)", params![version, &sum[..]]).map_err(db)?;
        transaction.pragma_update(None, "user_version", version).map_err(db)?;
        transaction.commit().map_err(db)?;
    }
    check_shards(connection)?;
    super::copy::name(connection)
}

fn check_taken(connection: &Connection, version: u32, sum: &[u8]) -> Result<(), StoreError> {
    let taken: Option<Vec<u8>> =
        connection.query_row("SELECT checksum FROM migration WHERE version = ?1", [version], |row| row.get(0)).optional().map_err(db)?;
    if taken.as_deref() == Some(sum) { Ok(()) } else { Err(StoreError::Damaged(format!("schema version {version} is not the one of this program"))) }
}

fn check_shards(connection: &Connection) -> Result<(), StoreError> {
    let stored: Option<Vec<u8>> = connection.query_row("SELECT value FROM meta WHERE key = 'shard_function'", [], |row| row.get(0)).optional().map_err(db)?;
    match stored {
        None => connection.execute("INSERT INTO meta (key, value) VALUES ('shard_function', ?1)", params![SHARD_FUNCTION.as_bytes()]).map(|_| ()).map_err(db),
        Some(stored) if stored == SHARD_FUNCTION.as_bytes() => Ok(()),
        Some(_) => Err(StoreError::Damaged("the store assigns shards by another function".to_owned())),
    }
}
