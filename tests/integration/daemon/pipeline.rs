//! A batch that is decided while the one before is being committed: it sees what that one decided, readers do not; and it goes with it.

use super::rig::{Rig, START, map, welcome_program};
use crate::committing::Committing;
use campc::daemon::api::{Accepted, ContactKey, Submission, SubmissionKind, SubmitError};
use campc::machine::state::ContactUid;
use campc::store::{Store, StoreError};
use serde_json::json;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

struct Gate {
    rig: Rig,
    entered: Receiver<usize>,
    words: Sender<Result<(), StoreError>>,
}

type Answer = JoinHandle<Result<Vec<Accepted>, SubmitError>>;

impl Gate {
    async fn new() -> Gate {
        let mut rig = Rig::new(welcome_program()).await;
        let ((entered_here, entered), (words, words_there)) = (channel(), channel::<Result<(), StoreError>>());
        // Commits wait for a word: go on, or fail so.
        let store = Committing::on(&rig.store, move |inner, batch| {
            let _ = entered_here.send(batch.events.len());
            words_there.recv().unwrap_or(Ok(()))?;
            inner.commit(batch)
        });
        rig.engine = None;
        rig.open_on(store, START);
        rig.engine().start().await.unwrap();
        Gate { rig, entered, words }
    }
    fn send(&self, message_id: &str, address: &str) -> Answer {
        let engine = self.rig.engine().clone();
        let identify = SubmissionKind::Identify { traits: map(json!({"email": address, "first_name": "Bo"})) };
        let submission = Submission { message_id: Some(message_id.into()), ..Submission::new(ContactKey::user("a"), identify) };
        tokio::spawn(async move { engine.submit(vec![submission]).await })
    }
    /// Waits until so many have been decided.
    async fn decided(&self, count: u64) {
        while self.rig.engine().metrics().accepted.get() + self.rig.engine().metrics().duplicates.get() < count {
            tokio::task::yield_now().await;
        }
    }
    /// Lets every commit go on from now on.
    fn open(self) -> Rig {
        drop(self.words);
        drop(self.entered);
        self.rig
    }
}

async fn taken(answer: Answer) -> Accepted {
    answer.await.unwrap().unwrap().pop().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_batch_sees_what_is_not_durable_yet_and_readers_do_not() {
    let gate = Gate::new().await;
    let first = gate.send("m1", "one@x.example");
    assert_eq!(gate.entered.recv().unwrap(), 1);
    let (second, again) = (gate.send("m2", "two@x.example"), gate.send("m1", "one@x.example"));
    gate.decided(2).await;
    assert_eq!(gate.rig.engine().resolve("a"), None, "nothing is durable yet");
    assert!(!first.is_finished() && !second.is_finished());
    (0..4).for_each(|_| gate.words.send(Ok(())).unwrap());
    let (first, second, again) = (taken(first).await, taken(second).await, taken(again).await);
    assert!(first.is_new_contact && !second.is_new_contact && again.is_duplicate);
    assert_eq!(first.contact, second.contact);
    assert_eq!(gate.rig.engine().resolve("two@x.example"), first.contact);
    assert_eq!(gate.rig.engine().resolve("one@x.example"), None, "the index follows the state");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_takes_with_it_what_was_decided_over_it() {
    let gate = Gate::new().await;
    let first = gate.send("m1", "one@x.example");
    assert_eq!(gate.entered.recv().unwrap(), 1);
    let second = gate.send("m2", "two@x.example");
    gate.decided(2).await;
    gate.words.send(Err(StoreError::Full)).unwrap();
    assert!(matches!(first.await.unwrap(), Err(SubmitError::Store(_))));
    assert_eq!(gate.entered.recv().unwrap(), 1, "the second one is decided again, and alone");
    assert_eq!(gate.rig.engine().resolve("a"), None);
    (0..2).for_each(|_| gate.words.send(Ok(())).unwrap());
    let second = taken(second).await;
    assert!(second.is_new_contact, "the contact of the first one never was");
    assert_eq!(gate.rig.engine().resolve("one@x.example"), None);
    assert_eq!(gate.rig.engine().resolve("two@x.example"), second.contact);
    let first = gate.send("m1", "three@x.example");
    let rig = gate.open();
    assert!(!taken(first).await.is_duplicate, "what was not committed was never seen");
    rig.engine().idle().await;
    let reached: Vec<String> = rig.sent().into_iter().filter(|line| line.starts_with("welcome")).collect();
    assert_eq!(reached.len(), 1, "{reached:?}");
    assert_eq!(rig.whats(second.contact.unwrap()).iter().filter(|what| *what == "enrolled").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_fails_for_our_own_sake_is_tried_by_itself_and_the_one_behind_it_is_decided_again() {
    let gate = Gate::new().await;
    let first = gate.send("m1", "one@x.example");
    assert_eq!(gate.entered.recv().unwrap(), 1);
    let second = gate.send("m2", "two@x.example");
    gate.decided(2).await;
    // A bug of ours: its inputs are tried one by one; what then fails three times is put aside, and this one does not.
    gate.words.send(Err(StoreError::Clash("x".into()))).unwrap();
    let rig = gate.open();
    assert!(taken(first).await.is_new_contact);
    assert!(!taken(second).await.is_new_contact);
    rig.engine().idle().await;
    assert_eq!(rig.engine().contacts(&Default::default()).items.len(), 1);
    let uid: ContactUid = rig.engine().resolve("a").unwrap();
    assert_eq!(rig.whats(uid).iter().filter(|what| *what == "enrolled").count(), 1);
}
