//! Where a reader could be surprised by what has no value: `x != v` leaves out who has none, `not (x == v)` takes them in.

use super::problems;
use crate::bytecode::{CompareOp, FieldId, TextOp};
use crate::diagnostics::Diagnostic;
use crate::lang::Type;
use crate::library::BUILTIN_FIELDS;
use crate::semantic::flow::bodies;
use crate::semantic::hir::{Expr, ExprKind, Project, Step, StepKind, TriggerKind};

/// Looks at every condition of a project.
pub(super) fn all(project: &Project, findings: &mut Vec<Diagnostic>) {
    for segment in &project.segments {
        check(project, &[&segment.condition], findings);
    }
    for rule in &project.rules {
        check(project, &rule.predicate.iter().collect::<Vec<_>>(), findings);
    }
    for campaign in &project.campaigns {
        let mut conditions: Vec<&Expr> = campaign.only_if.iter().chain(campaign.exits.iter().map(|exit| &exit.condition)).collect();
        conditions.extend(campaign.goals.iter().map(|goal| &goal.condition));
        for trigger in &campaign.triggers {
            if let TriggerKind::Every { audience: condition, .. } | TriggerKind::At { audience: condition, .. } = &trigger.kind {
                conditions.push(condition);
            }
        }
        of_steps(&campaign.steps, &mut conditions);
        check(project, &conditions, findings);
    }
}

fn of_steps<'s>(steps: &'s [Step], found: &mut Vec<&'s Expr>) {
    for step in steps {
        match &step.kind {
            StepKind::Decide { condition, .. } | StepKind::WaitFor { condition, .. } => found.push(condition),
            StepKind::Repeat { until: Some(condition), .. } => found.push(condition),
            StepKind::Await { arms, .. } => found.extend(arms.iter().map(|arm| &arm.condition)),
            _ => {}
        }
        for body in bodies(step) {
            of_steps(body, found);
        }
    }
}

/// Looks at whole conditions of one campaign, or at one by itself.
fn check(project: &Project, conditions: &[&Expr], findings: &mut Vec<Diagnostic>) {
    let mut asked = Vec::new();
    for condition in conditions {
        asks_whether_set(condition, &mut asked);
    }
    for condition in conditions {
        Look { project, asked: &asked, findings }.look(condition, &[]);
    }
}

struct Look<'l> {
    project: &'l Project,
    /// The author has thought of these.
    asked: &'l [FieldId],
    findings: &'l mut Vec<Diagnostic>,
}

impl Look<'_> {
    /// `beside`: what is asked of the same contact by `and`.
    fn look(&mut self, condition: &Expr, beside: &[FieldId]) {
        match &condition.kind {
            ExprKind::And(parts) => {
                let mut known = beside.to_vec();
                parts.iter().for_each(|part| known.extend(set_by(part)));
                parts.iter().for_each(|part| self.look(part, &known));
            }
            ExprKind::Or(parts) => parts.iter().for_each(|part| self.look(part, beside)),
            ExprKind::Not(inner) => match equality(inner) {
                Some(field) if !beside.contains(&field) => self.tell(field, condition, problems::takes_in_the_unset),
                Some(_) | None => {
                    if !matches!(inner.kind, ExprKind::Compare(..)) {
                        self.look(inner, beside);
                    }
                }
            },
            _ => {
                if let Some(field) = inequality(condition).filter(|field| !beside.contains(field)) {
                    self.tell(field, condition, problems::leaves_out_the_unset);
                }
            }
        }
    }

    fn tell(&mut self, field: FieldId, at: &Expr, finding: fn(crate::base::Span, &str) -> Diagnostic) {
        let is_always_set = BUILTIN_FIELDS.get(field.index()).is_some_and(|entry| entry.is_always_set);
        let Some(def) = self.project.fields.get(field.index()) else { return };
        // An unset bool is false, in comparisons too: nobody is surprised.
        if !is_always_set && def.ty != Type::Bool && !def.default.is_set() && !self.asked.contains(&field) {
            self.findings.push(finding(at.span, &def.name));
        }
    }
}

fn field_of(expr: &Expr) -> Option<FieldId> {
    match expr.kind {
        ExprKind::Field(field) => Some(field),
        _ => None,
    }
}

/// `x != v`, `x not in (…)`
fn inequality(expr: &Expr) -> Option<FieldId> {
    match &expr.kind {
        ExprKind::Compare(CompareOp::NotEqual, left, right) if right.literal().is_some() => field_of(left),
        ExprKind::Text { op: TextOp::NotEqual, subject, .. } | ExprKind::In { subject, is_negated: true, .. } => field_of(subject),
        _ => None,
    }
}

/// `x == v`, `x in (…)`
fn equality(expr: &Expr) -> Option<FieldId> {
    match &expr.kind {
        ExprKind::Compare(CompareOp::Equal, left, right) if right.literal().is_some() => field_of(left),
        ExprKind::Text { op: TextOp::Equal, subject, .. } | ExprKind::In { subject, is_negated: false, .. } => field_of(subject),
        _ => None,
    }
}

/// A part that holds only of who has a value.
fn set_by(part: &Expr) -> Option<FieldId> {
    match &part.kind {
        ExprKind::IsSet(inner) => field_of(inner),
        ExprKind::Compare(CompareOp::NotEqual, ..) => None,
        ExprKind::Compare(_, left, _) => field_of(left),
        ExprKind::In { subject, is_negated: false, .. } | ExprKind::Between { subject, .. } | ExprKind::Matches { subject, .. } => field_of(subject),
        _ => None,
    }
}

fn asks_whether_set(expr: &Expr, found: &mut Vec<FieldId>) {
    match &expr.kind {
        ExprKind::IsSet(inner) | ExprKind::IsEmpty(inner) => found.extend(field_of(inner)),
        ExprKind::Not(inner) => asks_whether_set(inner, found),
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().for_each(|part| asks_whether_set(part, found)),
        _ => {}
    }
}
