//! A campaign that goes on while the disk is full: who was inside follows as soon as there is space, in this process or the next.

use super::rig::{DAY, Does, HOUR, Rig};
use crate::committing::Committing;
use campc::daemon::api::{ContactKey, Submission, SubmissionKind, SubmitError};
use campc::store::{Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const SOURCE: &str = r#"
event go
email hello { subject "Hello" body "Hello." }
email later { subject "Later" body "Later." }
campaign "C" { published when go reenter always email hello wait 1d email later }
"#;

/// One contact inside, and a store that refuses so many commits as the counter says.
async fn short_of_space() -> (Rig, Arc<AtomicUsize>) {
    let mut rig = Rig::new(SOURCE).await;
    let refusals = Arc::new(AtomicUsize::new(0));
    let left = refusals.clone();
    rig.open(Committing::on(&rig.store, move |inner, batch| {
        let is_full = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if is_full { Err(StoreError::Full) } else { inner.commit(batch) }
    }));
    rig.engine().start().await.unwrap();
    rig.contact("a").await;
    (rig, refusals)
}

async fn paused_over_the_wait(rig: &Rig) {
    rig.event("a", "go").await;
    rig.idle().await;
    rig.engine().pause("C").await.unwrap();
    rig.advance(2 * DAY).await;
    assert_eq!(rig.sent(), ["hello a 1 +0m"], "nothing leaves while it is paused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_in_a_campaign_follows_its_resume_once_there_is_space() {
    let (rig, refusals) = short_of_space().await;
    paused_over_the_wait(&rig).await;
    refusals.store(2, Ordering::SeqCst);
    rig.engine().resume("C").await.unwrap();
    rig.idle().await;
    assert_eq!(rig.sent(), ["hello a 1 +0m", "later a 1 +2880m"]);
    assert_eq!(refusals.load(Ordering::SeqCst), 0, "the disk was full meanwhile");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_had_not_followed_a_resume_does_so_in_the_next_process() {
    let (mut rig, refusals) = short_of_space().await;
    paused_over_the_wait(&rig).await;
    refusals.store(usize::MAX, Ordering::SeqCst);
    rig.engine().resume("C").await.unwrap();
    rig.crash().await;
    rig.idle().await;
    assert_eq!(rig.sent(), ["hello a 1 +0m", "later a 1 +2880m"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waited_for_its_campaign_leaves_even_if_its_first_hand_over_met_a_full_disk() {
    let (rig, refusals) = short_of_space().await;
    rig.provider.answers(|envelope| if envelope.attempt == 1 { Does::Delay } else { Does::Accept });
    rig.event("a", "go").await;
    rig.idle().await;
    rig.engine().pause("C").await.unwrap();
    rig.advance(HOUR).await;
    assert_eq!(rig.only().status, "queued");
    // The contact's own batch, and then each hand-over of the message.
    refusals.store(4, Ordering::SeqCst);
    rig.engine().resume("C").await.unwrap();
    rig.idle().await;
    assert_eq!(rig.sent(), ["hello a 1 +0m", "hello a 2 +60m"]);
    assert_eq!((rig.only().status, refusals.load(Ordering::SeqCst)), ("accepted", 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_disk_is_full_nobody_is_told_that_more_would_be_taken() {
    let (rig, refusals) = short_of_space().await;
    refusals.store(usize::MAX, Ordering::SeqCst);
    let event = Submission::new(ContactKey::user("a"), SubmissionKind::Track { name: "go".into(), properties: serde_json::Map::new() });
    assert!(rig.engine().submit(vec![event.clone()]).await.is_err());
    assert!(matches!(rig.engine().check_readiness(), Err(SubmitError::Store(_))));
    refusals.store(0, Ordering::SeqCst);
    // Nobody sends anything to one that is not ready: it finds out by itself.
    super::rig::until(|| rig.engine().check_readiness().is_ok()).await;
    rig.engine().submit(vec![event]).await.unwrap();
}
