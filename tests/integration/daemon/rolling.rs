//! The roll-over: contacts come under a new program some at a time, whoever is touched first; nobody is lost, nothing comes twice.

use super::people::program;
use super::rig::{DAY, HOUR, Rig, track};
use campc::daemon::Engine;
use campc::daemon::api::{ContactKey, DeployOptions, EngineError, RollOver, RollingOn, Submission, SubmissionKind};
use campc::machine::state::{AsideKind, ContactState};
use serde_json::json;
use std::sync::Arc;

const HEAD: &str = r#"
event purchase { amount: number }
segment "Fans" = points > 10
email first { subject "First" body "One. https://acme.example/1" }
email second { subject "Second" body "Two. https://acme.example/2" }
email third { subject "Third" body "Three. https://acme.example/3" }
"#;

fn campaign(steps: &str) -> String {
    format!("{HEAD}campaign \"c\" {{\n  published\n  when contact created\n  exit when purchase\n{steps}\n}}\n")
}

fn two_days() -> String {
    campaign("  email first\n  wait 2d as pause\n  email second")
}

/// People who wait in the pause.
async fn inside(count: usize) -> Rig {
    let rig = Rig::new(program(&two_days())).await;
    let come = |number: usize| {
        let traits = json!({"email": format!("p{number}@x.example")}).as_object().unwrap().clone();
        Submission::new(ContactKey::user(&format!("p{number}")), SubmissionKind::Identify { traits })
    };
    for chunk in (0..count).collect::<Vec<_>>().chunks(500) {
        rig.engine().submit(chunk.iter().map(|number| come(*number)).collect()).await.unwrap();
    }
    rig.engine().idle().await;
    rig
}

fn state(engine: &Engine, user: &str) -> ContactState {
    ContactState::clone(&engine.state(engine.resolve(user).unwrap()).unwrap())
}

/// Where everybody stands and until when, by user.
fn places(engine: &Engine, count: usize) -> Vec<String> {
    let place = |number: usize| {
        let state = state(engine, &format!("p{number}"));
        let at = |enrollment: &campc::machine::state::Enrollment| {
            let standing = &enrollment.threads[0].standing;
            format!("{:?} {:?} {:?} {:?}", standing.step, standing.due, state.aside(enrollment.uid), enrollment.program)
        };
        format!("{number} {} {} {:?}", state.deployment, state.rev, state.enrollments.iter().map(at).collect::<Vec<_>>())
    };
    (0..count).map(place).collect()
}

fn to_finish_on_old() -> DeployOptions {
    DeployOptions { is_finishing_on_old: true, ..DeployOptions::default() }
}

async fn rolled(engine: &Engine) -> RollOver {
    engine.idle().await;
    engine.roll_over()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r02_everybody_in_flight_is_counted_once_in_the_roll_over() {
    let rig = inside(1_500).await;
    for number in 0..100 {
        let key = ContactKey::user(&format!("p{number}"));
        rig.submit(Submission::new(key, SubmissionKind::Upsert(json!({"points": 20}).as_object().unwrap().clone()))).await;
    }
    let source = campaign("  exit when in segment \"Fans\"\n  email first\n  wait 3d as pause\n  email third");
    let deployed = rig.engine().deploy(Arc::new(program(&source))).await.unwrap();
    assert_eq!((deployed.seq, deployed.moved), (2, 1_500));
    let done = rolled(rig.engine()).await;
    assert!(done.finished.is_some());
    assert_eq!((done.seq, done.contacts, done.moved, done.ended, done.finishing, done.stranded), (2, 1_500, 1_400, 100, 0, 0));
    rig.advance(3 * DAY - HOUR).await;
    assert_eq!(rig.sent().len(), 1_500);
    rig.advance(HOUR).await;
    assert_eq!(rig.sent().iter().filter(|line| line.starts_with("third")).count(), 1_400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r05_a_crash_in_the_middle_of_the_roll_over_comes_to_the_same_states() {
    let mut rig = inside(1_200).await;
    let source = campaign("  email first\n  wait 5d as pause\n  email third");
    rig.engine().deploy(Arc::new(program(&source))).await.unwrap();
    for _ in 0..4 {
        // It ends between two batches; what is left of it holds the store no more.
        rig.engine().drain(std::time::Duration::from_secs(5)).await;
        rig.crash().await;
    }
    let done = rolled(rig.engine()).await;
    assert_eq!((done.contacts, done.moved, done.finished.is_some()), (1_200, 1_200, true));
    let after = places(rig.engine(), 1_200);
    rig.crash().await;
    assert_eq!(places(rig.engine(), 1_200), after, "what is done is not done again");
    let calm = inside(3).await;
    calm.engine().deploy(Arc::new(program(&source))).await.unwrap();
    assert_eq!(places(calm.engine(), 3), after[..3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_touched_first_is_moved_first_and_then_sees_the_input_under_the_new_program() {
    let rig = inside(3_000).await;
    rig.engine().deploy(Arc::new(program(&campaign("  email first\n  wait 9d as pause\n  email third")))).await.unwrap();
    rig.submit(track(ContactKey::user("p2999"), "purchase", json!({"amount": 3}))).await;
    assert_eq!(state(rig.engine(), "p2999").deployment, 2);
    assert!(state(rig.engine(), "p2999").enrollments.is_empty(), "the exit of the new program ended it");
    let done = rolled(rig.engine()).await;
    assert_eq!((done.contacts, done.moved + done.ended), (3_000, 3_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stands_at_a_step_that_is_gone_finishes_on_the_program_he_is_in() {
    let mut rig = inside(2).await;
    let source = campaign("  email third\n  wait 1d as rest\n  email first").replace("points > 10", "points > 100");
    assert!(matches!(rig.engine().deploy(Arc::new(program(&source))).await, Err(EngineError::NotDeployable(_))));
    rig.engine().deploy_with(Arc::new(program(&source)), to_finish_on_old()).await.unwrap();
    let done = rolled(rig.engine()).await;
    assert_eq!((done.finishing, done.moved, done.stranded), (2, 0, 0));
    rig.crash().await;
    let ben = state(rig.engine(), "p1");
    let aside = ben.aside(ben.enrollments[0].uid).unwrap();
    assert_eq!((aside.deployment, &aside.kind), (1, &AsideKind::Finishing));
    // An exit of the old program still counts, and facts are the new one's.
    rig.submit(track(ContactKey::user("p0"), "purchase", json!({"amount": 3}))).await;
    assert!(state(rig.engine(), "p0").enrollments.is_empty());
    rig.advance(2 * DAY).await;
    assert_eq!(rig.sent()[2..], ["second p1@x.example 1 +48h"], "the old program goes on for who is in it");
    assert!(state(rig.engine(), "p1").enrollments.is_empty());
    rig.identify(ContactKey::user("new"), json!({"email": "new@x.example"})).await;
    rig.engine().idle().await;
    assert_eq!(rig.sent()[3..], ["third new@x.example 1 +48h"], "who comes now begins the new one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roll_over_that_rests_lets_both_versions_go_on() {
    let mut rig = inside(3_000).await;
    let source = campaign("  email first\n  wait 4d as pause\n  email third");
    rig.engine().deploy(Arc::new(program(&source))).await.unwrap();
    let resting = rig.engine().roll(RollingOn::Hold).await.unwrap();
    assert!(resting.is_resting && resting.finished.is_none());
    let second = rig.engine().deploy(Arc::new(program(&two_days()))).await.unwrap_err();
    assert!(matches!(&second, EngineError::Refused(refusal) if refusal.code == "E2202"), "{second}");
    rig.crash().await;
    rig.advance(2 * DAY).await;
    let done = rig.engine().roll_over();
    assert!(done.is_resting && done.finished.is_none());
    let old = rig.sent().iter().filter(|line| line.starts_with("second")).count();
    assert!(old > 0 && old < 3_000, "{old} had their time on the old version");
    rig.engine().roll(RollingOn::Continue).await.unwrap();
    assert!(rolled(rig.engine()).await.finished.is_some());
    rig.advance(3 * DAY).await;
    let new = rig.sent().iter().filter(|line| line.starts_with("third")).count();
    assert_eq!(old + new, 3_000, "each one got the mail of one version");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_base_is_refused() {
    let rig = inside(1).await;
    let base = Some("00".repeat(32));
    let options = DeployOptions { base, ..DeployOptions::default() };
    let refused = rig.engine().deploy_with(Arc::new(program(&campaign("  email first\n  wait 9d as pause"))), options).await.unwrap_err();
    assert!(matches!(&refused, EngineError::Refused(refusal) if refusal.code == "E2201"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_that_is_gone_ends_where_the_operator_says_so() {
    let rig = inside(4).await;
    let gone = Arc::new(program(&two_days().replace("campaign \"c\"", "campaign \"d\"")));
    assert!(matches!(rig.engine().deploy(gone.clone()).await, Err(EngineError::NotDeployable(_))));
    let options = DeployOptions { ended: vec!["c".to_owned()], ..DeployOptions::default() };
    rig.engine().deploy_with(gone, options).await.unwrap();
    assert_eq!(rolled(rig.engine()).await.ended, 4);
    rig.advance(5 * DAY).await;
    assert_eq!(rig.sent().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r04_many_who_become_due_at_once_are_released_at_a_pace() {
    let rig = inside(1_200).await;
    rig.advance(DAY + HOUR).await;
    let shorter = Arc::new(program(&campaign("  email first\n  wait 1d as pause\n  email second")));
    let refused = rig.engine().deploy(shorter.clone()).await.unwrap_err();
    assert!(matches!(&refused, EngineError::Refused(refusal) if refusal.code == "E2205"), "{refused}");
    assert!(refused.to_string().contains("1,200 of 1,200 contacts in campaign \"c\" become due at once"), "{refused}");
    let options = DeployOptions { release_per_hour: Some(600), ..DeployOptions::default() };
    rig.engine().deploy_with(shorter, options).await.unwrap();
    let released = || rig.sent().iter().filter(|line| line.starts_with("second")).count();
    assert!(rolled(rig.engine()).await.finished.is_some());
    assert!(released() < 50, "{} at once", released());
    rig.advance(HOUR).await;
    assert!((480..720).contains(&released()), "{} in the first hour", released());
    rig.advance(HOUR + HOUR / 60).await;
    assert_eq!(released(), 1_200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_number_that_becomes_due_goes_at_once() {
    let rig = inside(100).await;
    rig.advance(DAY + HOUR).await;
    rig.engine().deploy(Arc::new(program(&campaign("  email first\n  wait 1d as pause\n  email second")))).await.unwrap();
    rig.engine().idle().await;
    assert_eq!(rig.sent().len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r08_a_roll_back_leads_to_the_former_program_with_its_steps() {
    let mut rig = inside(2).await;
    let before = state(rig.engine(), "p1");
    rig.engine().deploy(Arc::new(program(&campaign("  email first\n  wait 5d as pause\n  email third\n  wait 9d as more")))).await.unwrap();
    let back = rig.engine().roll_back(DeployOptions::default()).await.unwrap();
    assert_eq!((back.seq, back.is_new, back.moved), (3, true, 2));
    let after = state(rig.engine(), "p1");
    assert_eq!(after.enrollments[0].threads, before.enrollments[0].threads);
    assert_eq!(after.enrollments[0].program, before.enrollments[0].program);
    rig.crash().await;
    rig.advance(2 * DAY).await;
    assert_eq!(rig.sent().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roll_back_that_has_no_place_for_somebody_says_so() {
    let rig = inside(2).await;
    let longer = campaign("  email first\n  wait 2d as pause\n  email third\n  wait 9d as more");
    rig.engine().deploy(Arc::new(program(&longer))).await.unwrap();
    rig.advance(3 * DAY).await;
    let refused = rig.engine().roll_back(DeployOptions::default()).await.unwrap_err();
    assert!(matches!(&refused, EngineError::Refused(refusal) if refusal.code == "E2204" && refusal.text.contains("`more`")), "{refused}");
    rig.engine().roll_back(to_finish_on_old()).await.unwrap();
    assert_eq!(rolled(rig.engine()).await.finishing, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_that_the_old_program_did_not_keep_comes_from_the_event_log() {
    let rig = Rig::new(program("campaign \"c\" { published when contact created wait 9d }")).await;
    let ana = rig.identify(ContactKey::user("a"), json!({"email": "a@x.example"})).await;
    let ben = rig.identify(ContactKey::user("b"), json!({"email": "b@x.example"})).await;
    rig.submit(track(ContactKey::user("a"), "ordered", json!({"amount": 7}))).await;
    rig.submit(track(ContactKey::user("b"), "ordered", json!({"amount": 1}))).await;
    let source = r#"
        event ordered { amount: number }
        segment "Buyers" = ordered(amount > 5)
        email thanks { subject "Thanks" body "Thanks. https://acme.example/1" }
        campaign "c" { published when contact created wait 9d }
        campaign "d" { published when segment "Buyers" email thanks }
    "#;
    rig.engine().deploy(Arc::new(program(source))).await.unwrap();
    rig.engine().idle().await;
    let segments = |contact| rig.engine().contact(contact).unwrap().segments.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((segments(ana), segments(ben)), (vec!["Buyers".to_owned()], vec![]));
    assert_eq!(rig.sent(), Vec::<String>::new(), "being in because of the deploy is not entering");
    rig.submit(track(ContactKey::user("b"), "ordered", json!({"amount": 6}))).await;
    rig.engine().idle().await;
    assert_eq!(rig.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_be_moved_stands_still_but_an_exit_ends_it() {
    use campc::advance::{Bringing, Input, InputKind, Switches, advance, redeploy};
    use campc::bytecode::program_hash;
    use campc::machine::{Deployment, Lineage, Linked};
    let rig = inside(1).await;
    let running = rig.engine().linked().unwrap();
    let next = Arc::new(program(&campaign("  email third\n  wait 1d as rest")));
    let deployment = Deployment::next(&next, program_hash(&next), rig.engine().now(), Some((&running.deployment, &Lineage::default())));
    let next = Linked::new(next, deployment).with_former(vec![running]);
    let (mut moved, switches, now) = (state(rig.engine(), "p0"), Switches::default(), rig.engine().now());
    let outcome = redeploy(&next, &switches, (&mut moved, &mut Bringing::default()), now);
    assert_eq!(outcome.journal.last().unwrap().why.as_ref(), "stranded: it stands at a step that no longer exists");
    assert!(moved.is_stranded(moved.enrollments[0].uid));
    assert_eq!(outcome.next_wake, None);
    let later = advance(&next, &switches, &mut moved, &Input::new(InputKind::Wake), now.plus_millis(30 * DAY));
    assert!(later.effects.is_empty() && moved.enrollments.len() == 1);
    let event = next.program.events.iter().position(|event| event.name.as_ref() == "purchase").map(campc::bytecode::EventId::from_index).unwrap();
    let input = Input::new(InputKind::Event { event, properties: Arc::default(), changes: Vec::new() });
    let left = advance(&next, &switches, &mut moved, &input, now.plus_millis(31 * DAY));
    assert!(left.journal.iter().any(|line| line.what == campc::advance::What::Exited));
    assert!(moved.enrollments.is_empty() && moved.asides.is_empty());
}
