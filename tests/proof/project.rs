//! The project of the proof: every kind of thing that must not be lost or doubled, on the hour, so that what an outage shifts by
//! minutes cannot change a decision: what waits, waits twenty minutes more than whole hours.

use campc::bytecode::Program;
use campc::compiler::{Workspace, analyze, compile};

/// Which source is deployed: the histories go back and forth between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// As at first.
    First,
    /// A step more behind everybody, another text, another segment.
    Second,
}

const TEXT: &str = r#"
project "Proof" {
  timezone "UTC"
  from "Ana <ana@acme.example>"
  address "1 King St"
}
contact {
  plan: text
  seen: number = 0
}
event bought { amount: number }
event ping { n: number }
topic news "News"
segment "Hot" = points > 20
segment "Buyers" = count(bought) in last 20d20min >= 2
points {
  on opened(any email) +5
  on visited("/pricing") +10
  on bought +15
}
email welcome { subject "Welcome" body "Hello, start at https://acme.example/start" topic news }
email reminder { subject "Still there?" body "Hello again, https://acme.example/start" topic news }
email nudge { subject "A nudge" body "NUDGE" topic news }
email receipt { subject "Receipt" body "You paid {{ order.amount }}" transactional }
email hot { subject "Hot" body "You are hot" topic news }
webhook crm {
  url "https://crm.example/hot"
  body { kind: "hot" }
}
campaign "Welcome" {
  published
  when contact created
  email welcome
  if opened(welcome) within 3d20min then points +3
  else email reminder
  wait 2d20min as pause_before_nudge
  email nudge
}
campaign "Orders" {
  published
  when bought as order
  reenter always
  email receipt
  wait 1d20min
  tag "buyer"
}
campaign "Hot" {
  published
  when segment "Hot"
  reenter after 5d20min
  exit when plan == "gone"
  webhook crm
  email hot
  wait 4d20min
  points -20
}
campaign "Loyal" {
  published
  when segment "Buyers"
  reenter always
  tag "loyal"
  wait 3d20min
  untag "loyal"
}
campaign "Count" {
  published
  when ping as p
  reenter each p.n
  set seen = seen + 1
  wait 2h20min
  tag "counted"
}
"#;

/// The program of a source.
///
/// # Panics
/// It does not compile: a fault of the proof.
pub fn program(source: Source) -> Program {
    let text = match source {
        Source::First => TEXT.replace("NUDGE", "A gentle nudge"),
        Source::Second => TEXT
            .replace("NUDGE", "Another nudge")
            .replace("in last 20d20min >= 2", "in last 25d20min >= 2")
            .replace("  email nudge\n}", "  email nudge\n  tag \"nudged\"\n}"),
    };
    compile(&analyze(&Workspace::of_source("main.camp", &text))).unwrap_or_else(|findings| panic!("the project of the proof: {findings:?}"))
}
