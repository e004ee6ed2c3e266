//! A deploy with people inside, on a store on disk, whose process dies at a point on the way. However often it dies, everybody comes under
//! the new program once, no message leaves as two effects, and the states are those of a deploy that nothing disturbed.

use super::fault::Fuse;
use super::world::{Ground, HOUR_MS, World};
use campc::bytecode::Program;
use campc::compiler::{Workspace, analyze, compile};
use campc::daemon::Engine;
use campc::daemon::api::{ContactKey, EngineError, Submission, SubmissionKind};
use campc::machine::state::ContactState;
use campc::proof::Point;
use campc::store::sqlite::check;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// People who wait: more than two slices of the roll-over.
const WAITING: usize = 600;
/// People who become due at once by the deploy.
const DUE: usize = 40;

const HEAD: &str = r#"
project "Roll-over" { timezone "UTC" from "Ana <ana@acme.example>" address "1 King St" }
event asked
event left
email first { subject "First" transactional body "One." }
email second { subject "Second" transactional body "Two." }
email third { subject "Third" transactional body "Three." }
"#;

fn compiled(campaigns: &str) -> Arc<Program> {
    let text = format!("{HEAD}{campaigns}");
    Arc::new(compile(&analyze(&Workspace::of_source("main.camp", &text))).unwrap_or_else(|findings| panic!("the project of the proof: {findings:?}")))
}

/// What runs when the deploy comes.
fn former() -> Arc<Program> {
    compiled(
        "campaign \"Long\" { published when contact created email first wait 4d as pause email second }\n\
         campaign \"Short\" { published when asked wait 3h as rest email second }",
    )
}

/// What is deployed: a longer wait, another message behind it, a new exit that holds for some, and a wait that is over for some.
fn next() -> Arc<Program> {
    compiled(
        "campaign \"Long\" { published when contact created exit when has tag \"out\" email first wait 6d as pause email third tag \"done\" }\n\
         campaign \"Short\" { published when asked wait 1h as rest email second }",
    )
}

fn user(number: usize) -> String {
    format!("w{number}")
}

fn tagged(number: usize, tags: &[&str]) -> Submission {
    let traits = json!({ "email": format!("w{number}@x.example"), "tags": tags }).as_object().cloned().unwrap_or_default();
    Submission::new(ContactKey::user(&user(number)), SubmissionKind::Upsert(traits))
}

async fn submit(engine: &Engine, submissions: Vec<Submission>) -> Result<(), EngineError> {
    engine.submit(submissions).await.map(drop).map_err(|_| EngineError::Closed)
}

/// Makes the store of the deploys: people in both campaigns, ten of them with the tag of the new exit.
pub async fn prepare(path: &Path, fuse: &Arc<Fuse>) {
    let mut world = World::new(Ground::File(path.to_path_buf()), 1, fuse.clone());
    let made = world
        .insist(async |engine| {
            engine.deploy(former()).await?;
            for chunk in (0..WAITING).collect::<Vec<_>>().chunks(200) {
                submit(engine, chunk.iter().map(|number| tagged(*number, if *number < 10 { &["out"] } else { &[] })).collect()).await?;
            }
            let asked =
                |number: usize| SubmissionKind::Track { name: "asked".into(), properties: json!({ "n": number }).as_object().cloned().unwrap_or_default() };
            submit(engine, (10..10 + DUE).map(|number| Submission::new(ContactKey::user(&user(number)), asked(number))).collect()).await?;
            engine.advance_clock(engine.now().plus_millis(2 * HOUR_MS)).await?;
            engine.idle().await;
            engine.drain(Duration::from_secs(30)).await;
            Ok(())
        })
        .await;
    assert_eq!(made, Ok(()));
}

/// What a deploy has come to.
#[derive(Debug, PartialEq)]
pub struct Came {
    /// Of everybody: the state, but for how many inputs it took.
    states: Vec<String>,
    /// Message, recipient and effect of everything that left.
    sent: BTreeSet<(String, String, [u8; 20])>,
    /// Contacts, enrollments that went on, and ended, in the roll-over.
    counts: (u64, u64, u64),
}

impl Came {
    /// Contacts that were brought, enrollments that went on in it, and ended; and how many effects left on the whole way.
    pub fn numbers(&self) -> ((u64, u64, u64), usize) {
        (self.counts, self.sent.len())
    }
}

/// Deploys on the store of a folder, with crashes on the way, and goes on until everything has come to its end.
pub async fn deployed(path: &Path, fuse: &Arc<Fuse>, crashes: &[(Point, u32)]) -> Result<Came, String> {
    let mut world = World::new(Ground::File(path.to_path_buf()), 2, fuse.clone());
    // The first start is not what is looked at.
    world.insist(async |_| Ok(())).await?;
    crashes.iter().for_each(|(point, pass)| world.crash_at(*point, *pass));
    let next = next();
    world
        .insist(async |engine| {
            engine.deploy(next.clone()).await?;
            engine.idle().await;
            Ok(())
        })
        .await?;
    let (states, counts) = (states(world.engine()), counts(world.engine()));
    census_is_right(&mut world, path).await?;
    world
        .insist(async |engine| {
            engine.advance_clock(super::world::START.plus_millis(8 * 24 * HOUR_MS)).await?;
            engine.idle().await;
            Ok(())
        })
        .await?;
    let sent = sent(&world)?;
    Ok(Came { states, sent, counts })
}

fn counts(engine: &Engine) -> (u64, u64, u64) {
    let done = engine.roll_over();
    assert!(done.finished.is_some(), "{done:?}");
    (done.contacts, done.moved, done.ended)
}

/// The states after the deploy. Who was sent something by it may have been sent it twice by a process that died in between: of those only
/// where they stand is compared.
fn states(engine: &Engine) -> Vec<String> {
    let one = |number: usize| {
        let state = ContactState::clone(&engine.state(engine.resolve(&user(number)).unwrap()).unwrap());
        assert_eq!(state.deployment, engine.linked().unwrap().deployment.seq, "{} is under another program", user(number));
        if (10..10 + DUE).contains(&number) {
            return format!("{} {:?} {:?} {:?}", user(number), state.enrollments, state.asides, state.past);
        }
        format!("{:?}", ContactState { rev: 0, ..state })
    };
    (0..WAITING).map(one).collect()
}

/// After the roll-over the tables count what the states say (R10).
async fn census_is_right(world: &mut World, path: &Path) -> Result<(), String> {
    world
        .insist(async |engine| {
            engine.drain(Duration::from_secs(30)).await;
            Ok(())
        })
        .await?;
    world.leave();
    let faults = check(path).map_err(|error| error.to_string())?.faults;
    if faults.is_empty() { Ok(()) } else { Err(format!("the store: {faults:?}")) }
}

fn sent(world: &World) -> Result<BTreeSet<(String, String, [u8; 20])>, String> {
    let seen = world.provider.seen.lock().unwrap();
    let sent: BTreeSet<(String, String, [u8; 20])> = seen.iter().map(|seen| (seen.message.clone(), seen.to.clone(), seen.effect)).collect();
    let mut effects: BTreeMap<(String, String), u32> = BTreeMap::new();
    sent.iter().for_each(|(message, to, _)| *effects.entry((message.clone(), to.clone())).or_default() += 1);
    match effects.into_iter().find(|(_, number)| *number > 1) {
        Some(((message, to), number)) => Err(format!("{message} went to {to} as {number} effects")),
        None => Ok(sent),
    }
}
