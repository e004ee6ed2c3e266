//! Steps that branch, repeat and compare, in the daemon: over restarts and deploys, and with answers that are late or never come.

use super::people::program;
use super::rig::{DAY, Does, HOUR, Rig, track};
use campc::daemon::api::ContactKey;
use campc::machine::state::ContactUid;
use serde_json::json;
use std::sync::Arc;

async fn person(rig: &Rig, user: &str) -> ContactUid {
    rig.identify(ContactKey::user(user), json!({"email": format!("{user}@x.example")})).await
}

fn tags(rig: &Rig, contact: ContactUid) -> Vec<String> {
    rig.engine().contact(contact).unwrap().tags.iter().map(ToString::to_string).collect()
}

const BRANCHES: &str = r#"
    event paid
    campaign "c" {
        published when contact created
        parallel {
            { repeat up to 3 times every 1d until paid { tag "x" wait 6h points +1 } tag "looped" }
            { wait 2d tag "two" }
        }
        tag "both"
    }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn branches_and_passes_survive_a_restart() {
    let mut rig = Rig::new(program(BRANCHES)).await;
    let ana = person(&rig, "a").await;
    for _ in 0..8 {
        rig.advance(6 * HOUR).await;
        rig.crash().await;
    }
    let points = |rig: &Rig| rig.engine().contact(ana).unwrap().points.as_f64().unwrap();
    assert!((points(&rig) - 2.0).abs() < 1e-9);
    assert_eq!(tags(&rig, ana), ["two", "x"]);
    rig.advance(6 * HOUR).await;
    assert_eq!(tags(&rig, ana), ["both", "looped", "two", "x"]);
    assert!((points(&rig) - 3.0).abs() < 1e-9);
    assert_eq!(rig.engine().campaigns().unwrap()[0].inside, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_changes_how_often_and_what_ends_a_loop_for_those_inside() {
    let rig = Rig::new(program(BRANCHES)).await;
    let (ana, ben) = (person(&rig, "a").await, person(&rig, "b").await);
    rig.advance(DAY + HOUR).await;
    let other = BRANCHES.replace("up to 3 times every 1d until paid", "up to 2 times every 1d until has tag \"enough\"");
    rig.engine().deploy(Arc::new(program(&other))).await.unwrap();
    rig.advance(DAY).await;
    assert_eq!(tags(&rig, ana), ["both", "looped", "two", "x"], "two passes, and the branch beside it");
    assert_eq!(tags(&rig, ben), tags(&rig, ana));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parallel_that_is_deployed_away_leaves_one_line_and_nothing_is_done_twice() {
    let rig = Rig::new(program(
        "campaign \"c\" { published when contact created parallel { { wait 2d as first points +1 } { wait 3d as second points +10 } } points +100 }",
    ))
    .await;
    let ana = person(&rig, "a").await;
    rig.advance(DAY).await;
    let flat = |rule: &str| {
        let steps = "wait 2d as first points +1 wait 3d as second points +10 points +100";
        Arc::new(program(&format!("campaign \"c\" {{ published when contact created {rule} {steps} }}")))
    };
    let refused = rig.engine().deploy(flat("")).await.unwrap_err();
    assert!(refused.to_string().starts_with("error[E2104]"), "which of the two lines goes on is not for anybody to guess: {refused}");
    rig.engine().deploy(flat("migrate { from second stop }")).await.unwrap();
    rig.advance(DAY).await;
    let points = |rig: &Rig| rig.engine().contact(ana).unwrap().points.as_f64().unwrap();
    assert!((points(&rig) - 1.0).abs() < 1e-9);
    rig.advance(3 * DAY).await;
    assert!((points(&rig) - 111.0).abs() < 1e-9);
}

const EXPERIMENT: &str = r#"
    event go
    campaign "c" {
        published when go reenter always
        goal has tag "sold"
        experiment { variant "one" { tag "va" } variant "two" { tag "vb" } winner by goal after 3d }
    }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_experiments_counters_survive_a_restart_and_decide() {
    let mut rig = Rig::new(program(&EXPERIMENT.replace("tag \"vb\"", "tag \"vb\" if has tag \"buyer\" then tag \"sold\""))).await;
    let mut split = (0, 0);
    for number in 0..200 {
        let user = format!("u{number}");
        let contact = rig.identify(ContactKey::user(&user), json!({"email": format!("{user}@x.example")})).await;
        rig.submit(track(ContactKey::user(&user), "go", json!({}))).await;
        if tags(&rig, contact) == ["va"] { split.0 += 1 } else { split.1 += 1 }
    }
    assert!(split.0 > 60 && split.1 > 60, "{split:?}");
    rig.crash().await;
    rig.advance(3 * DAY).await;
    let late = person(&rig, "late").await;
    rig.submit(track(ContactKey::user("late"), "go", json!({}))).await;
    assert_eq!(tags(&rig, late), ["va"], "no data: the first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_winner_is_found_over_all_contacts_and_new_shares_begin_anew() {
    let source = EXPERIMENT.replace("tag \"vb\"", "tag \"vb\" tag \"sold\"");
    let mut rig = Rig::new(program(&source)).await;
    for number in 0..40 {
        let user = format!("u{number}");
        person(&rig, &user).await;
        rig.submit(track(ContactKey::user(&user), "go", json!({}))).await;
    }
    rig.crash().await;
    rig.advance(3 * DAY).await;
    for user in ["x", "y", "z"] {
        let contact = person(&rig, user).await;
        rig.submit(track(ContactKey::user(user), "go", json!({}))).await;
        assert_eq!(tags(&rig, contact), ["sold", "vb"]);
    }
    let anew = source.replace("\"one\"", "\"one\" 0%").replace("\"two\"", "\"two\" 0%");
    rig.engine().deploy(Arc::new(program(&anew))).await.unwrap();
    let contact = person(&rig, "w").await;
    rig.submit(track(ContactKey::user("w"), "go", json!({}))).await;
    assert!(tags(&rig, contact).is_empty(), "it waits for the winner of the new experiment");
    rig.advance(2 * DAY).await;
    rig.crash().await;
    rig.advance(DAY).await;
    assert_eq!(tags(&rig, contact), ["va"], "nobody was in the sample");
}

const ANSWER: &str = r#"
    webhook crm { url "https://crm.acme.example/in" }
    campaign "c" {
        published when contact created
        webhook crm { n: 1 } as reply
        if reply.ok then tag "ok" else tag "failed"
        if reply.status is not set then tag "no status"
    }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_waits_for_its_webhooks_answer_over_retries_and_a_restart() {
    let mut rig = Rig::new(program(ANSWER)).await;
    rig.fake.script.lock().unwrap().extend([Does::Delay, Does::Delay]);
    let ana = person(&rig, "a").await;
    rig.engine().idle().await;
    assert_eq!(rig.engine().contact(ana).unwrap().enrollments[0].status, "calling");
    rig.crash().await;
    rig.advance(HOUR).await;
    assert_eq!(tags(&rig, ana), ["no status", "ok"]);
    let sent = rig.fake.sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|envelope| envelope.effect_id == sent[0].effect_id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_never_takes_the_call_is_an_answer_that_is_not_ok() {
    let rig = Rig::new(program(ANSWER)).await;
    rig.fake.script.lock().unwrap().extend([Does::Delay; 60]);
    let ana = person(&rig, "a").await;
    rig.advance(23 * HOUR).await;
    assert!(tags(&rig, ana).is_empty(), "it waits for as long as the call is worth making");
    rig.advance(25 * HOUR).await;
    assert_eq!(tags(&rig, ana), ["failed", "no status"]);
    assert_eq!(rig.engine().campaigns().unwrap()[0].inside, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_that_spins_is_cut_and_told() {
    let rig =
        Rig::new(program("campaign \"c\" { published when contact created repeat up to 1000000 times { wait for points >= 0 points +1 } tag \"out\" }")).await;
    let ana = person(&rig, "a").await;
    rig.engine().idle().await;
    assert_eq!(tags(&rig, ana), ["out"]);
    let told = rig.engine().journal(ana).unwrap().into_iter().filter(|line| line.what == "problem").map(|line| line.why.to_string());
    assert_eq!(told.collect::<Vec<_>>(), ["a chain of more than 100 instantaneous effects was cut"]);
}
