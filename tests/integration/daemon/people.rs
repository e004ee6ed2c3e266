//! What happens to people in the daemon: goals, merges, pauses with catching up, points that fade.

use super::rig::{DAY, HOUR, Rig, track};
use campc::bytecode::Program;
use campc::compiler::{Workspace, analyze, compile};
use campc::daemon::api::ContactKey;
use serde_json::json;
use std::sync::Arc;

/// The program of a source.
pub fn program(source: &str) -> Program {
    let project = format!("project \"Acme\" {{ timezone \"UTC\" from \"a@acme.example\" address \"1 King St\" }}\n{source}");
    let analysis = analyze(&Workspace::of_source("main.camp", &project));
    assert!(analysis.errors().is_empty(), "{:#?}", analysis.errors());
    compile(&analysis).unwrap()
}

fn goals(rig: &Rig) -> Vec<(String, u64)> {
    let campaigns = rig.engine().campaigns().unwrap();
    campaigns.iter().flat_map(|campaign| &campaign.goals).map(|goal| (goal.name.to_string(), goal.reached)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goals_are_counted_per_campaign_also_after_the_end_and_a_restart() {
    let source = r#"
        event buy { amount: number }
        campaign "c" { published when contact created goal "sale" = buy within 3d goal buy(amount > 10) wait 1d }
    "#;
    let mut rig = Rig::new(program(source)).await;
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.identify(ContactKey::user("b"), json!({"email": "b@x.example"})).await;
    assert_eq!(goals(&rig), [("sale".to_owned(), 0), ("buy(amount > 10)".to_owned(), 0)]);
    rig.submit(track(ContactKey::user("a"), "buy", json!({"amount": 5}))).await;
    rig.submit(track(ContactKey::user("a"), "buy", json!({"amount": 5}))).await;
    rig.advance(2 * DAY).await;
    rig.crash().await;
    rig.submit(track(ContactKey::user("b"), "buy", json!({"amount": 50}))).await;
    assert_eq!(goals(&rig), [("sale".to_owned(), 2), ("buy(amount > 10)".to_owned(), 1)]);
    rig.advance(DAY + HOUR).await;
    rig.submit(track(ContactKey::user("a"), "buy", json!({"amount": 50}))).await;
    assert_eq!(goals(&rig), [("sale".to_owned(), 2), ("buy(amount > 10)".to_owned(), 2)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn points_fade_over_a_restart_and_a_deploy_that_brings_the_line() {
    let source = |decay: &str| {
        format!("event buy\npoints {{ on buy +100 {decay} }}\nsegment warm = points > 85\ncampaign \"c\" {{ published when segment warm wait 90d }}")
    };
    let mut rig = Rig::new(program(&source(""))).await;
    let ana = rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.submit(track(ContactKey::user("a"), "buy", json!({}))).await;
    rig.advance(40 * DAY).await;
    let points = |rig: &Rig| rig.engine().contact(ana).unwrap().points.as_f64().unwrap();
    assert!((points(&rig) - 100.0).abs() < 1e-9);
    rig.engine().deploy(Arc::new(program(&source("decay 10% per 30d")))).await.unwrap();
    rig.advance(20 * DAY).await;
    rig.crash().await;
    rig.advance(10 * DAY - 1).await;
    assert!((points(&rig) - 100.0).abs() < 1e-9, "thirty days from the deploy on");
    rig.advance(1).await;
    assert!((points(&rig) - 90.0).abs() < 1e-9);
    rig.advance(30 * DAY).await;
    assert!((points(&rig) - 81.0).abs() < 1e-9);
    assert!(rig.engine().contact(ana).unwrap().segments.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_is_caught_up_with_if_one_asks_for_it_also_after_a_restart() {
    let source = r#"
        event buy
        email welcome { subject "Hello" body "Hello. {{ unsubscribe_url }}" }
        campaign "c" { published when buy reenter always only if country == "CA" email welcome }
    "#;
    let mut rig = Rig::new(program(source)).await;
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example", "country": "CA"})).await;
    rig.engine().pause("c").await.unwrap();
    rig.submit(track(ContactKey::user("a"), "buy", json!({}))).await;
    rig.engine().idle().await;
    rig.engine().resume("c").await.unwrap();
    rig.engine().idle().await;
    assert!(rig.sent().is_empty(), "lost");
    rig.engine().pause("c").await.unwrap();
    rig.submit(track(ContactKey::user("a"), "buy", json!({}))).await;
    rig.crash().await;
    rig.engine().catch_up("c").await.unwrap();
    rig.engine().idle().await;
    assert_eq!(rig.sent(), ["welcome a@x.example 1 +0h"]);
    rig.engine().catch_up("c").await.unwrap();
    rig.engine().idle().await;
    assert_eq!(rig.sent().len(), 1, "once");
}

const MAIL: &str = r#"
    event buy
    email one { subject "One" body "Hello. {{ unsubscribe_url }}" }
    email two { subject "Two" body "Hello. {{ unsubscribe_url }}" }
"#;

fn mails(rest: &str) -> Arc<Program> {
    Arc::new(program(&format!("{MAIL}\n{rest}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn existing_members_come_in_at_their_pace_once_and_after_a_restart() {
    let segment = "segment canada = country == \"Canada\"\n";
    let mut rig = Rig::new(program(&format!("{MAIL}\n{segment}"))).await;
    for user in ["a", "b", "c", "d", "e"] {
        let country = if user == "e" { "Spain" } else { "Canada" };
        rig.identify(ContactKey::user(user), json!({"email": format!("{user}@x.example"), "country": country})).await;
        rig.advance(1).await;
    }
    let campaign = format!("{segment} campaign \"c\" {{ published when segment canada including existing 2 per hour reenter always email one }}");
    rig.engine().deploy(mails(&campaign)).await.unwrap();
    rig.engine().idle().await;
    assert_eq!(rig.sent(), ["one a@x.example 1 +0h"]);
    rig.advance(HOUR - 1).await;
    assert_eq!(rig.sent().len(), 2);
    rig.crash().await;
    rig.identify(ContactKey::user("d"), json!({"country": "Spain"})).await;
    rig.identify(ContactKey::user("f"), json!({"email": "f@x.example", "country": "Canada"})).await;
    rig.engine().idle().await;
    assert_eq!(rig.sent()[2], "one f@x.example 1 +1h", "who enters comes in at once");
    rig.advance(DAY).await;
    let mut to: Vec<String> = rig.sent().iter().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
    to.sort();
    assert_eq!(to, ["a@x.example", "b@x.example", "c@x.example", "f@x.example"]);
    // An edit of the campaign is no beginning; members that the edit of the segment brings come in.
    let wider = campaign.replace("country == \"Canada\"", "country in (\"Canada\", \"Spain\")").replace("email one }", "email two }");
    rig.engine().deploy(mails(&wider)).await.unwrap();
    rig.advance(DAY).await;
    let mut late: Vec<String> = rig.sent()[4..].to_vec();
    late.sort();
    assert_eq!(late, ["two d@x.example 1 +25h", "two e@x.example 1 +25h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_of_migrate_says_where_people_go_on() {
    let old = "campaign \"c\" { published when contact created email one wait 3d wait 4d email two }";
    let rig = Rig::new(Arc::unwrap_or_clone(mails(old))).await;
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.advance(DAY).await;
    let new = |rules: &str, steps: &str| mails(&format!("campaign \"c\" {{ published when contact created {rules} {steps} }}"));
    let steps = "email one wait 5d as cooldown email two";
    let refused = rig.engine().deploy(new("", steps)).await.unwrap_err();
    assert!(refused.to_string().contains("E2102"), "{refused}");
    let deployed = rig.engine().deploy(new("migrate { from \"wait#1\" to cooldown from \"wait#2\" stop }", steps)).await.unwrap();
    assert!(deployed.is_new);
    rig.advance(4 * DAY - 1).await;
    assert_eq!(rig.sent().len(), 1, "the day that has passed counts");
    rig.advance(1).await;
    assert_eq!(rig.sent()[1..], ["two a@x.example 1 +120h"]);
    assert_eq!(rig.engine().campaigns().unwrap()[0].inside, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrate_stops_or_leads_to_another_kind_of_step() {
    let old = "campaign \"c\" { published when contact created email one wait 3d as pause email two }";
    let mut rig = Rig::new(Arc::unwrap_or_clone(mails(old))).await;
    let ana = rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.advance(DAY).await;
    let asks = "campaign \"c\" { published when contact created migrate { from pause to ask } email one wait for buy up to 2d as ask email two }";
    rig.engine().deploy(mails(asks)).await.unwrap();
    rig.crash().await;
    rig.advance(2 * DAY).await;
    assert_eq!(rig.sent()[1..], ["two a@x.example 1 +72h"]);
    rig.identify(ContactKey::user("b"), json!({"email": "b@x.example"})).await;
    rig.engine().idle().await;
    let stops = "campaign \"c\" { published when contact created migrate { from ask stop } email one email two }";
    rig.engine().deploy(mails(stops)).await.unwrap();
    rig.advance(9 * DAY).await;
    assert_eq!(rig.sent().len(), 3, "{:?}", rig.sent());
    let last = rig.engine().journal(rig.engine().resolve("b").unwrap()).unwrap().pop().unwrap();
    assert_eq!((last.what.as_str(), last.why.as_str()), ("stopped", "deploy"));
    assert_eq!(rig.engine().contact(ana).unwrap().enrollments.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn was_keeps_enrollments_history_memberships_and_consent() {
    let old = r#"
        list vip
        topic news opt in
        email hello { topic news subject "One" body "Hello. {{ unsubscribe_url }}" }
        segment canada = country == "Canada"
        campaign "in" { published when segment canada email hello wait 3d as pause email two }
    "#;
    let new = r#"
        list best was vip
        topic letters was news opt in
        email hi was hello { topic letters subject "Hi" body "Hello. {{ unsubscribe_url }}" }
        segment north was canada = country == "Canada"
        campaign "entry" was "in" { published when segment north email hi wait 3d as pause if opened(hi) then email two else email one }
        campaign "left" { published when leaving segment north email one }
        campaign "more" { published when enrolled email hi }
    "#;
    let mut rig = Rig::new(Arc::unwrap_or_clone(mails(old))).await;
    let topics = json!({"consent": {"topics": {"news": "given"}}, "email": "a@x.example", "first_name": "Bo"});
    let contact =
        rig.submit(campc::daemon::api::Submission::new(ContactKey::user("a"), campc::daemon::api::SubmissionKind::Upsert(super::rig::map(topics)))).await;
    let ana = contact.contact.unwrap();
    rig.identify(ContactKey::user("a"), json!({"country": "Canada"})).await;
    rig.engine().idle().await;
    assert_eq!(rig.sent(), ["hello a@x.example 1 +0h"]);
    rig.advance(DAY).await;
    rig.engine().deploy(mails(new)).await.unwrap();
    rig.crash().await;
    assert_eq!(rig.engine().campaigns().unwrap()[0].inside, 1);
    rig.advance(2 * DAY).await;
    assert_eq!(rig.sent()[1..], ["one a@x.example 1 +72h"], "the wait has counted on, and nobody has left");
    assert_eq!(rig.engine().contact(ana).unwrap().consent.topics["letters"], campc::machine::state::ConsentState::Given);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identify_that_unites_two_people_sends_nothing_twice() {
    let source = "campaign \"c\" { published when contact created email one wait 2d email two }";
    let mut rig = Rig::new(Arc::unwrap_or_clone(mails(source))).await;
    let device = super::rig::anonymous("dev");
    let first = ContactKey { email: Some("a@x.example".into()), ..ContactKey::default() };
    rig.identify(first, json!({})).await;
    rig.advance(DAY).await;
    rig.identify(device, json!({"email": "a2@x.example"})).await;
    rig.engine().idle().await;
    let ana = rig.identify(super::rig::both("u1", "dev"), json!({"email": "a@x.example"})).await;
    rig.crash().await;
    rig.advance(9 * DAY).await;
    assert_eq!(rig.sent(), ["one a@x.example 1 +0h", "one a2@x.example 1 +24h", "two a@x.example 1 +48h"]);
    assert!(rig.whats(ana).iter().any(|what| what == "merged"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_counted_stays_when_the_person_is_erased() {
    let source = "event sale campaign \"c\" { published when contact created goal sale wait 1d }";
    let mut rig = Rig::new(program(source)).await;
    let ana = rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.identify(ContactKey::user("b"), json!({"email": "b@x.example"})).await;
    rig.submit(track(ContactKey::user("a"), "sale", json!({}))).await;
    rig.engine().erase(ana).await.unwrap();
    rig.crash().await;
    rig.submit(track(ContactKey::user("b"), "sale", json!({}))).await;
    let counted = rig.engine().campaigns().unwrap().remove(0);
    assert_eq!((counted.entered, counted.inside, counted.goals[0].reached), (2, 1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_holdout_is_measured_apart() {
    let source = "event sale campaign \"c\" { published when contact created holdout 100% goal sale wait 1d }";
    let rig = Rig::new(program(source)).await;
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.submit(track(ContactKey::user("a"), "sale", json!({}))).await;
    let counted = rig.engine().campaigns().unwrap().remove(0);
    assert_eq!((counted.entered, counted.held_out, counted.goals[0].reached, counted.goals[0].held_out), (1, 1, 1, 1));
}
