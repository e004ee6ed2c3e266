//! `campc test`: small `test` blocks a second on one core, and a year of one contact's daily events.

use super::Bench;
use super::daemon::cpu_seconds;
use super::report::{Failure, head, line, whole};
use campc::compiler::{Analysis, Workspace, analyze, compile_with_tests};
use campc::sim::{TestSuite, run_test};
use std::process::Command;

/// Measures and prints.
pub fn run(bench: &Bench) -> Result<(), Failure> {
    let blocks = bench.scaled(20_000);
    let mail = Suite::new(&format!("{PROJECT}{}", many(blocks, MAIL)))?;
    let facts = Suite::new(&format!("{PROJECT}{}", many(blocks, FACTS)))?;
    let year = Suite::new(&format!("{PROJECT}{}", daily(365)))?;
    head();
    line("small `test` blocks/s, one core: two mails and a decision", &whole(blocks as f64 / mail.seconds()?), "20 000");
    line("small `test` blocks/s, one core: points, a segment, a tag", &whole(blocks as f64 / facts.seconds()?), "20 000");
    line("a year of one contact's daily events", &format!("{:.2} ms", year.seconds()? * 1000.0), "< 10 ms");
    line(&format!("`campc test`, {blocks} blocks of that, all cores, reading and compiling included"), &whole_command(bench, blocks)?, "–");
    Ok(())
}

struct Suite {
    suite: TestSuite,
    analysis: Analysis,
}

impl Suite {
    fn new(source: &str) -> Result<Suite, Failure> {
        let analysis = analyze(&Workspace::of_source("main.camp", source));
        let (program, blocks) = compile_with_tests(&analysis).map_err(|findings| format!("{:?}", findings.first().map(|finding| &finding.title)))?;
        Ok(Suite { suite: TestSuite::new(program, blocks)?, analysis })
    }

    /// Processor time of all its tests, one after the other: the mean of as many rounds as the clock, which ticks in hundredths, needs.
    fn seconds(&self) -> Result<f64, Failure> {
        let from = cpu_seconds("self")?;
        let mut rounds = 0;
        loop {
            for (number, test) in self.analysis.project.tests.iter().enumerate() {
                if let Some(failure) = run_test(&self.suite, number, test).failure {
                    return Err(format!("{}: expected {}, {}", test.name, failure.expected, failure.happened).into());
                }
            }
            rounds += 1;
            let took = cpu_seconds("self")? - from;
            if took > 1.0 {
                return Ok(took / f64::from(rounds));
            }
        }
    }
}

fn whole_command(bench: &Bench, blocks: usize) -> Result<String, Failure> {
    let folder = bench.folder("tests")?;
    std::fs::write(folder.join("main.camp"), format!("{PROJECT}{}", many(blocks, MAIL)))?;
    let began = std::time::Instant::now();
    let ran = Command::new(&bench.binary).arg("test").current_dir(&folder).output()?;
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into_owned().into());
    }
    Ok(format!("{:.2} s", began.elapsed().as_secs_f64()))
}

fn many(count: usize, body: &str) -> String {
    (0..count).map(|number| format!("test \"number {number}\" {{\n{body}}}\n")).collect()
}

/// A visit and an event a day: points, a segment that is asked each time, a campaign that enrols on each.
fn daily(days: usize) -> String {
    let day = "  visited(\"/pricing\")\n  signed_in\n  after 1d\n";
    format!("test \"a year\" {{\n  given contact {{ country: \"Canada\" }}\n{}  expect points == {}\n}}\n", day.repeat(days), days * 10)
}

const PROJECT: &str = r#"project "Acme" { timezone "America/Toronto" from "Ana <ana@acme.example>" address "1 King St W, Toronto ON" }
event signed_up
event signed_in
event purchase { amount: number }
segment "Canada hot leads" = country == "Canada" and points > 50
points { on visited("/pricing") +10  on purchase +100 }
email welcome { subject "Welcome, {{ contact.first_name | default('there') }}" body "See https://acme.example/start. Bye." }
email reminder { subject "Still interested?" body "Hi {{ contact.first_name | default('there') }}, here is where you left off." }
campaign "Follow-up" {
  published
  when signed_up
  exit when purchase
  email welcome
  if opened(welcome) then tag "reader"
  else {
    wait 3d
    email reminder
  }
}
campaign "Hot" {
  published
  when segment "Canada hot leads"
  tag "hot"
}
campaign "Daily" {
  published
  when signed_in
  reenter always
  if count(visited("/pricing") in last 30d) > 10 then tag "busy" else tag "calm"
}
"#;

const MAIL: &str = r#"  given contact { first_name: "Ana" }
  signed_up
  expect email welcome
  after 3d
  expect email reminder
  expect finished campaign "Follow-up"
"#;

const FACTS: &str = r#"  given contact { country: "Canada" }
  purchase { amount: 5 }
  expect points == 100
  expect has tag "hot"
"#;
