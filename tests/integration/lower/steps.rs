//! Steps that act.

use super::checked::*;
use super::{listing, lowered};
use campc::bytecode::{CampaignId, FieldId, GroupId, ListId, MessageId, Op, SlotId, TopicId, WebhookId};
use campc::semantic::hir::{Param, StepKind};

#[test]
fn every_step_says_where_the_enrollment_is_before_it_acts() {
    let kinds = vec![
        StepKind::Set { field: PLAN, value: text("pro") },
        StepKind::Clear { field: PLAN },
        StepKind::AddItem { field: FieldId(12), item: text("a") },
        StepKind::RemoveItem { field: FieldId(12), item: text("a") },
        StepKind::AddPoints { group: GroupId(0), amount: number_of(-5.0) },
        StepKind::SetPoints { group: GroupId(0), amount: number_of(0.0) },
        StepKind::Tag("x".into()),
        StepKind::Untag("x".into()),
        StepKind::AddToList(ListId(0)),
        StepKind::RemoveFromList(ListId(0)),
        StepKind::Subscribe(TopicId(0)),
        StepKind::Unsubscribe(Some(TopicId(0))),
        StepKind::Unsubscribe(None),
        StepKind::Enroll(CampaignId(0)),
        StepKind::Leave(CampaignId(0)),
        StepKind::Stop(Some("enough".into())),
    ];
    insta::assert_snapshot!(listing(&with_steps(kinds)), @r#"
    campaign "c" published
      when contact created
          0 step               change 0
          1 const              "pro"
          2 set_field          plan
          3 step               change 1
          4 const              unset
          5 set_field          plan
          6 step               change 2
          7 const              "a"
          8 add_item           labels
          9 step               change 3
         10 const              "a"
         11 remove_item        labels
         12 step               change 4
         13 const              -5
         14 add_points         (no group)
         15 step               change 5
         16 const              0
         17 set_points         (no group)
         18 step               change 6
         19 tag                "x"
         20 step               change 7
         21 untag              "x"
         22 step               change 8
         23 add_to_list        "vips"
         24 step               change 9
         25 remove_from_list   "vips"
         26 step               change 10
         27 subscribe          "news"
         28 step               change 11
         29 unsubscribe        "news"
         30 step               change 12
         31 unsubscribe_all
         32 step               change 13
         33 enroll             "c"
         34 step               change 14
         35 leave              "c"
         36 step               stop 15
         37 stop               "enough"
         38 finish
    "#);
}

#[test]
fn parameters_of_a_sequence_reach_the_templates() {
    let params = vec![Param { name: "offer".into(), value: number_of(20.0) }];
    let body = inner(vec![StepKind::Send { message: MessageId(0), params }]);
    let program = lowered(&with_steps(vec![StepKind::Do { sequence: "nurture".into(), body }]));
    assert_eq!(&*program.sends[0].params[0].name, "offer");
    assert_eq!(program.sends[0].step.0, 1);
}

#[test]
fn templates_are_kept_once_and_variables_joined() {
    let program = lowered(&with_steps(vec![send(2)]));
    let sources: Vec<&str> = program.templates.iter().map(|template| &*template.source).collect();
    assert_eq!(sources, ["Hello {{ contact.first_name }}", "Welcome.", "Still there?", "https://crm.example/hook"]);
    assert_eq!(program.messages[2].name, None);
    assert_eq!(program.messages[0].variables, [vec!["contact".into(), "first_name".into()] as Vec<std::sync::Arc<str>>]);
}

#[test]
fn a_webhook_with_an_answer_stands_at_a_place() {
    let object =
        campc::semantic::hir::Expr::new(campc::semantic::hir::ExprKind::Record(vec![("sku".into(), captured_sku())]), campc::lang::Type::Record, NOWHERE);
    let call = StepKind::Webhook { webhook: WebhookId(0), object: Some(object), answer: Some(SlotId(0)), params: vec![] };
    let program = lowered(&with_steps(vec![call]));
    assert!(matches!(program.code[program.places[0].pc.index()], Op::Webhook(..)));
    assert_eq!(program.webhook_steps[0].answer, Some(SlotId(0)));
}

#[test]
fn a_notification_gathers_its_variables() {
    let to = template("sales@acme.example");
    let notify = StepKind::Notify { to, subject: template("Hot: {{ contact.first_name }}"), body: None, params: vec![] };
    let program = lowered(&with_steps(vec![notify]));
    assert_eq!(program.notifies[0].variables.len(), 1);
}
