//! Programs that the machine must never see.

use super::rich_program;
use campc::bytecode::{BlockId, CompareOp, ConstId, Op, Pc, Program, SlotId, StepId, find_errors, verify};

fn errors_of(mutate: impl FnOnce(&mut Program)) -> String {
    let mut program = rich_program();
    mutate(&mut program);
    find_errors(&program).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn position(program: &Program, found: impl Fn(&Op) -> bool) -> usize {
    program.code.iter().position(found).expect("such an operation")
}

#[test]
fn a_compiled_program_is_trusted() {
    let program = rich_program();
    assert_eq!(find_errors(&program), []);
    assert_eq!(verify(program.clone()).expect("verified").code, program.code);
}

#[test]
fn jumps_stay_in_their_routine() {
    let found = errors_of(|program| {
        let at = position(program, |op| matches!(op, Op::Jump(_)));
        program.code[at] = Op::Jump(Pc(0));
    });
    assert!(found.contains("a jump out of its routine"), "{found}");
}

#[test]
fn stacks_fit_on_every_path() {
    let missing = errors_of(|program| {
        let at = position(program, |op| matches!(op, Op::Compare(_)));
        program.code[at] = Op::In(5);
    });
    assert!(missing.contains("a value is missing"), "{missing}");
    let left = errors_of(|program| {
        let at = position(program, |op| matches!(op, Op::Compare(_)));
        program.code[at] = Op::Now;
    });
    assert!(left.contains("more than one value"), "{left}");
    let at_step = errors_of(|program| {
        let at = position(program, |op| matches!(op, Op::SetField(_)));
        program.code[at] = Op::Not;
    });
    assert!(at_step.contains("a value is left on the stack"), "{at_step}");
}

#[test]
fn blocks_compute_and_campaigns_act() {
    let step = errors_of(|program| {
        let at = program.blocks[0].start.index();
        program.code[at] = Op::Step(StepId(0));
    });
    assert!(step.contains("a step inside a block"), "{step}");
    let returned = errors_of(|program| {
        let at = position(program, |op| matches!(op, Op::Finish));
        program.code[at] = Op::Return;
    });
    assert!(returned.contains("a return outside a block"), "{returned}");
}

#[test]
fn blocks_do_not_ask_each_other_in_a_circle() {
    let found = errors_of(|program| {
        let at = position(program, |op| matches!(op, Op::Compare(_)));
        let start = program.blocks.iter().position(|block| block.start.index() <= at && at < block.start.index() + 4).expect("its block");
        program.code[at - 2] = Op::CompareMoving(CompareOp::Less, BlockId::from_index(start), BlockId::from_index(start));
        program.code[at - 1] = Op::Not;
        program.code[at] = Op::Not;
    });
    assert!(found.contains("circle"), "{found}");
}

#[test]
fn ids_are_in_range_and_of_the_right_kind() {
    let beyond = errors_of(|program| {
        let at = position(program, |op| matches!(op, Op::Const(_)));
        program.code[at] = Op::Const(ConstId(9_999));
    });
    assert!(beyond.contains("constant 9999 of"), "{beyond}");
    let no_text = errors_of(|program| {
        let at = position(program, |op| matches!(op, Op::Tag(_)));
        program.constants.push(campc::lang::Value::Bool(true));
        program.code[at] = Op::Tag(ConstId::from_index(program.constants.len() - 1));
    });
    assert!(no_text.contains("a constant that is no text"), "{no_text}");
    let slot = errors_of(|program| {
        let at = position(program, |op| matches!(op, Op::Capture(_)));
        program.code[at] = Op::Capture(SlotId(7));
    });
    assert!(slot.contains("captured record"), "{slot}");
}

#[test]
fn tables_hold_together() {
    assert!(errors_of(|program| program.project.timezone = "Mars/Olympus".into()).contains("time zone"));
    assert!(errors_of(|program| program.fields.swap(0, 1)).contains("built-in fields"));
    assert!(errors_of(|program| program.regexes.push("(".into())).contains("does not compile"));
    assert!(errors_of(|program| program.places[0].pc = Pc(0)).contains("standing place"));
    assert!(errors_of(|program| program.blocks[0].reads.push(campc::bytecode::Fact::Tags)).contains("reads something else"));
    assert!(errors_of(|program| program.steps[0].campaign = campc::bytecode::CampaignId(1)).contains("step of another"));
    assert!(errors_of(|program| program.code.truncate(program.code.len() - 1)).contains("runs out of its routine"));
}
