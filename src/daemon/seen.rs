//! The dedupe keys that still count: of each 96 bits and the minute of its acceptance, in tables that are gone through one a minute.

use super::load::DEDUPE_MS;
use crate::lang::Instant;
use hashbrown::HashTable;

/// Tables a key may be in: each grows, and is gone through, by itself.
const PARTS: usize = 64;
const MINUTE_MS: i64 = 60_000;

/// 96 bits of a key, and the minute.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: [u32; 3],
    minute: u32,
}

/// The keys.
#[derive(Debug)]
pub(crate) struct SeenKeys {
    tables: Vec<HashTable<Entry>>,
    /// The minute up to which old ones were let go.
    swept: u32,
}

impl Default for SeenKeys {
    fn default() -> SeenKeys {
        SeenKeys { tables: (0..PARTS).map(|_| HashTable::new()).collect(), swept: 0 }
    }
}

impl SeenKeys {
    /// Whether a key was accepted and still counts.
    pub fn has(&self, key: u128, now: Instant) -> bool {
        let (part, key) = place(key);
        let found = self.tables.get(part).and_then(|table| table.find(hash(&key), |entry| entry.key == key));
        found.is_some_and(|entry| counts(entry.minute, now))
    }
    /// A key was accepted.
    pub fn add(&mut self, key: u128, at: Instant) {
        let (part, key) = place(key);
        let minute = minute(at);
        let Some(table) = self.tables.get_mut(part) else { return };
        match table.find_mut(hash(&key), |entry| entry.key == key) {
            Some(entry) => entry.minute = minute,
            None => {
                table.insert_unique(hash(&key), Entry { key, minute }, |entry| hash(&entry.key));
            }
        }
    }
    /// Lets those go that count no more: of one table a minute.
    pub fn let_go(&mut self, now: Instant) {
        let current = minute(now);
        if self.swept == current {
            return;
        }
        self.swept = current;
        let part = usize::try_from(current).unwrap_or(0) % PARTS;
        if let Some(table) = self.tables.get_mut(part) {
            table.retain(|entry| counts(entry.minute, now));
        }
    }
}

fn counts(minute: u32, now: Instant) -> bool {
    now.0 - i64::from(minute) * MINUTE_MS <= DEDUPE_MS + MINUTE_MS
}

fn minute(at: Instant) -> u32 {
    u32::try_from(at.0.div_euclid(MINUTE_MS)).unwrap_or(0)
}

/// The table of a key, and what is kept of it.
fn place(key: u128) -> (usize, [u32; 3]) {
    let part = |shift: u32| u32::try_from(key >> shift & u128::from(u32::MAX)).unwrap_or(0);
    (usize::try_from(part(0)).unwrap_or(0) % PARTS, [part(96), part(64), part(32)])
}

/// The bits are of a hash already.
fn hash([a, b, _]: &[u32; 3]) -> u64 {
    u64::from(*a) << 32 | u64::from(*b)
}

#[cfg(test)]
mod tests {
    use super::{MINUTE_MS, PARTS, SeenKeys};
    use crate::daemon::accept::dedupe_key;
    use crate::daemon::load::DEDUPE_MS;
    use crate::lang::Instant;

    #[test]
    fn keys_count_for_their_time_and_are_let_go_behind_it() {
        let mut seen = SeenKeys::default();
        let start = Instant(1_800_000_000_000);
        let key = |number: u32| dedupe_key(&format!("m-{number}"));
        (0..5_000).for_each(|number| seen.add(key(number), start.plus_millis(i64::from(number))));
        assert!((0..5_000).all(|number| seen.has(key(number), start.plus_millis(DEDUPE_MS))));
        assert!(!seen.has(key(5_000), start));
        let later = start.plus_millis(DEDUPE_MS + 3 * MINUTE_MS);
        assert!(!(0..5_000).any(|number| seen.has(key(number), later)));
        seen.add(key(7), later);
        (0..PARTS).for_each(|minutes| seen.let_go(later.plus_millis(MINUTE_MS * minutes as i64)));
        assert_eq!(seen.tables.iter().map(hashbrown::HashTable::len).sum::<usize>(), 1);
        assert!(seen.has(key(7), later));
    }
}
