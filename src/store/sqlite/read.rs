//! Reading beside the writer: a connection of its own, that sees what is committed.

use super::load::read_deployment;
use super::number::{contact_number, contact_of, signed, step_of, unsigned};
use super::{StoreError, db, open_reader};
use crate::lang::{Instant, Value};
use crate::machine::Deployment;
use crate::machine::state::{ContactUid, EffectId, EnrollmentUid};
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
            $condition,
            " ORDER BY j.position LIMIT ?2"
        )
    };
}
macro_rules! outbox_sql {
    ($condition:literal) => {
        concat!(
            "SELECT position, contact, channel, message, status, attempt, expires_at, not_before, lease_until, handed_over_at, reason, provider_id,
             effect_id, body, checksum FROM outbox WHERE ",
            $condition
        )
    };
}

const JOURNAL_OF_CONTACT: &str = journal_sql!("j.contact = ?3 AND j.position > ?1");
const JOURNAL_OF_ALL: &str = journal_sql!("j.position > ?1");
const EVENTS_OF_CONTACT: &str = "SELECT position, event_id, contact, accepted_at, happened_at, kind, name, is_declared, message_id, properties, context
    FROM event WHERE contact = ?3 AND position > ?1 ORDER BY position LIMIT ?2";
const EVENTS_OF_ALL: &str = "SELECT position, event_id, contact, accepted_at, happened_at, kind, name, is_declared, message_id, properties, context
    FROM event WHERE position > ?1 ORDER BY position LIMIT ?2";
const COUNTS: &str = "SELECT campaign, step, what, count(*) FROM journal GROUP BY campaign, step, what ORDER BY campaign, step, what";
const UNDECLARED: &str = "SELECT name, count, last_at FROM undeclared_event ORDER BY count DESC, name";
const IMAGE: &str = "SELECT image FROM program WHERE hash = ?1";
const DEPLOYMENT: &str = "SELECT seq, body, checksum FROM deployment WHERE to_program = ?1 ORDER BY seq DESC LIMIT 1";
const RUNNING: &str = "SELECT to_program FROM deployment ORDER BY seq DESC LIMIT 1";
/// The open effects, oldest first.
pub(super) const OUTBOX_COLUMNS_OPEN: &str = outbox_sql!("status IN (0, 1, 4) ORDER BY position");
const OUTBOX_ONE: &str = outbox_sql!("effect_id = ?1");
const OUTBOX_OF_CONTACT: &str =
    outbox_sql!("contact = ?5 AND position > ?1 AND (?3 IS NULL OR campaign = ?3) AND (?4 IS NULL OR status = ?4) ORDER BY position LIMIT ?2");
const OUTBOX_OF_ALL: &str = outbox_sql!("position > ?1 AND (?3 IS NULL OR campaign = ?3) AND (?4 IS NULL OR status = ?4) ORDER BY position LIMIT ?2");

/// A reader.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Mutex<Connection>,
}

impl SqliteReader {
    /// Opens the file for reading.
    pub(super) fn open(path: &Path) -> Result<SqliteReader, StoreError> {
        Ok(SqliteReader { connection: Mutex::new(open_reader(path)?) })
    }
    fn connection(&self) -> MutexGuard<'_, Connection> {
        // Reading changes nothing that a panic elsewhere could leave half done.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn all<T>(&self, sql: &'static str, params: impl Params, read: impl Fn(&Row<'_>) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(sql).map_err(db)?;
        let mut rows = statement.query(params).map_err(db)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(db)? {
            found.push(read(row)?);
        }
        Ok(found)
    }
}

impl StoreReader for SqliteReader {
    fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.connection().query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional().map_err(db)
    }
    fn journal(&self, contact: ContactUid, page: PageRequest) -> Result<Vec<JournalRecord>, StoreError> {
        self.all(JOURNAL_OF_CONTACT, params![signed(page.after), page.limit, contact_number(contact)], journal_record)
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
            Some(contact) => self.all(EVENTS_OF_CONTACT, params![signed(page.after), page.limit, contact_number(contact)], event_record),
            None => self.all(EVENTS_OF_ALL, params![signed(page.after), page.limit], event_record),
        }
    }
    fn outbox(&self, filter: &OutboxFilter) -> Result<Vec<(u64, OutboxRow)>, StoreError> {
        let status = filter.status.map(OutboxStatus::number);
        let (after, limit) = (signed(filter.page.after), filter.page.limit);
        match filter.contact {
            Some(contact) => self.all(OUTBOX_OF_CONTACT, params![after, limit, filter.campaign, status, contact_number(contact)], outbox_row),
            None => self.all(OUTBOX_OF_ALL, params![after, limit, filter.campaign, status], outbox_row),
        }
    }
    fn effect(&self, id: EffectId) -> Result<Option<OutboxRow>, StoreError> {
        Ok(self.all(OUTBOX_ONE, params![&id.0[..]], outbox_row)?.pop().map(|(_, row)| row))
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
    let body: Vec<u8> = row.get("body").map_err(db)?;
    let sum: Vec<u8> = row.get("checksum").map_err(db)?;
    if sum != codec::effect_checksum(id, &body) {
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
        expires_at: instant("expires_at")?.unwrap_or(Instant::FAR_FUTURE),
        state,
    };
    Ok((position, row))
}
