//! `advance` on one core, without store or network: contacts that go round a campaign of tags, sets and ifs.

use super::Bench;
use super::daemon::cpu_seconds;
use super::report::{Failure, head, line, whole};
use campc::advance::{Input, InputKind, Switches, advance};
use campc::bytecode::{EventId, Program, decode};
use campc::lang::Instant;
use campc::machine::state::{ContactState, ContactUid};
use campc::machine::{Deployment, Linked};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Steps of one round: what one contact executes for one event, the enrolment and the end aside.
const STEPS: usize = 40;

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let program = Arc::new(compile(bench)?);
    let linked = Linked::new(program.clone(), Deployment::next(&program, [0; 32], Instant::FAR_PAST, None));
    let event = program.events.iter().position(|event| event.name.as_ref() == "tick").ok_or("the program has no event `tick`")?;
    let kind = InputKind::Event { event: EventId::from_index(event), properties: Arc::default(), changes: Vec::new() };
    let input = Input::new(kind);
    let mut contacts = people(&linked, bench.scaled(10_000));
    let rounds = 10;
    let mut now = 1_800_000_000_000;
    // Processor time, so that a neighbour on the machine does not count.
    let started = cpu_seconds("self")?;
    for _ in 0..rounds {
        let mut journal = 0;
        for contact in &mut contacts {
            now += 1;
            journal += advance(&linked, &Switches::default(), contact, &input, Instant(now)).journal.len();
        }
        assert!(journal >= contacts.len(), "nobody was enrolled");
    }
    let rate = (contacts.len() * rounds) as f64 / (cpu_seconds("self")? - started);
    head();
    line(&format!("machine steps/s, one core ({STEPS} steps an event)"), &whole(rate * STEPS as f64), "5 000 000");
    line("events/s of `advance` alone, one core", &whole(rate), "–");
    Ok(())
}

/// A campaign whose every event runs the same number of steps: half of them facts, the rest tags and decisions.
fn source() -> String {
    let mut steps = String::new();
    for n in 0..STEPS / 4 {
        let set = format!("  set visits = visits + 1\n  if visits > {n} then tag \"round {n}\"\n  else untag \"round {n}\"\n");
        steps += &set;
        steps += "  set level = visits + 2\n";
    }
    format!(
        "contact {{\n  visits: number = 0\n  level: number = 0\n}}\nevent tick\ncampaign \"Round\" {{\n  published\n  when tick\n  reenter always\n\n{steps}}}\n"
    )
}

fn compile(bench: &Bench) -> Result<Program, Failure> {
    let folder = bench.folder("machine")?;
    std::fs::write(folder.join("main.camp"), source())?;
    Ok(decode(&std::fs::read(build(bench, &folder)?)?).map_err(|error| format!("{error:?}"))?)
}

/// Compiles the `main.camp` of a folder; gives where the image is.
pub fn build(bench: &Bench, folder: &Path) -> Result<PathBuf, Failure> {
    let image = folder.join("main.campb");
    let built = Command::new(&bench.binary).arg("build").arg(folder.join("main.camp")).arg("-o").arg(&image).output()?;
    if !built.status.success() {
        return Err(String::from_utf8_lossy(&built.stderr).into_owned().into());
    }
    Ok(image)
}

fn people(linked: &Linked, count: usize) -> Vec<ContactState> {
    (1..=count as u64)
        .map(|uid| {
            let mut state = ContactState { uid: ContactUid(uid), ..ContactState::default() };
            let _ = advance(linked, &Switches::default(), &mut state, &Input::new(InputKind::Created { changes: Vec::new() }), Instant(1_799_999_999_000));
            state
        })
        .collect()
}
