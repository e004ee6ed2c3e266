//! Reading beside the writer: a connection of its own, that sees what is committed.
//!
//! The log has no index on contacts: the rows of one are walked backwards, from the newest, which the ledger or the swept `trail` tells.

use super::ledger::SharedLedger;
use super::load::read_deployment;
use super::number::{contact_number, contact_of, signed, step_of, unsigned};
use super::{StoreError, db, open_reader};
use crate::lang::{Instant, Value};
use crate::machine::Deployment;
use crate::machine::state::{ContactUid, EffectId, EnrollmentUid, StableId};
use crate::store::{
    CountRecord, EventRecord, JournalRecord, OutboxChange, OutboxFilter, OutboxRow, OutboxStatus, PageRequest, StoreReader, UndeclaredRecord, channel_word,
    codec, decode_effect,
};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

macro_rules! journal_sql {
    ($condition:literal) => {
        concat!(
            "SELECT j.position, j.at, j.contact, j.campaign, j.enrollment, j.step, j.what, j.why, j.cause, j.fact, c.name, s.identity,
             coalesce(s.source, c.source) FROM journal j
             LEFT JOIN campaign c ON c.deployment = j.deployment AND c.id = j.campaign
             LEFT JOIN step s ON s.deployment = j.deployment AND s.step_uid = j.step WHERE ",
            $condition
        )
    };
}
macro_rules! outbox_sql {
    ($condition:literal) => {
        concat!(
            "SELECT o.position AS position, o.contact AS contact, o.channel AS channel, o.message AS message, o.status AS status, o.attempt AS attempt,
             o.expires_at AS expires_at, o.not_before AS not_before, o.lease_until AS lease_until, o.handed_over_at AS handed_over_at,
             o.reason AS reason, o.provider_id AS provider_id, o.effect_id AS effect_id, e.body AS body, e.checksum AS checksum,
             o.previous AS previous FROM outbox o LEFT JOIN effect e ON e.position = o.position WHERE ",
            $condition
        )
    };
}

const LINE: &str = journal_sql!("j.position = ?1 AND j.contact = ?2");
const LINE_BEFORE: &str = "SELECT previous FROM journal WHERE position = ?1";
const JOURNAL_OF_ALL: &str = journal_sql!("j.position > ?1 ORDER BY j.position LIMIT ?2");
const EVENT: &str = "SELECT position, event_id, contact, accepted_at, happened_at, kind, name, is_declared, message_id, properties, context, previous
    FROM event WHERE position = ?1 AND contact = ?2";
const EVENTS_OF_ALL: &str = "SELECT position, event_id, contact, accepted_at, happened_at, kind, name, is_declared, message_id, properties, context
    FROM event WHERE position > ?1 ORDER BY position LIMIT ?2";
const COUNTS: &str = "SELECT nullif(campaign, -1), nullif(step, 0), what, count FROM journal_count ORDER BY campaign, step, what";
const UNDECLARED: &str = "SELECT name, count, last_at FROM undeclared_event ORDER BY count DESC, name";
const IMAGE: &str = "SELECT image FROM program WHERE hash = ?1";
const DEPLOYMENT: &str = "SELECT seq, body, checksum FROM deployment WHERE to_program = ?1 ORDER BY seq DESC LIMIT 1";
const RUNNING: &str = "SELECT to_program FROM deployment ORDER BY seq DESC LIMIT 1";
/// The open effects, oldest first.
pub(super) const OUTBOX_COLUMNS_OPEN: &str = outbox_sql!("o.status IN (0, 1, 4) ORDER BY o.position");
const EFFECT: &str = outbox_sql!("o.position = ?1 AND o.contact = ?2");
const EFFECT_AT: &str = outbox_sql!("o.position = ?1 AND o.effect_id = ?2");
const EFFECT_BEFORE: &str = "SELECT previous, campaign, status, effect_id FROM outbox WHERE position = ?1 AND contact = ?2";
const EFFECT_SOMEWHERE: &str = outbox_sql!("o.position = (SELECT position FROM outbox WHERE effect_id = ?1)");
const OUTBOX_OF_ALL: &str = outbox_sql!("o.position > ?1 AND (?3 IS NULL OR o.campaign = ?3) AND (?4 IS NULL OR o.status = ?4) ORDER BY o.position LIMIT ?2");

/// A reader.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Mutex<Connection>,
    ledger: SharedLedger,
}

impl SqliteReader {
    /// Opens the file for reading.
    pub(super) fn open(path: &Path, ledger: SharedLedger) -> Result<SqliteReader, StoreError> {
        Ok(SqliteReader { connection: Mutex::new(open_reader(path)?), ledger })
    }
    fn connection(&self) -> MutexGuard<'_, Connection> {
        // Reading changes nothing that a panic elsewhere could leave half done.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn all<T>(&self, sql: &'static str, params: impl Params, read: impl Fn(&Row<'_>) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
        rows(&self.connection(), sql, params, read)
    }
    /// The events of a contact behind a position, oldest first.
    fn events_of(&self, contact: ContactUid, page: PageRequest) -> Result<Vec<EventRecord>, StoreError> {
        let connection = self.connection();
        let mut position = self.ledger.trail(&connection, contact)?.event;
        let mut found = Vec::new();
        while position > signed(page.after) {
            let read = |row: &Row<'_>| Ok((event_record(row)?, row.get(11).map_err(db)?));
            // What is older may have been let go.
            let Some((record, previous)) = rows(&connection, EVENT, params![position, contact_number(contact)], read)?.pop() else { break };
            found.push(record);
            position = previous;
        }
        Ok(oldest_first(found, page))
    }
    fn lines_of(&self, contact: ContactUid, page: PageRequest) -> Result<Vec<JournalRecord>, StoreError> {
        let connection = self.connection();
        let mut position = self.ledger.trail(&connection, contact)?.journal;
        let mut found = Vec::new();
        while position > signed(page.after) {
            let Some(record) = rows(&connection, LINE, params![position, contact_number(contact)], journal_record)?.pop() else { break };
            found.push(record);
            position = rows(&connection, LINE_BEFORE, [position], |row| row.get(0).map_err(db))?.pop().unwrap_or(0);
        }
        Ok(oldest_first(found, page))
    }
    /// The positions of a contact's effects, newest first, that something holds of: campaign, status, id.
    fn effects_of(&self, contact: ContactUid, after: u64, holds: impl Fn((Option<StableId>, u8, [u8; 20])) -> bool) -> Result<Vec<i64>, StoreError> {
        let connection = self.connection();
        let mut position = self.ledger.trail(&connection, contact)?.outbox;
        let mut found = Vec::new();
        while position > signed(after) {
            let read = |row: &Row<'_>| Ok((row.get(0).map_err(db)?, (row.get(1).map_err(db)?, row.get(2).map_err(db)?, row.get(3).map_err(db)?)));
            let Some((previous, row)) = rows(&connection, EFFECT_BEFORE, params![position, contact_number(contact)], read)?.pop() else { break };
            if holds(row) {
                found.push(position);
            }
            position = previous;
        }
        Ok(found)
    }
}

fn rows<T>(connection: &Connection, sql: &'static str, params: impl Params, read: impl Fn(&Row<'_>) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(db)?;
    let mut rows = statement.query(params).map_err(db)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(db)? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn oldest_first<T>(mut found: Vec<T>, page: PageRequest) -> Vec<T> {
    found.reverse();
    found.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
    found
}

impl StoreReader for SqliteReader {
    fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.connection().query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional().map_err(db)
    }
    fn journal(&self, contact: ContactUid, page: PageRequest) -> Result<Vec<JournalRecord>, StoreError> {
        self.lines_of(contact, page)
    }
    fn journal_of_all(&self, page: PageRequest) -> Result<Vec<JournalRecord>, StoreError> {
        self.all(JOURNAL_OF_ALL, params![signed(page.after), page.limit], journal_record)
    }
    fn journal_counts(&self) -> Result<Vec<CountRecord>, StoreError> {
        self.all(COUNTS, [], |row| {
            let step: Option<i64> = row.get(1).map_err(db)?;
            Ok(CountRecord {
                campaign: row.get(0).map_err(db)?,
                step: step.map(step_of),
                what: row.get(2).map_err(db)?,
                count: unsigned(row.get(3).map_err(db)?),
            })
        })
    }
    fn events(&self, contact: Option<ContactUid>, page: PageRequest) -> Result<Vec<EventRecord>, StoreError> {
        match contact {
            Some(contact) => self.events_of(contact, page),
            None => self.all(EVENTS_OF_ALL, params![signed(page.after), page.limit], event_record),
        }
    }
    fn outbox(&self, filter: &OutboxFilter) -> Result<Vec<(u64, OutboxRow)>, StoreError> {
        let status = filter.status.map(OutboxStatus::number);
        let Some(contact) = filter.contact else {
            return self.all(OUTBOX_OF_ALL, params![signed(filter.page.after), filter.page.limit, filter.campaign, status], outbox_row);
        };
        let holds = |(campaign, stands, _): (Option<StableId>, u8, [u8; 20])| {
            (filter.campaign.is_none() || filter.campaign == campaign) && status.is_none_or(|status| status == stands)
        };
        let positions = oldest_first(self.effects_of(contact, filter.page.after, holds)?, filter.page);
        let mut found = Vec::with_capacity(positions.len());
        for position in positions {
            found.extend(self.all(EFFECT, params![position, contact_number(contact)], outbox_row)?);
        }
        Ok(found)
    }
    fn effect(&self, id: EffectId, contact: Option<ContactUid>) -> Result<Option<OutboxRow>, StoreError> {
        let open = self.ledger.read().open.get(&id).map(|open| open.position);
        let position = match (open, contact) {
            (Some(position), _) => Some(position),
            (None, Some(contact)) => self.effects_of(contact, 0, |(_, _, known)| known == id.0)?.pop(),
            (None, None) => None,
        };
        let found = match position {
            Some(position) => self.all(EFFECT_AT, params![position, &id.0[..]], outbox_row)?,
            // Nobody knows whose it is: the small rows are looked through.
            None => self.all(EFFECT_SOMEWHERE, params![&id.0[..]], outbox_row)?,
        };
        Ok(found.into_iter().next().map(|(_, row)| row))
    }
    fn deployed(&self, program: [u8; 32]) -> Result<Option<(Vec<u8>, Deployment)>, StoreError> {
        let image = self.all(IMAGE, params![&program[..]], |row| row.get(0).map_err(db))?.pop();
        let latest = self.all(DEPLOYMENT, params![&program[..]], read_deployment)?.pop();
        Ok(image.zip(latest))
    }
    fn running(&self) -> Result<Option<[u8; 32]>, StoreError> {
        Ok(self.all(RUNNING, [], |row| row.get(0).map_err(db))?.pop())
    }
    fn undeclared_events(&self) -> Result<Vec<UndeclaredRecord>, StoreError> {
        self.all(UNDECLARED, [], |row| {
            Ok(UndeclaredRecord { name: row.get(0).map_err(db)?, count: unsigned(row.get(1).map_err(db)?), last_at: Instant(row.get(2).map_err(db)?) })
        })
    }
}

fn journal_record(row: &Row<'_>) -> Result<JournalRecord, StoreError> {
    let step: Option<i64> = row.get(5).map_err(db)?;
    let enrollment: Option<Vec<u8>> = row.get(4).map_err(db)?;
    let fact: Option<String> = row.get(9).map_err(db)?;
    let fact: Option<(Arc<str>, Value, Value)> =
        fact.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| StoreError::Damaged(format!("journal: {error}")))?;
    Ok(JournalRecord {
        position: unsigned(row.get(0).map_err(db)?),
        at: Instant(row.get(1).map_err(db)?),
        contact: contact_of(row.get(2).map_err(db)?),
        campaign: row.get(3).map_err(db)?,
        campaign_name: row.get(10).map_err(db)?,
        enrollment: enrollment.and_then(|bytes| bytes.try_into().ok()).map(EnrollmentUid),
        step: step.map(step_of),
        step_identity: row.get(11).map_err(db)?,
        source: row.get(12).map_err(db)?,
        what: row.get(6).map_err(db)?,
        why: row.get(7).map_err(db)?,
        cause: row.get(8).map_err(db)?,
        fact,
    })
}

fn event_record(row: &Row<'_>) -> Result<EventRecord, StoreError> {
    let id: Vec<u8> = row.get(1).map_err(db)?;
    let happened: Option<i64> = row.get(4).map_err(db)?;
    Ok(EventRecord {
        position: unsigned(row.get(0).map_err(db)?),
        id: id.try_into().map_err(|_| StoreError::Damaged("an event's id has not 16 bytes".to_owned()))?,
        contact: contact_of(row.get(2).map_err(db)?),
        accepted: Instant(row.get(3).map_err(db)?),
        happened: happened.map(Instant),
        kind: row.get(5).map_err(db)?,
        name: row.get(6).map_err(db)?,
        is_declared: row.get(7).map_err(db)?,
        message_id: row.get(8).map_err(db)?,
        properties: row.get(9).map_err(db)?,
        context: row.get(10).map_err(db)?,
    })
}

/// The position and the row of an effect.
pub(super) fn outbox_row(row: &Row<'_>) -> Result<(u64, OutboxRow), StoreError> {
    let id: Vec<u8> = row.get("effect_id").map_err(db)?;
    let id = EffectId(id.try_into().map_err(|_| StoreError::Damaged("an effect's id has not 20 bytes".to_owned()))?);
    let body: Vec<u8> = row.get::<_, Option<Vec<u8>>>("body").map_err(db)?.unwrap_or_default();
    let sum: Option<i64> = row.get("checksum").map_err(db)?;
    if sum != Some(codec::effect_checksum(id, &body)) {
        return Err(StoreError::Damaged(format!("effect {} does not match its checksum", id.to_text())));
    }
    let channel: String = row.get("channel").map_err(db)?;
    let message: Option<String> = row.get("message").map_err(db)?;
    let status: u8 = row.get("status").map_err(db)?;
    let instant = |column: &'static str| -> Result<Option<Instant>, StoreError> { Ok(row.get::<_, Option<i64>>(column).map_err(db)?.map(Instant)) };
    let text = |column: &'static str| -> Result<Option<Arc<str>>, StoreError> { Ok(row.get::<_, Option<String>>(column).map_err(db)?.map(Arc::from)) };
    let state = OutboxChange {
        status: OutboxStatus::from_number(status).ok_or_else(|| StoreError::Damaged(format!("unknown status {status}")))?,
        attempt: row.get("attempt").map_err(db)?,
        expires_at: instant("expires_at")?.unwrap_or(Instant::FAR_FUTURE),
        not_before: instant("not_before")?,
        lease_until: instant("lease_until")?,
        handed_over_at: instant("handed_over_at")?,
        reason: text("reason")?,
        provider_id: text("provider_id")?,
    };
    let position = unsigned(row.get("position").map_err(db)?);
    let row = OutboxRow {
        effect: Arc::new(decode_effect(&body)?),
        channel: channel_word(&channel).ok_or_else(|| StoreError::Damaged(format!("unknown channel {channel}")))?,
        message: message.map(Arc::from),
        state,
    };
    Ok((position, row))
}
