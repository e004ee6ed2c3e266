//! What happens to people in the daemon: goals, merges, pauses with catching up, points that fade.

use super::rig::{DAY, HOUR, Rig, track};
use campc::bytecode::Program;
use campc::compiler::{Workspace, analyze, compile};
use campc::daemon::api::ContactKey;
use serde_json::json;

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
    rig.engine().deploy(std::sync::Arc::new(program(&source("decay 10% per 30d")))).await.unwrap();
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
