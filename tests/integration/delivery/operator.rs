//! The operator's word on effects, each a line of the journal.

use super::rig::{DAY, Does, HOUR, Rig, id_of};
use campc::daemon::api::{MessageFilter, OutboxCommand, OutboxTarget};
use campc::store::OutboxStatus;

const MAIL: &str = r#"
event go
email hello { subject "Hello" body "Hello." }
campaign "C" { published when go reenter always email hello }
event text
sms note "Note."
campaign "T" { published when text reenter always sms note }
"#;

async fn lost(rig: &Rig, names: &[&str]) {
    rig.provider.answers(|_| Does::Lose);
    for name in names {
        rig.contact(name).await;
        rig.event(name, "text").await;
    }
    rig.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_effects_of_unknown_fate_are_tried_again_at_one_word() {
    let rig = Rig::new(MAIL).await;
    lost(&rig, &["a", "b", "c"]).await;
    rig.provider.answers(|_| Does::Accept);
    let all = OutboxTarget::All { status: OutboxStatus::Unknown, lane: None };
    assert_eq!(rig.engine().outbox_all(all.clone(), OutboxCommand::Retry).await.unwrap(), 3);
    rig.idle().await;
    assert_eq!(rig.provider.count(), 6);
    assert!(rig.messages().iter().all(|message| message.status == "accepted" && message.attempt == 2));
    let contact = rig.engine().resolve("a").unwrap();
    assert!(rig.journal(contact).contains(&"retried unknown: the answer was lost".to_owned()), "{:?}", rig.journal(contact));
    assert_eq!(rig.engine().outbox_all(all, OutboxCommand::Retry).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_lane_is_meant_where_one_is_named() {
    let rig = Rig::new(MAIL).await;
    lost(&rig, &["a"]).await;
    let none = OutboxTarget::All { status: OutboxStatus::Unknown, lane: Some("email/marketing".to_owned()) };
    assert_eq!(rig.engine().outbox_all(none, OutboxCommand::Retry).await.unwrap(), 0);
    let some = OutboxTarget::All { status: OutboxStatus::Unknown, lane: Some("sms/marketing".to_owned()) };
    assert_eq!(rig.engine().outbox_all(some, OutboxCommand::Retry).await.unwrap(), 1);
    let listed = |lane: &str| {
        let filter = MessageFilter { lane: Some(lane.to_owned()), ..MessageFilter::default() };
        rig.engine().messages(&filter).unwrap().items.len()
    };
    assert_eq!((listed("sms/marketing"), listed("push")), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_up_is_worth_something_again_once_the_operator_says_so() {
    let rig = Rig::new(MAIL).await;
    let contact = rig.contact("a").await;
    rig.provider.answers(|_| Does::Delay);
    rig.event("a", "go").await;
    rig.advance(2 * DAY).await;
    assert_eq!((rig.only().status, rig.only().reason.as_deref()), ("dead", Some("expired")));
    let before = rig.provider.count();
    rig.provider.answers(|_| Does::Accept);
    rig.engine().outbox(id_of(&rig.provider.sent()[0]), OutboxCommand::Retry).await.unwrap();
    rig.advance(HOUR).await;
    assert_eq!((rig.provider.count(), rig.only().status), (before + 1, "accepted"));
    assert!(rig.journal(contact).contains(&"retried dead: expired".to_owned()), "{:?}", rig.journal(contact));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_looks_again_at_consent() {
    let rig = Rig::new(MAIL).await;
    lost(&rig, &["a"]).await;
    rig.submit("a", campc::daemon::api::SubmissionKind::UnsubscribeAll).await;
    rig.engine().outbox(id_of(&rig.provider.sent()[0]), OutboxCommand::Retry).await.unwrap();
    rig.idle().await;
    assert_eq!((rig.provider.count(), rig.only().status), (1, "suppressed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dropped_is_given_up_and_what_is_dead_leaves_the_list_of_the_dead() {
    let rig = Rig::new(MAIL).await;
    lost(&rig, &["a"]).await;
    let id = id_of(&rig.provider.sent()[0]);
    rig.engine().outbox(id, OutboxCommand::Drop).await.unwrap();
    assert_eq!((rig.only().status, rig.only().reason.as_deref()), ("dead", Some("dropped by the operator")));
    rig.engine().outbox(id, OutboxCommand::Drop).await.unwrap();
    assert_eq!(rig.only().status, "cancelled");
    let refused = rig.engine().outbox(id, OutboxCommand::Retry).await.unwrap_err();
    assert!(refused.to_string().contains("was taken back"), "{refused}");
    let contact = rig.engine().resolve("a").unwrap();
    assert_eq!(rig.journal(contact).iter().filter(|line| line.starts_with("dropped")).count(), 2, "{:?}", rig.journal(contact));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_handed_over_is_settled_for_good() {
    let rig = Rig::new(MAIL).await;
    rig.contact("a").await;
    rig.event("a", "go").await;
    rig.idle().await;
    for command in [OutboxCommand::Retry, OutboxCommand::Drop] {
        let refused = rig.engine().outbox(id_of(&rig.provider.sent()[0]), command).await.unwrap_err();
        assert!(refused.to_string().contains("was handed over"), "{refused}");
    }
}
