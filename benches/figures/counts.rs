//! Instructions, counted by callgrind: what does not depend on who else uses the machine, so that a slower path shows on a noisy one.
//!
//! Each part runs twice, with so many rounds and with twice as many; what the second has more is what the rounds cost. The start of the
//! process, compiling and warming up fall out.

use super::Bench;
use super::machine;
use super::report::{Failure, head, line, whole};
use super::source::load_project;
use campc::advance::{Change, Input, InputKind, Switches, advance};
use campc::bytecode::{EventId, FieldId, Program, decode};
use campc::daemon::api::{ContactKey, Submission, SubmissionKind};
use campc::daemon::{Engine, EngineOptions};
use campc::lang::{Instant, Record, Value};
use campc::machine::state::{ContactState, ContactUid};
use campc::machine::{Deployment, Linked};
use campc::store::memory::MemoryStore;
use campc::store::{decode_state, encode_state};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Contacts that the rounds go through.
const PEOPLE: usize = 100;

/// What is counted: the word, what it is, and how many rounds.
const COUNTED: [(&str, &str, usize); 5] = [
    ("event", "machine: an event that enrols and sends (20 campaigns, 60 segments, point rules)", 2_000),
    ("predicates", "predicate index: a changed field, its segments asked", 2_000),
    ("wake", "machine: a timer that finds nothing due", 2_000),
    ("packing", "a state unpacked and packed", 4_000),
    ("commit", "an input through the engine to its commit (store in memory)", 2_000),
];

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let image = compile(bench)?;
    head();
    for (word, what, rounds) in COUNTED {
        let rounds = bench.scaled(rounds);
        let more = instructions(bench, (word, &image), 2 * rounds)? - instructions(bench, (word, &image), rounds)?;
        line(&format!("instructions, {what}"), &whole(more / rounds as f64), "–");
    }
    Ok(())
}

fn compile(bench: &Bench) -> Result<PathBuf, Failure> {
    let folder = bench.folder("counts")?;
    std::fs::write(folder.join("main.camp"), load_project())?;
    machine::build(bench, &folder)
}

fn instructions(bench: &Bench, (word, image): (&str, &Path), rounds: usize) -> Result<f64, Failure> {
    let out = bench.folder("counts")?.join("callgrind.out");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet"]).arg(format!("--callgrind-out-file={}", out.display()));
    let ran = command.arg(std::env::current_exe()?).args(["count", word]).arg(image).arg(rounds.to_string()).output()?;
    if !ran.status.success() {
        return Err(format!("valgrind failed: {}", String::from_utf8_lossy(&ran.stderr)).into());
    }
    let text = std::fs::read_to_string(&out)?;
    let total = text.lines().find_map(|line| line.strip_prefix("summary:").or_else(|| line.strip_prefix("totals:"))).ok_or("callgrind counted nothing")?;
    Ok(total.trim().parse()?)
}

/// The process that is counted.
pub fn count(args: &[String]) -> Result<(), Failure> {
    let [word, image, rounds] = args else { return Err("count WORD IMAGE ROUNDS".into()) };
    let program = Arc::new(decode(&std::fs::read(image)?).map_err(|error| format!("{error:?}"))?);
    let rounds: usize = rounds.parse()?;
    if word == "commit" {
        return commits(&program, rounds);
    }
    let linked = Linked::new(program.clone(), Deployment::next(&program, [0; 32], Instant::FAR_PAST, None));
    let mut now = Instant(1_800_000_000_000);
    let mut people = known(&linked, now);
    let input = match word.as_str() {
        "event" => ordered(&program)?,
        "predicates" => Input::new(InputKind::Changed(Vec::new())),
        _ => Input::new(InputKind::Wake),
    };
    let visits = program.fields.iter().position(|field| field.name.as_ref() == "visits").map(FieldId::from_index).ok_or("no field `visits`")?;
    for round in 0..rounds {
        now = now.plus_millis(1_000);
        let Some(state) = people.get_mut(round % PEOPLE) else { continue };
        if word == "packing" {
            *state = decode_state(&encode_state(state)?)?;
            continue;
        }
        let changed = Input::new(InputKind::Changed(vec![Change::SetField(visits, Value::Number((round % 7) as f64))]));
        let _ = advance(&linked, &Switches::default(), state, if word == "predicates" { &changed } else { &input }, now);
    }
    Ok(())
}

fn ordered(program: &Program) -> Result<Input, Failure> {
    let event = program.events.iter().position(|event| event.name.as_ref() == "ordered").ok_or("no event `ordered`")?;
    let properties: Record = [("sku".into(), Value::text("CAMP-1")), ("amount".into(), Value::Number(10.5))].into();
    Ok(Input::new(InputKind::Event { event: EventId::from_index(event), properties: Arc::new(properties), changes: Vec::new() }))
}

fn known(linked: &Linked, now: Instant) -> Vec<ContactState> {
    let created = Input::new(InputKind::Created { changes: Vec::new() });
    let one = |uid| {
        let mut state = ContactState { uid: ContactUid(uid), created_at: now, accepted_at: now, ..ContactState::default() };
        let _ = advance(linked, &Switches::default(), &mut state, &created, now);
        state
    };
    (1..=PEOPLE as u64).map(one).collect()
}

/// Batches of a hundred inputs through an engine without a carrier.
fn commits(program: &Arc<Program>, rounds: usize) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let engine = Engine::open(Box::new(MemoryStore::new()), EngineOptions::default()).map_err(|error| error.to_string())?;
        engine.deploy(program.clone()).await.map_err(|error| error.to_string())?;
        for first in (0..rounds).step_by(PEOPLE) {
            let items = (0..PEOPLE).map(|index| {
                let sent = json!({"sku": "CAMP-1", "amount": 10.5, "currency": "CAD", "coupon": "SPRING", "source": "checkout"});
                let name = if index % 2 == 0 { "ordered" } else { "looked" };
                let kind = SubmissionKind::Track { name: name.into(), properties: sent.as_object().cloned().unwrap_or_default() };
                let message_id = Some(format!("m-{}", first + index).into());
                Submission { message_id, ..Submission::new(ContactKey::user(&format!("user-{index}")), kind) }
            });
            engine.submit(items.collect()).await.map_err(|error| error.to_string())?;
        }
        Ok::<(), Failure>(())
    })
}
