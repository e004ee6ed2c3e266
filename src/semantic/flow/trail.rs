//! What is known of a contact who comes to a place: facts that hold at this instant, how much time can have passed, what was sent.

use super::touches::touches;
use crate::base::Span;
use crate::bytecode::{Channel, FieldId, MessageId};
use crate::lang::{Duration, Value};
use crate::semantic::hir::{Expr, Project, StepKind};
use crate::semantic::reason::Held;
use std::collections::BTreeMap;

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Elapsed {
    pub at_least_ms: i64,
    /// `None`: nobody knows.
    pub at_most_ms: Option<i64>,
}

impl Elapsed {
    pub(super) const UNKNOWN: Elapsed = Elapsed { at_least_ms: 0, at_most_ms: None };

    /// Clocks change and months differ: a length of time in the calendar lies between two exact ones.
    pub(super) fn of(length: Duration) -> Elapsed {
        let is_calendar = length.months > 0 || length.days > 0 || length.business_days > 0;
        let slack = if is_calendar { HOUR_MS } else { 0 };
        let exact = i64::try_from(length.millis).unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
        let days = |months: u32| i64::from(length.months) * i64::from(months) + i64::from(length.days) + i64::from(length.business_days);
        let at_least_ms = (days(28) * DAY_MS + exact - slack).max(0);
        let at_most_ms = (length.business_days == 0).then(|| days(31) * DAY_MS + exact + slack);
        Elapsed { at_least_ms, at_most_ms }
    }
    /// Of a written-out duration; of others nothing is known.
    pub(super) fn of_expr(length: &Expr) -> Elapsed {
        match length.literal() {
            Some(Value::Duration(length)) => Elapsed::of(*length),
            Some(_) | None => Elapsed::UNKNOWN,
        }
    }
    /// Up to as long.
    pub(super) fn up_to(self) -> Elapsed {
        Elapsed { at_least_ms: 0, ..self }
    }
}

/// A marketing message that left on the way here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sending {
    pub channel: Channel,
    pub age_at_most_ms: Option<i64>,
}

/// What is known of a contact who comes to a place.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail<'p> {
    facts: Vec<Held<'p>>,
    /// Fields that a step has cleared and none has set.
    cleared: Vec<FieldId>,
    /// What steps have changed at this very instant: what always holds may not hold for the moment.
    changes: Vec<&'p StepKind>,
    /// Nothing is known of what has changed.
    is_unknown: bool,
    /// Whether time can have passed since the enrollment began.
    pub has_begun: bool,
    /// The least time since the enrollment began.
    pub at_least_ms: i64,
    /// The earliest instant, where a date in the source says so.
    pub not_before_ms: Option<i64>,
    /// Who comes by the path with the most sendings: these.
    pub sendings: Vec<Sending>,
    /// What some path here has sent, and where.
    pub behind: BTreeMap<MessageId, Span>,
}

impl<'p> Trail<'p> {
    pub(super) fn facts(&self) -> &[Held<'p>] {
        &self.facts
    }
    pub(super) fn learn(&mut self, condition: &'p Expr, is_held: bool) {
        self.facts.push((condition, is_held));
    }
    /// Nothing is known any more of what can change; the rules of the campaign hold.
    pub(super) fn forget(&mut self) {
        self.has_begun = true;
        self.facts.clear();
        self.changes.clear();
        self.is_unknown = false;
    }
    /// Anything may have changed at this instant.
    pub(super) fn forget_all(&mut self) {
        self.facts.clear();
        self.is_unknown = true;
    }
    /// A step changes the contact: at this instant even the rules of the campaign may not hold.
    pub(super) fn change(&mut self, project: &Project, step: &'p StepKind) {
        self.facts.retain(|(fact, _)| !touches(project, step, fact));
        self.changes.push(step);
    }
    /// What is known here, and what of `always` nothing has just changed.
    pub(super) fn given(&self, project: &Project, always: &[Held<'p>]) -> Vec<Held<'p>> {
        let mut given = self.facts.clone();
        if !self.is_unknown {
            given.extend(always.iter().filter(|(fact, _)| !self.changes.iter().any(|step| touches(project, step, fact))));
        }
        given
    }
    pub(super) fn clear_field(&mut self, field: FieldId) {
        self.cleared.push(field);
    }
    pub(super) fn set_field(&mut self, field: FieldId) {
        self.cleared.retain(|known| *known != field);
    }
    pub(super) fn is_cleared(&self, field: FieldId) -> bool {
        self.cleared.contains(&field)
    }
    pub(super) fn pass(&mut self, elapsed: Elapsed) {
        self.forget();
        self.at_least_ms = self.at_least_ms.saturating_add(elapsed.at_least_ms);
        self.not_before_ms = self.not_before_ms.map(|at| at.saturating_add(elapsed.at_least_ms));
        for sending in &mut self.sendings {
            sending.age_at_most_ms = sending.age_at_most_ms.zip(elapsed.at_most_ms).map(|(age, more)| age.saturating_add(more));
        }
    }
    pub(super) fn not_before(&mut self, at_ms: i64) {
        self.not_before_ms = Some(self.not_before_ms.map_or(at_ms, |known| known.max(at_ms)));
    }

    /// One of two ways was taken.
    pub(super) fn either(&mut self, other: &Trail<'p>) {
        self.facts.retain(|(fact, is_held)| other.facts.iter().any(|(theirs, same)| std::ptr::eq(*fact, *theirs) && is_held == same));
        self.cleared.retain(|field| other.cleared.contains(field));
        for step in &other.changes {
            if !self.changes.iter().any(|known| std::ptr::eq(*known, *step)) {
                self.changes.push(step);
            }
        }
        self.is_unknown |= other.is_unknown;
        self.has_begun |= other.has_begun;
        self.at_least_ms = self.at_least_ms.min(other.at_least_ms);
        self.not_before_ms = self.not_before_ms.zip(other.not_before_ms).map(|(mine, theirs)| mine.min(theirs));
        if weight(&other.sendings) > weight(&self.sendings) {
            self.sendings.clone_from(&other.sendings);
        }
        for (message, span) in &other.behind {
            self.behind.entry(*message).or_insert(*span);
        }
    }

    /// Both ways were taken, from where there were `before` sendings.
    pub(super) fn both(&mut self, other: &Trail<'p>, before: usize) {
        self.forget_all();
        self.has_begun |= other.has_begun;
        self.cleared.retain(|field| other.cleared.contains(field));
        self.at_least_ms = self.at_least_ms.max(other.at_least_ms);
        self.not_before_ms = self.not_before_ms.max(other.not_before_ms);
        self.sendings.extend(other.sendings.iter().skip(before));
        for sending in &mut self.sendings {
            sending.age_at_most_ms = None;
        }
        for (message, span) in &other.behind {
            self.behind.entry(*message).or_insert(*span);
        }
    }
}

/// More sendings first, then those of known age.
fn weight(sendings: &[Sending]) -> (usize, usize) {
    (sendings.len(), sendings.iter().filter(|sending| sending.age_at_most_ms.is_some()).count())
}
