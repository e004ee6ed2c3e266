//! Deploys with people inside, pauses, erasure.

use super::rig::{DAY, Rig, wait, welcome_program};
use crate::lower::checked::{project, send, with_steps};
use crate::lower::lowered;
use campc::daemon::api::{ContactKey, EngineError};
use serde_json::json;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unchanged_program_deploys_nothing() {
    let rig = Rig::new(welcome_program()).await;
    let again = rig.engine().deploy(Arc::new(welcome_program())).await.unwrap();
    assert_eq!((again.seq, again.is_new), (1, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_go_on_where_their_step_still_is() {
    let mut rig = Rig::new(welcome_program()).await;
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.advance(DAY).await;
    let longer = lowered(&with_steps(vec![send(0), wait(3), send(1), wait(1), send(0)]));
    let deployed = rig.engine().deploy(Arc::new(longer)).await.unwrap();
    assert_eq!((deployed.seq, deployed.is_new, deployed.moved), (2, true, 1));
    rig.crash().await;
    rig.advance(5 * DAY).await;
    assert_eq!(rig.sent(), ["welcome a@x.example 1 +0h", "reminder a@x.example 1 +72h", "welcome a@x.example 1 +96h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_with_people_that_is_gone_stops_the_deploy_and_says_who_stands_where() {
    let rig = Rig::new(welcome_program()).await;
    for user in ["a", "b"] {
        rig.identify(ContactKey::user(user), json!({"email": format!("{user}@x.example")})).await;
    }
    rig.engine().idle().await;
    let refused = rig.engine().deploy(Arc::new(lowered(&with_steps(vec![send(0), send(1)])))).await.unwrap_err();
    let EngineError::NotDeployable(obstacles) = &refused else { panic!("{refused:?}") };
    let [found] = obstacles.findings.as_slice() else { panic!("{refused:?}") };
    assert_eq!((found.code.as_ref(), found.campaign.as_str(), found.contacts), ("E2103", "c", 2));
    assert!(refused.to_string().starts_with("error[E2103]: 2 contacts stand at `wait 1`, which no longer exists\n"), "{refused}");
    let refused = rig.engine().deploy(Arc::new(lowered(&project()))).await.unwrap_err();
    assert!(refused.to_string().starts_with("error[E2108]: 2 contacts are inside campaign \"c\", which no longer exists"), "{refused}");
    rig.advance(3 * DAY).await;
    assert_eq!(rig.sent().len(), 4, "the running program goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_campaign_sends_nothing_until_it_is_resumed() {
    let mut rig = Rig::new(welcome_program()).await;
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.engine().idle().await;
    rig.engine().pause("c").await.unwrap();
    rig.crash().await;
    assert_eq!(rig.engine().campaigns().unwrap()[0].status, "paused");
    rig.advance(4 * DAY).await;
    assert_eq!(rig.sent().len(), 1);
    rig.engine().resume("c").await.unwrap();
    rig.engine().idle().await;
    assert_eq!(rig.sent().len(), 2);
    assert!(rig.engine().pause("d").await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_contact_is_gone_and_gets_nothing_more() {
    let mut rig = Rig::new(welcome_program()).await;
    let contact = rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    rig.engine().idle().await;
    rig.engine().erase(contact).await.unwrap();
    assert_eq!((rig.engine().resolve("a"), rig.engine().resolve("a@x.example")), (None, None));
    rig.crash().await;
    rig.advance(4 * DAY).await;
    assert_eq!(rig.sent().len(), 1);
    assert!(rig.engine().contact(contact).is_none());
}
