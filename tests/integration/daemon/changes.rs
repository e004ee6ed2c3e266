//! What a change of a campaign does to those inside, row by row of what is promised.

use super::people::program;
use super::rig::{DAY, HOUR, Rig, track};
use campc::bytecode::Program;
use campc::daemon::api::{ContactKey, DeployOptions, EngineError, Submission, SubmissionKind};
use campc::machine::state::ContactUid;
use serde_json::{Value as Json, json};
use std::sync::Arc;

const HEAD: &str = r#"
event asked
event bought
email one { subject "One" body "One. https://acme.example/1" }
email two { subject "Two" body "Two. https://acme.example/2" }
email three { subject "Three" transactional body "Three. https://acme.example/3" }
"#;

fn of(header: &str, steps: &str) -> Program {
    program(&format!("{HEAD}campaign \"c\" {{ published when contact created {header} {steps} }}"))
}

/// One who came in under the first version.
async fn inside(first: Program) -> (Rig, ContactUid) {
    let rig = Rig::new(first).await;
    let ana = rig.identify(ContactKey::user("a"), json!({"email": "a@x.example", "points": 0})).await;
    rig.engine().idle().await;
    (rig, ana)
}

async fn set(rig: &Rig, body: Json) {
    rig.submit(Submission::new(ContactKey::user("a"), SubmissionKind::Upsert(body.as_object().unwrap().clone()))).await;
    rig.engine().idle().await;
}

async fn deploy(rig: &Rig, next: Program) {
    rig.engine().deploy(Arc::new(next)).await.unwrap();
    rig.engine().idle().await;
}

fn refused_with(answer: Result<campc::daemon::api::Deployed, EngineError>) -> Vec<String> {
    let Err(EngineError::NotDeployable(obstacles)) = answer else { panic!("{answer:?}") };
    obstacles.findings.iter().map(|finding| finding.code.to_string()).collect()
}

fn tags(rig: &Rig, contact: ContactUid) -> Vec<String> {
    rig.engine().contact(contact).unwrap().tags.iter().map(ToString::to_string).collect()
}

fn messages(rig: &Rig) -> Vec<String> {
    rig.sent().iter().map(|line| format!("{} {}", line.split(' ').next().unwrap(), line.split(' ').next_back().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_send_that_is_removed_is_cancelled_and_says_so() {
    let (rig, ana) = inside(of("send between 12:00 and 13:00", "email one wait 9d as pause")).await;
    assert_eq!(refused_with(rig.engine().deploy(Arc::new(of("send between 12:00 and 13:00", "wait 9d as pause"))).await), ["E2103"]);
    deploy(&rig, of("migrate { from \"email one\" to pause }", "wait 9d as pause email two")).await;
    let lines = rig.engine().journal(ana).unwrap();
    assert!(lines.iter().any(|line| line.what == "cancelled" && line.why == "removed by deploy"), "{lines:#?}");
    rig.advance(9 * DAY).await;
    assert_eq!(messages(&rig), ["two +216h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_counts_from_the_arrival_with_its_new_length() {
    for (before, after) in [
        ("if bought within 5d then email one else email two", "if bought within 2d then email one else email two"),
        ("wait for bought up to 5d email two", "wait for bought up to 2d email two"),
        ("await { on bought { email one } after 5d { email two } }", "await { on bought { email one } after 2d { email two } }"),
    ] {
        let (rig, _) = inside(of("", before)).await;
        rig.advance(DAY).await;
        deploy(&rig, of("", after)).await;
        rig.advance(DAY - 1).await;
        assert_eq!(messages(&rig), Vec::<String>::new(), "{after}");
        rig.advance(1).await;
        assert_eq!(messages(&rig), ["two +48h"], "{after}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_condition_is_asked_at_the_move_as_on_arrival() {
    let (rig, _) = inside(of("", "if has tag \"x\" within 5d then email one else email two")).await;
    set(&rig, json!({"tags": ["y"]})).await;
    deploy(&rig, of("", "if has tag \"y\" within 5d then email one else email two")).await;
    assert_eq!(messages(&rig), ["one +0h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_before_is_not_replayed_by_an_await_but_history_since_the_anchor_counts() {
    let (rig, _) = inside(of("", "await { on asked { email one } after 5d { email two } }")).await;
    rig.submit(track(ContactKey::user("a"), "bought", json!({}))).await;
    rig.engine().idle().await;
    deploy(&rig, of("", "await { on bought { email one } after 5d { email two } }")).await;
    assert_eq!(messages(&rig), Vec::<String>::new());
    rig.submit(track(ContactKey::user("a"), "bought", json!({}))).await;
    rig.engine().idle().await;
    assert_eq!(messages(&rig), ["one +0h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exit_and_a_stay_hold_at_the_move_and_an_end_of_the_campaign_ends_it() {
    for header in ["exit when has tag \"x\"", "stay while points > 10", "active until 2026-01-05 10:00"] {
        let (rig, ana) = inside(of("", "wait 9d as pause email one")).await;
        set(&rig, json!({"tags": ["x"]})).await;
        rig.advance(2 * HOUR).await;
        deploy(&rig, of(header, "wait 9d as pause email one")).await;
        assert_eq!(rig.engine().contact(ana).unwrap().enrollments.len(), 0, "{header}");
        rig.advance(9 * DAY).await;
        assert_eq!(messages(&rig), Vec::<String>::new(), "{header}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_goal_that_history_has_reached_already_counts_once() {
    let (rig, _) = inside(of("", "wait 9d as pause email one")).await;
    rig.advance(HOUR).await;
    rig.submit(track(ContactKey::user("a"), "bought", json!({}))).await;
    rig.engine().idle().await;
    deploy(&rig, of("goal \"sold\" = bought", "wait 9d as pause email one")).await;
    let reached = |rig: &Rig| rig.engine().campaigns().unwrap()[0].goals[0].reached;
    assert_eq!(reached(&rig), 1);
    rig.submit(track(ContactKey::user("a"), "bought", json!({}))).await;
    rig.engine().idle().await;
    assert_eq!(reached(&rig), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeline_skips_what_is_past_runs_what_is_new_and_nothing_twice() {
    let with = |arms: &str| {
        program(&format!("contact {{ start: datetime }} {HEAD} campaign \"c\" {{ published when contact created timeline start as plan {{ {arms} }} }}"))
    };
    let rig = Rig::new(with("0d after { email one } 3d after { email two }")).await;
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example", "start": "2026-01-05T14:00:00Z"})).await;
    rig.advance(DAY).await;
    assert_eq!(messages(&rig), ["one +0h"]);
    deploy(&rig, with("0d after { email one } 12h after { email three } 2d after { email two }")).await;
    rig.advance(5 * DAY).await;
    assert_eq!(messages(&rig), ["one +0h", "two +48h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_repeat_is_in_its_first_pass_and_another_limit_counts_from_there() {
    let (rig, _) = inside(of("", "email one wait 1d as pause email two")).await;
    deploy(&rig, of("", "email one repeat up to 3 times { wait 1d as pause email two }")).await;
    rig.advance(9 * DAY).await;
    assert_eq!(messages(&rig), ["one +0h", "two +24h", "two +48h", "two +72h"]);
    let (rig, _) = inside(of("", "repeat up to 5 times as round { wait 1d as pause email two }")).await;
    rig.advance(2 * DAY).await;
    deploy(&rig, of("", "repeat up to 2 times as round { wait 1d as pause email two }")).await;
    rig.advance(9 * DAY).await;
    assert_eq!(messages(&rig), ["two +24h", "two +48h", "two +72h"], "the pass it is in is the last");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_parallel_has_the_contact_in_its_branch_and_a_new_branch_is_for_new_arrivals() {
    let (rig, ana) = inside(of("", "wait 1d as pause tag \"paused\" tag \"end\"")).await;
    deploy(&rig, of("", "parallel { { wait 1d as pause tag \"paused\" } { tag \"beside\" } } tag \"end\"")).await;
    rig.advance(2 * DAY).await;
    assert_eq!(tags(&rig, ana), ["end", "paused"]);
    let (rig, ana) = inside(of("", "parallel as both { { wait 1d as pause tag \"one\" } { wait 2d as rest tag \"two\" } } tag \"end\"")).await;
    let more = of("", "parallel as both { { wait 1d as pause tag \"one\" } { wait 2d as rest tag \"two\" } { wait 3d tag \"three\" } } tag \"end\"");
    deploy(&rig, more).await;
    rig.advance(9 * DAY).await;
    assert_eq!(tags(&rig, ana), ["end", "one", "two"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_branch_with_somebody_in_it_wants_a_rule() {
    let (rig, _) = inside(of("", "parallel as both { { wait 1d as pause tag \"one\" } { wait 2d as rest tag \"two\" } } tag \"end\"")).await;
    let less = |rule: &str| of(rule, "parallel as both { { wait 1d as pause tag \"one\" } { tag \"other\" } } tag \"end\"");
    assert_eq!(refused_with(rig.engine().deploy(Arc::new(less(""))).await), ["E2103"]);
    deploy(&rig, less("migrate { from rest stop }")).await;
    rig.advance(3 * DAY).await;
    assert_eq!(rig.engine().campaigns().unwrap()[0].inside, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_sends_nothing_and_time_goes_on() {
    let (rig, _) = inside(of("", "wait 1d as pause email one wait 1d as rest email two")).await;
    let draft = program(&format!("{HEAD}campaign \"c\" {{ draft when contact created wait 1d as pause email one wait 1d as rest email two }}"));
    deploy(&rig, draft).await;
    rig.advance(5 * DAY).await;
    assert_eq!(messages(&rig), Vec::<String>::new());
    deploy(&rig, of("", "wait 1d as pause email one wait 1d as rest email two")).await;
    assert_eq!(messages(&rig), ["one +120h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assigned_arm_stays_and_an_arm_that_is_gone_wants_a_rule() {
    let split = |arms: &str| of("", &format!("split as half {{ {arms} }} tag \"end\""));
    let (rig, ana) = inside(split("50% as \"a\" { wait 2d as in_a tag \"a\" } 50% as \"b\" { wait 2d as in_b tag \"b\" }")).await;
    let arm = rig.engine().contact(ana).unwrap().enrollments[0].step.to_string();
    let (own, other) = if arm == "in_a" { ("a", "b") } else { ("b", "a") };
    deploy(&rig, split(&format!("1% as {own:?} {{ wait 3d as in_{own} tag {own:?} }} 99% as {other:?} {{ wait 3d as in_{other} tag {other:?} }}"))).await;
    let gone = split(&format!("100% as {other:?} {{ wait 3d as in_{other} tag {other:?} }}"));
    assert_eq!(refused_with(rig.engine().deploy(Arc::new(gone)).await), ["E2103"]);
    rig.advance(3 * DAY).await;
    assert_eq!(tags(&rig, ana), [own, "end"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_converts_and_one_that_is_removed_is_kept_and_not_seen() {
    let with = |fields: &str| program(&format!("contact {{ {fields} }} {HEAD} campaign \"c\" {{ published when contact created wait 9d as pause }}"));
    let rig = Rig::new(with("seats: text")).await;
    let ana = rig.identify(ContactKey::user("a"), json!({"email": "a@x.example", "seats": "12"})).await;
    rig.engine().idle().await;
    deploy(&rig, with("seats: number")).await;
    assert_eq!(rig.engine().contact(ana).unwrap().fields["seats"], json!(12));
    deploy(&rig, with("other: text")).await;
    assert!(!rig.engine().contact(ana).unwrap().fields.contains_key("seats"));
    deploy(&rig, with("seats: number")).await;
    assert_eq!(rig.engine().contact(ana).unwrap().fields["seats"], json!(12));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_text_of_a_message_is_the_new_one_from_the_next_render_on() {
    let with = |subject: &str| {
        program(&format!(
            "email hello {{ subject {subject:?} transactional body \"Hello.\" }} campaign \"c\" {{ published when contact created wait 1d as pause email hello }}"
        ))
    };
    let rig = Rig::new(with("Old")).await;
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.engine().idle().await;
    deploy(&rig, with("New")).await;
    rig.advance(DAY).await;
    let sent = rig.fake.sent.lock().unwrap();
    let campc::content::Outgoing::Email(mail) = &sent[0].outgoing else { panic!() };
    assert_eq!(mail.subject, "New");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_that_is_gone_is_finished_by_those_inside_where_the_operator_says_so() {
    let (rig, ana) = inside(of("exit when has tag \"out\"", "wait 2d as pause email one")).await;
    let other = program(&format!("{HEAD}campaign \"d\" {{ published when asked email three }}"));
    assert_eq!(refused_with(rig.engine().deploy(Arc::new(other.clone())).await), ["E2108"]);
    let to_finish = DeployOptions { is_finishing_on_old: true, ..DeployOptions::default() };
    rig.engine().deploy_with(Arc::new(other), to_finish).await.unwrap();
    rig.engine().idle().await;
    assert_eq!(rig.engine().status().unwrap().finishing_on_old[0].campaign.as_ref(), "c");
    assert_eq!(rig.engine().status().unwrap().enrollments, 1, "who finishes is inside still");
    assert_eq!(rig.engine().contact(ana).unwrap().enrollments[0].campaign.as_ref(), "c");
    rig.advance(2 * DAY).await;
    assert_eq!(messages(&rig), ["one +48h"]);
    assert_eq!(rig.engine().status().unwrap().finishing_on_old, []);
}
