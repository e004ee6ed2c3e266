//! Contacts in memory: each as the bytes that are stored, with its next instant; in pages, found by number.

use crate::lang::Instant;
use crate::machine::state::ContactUid;
use crate::store::PackedState;
use hashbrown::HashTable;

/// People on one page: memory grows a page at a time, and nothing is moved.
const PAGE: usize = 4_096;
/// Tables that say where people are: each grows by itself.
const PARTS: usize = 64;
/// Where nothing is due.
const NEVER: Instant = Instant(i64::MAX);

/// A contact in memory.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    uid: ContactUid,
    wake: Instant,
    /// None of one who is gone.
    packed: Option<PackedState>,
}

impl Person {
    pub fn uid(&self) -> ContactUid {
        self.uid
    }
    /// When time alone next does something.
    pub fn wake(&self) -> Option<Instant> {
        (self.wake != NEVER).then_some(self.wake)
    }
    pub fn packed(&self) -> Option<&PackedState> {
        self.packed.as_ref()
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct People {
    pages: Vec<Vec<Person>>,
    /// Of each page, with which change it last changed.
    versions: Vec<u64>,
    changes: u64,
    places: Vec<HashTable<u32>>,
    free: Vec<u32>,
    count: usize,
}

impl Default for People {
    fn default() -> People {
        People { pages: Vec::new(), versions: Vec::new(), changes: 0, places: (0..PARTS).map(|_| HashTable::new()).collect(), free: Vec::new(), count: 0 }
    }
}

impl People {
    pub fn len(&self) -> usize {
        self.count
    }
    pub fn get(&self, uid: ContactUid) -> Option<&Person> {
        let hash = hash_of(uid);
        let place = self.places.get(part_of(hash))?.find(hash, |place| at(&self.pages, *place).is_some_and(|person| person.uid == uid))?;
        at(&self.pages, *place)
    }
    pub fn has(&self, uid: ContactUid) -> bool {
        self.get(uid).is_some()
    }
    /// All who are here, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.pages.iter().flatten().filter(|person| person.packed.is_some())
    }
    /// Names the states of a page: another change has another number. None where there is no such page.
    pub fn version(&self, page: usize) -> Option<u64> {
        self.versions.get(page).copied()
    }
    /// The states of a page.
    pub fn on_page(&self, page: usize) -> impl Iterator<Item = &PackedState> {
        self.pages.get(page).into_iter().flatten().filter_map(Person::packed)
    }
    fn note_change(&mut self, place: u32) {
        self.changes += 1;
        let page = usize::try_from(place).unwrap_or(0) / PAGE;
        self.versions.resize(self.versions.len().max(page + 1), 0);
        if let Some(version) = self.versions.get_mut(page) {
            *version = self.changes;
        }
    }
    /// Puts a contact in, or its new bytes; returns when it was to be woken before.
    pub fn put(&mut self, uid: ContactUid, packed: PackedState, wake: Option<Instant>) -> Option<Instant> {
        let hash = hash_of(uid);
        let People { pages, places, free, count, .. } = self;
        let table = places.get_mut(part_of(hash))?;
        let person = Person { uid, wake: wake.unwrap_or(NEVER), packed: Some(packed) };
        let known = table.find(hash, |place| at(pages, *place).is_some_and(|person| person.uid == uid)).copied();
        if let Some(place) = known
            && let Some(slot) = at_mut(pages, place)
        {
            let before = std::mem::replace(slot, person).wake();
            self.note_change(place);
            return before;
        }
        *count += 1;
        let place = match free.pop() {
            Some(place) => {
                if let Some(slot) = at_mut(pages, place) {
                    *slot = person;
                }
                place
            }
            None => append(pages, person),
        };
        table.insert_unique(hash, place, |place| at(pages, *place).map_or(0, |person| hash_of(person.uid)));
        self.note_change(place);
        None
    }
    /// Takes a contact out.
    pub fn remove(&mut self, uid: ContactUid) -> Option<Person> {
        let hash = hash_of(uid);
        let People { pages, places, free, count, .. } = self;
        let entry = places.get_mut(part_of(hash))?.find_entry(hash, |place| at(pages, *place).is_some_and(|person| person.uid == uid)).ok()?;
        let (place, _) = entry.remove();
        let slot = at_mut(pages, place)?;
        *count -= 1;
        free.push(place);
        let gone = std::mem::replace(slot, Person { uid: ContactUid(0), wake: NEVER, packed: None });
        self.note_change(place);
        Some(gone)
    }
}

/// Numbers are random, and ours: they need little mixing, and no secret.
fn hash_of(uid: ContactUid) -> u64 {
    uid.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn part_of(hash: u64) -> usize {
    usize::try_from(hash >> 40).unwrap_or(0) % PARTS
}

fn at(pages: &[Vec<Person>], place: u32) -> Option<&Person> {
    let place = usize::try_from(place).ok()?;
    pages.get(place / PAGE)?.get(place % PAGE)
}

fn at_mut(pages: &mut [Vec<Person>], place: u32) -> Option<&mut Person> {
    let place = usize::try_from(place).ok()?;
    pages.get_mut(place / PAGE)?.get_mut(place % PAGE)
}

fn append(pages: &mut Vec<Vec<Person>>, person: Person) -> u32 {
    if pages.last().is_none_or(|page| page.len() == PAGE) {
        pages.push(Vec::with_capacity(PAGE));
    }
    let full = (pages.len() - 1) * PAGE;
    let on_page = pages.last_mut().map_or(0, |page| {
        page.push(person);
        page.len() - 1
    });
    u32::try_from(full + on_page).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::People;
    use crate::lang::Instant;
    use crate::machine::state::{ContactState, ContactUid};
    use crate::store::PackedState;

    fn packed(number: u64) -> PackedState {
        PackedState::pack(&ContactState { uid: ContactUid(number), ..ContactState::default() }).unwrap()
    }

    #[test]
    fn people_are_found_replaced_and_taken_out_over_many_pages() {
        let mut people = People::default();
        for number in 1..=10_000 {
            assert_eq!(people.put(ContactUid(number), packed(number), Some(Instant(5))), None);
        }
        assert_eq!(people.put(ContactUid(7), packed(7), None), Some(Instant(5)));
        assert_eq!(people.get(ContactUid(7)).unwrap().wake(), None);
        for number in (1..=10_000).step_by(2) {
            assert_eq!(people.remove(ContactUid(number)).unwrap().uid(), ContactUid(number));
        }
        assert!(people.remove(ContactUid(1)).is_none() && !people.has(ContactUid(0)));
        assert_eq!((people.len(), people.iter().count()), (5_000, 5_000));
        people.put(ContactUid(1), packed(1), None);
        let versions: Vec<u64> = (0..).map_while(|page| people.version(page)).collect();
        assert_eq!(versions.len(), 3);
        people.put(ContactUid(10_000), packed(10_000), None);
        let changed: Vec<usize> = (0..3).filter(|page| people.version(*page) != Some(versions[*page])).collect();
        assert_eq!(changed, [2]);
        assert_eq!((0..3).map(|page| people.on_page(page).count()).sum::<usize>(), people.len());
        assert!((2..=10_000).step_by(2).chain([1]).all(|number| people.get(ContactUid(number)).unwrap().packed() == Some(&packed(number))));
    }
}
