//! Plans of deploys with people inside, through the engine.

use super::{campaign, campaign_with, program};
use crate::daemon::rig::{HOUR, Rig, START, track};
use campc::bytecode::Program;
use campc::daemon::api::{ContactKey, DeployOptions, EngineError};
use campc::daemon::{FinishOnOld, PlanAsk, PlanDepth, PlanPermits};
use campc::migrate::{CampaignPlan, Plan, StepHow};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// An engine in which one contact has been for a day and a half, and another for an hour.
async fn inside(source: &str) -> Rig {
    let rig = Rig::new(program(source)).await;
    rig.identify(ContactKey::user("a"), json!({"email": "a@x.example", "plan": "gold"})).await;
    rig.advance(36 * HOUR).await;
    rig.identify(ContactKey::user("b"), json!({"email": "b@x.example", "plan": "pro"})).await;
    rig.advance(HOUR).await;
    rig
}

fn plan_of(rig: &Rig, program: Program) -> Plan {
    rig.engine().plan(&PlanAsk { program: Arc::new(program), depth: PlanDepth::All, permits: PlanPermits::default() })
}

fn codes(plan: &Plan) -> Vec<String> {
    plan.all_findings().map(|finding| finding.code.to_string()).collect()
}

/// `~ wait 3d`, a line a step that changes: old and new name, how, how many stand there, how many are due.
fn rows(plan: &CampaignPlan) -> Vec<String> {
    let name = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    plan.steps.iter().map(|step| format!("{} > {} {:?} {} {}", name(&step.old), name(&step.new), step.how, step.here, step.due_at_once)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_says_what_changes_and_whom_it_concerns() {
    let rig = inside(&campaign("email one wait 3d as pause email two wait 9d email three")).await;
    let new = "wait 1h email one wait 1d as pause email two if buy within 1d then email three";
    let plan = plan_of(&rig, program(&campaign_with("exit when has tag \"x\"", new)));
    let [campaign] = plan.campaigns.as_slice() else { panic!("{plan:?}") };
    assert_eq!(
        rows(campaign),
        ["- > wait New 0 0", "pause > pause Name 2 1", "wait#2 > - Ambiguous 0 0", "- > if New 2 0", "email three > then/email three Moved 0 0",]
    );
    assert_eq!((campaign.inside, campaign.due_at_once, campaign.needs_release), (2, 1, false));
    assert_eq!((campaign.steps[1].before.as_deref(), campaign.steps[1].after.as_deref()), (Some("wait 3d"), Some("wait 1d")));
    assert_eq!(campaign.header[0].line, "exit when has tag \"x\"");
    assert!(plan.is_change() && plan.is_deployable(), "{:?}", codes(&plan));
    let same = plan_of(&rig, program(&campaign_with("", "email one wait 3d as pause email two wait 9d email three")));
    assert!(!same.is_change());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_ends_by_a_new_exit_or_goes_on_at_once_is_counted() {
    let rig = inside(&campaign("email one wait for buy up to 9d as ask email two")).await;
    rig.submit(track(ContactKey::user("a"), "buy", json!({"sku": "x"}))).await;
    rig.identify(ContactKey::user("c"), json!({"email": "c@x.example"})).await;
    rig.engine().idle().await;
    let plan = plan_of(&rig, program(&campaign_with("exit when email == \"b@x.example\"", "email one wait for buy up to 10min as ask email two")));
    let campaign = &plan.campaigns[0];
    assert_eq!((campaign.inside, campaign.ends_at_once, campaign.due_at_once), (2, 1, 0), "{campaign:?}");
    assert_eq!(campaign.header[0].ends_at_once, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stay_and_a_last_day_that_is_behind_say_how_many_end() {
    let steps = "email one wait 9d as pause email two";
    let rig = inside(&campaign(steps)).await;
    let ends = |header: &str| {
        let plan = plan_of(&rig, program(&campaign_with(header, steps)));
        (plan.campaigns[0].ends_at_once, plan.campaigns[0].header[0].line.clone(), plan.campaigns[0].header[0].ends_at_once)
    };
    assert_eq!(ends("stay while email == \"b@x.example\""), (1, "exit when not (email == \"b@x.example\")".to_owned(), 1));
    assert_eq!(ends("active until 2026-01-05"), (2, "active".to_owned(), 2));
    assert_eq!(ends("active until 2026-12-31"), (0, "active".to_owned(), 0));
    rig.engine().deploy(Arc::new(program(&campaign_with("stay while email == \"b@x.example\"", steps)))).await.unwrap();
    rig.engine().idle().await;
    let ana = rig.engine().resolve("a").unwrap();
    assert_eq!(rig.engine().journal(ana).unwrap().last().map(|line| line.why.clone()).as_deref(), Some("not (email == \"b@x.example\")"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_is_wanted_of_many_or_of_a_large_share() {
    use campc::migrate::needs_release;
    assert!(!needs_release(1_000, 1_000_000) && needs_release(1_001, 1_000_000));
    assert!(!needs_release(100, 100) && needs_release(101, 1_009) && !needs_release(101, 1_010));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_say_who_comes_in_and_who_goes_out() {
    let source = |predicate: &str| format!("segment \"Hot\" = {predicate}\nsegment \"Both\" = in segment \"Hot\" and email is set\n{}", campaign("wait 9d"));
    let rig = inside(&source("email == \"a@x.example\"")).await;
    let plan = plan_of(&rig, program(&source("email == \"b@x.example\"")));
    let found: Vec<_> = plan.segments.iter().map(|segment| (segment.segment.as_str(), segment.comes_in, segment.goes_out)).collect();
    assert_eq!(found, [("Hot", 1, 1), ("Both", 1, 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_without_a_place_may_finish_on_the_old_version() {
    let rig = inside(&campaign("email one wait 3d email two")).await;
    let permits = PlanPermits { finish_on_old: Some(FinishOnOld), ..PlanPermits::default() };
    let ask = PlanAsk { program: Arc::new(program(&campaign("email one email two"))), depth: PlanDepth::All, permits };
    let plan = rig.engine().plan(&ask);
    assert_eq!((plan.is_deployable(), plan.campaigns[0].finishes_on_old), (true, 2));
    let ask = PlanAsk { program: Arc::new(program("event other")), ..ask };
    assert_eq!(rig.engine().plan(&ask).campaigns[0].finishes_on_old, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_deploy_is_planned_as_well() {
    let mut rig = Rig { store: campc::store::memory::MemoryStore::new(), fake: Arc::default(), engine: None };
    rig.open(START).await;
    let plan = plan_of(&rig, program(&campaign("wait 1d")));
    assert_eq!((plan.base.is_none(), plan.campaigns.len(), plan.is_deployable()), (true, 1, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_without_time_needs_a_rule_for_those_who_wait() {
    let rig = inside(&campaign("email one if buy within 9d then email two else email three")).await;
    let new = |header: &str| campaign_with(header, "email one if buy then email two else email three");
    let plan = plan_of(&rig, program(&new("")));
    assert_eq!(codes(&plan), ["E2103"]);
    let block = plan.campaigns[0].findings[0].block.clone().unwrap();
    assert!(plan_of(&rig, program(&new(&block))).is_deployable(), "{block}");
}

/// The pairs of programs on a page: wrong and right, each before and after.
fn pairs(page: &str) -> Vec<(String, String)> {
    let blocks: Vec<String> = page.split("```camp\n").skip(1).filter_map(|rest| rest.split_once("```").map(|(block, _)| block.to_owned())).collect();
    blocks.chunks(2).filter_map(|pair| Some((pair.first()?.clone(), pair.get(1)?.clone()))).collect()
}

fn page(code: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/findings/{code}.md"))).unwrap()
}

const PAGES: &[&str] = &["E2101", "E2102", "E2103", "E2104", "E2105", "E2106", "E2107", "E2108", "E2109", "W2110", "W2111", "W2112"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_shows_a_pair_with_its_finding_and_one_without() {
    for code in PAGES {
        let pairs = pairs(&page(code));
        let [(wrong_old, wrong_new), (right_old, right_new)] = pairs.as_slice() else { panic!("{code}: two pairs of programs") };
        let wrong = plan_of(&inside(wrong_old).await, program(wrong_new));
        assert!(codes(&wrong).iter().any(|known| known == code), "{code}: {:?}", codes(&wrong));
        let shown: Vec<String> = wrong.all_findings().filter(|finding| finding.code == *code).map(|finding| format!("{finding}\n")).collect();
        compare(code, &shown.join("\n"));
        let right = plan_of(&inside(right_old).await, program(right_new));
        assert!(right.is_deployable() && !codes(&right).iter().any(|known| known == code), "{code}: {:#?}", right.all_findings().collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_refuses_whatever_its_plan_forbids_and_says_the_same() {
    for code in PAGES {
        let pairs = pairs(&page(code));
        let [(wrong_old, wrong_new), (right_old, right_new)] = pairs.as_slice() else { panic!("{code}: two pairs of programs") };
        let rig = inside(wrong_old).await;
        let before = rig.engine().linked().unwrap().deployment.seq;
        let forbidding: Vec<_> = plan_of(&rig, program(wrong_new)).all_findings().filter(|finding| finding.is_error()).cloned().collect();
        let answer = rig.engine().deploy(Arc::new(program(wrong_new))).await;
        if code.starts_with('W') {
            assert!(answer.is_ok() && forbidding.is_empty(), "{code}: {answer:?}");
        } else {
            let Err(EngineError::NotDeployable(obstacles)) = &answer else { panic!("{code}: {answer:?}") };
            assert_eq!(obstacles.findings, forbidding, "{code}");
            assert!(obstacles.findings.iter().any(|finding| finding.code == *code), "{code}: {obstacles}");
            assert_eq!(rig.engine().linked().unwrap().deployment.seq, before, "{code}: nothing has changed");
        }
        let right = inside(right_old).await.engine().deploy(Arc::new(program(right_new))).await;
        assert!(right.is_ok(), "{code}: {right:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finishes_on_the_old_version_forbids_no_later_deploy() {
    let rig = inside(&campaign("email one wait 9d as pause email two")).await;
    let to_finish = DeployOptions { is_finishing_on_old: true, ..DeployOptions::default() };
    rig.engine().deploy_with(Arc::new(program(&campaign("email one email three"))), to_finish).await.unwrap();
    rig.engine().idle().await;
    let plan = plan_of(&rig, program("event other"));
    assert_eq!((codes(&plan), plan.campaigns[0].inside), (vec![], 2), "both are inside, and bound to nothing that goes");
    rig.engine().deploy(Arc::new(program("event other"))).await.unwrap();
    rig.engine().idle().await;
    rig.advance(9 * 24 * HOUR).await;
    assert_eq!(rig.sent().iter().filter(|line| line.starts_with("two")).count(), 2, "{:?}", rig.sent());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_that_stays_cannot_be_ended_by_a_deploy() {
    let rig = inside(&campaign("email one wait 9d as pause email two")).await;
    let ending = |name: &str| DeployOptions { ended: vec![name.to_owned()], ..DeployOptions::default() };
    let next = Arc::new(program(&campaign("email one wait 8d as pause email two")));
    let refused = rig.engine().deploy_with(next.clone(), ending("c")).await.unwrap_err();
    assert!(refused.to_string().contains("`--end` is for a campaign that is gone"), "{refused}");
    assert!(rig.engine().deploy_with(next, ending("d")).await.unwrap_err().to_string().contains("there is no campaign \"d\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_names_that_a_plan_offers_can_be_written_and_are_free() {
    for steps in [
        "wait 1d email one wait 3d as wait_1 email two wait 2d",
        "if buy within 1d then email one email two if buy within 2d then email three",
        "await { on buy { email one } after 2d { email two } } await { on buy { } after 3d { email three } }",
        "repeat up to 2 times { wait 5d email one } repeat up to 3 times { wait 2d email two }",
    ] {
        let rig = Rig::new(program(&campaign(steps))).await;
        rig.identify(ContactKey::user("a"), json!({"email": "a@x.example", "plan": "gold"})).await;
        rig.engine().idle().await;
        let next = campaign(&format!("{steps} points +1"));
        let plan = plan_of(&rig, program(&next));
        let Some(finding) = plan.all_findings().find(|finding| finding.code == "W2112") else {
            assert!(steps.starts_with("repeat"), "{steps}: {:?}", codes(&plan));
            continue;
        };
        let offered = finding.notes[0].split('`').nth(3).unwrap();
        let (plain, rest) = offered.split_once(" as ").unwrap();
        let name = rest.split(' ').next().unwrap();
        assert_ne!(name, "wait_1", "that one is taken");
        assert!(next.contains(plain), "{plain}");
        let named = next.replacen(plain, &format!("{plain} as {name}"), 1);
        assert!(plan_of(&rig, program(&named)).all_findings().all(|finding| finding.code != "W2112"), "{named}");
    }
}

/// Compares with how the finding looked, or writes it where `BLESS_UI` is set.
fn compare(code: &str, shown: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/ui/plan/{code}.txt"));
    if std::env::var_os("BLESS_UI").is_some() {
        std::fs::write(&path, shown).expect("the expectation is written");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), shown, "{code}");
}

/// Puts a block of header lines into the only campaign of a source.
fn with_block(source: &str, block: &str) -> String {
    let at = source.find("\n  when ").expect("a trigger");
    format!("{}\n{block}{}", &source[..at], &source[at..])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r07_the_printed_block_makes_the_plan_succeed() {
    let mut offered = 0;
    for code in PAGES {
        let (old, new) = pairs(&page(code)).remove(0);
        let rig = inside(&old).await;
        let plan = plan_of(&rig, program(&new));
        let blocks: Vec<String> = plan.all_findings().filter_map(|finding| finding.block.clone()).collect();
        let Some(block) = blocks.first() else { continue };
        offered += 1;
        // A line that names nothing goes, and the block comes in its place.
        let new = new.replace("  migrate {\n    from pauze to \"email two\"\n  }\n", "");
        let settled = plan_of(&rig, program(&with_block(&new, block)));
        assert!(settled.is_deployable(), "{code}\n{block}\n{:#?}", settled.all_findings().collect::<Vec<_>>());
        let deployed = rig.engine().deploy(Arc::new(program(&with_block(&new, block)))).await;
        assert!(deployed.is_ok(), "{code}: {deployed:?}");
    }
    assert_eq!(offered, 6, "E2101, E2102, E2103, E2104, E2107 and E2109 have one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ambiguous_step_is_told_with_its_equals_their_lines_and_counts() {
    let rig = inside(&campaign("email one\nwait 1d\nwait 1d\nemail two")).await;
    let plan = plan_of(&rig, program(&campaign("email one\nwait 1d\nemail two")));
    let finding = &plan.campaigns[0].findings[0];
    assert_eq!(finding.title, "1 contact stands at `wait`, one of several that could be one step now");
    assert_eq!(finding.source, "main.camp:8:1");
    assert_eq!(
        finding.notes,
        [
            "it was `wait` (main.camp:8:1): wait 1d, 1 here",
            "it was `wait#2` (main.camp:9:1): wait 1d, 1 here",
            "it could be `wait` (main.camp:8:1): wait 1d",
            "a step with a name (`as pause`) is never guessed: this question does not come again",
        ]
    );
    let expected = "migrate {\n  from \"wait\" to \"wait\"     // 1 here; keeps the time already waited\n  from \"wait#2\" to \"wait\"   // 1 here; keeps the time already waited\n}";
    assert_eq!(finding.block.as_deref(), Some(expected));
    assert!(plan.campaigns[0].steps.iter().all(|step| step.how != StepHow::Gone));
}
