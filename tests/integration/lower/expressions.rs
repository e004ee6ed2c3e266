//! Conditions and values.

use super::checked::*;
use super::listing;
use campc::bytecode::{Aggregate, CompareOp, EventId, Fact, SegmentId, TextOp};
use campc::lang::{Date, TimeOfDay, Value};
use campc::semantic::hir::{EventPattern, Expr, ExprKind, HistoryWindow, Segment};

fn segment_listing(expr: Expr) -> String {
    let mut project = project();
    project.segments = vec![Segment { name: "s".into(), was: None, condition: expr, reads: vec![], doc: None, span: NOWHERE }];
    listing(&project)
}

#[test]
fn and_and_or_stop_at_the_first_part_that_decides() {
    let tagged = condition(ExprKind::HasTag("vip".into()));
    let either = condition(ExprKind::Or(vec![tagged, condition(ExprKind::SubscribedTo(campc::bytecode::TopicId(0)))]));
    insta::assert_snapshot!(segment_listing(condition(ExprKind::And(vec![is_pro(), either, condition(ExprKind::IsSet(Box::new(field(PLAN))))]))), @r#"
    block 0 `` // reads plan, tags, topic "news"
          0 field              plan
          1 const              "pro"
          2 compare            ==
          3 and_jump           L10
          4 has_tag            "vip"
          5 or_jump            L7
          6 subscribed_to      "news"
    L7:
          7 and_jump           L10
          8 field              plan
          9 is_set
    L10:
         10 return
    "#);
}

#[test]
fn a_comparison_with_time_keeps_its_sides_as_blocks() {
    insta::assert_snapshot!(segment_listing(compare(CompareOp::Less, field(CREATED_AT), ago(30))), @r#"
    block 0 `` // reads created_at
          0 field              created_at
          1 return

    block 1 `` // reads time
          2 const              30d
          3 ago
          4 return

    block 2 `` // reads created_at, time
          5 compare_moving     <, block 0, block 1
          6 return
    "#);
}

#[test]
fn between_with_a_moving_end_is_two_comparisons() {
    let between = ExprKind::Between { subject: Box::new(field(CREATED_AT)), low: Box::new(ago(30)), high: Box::new(ago(7)) };
    let listed = segment_listing(condition(between));
    assert_eq!(listed.matches("compare_moving").count(), 2, "{listed}");
    assert_eq!(listed.matches("and_jump").count(), 1, "{listed}");
}

#[test]
fn lists_of_values_are_one_question_and_moving_ones_many() {
    let options = vec![text("free"), text("pro")];
    let fixed = ExprKind::In { subject: Box::new(field(PLAN)), options, is_negated: true };
    let today = Expr::new(ExprKind::Today, campc::lang::Type::Date, NOWHERE);
    let moving = ExprKind::In { subject: Box::new(field(CREATED_AT)), options: vec![today, ago(1)], is_negated: false };
    insta::assert_snapshot!(segment_listing(condition(fixed)), @r#"
    block 0 `` // reads plan
          0 field              plan
          1 const              "free"
          2 const              "pro"
          3 not_in             2
          4 return
    "#);
    insta::assert_snapshot!(segment_listing(condition(moving)), @r#"
    block 0 `` // reads created_at
          0 field              created_at
          1 return

    block 1 `` // reads time
          2 today
          3 return

    block 2 `` // reads created_at
          4 field              created_at
          5 return

    block 3 `` // reads time
          6 const              1d
          7 ago
          8 return

    block 4 `` // reads created_at, time
          9 compare_moving     ==, block 0, block 1
         10 or_jump            L12
         11 compare_moving     ==, block 2, block 3
    L12:
         12 return
    "#);
}

#[test]
fn not_of_in_is_not_the_same_as_not_in() {
    let inside = ExprKind::In { subject: Box::new(field(PLAN)), options: vec![text("pro")], is_negated: false };
    let listed = segment_listing(condition(ExprKind::Not(Box::new(condition(inside)))));
    assert!(listed.contains(" in                 1") && listed.trim_end().ends_with("not\n      4 return"), "{listed}");
}

#[test]
fn texts_patterns_and_points() {
    let contains = ExprKind::Text { op: TextOp::Contains, is_ignoring_case: true, subject: Box::new(field(PLAN)), pattern: Box::new(text("r")) };
    let matches = ExprKind::Matches { subject: Box::new(field(PLAN)), pattern: "(?i)^p".into() };
    let points = compare(CompareOp::Greater, field(campc::bytecode::FieldId(8)), number_of(50.0));
    let at = ExprKind::LocalDateTime(Date::new(2026, 12, 24).expect("a date"), TimeOfDay::new(9, 0, 0).expect("a time"));
    let since = compare(CompareOp::GreaterEqual, field(CREATED_AT), Expr::new(at, campc::lang::Type::DateTime, NOWHERE));
    insta::assert_snapshot!(segment_listing(condition(ExprKind::And(vec![condition(contains), condition(matches), points, since]))), @r#"
    block 0 `` // reads created_at, plan, points
          0 field              plan
          1 const              "r"
          2 text_ignoring_case Contains
          3 and_jump           L14
          4 field              plan
          5 matches            /(?i)^p/
          6 and_jump           L14
          7 points             (no group)
          8 const              50
          9 compare            >
         10 and_jump           L14
         11 field              created_at
         12 local_date_time    2026-12-24, 09:00:00
         13 compare            >=
    L14:
         14 return
    "#);
}

#[test]
fn a_count_in_a_window_says_how_long_it_must_be_kept() {
    let window = HistoryWindow::Last(days(30));
    let count = history(EventPattern::Custom(EventId(0)), None, window, Aggregate::Count);
    let mut project = project();
    let condition = compare(CompareOp::GreaterEqual, count, number_of(3.0));
    project.segments = vec![Segment { name: "s".into(), was: None, condition, reads: vec![], doc: None, span: NOWHERE }];
    let program = super::lowered(&project);
    assert_eq!(program.queries[0].keep_millis, Some(31 * 86_400_000), "a day more than thirty for the zone's jumps");
    let block = &program.blocks[program.segments[0].predicate.index()];
    assert_eq!(block.reads, [Fact::Event(EventId(0)), Fact::Time]);
}

#[test]
fn what_a_predicate_inside_a_question_reads_is_read() {
    let sku = Expr::new(ExprKind::EventProperty("sku".into()), campc::lang::Type::Text, NOWHERE);
    let predicate = compare(CompareOp::Equal, sku, field(PLAN));
    let bought = history(EventPattern::Custom(EventId(0)), Some(predicate), HistoryWindow::Ever, Aggregate::Exists);
    let mut project = project();
    let segment = |name: &str, condition, reads| Segment { name: name.into(), was: None, condition, reads, doc: None, span: NOWHERE };
    let both = condition(ExprKind::And(vec![bought, condition(ExprKind::InSegment(SegmentId(0)))]));
    project.segments = vec![segment("a", is_pro(), vec![]), segment("b", both, vec![SegmentId(0)])];
    let program = super::lowered(&project);
    let block = &program.blocks[program.segments[1].predicate.index()];
    assert_eq!(block.reads, [Fact::Field(PLAN), Fact::Segment(SegmentId(0)), Fact::Event(EventId(0))]);
}

#[test]
fn records_and_lists_are_built_on_the_stack() {
    let record =
        ExprKind::Record(vec![("a".into(), number_of(1.0)), ("b".into(), Expr::new(ExprKind::List(vec![text("x")]), campc::lang::Type::Any, NOWHERE))]);
    let is_set = condition(ExprKind::IsSet(Box::new(Expr::new(record, campc::lang::Type::Record, NOWHERE))));
    insta::assert_snapshot!(segment_listing(is_set), @r#"
    block 0 ``
          0 const              "a"
          1 const              1
          2 const              "b"
          3 const              "x"
          4 make_list          1
          5 make_record        2
          6 is_set
          7 return
    "#);
    let negated = Expr::new(ExprKind::Negate(Box::new(literal(Value::Number(2.0)))), campc::lang::Type::Number, NOWHERE);
    let sum = Expr::new(
        ExprKind::Arithmetic(campc::semantic::hir::ArithmeticOp::Add, Box::new(negated), Box::new(number_of(1.0))),
        campc::lang::Type::Number,
        NOWHERE,
    );
    assert!(segment_listing(compare(CompareOp::Less, sum, number_of(0.0))).contains("negate"));
}
