//! Damage: whatever bit of a file flips, it is found before it does harm.

use super::script::Numbers;
use super::{Place, deploy_record, effect, full_batch, image, load, sqlite, sweep_all};
use campc::machine::state::ContactUid;
use campc::store::sqlite::{SqliteStore, check};
use campc::store::{Batch, LoadItem, Store, StoreError};

/// A closed file in which contacts 1 to 20 are swept, and their effects open.
fn file() -> Place {
    let place = Place::File(tempfile::tempdir().unwrap());
    let mut store = place.open();
    store.deploy(&deploy_record(1), &full_batch()).unwrap();
    let contacts = (4..=20).map(image).collect();
    let outbox = (4..=20).map(|number| effect(u8::try_from(number).unwrap(), number)).collect();
    store.commit(&Batch { now: super::NOW, contacts, outbox, ..Batch::default() }).unwrap();
    sweep_all(store.as_mut());
    drop(store);
    place
}

/// Flips a bit in the bytes of a row that a statement finds.
fn flip(place: &Place, (select, update): (&str, &str), numbers: &mut Numbers) {
    let connection = rusqlite::Connection::open(place.path()).unwrap();
    let mut body: Vec<u8> = connection.query_row(select, [], |row| row.get(0)).unwrap();
    let bit = usize::try_from(numbers.below(u64::try_from(body.len()).unwrap() * 8)).unwrap();
    body[bit / 8] ^= 1 << (bit % 8);
    connection.execute(update, [body]).unwrap();
}

#[test]
fn g06_every_flipped_bit_of_a_state_or_an_effect_sets_its_contact_aside_alone() {
    let mut numbers = Numbers(6);
    let places = [
        ("SELECT state FROM contact WHERE uid = 7", "UPDATE contact SET state = ?1 WHERE uid = 7"),
        (
            "SELECT body FROM effect WHERE position = (SELECT position FROM outbox WHERE contact = 7)",
            "UPDATE effect SET body = ?1 WHERE position = (SELECT position FROM outbox WHERE contact = 7)",
        ),
    ];
    for place in places {
        for _ in 0..50 {
            let file = file();
            flip(&file, place, &mut numbers);
            assert!(check(&file.path()).unwrap().faults.iter().any(|fault| fault.contains(&ContactUid(7).to_text())));
            let items = load(file.open().as_mut());
            let quarantined: Vec<_> = items.iter().filter_map(|item| if let LoadItem::Quarantined(uid, _) = item { Some(uid.0) } else { None }).collect();
            assert_eq!(quarantined, [7]);
            let others = items.iter().filter(|item| matches!(item, LoadItem::Contact(uid, _) if uid.0 != 7)).count();
            assert_eq!(others, 18, "1 to 20 without 3, who is merged, and 7");
        }
    }
}

#[test]
fn g06_a_flipped_bit_of_an_image_that_waits_for_the_sweep_is_found_as_well() {
    let mut numbers = Numbers(66);
    for _ in 0..50 {
        let place = Place::File(tempfile::tempdir().unwrap());
        place.open().commit(&full_batch()).unwrap();
        flip(&place, ("SELECT state FROM image WHERE contact = 2", "UPDATE image SET state = ?1 WHERE contact = 2"), &mut numbers);
        for _ in 0..2 {
            let mut store = place.open();
            let items = load(store.as_mut());
            assert!(items.iter().any(|item| matches!(item, LoadItem::Quarantined(ContactUid(2), _))));
            assert!(items.iter().any(|item| matches!(item, LoadItem::Contact(ContactUid(1), _))));
            // The sweep takes the damage along; it does not make it good.
            sweep_all(store.as_mut());
        }
    }
}

#[test]
fn g06_a_broken_page_is_found_and_nothing_is_made_of_it() {
    let mut numbers = Numbers(666);
    let mut refused = 0;
    for _ in 0..40 {
        let file = file();
        let mut bytes = std::fs::read(file.path()).unwrap();
        // The head of a page that is in use: kind, free blocks, number of cells.
        let page = usize::try_from(numbers.below(u64::try_from(bytes.len() / 4096).unwrap())).unwrap();
        let start = page * 4096 + if page == 0 { 100 } else { 0 };
        let bit = usize::try_from(numbers.below(5 * 8)).unwrap();
        bytes[start + bit / 8] ^= 1 << (bit % 8);
        std::fs::write(file.path(), bytes).unwrap();
        let opened = SqliteStore::open(&file.path()).and_then(|mut store| store.load(super::NOW, &mut |_| {}));
        let found = match opened {
            Err(StoreError::Damaged(_)) => true,
            Err(other) => panic!("{other}"),
            // A page that nothing of the opening reads: the check finds it.
            Ok(()) => false,
        };
        refused += usize::from(found);
        if !found {
            drop(check(&file.path()));
        }
    }
    assert!(refused > 0, "some of them are pages that every start reads");
}

#[test]
fn g06_a_program_that_was_damaged_is_told_by_the_check() {
    let (place, connection) = sqlite();
    connection.execute("INSERT INTO program (hash, image, added_at) VALUES (zeroblob(32), x'00', 0)", []).unwrap();
    drop(connection);
    assert!(check(&place.path()).unwrap().faults.iter().any(|fault| fault.starts_with("program 0000")));
}
