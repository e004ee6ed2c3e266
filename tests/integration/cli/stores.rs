//! `campc store`: beside a daemon and without one.

use crate::bench::{Daemon, Folder};

fn identify(daemon: &Daemon, user: &str) {
    let body = format!(r#"{{"userId":"{user}","traits":{{"email":"{user}@x.example","firstName":"Ana"}}}}"#);
    assert_eq!(daemon.send("/v1/identify", &body).status, 200);
}

fn sign_up(daemon: &Daemon, user: &str) {
    let body = format!(r#"{{"userId":"{user}","event":"signed_up","properties":{{"plan":"pro"}}}}"#);
    assert_eq!(daemon.send("/v1/track", &body).status, 200);
    daemon.idle();
}

#[test]
fn a_backup_beside_a_daemon_becomes_a_store_that_sends_once_it_is_armed() {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start(&folder);
    identify(&daemon, "u1");
    let copied = folder.run(&["store", "backup", "monday.db"]);
    assert_eq!(copied.code, 0, "{copied:?}");
    assert_eq!(folder.run(&["store", "backup", "monday.db"]).code, 2, "a backup is not written over");
    assert_eq!(folder.run(&["store", "check"]).code, 0);
    let refused = folder.run(&["store", "vacuum"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("a daemon"), "{refused:?}");
    assert_eq!(folder.run(&["store", "restore", "monday.db"]).code, 2, "a store is not written over");
    assert_eq!(daemon.stop(), 0);
    for name in ["camp.db", "camp.db-wal", "camp.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    assert_eq!(folder.run(&["store", "check"]).code, 1, "there is none");
    let restored = folder.run(&["store", "restore", "monday.db"]);
    assert_eq!(restored.code, 0, "{restored:?}");
    let daemon = Daemon::start(&folder);
    sign_up(&daemon, "u1");
    assert!(folder.outbox().is_empty(), "a restored store sends nothing");
    let (code, said) = daemon.stop_and_read();
    assert_eq!(code, 0);
    assert!(said.contains("campc store arm"), "{said}");
    assert_eq!(folder.run(&["store", "arm"]).code, 0);
    let daemon = Daemon::start(&folder);
    daemon.idle();
    assert_eq!(folder.outbox().len(), 1, "what waited leaves");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_daemon_that_sends_nothing_keeps_what_it_would_send() {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start_with(&folder, &["run", "--clock", "manual", "--listen", "127.0.0.1:0", "--sending", "off"]);
    identify(&daemon, "u1");
    sign_up(&daemon, "u1");
    assert!(folder.outbox().is_empty());
    assert_eq!(daemon.stop(), 0);
    let daemon = Daemon::start(&folder);
    daemon.idle();
    assert_eq!(folder.outbox().len(), 1);
}

#[test]
fn a_store_is_checked_made_small_and_brought_up_to_date() {
    let folder = Folder::project("welcome");
    std::fs::copy(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores/version_1.db"), folder.path().join("camp.db")).unwrap();
    let older = folder.run(&["store", "check"]);
    assert_eq!(older.code, 2);
    assert!(older.err.contains("campc store migrate"), "{older:?}");
    let migrated = folder.run(&["store", "migrate"]);
    assert_eq!((migrated.code, migrated.out.as_str()), (0, "the store had schema version 1 and has 3 now\n"));
    assert_eq!(folder.run(&["store", "vacuum"]).code, 0);
    let checked = folder.run(&["store", "check"]);
    assert_eq!((checked.code, checked.out.as_str()), (0, "camp.db: all well, 9 contacts and 15 effects\n"));
    let connection = rusqlite::Connection::open(folder.path().join("camp.db")).unwrap();
    connection.execute_batch("UPDATE step_census SET enrollments = 77").unwrap();
    drop(connection);
    assert_eq!(folder.run(&["store", "check"]).code, 1);
    assert_eq!(folder.run(&["store", "check", "--rebuild"]).code, 0);
}
