//! Reading everything that must be resident, at the opening: the tables, and over them what the log has that was not swept.

use super::ledger::SharedLedger;
use super::number::{contact_of, step_of, unsigned};
use super::read::{OUTBOX_COLUMNS_OPEN, outbox_row};
use super::{StoreError, db};
use crate::advance::Switches;
use crate::lang::Instant;
use crate::machine::state::ContactUid;
use crate::machine::{Deployment, Terms};
use crate::store::{IdentityKind, LoadItem, LogPosition, PackedState, QuarantineRow, codec};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;
use std::sync::Arc;

const CONTACTS: &str = "SELECT uid, state, checksum FROM contact";
const IMAGES: &str = "SELECT contact, state, checksum, position, survivor FROM image WHERE survivor IS NOT NULL OR state IS NOT NULL ORDER BY position";
const IDENTITIES: &str = "SELECT kind, key, contact FROM identity";
const KEY_CHANGES: &str = "SELECT kind, key, contact FROM key_change ORDER BY position";
const PUT_ASIDE: &str = "SELECT id, at, contact, kind, what, error, program, campaign, step, body FROM quarantine ORDER BY id";
const REDIRECTS: &str = "SELECT loser, winner FROM redirect";

type Sink<'a> = &'a mut dyn FnMut(LoadItem);

/// Streams the store in the order of [`LoadItem`].
pub(super) fn load(connection: &Connection, ledger: &SharedLedger, (seen_since, sink): (Instant, Sink<'_>)) -> Result<(), StoreError> {
    each(connection, "SELECT batch, now FROM progress", |row| {
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
    let redirects = load_contacts(connection, ledger, sink)?;
    load_identities(connection, sink)?;
    each(connection, REDIRECTS, |row| {
        let loser = contact_of(row.get(0).map_err(db)?);
        if !redirects.contains_key(&loser) {
            sink(LoadItem::Redirect(loser, contact_of(row.get(1).map_err(db)?)));
        }
        Ok(())
    })?;
    for (loser, winner) in redirects {
        sink(LoadItem::Redirect(loser, winner));
    }
    each(connection, OUTBOX_COLUMNS_OPEN, |row| {
        // An effect whose bytes are damaged cannot be sent; it stays as it is for the operator.
        match outbox_row(row) {
            Ok((_, row)) => sink(LoadItem::Outbox(Box::new(row))),
            Err(StoreError::Damaged(reason)) => sink(LoadItem::Quarantined(contact_of(row.get("contact").map_err(db)?), reason)),
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    each(connection, PUT_ASIDE, |row| {
        sink(LoadItem::PutAside(Box::new(put_aside(row)?)));
        Ok(())
    })?;
    load_seen(connection, seen_since, sink)
}

fn put_aside(row: &Row<'_>) -> Result<QuarantineRow, StoreError> {
    let word = |index: usize| -> Result<Arc<str>, StoreError> { Ok(Arc::from(row.get::<_, String>(index).map_err(db)?)) };
    let (contact, step): (Option<i64>, Option<i64>) = (row.get(2).map_err(db)?, row.get(8).map_err(db)?);
    Ok(QuarantineRow {
        id: unsigned(row.get(0).map_err(db)?),
        at: Instant(row.get(1).map_err(db)?),
        contact: contact.map(contact_of),
        kind: word(3)?,
        what: word(4)?,
        error: word(5)?,
        program: hash(row.get(6).map_err(db)?)?,
        campaign: row.get(7).map_err(db)?,
        step: step.map(step_of),
        body: row.get(9).map_err(db)?,
    })
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
    // What was written before there were terms has none.
    postcard::from_bytes(&body).or_else(|_| Ok(postcard::from_bytes(&[body, postcard::to_stdvec(&Terms::default())?].concat())?))
}

/// Contacts as they were swept, except those of whom the log has a newer image. Tells who has gone up in another one since.
fn load_contacts(connection: &Connection, ledger: &SharedLedger, sink: Sink<'_>) -> Result<BTreeMap<ContactUid, ContactUid>, StoreError> {
    let ledger = ledger.read();
    let newest = |contact: ContactUid| ledger.pending.get(&contact).map_or(0, |pending| pending.image);
    each(connection, CONTACTS, |row| {
        let contact = contact_of(row.get(0).map_err(db)?);
        if newest(contact) == 0 { load_contact(row, sink) } else { Ok(()) }
    })?;
    let mut redirects = BTreeMap::new();
    each(connection, IMAGES, |row| {
        let contact = contact_of(row.get(0).map_err(db)?);
        let position: i64 = row.get(3).map_err(db)?;
        let survivor: Option<i64> = row.get(4).map_err(db)?;
        match survivor {
            _ if newest(contact) != position => {}
            Some(winner) => drop(redirects.insert(contact, contact_of(winner))),
            None => load_contact(row, sink)?,
        }
        Ok(())
    })?;
    Ok(redirects)
}

/// Keys as they were swept, except those that have changed hands since.
fn load_identities(connection: &Connection, sink: Sink<'_>) -> Result<(), StoreError> {
    let mut changed: BTreeMap<(IdentityKind, Arc<str>), ContactUid> = BTreeMap::new();
    each(connection, KEY_CHANGES, |row| {
        let (kind, key, contact) = identity(row)?;
        changed.insert((kind, key), contact);
        Ok(())
    })?;
    each(connection, IDENTITIES, |row| {
        let (kind, key, contact) = identity(row)?;
        let entry = (kind, key);
        if !changed.contains_key(&entry) {
            sink(LoadItem::Identity(entry.0, entry.1, contact));
        }
        Ok(())
    })?;
    for ((kind, key), contact) in changed {
        sink(LoadItem::Identity(kind, key, contact));
    }
    Ok(())
}

fn load_contact(row: &Row<'_>, sink: Sink<'_>) -> Result<(), StoreError> {
    let contact = contact_of(row.get(0).map_err(db)?);
    let body = row.get_ref(1).map_err(db)?.as_blob().unwrap_or_default();
    let sum: Option<i64> = row.get(2).map_err(db)?;
    if sum != Some(codec::state_checksum(contact, body)) {
        sink(LoadItem::Quarantined(contact, "the state does not match its checksum".to_owned()));
        return Ok(());
    }
    sink(LoadItem::Contact(contact, PackedState::of_bytes(body)));
    Ok(())
}

fn identity(row: &Row<'_>) -> Result<(IdentityKind, Arc<str>, ContactUid), StoreError> {
    let (kind, key) = (text(row, 0)?, text(row, 1)?);
    let kind = IdentityKind::from_word(kind).ok_or_else(|| StoreError::Damaged(format!("unknown kind of key {kind}")))?;
    Ok((kind, Arc::from(key), contact_of(row.get(2).map_err(db)?)))
}

/// A text where it lies: a million of them are read.
fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, StoreError> {
    row.get_ref(column).map_err(db)?.as_str().map_err(|error| StoreError::Damaged(error.to_string()))
}

/// Acceptance only goes forward, so the first event that still counts is found by halving positions: no index on times is kept.
fn load_seen(connection: &Connection, since: Instant, sink: Sink<'_>) -> Result<(), StoreError> {
    let highest: Option<i64> = connection.query_row("SELECT max(position) FROM event", [], |row| row.get(0)).map_err(db)?;
    let lowest: Option<i64> = connection.query_row("SELECT min(position) FROM event", [], |row| row.get(0)).map_err(db)?;
    let (mut low, mut high) = (lowest.unwrap_or(1), highest.unwrap_or(0) + 1);
    let mut probe = connection.prepare("SELECT accepted_at FROM event WHERE position >= ?1 ORDER BY position LIMIT 1").map_err(db)?;
    while low < high {
        let middle = low + (high - low) / 2;
        let accepted: i64 = probe.query_row([middle], |row| row.get(0)).map_err(db)?;
        if accepted < since.0 { low = middle + 1 } else { high = middle }
    }
    let mut statement = connection.prepare("SELECT message_id, accepted_at FROM event WHERE position >= ?1 AND message_id IS NOT NULL").map_err(db)?;
    let mut rows = statement.query(params![low]).map_err(db)?;
    while let Some(row) = rows.next().map_err(db)? {
        let key = text(row, 0)?;
        sink(LoadItem::Seen(Arc::from(key), Instant(row.get(1).map_err(db)?)));
    }
    Ok(())
}
