//! Writing: a batch, a deployment, switches, meta, an erasure. All inside a transaction of the caller.

use super::number::{contact_number, signed, step_number, unsigned};
use super::{StoreError, db};
use crate::advance::Switches;
use crate::lang::Instant;
use crate::machine::state::ContactUid;
use crate::proof::{Point, reach};
use crate::store::{
    Batch, ContactImage, DeployRecord, EventRow, IdentityChange, JournalRow, LogPosition, OutboxRow, OutboxUpdate, codec, encode_effect, shard_of_contact,
    shard_of_key,
};
use rusqlite::{ErrorCode, Transaction, params};
use std::sync::Arc;

const PROGRESS: &str = "UPDATE progress SET position = position + 1, now = ?1 WHERE one = 1 RETURNING position";
const EVENT: &str = "INSERT INTO event (event_id, shard, contact, accepted_at, happened_at, kind, name, is_declared, message_id, properties, context)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const UNDECLARED: &str = "INSERT INTO undeclared_event (name, count, last_at) VALUES (?1, 1, ?2)
    ON CONFLICT (name) DO UPDATE SET count = count + 1, last_at = excluded.last_at";
const JOURNAL: &str = "INSERT INTO journal (at, contact, deployment, campaign, enrollment, step, what, why, cause, fact)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const OUTBOX: &str = "INSERT INTO outbox (effect_id, shard, contact, campaign, step, channel, message, recipient, status, attempt, decided_at,
    expires_at, not_before, lease_until, handed_over_at, reason, provider_id, body, checksum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";
const OUTBOX_UPDATE: &str = "UPDATE outbox SET status = ?4, attempt = ?5, not_before = ?6, lease_until = ?7, handed_over_at = ?8, reason = ?9,
    provider_id = ?10 WHERE effect_id = ?1 AND status = ?2 AND attempt = ?3";
const CONTACT: &str = "INSERT INTO contact (uid, id, shard, user_id, email, phone, created_at, wakes_at, enrollments, rev, position, state, checksum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
    ON CONFLICT (uid) DO UPDATE SET user_id = excluded.user_id, email = excluded.email, phone = excluded.phone, created_at = excluded.created_at,
    wakes_at = excluded.wakes_at, enrollments = excluded.enrollments, rev = excluded.rev, position = excluded.position, state = excluded.state,
    checksum = excluded.checksum";
const IDENTITY: &str = "INSERT INTO identity (kind, key, shard, contact) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (kind, key) DO UPDATE SET contact = excluded.contact";
const REDIRECT: &str = "INSERT INTO redirect (loser, winner, at) VALUES (?1, ?2, ?3) ON CONFLICT (loser) DO UPDATE SET winner = excluded.winner";
const FORGET_LOSER: &str = "DELETE FROM contact WHERE uid = ?1";
const META: &str = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const PROGRAM: &str = "INSERT INTO program (hash, image, added_at) VALUES (?1, ?2, ?3) ON CONFLICT (hash) DO NOTHING";
const DEPLOYMENT: &str = "INSERT INTO deployment (seq, from_program, to_program, at, body, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const STEP: &str = "INSERT INTO step (deployment, step_uid, campaign, identity, source) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
const CAMPAIGN: &str = "INSERT INTO campaign (deployment, id, name, source) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";

/// Writes all of a batch; the caller commits.
pub(super) fn write_batch(transaction: &Transaction<'_>, batch: &Batch) -> Result<LogPosition, StoreError> {
    reach(Point::CommitBegun);
    let position: i64 = transaction.prepare_cached(PROGRESS).map_err(db)?.query_row([batch.now.0], |row| row.get(0)).map_err(db)?;
    for event in &batch.events {
        write_event(transaction, event, batch.now)?;
    }
    reach(Point::EventsWritten);
    for name in &batch.undeclared {
        transaction.prepare_cached(UNDECLARED).map_err(db)?.execute(params![name.as_ref(), batch.now.0]).map_err(db)?;
    }
    for row in &batch.journal {
        write_journal(transaction, row, batch.deployment)?;
    }
    reach(Point::JournalWritten);
    for row in &batch.outbox {
        write_effect(transaction, row)?;
    }
    reach(Point::OutboxWritten);
    for update in &batch.updates {
        write_update(transaction, update)?;
    }
    reach(Point::UpdatesWritten);
    for image in &batch.contacts {
        write_contact(transaction, image, position)?;
    }
    reach(Point::ContactsWritten);
    for change in &batch.identities {
        write_identity(transaction, change)?;
    }
    for (loser, winner) in &batch.redirects {
        let (loser, winner) = (contact_number(*loser), contact_number(*winner));
        transaction.prepare_cached(REDIRECT).map_err(db)?.execute(params![loser, winner, batch.now.0]).map_err(db)?;
        transaction.prepare_cached(FORGET_LOSER).map_err(db)?.execute([loser]).map_err(db)?;
    }
    reach(Point::IdentitiesWritten);
    for (key, value) in &batch.meta {
        transaction.prepare_cached(META).map_err(db)?.execute(params![key, value]).map_err(db)?;
    }
    reach(Point::MetaWritten);
    Ok(LogPosition(unsigned(position)))
}

fn write_event(transaction: &Transaction<'_>, event: &EventRow, now: Instant) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(EVENT).map_err(db)?;
    statement
        .execute(params![
            &event.id[..],
            shard_of_contact(event.contact),
            contact_number(event.contact),
            now.0,
            event.happened.map(|at| at.0),
            event.kind,
            event.name.as_ref(),
            event.is_declared,
            event.message_id.as_deref(),
            event.properties,
            event.context,
        ])
        .map_err(db)?;
    Ok(())
}

fn write_journal(transaction: &Transaction<'_>, row: &JournalRow, deployment: u32) -> Result<(), StoreError> {
    let entry = &row.entry;
    let fact = entry.cause.fact.as_ref().map(serde_json::to_string).transpose().map_err(|error| StoreError::Other(Box::new(error)))?;
    let mut statement = transaction.prepare_cached(JOURNAL).map_err(db)?;
    statement
        .execute(params![
            entry.at.0,
            contact_number(row.contact),
            deployment,
            entry.campaign,
            entry.enrollment.as_ref().map(|uid| &uid.0[..]),
            entry.step.map(step_number),
            entry.what.word(),
            entry.why.as_ref(),
            entry.cause.input.as_ref(),
            fact,
        ])
        .map_err(db)?;
    Ok(())
}

fn write_effect(transaction: &Transaction<'_>, row: &OutboxRow) -> Result<(), StoreError> {
    let (effect, state) = (&row.effect, &row.state);
    let body = encode_effect(effect)?;
    let mut statement = transaction.prepare_cached(OUTBOX).map_err(db)?;
    let inserted = statement.execute(params![
        &effect.id.0[..],
        shard_of_contact(effect.contact),
        contact_number(effect.contact),
        effect.campaign,
        effect.step.map(step_number),
        row.channel,
        row.message.as_deref(),
        row.recipient(),
        state.status.number(),
        state.attempt,
        effect.decided_at.0,
        row.expires_at.0,
        state.not_before.map(|at| at.0),
        state.lease_until.map(|at| at.0),
        state.handed_over_at.map(|at| at.0),
        state.reason.as_deref(),
        state.provider_id.as_deref(),
        body,
        &codec::effect_checksum(effect.id, &body)[..],
    ]);
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Err(StoreError::Clash(effect.id.to_text())),
        Err(error) => Err(db(error)),
    }
}

fn write_update(transaction: &Transaction<'_>, update: &OutboxUpdate) -> Result<(), StoreError> {
    let to = &update.to;
    let mut statement = transaction.prepare_cached(OUTBOX_UPDATE).map_err(db)?;
    let changed = statement
        .execute(params![
            &update.effect.0[..],
            update.from_status.number(),
            update.from_attempt,
            to.status.number(),
            to.attempt,
            to.not_before.map(|at| at.0),
            to.lease_until.map(|at| at.0),
            to.handed_over_at.map(|at| at.0),
            to.reason.as_deref(),
            to.provider_id.as_deref(),
        ])
        .map_err(db)?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict(update.effect.to_text())) }
}

fn write_contact(transaction: &Transaction<'_>, image: &ContactImage, position: i64) -> Result<(), StoreError> {
    let body = image.state.bytes();
    let mut statement = transaction.prepare_cached(CONTACT).map_err(db)?;
    statement
        .execute(params![
            contact_number(image.uid),
            image.uid.to_text(),
            shard_of_contact(image.uid),
            image.user_id.as_deref(),
            image.email.as_deref(),
            image.phone.as_deref(),
            image.created_at.0,
            image.wakes_at.map(|at| at.0),
            image.enrollments,
            signed(image.rev),
            position,
            body,
            &codec::state_checksum(image.uid, body)[..],
        ])
        .map_err(db)?;
    Ok(())
}

fn write_identity(transaction: &Transaction<'_>, change: &IdentityChange) -> Result<(), StoreError> {
    let kind = change.kind.word();
    let mut statement = transaction.prepare_cached(IDENTITY).map_err(db)?;
    statement.execute(params![kind, change.key.as_ref(), shard_of_key(kind, &change.key), contact_number(change.contact)]).map_err(db)?;
    Ok(())
}

/// Writes a deployment with its program and its names.
pub(super) fn write_deployment(transaction: &Transaction<'_>, record: &DeployRecord) -> Result<(), StoreError> {
    let deployment: &Arc<_> = &record.deployment;
    let body = postcard::to_stdvec(deployment.as_ref())?;
    let sum = codec::checksum(&deployment.seq.to_be_bytes(), &body);
    transaction.execute(PROGRAM, params![&deployment.program[..], record.image, deployment.at.0]).map_err(db)?;
    let from = record.from.as_ref().map(|hash| &hash[..]);
    transaction.execute(DEPLOYMENT, params![deployment.seq, from, &deployment.program[..], deployment.at.0, body, &sum[..]]).map_err(db)?;
    for label in &record.steps {
        let mut statement = transaction.prepare_cached(STEP).map_err(db)?;
        statement.execute(params![deployment.seq, step_number(label.step), label.campaign, label.identity.as_ref(), label.source]).map_err(db)?;
    }
    for label in &record.campaigns {
        let mut statement = transaction.prepare_cached(CAMPAIGN).map_err(db)?;
        statement.execute(params![deployment.seq, label.campaign, label.name.as_ref(), label.source]).map_err(db)?;
    }
    Ok(())
}

/// Writes the switches anew.
pub(super) fn write_switches(transaction: &Transaction<'_>, switches: &Switches) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM switch", []).map_err(db)?;
    for campaign in &switches.paused {
        transaction.execute("INSERT INTO switch (campaign, is_paused) VALUES (?1, 1)", [campaign]).map_err(db)?;
    }
    Ok(())
}

/// Writes a value of `meta`.
pub(super) fn write_meta(transaction: &Transaction<'_>, key: &str, value: &[u8]) -> Result<(), StoreError> {
    transaction.prepare_cached(META).map_err(db)?.execute(params![key, value]).map_err(db)?;
    Ok(())
}

/// Removes a contact from every table.
pub(super) fn erase(transaction: &Transaction<'_>, contact: ContactUid) -> Result<(), StoreError> {
    let number = contact_number(contact);
    for statement in [
        "DELETE FROM contact WHERE uid = ?1",
        "DELETE FROM identity WHERE contact = ?1",
        "DELETE FROM event WHERE contact = ?1",
        "DELETE FROM journal WHERE contact = ?1",
        "DELETE FROM outbox WHERE contact = ?1",
    ] {
        transaction.execute(statement, [number]).map_err(db)?;
    }
    Ok(())
}
