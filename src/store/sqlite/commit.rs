//! Writing a batch: rows behind the last ones of the log, and nothing else. All inside a transaction of the caller.

use super::draft::Draft;
use super::ledger::{Open, Trail};
use super::number::{contact_number, signed, step_number, unsigned};
use super::{StoreError, db};
use crate::lang::Instant;
use crate::machine::state::{ContactUid, EffectId};
use crate::proof::{Point, reach};
use crate::store::{
    Batch, ContactImage, EventRow, IdentityChange, JournalRow, LogPosition, OutboxRow, OutboxStatus, OutboxUpdate, QuarantineChange, codec, encode_effect,
};
use rusqlite::{CachedStatement, OptionalExtension, Transaction, params};
use std::collections::BTreeMap;

const PROGRESS: &str = "UPDATE progress SET batch = ?1, now = ?2, event = ?3, journal = ?4, outbox = ?5, image = ?6, key_change = ?7";
const EVENT: &str = "INSERT INTO event (position, previous, event_id, contact, accepted_at, happened_at, kind, name, is_declared, message_id, properties,
    context) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const UNDECLARED: &str = "INSERT INTO undeclared_event (name, count, last_at) VALUES (?1, ?3, ?2)
    ON CONFLICT (name) DO UPDATE SET count = count + ?3, last_at = excluded.last_at";
const JOURNAL: &str = "INSERT INTO journal (position, previous, at, contact, deployment, campaign, enrollment, step, what, why, cause, fact)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const JOURNAL_COUNT: &str = "INSERT INTO journal_count (campaign, step, what, count) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (campaign, step, what) DO UPDATE SET count = count + ?4";
const OUTBOX: &str = "INSERT INTO outbox (position, previous, effect_id, contact, campaign, step, channel, message, recipient, decided_at, expires_at, status,
    attempt, not_before, lease_until, handed_over_at, reason, provider_id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
const EFFECT: &str = "INSERT INTO effect (position, body, checksum) VALUES (?1, ?2, ?3)";
const FORMER_EFFECT: &str = "SELECT previous, effect_id, status, attempt FROM outbox WHERE position = ?1";
const OUTBOX_UPDATE: &str = "UPDATE outbox SET status = ?2, attempt = ?3, not_before = ?4, lease_until = ?5, handed_over_at = ?6, reason = ?7,
    provider_id = ?8, expires_at = ?9 WHERE position = ?1";
const IMAGE: &str = "INSERT INTO image (position, batch, contact, event, journal, outbox, sent, survivor, email, phone, wakes_at, state, checksum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
const PUT_ASIDE: &str = "INSERT INTO quarantine (id, at, contact, kind, what, error, program, campaign, step, body)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const SETTLED: &str = "DELETE FROM quarantine WHERE id = ?1";
const KEY_CHANGE: &str = "INSERT INTO key_change (position, contact, former, kind, key) VALUES (?1, ?2, ?3, ?4, ?5)";

type Prepared<'a> = CachedStatement<'a>;

fn prepare<'a>(transaction: &'a Transaction<'_>, sql: &'static str) -> Result<Prepared<'a>, StoreError> {
    transaction.prepare_cached(sql).map_err(db)
}

/// Writes all of a batch; the caller commits.
pub(super) fn write_batch(transaction: &Transaction<'_>, batch: &Batch, draft: &mut Draft<'_>) -> Result<LogPosition, StoreError> {
    reach(Point::CommitBegun);
    draft.marks.batch += 1;
    write_events(transaction, batch, draft)?;
    reach(Point::EventsWritten);
    write_journal(transaction, batch, draft)?;
    reach(Point::JournalWritten);
    write_effects(transaction, &batch.outbox, draft)?;
    reach(Point::OutboxWritten);
    write_updates(transaction, &batch.updates, draft)?;
    reach(Point::UpdatesWritten);
    write_keys(transaction, &batch.identities, draft)?;
    reach(Point::IdentitiesWritten);
    write_images(transaction, batch, draft)?;
    reach(Point::ContactsWritten);
    for (key, value) in &batch.meta {
        super::settings::write_meta(transaction, key, value)?;
    }
    reach(Point::MetaWritten);
    for change in &batch.quarantine {
        write_quarantine(transaction, change)?;
    }
    let marks = draft.marks;
    let mut progress = prepare(transaction, PROGRESS)?;
    progress.execute([marks.batch, batch.now.0, marks.event, marks.journal, marks.outbox, marks.image, marks.key_change]).map_err(db)?;
    Ok(LogPosition(unsigned(marks.batch)))
}

fn write_events(transaction: &Transaction<'_>, batch: &Batch, draft: &mut Draft<'_>) -> Result<(), StoreError> {
    let mut statement = prepare(transaction, EVENT)?;
    for event in &batch.events {
        write_event(&mut statement, (event, batch.now), draft)?;
    }
    let mut names: BTreeMap<&str, i64> = BTreeMap::new();
    for name in &batch.undeclared {
        *names.entry(name).or_default() += 1;
    }
    let mut statement = prepare(transaction, UNDECLARED)?;
    for (name, count) in names {
        statement.execute(params![name, batch.now.0, count]).map_err(db)?;
    }
    Ok(())
}

fn write_event(statement: &mut Prepared<'_>, (event, now): (&EventRow, Instant), draft: &mut Draft<'_>) -> Result<(), StoreError> {
    draft.marks.event += 1;
    let position = draft.marks.event;
    let previous = std::mem::replace(&mut draft.touch(event.contact)?.trail.event, position);
    statement
        .execute(params![
            position,
            previous,
            &event.id[..],
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

fn write_journal(transaction: &Transaction<'_>, batch: &Batch, draft: &mut Draft<'_>) -> Result<(), StoreError> {
    let mut statement = prepare(transaction, JOURNAL)?;
    let mut counts: BTreeMap<(i64, i64, &str), i64> = BTreeMap::new();
    for row in &batch.journal {
        write_line(&mut statement, (row, batch.deployment), draft)?;
        let entry = &row.entry;
        let key = (entry.campaign.map_or(-1, i64::from), entry.step.map_or(0, step_number), entry.what.word());
        *counts.entry(key).or_default() += 1;
    }
    let mut statement = prepare(transaction, JOURNAL_COUNT)?;
    for ((campaign, step, what), count) in counts {
        statement.execute(params![campaign, step, what, count]).map_err(db)?;
    }
    Ok(())
}

fn write_line(statement: &mut Prepared<'_>, (row, deployment): (&JournalRow, u32), draft: &mut Draft<'_>) -> Result<(), StoreError> {
    let entry = &row.entry;
    draft.marks.journal += 1;
    let position = draft.marks.journal;
    let previous = std::mem::replace(&mut draft.touch(row.contact)?.trail.journal, position);
    let fact = entry.cause.fact.as_ref().map(serde_json::to_string).transpose().map_err(|error| StoreError::Other(Box::new(error)))?;
    statement
        .execute(params![
            position,
            previous,
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

fn write_effects(transaction: &Transaction<'_>, rows: &[OutboxRow], draft: &mut Draft<'_>) -> Result<(), StoreError> {
    let (mut small, mut body) = (prepare(transaction, OUTBOX)?, prepare(transaction, EFFECT)?);
    for row in rows {
        refuse_known(transaction, (row.effect.id, row.effect.contact), draft)?;
        write_effect((&mut small, &mut body), row, draft)?;
    }
    Ok(())
}

/// An id belongs to one contact. Only if the contact may have had it are its effects looked through.
fn refuse_known(transaction: &Transaction<'_>, (id, contact): (EffectId, ContactUid), draft: &mut Draft<'_>) -> Result<(), StoreError> {
    let clash = || Err(StoreError::Clash(id.to_text()));
    if draft.has(id) || draft.open(id).is_some() {
        return clash();
    }
    let trail = draft.touch(contact)?.trail;
    if find(transaction, id, trail)?.is_some() { clash() } else { Ok(()) }
}

/// An effect of a contact, whatever became of it.
fn find(transaction: &Transaction<'_>, id: EffectId, trail: Trail) -> Result<Option<Open>, StoreError> {
    let mut position = if trail.may_have(id) { trail.outbox } else { 0 };
    let mut former = prepare(transaction, FORMER_EFFECT)?;
    while position != 0 {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, Open { position, status: row.get(2)?, attempt: row.get(3)? }));
        let found: Option<(i64, Vec<u8>, Open)> = former.query_row([position], read).optional().map_err(db)?;
        match found {
            Some((_, known, open)) if known == id.0 => return Ok(Some(open)),
            Some((previous, ..)) => position = previous,
            None => break,
        }
    }
    Ok(None)
}

fn write_effect((small, body): (&mut Prepared<'_>, &mut Prepared<'_>), row: &OutboxRow, draft: &mut Draft<'_>) -> Result<(), StoreError> {
    let (effect, state) = (&row.effect, &row.state);
    draft.marks.outbox += 1;
    let position = draft.marks.outbox;
    let touched = draft.touch(effect.contact)?;
    let previous = std::mem::replace(&mut touched.trail.outbox, position);
    touched.trail.sent |= Trail::bits(effect.id);
    draft.set(effect.id, open(position, state.status, state.attempt));
    let bytes = encode_effect(effect)?;
    body.execute(params![position, bytes, codec::effect_checksum(effect.id, &bytes)]).map_err(db)?;
    small
        .execute(params![
            position,
            previous,
            &effect.id.0[..],
            contact_number(effect.contact),
            effect.campaign,
            effect.step.map(step_number),
            row.channel,
            row.message.as_deref(),
            row.recipient(),
            effect.decided_at.0,
            state.expires_at.0,
            state.status.number(),
            state.attempt,
            state.not_before.map(|at| at.0),
            state.lease_until.map(|at| at.0),
            state.handed_over_at.map(|at| at.0),
            state.reason.as_deref(),
            state.provider_id.as_deref(),
        ])
        .map_err(db)?;
    Ok(())
}

fn open(position: i64, status: OutboxStatus, attempt: u32) -> Option<Open> {
    status.is_open().then(|| Open { position, status: status.number(), attempt })
}

fn write_updates(transaction: &Transaction<'_>, updates: &[OutboxUpdate], draft: &mut Draft<'_>) -> Result<(), StoreError> {
    let mut statement = prepare(transaction, OUTBOX_UPDATE)?;
    for update in updates {
        let to = &update.to;
        let expected = |known: &Open| known.status == update.from_status.number() && known.attempt == update.from_attempt;
        let known = match draft.open(update.effect) {
            Some(open) => Some(open),
            // The operator takes up what was given up.
            None => find(transaction, update.effect, draft.trail(update.contact)?)?,
        };
        let Some(known) = known.filter(expected) else { return Err(StoreError::Conflict(update.effect.to_text())) };
        draft.set(update.effect, open(known.position, to.status, to.attempt));
        statement
            .execute(params![
                known.position,
                to.status.number(),
                to.attempt,
                to.not_before.map(|at| at.0),
                to.lease_until.map(|at| at.0),
                to.handed_over_at.map(|at| at.0),
                to.reason.as_deref(),
                to.provider_id.as_deref(),
                to.expires_at.0,
            ])
            .map_err(db)?;
    }
    Ok(())
}

fn write_quarantine(transaction: &Transaction<'_>, change: &QuarantineChange) -> Result<(), StoreError> {
    let row = match change {
        QuarantineChange::Put(row) => row,
        QuarantineChange::Settled(id) => return prepare(transaction, SETTLED)?.execute([signed(*id)]).map(|_| ()).map_err(db),
    };
    let mut statement = prepare(transaction, PUT_ASIDE)?;
    statement
        .execute(params![
            signed(row.id),
            row.at.0,
            row.contact.map(contact_number),
            row.kind.as_ref(),
            row.what.as_ref(),
            row.error.as_ref(),
            &row.program[..],
            row.campaign,
            row.step.map(step_number),
            row.body,
        ])
        .map_err(db)?;
    Ok(())
}

fn write_keys(transaction: &Transaction<'_>, changes: &[IdentityChange], draft: &mut Draft<'_>) -> Result<(), StoreError> {
    let mut statement = prepare(transaction, KEY_CHANGE)?;
    for change in changes {
        draft.marks.key_change += 1;
        let position = draft.marks.key_change;
        for contact in change.former.into_iter().chain([change.contact]) {
            draft.touch(contact)?.keys.push(position);
        }
        let former = change.former.map(contact_number);
        statement.execute(params![position, contact_number(change.contact), former, change.kind.word(), change.key.as_ref()]).map_err(db)?;
    }
    Ok(())
}

/// What an after-image says of its contact.
enum Image<'a> {
    State(&'a ContactImage),
    /// It went up in another one.
    Gone(ContactUid),
    /// Only rows were added to its trail.
    Trail,
}

fn write_images(transaction: &Transaction<'_>, batch: &Batch, draft: &mut Draft<'_>) -> Result<(), StoreError> {
    let mut statement = prepare(transaction, IMAGE)?;
    for image in &batch.contacts {
        write_image(&mut statement, (image.uid, &Image::State(image)), draft)?;
    }
    for (loser, winner) in &batch.redirects {
        write_image(&mut statement, (*loser, &Image::Gone(*winner)), draft)?;
    }
    for contact in draft.order.clone() {
        if draft.touch(contact)?.is_trail_alone() {
            write_image(&mut statement, (contact, &Image::Trail), draft)?;
        }
    }
    Ok(())
}

fn write_image(statement: &mut Prepared<'_>, (contact, image): (ContactUid, &Image<'_>), draft: &mut Draft<'_>) -> Result<(), StoreError> {
    draft.marks.image += 1;
    let (batch, position) = (draft.marks.batch, draft.marks.image);
    let touched = draft.touch(contact)?;
    let trail = touched.trail;
    match image {
        Image::State(_) | Image::Gone(_) => touched.image = position,
        // An older image of its state may still wait for the sweep.
        Image::Trail => {}
    }
    let (state, survivor) = match image {
        Image::State(state) => (Some(*state), None),
        Image::Gone(winner) => (None, Some(contact_number(*winner))),
        Image::Trail => (None, None),
    };
    let body = state.map(|image| image.state.bytes());
    let sum = body.map(|body| codec::state_checksum(contact, body));
    let (email, phone) = (state.and_then(|image| image.email.as_deref()), state.and_then(|image| image.phone.as_deref()));
    let wakes_at = state.and_then(|image| image.wakes_at).map(|at| at.0);
    let number = contact_number(contact);
    statement
        .execute(params![position, batch, number, trail.event, trail.journal, trail.outbox, trail.sent, survivor, email, phone, wakes_at, body, sum])
        .map_err(db)?;
    Ok(())
}
