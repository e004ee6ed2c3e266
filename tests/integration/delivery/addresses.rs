//! Suppression works by address: for those who have it, for those who come to have it, before any trigger looks.

use super::rig::{Does, Rig};
use campc::daemon::api::SubmissionKind;
use serde_json::json;

const SOURCE: &str = r#"
event go
event buy
topic news "News"
email hello { topic news subject "Hello" body "Hello." }
email receipt { transactional subject "Receipt" body "Thanks." }
campaign "C" { published when go reenter always email hello }
campaign "Buy" { published when buy reenter always email receipt }
"#;

async fn with_address(rig: &Rig, name: &str, address: &str) {
    let body = json!({ "email": address });
    rig.submit(name, SubmissionKind::Upsert(body.as_object().unwrap().clone())).await;
}

/// What became of the messages of one kind to a person: why, where they were skipped.
fn journal(rig: &Rig, name: &str) -> Vec<String> {
    rig.journal(rig.engine().resolve(name).unwrap()).into_iter().filter(|line| line.starts_with("sent") || line.starts_with("skipped")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_address_is_dead_for_those_who_have_it_and_for_those_who_come_to_have_it() {
    let rig = Rig::new(SOURCE).await;
    rig.provider.answers(|envelope| match &envelope.outgoing {
        campc::content::Outgoing::Email(mail) if mail.to[0].address.starts_with("dead") => Does::HardBounce,
        _ => Does::Accept,
    });
    for name in ["a", "b"] {
        with_address(&rig, name, "dead@x.example").await;
    }
    rig.event("a", "go").await;
    rig.idle().await;
    with_address(&rig, "c", "Dead@X.example").await;
    with_address(&rig, "d", "good@x.example").await;
    for name in ["b", "c", "d"] {
        rig.event(name, "go").await;
        rig.event(name, "buy").await;
    }
    rig.idle().await;
    assert_eq!(journal(&rig, "b"), ["skipped hard bounce", "skipped hard bounce"]);
    assert_eq!(journal(&rig, "c"), ["skipped hard bounce", "skipped hard bounce"]);
    assert_eq!(journal(&rig, "d"), ["sent email hello", "sent email receipt"]);
    with_address(&rig, "a", "new@x.example").await;
    rig.event("a", "go").await;
    rig.idle().await;
    assert_eq!(journal(&rig, "a").last().unwrap(), "sent email hello", "a new address has not bounced");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opt_out_holds_for_all_who_have_the_address_and_before_any_trigger_looks() {
    let rig = Rig::new(&format!("{SOURCE}campaign \"Greet\" {{ published when contact created email hello }}")).await;
    with_address(&rig, "a", "same@x.example").await;
    rig.submit("a", SubmissionKind::UnsubscribeAll).await;
    with_address(&rig, "b", "same@x.example").await;
    rig.idle().await;
    assert_eq!(rig.sent(), ["hello same 1 +0m"], "the second one came with the opt-out of the first");
}
