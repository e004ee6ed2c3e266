//! What a script cannot bring up to date: states and effects with their checksums, and the filters over each contact's effects.

use super::ledger::Trail;
use super::number::contact_of;
use super::{StoreError, db};
use crate::machine::state::EffectId;
use crate::store::codec;
use rusqlite::{Transaction, params};

const CONTACTS: &str = "SELECT c.uid, c.position, c.email, c.phone, c.wakes_at, c.state, c.checksum, coalesce(t.event, 0), coalesce(t.journal, 0),
    coalesce(t.outbox, 0), coalesce(t.sent, 0) FROM contact_1 c LEFT JOIN trail t ON t.contact = c.uid ORDER BY c.uid";
const IMAGE: &str = "INSERT INTO image (batch, contact, event, journal, outbox, sent, email, phone, wakes_at, state, checksum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const EFFECTS: &str = "SELECT position, contact, effect_id, body, checksum FROM outbox_1 ORDER BY position";
const EFFECT: &str = "INSERT INTO effect (position, body, checksum) VALUES (?1, ?2, ?3)";
const SENT: &str = "UPDATE trail SET sent = sent | ?2 WHERE contact = ?1";
const FORMER: &str = "DROP TABLE progress_1; DROP TABLE contact_1; DROP TABLE identity_1; DROP TABLE redirect_1; DROP TABLE event_1; DROP TABLE journal_1;
    DROP TABLE outbox_1;";

/// From version 1, which wrote contacts through, to version 2. What was damaged stays recognisable as damaged.
pub(super) fn to_swept(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    effects(transaction)?;
    states(transaction)?;
    transaction.execute_batch(FORMER).map_err(db)
}

fn effects(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let mut statement = transaction.prepare(EFFECTS).map_err(db)?;
    let mut rows = statement.query([]).map_err(db)?;
    while let Some(row) = rows.next().map_err(db)? {
        let id = EffectId(row.get(2).map_err(db)?);
        let body = row.get_ref(3).map_err(db)?.as_blob().unwrap_or_default();
        let former: Vec<u8> = row.get(4).map_err(db)?;
        let (position, contact): (i64, i64) = (row.get(0).map_err(db)?, row.get(1).map_err(db)?);
        let sum = renewed(former == codec::checksum(&id.0, body), codec::effect_checksum(id, body));
        transaction.prepare_cached(EFFECT).map_err(db)?.execute(params![position, body, sum]).map_err(db)?;
        transaction.prepare_cached(SENT).map_err(db)?.execute([contact, Trail::bits(id)]).map_err(db)?;
    }
    Ok(())
}

fn states(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let mut statement = transaction.prepare(CONTACTS).map_err(db)?;
    let mut rows = statement.query([]).map_err(db)?;
    while let Some(row) = rows.next().map_err(db)? {
        let uid: i64 = row.get(0).map_err(db)?;
        let (email, phone): (Option<String>, Option<String>) = (row.get(2).map_err(db)?, row.get(3).map_err(db)?);
        let (batch, wakes_at): (i64, Option<i64>) = (row.get(1).map_err(db)?, row.get(4).map_err(db)?);
        let body = row.get_ref(5).map_err(db)?.as_blob().unwrap_or_default();
        let former: Vec<u8> = row.get(6).map_err(db)?;
        let trail = |column: usize| row.get::<_, i64>(column).map_err(db);
        let sum = renewed(former == codec::checksum(&uid.to_be_bytes(), body), codec::state_checksum(contact_of(uid), body));
        let mut image = transaction.prepare_cached(IMAGE).map_err(db)?;
        image.execute(params![batch, uid, trail(7)?, trail(8)?, trail(9)?, trail(10)?, email, phone, wakes_at, body, sum]).map_err(db)?;
    }
    Ok(())
}

/// The new sum of bytes whose old one was right; of others one that is not.
fn renewed(was_right: bool, sum: i64) -> i64 {
    if was_right { sum } else { !sum }
}
