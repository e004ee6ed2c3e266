//! A deploy with many people inside while events come in: how long the plan takes, the answer to the deploy, the first new behaviour, and
//! until everybody has followed.
//!
//! Everything over HTTP on the real binary. That nobody is lost is read from the roll-over, that no new behaviour is older than the switch
//! from the journal.

use super::Bench;
use super::client::Client;
use super::daemon::Daemon;
use super::generator::{self, Pace};
use super::machine::build;
use super::report::{Failure, head, line, ms, whole};
use super::source::camp_toml;
use serde_json::Value as Json;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long everybody may take to follow, in a million.
const PATIENCE: Duration = Duration::from_secs(900);
/// So many people a second are brought at least: it says how long events are sent.
const LEAST_A_SECOND: f64 = 20_000.0;

const HEAD: &str = r#"project "Deploy" { timezone "UTC" from "Ana at Acme <ana@acme.example>" address "1 King St W, Toronto ON" }
contact { plan: text = "free"  visits: number = 0 }
event ordered { sku: text, amount: number }
event looked { sku: text }
email hello { subject "Hello" transactional body "Hello." }
"#;

/// Everybody waits; the new version has a longer wait, a step behind it, an exit, and another campaign: its first line is the first new
/// behaviour.
fn source((wait, more): (&str, &str)) -> String {
    let exit = if more.is_empty() { "" } else { "  exit when visits > 1000000\n" };
    format!("{HEAD}campaign \"Round\" {{\n  published\n  when contact created\n{exit}\n  tag \"in\"\n  wait {wait} as pause\n  email hello\n}}\n{more}")
}

const PROBE: &str = "campaign \"Probe\" {\n  published\n  when looked\n  reenter always\n\n  tag \"probed\"\n}\n";

/// What the deploy came to.
#[derive(Debug)]
struct Rolled {
    plan_ms: f64,
    answer_ms: f64,
    seconds: f64,
    contacts: u64,
    moved: u64,
}

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let people = bench.people();
    let daemon = Daemon::start(bench, "deploy", (source(("30d", "")), camp_toml(false)))?;
    generator::identify(&daemon, (0, people), None)?;
    let image = next(bench)?;
    let status = timed(&daemon, ("GET", "/v1/status"), b"")?.1;
    let seconds = people as f64 / LEAST_A_SECOND + 10.0;
    let meanwhile = generator::pace(&daemon, Pace { people, rate: 200.0, batch: 5, seconds })?;
    std::thread::sleep(Duration::from_secs(2));
    let rolled = roll(&daemon, &image)?;
    let meanwhile = meanwhile.wait()?;
    let first = first_new(&daemon)?;
    head();
    let all = whole(people as f64);
    line(&format!("`/v1/status`, {all} inside"), &format!("{} ms", whole(status)), "–");
    line(&format!("`/v1/plan`, {all} inside, events coming in"), &format!("{} ms", whole(rolled.plan_ms)), "2 000 ms");
    line("deploy: the answer (everybody is looked at once before)", &format!("{} ms", whole(rolled.answer_ms)), "–");
    line("… first new behaviour after the switch", &format!("{first} ms"), "2 000 ms");
    line("… everybody under the new version after the switch", &format!("{:.1} s", rolled.seconds), "60 s in 100 000");
    line("… contacts brought, enrollments that went on", &format!("{}, {}", whole(rolled.contacts as f64), whole(rolled.moved as f64)), "all, all");
    line("… p99 of 1 000 events/s from the plan until after it", &format!("{:.1} ms", meanwhile.p99), "< 100 ms");
    Ok(())
}

fn next(bench: &Bench) -> Result<Vec<u8>, Failure> {
    let folder = bench.folder("deploy-next")?;
    std::fs::write(folder.join("main.camp"), source(("40d", PROBE)))?;
    let image: &Path = &build(bench, &folder)?;
    Ok(std::fs::read(image)?)
}

/// Asks with the admin token; the answer, and how long it took.
fn timed(daemon: &Daemon, (method, path): (&str, &str), body: &[u8]) -> Result<(Json, f64), Failure> {
    let mut client: Client = daemon.client()?;
    let started = Instant::now();
    let answer = client.send(method, path, "bench-administers", body)?;
    let took = ms(started.elapsed());
    if answer.status != 200 {
        return Err(format!("{path} answered {}: {}", answer.status, answer.body).into());
    }
    Ok((serde_json::from_str(&answer.body)?, took))
}

fn roll(daemon: &Daemon, image: &[u8]) -> Result<Rolled, Failure> {
    let (plan, plan_ms) = timed(daemon, ("POST", "/v1/plan"), image)?;
    assert!(plan["campaigns"].as_array().is_some_and(|campaigns| campaigns.len() == 2), "one campaign changes, one is new: {plan}");
    let (_, answer_ms) = timed(daemon, ("POST", "/v1/deploy"), image)?;
    let switched = Instant::now();
    loop {
        let (progress, _) = timed(daemon, ("GET", "/v1/roll-over"), b"")?;
        let number = |key: &str| progress[key].as_u64().unwrap_or(0);
        if !progress["finished"].is_null() {
            let seconds = switched.elapsed().as_secs_f64();
            return Ok(Rolled { plan_ms, answer_ms, seconds, contacts: number("contacts"), moved: number("moved") });
        }
        if switched.elapsed() > PATIENCE {
            return Err(format!("not everybody has followed: {progress}").into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Milliseconds from the switch to the first line of the campaign that only the new version has.
fn first_new(daemon: &Daemon) -> Result<i64, Failure> {
    let query = "SELECT min(j.at) - d.at FROM journal j JOIN campaign c ON c.deployment = j.deployment AND c.id = j.campaign
        JOIN deployment d ON d.seq = j.deployment WHERE c.name = 'Probe'";
    Ok(daemon.store()?.query_row(query, [], |row| row.get(0))?)
}
