//! The disk itself fails: calls that go wrong, power that is lost, space that runs out. Through the disk of `tests/disk.c`, which the feature
//! `proof` builds in; its header says what it can be told.

use super::{NOW, event, image, line};
use crate::bench::{Daemon, Folder};
use campc::machine::state::ContactUid;
use campc::store::sqlite::{SqliteStore, check};
use campc::store::{Batch, ContactImage, LoadItem, Store, StoreError, Sweep};
use std::path::Path;

fn tell(sql: &str, params: impl rusqlite::Params) -> i64 {
    rusqlite::Connection::open_in_memory().unwrap().query_row(sql, params, |row| row.get(0)).unwrap()
}

fn calls() -> i64 {
    tell("SELECT disk_calls()", [])
}

fn fail(after: i64, kind: &str, how: &str) {
    tell("SELECT disk_fail(?1, ?2, ?3)", rusqlite::params![after, kind, how]);
}

fn heal() -> i64 {
    tell("SELECT disk_heal()", [])
}

fn lose_power(seed: u64, (from, to): (&Path, &Path)) {
    tell("SELECT disk_lose(?1, ?2, ?3)", rusqlite::params![i64::try_from(seed).unwrap(), from.to_str().unwrap(), to.to_str().unwrap()]);
}

/// A folder in memory where there is one: that disk is not the one which is tried.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// The `number`th batch: an event, a line and the state of contact 1, all of which name it; and another contact's.
fn batch(number: u64) -> Batch {
    let mut state = super::state(1);
    state.user_id = Some(format!("r{number}").into());
    let contacts = vec![ContactImage::of(&state, (None, None), None).unwrap(), image(2 + number % 7 * (1 << 50))];
    Batch { now: NOW, events: vec![event(1, Some(&format!("m{number}")))], journal: vec![line(1, &format!("l{number}"))], contacts, ..Batch::default() }
}

/// How many batches a store holds. Each is there whole or not at all, and none is missing before the last one.
fn held(path: &Path) -> u64 {
    let mut store = SqliteStore::open(path).unwrap();
    let (mut seen, mut user) = (Vec::new(), None);
    store
        .load(NOW, &mut |item| match item {
            LoadItem::Seen(key, _) => seen.push(key[1..].parse::<u64>().unwrap()),
            LoadItem::Contact(ContactUid(1), state) => user = state.open().unwrap().user_id,
            LoadItem::Quarantined(contact, reason) => panic!("{contact:?}: {reason}"),
            _ => {}
        })
        .unwrap();
    let count = u64::try_from(seen.len()).unwrap();
    assert_eq!(seen, (1..=count).collect::<Vec<_>>());
    assert_eq!(user.as_deref().map(str::to_owned), (count > 0).then(|| format!("r{count}")));
    let lines = store.reader().unwrap().journal(ContactUid(1), campc::store::PageRequest::ALL).unwrap();
    assert_eq!(lines.iter().map(|line| line.why.clone()).collect::<Vec<_>>(), (1..=count).map(|number| format!("l{number}")).collect::<Vec<_>>());
    drop(store);
    assert_eq!(check(path).unwrap().faults, Vec::<String>::new());
    count
}

/// Commits and sweeps until something fails or all is done; how many batches were acknowledged.
fn commit_until(store: &mut SqliteStore, (first, last): (u64, u64)) -> u64 {
    for number in first..=last {
        if store.commit(&batch(number)).is_err() {
            return number - 1;
        }
        let effort = if number % 5 == 0 { Sweep::Contacts(3) } else { Sweep::Inputs(2) };
        if store.sweep(effort).is_err() {
            return number;
        }
    }
    last
}

/// Power goes in the middle of a commit, and five times something else of what was not synced is lost and torn.
fn cut_power(round: u64) {
    tell("SELECT disk_forget()", []);
    let place = folder();
    let mut store = SqliteStore::open(&place.path().join("camp.db")).unwrap();
    let before = commit_until(&mut store, (1, 3 + round % 9));
    fail(i64::try_from(round * 7 % 40).unwrap(), "io", "lasting");
    let acknowledged = commit_until(&mut store, (before + 1, before + 4)).max(before);
    for seed in 0..5 {
        let left = folder();
        lose_power(round * 5 + seed, (place.path(), left.path()));
        heal();
        let held = held(&left.path().join("camp.db"));
        assert!(acknowledged <= held && held <= acknowledged + 1, "round {round}, seed {seed}: {acknowledged} acknowledged, {held} held");
    }
}

#[test]
fn g03_after_a_power_cut_everything_acknowledged_is_there() {
    (0..60).for_each(cut_power);
}

#[test]
fn g33_a_commit_that_is_not_synced_is_noticed() {
    campc::proof::plant(&[campc::proof::Mutant::MissingSync]);
    let is_noticed = (0..60).any(|round| std::panic::catch_unwind(|| cut_power(round)).is_err());
    assert!(is_noticed, "sixty power cuts, and nothing was missed");
}

#[test]
fn g04_whichever_call_fails_nothing_is_acknowledged_that_is_not_durable() {
    const BATCHES: u64 = 10;
    let dry = folder();
    let mut store = SqliteStore::open(&dry.path().join("camp.db")).unwrap();
    let before = calls();
    assert_eq!(commit_until(&mut store, (1, BATCHES)), BATCHES);
    let all = calls() - before;
    drop(store);
    assert!(all > 50, "{all} calls");
    let mut fatal = 0;
    for (kind, how) in [("io", "once"), ("io", "lasting"), ("short", "once"), ("full", "lasting"), ("sync", "once")] {
        for after in 0..all {
            tell("SELECT disk_forget()", []);
            let place = folder();
            let mut store = SqliteStore::open(&place.path().join("camp.db")).unwrap();
            fail(after, kind, how);
            let mut acknowledged = 0;
            while acknowledged < BATCHES {
                match store.commit(&batch(acknowledged + 1)) {
                    Ok(_) => acknowledged += 1,
                    // The process ends: nobody knows what is durable.
                    Err(error) if error.is_fatal() => {
                        fatal += 1;
                        break;
                    }
                    Err(StoreError::Full) if how == "lasting" => break,
                    Err(StoreError::Full) => {}
                    Err(other) => panic!("{kind} {how} {after}: {other}"),
                }
                if store.sweep(Sweep::Inputs(2)).is_err_and(|error| error.is_fatal()) {
                    break;
                }
            }
            heal();
            let left = folder();
            lose_power(u64::try_from(after).unwrap(), (place.path(), left.path()));
            drop(store);
            for path in [place.path().join("camp.db"), left.path().join("camp.db")] {
                let held = held(&path);
                assert!(acknowledged <= held && held <= acknowledged + 1, "{kind} {how} {after}: {acknowledged} acknowledged, {held} held");
            }
        }
    }
    assert!(fatal > 50, "{fatal}");
}

/// A daemon whose disk does what a file says.
fn daemon() -> (Folder, Daemon) {
    let folder = Folder::project("welcome");
    std::fs::write(folder.path().join("disk"), "").unwrap();
    let daemon =
        Daemon::start_in(&folder, &["run", "--clock", "manual", "--listen", "127.0.0.1:0"], &[("CAMP_DISK", folder.path().join("disk").to_str().unwrap())]);
    (folder, daemon)
}

fn identify(number: u64) -> String {
    format!(r#"{{"userId":"u{number}","messageId":"m{number}","traits":{{"email":"u{number}@x.example"}}}}"#)
}

#[test]
fn g04_a_sync_that_fails_ends_the_daemon_with_exit_74() {
    let (folder, daemon) = daemon();
    assert_eq!(daemon.send("/v1/identify", &identify(1)).status, 200);
    folder.write("disk", "sync");
    assert_ne!(daemon.send("/v1/identify", &identify(2)).status, 200);
    assert_eq!(daemon.wait(), 74);
    folder.write("disk", "");
    let again = Daemon::start(&folder);
    assert_eq!(again.admin("GET", "/v1/contacts/u1", "").status, 200);
}

#[test]
fn g05_a_full_disk_refuses_events_until_there_is_space_and_needs_no_restart() {
    let (folder, daemon) = daemon();
    for number in 1..=5 {
        assert_eq!(daemon.send("/v1/identify", &identify(number)).status, 200);
    }
    folder.write("disk", "full");
    let refused = daemon.send("/v1/identify", &identify(6));
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    assert_eq!(daemon.admin("GET", "/v1/contacts/u5", "").status, 200, "what is known is answered");
    folder.write("disk", "");
    // A refusal is followed by a rest of half a second, and no more.
    assert!((0..8).any(|_| daemon.send("/v1/identify", &identify(6)).status == 200), "back to normal");
    drop(daemon);
    let again = Daemon::start(&folder);
    for number in 1..=6 {
        assert_eq!(again.admin("GET", &format!("/v1/contacts/u{number}"), "").status, 200, "{number}");
    }
}
