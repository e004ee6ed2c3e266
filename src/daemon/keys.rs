//! Keys that lead to contacts: senders' ids, addresses, numbers, devices. Of a key only 96 bits are kept.
//!
//! Senders choose the keys, so the bits come from a keyed hash whose key nobody knows and which every process draws anew: nobody can
//! make two keys meet, and two that differ do not meet in practice. Whoever can ask the state does so besides.

use crate::machine::state::ContactUid;
use crate::store::IdentityKind;
use hashbrown::HashTable;
use std::hash::{BuildHasher, RandomState};

/// Tables a key may be in: each grows by itself, so that none holds everybody up while it does.
const PARTS: usize = 64;

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum KeyKind {
    User,
    Anonymous,
    Email,
    Phone,
    Device,
}

impl From<IdentityKind> for KeyKind {
    fn from(kind: IdentityKind) -> KeyKind {
        match kind {
            IdentityKind::User => KeyKind::User,
            IdentityKind::Anonymous => KeyKind::Anonymous,
        }
    }
}

/// 96 bits of a key, and whose it is: no padding, since there are millions.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: [u32; 3],
    owner: [u32; 2],
}

impl Entry {
    fn owner(&self) -> ContactUid {
        let [high, low] = self.owner;
        ContactUid(u64::from(high) << 32 | u64::from(low))
    }
}

/// The index.
#[derive(Debug)]
pub(crate) struct KeyIndex {
    hashers: [RandomState; 2],
    tables: Vec<HashTable<Entry>>,
}

impl Default for KeyIndex {
    fn default() -> KeyIndex {
        KeyIndex { hashers: [RandomState::new(), RandomState::new()], tables: (0..PARTS).map(|_| HashTable::new()).collect() }
    }
}

/// Where a key is looked for: the place in a table, and what must be there.
struct Mark {
    part: usize,
    hash: u64,
    key: [u32; 3],
}

impl KeyIndex {
    fn mark(&self, kind: KeyKind, key: &str) -> Mark {
        let [first, second] = self.hashers.each_ref().map(|hasher| hasher.hash_one((kind, key)));
        let halves = |bits: u64| [low_half(bits >> 32), low_half(bits)];
        let ([a, b], [c, d]) = (halves(first), halves(second));
        Mark { part: usize::try_from(d).unwrap_or(0) % PARTS, hash: place_of(&[a, b, c]), key: [a, b, c] }
    }
    /// All who have a key.
    pub fn holders(&self, kind: KeyKind, key: &str) -> Vec<ContactUid> {
        let mark = self.mark(kind, key);
        let Some(table) = self.tables.get(mark.part) else { return Vec::new() };
        table.iter_hash(mark.hash).filter(|entry| entry.key == mark.key).map(Entry::owner).collect()
    }
    /// The one who has a key.
    pub fn holder(&self, kind: KeyKind, key: &str) -> Option<ContactUid> {
        let mark = self.mark(kind, key);
        self.tables.get(mark.part)?.find(mark.hash, |entry| entry.key == mark.key).map(Entry::owner)
    }
    /// A key is one contact's alone, whoever had it.
    pub fn give(&mut self, kind: KeyKind, key: &str, owner: ContactUid) {
        let mark = self.mark(kind, key);
        let owner = [low_half(owner.0 >> 32), low_half(owner.0)];
        let Some(table) = self.tables.get_mut(mark.part) else { return };
        match table.find_mut(mark.hash, |entry| entry.key == mark.key) {
            Some(entry) => entry.owner = owner,
            None => {
                table.insert_unique(mark.hash, Entry { key: mark.key, owner }, |entry| place_of(&entry.key));
            }
        }
    }
    /// One more has a key.
    pub fn add(&mut self, kind: KeyKind, key: &str, owner: ContactUid) {
        let mark = self.mark(kind, key);
        let owner = [low_half(owner.0 >> 32), low_half(owner.0)];
        let Some(table) = self.tables.get_mut(mark.part) else { return };
        if table.find(mark.hash, |entry| entry.key == mark.key && entry.owner == owner).is_none() {
            table.insert_unique(mark.hash, Entry { key: mark.key, owner }, |entry| place_of(&entry.key));
        }
    }
    /// One has a key no more.
    pub fn remove(&mut self, kind: KeyKind, key: &str, owner: ContactUid) {
        let mark = self.mark(kind, key);
        let Some(table) = self.tables.get_mut(mark.part) else { return };
        if let Ok(entry) = table.find_entry(mark.hash, |entry| entry.key == mark.key && entry.owner() == owner) {
            entry.remove();
        }
    }
    /// A contact has no key any more.
    pub fn forget(&mut self, owner: ContactUid) {
        self.tables.iter_mut().for_each(|table| table.retain(|entry| entry.owner() != owner));
    }
}

/// The place in a table, from bits that are random already.
fn place_of([a, b, _]: &[u32; 3]) -> u64 {
    u64::from(*a) << 32 | u64::from(*b)
}

fn low_half(bits: u64) -> u32 {
    u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Entry, KeyIndex, KeyKind, low_half, place_of};
    use crate::machine::state::ContactUid;

    #[test]
    fn kinds_and_keys_are_told_apart_and_an_address_may_have_several_holders() {
        let mut index = KeyIndex::default();
        index.give(KeyKind::User, "a", ContactUid(1));
        index.give(KeyKind::Anonymous, "a", ContactUid(2));
        index.add(KeyKind::Email, "a", ContactUid(3));
        index.add(KeyKind::Email, "a", ContactUid(u64::MAX));
        index.add(KeyKind::Email, "a", ContactUid(3));
        assert_eq!(index.holder(KeyKind::User, "a"), Some(ContactUid(1)));
        assert_eq!(index.holder(KeyKind::Anonymous, "a"), Some(ContactUid(2)));
        assert_eq!(index.holder(KeyKind::User, "b"), None);
        let mut holders = index.holders(KeyKind::Email, "a");
        holders.sort_unstable();
        assert_eq!(holders, [ContactUid(3), ContactUid(u64::MAX)]);
        index.give(KeyKind::User, "a", ContactUid(9));
        index.remove(KeyKind::Email, "a", ContactUid(3));
        assert_eq!((index.holder(KeyKind::User, "a"), index.holder(KeyKind::Email, "a")), (Some(ContactUid(9)), Some(ContactUid(u64::MAX))));
        index.forget(ContactUid(9));
        assert_eq!(index.holder(KeyKind::User, "a"), None);
    }

    #[test]
    fn keys_that_meet_in_their_place_and_in_64_bits_are_told_apart_by_the_rest() {
        let mut index = KeyIndex::default();
        let mark = index.mark(KeyKind::User, "mine");
        let [a, b, c] = mark.key;
        let twin = Entry { key: [a, b, c ^ 1], owner: [0, 7] };
        index.tables[mark.part].insert_unique(place_of(&twin.key), twin, |entry| place_of(&entry.key));
        assert_eq!(index.holder(KeyKind::User, "mine"), None);
        index.give(KeyKind::User, "mine", ContactUid(1));
        assert_eq!(index.holder(KeyKind::User, "mine"), Some(ContactUid(1)));
        index.remove(KeyKind::User, "mine", ContactUid(1));
        assert_eq!((index.holder(KeyKind::User, "mine"), index.tables[mark.part].len()), (None, 1));
    }

    #[test]
    fn many_keys_grow_the_tables_and_none_is_lost() {
        let mut index = KeyIndex::default();
        (0..20_000).for_each(|number: u64| index.give(KeyKind::User, &number.to_string(), ContactUid(number << 20 | u64::from(low_half(number)))));
        assert!((0..20_000).all(|number: u64| index.holder(KeyKind::User, &number.to_string()) == Some(ContactUid(number << 20 | number))));
    }
}
