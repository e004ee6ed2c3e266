//! What the writer knows beside the file, and readers ask it for: what a sweep has still to do, where each contact's rows begin, which effects are open.
//!
//! All of it can be made again from the file; see `redo.rs`.

use super::number::contact_number;
use super::{StoreError, db};
use crate::machine::state::{ContactUid, EffectId};
use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

const TRAIL: &str = "SELECT event, journal, outbox, sent FROM trail WHERE contact = ?1";

/// The newest rows of a contact: each row holds the position of the one before it. 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trail {
    pub event: i64,
    pub journal: i64,
    pub outbox: i64,
    /// Two bits for each effect the contact ever had: an id whose bits are not both set is a new one.
    pub sent: i64,
}

impl Trail {
    /// The bits of an effect. Ids are hashes, so any two bytes do.
    pub fn bits(effect: EffectId) -> i64 {
        let [first, second, ..] = effect.0;
        (1 << (first & 63)) | (1 << (second & 63))
    }
    /// Whether the contact may have had the effect.
    pub fn may_have(self, effect: EffectId) -> bool {
        let bits = Trail::bits(effect);
        self.sent & bits == bits
    }
    /// The trail of a contact as it was swept last.
    pub fn stored(connection: &Connection, contact: ContactUid) -> Result<Option<Trail>, StoreError> {
        let mut statement = connection.prepare_cached(TRAIL).map_err(db)?;
        let found = statement
            .query_row([contact_number(contact)], |row| Ok(Trail { event: row.get(0)?, journal: row.get(1)?, outbox: row.get(2)?, sent: row.get(3)? }));
        found.optional().map_err(db)
    }
}

/// A contact that is to be swept.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    pub trail: Trail,
    /// Its newest after-image; 0 is none.
    pub image: i64,
    /// Its changes of keys, in order.
    pub keys: Vec<i64>,
}

/// Where the row of an effect is, and how it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub position: i64,
    pub status: u8,
    pub attempt: u32,
}

/// What is known beside the file.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub pending: BTreeMap<ContactUid, Pending>,
    pub open: FxHashMap<EffectId, Open>,
}

/// The ledger, as writer and readers share it.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedLedger(Arc<RwLock<Ledger>>);

impl SharedLedger {
    /// To look something up.
    pub fn read(&self) -> RwLockReadGuard<'_, Ledger> {
        // It is changed after a commit, entry by entry, by code that does not panic.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
    /// To follow a commit.
    pub fn write(&self) -> RwLockWriteGuard<'_, Ledger> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
    /// The trail of a contact: of what is not swept yet, else as it was swept last.
    pub fn trail(&self, connection: &Connection, contact: ContactUid) -> Result<Trail, StoreError> {
        let pending = self.read().pending.get(&contact).map(|pending| pending.trail);
        match pending {
            Some(trail) => Ok(trail),
            None => Ok(Trail::stored(connection, contact)?.unwrap_or_default()),
        }
    }
}

/// The last position of each table of the log, and the number of the last batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub batch: i64,
    pub event: i64,
    pub journal: i64,
    pub outbox: i64,
    pub image: i64,
    pub key_change: i64,
}

impl Marks {
    /// As the file says.
    pub fn stored(connection: &Connection) -> Result<Marks, StoreError> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Marks { batch: row.get(0)?, event: row.get(1)?, journal: row.get(2)?, outbox: row.get(3)?, image: row.get(4)?, key_change: row.get(5)? })
        };
        connection.query_row("SELECT batch, event, journal, outbox, image, key_change FROM progress", [], read).map_err(db)
    }
}
