//! `and`, `or`, `not`: what must be written in parentheses, and what a condition lets one know.

use super::scope::Known;
use super::{Checker, problems};
use crate::base::Span;
use crate::bytecode::SlotId;
use crate::semantic::hir::{Expr, ExprKind, HistoryWindow};
use crate::syntax::ast::{self, LogicOp};
use std::sync::Arc;

impl Checker<'_, '_> {
    pub(super) fn logic(&mut self, expr: &ast::Expr) -> Expr {
        match &expr.kind {
            ast::ExprKind::Not(inner) => {
                let value = self.truth(inner);
                if value.is_error() { value } else { Expr::bool(ExprKind::Not(Box::new(value)), expr.span) }
            }
            ast::ExprKind::Logic(logic) => {
                let outer = self.scope.known.clone();
                let mut operands = Vec::new();
                for operand in &logic.operands {
                    let value = self.truth(operand);
                    if logic.op == LogicOp::And {
                        // Behind `order is set and`, `order` has a value.
                        self.learn(&value, Truth::Holds);
                    } else {
                        self.learn(&value, Truth::Fails);
                    }
                    operands.push(value);
                }
                self.scope.known = outer;
                if operands.iter().any(Expr::is_error) {
                    return Expr::error(expr.span);
                }
                let kind = if logic.op == LogicOp::And { ExprKind::And(operands) } else { ExprKind::Or(operands) };
                Expr::bool(kind, expr.span)
            }
            _ => Expr::error(expr.span),
        }
    }

    /// Mixing `and` with `or` needs parentheses.
    pub(super) fn check_precedence(&mut self, expr: &ast::Expr) {
        if let ast::ExprKind::Logic(logic) = &expr.kind
            && logic.op == LogicOp::Or
        {
            let mixed: Vec<Span> = logic.operands.iter().filter(|o| is_logic(o)).map(|o| o.span).collect();
            if let Some(first) = mixed.first() {
                self.report(problems::mixed_logic(*first, expr.span, &mixed));
            }
        }
        for inner in crate::semantic::walk::inner_expressions(expr) {
            self.check_precedence(inner);
        }
    }

    /// Joined conditions before `within` need parentheses.
    pub(super) fn check_joined(&mut self, expr: &ast::Expr, within: Span) {
        if is_logic(expr) {
            self.report(problems::joined_before_within(expr.span, within));
        }
    }

    /// Takes in what a condition that holds, or fails, says of values.
    pub(super) fn learn(&mut self, condition: &Expr, truth: Truth) {
        let mut known = std::mem::take(&mut self.scope.known);
        add_known(condition, truth, &mut known);
        self.scope.known = known;
    }
}

fn is_logic(expr: &ast::Expr) -> bool {
    matches!(expr.kind, ast::ExprKind::Logic(_))
}

/// How a condition came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    Holds,
    Fails,
}

impl Truth {
    fn flipped(self) -> Truth {
        match self {
            Truth::Holds => Truth::Fails,
            Truth::Fails => Truth::Holds,
        }
    }
}

fn add_known(condition: &Expr, truth: Truth, known: &mut Known) {
    match (&condition.kind, truth) {
        (ExprKind::Not(inner), _) => add_known(inner, truth.flipped(), known),
        (ExprKind::And(parts), Truth::Holds) | (ExprKind::Or(parts), Truth::Fails) => {
            for part in parts {
                add_known(part, truth, known);
            }
        }
        (ExprKind::IsSet(value) | ExprKind::IsToday(value), Truth::Holds) => add_value(value, known),
        (ExprKind::Compare(_, left, right), Truth::Holds) => {
            add_value(left, known);
            add_value(right, known);
        }
        (ExprKind::IsEmpty(value), Truth::Fails) => add_value(value, known),
        // An unset bool is false.
        (ExprKind::Get(..), Truth::Holds) => add_value(condition, known),
        (
            ExprKind::In { subject, .. } | ExprKind::Between { subject, .. } | ExprKind::Text { subject, .. } | ExprKind::Matches { subject, .. },
            Truth::Holds,
        ) => add_value(subject, known),
        _ => {}
    }
}

/// A value that has been read as set, and the record it was read from.
fn add_value(value: &Expr, known: &mut Known) {
    match &value.kind {
        ExprKind::Field(field) => known.fields.push(*field),
        ExprKind::Capture(slot) => known.slots.push(*slot),
        ExprKind::Get(record, _) => {
            known.parts.extend(captured_part(value));
            add_value(record, known);
        }
        _ => {}
    }
}

/// The captured record that a value is read from, and the names that lead to it.
fn captured_part(value: &Expr) -> Option<(SlotId, Vec<Arc<str>>)> {
    match &value.kind {
        ExprKind::Capture(slot) => Some((*slot, Vec::new())),
        ExprKind::Get(record, name) => captured_part(record).map(|(slot, mut path)| {
            path.push(name.clone());
            (slot, path)
        }),
        _ => None,
    }
}

/// The first history atom under a `not` that counts from a sending or the enrollment's beginning. One with a window of its own
/// (`in last`, `ever`) says when it looks, and may be asked once before an arm that waits.
pub(crate) fn negated_anchored(condition: &Expr) -> Option<Span> {
    match &condition.kind {
        ExprKind::Not(inner) if is_windowed(inner) => None,
        ExprKind::Not(inner) => has_history(inner).then_some(condition.span),
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().find_map(negated_anchored),
        _ => None,
    }
}

/// The first history atom under a `not`, if there is one.
pub(crate) fn negated_history(condition: &Expr) -> Option<Span> {
    match &condition.kind {
        ExprKind::Not(inner) => has_history(inner).then_some(condition.span),
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().find_map(negated_history),
        _ => None,
    }
}

fn is_windowed(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::History(history) if !matches!(history.window, HistoryWindow::Anchor))
}

/// Whether a history atom stands in it that is not under a `not`.
pub(crate) fn has_plain_history(condition: &Expr) -> bool {
    match &condition.kind {
        ExprKind::Not(_) => false,
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().any(has_plain_history),
        _ => has_history(condition),
    }
}

fn has_history(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::History(_) => true,
        ExprKind::Not(a)
        | ExprKind::Negate(a)
        | ExprKind::IsSet(a)
        | ExprKind::IsEmpty(a)
        | ExprKind::IsToday(a)
        | ExprKind::Ago(a)
        | ExprKind::FromNow(a)
        | ExprKind::Get(a, _)
        | ExprKind::Matches { subject: a, .. } => has_history(a),
        ExprKind::Arithmetic(_, a, b) | ExprKind::Compare(_, a, b) | ExprKind::Text { subject: a, pattern: b, .. } => has_history(a) || has_history(b),
        ExprKind::In { subject, options, .. } => has_history(subject) || options.iter().any(has_history),
        ExprKind::Between { subject, low, high } => has_history(subject) || has_history(low) || has_history(high),
        ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::List(parts) => parts.iter().any(has_history),
        ExprKind::Record(pairs) => pairs.iter().any(|(_, value)| has_history(value)),
        ExprKind::Literal(_)
        | ExprKind::LocalDateTime(..)
        | ExprKind::Field(_)
        | ExprKind::Points(_)
        | ExprKind::Now
        | ExprKind::Today
        | ExprKind::EventProperty(_)
        | ExprKind::Capture(_)
        | ExprKind::HasTag(_)
        | ExprKind::InSegment(_)
        | ExprKind::InList(_)
        | ExprKind::InCampaign(_)
        | ExprKind::FinishedCampaign(_)
        | ExprKind::SubscribedTo(_)
        | ExprKind::Param(_)
        | ExprKind::Error => false,
    }
}
