//! Ways through the surface tree that several passes need.

use crate::syntax::ast;

/// The steps directly inside a step, in source order.
pub(super) fn inner_steps(step: &ast::Step) -> Vec<&ast::Step> {
    let mut found = Vec::new();
    for block in inner_blocks(step) {
        match block {
            Inner::Block(block) => found.extend(steps_of(&block.items)),
            Inner::Step(step) => found.push(step),
        }
    }
    found
}

/// A block or a step that stands for one.
#[derive(Clone, Copy)]
pub(super) enum Inner<'a> {
    Block(&'a ast::Block),
    Step(&'a ast::Step),
}

/// The blocks and steps directly inside a step, in source order.
pub(super) fn inner_blocks(step: &ast::Step) -> Vec<Inner<'_>> {
    match &step.kind {
        ast::StepKind::If(decision) => {
            let mut found = vec![arm(&decision.then)];
            found.extend(decision.otherwise.as_ref().map(arm));
            found
        }
        ast::StepKind::Reach(arms) => arms
            .iter()
            .filter_map(|a| match a {
                ast::ReachArm::Step(step) => Some(Inner::Step(step)),
                ast::ReachArm::Error(_) => None,
            })
            .collect(),
        ast::StepKind::Await(arms) => arms
            .iter()
            .filter_map(|a| match a {
                ast::AwaitArm::On { body, .. } | ast::AwaitArm::After { body, .. } => Some(Inner::Block(body)),
                ast::AwaitArm::Error(_) => None,
            })
            .collect(),
        ast::StepKind::Timeline(timeline) => timeline
            .arms
            .iter()
            .filter_map(|a| match a {
                ast::TimelineArm::At { body, .. } => Some(Inner::Block(body)),
                ast::TimelineArm::Error(_) => None,
            })
            .collect(),
        ast::StepKind::Split(arms) => arms.iter().map(|a| Inner::Block(&a.body)).collect(),
        ast::StepKind::Experiment(experiment) => experiment.variants.iter().map(|v| Inner::Block(&v.body)).collect(),
        ast::StepKind::Repeat(repeat) => vec![Inner::Block(&repeat.body)],
        ast::StepKind::Parallel(blocks) => blocks.iter().map(Inner::Block).collect(),
        ast::StepKind::Send(_)
        | ast::StepKind::Webhook { .. }
        | ast::StepKind::Notify { .. }
        | ast::StepKind::Change(_)
        | ast::StepKind::Emit { .. }
        | ast::StepKind::Wait { .. }
        | ast::StepKind::WaitBetween { .. }
        | ast::StepKind::WaitUntil(_)
        | ast::StepKind::WaitFor { .. }
        | ast::StepKind::Do { .. }
        | ast::StepKind::Stop(_) => Vec::new(),
    }
}

fn arm(arm: &ast::Arm) -> Inner<'_> {
    match arm {
        ast::Arm::Block(block) => Inner::Block(block),
        ast::Arm::Step(step) => Inner::Step(step),
    }
}

/// The steps of an arm, in source order.
pub(super) fn arm_steps(arm: &ast::Arm) -> Vec<&ast::Step> {
    match arm {
        ast::Arm::Block(block) => steps_of(&block.items),
        ast::Arm::Step(step) => vec![step],
    }
}

/// The steps among items.
pub(super) fn steps_of(items: &[ast::Item]) -> Vec<&ast::Step> {
    items
        .iter()
        .filter_map(|item| match item {
            ast::Item::Step(step) => Some(step),
            ast::Item::Header(_) | ast::Item::Error(_) => None,
        })
        .collect()
}

/// The expressions directly inside an expression.
pub(super) fn inner_expressions(expr: &ast::Expr) -> Vec<&ast::Expr> {
    use ast::ExprKind as K;
    match &expr.kind {
        K::Paren(inner) | K::Not(inner) | K::Negate(inner) | K::Ever(inner) => vec![inner],
        K::Logic(logic) => logic.operands.iter().collect(),
        K::Arithmetic(a) => vec![&a.left, &a.right],
        K::Compare(c) => vec![&c.left, &c.right],
        K::OneOf(o) => std::iter::once(&o.subject).chain(&o.options).collect(),
        K::Between(b) => vec![&b.subject, &b.low, &b.high],
        K::TextTest(t) => vec![&t.subject, &t.pattern],
        K::State(s) => vec![&s.subject],
        K::InLast(l) => vec![&l.subject],
        K::Call(call) => call_args(call),
        K::Property(property) => call_args(&property.call),
        K::Text(_)
        | K::Number(_)
        | K::Percent(_)
        | K::Bool(_)
        | K::Date(_)
        | K::Time(_)
        | K::DateTime(_)
        | K::Duration(_)
        | K::Ago(_)
        | K::FromNow(_)
        | K::Path(_)
        | K::PointsInGroup(_)
        | K::HasTag(_)
        | K::InSegment(_)
        | K::InList(_)
        | K::InCampaign(_)
        | K::FinishedCampaign(_)
        | K::SubscribedTo(_)
        | K::Error => Vec::new(),
    }
}

fn call_args(call: &ast::Call) -> Vec<&ast::Expr> {
    call.args
        .iter()
        .filter_map(|arg| match arg {
            ast::Arg::Expr(expr) => Some(expr),
            ast::Arg::Any(_) => None,
        })
        .collect()
}

/// What stands inside any number of parentheses.
pub(super) fn unparen(expr: &ast::Expr) -> &ast::Expr {
    match &expr.kind {
        ast::ExprKind::Paren(inner) => unparen(inner),
        _ => expr,
    }
}
