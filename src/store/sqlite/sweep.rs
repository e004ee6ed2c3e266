//! The sweep: contacts that the log has changed are written into the tables that people read, in the order of their numbers, so that pages are
//! filled one after another. A round goes once through all numbers; what the log held for it when it began is then deleted as a range.

use super::ledger::{Marks, Pending, Trail};
use super::number::{contact_number, signed, step_number};
use super::{StoreError, db};
use crate::machine::state::{ContactState, ContactUid, Enrollment};
use crate::store::{codec, decode_state};
use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

const IMAGE: &str = "SELECT batch, survivor, email, phone, wakes_at, state, checksum FROM image WHERE position = ?1";
const CONTACT: &str = "INSERT OR REPLACE INTO contact (uid, user_id, email, phone, created_at, wakes_at, enrollments, rev, batch, state, checksum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const FORGET_CONTACT: &str = "DELETE FROM contact WHERE uid = ?1";
const REDIRECT: &str = "INSERT OR REPLACE INTO redirect (loser, winner) VALUES (?1, ?2)";
const TRAIL: &str = "UPDATE trail SET event = ?2, journal = ?3, outbox = ?4, sent = ?5 WHERE contact = ?1";
const NEW_TRAIL: &str = "INSERT INTO trail (contact, event, journal, outbox, sent) VALUES (?1, ?2, ?3, ?4, ?5)";
const KEY_CHANGE: &str = "SELECT contact, former, kind, key FROM key_change WHERE position = ?1";
const GIVE_KEY: &str = "INSERT OR IGNORE INTO identity (contact, kind, key) VALUES (?1, ?2, ?3)";
const TAKE_KEY: &str = "DELETE FROM identity WHERE contact = ?1 AND kind = ?2 AND key = ?3";
const ENROLLMENTS: &str = "SELECT campaign, entry, deployment, step, since, wakes_at FROM enrollment WHERE contact = ?1 ORDER BY campaign, entry";
const FORGET_ENROLLMENTS: &str = "DELETE FROM enrollment WHERE contact = ?1";
const ENROLLMENT: &str = "INSERT INTO enrollment (contact, campaign, entry, deployment, step, since, wakes_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const MEMBERS: &str = "SELECT segment, since FROM segment_member WHERE contact = ?1 ORDER BY segment";
const FORGET_MEMBERS: &str = "DELETE FROM segment_member WHERE contact = ?1";
const MEMBER: &str = "INSERT INTO segment_member (contact, segment, since) VALUES (?1, ?2, ?3)";
const CENSUS: &str = "INSERT INTO step_census (campaign, deployment, step, enrollments) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (campaign, deployment, step) DO UPDATE SET enrollments = enrollments + ?4";
const EMPTY_STEPS: &str = "DELETE FROM step_census WHERE enrollments = 0";
const DEPLOYMENT: &str = "SELECT coalesce(max(seq), 0) FROM deployment WHERE to_program = ?1";
const TRIM_IMAGES: &str = "DELETE FROM image WHERE position <= ?1";
const TRIM_KEYS: &str = "DELETE FROM key_change WHERE position <= ?1";

/// Numbers of contacts have 63 bits.
const NUMBERS: u64 = 1 << 63;

/// Where the sweep stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    /// The next number that is looked at.
    pub cursor: u64,
    /// What the log held when the round began.
    pub limit: Marks,
    /// What the log may let go: rounds have passed it.
    pub released: Marks,
    /// What it has let go.
    pub trimmed: Marks,
}

impl Round {
    /// The end of so many slots, where there are so many contacts.
    pub fn slots_end(&self, slots: usize, contacts: u64) -> u64 {
        let width = NUMBERS / contacts.max(1);
        self.cursor.saturating_add(width.saturating_mul(u64::try_from(slots).unwrap_or(u64::MAX)))
    }
    /// Goes on up to a number; behind the last one a new round begins.
    pub fn go_to(&mut self, number: u64, now: Marks) {
        self.cursor = number;
        if number >= NUMBERS {
            *self = Round { cursor: 0, released: self.limit, limit: now, trimmed: self.trimmed };
        }
    }
}

/// A place in a campaign, and since when and until when.
pub(super) type EnrollmentRow = (u32, u32, u32, i64, i64, Option<i64>);

/// One transaction of a sweep, which the caller commits.
pub(super) struct Sweeper<'a> {
    connection: &'a Connection,
    deployments: FxHashMap<[u8; 32], u32>,
    census: BTreeMap<(u32, u32, i64), i64>,
}

impl<'a> Sweeper<'a> {
    /// Nothing swept yet.
    pub fn new(connection: &'a Connection) -> Sweeper<'a> {
        Sweeper { connection, deployments: FxHashMap::default(), census: BTreeMap::new() }
    }
    fn run(&self, sql: &'static str, params: impl rusqlite::Params) -> Result<usize, StoreError> {
        self.connection.prepare_cached(sql).map_err(db)?.execute(params).map_err(db)
    }
    /// Brings one contact's rows up to the log. Tells 1 if the tables did not know it.
    pub fn contact(&mut self, contact: ContactUid, pending: &Pending) -> Result<u64, StoreError> {
        if pending.image != 0 {
            self.image(contact, pending.image)?;
        }
        for position in &pending.keys {
            self.key(contact, *position)?;
        }
        let Trail { event, journal, outbox, sent } = pending.trail;
        let number = contact_number(contact);
        let is_known = self.run(TRAIL, [number, event, journal, outbox, sent])? > 0;
        if !is_known {
            self.run(NEW_TRAIL, [number, event, journal, outbox, sent])?;
        }
        Ok(u64::from(!is_known))
    }
    fn image(&mut self, contact: ContactUid, position: i64) -> Result<(), StoreError> {
        let number = contact_number(contact);
        let mut statement = self.connection.prepare_cached(IMAGE).map_err(db)?;
        let mut rows = statement.query([position]).map_err(db)?;
        let Some(row) = rows.next().map_err(db)? else { return Ok(()) };
        if let Some(winner) = row.get::<_, Option<i64>>(1).map_err(db)? {
            self.run(FORGET_CONTACT, [number])?;
            self.run(FORGET_MEMBERS, [number])?;
            self.enrollments(contact, &[])?;
            self.run(REDIRECT, [number, winner])?;
            return Ok(());
        }
        let body = row.get_ref(5).map_err(db)?.as_blob().unwrap_or_default();
        let sum: Option<i64> = row.get(6).map_err(db)?;
        // A damaged image goes into the table as it is: there it is found again, and the contact stays set aside.
        let state = if sum == Some(codec::state_checksum(contact, body)) { decode_state(body).ok() } else { None };
        let text = |column: usize| row.get_ref(column).map_err(db)?.as_str_or_null().map_err(|error| StoreError::Damaged(error.to_string()));
        let wakes_at: Option<i64> = row.get(4).map_err(db)?;
        let batch: i64 = row.get(0).map_err(db)?;
        let enrollments = state.as_ref().map_or(0, |state| state.enrollments.len());
        let found = state.as_ref();
        self.run(
            CONTACT,
            params![
                number,
                found.and_then(|state| state.user_id.as_deref()),
                text(2)?,
                text(3)?,
                found.map_or(0, |state| state.created_at.0),
                wakes_at,
                u32::try_from(enrollments).unwrap_or(u32::MAX),
                found.map_or(0, |state| signed(state.rev)),
                batch,
                body,
                sum
            ],
        )?;
        match found {
            Some(state) => self.projections(contact, state),
            None => Ok(()),
        }
    }
    /// What follows from a state, in rows: enrollments and memberships. Rows that are right already are left alone.
    pub fn projections(&mut self, contact: ContactUid, state: &ContactState) -> Result<(), StoreError> {
        let wanted = self.wanted(state)?;
        self.enrollments(contact, &wanted)?;
        self.members(contact, state)
    }
    /// The enrollments of a state as rows.
    pub fn wanted(&mut self, state: &ContactState) -> Result<Vec<EnrollmentRow>, StoreError> {
        let mut wanted = Vec::with_capacity(state.enrollments.len());
        for enrollment in &state.enrollments {
            let deployment = self.deployment(&enrollment.program)?;
            wanted.push(row_of(enrollment, deployment));
        }
        wanted.sort_unstable();
        Ok(wanted)
    }
    /// The enrollments of a contact as the table has them.
    pub fn enrolled(&self, contact: ContactUid) -> Result<Vec<EnrollmentRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(ENROLLMENTS).map_err(db)?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?));
        let found = statement.query_map([contact_number(contact)], read).map_err(db)?;
        found.collect::<Result<_, _>>().map_err(db)
    }
    /// The memberships of a contact as the table has them.
    pub fn member_of(&self, contact: ContactUid) -> Result<Vec<(u32, i64)>, StoreError> {
        let mut statement = self.connection.prepare_cached(MEMBERS).map_err(db)?;
        let found = statement.query_map([contact_number(contact)], |row| Ok((row.get(0)?, row.get(1)?))).map_err(db)?;
        found.collect::<Result<_, _>>().map_err(db)
    }
    fn deployment(&mut self, program: &[u8; 32]) -> Result<u32, StoreError> {
        if let Some(seq) = self.deployments.get(program) {
            return Ok(*seq);
        }
        let seq = self.connection.prepare_cached(DEPLOYMENT).map_err(db)?.query_row([&program[..]], |row| row.get(0)).map_err(db)?;
        self.deployments.insert(*program, seq);
        Ok(seq)
    }
    /// Writes the enrollments of a contact, and counts who comes and goes.
    pub fn enrollments(&mut self, contact: ContactUid, wanted: &[EnrollmentRow]) -> Result<(), StoreError> {
        let number = contact_number(contact);
        let found = self.enrolled(contact)?;
        if found == wanted {
            return Ok(());
        }
        if !found.is_empty() {
            self.run(FORGET_ENROLLMENTS, [number])?;
        }
        for (campaign, _, deployment, step, _, _) in &found {
            *self.census.entry((*campaign, *deployment, *step)).or_default() -= 1;
        }
        for (campaign, entry, deployment, step, since, wakes_at) in wanted {
            self.run(ENROLLMENT, params![number, campaign, entry, deployment, step, since, wakes_at])?;
            *self.census.entry((*campaign, *deployment, *step)).or_default() += 1;
        }
        Ok(())
    }
    fn members(&self, contact: ContactUid, state: &ContactState) -> Result<(), StoreError> {
        let number = contact_number(contact);
        let (found, wanted) = (self.member_of(contact)?, memberships(state));
        if found == wanted {
            return Ok(());
        }
        self.run(FORGET_MEMBERS, [number])?;
        for (segment, since) in wanted {
            self.run(MEMBER, params![number, segment, since])?;
        }
        Ok(())
    }
    fn key(&self, contact: ContactUid, position: i64) -> Result<(), StoreError> {
        let number = contact_number(contact);
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let mut statement = self.connection.prepare_cached(KEY_CHANGE).map_err(db)?;
        // The change of a contact that was erased is there no more.
        let found: Option<(i64, Option<i64>, String, String)> = statement.query_row([position], read).optional().map_err(db)?;
        let Some((owner, former, kind, key)) = found else { return Ok(()) };
        if owner == number {
            self.run(GIVE_KEY, params![number, kind, key])?;
        } else if former == Some(number) {
            self.run(TAKE_KEY, params![number, kind, key])?;
        }
        Ok(())
    }
    /// Lets go of the log up to there.
    pub fn trim(&self, upto: Marks) -> Result<(), StoreError> {
        self.run(TRIM_IMAGES, [upto.image])?;
        self.run(TRIM_KEYS, [upto.key_change])?;
        Ok(())
    }
    /// Writes what was counted.
    pub fn end(self) -> Result<(), StoreError> {
        let mut is_empty = false;
        for ((campaign, deployment, step), count) in self.census.iter().filter(|(_, count)| **count != 0) {
            is_empty |= *count < 0;
            self.run(CENSUS, params![campaign, deployment, step, count])?;
        }
        if is_empty {
            self.run(EMPTY_STEPS, [])?;
        }
        Ok(())
    }
}

/// The memberships of a state as rows.
pub(super) fn memberships(state: &ContactState) -> Vec<(u32, i64)> {
    state.segments.iter().map(|(segment, membership)| (*segment, membership.since.0)).collect()
}

/// An enrollment as a row: where its first thread stands.
fn row_of(enrollment: &Enrollment, deployment: u32) -> EnrollmentRow {
    let standing = enrollment.threads.first().map(|thread| &thread.standing);
    let step = standing.map_or(0, |standing| step_number(standing.step));
    let since = standing.map_or(enrollment.started, |standing| standing.since);
    (enrollment.campaign, enrollment.entry, deployment, step, since.0, standing.and_then(|standing| standing.due).map(|at| at.0))
}
