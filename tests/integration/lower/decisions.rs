//! Steps in which time passes.

use super::checked::*;
use super::{listing, lowered};
use campc::bytecode::{Aggregate, CaptureDef, Op, SlotId, UntilAnchor};
use campc::lang::{Date, Duration, TimeOfDay, Type};
use campc::semantic::hir::{self, AwaitArm, AwaitCapture, Expr, ExprKind, StepKind, Until};

fn clock(hour: u8) -> TimeOfDay {
    TimeOfDay::new(hour, 0, 0).expect("a time")
}

#[test]
fn a_decision_without_time_is_asked_once() {
    insta::assert_snapshot!(listing(&with_steps(vec![send(0), decide(is_pro(), None, vec![send(1)], vec![StepKind::Tag("free".into())]), send(2)])), @r#"
    campaign "c" published
      when contact created
          0 step               email 0
          1 send               email welcome, place 0
          2 step               if 1
          3 field              plan
          4 const              "pro"
          5 compare            ==
          6 jump_unless        L10
          7 step               email 2
          8 send               email reminder, place 0
          9 jump               L12
    L10:
         10 step               change 3
         11 tag                "free"
    L12:
         12 step               email 4
         13 send               email (inline), place 0
         14 finish
    "#);
}

#[test]
fn a_decision_with_time_listens() {
    insta::assert_snapshot!(listing(&with_steps(vec![send(0), decide(opened(), Some(3), vec![StepKind::Tag("warm".into())], vec![send(1)])])), @r#"
    campaign "c" published
      when contact created
          4 step               email 0
          5 send               email welcome, place 0
          6 step               if 1
          7 listen             listen 0, place 0
              on block 0 L8
              after block 1 L11, listening on while the send is held
    L8:
          8 step               change 2
          9 tag                "warm"
         10 jump               L13
    L11:
         11 step               email 3
         12 send               email reminder, place 0
    L13:
         13 finish

    block 0 `` // reads opened
          0 query              Exists opened(email welcome)
          1 return

    block 1 ``
          2 const              3d
          3 return
    "#);
}

#[test]
fn listening_goes_on_only_while_a_send_is_first_at_the_deadline() {
    let first = |kinds: Vec<StepKind>| lowered(&with_steps(vec![decide(opened(), Some(3), vec![], kinds)])).listens[0].is_deadline_send;
    assert!(first(vec![send(1)]));
    assert!(first(vec![StepKind::Do { sequence: "s".into(), body: inner(vec![send(1)]) }]));
    assert!(!first(vec![StepKind::Tag("cold".into()), send(1)]));
    assert!(!first(vec![]));
}

#[test]
fn waiting_for_something_goes_on_at_the_next_step_either_way() {
    let program = lowered(&with_steps(vec![StepKind::WaitFor { condition: opened(), deadline: Some(days(2)) }, send(1)]));
    let listen = &program.listens[0];
    assert_eq!(Some(listen.arms[0].target), listen.deadline.map(|(_, target)| target));
    assert!(matches!(program.code[listen.arms[0].target.index()], Op::Step(step) if step.0 == 1));
}

#[test]
fn await_captures_the_event_that_won() {
    let arms = vec![
        AwaitArm { condition: bought(), capture: Some(AwaitCapture { slot: SlotId(1) }), body: inner(vec![send(0)]), span: NOWHERE },
        AwaitArm { condition: opened(), capture: None, body: inner(vec![]), span: NOWHERE },
    ];
    let mut project = with_steps(vec![StepKind::Await { arms, deadline: Some((days(5), inner(vec![send(1)]))) }]);
    project.campaigns[0].captures.push(CaptureDef { name: "bought".into(), event: None });
    insta::assert_snapshot!(listing(&project), @r#"
    campaign "c" published
      when contact created
         14 step               await 0
         15 listen             listen 0, place 0
              on block 1 L16, LastAt purchase where block 2 into slot 1
              on block 3 L19
              after block 4 L20
    L16:
         16 step               email 1
         17 send               email welcome, place 0
         18 jump               L22
    L19:
         19 jump               L22
    L20:
         20 step               email 2
         21 send               email reminder, place 0
    L22:
         22 finish

    block 0 ``
          0 event_property     "sku"
          1 const              "x"
          2 compare            ==
          3 return

    block 1 `` // reads purchase
          4 query              Exists purchase where block 0
          5 return

    block 2 ``
          6 event_property     "sku"
          7 const              "x"
          8 compare            ==
          9 return

    block 3 `` // reads opened
         10 query              Exists opened(email welcome)
         11 return

    block 4 ``
         12 const              5d
         13 return
    "#);
    let program = lowered(&project);
    let (query, slot) = program.listens[0].arms[0].capture.expect("a capture");
    assert_eq!((program.queries[query.index()].aggregate.clone(), slot), (Aggregate::LastAt, SlotId(1)));
    assert!(!program.listens[0].is_deadline_send, "what an await decides by time is decided");
}

#[test]
fn a_wait_until_after_a_wait_is_a_second_place_of_the_step() {
    let until = Until { anchor: hir::UntilAnchor::Clock(clock(9)), zone: None, span: NOWHERE };
    let program = lowered(&with_steps(vec![StepKind::Wait { duration: days(1), then_until: Some(until) }]));
    let places: Vec<(u32, u16)> = program.places.iter().map(|place| (place.step.0, place.ordinal)).collect();
    assert_eq!(places, [(0, 0), (0, 1)]);
    assert!(matches!(program.code[program.places[0].pc.index()], Op::Wait(_)));
    assert!(matches!(program.code[program.places[1].pc.index()], Op::WaitUntil(..)));
}

#[test]
fn a_moment_in_the_source_is_a_day_and_a_time_so_that_the_zone_of_the_line_holds() {
    let day = Date::new(2026, 12, 24).expect("a date");
    let value = Expr::new(ExprKind::LocalDateTime(day, clock(9)), Type::DateTime, NOWHERE);
    let anchor = hir::UntilAnchor::Value { value, shift: Duration::ZERO, is_before: false, at: None };
    let until = Until { anchor, zone: Some("Europe/Paris".into()), span: NOWHERE };
    let program = lowered(&with_steps(vec![StepKind::WaitUntil(until)]));
    assert!(matches!(program.untils[0].anchor, UntilAnchor::Value { at: Some(time), .. } if time == clock(9)));
    assert_eq!(program.untils[0].zone.as_deref(), Some("Europe/Paris"));
}

#[test]
fn a_random_wait_takes_both_ends() {
    insta::assert_snapshot!(listing(&with_steps(vec![StepKind::WaitBetween { low: days(1), high: days(3) }])), @r#"
    campaign "c" published
      when contact created
          0 step               wait 0
          1 const              1d
          2 const              3d
          3 wait_between       place 0
          4 finish
    "#);
}
