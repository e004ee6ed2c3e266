//! What comes of attempts: lost answers, late ones, leases, what the provider says of itself.

use super::rig::{DAY, Does, HOUR, MINUTE, Rig, START, until};
use campc::daemon::api::MessageView;
use campc::daemon::{EngineOptions, Found, OnUnknown, UnknownPolicy};
use std::sync::atomic::Ordering;
use std::time::Duration;

const MAIL: &str = r#"
event go
email hello { subject "Hello" body "Hello." }
campaign "C" { published when go email hello wait 9d }
"#;

const TEXT: &str = r#"
event go
sms hello "Hello."
campaign "C" { published when go sms hello wait 9d }
"#;

const HOOK: &str = r#"
event go
event ask
webhook crm { url "https://crm.acme.example/in" }
campaign "Tell" { published when go reenter always webhook crm { n: 1 } }
campaign "Ask" { published when ask webhook crm { n: 2 } as answer if answer.ok then tag "yes" else tag "no" }
"#;

fn holding() -> EngineOptions {
    let on_unknown = UnknownPolicy { email: OnUnknown::Hold, ..UnknownPolicy::default() };
    EngineOptions { on_unknown, ..EngineOptions::default() }
}

fn state(message: &MessageView) -> (&'static str, u32) {
    (message.status, message.attempt)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_whose_answer_was_lost_is_sent_again_with_the_same_key_and_bytes() {
    let rig = Rig::new(MAIL).await;
    rig.contact("a").await;
    rig.provider.answers(|envelope| if envelope.attempt == 1 { Does::Lose } else { Does::Accept });
    rig.event("a", "go").await;
    rig.advance(HOUR).await;
    let sent = rig.provider.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!((sent[0].effect_id, &sent[0].outgoing), (sent[1].effect_id, &sent[1].outgoing));
    assert_eq!(state(&rig.only()), ("accepted", 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_policy_is_hold_a_lost_mail_waits_for_the_operator_and_counts_as_sent() {
    let rig = Rig::with(MAIL, holding).await;
    let contact = rig.contact("a").await;
    rig.provider.answers(|_| Does::Lose);
    rig.event("a", "go").await;
    rig.advance(3 * DAY).await;
    assert_eq!((rig.provider.count(), state(&rig.only())), (1, ("unknown", 1)));
    assert_eq!(rig.only().handed_over_at.as_deref(), Some("2026-01-05T09:00:00Z"), "as of the attempt");
    assert!(!rig.journal(contact).iter().any(|line| line.starts_with("failed")), "{:?}", rig.journal(contact));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_the_lifetime_of_the_relays_keys_a_lost_mail_is_held() {
    let rig = Rig::new(MAIL).await;
    rig.contact("a").await;
    let options = rig.provider.clone();
    *options.keys.lock().unwrap() = Some(Duration::from_secs(90));
    let mut rig = rig;
    rig.crash().await;
    rig.provider.answers(|_| Does::Lose);
    rig.event("a", "go").await;
    rig.advance(DAY / 2).await;
    assert_eq!(state(&rig.only()), ("unknown", 2), "the second attempt was within the minute and a half, a third would not be");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_text_is_looked_for_at_the_provider_and_found() {
    let rig = Rig::new(TEXT).await;
    rig.contact("a").await;
    rig.provider.answers(|_| Does::Lose);
    rig.event("a", "go").await;
    rig.idle().await;
    assert_eq!(state(&rig.only()), ("unknown", 1));
    *rig.provider.found.lock().unwrap() = Found::Taken { provider_id: Some("SM1".to_owned()) };
    rig.advance(11 * MINUTE).await;
    until(|| rig.only().status == "accepted").await;
    assert_eq!((rig.provider.count(), rig.only().provider_id.as_deref()), (1, Some("SM1")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_text_that_the_provider_does_not_know_is_sent_once_more_and_only_once() {
    let rig = Rig::new(TEXT).await;
    rig.contact("a").await;
    rig.provider.answers(|_| Does::Lose);
    *rig.provider.found.lock().unwrap() = Found::Missing;
    rig.event("a", "go").await;
    rig.advance(11 * MINUTE).await;
    until(|| rig.provider.count() == 2 && rig.only().status == "unknown").await;
    rig.advance(3 * HOUR).await;
    assert_eq!((rig.provider.count(), state(&rig.only())), (2, ("unknown", 2)));
    assert_eq!(rig.provider.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_gives_no_answer_about_a_lost_text_is_asked_again() {
    let rig = Rig::new(TEXT).await;
    rig.contact("a").await;
    rig.provider.answers(|_| Does::Lose);
    rig.event("a", "go").await;
    for asked in 1..=3 {
        rig.advance(11 * MINUTE).await;
        until(|| rig.provider.asked.load(Ordering::SeqCst) == asked).await;
        rig.idle().await;
    }
    assert_eq!((rig.provider.count(), state(&rig.only())), (1, ("unknown", 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_outlives_its_lease_is_unknown_and_its_late_answer_changes_nothing() {
    let (rig, clock) = Rig::on_moved_clock(MAIL).await;
    let contact = rig.contact("a").await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let first = gate.clone();
    rig.provider.answers(move |envelope| if envelope.attempt == 1 { Does::Wait(first.clone()) } else { Does::Accept });
    rig.event("a", "go").await;
    until(|| rig.provider.count() == 1).await;
    for minutes in [2, 30] {
        campc::daemon::Clock::move_to(clock.as_ref(), START.plus_millis(minutes * MINUTE));
        // Whatever comes in lets the engine look at its clock.
        rig.contact("b").await;
    }
    until(|| rig.only().status == "accepted").await;
    assert_eq!(state(&rig.only()), ("accepted", 2));
    gate.add_permits(1);
    until(|| rig.journal(contact).iter().any(|line| line == "late result attempt 1: accepted")).await;
    assert_eq!(state(&rig.only()), ("accepted", 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_gone_is_not_called_until_the_next_deploy() {
    let rig = Rig::new(HOOK).await;
    for name in ["a", "b"] {
        rig.contact(name).await;
    }
    rig.provider.answers(|_| Does::Gone);
    rig.event("a", "go").await;
    rig.idle().await;
    rig.event("b", "go").await;
    rig.advance(DAY).await;
    assert_eq!(rig.provider.count(), 1);
    assert_eq!(rig.engine().status().unwrap().disabled_endpoints.len(), 1);
    rig.provider.answers(|_| Does::Accept);
    rig.engine().deploy(std::sync::Arc::new(super::rig::program(&format!("{HOOK}\nevent more")))).await.unwrap();
    rig.idle().await;
    assert_eq!(rig.provider.count(), 3);
    assert!(rig.engine().status().unwrap().disabled_endpoints.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_waits_for_an_endpoint_that_is_gone_goes_on_at_the_expiry() {
    let mut rig = Rig::new(HOOK).await;
    rig.contact("a").await;
    rig.provider.answers(|_| Does::Gone);
    rig.event("a", "ask").await;
    rig.idle().await;
    rig.crash().await;
    rig.provider.answers(|_| Does::Accept);
    rig.advance(23 * HOUR).await;
    assert_eq!(rig.provider.count(), 1, "it stays switched off over a restart");
    rig.advance(2 * HOUR).await;
    assert_eq!(rig.only().status, "dead");
    let contact = rig.engine().resolve("a").unwrap();
    assert_eq!(rig.engine().contact(contact).unwrap().tags, ["no".into()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retry_after_holds_for_the_whole_lane_and_no_other() {
    let rig = Rig::new(&format!("{MAIL}\nsms note \"Note.\"\nevent text\ncampaign \"T\" {{ published when text sms note }}")).await;
    for name in ["a", "b"] {
        rig.contact(name).await;
    }
    rig.provider.answers(|_| Does::Overloaded(7_200));
    rig.event("a", "go").await;
    rig.idle().await;
    rig.provider.answers(|_| Does::Accept);
    rig.event("b", "go").await;
    rig.event("b", "text").await;
    rig.advance(2 * HOUR - MINUTE).await;
    assert_eq!(rig.sent()[1..], [format!("note {} 1 +0m", super::rig::phone("b"))]);
    rig.advance(MINUTE).await;
    let mut rest = rig.sent()[2..].to_vec();
    rest.sort_unstable();
    assert_eq!(rest, ["hello a 2 +120m", "hello b 1 +120m"]);
}
