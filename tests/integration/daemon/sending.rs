//! Throttles across contacts and restarts.

use super::rig::{HOUR, Rig, track};
use campc::bytecode::Program;
use campc::compiler::{Workspace, analyze, compile};
use campc::daemon::api::ContactKey;
use campc::store::sqlite::SqliteStore;
use serde_json::json;

const SOURCE: &str = r#"
project "Acme" { timezone "UTC" from "Ana <ana@acme.example>" address "1 King St W, Toronto ON" }
event go
event gone
email hello { subject "Hello" body "Hello." }
campaign "Paced" { published when go exit when gone throttle 1 per hour email hello }
"#;

fn program() -> Program {
    compile(&analyze(&Workspace::of_source("main.camp", SOURCE))).unwrap()
}

async fn ask(rig: &Rig, names: &[&str], event: &str) {
    for name in names {
        let key = ContactKey { email: Some(format!("{name}@x.example").into()), ..ContactKey::user(name) };
        rig.submit(track(key, event, json!({}))).await;
    }
    rig.engine().idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttle_keeps_its_pace_over_a_restart() {
    let mut rig = Rig::new(program()).await;
    for name in ["a", "b", "c", "d"] {
        rig.identify(ContactKey::user(name), json!({ "email": format!("{name}@x.example") })).await;
    }
    ask(&rig, &["a", "b"], "go").await;
    assert_eq!(rig.sent(), ["hello a@x.example 1 +0h"]);
    rig.crash().await;
    // The slots that were given before the restart are known: the next is the one after b's.
    ask(&rig, &["c"], "go").await;
    rig.advance(HOUR).await;
    assert_eq!(rig.sent()[1..], ["hello b@x.example 1 +1h"]);
    ask(&rig, &["c"], "gone").await;
    rig.crash().await;
    rig.advance(HOUR).await;
    assert_eq!(rig.sent().len(), 2, "the slot of one who left is lost");
    ask(&rig, &["d"], "go").await;
    assert_eq!(rig.sent().len(), 2);
    rig.advance(HOUR).await;
    assert_eq!(rig.sent()[2..], ["hello d@x.example 1 +3h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slots_are_in_the_store_with_the_batch_that_gave_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("camp.db");
    let open = || Box::new(SqliteStore::open(&path).unwrap());
    let mut rig = Rig::new(program()).await;
    rig.open_on(open(), super::rig::START);
    rig.engine().deploy(std::sync::Arc::new(program())).await.unwrap();
    rig.engine().start().await.unwrap();
    for name in ["a", "b"] {
        rig.identify(ContactKey::user(name), json!({ "email": format!("{name}@x.example") })).await;
    }
    ask(&rig, &["a"], "go").await;
    rig.engine().drain(std::time::Duration::from_secs(5)).await;
    rig.engine = None;
    rig.open_on(open(), super::rig::START);
    rig.engine().start().await.unwrap();
    ask(&rig, &["b"], "go").await;
    assert_eq!(rig.sent(), ["hello a@x.example 1 +0h"]);
    rig.advance(HOUR).await;
    assert_eq!(rig.sent()[1..], ["hello b@x.example 1 +1h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_held_send_is_woken_once_however_many_wait() {
    let rig = Rig::new(compile(&analyze(&Workspace::of_source("main.camp", &SOURCE.replace("1 per hour", "60 per hour")))).unwrap()).await;
    for number in 0..200 {
        let key = ContactKey::user(&format!("u{number}"));
        rig.identify(key.clone(), json!({ "email": format!("u{number}@x.example") })).await;
        rig.submit(track(key, "go", json!({}))).await;
    }
    rig.engine().idle().await;
    assert_eq!(rig.sent().len(), 1);
    let before = rig.engine().metrics().wakes.get();
    rig.advance(HOUR).await;
    assert_eq!(rig.sent().len(), 61);
    assert_eq!(rig.engine().metrics().wakes.get() - before, 60, "nobody is looked at before their slot");
}
