//! What a transaction in the making adds to what the writer knows: taken over when it is durable, dropped when it is not.

use super::StoreError;
use super::ledger::{Ledger, Marks, Open, SharedLedger, Trail};
use crate::machine::state::{ContactUid, EffectId};
use rusqlite::Connection;
use rustc_hash::FxHashMap;

/// A contact that a batch touches.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    pub trail: Trail,
    /// What the trail was before.
    former: Trail,
    pub image: i64,
    pub keys: Vec<i64>,
}

impl Touched {
    /// Whether the batch added rows to the trail that no after-image of it tells of.
    pub fn is_trail_alone(&self) -> bool {
        self.image == 0 && self.trail != self.former
    }
}

/// What a batch adds.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    connection: &'a Connection,
    ledger: &'a SharedLedger,
    pub marks: Marks,
    touched: FxHashMap<ContactUid, Touched>,
    /// Contacts in the order in which they were touched: what is written follows from the batch alone.
    pub order: Vec<ContactUid>,
    /// Effects that came or changed; none is open no more.
    effects: FxHashMap<EffectId, Option<Open>>,
}

/// What is left of a draft when its transaction has ended.
#[derive(Debug)]
pub(super) struct Addition {
    pub marks: Marks,
    touched: FxHashMap<ContactUid, Touched>,
    effects: FxHashMap<EffectId, Option<Open>>,
}

impl<'a> Draft<'a> {
    /// Nothing yet.
    pub fn new(connection: &'a Connection, ledger: &'a SharedLedger, marks: Marks) -> Draft<'a> {
        Draft { connection, ledger, marks, touched: FxHashMap::default(), order: Vec::new(), effects: FxHashMap::default() }
    }
    /// A contact, to change what is known of it.
    pub fn touch(&mut self, contact: ContactUid) -> Result<&mut Touched, StoreError> {
        if !self.touched.contains_key(&contact) {
            let trail = self.ledger.trail(self.connection, contact)?;
            self.touched.insert(contact, Touched { trail, former: trail, ..Touched::default() });
            self.order.push(contact);
        }
        Ok(self.touched.entry(contact).or_default())
    }
    /// The trail of a contact that may be left untouched.
    pub fn trail(&self, contact: ContactUid) -> Result<Trail, StoreError> {
        match self.touched.get(&contact) {
            Some(touched) => Ok(touched.trail),
            None => self.ledger.trail(self.connection, contact),
        }
    }
    /// An effect that is open, this batch included.
    pub fn open(&self, effect: EffectId) -> Option<Open> {
        match self.effects.get(&effect) {
            Some(state) => *state,
            None => self.ledger.read().open.get(&effect).copied(),
        }
    }
    /// Whether this batch has the effect already.
    pub fn has(&self, effect: EffectId) -> bool {
        self.effects.contains_key(&effect)
    }
    /// An effect stands so from now on.
    pub fn set(&mut self, effect: EffectId, state: Option<Open>) {
        self.effects.insert(effect, state);
    }
    /// The transaction has ended.
    pub fn end(self) -> Addition {
        Addition { marks: self.marks, touched: self.touched, effects: self.effects }
    }
}

impl Addition {
    /// What was committed is known from now on.
    pub fn take_over(self, ledger: &mut Ledger) {
        for (contact, touched) in self.touched {
            let pending = ledger.pending.entry(contact).or_default();
            pending.trail = touched.trail;
            if touched.image != 0 {
                pending.image = touched.image;
            }
            pending.keys.extend(touched.keys);
        }
        for (effect, state) in self.effects {
            match state {
                Some(open) => drop(ledger.open.insert(effect, open)),
                None => drop(ledger.open.remove(&effect)),
            }
        }
    }
}
