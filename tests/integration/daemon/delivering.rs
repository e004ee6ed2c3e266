//! The outbox: attempts, retries, lost answers, refusals.

use super::rig::{DAY, Does, HOUR, Rig, welcome_program};
use campc::bytecode::MessageEvent;
use campc::daemon::api::{ContactKey, MessageFilter, MessageHit, OutboxCommand, Submission, SubmissionKind};
use campc::machine::state::EffectId;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_attempt_is_made_again_on_the_engines_clock_with_the_same_id() {
    let rig = Rig::new(welcome_program()).await;
    rig.fake.script.lock().unwrap().extend([Does::Delay, Does::Delay]);
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.engine().idle().await;
    let waiting = rig.engine().messages(&MessageFilter::default()).unwrap().items;
    assert_eq!((waiting[0].status, waiting[0].attempt, waiting[0].reason.as_deref()), ("queued", 1, Some("451 later")));
    rig.advance(HOUR).await;
    let sent = rig.fake.sent.lock().unwrap().clone();
    assert_eq!(sent.iter().map(|envelope| envelope.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(sent.iter().all(|envelope| envelope.effect_id == sent[0].effect_id && envelope.outgoing == sent[0].outgoing));
    let message = &rig.engine().messages(&MessageFilter::default()).unwrap().items[0];
    assert_eq!((message.status, message.provider_id.as_deref()), ("accepted", Some("p-1")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_under_way_at_a_crash_is_made_again_with_the_same_id_and_bytes() {
    let mut rig = Rig::new(welcome_program()).await;
    rig.fake.script.lock().unwrap().push_back(Does::Hang);
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    while rig.fake.sent.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    rig.crash().await;
    rig.advance(HOUR).await;
    let sent = rig.fake.sent.lock().unwrap().clone();
    assert_eq!(sent.iter().map(|envelope| envelope.attempt).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((sent[0].effect_id, &sent[0].outgoing), (sent[1].effect_id, &sent[1].outgoing));
    rig.advance(4 * DAY).await;
    assert_eq!(rig.sent().len(), 3, "the reminder goes once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_for_good_is_told_to_the_enrollment() {
    let rig = Rig::new(welcome_program()).await;
    rig.fake.script.lock().unwrap().push_back(Does::Refuse);
    let contact = rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.advance(4 * DAY).await;
    assert!(rig.whats(contact).iter().any(|what| what.starts_with("failed")), "{:?}", rig.whats(contact));
    assert_eq!(rig.sent().len(), 1, "a hard bounce suppresses the reminder");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_never_takes_it_is_given_up_at_its_expiry() {
    let rig = Rig::new(welcome_program()).await;
    rig.fake.script.lock().unwrap().extend([Does::Delay; 40]);
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.advance(25 * HOUR).await;
    let message = &rig.engine().messages(&MessageFilter::default()).unwrap().items[0];
    assert_eq!((message.status, message.reason.as_deref()), ("dead", Some("expired")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unsubscribe_cancels_what_waits_for_its_next_attempt() {
    let rig = Rig::new(welcome_program()).await;
    rig.fake.script.lock().unwrap().push_back(Does::Delay);
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.engine().idle().await;
    let effect = EffectId(rig.fake.sent.lock().unwrap()[0].effect_id);
    let hit = MessageHit { effect, event: MessageEvent::Unsubscribed, detail: None, is_machine: false, topic: None };
    let accepted = rig.submit(Submission::new(ContactKey::default(), SubmissionKind::Message(hit))).await;
    assert!(accepted.rejection.is_none());
    rig.advance(HOUR).await;
    assert_eq!(rig.sent().len(), 1);
    assert_eq!(rig.engine().messages(&MessageFilter::default()).unwrap().items[0].status, "suppressed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_may_drop_what_waits() {
    let rig = Rig::new(welcome_program()).await;
    rig.fake.script.lock().unwrap().push_back(Does::Delay);
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.engine().idle().await;
    let effect = EffectId(rig.fake.sent.lock().unwrap()[0].effect_id);
    rig.engine().outbox(effect, OutboxCommand::Drop).await.unwrap();
    rig.advance(HOUR).await;
    assert_eq!(rig.sent().len(), 1);
    rig.engine().outbox(effect, OutboxCommand::Drop).await.unwrap();
    assert!(rig.engine().outbox(effect, OutboxCommand::Retry).await.is_err(), "what was dropped as dead is settled for good");
}
