//! Headers, triggers and point rules.

use super::checked::*;
use super::{listing, lowered};
use campc::bytecode::{EventId, GroupId, IfPast, PointCap, Recurrence, Reenter, TriggerKind, TriggerZone};
use campc::lang::{Days, Duration, TimeOfDay};
use campc::semantic::hir::{self, EventPattern, Exit, ExprKind, PointRule, Trigger};

#[test]
fn conditions_of_the_header_are_blocks() {
    let mut project = with_steps(vec![send(0)]);
    let campaign = &mut project.campaigns[0];
    campaign.only_if = vec![is_pro()];
    campaign.reenter = hir::Reenter::Each(captured_sku());
    campaign.exits = vec![
        Exit { condition: bought(), is_stay_while: false, span: NOWHERE },
        Exit { condition: condition(ExprKind::Not(Box::new(is_pro()))), is_stay_while: true, span: NOWHERE },
    ];
    insta::assert_snapshot!(listing(&project), @r#"
    campaign "c" published
      when contact created
      only if block 0
      exit when block 3
      exit when block 4
      reenter each block 1
         18 step               email 0
         19 send               email welcome, place 0
         20 finish

    block 0 `` // reads plan
          0 field              plan
          1 const              "pro"
          2 compare            ==
          3 return

    block 1 `` // reads captures
          4 capture            slot 0
          5 get                "sku"
          6 return

    block 2 ``
          7 event_property     "sku"
          8 const              "x"
          9 compare            ==
         10 return

    block 3 `` // reads purchase
         11 query              Exists purchase where block 2
         12 return

    block 4 `not ()` // reads plan
         13 field              plan
         14 const              "pro"
         15 compare            ==
         16 not
         17 return
    "#);
    assert!(matches!(lowered(&project).campaigns[0].reenter, Reenter::Each(_)));
}

#[test]
fn triggers_keep_their_kind_and_text() {
    let mut project = with_steps(vec![send(0)]);
    let at = TimeOfDay::new(9, 0, 0).expect("a time");
    let date = campc::lang::Date::new(2026, 11, 27).expect("a date");
    let kinds = vec![
        hir::TriggerKind::Event { pattern: EventPattern::Custom(EventId(0)), predicate: Some(is_pro()) },
        hir::TriggerKind::PointsReached { group: GroupId(0), at_least: 100.0 },
        hir::TriggerKind::FieldChanged { field: PLAN, from: None, to: Some(campc::lang::Value::text("pro")) },
        hir::TriggerKind::Every { recurrence: Recurrence::Days(Days::WEEKDAYS), at, zone: TriggerZone::Project, audience: is_pro() },
        hir::TriggerKind::At { date, time: at, zone: TriggerZone::Contact, audience: is_pro(), if_past: IfPast::Skip },
        hir::TriggerKind::FieldDate { value: field(CREATED_AT), shift: Duration::from_days(3), is_before: false, is_every_year: true, at: Some(at) },
    ];
    project.campaigns[0].triggers = kinds.into_iter().map(|kind| Trigger { kind, capture: None, text: "t".into(), span: NOWHERE }).collect();
    let program = lowered(&project);
    assert_eq!(program.campaigns[0].triggers.len(), 6);
    assert!(matches!(program.campaigns[0].triggers[5].kind, TriggerKind::FieldDate { every_year: true, .. }));
}

#[test]
fn point_rules_have_an_amount_and_a_cap() {
    let mut project = project();
    project.rules = vec![PointRule {
        group: GroupId(0),
        pattern: EventPattern::Visited("/pricing*".into()),
        predicate: None,
        amount: number_of(10.0),
        cap: Some(PointCap::PerDay),
        text: "on visited(\"/pricing*\") +10 at most once per day".into(),
        span: NOWHERE,
    }];
    let program = lowered(&project);
    assert_eq!(program.rules[0].cap, Some(PointCap::PerDay));
}
