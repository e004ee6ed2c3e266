//! Whether a file is as it was written: structure, checksums, and the tables that follow from the states.
//!
//! Checking reads one moment of the file, beside a writer or not. Making the tables that follow again needs the writer's place.

use super::number::contact_of;
use super::sweep::{Sweeper, memberships};
use super::{SqliteStore, StoreError, begin, db, open_reader};
use crate::bytecode::{decode, program_hash};
use crate::machine::state::{ContactState, ContactUid, EffectId};
use crate::store::{codec, decode_effect, decode_state};
use rusqlite::{Connection, Row};
use std::path::Path;

const STRUCTURE: &str = "SELECT integrity_check FROM pragma_integrity_check";
const CONTACTS: &str = "SELECT uid, state, checksum FROM contact";
const IMAGES: &str = "SELECT contact, state, checksum FROM image WHERE state IS NOT NULL";
const EFFECTS: &str = "SELECT o.effect_id, coalesce(e.body, zeroblob(0)), e.checksum, o.contact FROM outbox o LEFT JOIN effect e ON e.position = o.position";
const PROGRAMS: &str = "SELECT hash, image FROM program";
const DEPLOYMENTS: &str = "SELECT seq, body, checksum FROM deployment ORDER BY seq";
const CENSUS: &str = "SELECT campaign, deployment, step, enrollments FROM step_census WHERE enrollments <> 0 EXCEPT
    SELECT campaign, deployment, step, count(*) FROM enrollment GROUP BY campaign, deployment, step";
const COUNTED: &str = "SELECT campaign, deployment, step, count(*) FROM enrollment GROUP BY campaign, deployment, step EXCEPT
    SELECT campaign, deployment, step, enrollments FROM step_census";
const STRAY_EVENTS: &str = "SELECT t.contact FROM trail t JOIN event e ON e.position = t.event WHERE e.contact <> t.contact";
const STRAY_LINES: &str = "SELECT t.contact FROM trail t JOIN journal j ON j.position = t.journal WHERE j.contact <> t.contact";
const STRAY_EFFECTS: &str = "SELECT t.contact FROM trail t LEFT JOIN outbox o ON o.position = t.outbox WHERE t.outbox <> 0 AND o.contact IS NOT t.contact";
const CLEAR: &str = "DELETE FROM enrollment; DELETE FROM segment_member; DELETE FROM step_census;";

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// How many contacts it looked at.
    pub contacts: u64,
    /// How many effects.
    pub effects: u64,
    /// What is wrong; empty where all is well.
    pub faults: Vec<String>,
}

/// Checks a file.
///
/// # Errors
/// It cannot be read at all.
pub fn check(path: &Path) -> Result<CheckReport, StoreError> {
    let connection = open_reader(path)?;
    super::migrate::refuse_older(&connection)?;
    // One moment of the file, whoever writes meanwhile.
    connection.execute_batch("BEGIN").map_err(db)?;
    let mut report = CheckReport::default();
    structure(&connection, &mut report)?;
    if !report.faults.is_empty() {
        // Rows of a broken structure mean nothing.
        return Ok(report);
    }
    programs(&connection, &mut report)?;
    contacts(&connection, &mut report)?;
    effects(&connection, &mut report)?;
    census(&connection, &mut report)?;
    trails(&connection, &mut report)?;
    Ok(report)
}

fn each(connection: &Connection, sql: &'static str, mut take: impl FnMut(&Row<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let mut statement = connection.prepare(sql).map_err(db)?;
    let mut rows = statement.query([]).map_err(db)?;
    while let Some(row) = rows.next().map_err(db)? {
        take(row)?;
    }
    Ok(())
}

fn structure(connection: &Connection, report: &mut CheckReport) -> Result<(), StoreError> {
    let checked = each(connection, STRUCTURE, |row| {
        let line: String = row.get(0).map_err(db)?;
        if line != "ok" {
            report.faults.push(format!("the file's structure is broken: {line}"));
        }
        Ok(())
    });
    match checked {
        Err(StoreError::Damaged(reason)) => {
            report.faults.push(format!("the file's structure is broken: {reason}"));
            Ok(())
        }
        other => other,
    }
}

fn programs(connection: &Connection, report: &mut CheckReport) -> Result<(), StoreError> {
    each(connection, PROGRAMS, |row| {
        let (hash, image): (Vec<u8>, Vec<u8>) = (row.get(0).map_err(db)?, row.get(1).map_err(db)?);
        if !decode(&image).is_ok_and(|program| program_hash(&program)[..] == hash[..]) {
            report.faults.push(format!("program {} is not what its hash says", data_encoding::HEXLOWER.encode(&hash)));
        }
        Ok(())
    })?;
    each(connection, DEPLOYMENTS, |row| {
        let seq: u32 = row.get(0).map_err(db)?;
        let (body, sum): (Vec<u8>, Vec<u8>) = (row.get(1).map_err(db)?, row.get(2).map_err(db)?);
        if sum != codec::checksum(&seq.to_be_bytes(), &body) {
            report.faults.push(format!("deployment {seq} does not match its checksum"));
        }
        Ok(())
    })
}

/// The state of a row `contact, state, checksum`, or what is wrong with it.
fn state_of(row: &Row<'_>) -> Result<(ContactUid, Result<ContactState, String>), StoreError> {
    let contact = contact_of(row.get(0).map_err(db)?);
    let body = row.get_ref(1).map_err(db)?.as_blob().unwrap_or_default();
    let sum: Option<i64> = row.get(2).map_err(db)?;
    if sum != Some(codec::state_checksum(contact, body)) {
        return Ok((contact, Err("the state does not match its checksum".to_owned())));
    }
    Ok((contact, decode_state(body).map_err(|error| error.to_string())))
}

fn contacts(connection: &Connection, report: &mut CheckReport) -> Result<(), StoreError> {
    let mut sweeper = Sweeper::new(connection);
    each(connection, CONTACTS, |row| {
        report.contacts += 1;
        let (contact, state) = state_of(row)?;
        let fault = |what: &str| format!("contact {}: {what}", contact.to_text());
        match state {
            Err(reason) => report.faults.push(fault(&reason)),
            Ok(state) => {
                if sweeper.enrolled(contact)? != sweeper.wanted(&state)? {
                    report.faults.push(fault("`enrollment` differs from its state"));
                }
                if sweeper.member_of(contact)? != memberships(&state) {
                    report.faults.push(fault("`segment_member` differs from its state"));
                }
            }
        }
        Ok(())
    })?;
    each(connection, IMAGES, |row| {
        let (contact, state) = state_of(row)?;
        if let Err(reason) = state {
            report.faults.push(format!("contact {}, after-image: {reason}", contact.to_text()));
        }
        Ok(())
    })
}

fn effects(connection: &Connection, report: &mut CheckReport) -> Result<(), StoreError> {
    each(connection, EFFECTS, |row| {
        report.effects += 1;
        let id = EffectId(row.get(0).map_err(db)?);
        let body = row.get_ref(1).map_err(db)?.as_blob().unwrap_or_default();
        let sum: Option<i64> = row.get(2).map_err(db)?;
        if sum != Some(codec::effect_checksum(id, body)) || decode_effect(body).is_err() {
            let contact = contact_of(row.get(3).map_err(db)?);
            report.faults.push(format!("contact {}: effect {} does not match its checksum", contact.to_text(), id.to_text()));
        }
        Ok(())
    })
}

fn census(connection: &Connection, report: &mut CheckReport) -> Result<(), StoreError> {
    for sql in [CENSUS, COUNTED] {
        each(connection, sql, |row| {
            let (campaign, step): (i64, i64) = (row.get(0).map_err(db)?, row.get(2).map_err(db)?);
            report.faults.push(format!("`step_census` of campaign {campaign}, step {step} is not the count of `enrollment`"));
            Ok(())
        })?;
    }
    report.faults.dedup();
    Ok(())
}

fn trails(connection: &Connection, report: &mut CheckReport) -> Result<(), StoreError> {
    for (sql, table) in [(STRAY_EVENTS, "event"), (STRAY_LINES, "journal"), (STRAY_EFFECTS, "outbox")] {
        each(connection, sql, |row| {
            let contact = contact_of(row.get(0).map_err(db)?);
            report.faults.push(format!("contact {}: its trail leads to another's row of `{table}`", contact.to_text()));
            Ok(())
        })?;
    }
    Ok(())
}

impl SqliteStore {
    /// Makes the tables that follow from the states again: enrollments, memberships, the census.
    ///
    /// # Errors
    /// As a commit.
    pub fn rebuild(&mut self) -> Result<(), StoreError> {
        let transaction = begin(&mut self.connection)?;
        transaction.execute_batch(CLEAR).map_err(db)?;
        let mut sweeper = Sweeper::new(&transaction);
        each(&transaction, CONTACTS, |row| {
            // A damaged state has no rows that follow from it; the check tells of it.
            match state_of(row)? {
                (contact, Ok(state)) => sweeper.projections(contact, &state),
                (_, Err(_)) => Ok(()),
            }
        })?;
        sweeper.end()?;
        transaction.commit().map_err(db)
    }
}
