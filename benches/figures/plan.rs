//! A plan over many enrollments, in process: states as the engine holds them, packed; opened, counted, and tried where something changes.

use super::Bench;
use super::machine::build;
use super::report::{Failure, head, line, ms, whole};
use campc::advance::{Input, InputKind, Switches, advance};
use campc::bytecode::{Program, decode, program_hash};
use campc::lang::Instant;
use campc::machine::state::{ContactState, ContactUid};
use campc::machine::{Deployment, Linked};
use campc::migrate::{Choices, Depth, Permits, Question, plan};
use std::sync::Arc;

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let count = bench.scaled(1_000_000);
    let running = Arc::new(compile(bench, ("plan-old", "3d"))?);
    let next = Arc::new(compile(bench, ("plan-new", "1d"))?);
    let hash = program_hash(&running);
    let linked = Linked::new(running.clone(), Deployment::next(&running, hash, Instant::FAR_PAST, None));
    let packed = one(&linked)?;
    let question = Question {
        running: Some(&linked),
        program: &next,
        hash: program_hash(&next),
        switches: &Switches::default(),
        now: Instant(1_800_200_000_000),
        depth: Depth::Sample,
        permits: &Permits::default(),
        choices: Choices::default(),
    };
    let states = (1..=count as u64).filter_map(|uid| campc::store::decode_state(&packed).ok().map(|state| ContactState { uid: ContactUid(uid), ..state }));
    let started = std::time::Instant::now();
    let planned = plan(&question, states);
    let took = started.elapsed();
    let campaign = planned.campaigns.first().ok_or("nothing changes")?;
    assert_eq!((campaign.inside, campaign.due_at_once), (count as u64, count as u64), "all stand at the wait, and all are due");
    head();
    line(&format!("`plan` over {} enrollments, one core", whole(count as f64)), &format!("{} ms", whole(ms(took))), "2 000 ms");
    Ok(())
}

fn compile(bench: &Bench, (folder, wait): (&str, &str)) -> Result<Program, Failure> {
    let folder = bench.folder(folder)?;
    let steps = format!("  tag \"in\"\n  wait {wait} as pause\n  tag \"out\"\n");
    std::fs::write(folder.join("main.camp"), format!("campaign \"Round\" {{\n  published\n  when contact created\n\n{steps}}}\n"))?;
    Ok(decode(&std::fs::read(build(bench, &folder)?)?).map_err(|error| format!("{error:?}"))?)
}

/// A contact that waits, as it is kept.
fn one(linked: &Linked) -> Result<Vec<u8>, Failure> {
    let mut state = ContactState { uid: ContactUid(1), ..ContactState::default() };
    let created = Input::new(InputKind::Created { changes: Vec::new() });
    let _ = advance(linked, &Switches::default(), &mut state, &created, Instant(1_800_000_000_000));
    assert_eq!(state.enrollments.len(), 1, "it is inside");
    Ok(campc::store::encode_state(&state)?)
}
