//! Images of random programs: what is encoded decodes to itself, what is damaged is refused, and what the verifier lets pass can be run.

use crate::oracle::compare::workspace;
use crate::oracle::make::{Random, case};
use campc::bytecode::{Op, Pc, Program, decode, disassemble, encode, find_errors};
use campc::compiler::{Analysis, analyze, compile_with_tests};
use campc::sim::{TestSuite, trace_test};

type Blocks = campc::lower::TestBlocks;

/// Random programs with two histories each.
fn programs(count: usize) -> Vec<(Analysis, Program, Blocks)> {
    let made = (1_u64..).map(|seed| analyze(&workspace(&case(30_000_000 + seed, 2).source())));
    made.filter_map(|analysis| compile_with_tests(&analysis).ok().map(|(program, blocks)| (analysis, program, blocks))).take(count).collect()
}

fn resealed(mut body: Vec<u8>) -> Vec<u8> {
    let checksum = blake3::hash(&body);
    body.extend_from_slice(checksum.as_bytes());
    body
}

/// What the verifier has let pass runs to its end, whatever it does; false where it was refused.
fn runs(analysis: &Analysis, program: Program, blocks: Blocks) -> bool {
    if !find_errors(&program).is_empty() {
        return false;
    }
    let Ok(suite) = TestSuite::new(program, blocks) else { return false };
    for (number, test) in analysis.project.tests.iter().enumerate() {
        assert_eq!(trace_test(&suite, number, test).len(), test.contacts.len());
    }
    true
}

#[test]
fn every_program_decodes_to_itself() {
    for (_, program, _) in programs(150) {
        let image = encode(&program);
        let decoded = decode(&image).expect("decodes");
        assert_eq!(decoded, program);
        assert_eq!(encode(&decoded), image);
        assert!(find_errors(&decoded).is_empty());
    }
}

#[test]
fn a_damaged_image_is_refused_or_runs() {
    let mut random = Random::new(1);
    let (mut refused, mut ran) = (0, 0);
    for (analysis, program, blocks) in programs(60) {
        let image = encode(&program);
        let body = &image[..image.len() - 32];
        for _ in 0..60 {
            let mut damaged = body.to_vec();
            match random.below(4) {
                0 => damaged.truncate(random.below(damaged.len())),
                1 => drop(damaged.drain(random.below(damaged.len())..).take(1 + random.below(8)).count()),
                _ => (0..1 + random.below(4)).for_each(|_| {
                    let at = random.below(damaged.len());
                    damaged[at] ^= 1 << random.below(8);
                }),
            }
            let is_run = decode(&resealed(damaged)).is_ok_and(|program| {
                assert!(!disassemble(&program).is_empty());
                runs(&analysis, program, blocks.clone())
            });
            if is_run { ran += 1 } else { refused += 1 }
        }
    }
    assert!(refused > 500, "only {refused} refused, {ran} ran");
}

#[test]
fn swapped_and_forged_operations_are_refused_or_run() {
    let mut random = Random::new(2);
    let (mut refused, mut ran) = (0, 0);
    for (analysis, program, blocks) in programs(60) {
        let len = program.code.len();
        for _ in 0..60 {
            let mut forged = program.clone();
            let (a, b) = (random.below(len), random.below(len));
            match random.below(4) {
                0 => forged.code.swap(a, b),
                1 => forged.code[a] = forged.code[b],
                2 => forged.code[a] = Op::Jump(campc::bytecode::Pc(u32::try_from(b).unwrap())),
                _ => {
                    let (x, y) = (random.below(forged.blocks.len()), random.below(forged.blocks.len()));
                    forged.blocks.swap(x, y);
                }
            }
            if runs(&analysis, forged, blocks.clone()) { ran += 1 } else { refused += 1 }
        }
    }
    assert!(refused > 500 && ran > 100, "{refused} refused, {ran} ran");
}

#[test]
fn a_branch_that_leads_to_where_it_was_divided_comes_to_an_end() {
    let source = r#"
project "Acme" { timezone "UTC" from "Ana <ana@acme.example>" address "1 King St" }
event go
campaign "C" { published when go parallel { { tag "a" } { tag "b" } } }
test "t" { given contact {} go }
"#;
    let analysis = analyze(&workspace(source));
    let (mut program, blocks) = compile_with_tests(&analysis).unwrap_or_else(|_| panic!("the program of a test has findings"));
    let fork = program.code.iter().position(|op| matches!(op, Op::Fork(_))).unwrap();
    let own = program.arms[0].targets[0];
    let to_itself = Pc::from_index(fork);
    assert_ne!(own, to_itself);
    program.arms[0].targets = vec![to_itself, to_itself];
    assert!(runs(&analysis, program, blocks), "the verifier does not look where branches lead; the machine does");
}
