//! Properties of alignment on programs that are made at random.

use super::deployed;
use crate::oracle::make::{Block, Case, Node, case};
use campc::bytecode::{Program, program_hash};
use campc::compiler::{Formatted, Workspace, analyze, compile, format_source};
use campc::migrate::{Choices, Fate, How, Mapping, align};

/// Programs a property.
const PROGRAMS: u64 = 60;

fn compiled(source: &str) -> Option<Program> {
    let analysis = analyze(&Workspace::of_source("main.camp", source));
    compile(&analysis).ok()
}

fn source(nodes: &[Node]) -> String {
    Case { program: nodes.to_vec(), histories: Vec::new() }.source()
}

fn mapping(old: &Program, new: &Program) -> Mapping {
    align((old, &deployed(old)), new, &Choices::default())
}

/// Programs that compile.
fn programs() -> impl Iterator<Item = (u64, Vec<Node>, Program)> {
    (1..=PROGRAMS).filter_map(|seed| {
        let nodes = case(9_000_000 + seed, 0).program;
        let program = compiled(&source(&nodes))?;
        Some((seed, nodes, program))
    })
}

#[test]
fn r01_a_program_changes_nothing_and_neither_does_its_formatting_or_a_comment() {
    let mut seen = 0;
    for (seed, nodes, program) in programs() {
        seen += 1;
        let text = source(&nodes);
        let formatted = match format_source("main.camp", text.as_bytes()) {
            Formatted::Changed(bytes) => String::from_utf8(bytes).unwrap(),
            Formatted::Unchanged | Formatted::Broken(..) | Formatted::Differs => text.clone(),
        };
        let commented = format!("// what is this?\n{}", text.replace("published\n", "published // at last\n"));
        for other in [&text, &formatted, &commented] {
            let other = compiled(other).unwrap_or_else(|| panic!("seed {seed}"));
            assert_eq!(program_hash(&program), program_hash(&other), "seed {seed}");
            // One to one, as if nobody had looked at the hash.
            let mapping = mapping(&program, &other);
            for (at, fate) in mapping.fates.iter().enumerate() {
                let is_itself = fate.target().is_some_and(|to| to.index() == at);
                assert!(is_itself, "seed {seed}: {} {fate:?}", program.steps[at].identity());
            }
            assert!(mapping.campaigns.iter().all(|campaign| !campaign.is_changed), "seed {seed}");
        }
    }
    assert!(seen * 10 > PROGRAMS * 8, "most programs compile: {seen}");
}

/// Puts a step that is like no other before the `nth` step of a campaign's own block.
fn with_step(nodes: &[Node], nth: usize) -> Vec<Node> {
    let mut nodes = nodes.to_vec();
    for block in nodes.iter_mut().filter(|node| node.text.starts_with("campaign")).flat_map(|node| node.blocks.iter_mut()) {
        insert(block, nth);
    }
    nodes
}

fn insert(block: &mut Block, nth: usize) {
    // Steps stand behind the header.
    let is_header = |text: &str| {
        let word = text.split([' ', '\n']).next().unwrap_or("");
        [
            "published",
            "draft",
            "active",
            "when",
            "update",
            "collect",
            "only",
            "reenter",
            "retrigger",
            "exit",
            "stay",
            "goal",
            "send",
            "limit",
            "capped",
            "throttle",
            "holdout",
            "priority",
        ]
        .contains(&word)
    };
    let first = block.items.iter().position(|item| !is_header(&item.text)).unwrap_or(block.items.len());
    let at = (first + nth).min(block.items.len());
    block.items.insert(at, Node::line("tag \"quite another\""));
}

#[test]
fn r06_a_step_that_is_put_in_changes_no_other_steps_mapping() {
    let mut compared = 0;
    for (seed, nodes, program) in programs() {
        let before = mapping(&program, &program);
        for nth in 0..3 {
            let Some(grown) = compiled(&source(&with_step(&nodes, nth))) else { continue };
            let after = mapping(&program, &grown);
            for (at, (was, is)) in before.fates.iter().zip(&after.fates).enumerate() {
                let identity = |program: &Program, fate: &Fate| fate.target().map(|to| program.steps[to.index()].identity().clone());
                // A path names what stands around a step, so it is the same step that has the same one.
                assert_eq!(identity(&program, was), identity(&grown, is), "seed {seed}, {nth}: {}", program.steps[at].identity());
                compared += 1;
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn r11_without_a_rule_an_alignment_turned_round_is_its_inverse() {
    let all: Vec<(u64, Vec<Node>, Program)> = programs().collect();
    let mut pairs = 0;
    for (seed, nodes, program) in &all {
        // The same program with steps put in, and another one altogether.
        let other_seed = all.iter().find(|(known, _, _)| known > seed).map(|(_, _, other)| other.clone());
        for other in [compiled(&source(&with_step(nodes, 1))), other_seed].into_iter().flatten() {
            let (there, back) = (mapping(program, &other), mapping(&other, program));
            for (at, fate) in there.fates.iter().enumerate() {
                let Fate::Mapped { to, how: How::Anchor | How::Name } = fate else { continue };
                let inverse = back.fates[to.index()].target().map(campc::bytecode::StepId::index);
                assert_eq!(inverse, Some(at), "seed {seed}: {}", program.steps[at].identity());
                pairs += 1;
            }
        }
    }
    assert!(pairs > 300, "{pairs}");
}
