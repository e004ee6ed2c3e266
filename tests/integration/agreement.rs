//! The machine against the reference interpreter (`tests/reference`) on random programs and histories; `./agree` runs millions of the same.

use crate::oracle::Mutant;
use crate::oracle::compare::{Counters, Verdict, compare};
use crate::oracle::make::{Case, case, wide_case};
use crate::oracle::shrink::shrink;

/// Histories a program.
const HISTORIES: usize = 25;
/// Cases of each of the ten parts, which run side by side: 50,000 in all. `CAMP_AGREE_PART` asks for others.
const PART: usize = 5_000;

fn cases() -> usize {
    std::env::var("CAMP_AGREE_PART").ok().and_then(|text| text.parse().ok()).unwrap_or(PART)
}

/// Compares until so many cases agree; the seeds of a part are its own. Every other part uses what bounds messages and follows dates as well.
fn agree(part: u64) {
    let mut counters = Counters::default();
    let (mut agreed, mut rejected, mut seed) = (0, 0, part * 1_000_000);
    let wanted = cases();
    while agreed < wanted {
        seed += 1;
        let made = if part.is_multiple_of(2) { case(seed, HISTORIES) } else { wide_case(seed, HISTORIES) };
        match compare(&made.source(), Mutant::None, &mut counters) {
            Verdict::Agreed { histories, .. } => agreed += histories,
            Verdict::Rejected(findings) => {
                rejected += 1;
                assert!(rejected < 40 + agreed / 50, "seed {seed}: the generator makes what the checker refuses: {findings:?}");
            }
            Verdict::Differs(difference) => panic!("seed {seed}\n{}", shrunk(&made, Mutant::None, &difference.kind)),
        }
    }
    let whats = ["enrolled", "not enrolled", "sent", "skipped", "exited", "stopped", "finished", "held", "called", "notified", "entered segment"];
    // A small part may miss what is rare.
    for what in whats.into_iter().filter(|_| wanted >= 1_000) {
        assert!(counters.0.get(what).is_some_and(|count| *count > 0), "nothing was ever {what}: {:?}", counters.0);
    }
}

fn shrunk(made: &Case, mutant: Mutant, kind: &str) -> String {
    let small = shrink(made, |candidate| match compare(&candidate.source(), mutant, &mut Counters::default()) {
        Verdict::Differs(difference) => difference.kind == kind,
        Verdict::Agreed { .. } | Verdict::Rejected(_) => false,
    });
    match compare(&small.source(), mutant, &mut Counters::default()) {
        Verdict::Differs(difference) => format!("{}\n{}", small.source(), difference.report),
        other => format!("{}\n{other:?}", small.source()),
    }
}

#[test]
fn g19_the_machine_agrees_with_the_reference_part_1() {
    agree(0);
}

#[test]
fn g19_the_machine_agrees_with_the_reference_part_2() {
    agree(1);
}

#[test]
fn g19_the_machine_agrees_with_the_reference_part_3() {
    agree(2);
}

#[test]
fn g19_the_machine_agrees_with_the_reference_part_4() {
    agree(3);
}

#[test]
fn g19_the_machine_agrees_with_the_reference_part_5() {
    agree(4);
}

#[test]
fn g19_the_machine_agrees_with_the_reference_part_6() {
    agree(5);
}

#[test]
fn g19_the_machine_agrees_with_the_reference_part_7() {
    agree(6);
}

#[test]
fn g19_the_machine_agrees_with_the_reference_part_8() {
    agree(7);
}

#[test]
fn g19_the_machine_agrees_with_the_reference_part_9() {
    agree(8);
}

#[test]
fn g19_the_machine_agrees_with_the_reference_part_10() {
    agree(9);
}

/// Whether a mistake planted in the reference is noticed, and after how many programs.
fn noticed(mutant: Mutant) -> Option<u64> {
    (1..60).find(|seed| {
        let made = case(20_000_000 + seed, HISTORIES);
        matches!(compare(&made.source(), mutant, &mut Counters::default()), Verdict::Differs(_))
    })
}

/// Six that show soon; `./agree --mutants` tries all of them.
#[test]
fn planted_mistakes_are_noticed() {
    let soon = [Mutant::NoConsent, Mutant::NoWindow, Mutant::ReenterAlways, Mutant::EdgeNotLevel, Mutant::TriggerIsHistory, Mutant::DaysAreHours];
    let missed: Vec<Mutant> = soon.into_iter().filter(|mutant| noticed(*mutant).is_none()).collect();
    assert!(missed.is_empty(), "nobody noticed {missed:?}");
}

#[test]
fn a_failing_case_is_shrunk_to_a_program_one_can_read() {
    let mutant = Mutant::NoConsent;
    let seed = noticed(mutant).expect("an unlawful mail is noticed");
    let made = case(20_000_000 + seed, HISTORIES);
    let Verdict::Differs(difference) = compare(&made.source(), mutant, &mut Counters::default()) else { panic!("it differed a moment ago") };
    let report = shrunk(&made, mutant, &difference.kind);
    let program = report.split("the stories part").next().unwrap_or("");
    assert!(program.lines().count() <= 30, "{report}");
    assert!(report.contains("the machine's story") && report.contains("the reference's story"), "{report}");
}
