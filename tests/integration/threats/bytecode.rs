//! Images that no compiler has made: refused, or run to an end that costs the others nothing.

use crate::oracle::fuzz::images;
use crate::oracle::make::Random;
use campc::advance::What;
use campc::bytecode::{Op, Pc, Program, encode, find_errors};
use campc::compiler::{Analysis, Workspace, analyze, compile_with_tests};
use campc::sim::{TestSuite, TraceContact, trace_test};

const SOURCE: &str = r#"project "Acme" { timezone "UTC" from "Ana <ana@acme.example>" address "1 King St W" }
contact { plan: enum("free", "pro") = "free" score: number = 0 }
event ping { amount: number }
segment hot = points > 10 and plan == "pro"
points { on ping +5 at most once per day  on ping(amount > 3) +7 }
email m1 { subject "One" body "One for {{ contact.first_name | default('you') }}." }
campaign "First" {
  published
  when ping as p
  reenter always
  set score = score + 1
  if score > 3 then email m1 else tag "low"
  repeat up to 3 times every 1d { points +1 }
  if opened(m1) within 2d then stop "read" else tag "unread"
}
campaign "Second" {
  published
  when ping
  reenter always
  set plan = "pro"
  tag "second"
}
test "history" {
  given contact ana { }
  ping { amount: 5 }
  after 1d
  ping { amount: 1 }
  after 3d
  expect no push
}
"#;

type Blocks = campc::lower::TestBlocks;

fn compiled() -> (Analysis, Program, Blocks) {
    let analysis = analyze(&Workspace::of_source("main.camp", SOURCE));
    assert_eq!(analysis.errors(), []);
    let (program, blocks) = compile_with_tests(&analysis).expect("compiles");
    (analysis, program, blocks)
}

/// The story of the contact under a program, or none where it is refused.
fn story(analysis: &Analysis, program: Program, blocks: &Blocks) -> Option<TraceContact> {
    if !find_errors(&program).is_empty() {
        return None;
    }
    let suite = TestSuite::new(program, blocks.clone()).ok()?;
    trace_test(&suite, 0, &analysis.project.tests[0]).into_iter().next()
}

#[test]
fn t30_mutated_images_are_refused_or_run_to_their_end() {
    let (mut refused, mut ran) = (0, 0);
    for seed in 1..25 {
        let Some(made) = images::made(40_000_000 + seed) else { continue };
        let mut random = Random::new(seed);
        for _ in 0..100 {
            if images::run(&made, &images::damaged(&made, &mut random)) { ran += 1 } else { refused += 1 }
        }
        // Without its seal nothing is even read.
        let mut unsealed = encode(&made.program);
        let last = unsealed.len() - 1;
        unsealed[last] ^= 1;
        assert!(!images::run(&made, &unsealed));
    }
    assert!(refused > 500 && ran > 10, "{refused} refused, {ran} ran");
}

#[test]
fn g21_images_layouts_and_values_come_back_as_they_were() {
    for seed in 0..150 {
        assert_eq!(images::round_trip(50_000_000 + seed), Ok(()), "seed {seed}");
    }
}

fn routine_of(program: &Program, name: &str) -> usize {
    let campaign = program.campaigns.iter().find(|campaign| &*campaign.name == name).expect("the campaign");
    campaign.entry.index()
}

#[test]
fn t31_an_endless_program_faults_and_the_others_go_on() {
    let (analysis, program, blocks) = compiled();
    let start = routine_of(&program, "First");
    let mut found = 0;
    for at in start..start + 12 {
        for back in start..=at {
            let mut forged = program.clone();
            forged.code[at] = Op::Jump(Pc(u32::try_from(back).expect("small")));
            let Some(story) = story(&analysis, forged, &blocks) else { continue };
            let faults = story.lines.iter().filter(|line| line.what == What::Faulted).count();
            if faults == 0 {
                continue;
            }
            found += 1;
            assert!(story.lines.iter().any(|line| &*line.why == "the program ran too long without waiting"), "{:?}", story.lines);
            assert!(
                story.facts.last().is_some_and(|facts| facts.tags.iter().any(|tag| &**tag == "second")),
                "the other campaign stood still: {:?}",
                story.lines
            );
            break;
        }
        if found > 1 {
            return;
        }
    }
    assert!(found > 0, "no forged loop passed the verifier and ran");
}

/// A campaign whose step records what triggers it; the checker would say so, the machine must hold.
#[test]
fn t32_a_campaign_that_triggers_itself_is_cut() {
    let source = SOURCE.replace("set plan = \"pro\"", "emit echo").replace("event ping", "event echo\nevent ping");
    let analysis = analyze(&Workspace::of_source("main.camp", &source));
    let (program, blocks) = compile_with_tests(&analysis).expect("compiles");
    let ping = program.events.iter().position(|event| &*event.name == "ping").expect("ping");
    let mut forged = program.clone();
    for op in &mut forged.code {
        if matches!(op, Op::Emit(_)) {
            *op = Op::Emit(campc::bytecode::EventId::from_index(ping));
        }
    }
    let story = story(&analysis, forged, &blocks).expect("the verifier knows no circles");
    let cuts = story.lines.iter().filter(|line| line.what == What::Problem && line.why.contains("100 instantaneous effects"));
    assert_eq!(cuts.count(), 2, "once for each of the two events: {:?}", story.lines.len());
    assert!(story.lines.len() < 5_000, "{}", story.lines.len());
}
