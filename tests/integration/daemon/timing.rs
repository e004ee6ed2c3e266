//! Time in the daemon: timelines, gatherings, values that come once and dates, over crashes and deploys.

use super::people::program;
use super::rig::{DAY, HOUR, Rig, track};
use campc::daemon::api::ContactKey;
use serde_json::json;
use std::sync::Arc;

const MAILS: &str = r#"
    email week { subject "A week" body "A week. {{ unsubscribe_url }}" }
    email day { subject "A day" body "A day. {{ unsubscribe_url }}" }
    email now { subject "Now" body "Now. {{ unsubscribe_url }}" }
    email late { subject "After" body "After. {{ unsubscribe_url }}" }
"#;
const DIGEST: &str = r#"
    event says { what: text }
    email digest { subject "{{ said.count }} said" body "{% for one in said.items %}{{ one.what }};{% endfor %} {{ unsubscribe_url }}" }
"#;

fn user(name: &str) -> ContactKey {
    ContactKey::user(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeline_is_planned_anew_by_a_deploy_and_no_arm_runs_twice() {
    let source = |arms: &str| {
        format!(
            "{MAILS} event booked {{ starts: datetime }} event moved {{ starts: datetime }}\n\
             campaign \"c\" {{ published when booked as booking update booking when moved timeline booking.starts {{ {arms} }} wait 1h email late }}"
        )
    };
    let first = source("7d before { email week } 1d before { email day } on the day { email now }");
    let mut rig = Rig::new(program(&first)).await;
    rig.identify(user("a"), json!({"email": "a@x.example"})).await;
    rig.submit(track(user("a"), "booked", json!({"starts": "2026-01-25T14:00:00Z"}))).await;
    rig.advance(14 * DAY).await;
    assert_eq!(rig.sent(), ["week a@x.example 1 +312h"]);
    let second = source("8d before { email late } 7d before { email week } 3d before at 20:00 { email day } on the day { email now }");
    rig.engine().deploy(Arc::new(program(&second))).await.unwrap();
    rig.crash().await;
    rig.advance(4 * DAY).await;
    rig.submit(track(user("a"), "moved", json!({"starts": "2026-01-26T14:00:00Z"}))).await;
    rig.advance(10 * DAY).await;
    // The arm that is new is past, the one of a week has run, three days before at 20:00 is 22 January.
    assert_eq!(rig.sent(), ["week a@x.example 1 +312h", "day a@x.example 1 +414h", "now a@x.example 1 +504h", "late a@x.example 1 +505h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_arm_runs_again_when_moved_with_a_mail_of_its_own() {
    let source = format!(
        "{MAILS} event booked {{ starts: datetime }} event moved {{ starts: datetime }}\n\
         campaign \"c\" {{ published when booked as booking update booking when moved\n\
         timeline booking.starts again when moved {{ 7d before {{ email week }} on the day {{ email now }} }} }}"
    );
    let mut rig = Rig::new(program(&source)).await;
    rig.identify(user("a"), json!({"email": "a@x.example"})).await;
    rig.submit(track(user("a"), "booked", json!({"starts": "2026-01-25T14:00:00Z"}))).await;
    rig.advance(14 * DAY).await;
    rig.crash().await;
    rig.submit(track(user("a"), "moved", json!({"starts": "2026-02-05T14:00:00Z"}))).await;
    rig.advance(20 * DAY).await;
    assert_eq!(rig.sent(), ["week a@x.example 1 +312h", "week a@x.example 1 +576h", "now a@x.example 1 +744h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gathering_goes_on_over_a_crash_and_follows_the_text_of_a_deploy() {
    let source = |length: &str| format!("{DIGEST} campaign \"c\" {{ published when says as said collect said for {length} reenter always email digest }}");
    let mut rig = Rig::new(program(&source("2d"))).await;
    let ana = rig.identify(user("a"), json!({"email": "a@x.example"})).await;
    rig.submit(track(user("a"), "says", json!({"what": "one"}))).await;
    rig.advance(DAY).await;
    rig.crash().await;
    rig.submit(track(user("a"), "says", json!({"what": "two"}))).await;
    let view = rig.engine().contact(ana).unwrap();
    assert_eq!((view.enrollments[0].status, view.enrollments[0].wakes_at.as_deref()), ("gathering", Some("2026-01-07T14:00:00Z")));
    rig.engine().deploy(Arc::new(program(&source("3d")))).await.unwrap();
    rig.advance(2 * DAY - 1).await;
    assert!(rig.sent().is_empty());
    rig.advance(1).await;
    assert_eq!(rig.sent(), ["digest a@x.example 1 +72h"]);
    rig.submit(track(user("a"), "says", json!({"what": "three"}))).await;
    let without = "event says { what: text } email now { subject \"Now\" body \"Now. {{ unsubscribe_url }}\" }\n\
                   campaign \"c\" { published when says as said reenter always email now }";
    rig.engine().deploy(Arc::new(program(without))).await.unwrap();
    rig.engine().idle().await;
    assert_eq!(rig.sent().len(), 2, "where nothing is gathered any more, the steps are due");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_comes_once_also_after_a_crash_and_a_restart_counts_from_the_last_event() {
    let source = format!(
        "{MAILS} event cart {{ id: text }}\n\
         campaign \"c\" {{ published when cart as cart_now reenter each cart_now.id retrigger restart wait 2h email now }}"
    );
    let mut rig = Rig::new(program(&source)).await;
    rig.identify(user("a"), json!({"email": "a@x.example"})).await;
    rig.submit(track(user("a"), "cart", json!({"id": "1"}))).await;
    rig.submit(track(user("a"), "cart", json!({"id": "2"}))).await;
    rig.advance(HOUR).await;
    rig.crash().await;
    rig.submit(track(user("a"), "cart", json!({"id": "2"}))).await;
    rig.advance(4 * HOUR).await;
    assert_eq!(rig.sent(), ["now a@x.example 1 +2h", "now a@x.example 1 +3h"]);
    rig.submit(track(user("a"), "cart", json!({"id": "1"}))).await;
    rig.advance(4 * HOUR).await;
    assert_eq!(rig.sent().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_date_comes_after_a_crash_and_one_of_before_the_deploy_does_not() {
    let source =
        |more: &str| format!("{MAILS} contact {{ birthday: date }} campaign \"c\" {{ published when date birthday every year at 09:00 {more} email now }}");
    let without = format!("{MAILS} contact {{ birthday: date }}");
    let mut rig = Rig::new(program(&without)).await;
    for (name, birthday) in [("a", "1990-01-07"), ("b", "1990-01-06")] {
        rig.identify(user(name), json!({"email": format!("{name}@x.example"), "birthday": birthday})).await;
    }
    rig.advance(DAY).await;
    rig.engine().deploy(Arc::new(program(&source("")))).await.unwrap();
    rig.advance(HOUR).await;
    rig.crash().await;
    rig.advance(30 * DAY).await;
    assert_eq!(rig.sent(), ["now a@x.example 1 +43h"]);
}
