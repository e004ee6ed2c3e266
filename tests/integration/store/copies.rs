//! Files of a store: older ones, copies, and what a check says of them.

use super::script::{Numbers, told};
use super::{NOW, Place, deploy_record, effect, event, full_batch, image, line, load, sweep_all};
use campc::machine::state::{ContactUid, EffectId};
use campc::store::sqlite::{LINEAGE, SENDING, SqliteStore, backup, check, restore, schema_version};
use campc::store::{Batch, LoadItem, OutboxStatus, PageRequest, Store, StoreError};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A store that version 1 wrote, with people waiting, a merge, and a mail that could not be delivered yet.
fn version_1() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores/version_1.db");
    std::fs::copy(fixture, dir.path().join("camp.db")).unwrap();
    dir
}

#[test]
fn g27_a_store_of_version_1_goes_on_with_everybody_in_it() {
    let dir = version_1();
    let path = dir.path().join("camp.db");
    assert_eq!(schema_version(&path).unwrap(), 1);
    assert!(matches!(check(&path), Err(StoreError::Older { found: 1, .. })));
    for _ in 0..2 {
        let mut store = SqliteStore::open(&path).unwrap();
        let mut items = Vec::new();
        store.load(campc::lang::Instant(0), &mut |item| items.push(item)).unwrap();
        let count = |is: fn(&LoadItem) -> bool| items.iter().filter(|item| is(item)).count();
        assert_eq!(count(|item| matches!(item, LoadItem::Contact(_, state) if state.open().is_ok())), 9);
        assert_eq!(count(|item| matches!(item, LoadItem::Quarantined(..))), 0);
        assert_eq!(count(|item| matches!(item, LoadItem::Identity(..))), 10);
        assert_eq!(count(|item| matches!(item, LoadItem::Redirect(..))), 1);
        assert_eq!(count(|item| matches!(item, LoadItem::Outbox(row) if row.state.status == OutboxStatus::Queued)), 1);
        assert_eq!(count(|item| matches!(item, LoadItem::Seen(..))), 22);
        let waiting = items.iter().filter_map(|item| if let LoadItem::Contact(_, state) = item { state.open().ok() } else { None });
        let waiting = waiting.filter(|state| !state.enrollments.is_empty()).map(|state| state.uid).collect::<Vec<_>>();
        assert_eq!(waiting.len(), 3);
        let reader = store.reader().unwrap();
        assert!(reader.journal(waiting[0], PageRequest::ALL).unwrap().iter().any(|line| line.what == "enrolled"));
        assert!(!reader.events(Some(waiting[0]), PageRequest::ALL).unwrap().is_empty());
        sweep_all(&mut store);
    }
    let report = check(&path).unwrap();
    assert_eq!((report.contacts, report.effects, report.faults), (9, 15, Vec::new()));
    assert_eq!(schema_version(&path).unwrap(), campc::store::sqlite::SCHEMA_VERSION);
}

/// The program of these stores is made up.
fn faults_but_the_program(path: &Path) -> Vec<String> {
    check(path).unwrap().faults.into_iter().filter(|fault| !fault.starts_with("program 0707")).collect()
}

#[test]
fn a_check_finds_nothing_in_a_store_that_is_well() {
    for is_swept in [false, true] {
        let place = Place::File(tempfile::tempdir().unwrap());
        let mut store = place.open();
        store.commit(&full_batch()).unwrap();
        if is_swept {
            sweep_all(store.as_mut());
        }
        // Beside the writer, too.
        assert_eq!(check(&place.path()).unwrap().faults, Vec::<String>::new());
    }
}

#[test]
fn tables_that_do_not_follow_from_the_states_are_found_and_made_again() {
    let place = Place::File(tempfile::tempdir().unwrap());
    let mut store = place.open();
    let mut state = super::state(1);
    state.segments = [(3, campc::machine::state::Membership { since: NOW })].into_iter().collect();
    state.enrollments.push(super::enrollment(4));
    let contacts = vec![campc::store::ContactImage::of(&state, (None, None), None).unwrap()];
    store.deploy(&deploy_record(1), &Batch { now: NOW, contacts, ..Batch::default() }).unwrap();
    sweep_all(store.as_mut());
    drop(store);
    let connection = rusqlite::Connection::open(place.path()).unwrap();
    let row: (String, String, i64) =
        connection.query_row("SELECT campaign, step, enrollments FROM step_view", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    assert_eq!(row, ("C".to_owned(), "email welcome".to_owned(), 1));
    connection.execute_batch("UPDATE step_census SET enrollments = 9; DELETE FROM segment_member; UPDATE enrollment SET step = 5;").unwrap();
    drop(connection);
    let faults = check(&place.path()).unwrap().faults;
    for word in ["`enrollment` differs", "`segment_member` differs", "`step_census`"] {
        assert!(faults.iter().any(|fault| fault.contains(word)), "{word}: {faults:?}");
    }
    SqliteStore::open(&place.path()).unwrap().rebuild().unwrap();
    assert_eq!(faults_but_the_program(&place.path()), Vec::<String>::new());
}

#[test]
fn a_restored_store_is_another_one_and_sends_nothing_until_it_is_armed() {
    let place = Place::File(tempfile::tempdir().unwrap());
    let mut store = place.open();
    store.commit(&full_batch()).unwrap();
    let before = told(store.as_mut());
    let dir = tempfile::tempdir().unwrap();
    let (copy, restored) = (dir.path().join("monday.db"), dir.path().join("camp.db"));
    backup(&place.path(), &copy).unwrap();
    assert!(matches!(backup(&place.path(), &copy), Err(StoreError::Exists(_))), "a backup is never written over");
    restore(&copy, &restored).unwrap();
    assert!(matches!(restore(&copy, &restored), Err(StoreError::Exists(_))), "nor a store");
    let meta = |store: &dyn Store, key: &str| store.reader().unwrap().meta(key).unwrap();
    let mut again = SqliteStore::open(&restored).unwrap();
    assert_eq!(told(&mut again), before);
    assert_ne!(meta(&again, LINEAGE), meta(store.as_ref(), LINEAGE));
    assert_eq!(meta(&again, SENDING).as_deref(), Some(&b"off"[..]));
    again.arm().unwrap();
    assert_eq!(meta(&again, SENDING).as_deref(), Some(&b"on"[..]));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("partial")).count(), 0);
}

#[test]
fn g34_a_backup_under_load_is_of_one_moment() {
    let place = Place::File(tempfile::tempdir().unwrap());
    let mut store = place.open();
    store.deploy(&deploy_record(1), &Batch::default()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (is_over, committed) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let path = place.path();
        let (is_over, committed, dir) = (&is_over, &committed, dir.path());
        let copying = scope.spawn(move || {
            let mut sure = Vec::new();
            for number in 0..8 {
                let before = committed.load(Ordering::SeqCst);
                backup(&path, &dir.join(format!("{number}.db"))).unwrap();
                sure.push((before, committed.load(Ordering::SeqCst)));
            }
            is_over.store(true, Ordering::SeqCst);
            sure
        });
        let mut numbers = Numbers(5);
        let mut number = 0;
        while !is_over.load(Ordering::SeqCst) {
            number += 1;
            let contact = 1 + numbers.below(50) * (1 << 52);
            let mut row = event(1, Some(&format!("m{number}")));
            row.contact = ContactUid(contact);
            store
                .commit(&Batch { now: NOW, events: vec![row], journal: vec![line(contact, "one")], contacts: vec![image(contact)], ..Batch::default() })
                .unwrap();
            store.sweep(campc::store::Sweep::Inputs(1)).unwrap();
            committed.store(number, Ordering::SeqCst);
        }
        for (number, (before, after)) in copying.join().unwrap().into_iter().enumerate() {
            let restored = dir.join(format!("restored-{number}.db"));
            restore(&dir.join(format!("{number}.db")), &restored).unwrap();
            let mut store = SqliteStore::open(&restored).unwrap();
            let seen = load(&mut store).into_iter().filter(|item| matches!(item, LoadItem::Seen(..))).count();
            let lines = store.reader().unwrap().journal_of_all(PageRequest::ALL).unwrap().len();
            assert_eq!(seen, lines, "events and lines of one moment");
            let seen = u64::try_from(seen).unwrap();
            assert!(before <= seen && seen <= after + 1, "{before} {seen} {after}");
            assert_eq!(faults_but_the_program(&restored), Vec::<String>::new());
        }
    });
}

#[test]
fn g28_of_an_erased_contact_no_byte_is_left() {
    let place = Place::File(tempfile::tempdir().unwrap());
    let canaries = ["canary-user-7f3a", "canary.mail.7f3b@x.example", "canary-property-7f3c", "canary-reason-7f3d", "canary-message-7f3e"];
    let mut store = place.open();
    let batch = |step: i64| {
        let mut state = super::state(1);
        state.user_id = Some(canaries[0].into());
        state.fields = [(1, campc::lang::Value::text(canaries[1]))].into_iter().collect();
        let mut row = event(u8::try_from(step).unwrap(), Some(canaries[4]));
        row.properties = format!(r#"{{"a":"{}"}}"#, canaries[2]);
        let contacts = vec![campc::store::ContactImage::of(&state, (Some(canaries[1].into()), None), None).unwrap(), image(2)];
        let outbox = vec![effect(u8::try_from(step).unwrap(), 1)];
        Batch { now: NOW.plus_millis(step), events: vec![row], journal: vec![line(1, canaries[3]), line(2, "stays")], contacts, outbox, ..Batch::default() }
    };
    for step in 1..60 {
        store.commit(&batch(step)).unwrap();
        if step % 7 == 0 {
            sweep_all(store.as_mut());
        }
    }
    let found = |place: &Place| {
        let files = std::fs::read_dir(place.path().parent().unwrap()).unwrap();
        let bytes: Vec<Vec<u8>> = files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
        canaries.iter().filter(|canary| bytes.iter().any(|bytes| bytes.windows(canary.len()).any(|part| part == canary.as_bytes()))).count()
    };
    assert_eq!(found(&place), canaries.len(), "they are there before");
    store.erase(ContactUid(1)).unwrap();
    assert_eq!(found(&place), 0, "database, log and free pages");
    let copy = place.path().with_file_name("backup.db");
    backup(&place.path(), &copy).unwrap();
    assert_eq!(found(&place), 0, "and copies");
    let reader = store.reader().unwrap();
    assert_eq!(reader.journal(ContactUid(2), PageRequest::ALL).unwrap().len(), 59);
    assert!(reader.effect(EffectId([3; 20]), Some(ContactUid(1))).unwrap().is_none());
    assert_eq!(check(&place.path()).unwrap().faults, Vec::<String>::new());
}
