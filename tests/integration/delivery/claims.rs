//! The claim: which effect is next, and what is looked at again before it leaves.

use super::rig::{DAY, Does, HOUR, MINUTE, Rig, until};
use campc::daemon::EngineOptions;
use campc::daemon::api::SubmissionKind;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Semaphore;

const TWO_PRIORITIES: &str = r#"
event low
event high
email plain { subject "Plain" body "Hello." }
email urgent { subject "Urgent" body "Hello." }
campaign "Low" { published when low reenter always email plain }
campaign "High" { published when high reenter always priority 9 email urgent }
"#;

const ONE: &str = r#"
event go
event gone
email hello { subject "Hello" body "Hello." }
email receipt { transactional subject "Receipt" body "Thanks." }
campaign "Marketing" { published when go reenter always exit when gone email hello }
event buy
campaign "Receipts" { published when buy reenter always email receipt }
"#;

fn one_slot() -> EngineOptions {
    EngineOptions { concurrency: 1, ..EngineOptions::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_lane_the_highest_priority_leaves_first_then_the_oldest_decision() {
    let rig = Rig::with(TWO_PRIORITIES, one_slot).await;
    for name in ["a", "b", "c", "d"] {
        rig.contact(name).await;
    }
    let gate = Arc::new(Semaphore::new(0));
    let at_the_gate = gate.clone();
    rig.provider.answers(move |_| Does::Wait(at_the_gate.clone()));
    for (name, event) in [("a", "low"), ("b", "low"), ("c", "high"), ("d", "high")] {
        rig.event(name, event).await;
    }
    gate.add_permits(4);
    rig.idle().await;
    assert_eq!(rig.sent(), ["plain a 1 +0m", "urgent c 1 +0m", "urgent d 1 +0m", "plain b 1 +0m"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_lane_holds_up_no_other() {
    let rig = Rig::with(ONE, one_slot).await;
    for name in ["a", "b"] {
        rig.contact(name).await;
    }
    let gate = Arc::new(Semaphore::new(0));
    let at_the_gate = gate.clone();
    rig.provider.answers(move |envelope| if envelope.is_transactional { Does::Accept } else { Does::Wait(at_the_gate.clone()) });
    rig.event("a", "go").await;
    rig.event("b", "go").await;
    rig.event("b", "buy").await;
    until(|| rig.provider.count() == 2).await;
    // Which of the two lanes comes first nobody says.
    assert_eq!(BTreeSet::from_iter(rig.sent()), BTreeSet::from(["hello a 1 +0m".to_owned(), "receipt b 1 +0m".to_owned()]));
    gate.add_permits(2);
    rig.idle().await;
    assert_eq!(rig.provider.count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exit_takes_back_what_waits() {
    let rig = Rig::new(&ONE.replace("email hello }", "email hello wait 9d }")).await;
    let contact = rig.contact("a").await;
    rig.provider.answers(|_| Does::Delay);
    rig.event("a", "go").await;
    rig.idle().await;
    rig.event("a", "gone").await;
    rig.advance(DAY).await;
    assert_eq!(rig.provider.count(), 1);
    assert_eq!((rig.only().status, rig.only().reason.as_deref()), ("cancelled", Some("exit")));
    assert!(rig.journal(contact).contains(&"cancelled exit".to_owned()), "{:?}", rig.journal(contact));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_campaign_parks_what_waits_and_its_expiry_stands_still() {
    let mut rig = Rig::new(ONE).await;
    rig.contact("a").await;
    rig.provider.answers(|_| Does::Delay);
    rig.event("a", "go").await;
    rig.idle().await;
    rig.engine().pause("Marketing").await.unwrap();
    // Its worth is a day; the pause lasts three, with a restart in between.
    rig.advance(2 * DAY).await;
    assert_eq!((rig.provider.count(), rig.only().status, rig.only().next_attempt_at), (1, "queued", None));
    let visits = rig.counter("outbox_visits");
    rig.advance(DAY).await;
    assert_eq!(rig.counter("outbox_visits"), visits, "what is parked is not looked at");
    rig.crash().await;
    assert_eq!(rig.only().status, "queued");
    rig.provider.answers(|_| Does::Accept);
    rig.engine().resume("Marketing").await.unwrap();
    rig.idle().await;
    assert_eq!((rig.provider.count(), rig.only().status), (2, "accepted"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mute_holds_a_further_attempt_and_does_not_count_against_its_expiry() {
    let rig = Rig::new(&format!("{ONE}\nevent hush\ncampaign \"Hush\" {{ published when hush mute for 3d }}")).await;
    rig.contact("a").await;
    rig.provider.answers(|_| Does::Delay);
    rig.event("a", "go").await;
    rig.idle().await;
    rig.event("a", "hush").await;
    rig.provider.answers(|_| Does::Accept);
    rig.advance(2 * DAY).await;
    assert_eq!(rig.provider.count(), 1);
    rig.advance(DAY + HOUR).await;
    assert_eq!((rig.provider.count(), rig.only().status), (2, "accepted"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_has_closed_holds_a_further_attempt_until_it_opens() {
    let rig = Rig::new(&ONE.replace("exit when gone", "exit when gone send between 08:00 and 10:00")).await;
    rig.contact("a").await;
    rig.provider.answers(|_| Does::Delay);
    rig.advance(59 * MINUTE + 30_000).await;
    rig.event("a", "go").await;
    rig.idle().await;
    rig.provider.answers(|_| Does::Accept);
    rig.advance(HOUR).await;
    assert_eq!(rig.provider.count(), 1);
    rig.advance(DAY).await;
    assert_eq!(rig.sent()[1..], [format!("hello a 2 +{}m", 23 * 60)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opt_out_suppresses_what_waits_but_not_what_is_transactional() {
    let rig = Rig::new(ONE).await;
    rig.contact("a").await;
    rig.provider.answers(|_| Does::Delay);
    rig.event("a", "go").await;
    rig.event("a", "buy").await;
    rig.idle().await;
    rig.submit("a", SubmissionKind::UnsubscribeAll).await;
    rig.provider.answers(|_| Does::Accept);
    rig.advance(HOUR).await;
    let status: Vec<_> = rig.messages().into_iter().map(|message| (message.message.unwrap(), message.status)).collect();
    assert_eq!(status, [("hello".to_owned(), "suppressed"), ("receipt".to_owned(), "accepted")]);
}

const CAPPED: &str = r#"
policy { limit 1 email per day else wait }
event one
event two
email a { subject "A" body "A." }
email b { subject "B" body "B." }
campaign "One" { published when one reenter always email a }
campaign "Two" { published when two reenter always priority 9 email b }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cap_counts_at_the_claim_and_of_those_that_wait_the_priority_goes_first() {
    let rig = Rig::new(CAPPED).await;
    rig.contact("x").await;
    // The lane is shut until five in the morning.
    rig.provider.answers(|_| Does::Overloaded(20 * 3_600));
    rig.event("x", "one").await;
    rig.idle().await;
    // The second is decided on the next day, on which the first does not count: both wait for the same hour.
    rig.advance(16 * HOUR).await;
    rig.event("x", "two").await;
    rig.idle().await;
    rig.provider.answers(|_| Does::Accept);
    rig.advance(8 * HOUR).await;
    assert_eq!(rig.sent()[1..], [format!("b x 1 +{}m", 20 * 60)], "one a day, and the higher priority first");
    rig.advance(DAY).await;
    assert_eq!(rig.sent()[2..], [format!("a x 2 +{}m", 39 * 60)], "the other when the next day begins, and not too old");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_ends_failed_gives_its_count_back() {
    let rig = Rig::new(CAPPED).await;
    rig.contact("x").await;
    rig.provider.answers(|envelope| if envelope.message.as_deref() == Some("a") { Does::Refuse("554 no") } else { Does::Accept });
    rig.event("x", "one").await;
    rig.idle().await;
    rig.event("x", "two").await;
    rig.idle().await;
    assert_eq!(rig.sent(), ["a x 1 +0m", "b x 1 +0m"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_rate_holds_for_all_lanes_of_a_channel_and_over_a_restart() {
    let rate = || EngineOptions { email_rate: campc::deliver::Rate::parse("60/h"), ..EngineOptions::default() };
    let mut rig = Rig::with(ONE, rate).await;
    for name in ["a", "b", "c"] {
        rig.contact(name).await;
        rig.event(name, "go").await;
        rig.event(name, "buy").await;
    }
    rig.advance(2 * MINUTE).await;
    let after_two = rig.provider.count();
    assert!((1..=3).contains(&after_two), "{:?}", rig.sent());
    assert!(rig.sent()[0].starts_with("receipt") || rig.sent()[0].starts_with("hello a"), "{:?}", rig.sent());
    rig.crash().await;
    rig.advance(MINUTE - 1_000).await;
    assert!(rig.provider.count() <= after_two + 1, "a restart brings no burst: {:?}", rig.sent());
    rig.advance(10 * MINUTE).await;
    assert_eq!(rig.provider.count(), 6);
    let times: Vec<i64> = rig.provider.sent().iter().map(|envelope| envelope.at.0).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= MINUTE - 1), "{:?}", rig.sent());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_contact_has_nothing_in_the_outbox() {
    let rig = Rig::new(ONE).await;
    let contact = rig.contact("a").await;
    rig.contact("b").await;
    rig.provider.answers(|_| Does::Delay);
    rig.event("a", "go").await;
    rig.event("b", "go").await;
    rig.idle().await;
    rig.engine().erase(contact).await.unwrap();
    rig.provider.answers(|_| Does::Accept);
    rig.advance(HOUR).await;
    assert!(rig.sent()[2..].iter().all(|line| line.starts_with("hello b 2")), "{:?}", rig.sent());
    assert_eq!(rig.messages().len(), 1);
}
