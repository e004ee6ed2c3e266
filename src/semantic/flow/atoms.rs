//! The message atoms of a condition that count from the enrollment's own sendings.

use crate::base::Span;
use crate::bytecode::{MessageEvent, MessageTarget};
use crate::semantic::hir::{EventPattern, Expr, ExprKind, HistoryWindow};

/// One atom.
pub(super) struct Atom<'h> {
    pub event: MessageEvent,
    pub target: &'h MessageTarget,
    pub span: Span,
    /// Under a `not`.
    pub is_negated: bool,
}

/// All atoms in source order. `any` atoms are about every message there is, and say nothing of this path.
pub(super) fn atoms(condition: &Expr) -> Vec<Atom<'_>> {
    let mut found = Vec::new();
    collect(condition, false, &mut found);
    found
}

fn collect<'h>(expr: &'h Expr, is_negated: bool, found: &mut Vec<Atom<'h>>) {
    match &expr.kind {
        ExprKind::History(history) => {
            if let (EventPattern::Message { event, target, .. }, HistoryWindow::Anchor) = (&history.pattern, &history.window)
                && !matches!(target, MessageTarget::Any(_))
            {
                found.push(Atom { event: *event, target, span: expr.span, is_negated });
            }
        }
        ExprKind::Not(inner) => collect(inner, !is_negated, found),
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().for_each(|part| collect(part, is_negated, found)),
        ExprKind::Compare(_, left, right) | ExprKind::Arithmetic(_, left, right) => {
            collect(left, is_negated, found);
            collect(right, is_negated, found);
        }
        ExprKind::Between { subject, low, high } => [subject, low, high].into_iter().for_each(|part| collect(part, is_negated, found)),
        ExprKind::In { subject, options, .. } => {
            collect(subject, is_negated, found);
            options.iter().for_each(|part| collect(part, is_negated, found));
        }
        ExprKind::IsSet(inner) | ExprKind::IsEmpty(inner) | ExprKind::IsToday(inner) | ExprKind::Negate(inner) | ExprKind::Get(inner, _) => {
            collect(inner, is_negated, found);
        }
        ExprKind::Text { subject, pattern, .. } => {
            collect(subject, is_negated, found);
            collect(pattern, is_negated, found);
        }
        ExprKind::Matches { subject, .. } => collect(subject, is_negated, found),
        ExprKind::Literal(_)
        | ExprKind::LocalDateTime(..)
        | ExprKind::Field(_)
        | ExprKind::Points(_)
        | ExprKind::Now
        | ExprKind::Today
        | ExprKind::EventProperty(_)
        | ExprKind::Capture(_)
        | ExprKind::Ago(_)
        | ExprKind::FromNow(_)
        | ExprKind::HasTag(_)
        | ExprKind::InSegment(_)
        | ExprKind::InList(_)
        | ExprKind::InCampaign(_)
        | ExprKind::FinishedCampaign(_)
        | ExprKind::SubscribedTo(_)
        | ExprKind::List(_)
        | ExprKind::Record(_)
        | ExprKind::Param(_)
        | ExprKind::Error => {}
    }
}
