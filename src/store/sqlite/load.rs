//! Reading everything that must be resident, at the opening.

use super::number::{contact_of, unsigned};
use super::read::{OUTBOX_COLUMNS_OPEN, outbox_row};
use super::{StoreError, db};
use crate::advance::Switches;
use crate::lang::Instant;
use crate::machine::Deployment;
use crate::store::{IdentityKind, LoadItem, LogPosition, PackedState, codec};
use rusqlite::{Connection, Row, params};
use std::sync::Arc;

type Sink<'a> = &'a mut dyn FnMut(LoadItem);

/// Streams the store in the order of [`LoadItem`].
pub(super) fn load(connection: &Connection, seen_since: Instant, sink: Sink<'_>) -> Result<(), StoreError> {
    each(connection, "SELECT position, now FROM progress", |row| {
        sink(LoadItem::Progress(LogPosition(unsigned(row.get(0).map_err(db)?)), Instant(row.get(1).map_err(db)?)));
        Ok(())
    })?;
    each(connection, "SELECT key, value FROM meta ORDER BY key", |row| {
        sink(LoadItem::Meta(row.get(0).map_err(db)?, row.get(1).map_err(db)?));
        Ok(())
    })?;
    each(connection, "SELECT hash, image FROM program ORDER BY hash", |row| {
        sink(LoadItem::Program(hash(row.get(0).map_err(db)?)?, row.get(1).map_err(db)?));
        Ok(())
    })?;
    each(connection, "SELECT seq, body, checksum FROM deployment ORDER BY seq", |row| {
        sink(LoadItem::Deployment(Box::new(read_deployment(row)?)));
        Ok(())
    })?;
    let mut switches = Switches::default();
    each(connection, "SELECT campaign FROM switch WHERE is_paused = 1", |row| {
        switches.paused.insert(row.get(0).map_err(db)?);
        Ok(())
    })?;
    sink(LoadItem::Switches(switches));
    each(connection, "SELECT uid, state, checksum FROM contact", |row| load_contact(row, sink))?;
    each(connection, "SELECT kind, key, contact FROM identity", |row| load_identity(row, sink))?;
    each(connection, "SELECT loser, winner FROM redirect", |row| {
        sink(LoadItem::Redirect(contact_of(row.get(0).map_err(db)?), contact_of(row.get(1).map_err(db)?)));
        Ok(())
    })?;
    each(connection, OUTBOX_COLUMNS_OPEN, |row| {
        // An effect whose bytes are damaged cannot be sent; it stays as it is for the operator.
        match outbox_row(row) {
            Ok((_, row)) => sink(LoadItem::Outbox(Box::new(row))),
            Err(StoreError::Damaged(reason)) => sink(LoadItem::Quarantined(contact_of(row.get("contact").map_err(db)?), reason)),
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    load_seen(connection, seen_since, sink)
}

fn each(connection: &Connection, sql: &'static str, mut take: impl FnMut(&Row<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let mut statement = connection.prepare(sql).map_err(db)?;
    let mut rows = statement.query([]).map_err(db)?;
    while let Some(row) = rows.next().map_err(db)? {
        take(row)?;
    }
    Ok(())
}

fn hash(bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Damaged("a program's hash has not 32 bytes".to_owned()))
}

/// The deployment of a row `seq, body, checksum`.
pub(super) fn read_deployment(row: &Row<'_>) -> Result<Deployment, StoreError> {
    let seq: u32 = row.get(0).map_err(db)?;
    let body: Vec<u8> = row.get(1).map_err(db)?;
    let sum: Vec<u8> = row.get(2).map_err(db)?;
    if sum != codec::checksum(&seq.to_be_bytes(), &body) {
        return Err(StoreError::Damaged(format!("deployment {seq} does not match its checksum")));
    }
    Ok(postcard::from_bytes(&body)?)
}

fn load_contact(row: &Row<'_>, sink: Sink<'_>) -> Result<(), StoreError> {
    let contact = contact_of(row.get(0).map_err(db)?);
    let body = row.get_ref(1).map_err(db)?.as_blob().unwrap_or_default();
    let sum = row.get_ref(2).map_err(db)?.as_blob().unwrap_or_default();
    if sum != codec::state_checksum(contact, body) {
        sink(LoadItem::Quarantined(contact, "the state does not match its checksum".to_owned()));
        return Ok(());
    }
    sink(LoadItem::Contact(contact, PackedState::of_bytes(body)));
    Ok(())
}

fn load_identity(row: &Row<'_>, sink: Sink<'_>) -> Result<(), StoreError> {
    let kind: String = row.get(0).map_err(db)?;
    let key: String = row.get(1).map_err(db)?;
    let kind = IdentityKind::from_word(&kind).ok_or_else(|| StoreError::Damaged(format!("unknown kind of key {kind}")))?;
    sink(LoadItem::Identity(kind, Arc::from(key), contact_of(row.get(2).map_err(db)?)));
    Ok(())
}

/// Acceptance only goes forward, so the first event that still counts is found by halving positions: no index on times is kept.
fn load_seen(connection: &Connection, since: Instant, sink: Sink<'_>) -> Result<(), StoreError> {
    let highest: Option<i64> = connection.query_row("SELECT max(position) FROM event", [], |row| row.get(0)).map_err(db)?;
    let (mut low, mut high) = (1, highest.unwrap_or(0) + 1);
    let mut probe = connection.prepare("SELECT accepted_at FROM event WHERE position >= ?1 ORDER BY position LIMIT 1").map_err(db)?;
    while low < high {
        let middle = low + (high - low) / 2;
        let accepted: i64 = probe.query_row([middle], |row| row.get(0)).map_err(db)?;
        if accepted < since.0 { low = middle + 1 } else { high = middle }
    }
    let mut statement = connection.prepare("SELECT message_id, accepted_at FROM event WHERE position >= ?1 AND message_id IS NOT NULL").map_err(db)?;
    let mut rows = statement.query(params![low]).map_err(db)?;
    while let Some(row) = rows.next().map_err(db)? {
        let key: String = row.get(0).map_err(db)?;
        sink(LoadItem::Seen(Arc::from(key), Instant(row.get(1).map_err(db)?)));
    }
    Ok(())
}
