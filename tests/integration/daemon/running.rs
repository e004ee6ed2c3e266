//! Inputs, timers, restarts, failed commits.

use super::rig::{DAY, HOUR, Rig, START, anonymous, map, track, welcome_program};
use crate::committing::Committing;
use campc::daemon::api::{ContactKey, Submission, SubmissionKind, SubmitError};
use campc::store::sqlite::SqliteStore;
use campc::store::{Store, StoreError};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_id_counts_once_also_after_a_restart() {
    let mut rig = Rig::new(welcome_program()).await;
    let submission = Submission { message_id: Some("m1".into()), ..track(ContactKey::user("u1"), "purchase", json!({"amount": 3})) };
    let answers = rig.engine().submit(vec![submission.clone(), submission.clone()]).await.unwrap();
    assert_eq!(answers.iter().map(|answer| answer.is_duplicate).collect::<Vec<_>>(), [false, true]);
    assert!(rig.submit(submission.clone()).await.is_duplicate);
    rig.crash().await;
    assert!(rig.submit(submission.clone()).await.is_duplicate);
    rig.advance(73 * HOUR).await;
    assert!(!rig.submit(submission).await.is_duplicate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_manual_clock_does_what_falls_due_in_order() {
    let rig = Rig::new(welcome_program()).await;
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.advance(HOUR).await;
    rig.identify(ContactKey::user("b"), json!({"email": "b@x.example"})).await;
    rig.engine().idle().await;
    assert_eq!(rig.sent(), ["welcome a@x.example 1 +0h", "welcome b@x.example 1 +1h"]);
    rig.advance(3 * DAY - HOUR - 1).await;
    assert_eq!(rig.sent().len(), 2);
    rig.advance(1).await;
    assert_eq!(rig.sent()[2], "reminder a@x.example 1 +72h");
    rig.advance(30 * DAY).await;
    assert_eq!(rig.sent()[3], "reminder b@x.example 1 +73h");
    assert_eq!(rig.engine().campaigns().unwrap()[0].inside, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_at_any_point_loses_nothing() {
    let mut rig = Rig::new(welcome_program()).await;
    let contact = rig.identify(ContactKey::user("a"), json!({"email": "a@x.example", "plan": "pro", "shoe": 44})).await;
    rig.engine().idle().await;
    rig.advance(DAY).await;
    let before = rig.engine().contact(contact).unwrap();
    rig.crash().await;
    assert_eq!(rig.engine().now(), START.plus_millis(DAY), "the clock stands where the store's stopped");
    assert_eq!(rig.engine().contact(contact).unwrap(), before);
    assert_eq!(before.enrollments[0].step.as_ref(), "wait 1");
    assert_eq!(before.fields["plan"], "pro");
    assert_eq!(before.traits["shoe"], 44);
    rig.advance(2 * DAY).await;
    rig.crash().await;
    rig.advance(9 * DAY).await;
    assert_eq!(rig.sent(), ["welcome a@x.example 1 +0h", "reminder a@x.example 1 +72h"]);
    let whats = rig.whats(contact);
    assert_eq!(whats.first().unwrap(), "enrolled");
    assert!(whats.last().unwrap().starts_with("finished"));
    assert!(whats.contains(&"sent email 2".to_owned()), "{whats:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_leaves_memory_as_it_was() {
    let mut rig = Rig::new(welcome_program()).await;
    let is_full = Arc::new(AtomicBool::new(false));
    let full = is_full.clone();
    let store = Committing::on(&rig.store, move |inner, batch| if full.load(Ordering::SeqCst) { Err(StoreError::Full) } else { inner.commit(batch) });
    rig.engine = None;
    rig.open_on(store, START);
    rig.engine().start().await.unwrap();
    is_full.store(true, Ordering::SeqCst);
    let identify = Submission {
        message_id: Some("m1".into()),
        ..Submission::new(ContactKey::user("a"), SubmissionKind::Identify { traits: map(json!({"email": "a@x.example", "first_name": "Bo"})) })
    };
    let refused = rig.engine().submit(vec![identify.clone()]).await;
    assert!(matches!(refused, Err(SubmitError::Store(_))), "{refused:?}");
    assert_eq!(rig.engine().resolve("a"), None);
    assert!(rig.sent().is_empty());
    is_full.store(false, Ordering::SeqCst);
    let accepted = rig.submit(identify).await;
    assert!(accepted.is_new_contact && !accepted.is_duplicate);
    rig.engine().idle().await;
    assert_eq!(rig.sent(), ["welcome a@x.example 1 +0h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_declared_is_kept_and_counted() {
    let rig = Rig::new(welcome_program()).await;
    for name in ["Pricing Seen", "Pricing Seen", "Purchase"] {
        rig.submit(track(anonymous("x"), name, json!({"amount": "many"}))).await;
    }
    let undeclared = rig.engine().undeclared_events().unwrap();
    assert_eq!((undeclared[0].name.as_str(), undeclared[0].count), ("Pricing Seen", 2));
    assert_eq!(undeclared.len(), 1, "`Purchase` is the declared `purchase`");
    let contact = rig.engine().resolve_anonymous("x").unwrap();
    let problems: Vec<String> = rig.engine().journal(contact).unwrap().into_iter().filter(|line| line.what == "problem").map(|line| line.why).collect();
    assert_eq!(problems, ["property amount of purchase: \"many\" is not a number"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_replaces_lists_clears_by_null_and_refuses_what_follows() {
    let rig = Rig::new(welcome_program()).await;
    let key = ContactKey { email: Some("A@X.example".into()), ..ContactKey::default() };
    let put = |body| Submission::new(key.clone(), SubmissionKind::Upsert(map(body)));
    let made = rig.submit(put(json!({"user_id": "u1", "tags": ["b", "a"], "lists": ["vips"], "points": 7, "fields": {"plan": "pro", "first_name": "Ana"}, "consent": {"sms": "given", "topics": {"news": "withdrawn"}}}))).await;
    let contact = rig.engine().contact(made.contact.unwrap()).unwrap();
    let shown = serde_json::to_value(&contact).unwrap();
    assert_eq!((shown["email"].as_str(), shown["user_id"].as_str(), shown["points"].as_i64()), (Some("a@x.example"), Some("u1"), Some(7)));
    assert_eq!((&shown["tags"], &shown["lists"]), (&json!(["a", "b"]), &json!(["vips"])));
    assert_eq!(shown["consent"], json!({"email": "none", "sms": "given", "push": "none", "topics": {"news": "withdrawn"}}));
    rig.submit(put(json!({"tags": ["c"], "lists": null, "fields": {"first_name": null}}))).await;
    let contact = rig.engine().contact(made.contact.unwrap()).unwrap();
    assert_eq!(contact.tags, ["c".into()] as [Arc<str>; 1]);
    assert!(contact.lists.is_empty() && contact.fields["first_name"].is_null() && contact.fields["plan"] == "pro");
    assert_eq!(rig.submit(put(json!({"segments": []}))).await.rejection.unwrap().reason, "bad_shape");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drained_engine_takes_nothing_more_and_lets_the_store_go() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("camp.db");
    let mut rig = Rig::new(welcome_program()).await;
    rig.open_on(Box::new(SqliteStore::open(&path).unwrap()), START);
    rig.engine().deploy(Arc::new(welcome_program())).await.unwrap();
    rig.engine().start().await.unwrap();
    let contact = rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.engine().drain(Duration::from_secs(10)).await;
    assert!(matches!(rig.engine().submit(Vec::new()).await, Err(SubmitError::Closed)));
    rig.open_on(Box::new(SqliteStore::open(&path).unwrap()), START);
    rig.engine().start().await.unwrap();
    rig.advance(4 * DAY).await;
    assert_eq!(rig.sent(), ["welcome a@x.example 1 +0h", "reminder a@x.example 1 +72h"]);
    assert_eq!(rig.engine().journal(contact).unwrap()[0].campaign.as_deref(), Some("c"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_inputs_at_once_are_all_durable_and_each_send_leaves_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(welcome_program()).await;
    rig.open_on(Box::new(SqliteStore::open(&dir.path().join("camp.db")).unwrap()), START);
    rig.engine().deploy(Arc::new(welcome_program())).await.unwrap();
    rig.engine().start().await.unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for call in 0..40 {
        let engine = rig.engine().clone();
        calls.spawn(async move {
            let one = |number: usize| {
                let user = format!("u{}", call * 50 + number / 2);
                let kind = if number.is_multiple_of(2) {
                    SubmissionKind::Identify { traits: map(json!({"email": format!("{user}@x.example"), "first_name": "Bo"})) }
                } else {
                    SubmissionKind::Track { name: "purchase".into(), properties: map(json!({"sku": "x", "amount": number})) }
                };
                Submission { message_id: Some(format!("{call}/{number}").into()), ..Submission::new(ContactKey::user(&user), kind) }
            };
            engine.submit((0..100).map(one).collect()).await.unwrap()
        });
    }
    let answers: Vec<_> = calls.join_all().await.into_iter().flatten().collect();
    assert!(answers.len() == 4_000 && answers.iter().all(|answer| answer.rejection.is_none() && !answer.is_duplicate));
    rig.engine().idle().await;
    let mut sent = rig.sent();
    sent.sort();
    sent.dedup();
    assert_eq!((sent.len(), rig.fake.sent.lock().unwrap().len()), (2_000, 2_000));
    assert_eq!(rig.engine().status().unwrap().contacts, 2_000);
}
