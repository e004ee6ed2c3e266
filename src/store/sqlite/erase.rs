//! Taking things out for good: a contact with all its rows, and what lies in pages that are in use no more; events and journal lines that are too old.

use super::ledger::SharedLedger;
use super::number::contact_number;
use super::sweep::Sweeper;
use super::{StoreError, db};
use crate::lang::Instant;
use crate::machine::state::{ContactUid, EffectId};
use crate::store::Swept;
use rusqlite::{Connection, OptionalExtension, Transaction};

const FORMER_EVENT: &str = "DELETE FROM event WHERE position = ?1 AND contact = ?2 RETURNING previous";
const FORMER_LINE: &str = "DELETE FROM journal WHERE position = ?1 AND contact = ?2 RETURNING previous";
const FORMER_EFFECT: &str = "DELETE FROM outbox WHERE position = ?1 AND contact = ?2 RETURNING previous, effect_id";
const EFFECT: &str = "DELETE FROM effect WHERE position = ?1";
const ROWS: [&str; 8] = [
    "DELETE FROM contact WHERE uid = ?1",
    "DELETE FROM segment_member WHERE contact = ?1",
    "DELETE FROM identity WHERE contact = ?1",
    "DELETE FROM redirect WHERE loser = ?1",
    "DELETE FROM trail WHERE contact = ?1",
    "DELETE FROM image WHERE contact = ?1",
    "DELETE FROM key_change WHERE contact = ?1",
    "DELETE FROM quarantine WHERE contact = ?1",
];
const FREE_PAGES: &str = "SELECT freelist_count FROM pragma_freelist_count";
const FILL: &str = "CREATE TABLE filling (content BLOB);
    WITH RECURSIVE number (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM number WHERE n <= (SELECT freelist_count FROM pragma_freelist_count))
    INSERT INTO filling SELECT zeroblob(3000) FROM number;";
const EMPTY: &str = "DROP TABLE filling;";
const LAST_EVENT_BEFORE: &str = "SELECT max(position) FROM (SELECT position, accepted_at FROM event ORDER BY position LIMIT ?2) WHERE accepted_at < ?1";
const LAST_LINE_BEFORE: &str = "SELECT max(position) FROM (SELECT position, at FROM journal ORDER BY position LIMIT ?2) WHERE at < ?1";
const FORGET_EVENTS: &str = "DELETE FROM event WHERE position <= ?1";
const FORGET_LINES: &str = "DELETE FROM journal WHERE position <= ?1";

/// How many rows of a table are let go at once.
const FORGOTTEN_AT_ONCE: i64 = 10_000;

/// Deletes all rows of a contact; the caller commits. Tells the effects that were deleted.
pub(super) fn contact(transaction: &Transaction<'_>, ledger: &SharedLedger, contact: ContactUid) -> Result<Vec<EffectId>, StoreError> {
    let number = contact_number(contact);
    let trail = ledger.trail(transaction, contact)?;
    for (sql, newest) in [(FORMER_EVENT, trail.event), (FORMER_LINE, trail.journal)] {
        let mut statement = transaction.prepare_cached(sql).map_err(db)?;
        let mut position = newest;
        while position != 0 {
            // Older ones may have been let go already.
            position = statement.query_row([position, number], |row| row.get(0)).optional().map_err(db)?.unwrap_or(0);
        }
    }
    let mut effects = Vec::new();
    let mut statement = transaction.prepare_cached(FORMER_EFFECT).map_err(db)?;
    let mut position = trail.outbox;
    while position != 0 {
        transaction.prepare_cached(EFFECT).map_err(db)?.execute([position]).map_err(db)?;
        let found: Option<(i64, [u8; 20])> = statement.query_row([position, number], |row| Ok((row.get(0)?, row.get(1)?))).optional().map_err(db)?;
        position = found.map_or(0, |(previous, _)| previous);
        effects.extend(found.map(|(_, id)| EffectId(id)));
    }
    let mut sweeper = Sweeper::new(transaction);
    sweeper.enrollments(contact, &[])?;
    sweeper.end()?;
    for sql in ROWS {
        transaction.prepare_cached(sql).map_err(db)?.execute([number]).map_err(db)?;
    }
    Ok(effects)
}

/// Overwrites every page that is in use no more, and empties the write-ahead log into the file.
pub(super) fn scrub(connection: &Connection) -> Result<(), StoreError> {
    let free: i64 = connection.query_row(FREE_PAGES, [], |row| row.get(0)).map_err(db)?;
    if free > 0 {
        // The pages are taken, each with a row of zeros, and given back only after that is committed.
        connection.execute_batch(FILL).map_err(db)?;
        connection.execute_batch(EMPTY).map_err(db)?;
    }
    Ok(())
}

/// Lets the oldest events and journal lines go, at most so many that nobody waits long.
pub(super) fn forget_before(transaction: &Transaction<'_>, before: Instant) -> Result<Swept, StoreError> {
    let mut is_more = false;
    for (last, forget) in [(LAST_EVENT_BEFORE, FORGET_EVENTS), (LAST_LINE_BEFORE, FORGET_LINES)] {
        let mut statement = transaction.prepare_cached(last).map_err(db)?;
        let position: Option<i64> = statement.query_row([before.0, FORGOTTEN_AT_ONCE], |row| row.get(0)).map_err(db)?;
        let Some(position) = position else { continue };
        let gone = transaction.prepare_cached(forget).map_err(db)?.execute([position]).map_err(db)?;
        is_more |= i64::try_from(gone).unwrap_or(0) >= FORGOTTEN_AT_ONCE;
    }
    Ok(if is_more { Swept::More } else { Swept::All })
}
