//! What a log with swept tables promises beyond a plain store: nothing is lost between log and tables, and positions only grow.

use super::script::told;
use super::{NOW, Place, effect, event, full_batch, image, line, load, sweep_all};
use campc::machine::state::{ContactUid, EffectId};
use campc::store::{Batch, IdentityChange, IdentityKind, LoadItem, OutboxChange, OutboxStatus, OutboxUpdate, PageRequest, Store, StoreError, Sweep, Swept};

#[test]
fn a_sweep_changes_nothing_that_is_told() {
    for place in Place::all() {
        let mut store = place.open();
        store.commit(&full_batch()).unwrap();
        let before = told(store.as_mut());
        sweep_all(store.as_mut());
        assert_eq!(told(store.as_mut()), before);
        drop(store);
        assert_eq!(told(place.open().as_mut()), before);
    }
}

#[test]
fn the_newest_after_image_counts_swept_or_not() {
    for place in Place::all() {
        let mut store = place.open();
        let with = |user: &str| {
            let mut state = super::state(1);
            state.user_id = Some(user.into());
            campc::store::ContactImage::of(&state, (None, None), None).unwrap()
        };
        store.commit(&Batch { now: NOW, contacts: vec![with("first")], ..Batch::default() }).unwrap();
        sweep_all(store.as_mut());
        store.commit(&Batch { now: NOW, contacts: vec![with("second")], ..Batch::default() }).unwrap();
        store.commit(&Batch { now: NOW, contacts: vec![with("third")], ..Batch::default() }).unwrap();
        drop(store);
        let items = load(place.open().as_mut());
        let users: Vec<_> = items.iter().filter_map(|item| if let LoadItem::Contact(_, state) = item { state.open().unwrap().user_id } else { None }).collect();
        assert_eq!(users, ["third".into()] as [std::sync::Arc<str>; 1]);
    }
}

#[test]
fn a_key_belongs_to_who_got_it_last() {
    for place in Place::all() {
        let mut store = place.open();
        let give = |contact: u64, former: Option<u64>| Batch {
            now: NOW,
            identities: vec![IdentityChange { kind: IdentityKind::Anonymous, key: "a".into(), contact: ContactUid(contact), former: former.map(ContactUid) }],
            ..Batch::default()
        };
        store.commit(&give(1, None)).unwrap();
        store.commit(&give(2, Some(1))).unwrap();
        sweep_all(store.as_mut());
        store.commit(&give(1, Some(2))).unwrap();
        let owners = |store: &mut dyn Store| {
            let items = load(store).into_iter();
            items.filter_map(|item| if let LoadItem::Identity(_, _, owner) = item { Some(owner.0) } else { None }).collect::<Vec<_>>()
        };
        assert_eq!(owners(store.as_mut()), [1]);
        sweep_all(store.as_mut());
        drop(store);
        assert_eq!(owners(place.open().as_mut()), [1]);
    }
}

#[test]
fn an_effect_that_was_done_long_ago_still_clashes() {
    for place in Place::all() {
        let mut store = place.open();
        store.commit(&full_batch()).unwrap();
        let to = OutboxChange { status: OutboxStatus::Accepted, attempt: 1, ..OutboxChange::queued(NOW.plus_millis(1000)) };
        let update = OutboxUpdate { effect: EffectId([1; 20]), contact: ContactUid(1), from_status: OutboxStatus::Queued, from_attempt: 0, to };
        store.commit(&Batch { updates: vec![update], ..Batch::default() }).unwrap();
        sweep_all(store.as_mut());
        drop(store);
        let mut store = place.open();
        let again = Batch { outbox: vec![effect(1, 1)], contacts: vec![image(9)], ..Batch::default() };
        assert!(matches!(store.commit(&again), Err(StoreError::Clash(_))));
        assert!(!load(store.as_mut()).iter().any(|item| matches!(item, LoadItem::Contact(ContactUid(9), _))), "nothing of the batch is durable");
    }
}

#[test]
fn positions_grow_over_restarts_and_erasures() {
    for place in Place::all() {
        let mut store = place.open();
        store.commit(&full_batch()).unwrap();
        let last = store.reader().unwrap().journal_of_all(PageRequest::ALL).unwrap().last().unwrap().position;
        store.commit(&Batch { now: NOW, journal: vec![line(7, "of somebody else")], ..Batch::default() }).unwrap();
        sweep_all(store.as_mut());
        drop(store);
        let mut store = place.open();
        let again = store.commit(&Batch { now: NOW, journal: vec![line(7, "later")], ..Batch::default() }).unwrap();
        assert!(again.0 > 2);
        let lines = store.reader().unwrap().journal(ContactUid(7), PageRequest { after: last, limit: 9 }).unwrap();
        assert_eq!(lines.iter().map(|line| line.why.as_str()).collect::<Vec<_>>(), ["of somebody else", "later"]);
    }
}

#[test]
fn rows_of_a_contact_without_an_image_are_found_after_a_restart() {
    for place in Place::all() {
        let mut store = place.open();
        store.commit(&Batch { now: NOW, events: vec![event(1, None)], journal: vec![line(5, "alone")], ..Batch::default() }).unwrap();
        for _ in 0..2 {
            drop(store);
            store = place.open();
            let reader = store.reader().unwrap();
            assert_eq!(reader.events(Some(ContactUid(1)), PageRequest::ALL).unwrap().len(), 1);
            assert_eq!(reader.journal(ContactUid(5), PageRequest::ALL).unwrap().len(), 1);
            sweep_all(store.as_mut());
        }
    }
}

#[test]
fn old_events_and_lines_are_let_go_and_the_rest_is_found() {
    for place in Place::all() {
        let mut store = place.open();
        for (number, offset) in [(1, -5_000), (2, -2_000), (3, 0)] {
            let mut said = line(1, &format!("line {number}"));
            said.entry.at = NOW.plus_millis(offset);
            let key = format!("m{number}");
            let events = vec![event(number, Some(&key))];
            store.commit(&Batch { now: NOW.plus_millis(offset), events, journal: vec![said], contacts: vec![image(1)], ..Batch::default() }).unwrap();
        }
        assert_eq!(store.forget_before(NOW.plus_millis(-3_000)).unwrap(), Swept::All);
        let reader = store.reader().unwrap();
        let lines = reader.journal(ContactUid(1), PageRequest::ALL).unwrap();
        assert_eq!(lines.iter().map(|line| line.why.as_str()).collect::<Vec<_>>(), ["line 2", "line 3"]);
        assert_eq!(reader.events(Some(ContactUid(1)), PageRequest::ALL).unwrap().len(), 2);
        assert_eq!(reader.journal_counts().unwrap()[0].count, 3, "what was counted stays");
        drop((reader, store));
        let seen = load(place.open().as_mut()).into_iter().filter(|item| matches!(item, LoadItem::Seen(..))).count();
        assert_eq!(seen, 1, "of the last second");
    }
}

#[test]
fn a_program_that_was_deployed_is_read_again() {
    for place in Place::all() {
        let mut store = place.open();
        store.deploy(&super::deploy_record(1), &Batch::default()).unwrap();
        store.deploy(&super::deploy_record(2), &full_batch()).unwrap();
        drop(store);
        let store = place.open();
        let reader = store.reader().unwrap();
        let (image, deployment) = reader.deployed([7; 32]).unwrap().unwrap();
        assert_eq!((image.as_slice(), deployment.seq), (&[1, 2, 3][..], 2));
        assert!(reader.deployed([8; 32]).unwrap().is_none());
    }
}

#[test]
fn a_round_beside_the_load_takes_as_many_inputs_as_there_are_contacts() {
    for place in Place::all() {
        let mut store = place.open();
        let spread = |number: u64| number << 53;
        for number in 1..=100 {
            store.commit(&Batch { now: NOW, contacts: vec![image(spread(number))], ..Batch::default() }).unwrap();
        }
        sweep_all(store.as_mut());
        for number in 1..=100 {
            store.commit(&Batch { now: NOW, contacts: vec![image(spread(number))], ..Batch::default() }).unwrap();
        }
        let rounds = (0..1_100).take_while(|_| store.sweep(Sweep::Inputs(1)).unwrap() == Swept::More).count();
        assert!(rounds < 1_100, "slots of the id space pass every contact");
    }
}
