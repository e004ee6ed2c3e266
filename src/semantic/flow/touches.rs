//! Which facts a step can change at the instant at which it runs.

use crate::semantic::hir::{EventPattern, Expr, ExprKind, Project, StepKind};

/// Whether a condition may come out differently behind a step. What the step starts elsewhere begins only when this enrollment waits.
pub(super) fn touches(project: &Project, step: &StepKind, condition: &Expr) -> bool {
    Touch { project, step }.is_in(condition, 0)
}

/// Segments that read segments are followed this deep.
const MAX_DEPTH: usize = 8;

struct Touch<'t> {
    project: &'t Project,
    step: &'t StepKind,
}

impl Touch<'_> {
    fn is_in(&self, expr: &Expr, depth: usize) -> bool {
        if depth > MAX_DEPTH || self.is_here(expr) {
            return true;
        }
        let inside = |expr: &Expr| self.is_in(expr, depth);
        match &expr.kind {
            ExprKind::InSegment(segment) => self.project.segments.get(segment.index()).is_none_or(|known| self.is_in(&known.condition, depth + 1)),
            ExprKind::Not(a) | ExprKind::Negate(a) | ExprKind::IsSet(a) | ExprKind::IsEmpty(a) | ExprKind::IsToday(a) | ExprKind::Get(a, _) => inside(a),
            ExprKind::Ago(a) | ExprKind::FromNow(a) | ExprKind::Matches { subject: a, .. } => inside(a),
            ExprKind::Arithmetic(_, a, b) | ExprKind::Compare(_, a, b) | ExprKind::Text { subject: a, pattern: b, .. } => inside(a) || inside(b),
            ExprKind::In { subject, options, .. } => inside(subject) || options.iter().any(inside),
            ExprKind::Between { subject, low, high } => inside(subject) || inside(low) || inside(high),
            ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::List(parts) => parts.iter().any(inside),
            ExprKind::Record(pairs) => pairs.iter().any(|(_, value)| inside(value)),
            ExprKind::History(history) => history.predicate.as_ref().is_some_and(inside),
            _ => false,
        }
    }

    /// Whether the step changes this very thing.
    fn is_here(&self, expr: &Expr) -> bool {
        match (&expr.kind, self.step) {
            (ExprKind::Field(read), StepKind::Set { field, .. } | StepKind::Clear { field }) => read == field,
            (ExprKind::Field(read), StepKind::AddItem { field, .. } | StepKind::RemoveItem { field, .. }) => read == field,
            (ExprKind::HasTag(read), StepKind::Tag(tag) | StepKind::Untag(tag)) => read == tag,
            (ExprKind::InList(read), StepKind::AddToList(list) | StepKind::RemoveFromList(list)) => read == list,
            (ExprKind::SubscribedTo(_), StepKind::Subscribe(_) | StepKind::Unsubscribe(_)) => true,
            (ExprKind::InCampaign(_) | ExprKind::FinishedCampaign(_), StepKind::Enroll(_) | StepKind::Leave(_)) => true,
            // A rule gives points for an event.
            (ExprKind::Points(_), StepKind::AddPoints { .. } | StepKind::SetPoints { .. } | StepKind::Emit { .. }) => true,
            (ExprKind::History(history), StepKind::Emit { event, .. }) => history.pattern == EventPattern::Custom(*event),
            (ExprKind::Error, _) => true,
            _ => false,
        }
    }
}
