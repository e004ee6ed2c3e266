//! What a deploy has put aside: who is stranded or finishes on an older version, and the operator's word on it.

use super::people::program;
use super::rig::{DAY, Rig, track};
use campc::daemon::api::{AsideCommand, AsideView, ContactKey, DeployOptions};
use campc::daemon::{PlanAsk, PlanDepth, PlanPermits};
use campc::machine::state::ContactUid;
use serde_json::json;
use std::sync::Arc;

fn source(sku: &str, steps: &str) -> String {
    format!(
        "event ordered {{ sku: {sku} }}\nevent left\nemail thanks {{ subject \"Thanks\" transactional body \"Thanks.\" }}\n\
         campaign \"c\" {{ published when ordered as order exit when left {steps} }}"
    )
}

/// Two whose captured word is no number, and one whose is.
async fn with_stranded() -> (Rig, [ContactUid; 3]) {
    let rig = Rig::new(program(&source("text", "wait 3d as pause email thanks"))).await;
    let mut people = [ContactUid::default(); 3];
    for (at, sku) in ["blue", "red", "7"].iter().enumerate() {
        let user = format!("p{at}");
        people[at] = rig.identify(ContactKey::user(&user), json!({"email": format!("{user}@x.example")})).await;
        rig.submit(track(ContactKey::user(&user), "ordered", json!({ "sku": sku }))).await;
    }
    rig.engine().idle().await;
    let next = Arc::new(program(&source("number", "wait 4d as pause email thanks")));
    let plan = rig.engine().plan(&PlanAsk { program: next.clone(), depth: PlanDepth::All, permits: PlanPermits::default() });
    assert_eq!((plan.is_deployable(), plan.campaigns[0].stranded), (true, 2));
    rig.engine().deploy(next).await.unwrap();
    rig.engine().idle().await;
    assert_eq!(rig.engine().roll_over().stranded, 2);
    (rig, people)
}

fn counted(views: &[AsideView]) -> Vec<(&str, u64)> {
    views.iter().map(|view| (view.why.as_deref().unwrap_or_default(), view.enrollments)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_stranded_is_listed_until_the_operator_releases_or_ends_it() {
    let (mut rig, [blue, red, seven]) = with_stranded().await;
    rig.crash().await;
    let why = "a captured value does not fit its new type";
    let status = rig.engine().status().unwrap();
    assert_eq!(counted(&status.stranded), [(why, 2)]);
    assert_eq!((status.stranded[0].campaign.as_ref(), status.stranded[0].step.as_deref(), status.stranded[0].deployment), ("c", Some("pause"), 1));
    assert_eq!(counted(&rig.engine().campaign("c").unwrap().unwrap().stranded), [(why, 2)]);
    rig.advance(9 * DAY).await;
    assert_eq!(rig.sent().len(), 1, "who is stranded stands still: {:?}", rig.sent());
    rig.engine().settle_aside(blue, Some("c"), AsideCommand::Release).await.unwrap();
    rig.engine().settle_aside(red, None, AsideCommand::End).await.unwrap();
    let refused = rig.engine().settle_aside(seven, None, AsideCommand::Release).await.unwrap_err();
    assert!(refused.to_string().starts_with("nothing of this contact is stranded"), "{refused}");
    rig.engine().idle().await;
    rig.crash().await;
    rig.advance(1).await;
    assert_eq!(rig.sent().len(), 2, "what fell due meanwhile is due at once: {:?}", rig.sent());
    let status = rig.engine().status().unwrap();
    assert_eq!((status.stranded.len(), status.finishing_on_old.len(), status.enrollments), (0, 0, 0));
    assert_eq!(rig.whats(red).last().map(String::as_str), Some("stopped pause"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exit_still_ends_who_is_stranded() {
    let (rig, [blue, ..]) = with_stranded().await;
    rig.submit(track(ContactKey::user("p0"), "left", json!({}))).await;
    rig.engine().idle().await;
    assert_eq!(rig.engine().contact(blue).unwrap().enrollments.len(), 0);
    assert_eq!(rig.engine().status().unwrap().stranded[0].enrollments, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_deploy_that_has_a_place_goes_on_with_who_is_stranded() {
    let (rig, _) = with_stranded().await;
    rig.engine().deploy(Arc::new(program(&source("text", "wait 3d as pause email thanks points +1")))).await.unwrap();
    rig.engine().idle().await;
    assert_eq!(rig.engine().status().unwrap().stranded, []);
    rig.advance(3 * DAY).await;
    assert_eq!(rig.sent().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finishes_on_an_older_version_is_counted_and_after_ninety_days_a_plan_says_so() {
    let rig = Rig::new(program(&source("text", "wait 200d as pause email thanks"))).await;
    let contact = rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.submit(track(ContactKey::user("a"), "ordered", json!({ "sku": "x" }))).await;
    rig.engine().idle().await;
    let to_finish = DeployOptions { is_finishing_on_old: true, ..DeployOptions::default() };
    rig.engine().deploy_with(Arc::new(program(&source("text", "email thanks"))), to_finish).await.unwrap();
    rig.engine().idle().await;
    let finishing = rig.engine().campaign("c").unwrap().unwrap().finishing_on_old;
    assert_eq!((counted(&finishing), finishing[0].deployment), (vec![("", 1)], 1));
    let ask = PlanAsk { program: Arc::new(program(&source("text", "email thanks points +1"))), depth: PlanDepth::Sample, permits: PlanPermits::default() };
    assert_eq!(rig.engine().plan(&ask).lingering, []);
    rig.advance(91 * DAY).await;
    let lingering = rig.engine().plan(&ask).lingering;
    assert_eq!((lingering[0].campaign.as_str(), lingering[0].enrollments, lingering[0].days), ("c", 1, 91));
    rig.engine().settle_aside(contact, None, AsideCommand::End).await.unwrap();
    assert_eq!(rig.engine().status().unwrap().finishing_on_old, []);
}

/// Two who finish at a step that the running version does not have.
async fn with_finishing() -> Rig {
    let rig = Rig::new(program(&source("text", "wait 9d as pause email thanks"))).await;
    for user in ["a", "b"] {
        rig.identify(ContactKey::user(user), json!({"email": format!("{user}@x.example")})).await;
        rig.submit(track(ContactKey::user(user), "ordered", json!({ "sku": "x" }))).await;
    }
    rig.engine().idle().await;
    let to_finish = DeployOptions { is_finishing_on_old: true, ..DeployOptions::default() };
    rig.engine().deploy_with(Arc::new(program(&source("text", "email thanks wait 1d as rest"))), to_finish).await.unwrap();
    rig.engine().idle().await;
    assert_eq!(rig.engine().status().unwrap().finishing_on_old[0].enrollments, 2);
    rig
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roll_back_takes_those_who_finished_on_its_program_in_again() {
    let rig = with_finishing().await;
    rig.engine().roll_back(DeployOptions::default()).await.unwrap();
    rig.engine().idle().await;
    let done = rig.engine().roll_over();
    assert_eq!((done.moved, done.finishing), (2, 0));
    assert_eq!(rig.engine().status().unwrap().finishing_on_old, []);
    rig.advance(9 * DAY).await;
    let mut sent = rig.sent();
    sent.sort();
    assert_eq!(sent, ["thanks a@x.example 1 +216h", "thanks b@x.example 1 +216h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_line_of_migrate_leads_those_who_were_put_aside() {
    let rig = with_finishing().await;
    let with = |rule: &str| Arc::new(program(&source("text", "email thanks wait 4d as rest").replace("exit when", &format!("{rule} exit when"))));
    let plan = |rule: &str| rig.engine().plan(&PlanAsk { program: with(rule), depth: PlanDepth::All, permits: PlanPermits::default() });
    let planned = plan("migrate { from pause to rest }");
    let row = planned.campaigns[0].steps.last().unwrap();
    assert_eq!((row.old.as_deref(), row.new.as_deref(), row.here), (Some("pause"), Some("rest"), 2));
    assert_eq!(planned.all_findings().count(), 0, "the line has work to do");
    let codes = |rule: &str| plan(rule).all_findings().map(|finding| finding.code.to_string()).collect::<Vec<_>>();
    assert_eq!(codes("migrate { from pauze to rest }"), ["E2109"]);
    rig.advance(DAY).await;
    rig.engine().deploy(with("migrate { from pause to rest }")).await.unwrap();
    rig.engine().idle().await;
    assert_eq!(rig.engine().status().unwrap().finishing_on_old, []);
    assert_eq!(codes("migrate { from pause stop }"), ["W2110"], "nobody stands there any more");
    rig.advance(3 * DAY - 1).await;
    assert_eq!(rig.engine().status().unwrap().enrollments, 2);
    rig.advance(1).await;
    assert_eq!((rig.engine().status().unwrap().enrollments, rig.sent().len()), (0, 0), "the day that has passed counts, and the mail is behind them");
}
