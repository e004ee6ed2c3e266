//! What conditions say of one another: whether several can hold together, by intervals, sets of values and equal questions.
//!
//! Only what is certain is told: an answer of "impossible" is a proof, "possible" may only mean that nothing was proved. Not here: which
//! conditions stand together on a path (`flow`), and what is said about it (`lint`, `flow`).

mod domain;
mod expand;
mod key;
mod points;

use super::hir::{Expr, ExprKind, HistoryWindow, Project};
use crate::base::Span;
use crate::bytecode::Aggregate;
use domain::Domain;
use expand::{Flag, Literal, ways};
use std::collections::BTreeMap;

/// A condition, and whether it holds.
pub(super) type Held<'e> = (&'e Expr, bool);

/// What is the matter with a condition or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It can never hold.
    Never,
    /// It always holds.
    Always,
}

/// Reasons over the conditions of one project.
#[derive(Clone, Copy)]
pub(super) struct Reason<'p> {
    project: &'p Project,
}

impl<'p> Reason<'p> {
    pub(super) fn new(project: &'p Project) -> Self {
        Reason { project }
    }

    /// Whether these conditions cannot all be as is said.
    pub(super) fn is_impossible(self, held: &[Held<'_>]) -> bool {
        let Some(ways) = ways(self.project, held) else { return false };
        ways.iter().all(|way| self.is_contradictory(way))
    }

    /// The parts of a condition that never or always hold where `given` holds; of nested ones the outermost.
    pub(super) fn faults(self, condition: &Expr, given: &[Held<'_>]) -> Vec<(Span, Verdict)> {
        let mut found = Vec::new();
        if matches!(condition.kind, ExprKind::Literal(_) | ExprKind::Error) {
            return found;
        }
        if given.is_empty() || !self.is_impossible(given) {
            self.look(condition, given, &mut found);
        }
        found
    }

    fn look(self, condition: &Expr, given: &[Held<'_>], found: &mut Vec<(Span, Verdict)>) {
        if given.is_empty() && is_bare(condition) {
            return self.look_inside(condition, given, found);
        }
        let with = |is_held: bool| {
            let mut all = given.to_vec();
            all.push((condition, is_held));
            all
        };
        if self.is_impossible(&with(true)) {
            found.push((condition.span, Verdict::Never));
            return;
        }
        if self.is_impossible(&with(false)) {
            found.push((condition.span, Verdict::Always));
            return;
        }
        self.look_inside(condition, given, found);
    }

    fn look_inside(self, condition: &Expr, given: &[Held<'_>], found: &mut Vec<(Span, Verdict)>) {
        match &condition.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                parts.iter().filter(|part| !matches!(part.kind, ExprKind::Literal(_))).for_each(|part| self.look(part, given, found))
            }
            ExprKind::Not(inner) => self.look_inside(inner, given, found),
            ExprKind::Compare(_, left, right) => [left, right].into_iter().for_each(|side| self.look_inside(side, given, found)),
            // What an event must fulfil is asked of the event: nothing that is known here says anything of it.
            ExprKind::History(history) => {
                if let Some(predicate) = history.predicate.as_ref() {
                    found.extend(self.faults(predicate, &[]));
                }
            }
            _ => {}
        }
    }

    fn is_contradictory(self, way: &[Literal<'_>]) -> bool {
        if let [Literal::Value { subject, test, is_held }] = way {
            let mut domain = Domain::of(subject, self.project);
            domain.narrow(test, *is_held);
            return domain.is_empty();
        }
        let mut domains: BTreeMap<String, Domain> = BTreeMap::new();
        let mut flags: Vec<&Flag> = Vec::new();
        for literal in way {
            match literal {
                Literal::Value { subject, test, is_held } => {
                    let domain = domains.entry(key::of(subject)).or_insert_with(|| Domain::of(subject, self.project));
                    domain.narrow(test, *is_held);
                }
                Literal::Flag(flag) => flags.push(flag),
            }
        }
        let clashes = |flag: &&Flag| flag.is_held && flags.iter().any(|other| !other.is_held && other.covers(flag));
        domains.values().any(Domain::is_empty) || flags.iter().any(clashes)
    }
}

/// A question that is known by itself alone: with nothing beside it, either answer is possible.
fn is_bare(condition: &Expr) -> bool {
    match &condition.kind {
        ExprKind::History(history) => history.aggregate == Aggregate::Exists,
        ExprKind::HasTag(_) | ExprKind::InList(_) | ExprKind::InCampaign(_) | ExprKind::FinishedCampaign(_) | ExprKind::SubscribedTo(_) => true,
        _ => false,
    }
}

/// Whether a question in it counts from an anchor, so that it may be answered differently elsewhere.
pub(super) fn is_anchored(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::History(history) => matches!(history.window, HistoryWindow::Anchor),
        ExprKind::Not(a) | ExprKind::Negate(a) | ExprKind::IsSet(a) | ExprKind::IsEmpty(a) | ExprKind::IsToday(a) | ExprKind::Get(a, _) => is_anchored(a),
        ExprKind::Matches { subject, .. } => is_anchored(subject),
        ExprKind::Arithmetic(_, a, b) | ExprKind::Compare(_, a, b) | ExprKind::Text { subject: a, pattern: b, .. } => is_anchored(a) || is_anchored(b),
        ExprKind::In { subject, options, .. } => is_anchored(subject) || options.iter().any(is_anchored),
        ExprKind::Between { subject, low, high } => is_anchored(subject) || is_anchored(low) || is_anchored(high),
        ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::List(parts) => parts.iter().any(is_anchored),
        _ => false,
    }
}
