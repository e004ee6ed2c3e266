//! What the writer must know when it opens a file: the same after a clean end, after a crash, and for a restored copy.
//!
//! Everything in `image` and `key_change` counts as not swept: to sweep it twice changes nothing.

use super::ledger::{Ledger, Open, Trail};
use super::number::contact_of;
use super::{StoreError, db};
use crate::machine::state::EffectId;
use rusqlite::Connection;

const IMAGES: &str = "SELECT position, contact, event, journal, outbox, sent, survivor IS NOT NULL OR state IS NOT NULL FROM image ORDER BY position";
const KEYS: &str = "SELECT position, contact, former FROM key_change ORDER BY position";
const OPEN: &str = "SELECT position, effect_id, status, attempt FROM outbox WHERE status IN (0, 1, 4) ORDER BY position";

/// Makes the ledger of a file.
pub(super) fn ledger(connection: &Connection) -> Result<Ledger, StoreError> {
    let mut ledger = Ledger::default();
    let mut statement = connection.prepare(IMAGES).map_err(db)?;
    let mut rows = statement.query([]).map_err(db)?;
    while let Some(row) = rows.next().map_err(db)? {
        let pending = ledger.pending.entry(contact_of(row.get(1).map_err(db)?)).or_default();
        pending.trail =
            Trail { event: row.get(2).map_err(db)?, journal: row.get(3).map_err(db)?, outbox: row.get(4).map_err(db)?, sent: row.get(5).map_err(db)? };
        if row.get(6).map_err(db)? {
            pending.image = row.get(0).map_err(db)?;
        }
    }
    add_keys(connection, &mut ledger)?;
    add_open(connection, &mut ledger)?;
    Ok(ledger)
}

fn add_keys(connection: &Connection, ledger: &mut Ledger) -> Result<(), StoreError> {
    let mut statement = connection.prepare(KEYS).map_err(db)?;
    let mut rows = statement.query([]).map_err(db)?;
    while let Some(row) = rows.next().map_err(db)? {
        let position: i64 = row.get(0).map_err(db)?;
        let former: Option<i64> = row.get(2).map_err(db)?;
        for contact in former.into_iter().chain([row.get(1).map_err(db)?]).map(contact_of) {
            if !ledger.pending.contains_key(&contact) {
                let trail = Trail::stored(connection, contact)?.unwrap_or_default();
                ledger.pending.entry(contact).or_default().trail = trail;
            }
            ledger.pending.entry(contact).or_default().keys.push(position);
        }
    }
    Ok(())
}

fn add_open(connection: &Connection, ledger: &mut Ledger) -> Result<(), StoreError> {
    let mut statement = connection.prepare(OPEN).map_err(db)?;
    let mut rows = statement.query([]).map_err(db)?;
    while let Some(row) = rows.next().map_err(db)? {
        let id: [u8; 20] = row.get(1).map_err(db)?;
        ledger.open.insert(EffectId(id), Open { position: row.get(0).map_err(db)?, status: row.get(2).map_err(db)?, attempt: row.get(3).map_err(db)? });
    }
    Ok(())
}
