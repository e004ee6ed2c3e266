//! The conformance suite of stores: one set of promises, asked of each.

use super::{NOW, Place, deploy_record, effect, event, full_batch, image, load, sqlite, state};
use campc::advance::Switches;
use campc::lang::Value;
use campc::machine::state::{ContactUid, EffectId, StepUid};
use campc::store::sqlite::SqliteStore;
use campc::store::{
    Batch, IdentityKind, LoadItem, OutboxChange, OutboxFilter, OutboxStatus, OutboxUpdate, PackedState, PageRequest, QuarantineChange, QuarantineRow, Store,
    StoreError,
};
use std::sync::Arc;

#[test]
fn what_was_committed_is_loaded_again() {
    for place in Place::all() {
        let mut store = place.open();
        store.deploy(&deploy_record(1), &Batch::default()).unwrap();
        let first = store.commit(&full_batch()).unwrap();
        let second = store.commit(&Batch { now: NOW.plus_millis(5), ..Batch::default() }).unwrap();
        assert!(first < second);
        drop(store);
        let items = load(place.open().as_mut());
        assert_eq!(items[0], LoadItem::Progress(second, NOW.plus_millis(5)));
        assert!(items.contains(&LoadItem::Program([7; 32], vec![1, 2, 3])));
        let contacts: Vec<_> = items.iter().filter(|item| matches!(item, LoadItem::Contact(..))).collect();
        assert_eq!(contacts, [1, 2].map(|number| LoadItem::Contact(ContactUid(number), PackedState::pack(&state(number)).unwrap())).each_ref());
        assert!(items.contains(&LoadItem::Identity(IdentityKind::Anonymous, "a1".into(), ContactUid(1))));
        assert!(items.contains(&LoadItem::Redirect(ContactUid(3), ContactUid(1))));
        assert!(items.contains(&LoadItem::Outbox(Box::new(effect(2, 2)))));
        assert!(items.contains(&LoadItem::Seen("m1".into(), NOW)));
        assert_eq!(items.iter().filter(|item| matches!(item, LoadItem::Seen(..))).count(), 1);
    }
}

#[test]
fn old_dedupe_keys_are_left_out() {
    for place in Place::all() {
        let mut store = place.open();
        for (number, offset) in [(1, -5_000), (2, -2_000), (3, -1_000), (4, 0)] {
            let key = format!("m{number}");
            store.commit(&Batch { now: NOW.plus_millis(offset), events: vec![event(number, Some(&key))], ..Batch::default() }).unwrap();
        }
        let seen: Vec<_> = load(store.as_mut()).into_iter().filter_map(|item| if let LoadItem::Seen(key, _) = item { Some(key) } else { None }).collect();
        assert_eq!(seen, ["m3".into(), "m4".into()] as [Arc<str>; 2]);
    }
}

#[test]
fn an_effect_that_is_known_aborts_the_whole_batch() {
    for place in Place::all() {
        let mut store = place.open();
        store.commit(&full_batch()).unwrap();
        let before = load(store.as_mut());
        let clash =
            Batch { contacts: vec![image(9)], events: vec![event(3, Some("m3"))], outbox: vec![effect(3, 1), effect(1, 1)], now: NOW, ..Batch::default() };
        assert!(matches!(store.commit(&clash), Err(StoreError::Clash(_))));
        assert_eq!(load(store.as_mut()), before);
    }
}

#[test]
fn an_update_meets_the_status_and_attempt_it_expects_or_nothing_happens() {
    for place in Place::all() {
        let mut store = place.open();
        store.commit(&full_batch()).unwrap();
        let to = OutboxChange { status: OutboxStatus::Accepted, attempt: 1, handed_over_at: Some(NOW), ..OutboxChange::queued(NOW.plus_millis(7_000)) };
        let update = OutboxUpdate { effect: EffectId([1; 20]), contact: ContactUid(1), from_status: OutboxStatus::Queued, from_attempt: 0, to };
        let again = Batch { updates: vec![update.clone()], contacts: vec![image(9)], ..Batch::default() };
        store.commit(&Batch { updates: vec![update], ..Batch::default() }).unwrap();
        assert!(matches!(store.commit(&again), Err(StoreError::Conflict(_))));
        let reader = store.reader().unwrap();
        let state = reader.effect(EffectId([1; 20]), Some(ContactUid(1))).unwrap().unwrap().state;
        assert_eq!((state.status, state.expires_at), (OutboxStatus::Accepted, NOW.plus_millis(7_000)));
        let open = load(store.as_mut()).into_iter().filter(|item| matches!(item, LoadItem::Outbox(_))).count();
        assert_eq!(open, 1, "what is accepted is open no more");
    }
}

#[test]
fn what_was_given_up_can_be_taken_up_again() {
    for place in Place::all() {
        let mut store = place.open();
        store.commit(&full_batch()).unwrap();
        let mut change = |(from_status, from_attempt), status, attempt| {
            let to = OutboxChange { status, attempt, ..OutboxChange::queued(NOW.plus_millis(1000)) };
            let update = OutboxUpdate { effect: EffectId([1; 20]), contact: ContactUid(1), from_status, from_attempt, to };
            store.commit(&Batch { updates: vec![update], ..Batch::default() })
        };
        change((OutboxStatus::Queued, 0), OutboxStatus::Dead, 3).unwrap();
        assert!(matches!(change((OutboxStatus::Dead, 2), OutboxStatus::Queued, 3), Err(StoreError::Conflict(_))));
        change((OutboxStatus::Dead, 3), OutboxStatus::Queued, 3).unwrap();
        drop(store);
        let mut store = place.open();
        let open = load(store.as_mut()).into_iter().filter(|item| matches!(item, LoadItem::Outbox(_))).count();
        assert_eq!(open, 2, "it is open again");
        assert!(matches!(store.commit(&Batch { outbox: vec![effect(1, 1)], ..Batch::default() }), Err(StoreError::Clash(_))));
    }
}

fn put_aside(id: u64, contact: Option<u64>) -> QuarantineRow {
    QuarantineRow {
        id,
        at: NOW,
        contact: contact.map(ContactUid),
        kind: "event".into(),
        what: "purchase".into(),
        error: "the program is damaged".into(),
        program: [7; 32],
        campaign: Some(4),
        step: Some(StepUid(u64::MAX - 1)),
        body: "{}".to_owned(),
    }
}

#[test]
fn what_was_put_aside_is_loaded_until_it_is_settled_or_its_contact_erased() {
    for place in Place::all() {
        let mut store = place.open();
        let rows = [put_aside(1, Some(1)), put_aside(2, None), put_aside(3, Some(2))];
        let put = |row: &QuarantineRow| QuarantineChange::Put(Box::new(row.clone()));
        store.commit(&Batch { now: NOW, quarantine: rows.iter().map(put).collect(), ..full_batch() }).unwrap();
        drop(store);
        let mut store = place.open();
        let known = |store: &mut dyn Store| -> Vec<QuarantineRow> {
            load(store).into_iter().filter_map(|item| if let LoadItem::PutAside(row) = item { Some(*row) } else { None }).collect()
        };
        assert_eq!(known(store.as_mut()), rows);
        store.commit(&Batch { now: NOW, quarantine: vec![QuarantineChange::Settled(2)], ..Batch::default() }).unwrap();
        store.erase(ContactUid(1)).unwrap();
        assert_eq!(known(store.as_mut()), [put_aside(3, Some(2))]);
    }
}

#[test]
fn readers_see_what_is_committed() {
    for place in Place::all() {
        let mut store = place.open();
        store.deploy(&deploy_record(1), &Batch::default()).unwrap();
        let reader = store.reader().unwrap();
        store.commit(&full_batch()).unwrap();
        let journal = reader.journal(ContactUid(1), PageRequest::ALL).unwrap();
        assert_eq!(journal.iter().map(|line| line.why.as_str()).collect::<Vec<_>>(), ["one", "three"]);
        assert_eq!(journal[0].campaign_name.as_deref(), Some("C"));
        assert_eq!(journal[0].step_identity.as_deref(), Some("email welcome"));
        assert_eq!(journal[0].source.as_deref(), Some("main.camp:3:1"));
        assert_eq!(journal[0].step, Some(StepUid(u64::MAX - 1)));
        assert_eq!(journal[0].fact, Some(("points".into(), Value::Number(46.0), Value::Number(56.0))));
        assert_eq!(reader.journal_of_all(PageRequest { after: journal[0].position, limit: 1 }).unwrap()[0].why, "two");
        assert_eq!(reader.journal_counts().unwrap()[0].count, 3);
        assert_eq!(reader.events(Some(ContactUid(1)), PageRequest::ALL).unwrap().len(), 2);
        assert_eq!(reader.events(None, PageRequest::ALL).unwrap()[0].properties, r#"{"a":1}"#);
        let filter = OutboxFilter { contact: None, campaign: Some(4), status: Some(OutboxStatus::Queued), page: PageRequest::ALL };
        assert_eq!(reader.outbox(&filter).unwrap().len(), 2);
        let filter = OutboxFilter { contact: Some(ContactUid(2)), ..filter };
        assert_eq!(reader.outbox(&filter).unwrap()[0].1, effect(2, 2));
        assert_eq!(reader.undeclared_events().unwrap()[0].count, 1);
    }
}

#[test]
fn switches_and_meta_last() {
    for place in Place::all() {
        let mut store = place.open();
        let switches = Switches { paused: [4, 9].into(), ..Switches::default() };
        store.set_switches(&switches).unwrap();
        store.set_meta(&[("key", b"one")]).unwrap();
        store.set_meta(&[("key", b"two")]).unwrap();
        drop(store);
        let mut store = place.open();
        assert_eq!(store.reader().unwrap().meta("key").unwrap().as_deref(), Some(&b"two"[..]));
        let mut found = None;
        store
            .load(NOW, &mut |item| {
                if let LoadItem::Switches(switches) = item {
                    found = Some(switches)
                }
            })
            .unwrap();
        assert_eq!(found, Some(switches));
    }
}

#[test]
fn an_erased_contact_is_in_no_table() {
    for place in Place::all() {
        let mut store = place.open();
        store.commit(&full_batch()).unwrap();
        store.erase(ContactUid(1)).unwrap();
        let reader = store.reader().unwrap();
        assert!(reader.journal(ContactUid(1), PageRequest::ALL).unwrap().is_empty());
        assert!(reader.events(Some(ContactUid(1)), PageRequest::ALL).unwrap().is_empty());
        assert!(reader.effect(EffectId([1; 20]), Some(ContactUid(1))).unwrap().is_none());
        assert!(reader.effect(EffectId([2; 20]), None).unwrap().is_some());
        assert!(!load(store.as_mut()).iter().any(|item| matches!(item, LoadItem::Contact(ContactUid(1), _))));
    }
}

#[test]
fn a_flipped_bit_sets_one_contact_aside_and_the_others_go_on() {
    let (place, connection) = sqlite();
    let mut body: Vec<u8> = connection.query_row("SELECT state FROM contact WHERE uid = 1", [], |row| row.get(0)).unwrap();
    body[7] ^= 0x10;
    connection.execute("UPDATE contact SET state = ?1 WHERE uid = 1", [body]).unwrap();
    drop(connection);
    let items = load(place.open().as_mut());
    assert!(items.iter().any(|item| matches!(item, LoadItem::Quarantined(ContactUid(1), _))));
    assert!(items.iter().any(|item| matches!(item, LoadItem::Contact(ContactUid(2), _))));
}

#[test]
fn a_flipped_bit_of_an_effect_is_found_before_it_is_sent() {
    let (place, connection) = sqlite();
    connection.execute("UPDATE effect SET body = zeroblob(length(body)) WHERE position = (SELECT position FROM outbox WHERE contact = 1)", []).unwrap();
    drop(connection);
    let items = load(place.open().as_mut());
    assert!(items.iter().any(|item| matches!(item, LoadItem::Quarantined(ContactUid(1), _))));
    assert_eq!(items.iter().filter(|item| matches!(item, LoadItem::Outbox(_))).count(), 1);
}

#[test]
fn a_newer_store_is_refused_untouched() {
    let (place, connection) = sqlite();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(SqliteStore::open(&place.path()), Err(StoreError::Newer { found: 99, known: 3 })));
}

#[test]
fn a_store_has_one_writer() {
    let place = Place::File(tempfile::tempdir().unwrap());
    let first = place.open();
    assert!(matches!(SqliteStore::open(&place.path()), Err(StoreError::InUse(_))));
    drop(first);
    place.open();
}

#[test]
fn a_person_can_read_it() {
    let (_place, connection) = sqlite();
    let row: (String, String, String) = connection
        .query_row("SELECT at, email, why FROM journal_view WHERE contact IS NOT NULL ORDER BY position", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    assert_eq!(row, ("2026-02-25T06:13:20.000Z".to_owned(), "c1@x.example".to_owned(), "one".to_owned()));
    let status: String = connection.query_row("SELECT status FROM outbox_view", [], |row| row.get(0)).unwrap();
    assert_eq!(status, "queued");
}
