//! The happenings of a contact that the deployed program asks about.

use super::{SortedMap, StableId};
use crate::lang::{Instant, Record};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A kind of remembered happening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HistoryKind {
    /// A custom event or form, by stable id.
    Event(StableId),
    /// Page visits.
    Visited,
}

/// One happening.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Its place in the contact's accepted order.
    pub seq: u64,
    /// When it happened, by the sender's clock, never after its acceptance.
    pub happened: Instant,
    /// Declared properties; of a visit `path` (and `url`, where known).
    pub properties: Arc<Record>,
}

/// Remembered happenings by kind, each in accepted order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    entries: SortedMap<HistoryKind, Vec<HistoryEntry>>,
}

/// How many happenings of one kind are remembered of one contact; the oldest go first.
pub const HISTORY_LIMIT: usize = 2_000;

impl History {
    /// The happenings of a kind, in accepted order.
    #[must_use]
    pub fn of(&self, kind: HistoryKind) -> &[HistoryEntry] {
        self.entries.get(&kind).map_or(&[], Vec::as_slice)
    }
    /// Remembers a happening; entries that happened before `keep_from` are let go first.
    pub fn push(&mut self, kind: HistoryKind, entry: HistoryEntry, keep_from: Instant) {
        let entries = self.entries.entry(kind);
        if entries.first().is_some_and(|oldest| oldest.happened < keep_from) {
            entries.retain(|known| known.happened >= keep_from);
        }
        if entries.len() >= HISTORY_LIMIT {
            entries.remove(0);
        }
        entries.push(entry);
    }
    /// Puts older happenings before those that are remembered.
    pub fn put_before(&mut self, kind: HistoryKind, mut older: Vec<HistoryEntry>) {
        if older.is_empty() {
            return;
        }
        let entries = self.entries.entry(kind);
        older.append(entries);
        older.sort_by_key(|entry| entry.seq);
        let excess = older.len().saturating_sub(HISTORY_LIMIT);
        older.drain(..excess);
        *entries = older;
    }
    /// All kinds with their happenings.
    pub fn iter(&self) -> impl Iterator<Item = (HistoryKind, &[HistoryEntry])> {
        self.entries.iter().map(|(kind, entries)| (*kind, entries.as_slice()))
    }
    /// All happenings, to change them.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut HistoryEntry> {
        self.entries.iter_mut().flat_map(|(_, entries)| entries.iter_mut())
    }
    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    /// Takes in another contact's happenings (a merge), whose sequence numbers are of one order with these.
    pub fn unite(&mut self, other: &History) {
        for (kind, theirs) in other.iter() {
            let mine = self.entries.entry(kind);
            mine.extend(theirs.iter().cloned());
            mine.sort_by_key(|entry| entry.seq);
            let excess = mine.len().saturating_sub(HISTORY_LIMIT);
            mine.drain(..excess);
        }
    }
}
