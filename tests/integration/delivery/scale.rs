//! Scale: what waits is not looked at. The work is counted, not timed.

use super::rig::{DAY, Does, HOUR, Rig};
use campc::daemon::api::{ContactKey, Submission, SubmissionKind};
use std::fmt::Write as _;

/// How many effects or enrollments wait; `CAMP_SCALE` asks for more.
fn size() -> usize {
    std::env::var("CAMP_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

fn count(size: usize) -> u64 {
    u64::try_from(size).unwrap()
}

fn campaigns() -> String {
    let mut source = String::from("email hello { subject \"Hello\" body \"Hello.\" }\n");
    for number in 0..2 {
        let _ = write!(source, "event go{number}\ncampaign \"C{number}\" {{ published when go{number} reenter always email hello wait 90d }}\n");
    }
    source
}

async fn submit_all(rig: &Rig, names: impl Iterator<Item = usize>, event: &str) {
    let one = |number: usize| {
        let key = ContactKey { email: Some(format!("u{number}@x.example").into()), ..ContactKey::user(&format!("u{number}")) };
        let submission = Submission::new(key.clone(), SubmissionKind::Track { name: event.into(), properties: serde_json::Map::new() });
        let traits = serde_json::json!({"email": format!("u{number}@x.example")});
        [Submission::new(key, SubmissionKind::Identify { traits: traits.as_object().unwrap().clone() }), submission]
    };
    let all: Vec<Submission> = names.flat_map(one).collect();
    for chunk in all.chunks(500) {
        rig.engine().submit(chunk.to_vec()).await.unwrap();
    }
    rig.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_queued_effects_cost_nothing_while_they_wait_and_a_campaign_that_resumes_touches_its_own_alone() {
    let size = size();
    let rig = Rig::new(&campaigns()).await;
    rig.provider.answers(|_| Does::Overloaded(20 * 3_600));
    submit_all(&rig, 0..size, "go0").await;
    submit_all(&rig, size..size + 10, "go1").await;
    assert_eq!(rig.engine().status().unwrap().outbox["queued"], count(size + 10));
    rig.engine().pause("C1").await.unwrap();
    rig.engine().pause("C0").await.unwrap();
    let before = rig.counter("outbox_visits");
    rig.advance(HOUR).await;
    assert_eq!(rig.counter("outbox_visits") - before, 0, "an hour passes");
    // The outage is over; both campaigns are paused, so all are looked at once and parked.
    rig.advance(20 * HOUR).await;
    let parked = rig.counter("outbox_visits");
    rig.provider.answers(|_| Does::Accept);
    rig.engine().resume("C1").await.unwrap();
    rig.idle().await;
    assert_eq!(rig.provider.sent().iter().filter(|envelope| envelope.campaign.as_deref() == Some("C1")).count(), 10);
    let visits = rig.counter("outbox_visits") - parked;
    assert!(visits < 200, "ten of {size} are resumed: {visits} visits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_that_pauses_and_resumes_wakes_nobody_who_is_not_inside() {
    let size = size();
    let rig = Rig::new(&campaigns()).await;
    submit_all(&rig, 0..size, "go0").await;
    submit_all(&rig, size..size + 10, "go1").await;
    let inputs = rig.counter("switched");
    rig.engine().pause("C1").await.unwrap();
    rig.engine().resume("C1").await.unwrap();
    assert_eq!(rig.counter("switched") - inputs, 20, "ten contacts, twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_queued_effect_is_looked_at_a_few_times_in_its_life() {
    let size = size();
    let rig = Rig::new(&campaigns()).await;
    rig.provider.answers(|_| Does::Overloaded(3_600));
    submit_all(&rig, 0..size, "go0").await;
    rig.provider.answers(|_| Does::Accept);
    rig.advance(DAY).await;
    assert_eq!(rig.engine().status().unwrap().outbox.get("queued").copied().unwrap_or(0), 0);
    let visits = rig.counter("outbox_visits");
    assert!(visits <= count(size) * 10, "{visits} visits of {size} effects");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_contact_costs_its_own_rows_alone() {
    let size = size();
    let rig = Rig::new(&campaigns()).await;
    rig.provider.answers(|_| Does::Overloaded(20 * 3_600));
    submit_all(&rig, 0..size, "go0").await;
    let before = rig.counter("outbox_visits");
    let contact = rig.engine().resolve("u7").unwrap();
    rig.engine().erase(contact).await.unwrap();
    rig.advance(1_000).await;
    assert!(rig.counter("outbox_visits") - before < 10);
    assert_eq!(rig.engine().status().unwrap().outbox["queued"], count(size - 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_cap_holds_is_woken_when_it_frees_and_not_before() {
    let size = size() / 4;
    let source = r#"
policy { limit 1 email per day else wait }
event go
email hello { subject "Hello" body "Hello." }
campaign "C" { published when go reenter always email hello }
"#;
    let rig = Rig::new(source).await;
    submit_all(&rig, 0..size, "go").await;
    submit_all(&rig, 0..size, "go").await;
    assert_eq!(rig.provider.count(), size, "the second waits for tomorrow");
    let wakes = rig.counter("wakes");
    rig.advance(14 * HOUR).await;
    assert_eq!(rig.counter("wakes") - wakes, 0);
    rig.advance(2 * HOUR).await;
    assert_eq!(rig.provider.count(), 2 * size);
    assert!(rig.counter("wakes") - wakes <= count(size) * 2, "{} wakes for {size}", rig.counter("wakes") - wakes);
}
