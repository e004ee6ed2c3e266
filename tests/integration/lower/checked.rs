//! Checked trees for tests, made by hand: what lowering is given does not depend on how the checker got there.

use campc::base::{FileId, Span};
use campc::bytecode::{
    Aggregate, BuiltinField, CaptureDef, Channel, CompareOp, EventDef, EventId, FieldDef, FieldId, GroupDef, ListDef, MessageEvent, MessageId, MessageTarget,
    ProjectInfo, PropertyDef, SlotId, StepId, StepOutline, TopicDef,
};
use campc::lang::{Duration, Type, Value};
use campc::semantic::hir::{
    Campaign, Deadline, EventPattern, Expr, ExprKind, History, HistoryWindow, Message, MessageContent, Project, Reenter, Step, StepHeader, StepKind, Template,
    Trigger, TriggerKind, Webhook,
};

pub const NOWHERE: Span = Span { file: FileId(0), start: 0, end: 0 };
/// The first declared field, `plan`.
pub const PLAN: FieldId = FieldId(11);
/// `created_at`
pub const CREATED_AT: FieldId = FieldId(9);

pub fn template(source: &str) -> Template {
    let variables = if source.contains("first_name") { vec![vec!["contact".into(), "first_name".into()]] } else { vec![] };
    Template { source: source.into(), is_html: false, variables, span: NOWHERE }
}

fn message(name: Option<&str>, text: &str) -> Message {
    let content = MessageContent::Email {
        subject: template("Hello {{ contact.first_name }}"),
        html: None,
        text: template(text),
        from: None,
        reply_to: None,
        preheader: None,
        to: None,
        cc: None,
        bcc: None,
        attachments: vec![],
        headers: vec![],
        has_unsubscribe_link: false,
    };
    let name = name.map(Into::into);
    Message { name, was: None, channel: Channel::Email, is_transactional: false, topic: None, content, variants: vec![], doc: None, span: NOWHERE }
}

/// A project with one of everything and no campaign.
pub fn project() -> Project {
    let builtin = |name: &str, ty, field| FieldDef { name: name.into(), ty, default: Value::Unset, builtin: Some(field) };
    let fields = vec![
        builtin("id", Type::Text, BuiltinField::Id),
        builtin("email", Type::Text, BuiltinField::Email),
        builtin("phone", Type::Text, BuiltinField::Phone),
        builtin("first_name", Type::Text, BuiltinField::FirstName),
        builtin("last_name", Type::Text, BuiltinField::LastName),
        builtin("timezone", Type::Text, BuiltinField::Timezone),
        builtin("locale", Type::Text, BuiltinField::Locale),
        builtin("country", Type::Text, BuiltinField::Country),
        builtin("points", Type::Number, BuiltinField::Points),
        builtin("created_at", Type::DateTime, BuiltinField::CreatedAt),
        builtin("last_seen_at", Type::DateTime, BuiltinField::LastSeenAt),
        FieldDef { name: "plan".into(), ty: Type::Enum(["free".into(), "pro".into()].into()), default: Value::text("free"), builtin: None },
        FieldDef { name: "labels".into(), ty: Type::List(Box::new(Type::Text)), default: Value::List([Value::text("a")].into()), builtin: None },
    ];
    let properties = vec![PropertyDef { name: "sku".into(), ty: Type::Text }, PropertyDef { name: "amount".into(), ty: Type::Number }];
    Project {
        info: ProjectInfo { name: "Acme".into(), timezone: "America/Toronto".into(), ..ProjectInfo::default() },
        fields,
        events: vec![EventDef { name: "purchase".into(), spellings: vec![], properties, is_form: false }],
        lists: vec![ListDef { name: "vips".into(), was: None }],
        topics: vec![TopicDef { name: "news".into(), was: None, title: "News".into(), is_opt_in: false }],
        groups: vec![GroupDef { name: None, decays: Vec::new() }],
        messages: vec![message(Some("welcome"), "Welcome."), message(Some("reminder"), "Still there?"), message(None, "Welcome.")],
        webhooks: vec![Webhook {
            name: "crm".into(),
            url: template("https://crm.example/hook"),
            method: "POST".into(),
            headers: vec![],
            secret_env: Some("CRM_SECRET".into()),
            secret_literal: None,
            body: None,
            timeout: None,
            doc: None,
            span: NOWHERE,
        }],
        files: vec!["main.camp".into()],
        ..Project::default()
    }
}

/// That project with one campaign of these steps.
pub fn with_steps(kinds: Vec<StepKind>) -> Project {
    let mut project = project();
    project.campaigns = vec![campaign("c", steps(0, kinds))];
    project
}

/// A published campaign that `contact created` enrols in.
pub fn campaign(name: &str, steps: Vec<Step>) -> Campaign {
    Campaign {
        name: name.into(),
        was: None,
        is_published: true,
        active_from: None,
        active_until: None,
        triggers: vec![Trigger { kind: TriggerKind::ContactCreated, capture: None, text: "contact created".into(), span: NOWHERE }],
        only_if: vec![],
        reenter: Reenter::Never,
        is_restarting: false,
        exits: vec![],
        goals: vec![],
        windows: vec![],
        limits: vec![],
        capped: None,
        throttle: None,
        holdout: None,
        priority: None,
        updates: vec![],
        collect: None,
        migrations: vec![],
        captures: vec![CaptureDef { name: "order".into(), event: Some(EventId(0)) }],
        steps,
        doc: None,
        span: NOWHERE,
        name_span: NOWHERE,
    }
}

/// Steps numbered from `first`, those inside behind the one around them. Inner steps must be made with [`inner`].
pub fn steps(first: u32, kinds: Vec<StepKind>) -> Vec<Step> {
    let mut next = first;
    let mut steps = inner(kinds);
    number(&mut steps, &mut next);
    steps
}

/// Steps inside a step, without numbers yet.
pub fn inner(kinds: Vec<StepKind>) -> Vec<Step> {
    kinds.into_iter().map(|kind| Step { header: header(&kind), kind }).collect()
}

fn number(steps: &mut [Step], next: &mut u32) {
    for step in steps {
        step.header.id = StepId(*next);
        step.header.path = format!("{}{}", step.header.path, *next).into();
        *next += 1;
        match &mut step.kind {
            StepKind::Decide { then_, else_, .. } => {
                number(then_, next);
                number(else_, next);
            }
            StepKind::Await { arms, deadline } => {
                arms.iter_mut().for_each(|arm| number(&mut arm.body, next));
                deadline.iter_mut().for_each(|(_, body)| number(body, next));
            }
            StepKind::Do { body, .. } => number(body, next),
            _ => {}
        }
    }
}

fn header(kind: &StepKind) -> StepHeader {
    use campc::bytecode::StepKind as Kind;
    let text = format!("{kind:?}");
    let target = if let StepKind::Send { message, .. } = kind { format!("email {}", message.0) } else { String::new() };
    let (path, kind) = match kind {
        StepKind::Send { .. } => ("email ", Kind::Email),
        StepKind::Webhook { .. } => ("webhook ", Kind::Webhook),
        StepKind::Wait { .. } | StepKind::WaitBetween { .. } | StepKind::WaitUntil(_) => ("wait ", Kind::Wait),
        StepKind::WaitFor { .. } | StepKind::Decide { .. } => ("if ", Kind::Decision),
        StepKind::Await { .. } => ("await ", Kind::Await),
        StepKind::Stop(_) => ("stop ", Kind::Stop),
        _ => ("change ", Kind::Change),
    };
    let outline = StepOutline { target: target.as_str().into(), head: text.as_str().into(), ..StepOutline::default() };
    StepHeader { id: StepId(0), name: None, path: path.into(), kind, span: NOWHERE, doc: None, text: text.into(), outline: outline.into() }
}

pub fn send(message: u32) -> StepKind {
    StepKind::Send { message: MessageId(message), params: vec![] }
}

pub fn condition(kind: ExprKind) -> Expr {
    Expr::bool(kind, NOWHERE)
}
pub fn literal(value: Value) -> Expr {
    Expr::new(ExprKind::Literal(value), Type::Any, NOWHERE)
}
pub fn text(value: &str) -> Expr {
    literal(Value::text(value))
}
pub fn number_of(value: f64) -> Expr {
    literal(Value::Number(value))
}
pub fn days(count: u32) -> Expr {
    literal(Value::Duration(Duration::from_days(count)))
}
pub fn field(id: FieldId) -> Expr {
    Expr::new(ExprKind::Field(id), Type::Any, NOWHERE)
}
pub fn compare(op: CompareOp, left: Expr, right: Expr) -> Expr {
    condition(ExprKind::Compare(op, Box::new(left), Box::new(right)))
}
pub fn ago(count: u32) -> Expr {
    Expr::new(ExprKind::Ago(Box::new(days(count))), Type::DateTime, NOWHERE)
}
pub fn is_pro() -> Expr {
    compare(CompareOp::Equal, field(PLAN), text("pro"))
}

/// `opened(welcome)`
pub fn opened() -> Expr {
    let target = MessageTarget::Message(MessageId(0));
    let pattern = EventPattern::Message { event: MessageEvent::Opened, target, url: None, text: None };
    history(pattern, None, HistoryWindow::Anchor, Aggregate::Exists)
}
/// `purchase(sku == "x")`
pub fn bought() -> Expr {
    let sku = Expr::new(ExprKind::EventProperty("sku".into()), Type::Text, NOWHERE);
    let predicate = compare(CompareOp::Equal, sku, text("x"));
    history(EventPattern::Custom(EventId(0)), Some(predicate), HistoryWindow::Anchor, Aggregate::Exists)
}
pub fn history(pattern: EventPattern, predicate: Option<Expr>, window: HistoryWindow, aggregate: Aggregate) -> Expr {
    condition(ExprKind::History(Box::new(History { pattern, predicate, window, aggregate })))
}
/// `order.sku` of the captured event.
pub fn captured_sku() -> Expr {
    let record = Expr::new(ExprKind::Capture(SlotId(0)), Type::Record, NOWHERE);
    Expr::new(ExprKind::Get(Box::new(record), "sku".into()), Type::Text, NOWHERE)
}

pub fn decide(condition: Expr, within: Option<u32>, then_: Vec<StepKind>, else_: Vec<StepKind>) -> StepKind {
    let deadline = within.map(|count| Deadline { duration: days(count), is_red_path: false, wait: None });
    StepKind::Decide { condition, deadline, then_: inner(then_), else_: inner(else_) }
}
