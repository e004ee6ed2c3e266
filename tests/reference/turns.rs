//! When time alone can change the truth of a condition: *Time* 11. Found by trying, not by thinking: between two instants at which nothing else
//! happens, what moves with the clock moves in one direction only.

use super::person::{Frame, Person, Wait};
use super::values::Asker;
use campc::lang::{Instant, Value, add_duration, subtract_duration};
use campc::semantic::hir::{Expr, ExprKind, HistoryWindow, Step, StepKind};

/// Instants at which something may turn, looked for before a certain one.
struct Turns {
    from: Instant,
    before: Instant,
    at: Vec<Instant>,
}

impl<'p> Person<'p> {
    /// The next instant at which something that is listened to may turn by itself.
    pub fn next_turn(&self, to: Instant) -> Option<Instant> {
        let mut found = Turns { from: self.now, before: to, at: Vec::new() };
        for segment in &self.world.project.segments {
            self.turns(&segment.condition, Asker::default(), &mut found);
        }
        for (number, enrollment) in self.enrollments.iter().enumerate() {
            let campaign = self.campaign(enrollment.campaign);
            let asker = self.asker(enrollment.id, None);
            let asker = super::values::Asker { enrollment: Some(number), ..asker };
            for exit in campaign.exits.iter().filter(|_| !enrollment.is_over) {
                self.turns(&exit.condition, asker, &mut found);
            }
            for goal in &campaign.goals {
                self.turns(&goal.condition, asker, &mut found);
            }
            for (number, thread) in enrollment.threads.iter().enumerate() {
                let asker = self.asker(enrollment.id, Some(number));
                for frame in &thread.frames {
                    if let Frame::Repeat(step, ..) = frame {
                        self.until_turns(step, asker, &mut found);
                    }
                }
                match &thread.wait {
                    Some(Wait::Listen { arms, .. }) => arms.iter().for_each(|arm| self.turns(arm.condition, asker, &mut found)),
                    Some(Wait::Held { instead: Some(arm), .. } | Wait::Place { instead: Some(arm), .. }) => self.turns(arm.condition, asker, &mut found),
                    Some(Wait::Gap { step, .. }) => self.until_turns(step, asker, &mut found),
                    _ => {}
                }
            }
        }
        found.at.into_iter().filter(|at| *at > self.now).min()
    }

    /// The next instant between two at which one condition may turn by itself.
    pub fn next_turn_of(&self, expr: &Expr, asker: Asker<'_>, (from, before): (Instant, Instant)) -> Option<Instant> {
        let mut found = Turns { from, before, at: Vec::new() };
        self.turns(expr, asker, &mut found);
        found.at.into_iter().filter(|at| *at > from).min()
    }

    fn until_turns(&self, step: &Step, asker: Asker<'_>, found: &mut Turns) {
        if let StepKind::Repeat { until: Some(until), .. } = &step.kind {
            self.turns(until, asker, found);
        }
    }

    fn turns(&self, expr: &Expr, asker: Asker<'_>, found: &mut Turns) {
        match &expr.kind {
            ExprKind::History(history) => {
                if let HistoryWindow::Last(length) = &history.window
                    && let Value::Duration(length) = self.value(length, asker, self.now)
                {
                    let zone = self.zone();
                    for event in self.events.iter().filter(|event| self.is_kind(&history.pattern, event)) {
                        // It is in as long as it is not older than the length.
                        let is_out = |at: Instant| subtract_duration(at, length, &zone, &self.world.holidays) > event.happened;
                        let about = add_duration(event.happened, length, &zone, &self.world.holidays);
                        let from = about.plus_millis(-4 * DAY_MS).max(found.from);
                        found.at.extend(first_where(from, about.plus_millis(4 * DAY_MS).min(found.before), is_out));
                    }
                }
            }
            ExprKind::Compare(_, left, right) => {
                self.crossings(left, right, asker, found);
                self.turns(left, asker, found);
                self.turns(right, asker, found);
            }
            ExprKind::Between { subject, low, high } => {
                self.crossings(subject, low, asker, found);
                self.crossings(subject, high, asker, found);
            }
            ExprKind::In { subject, options, .. } => {
                for option in options {
                    self.crossings(subject, option, asker, found);
                }
            }
            ExprKind::IsToday(_) => {
                let zone = self.zone();
                found.at.push(zone.day_start(zone.date(found.from).plus_days(1)));
            }
            ExprKind::Not(inner) | ExprKind::IsSet(inner) | ExprKind::IsEmpty(inner) => self.turns(inner, asker, found),
            ExprKind::And(all) | ExprKind::Or(all) => all.iter().for_each(|one| self.turns(one, asker, found)),
            ExprKind::Arithmetic(_, left, right) => {
                self.turns(left, asker, found);
                self.turns(right, asker, found);
            }
            _ => {}
        }
    }

    /// Where one side moves with the clock: the first instants at which it reaches the other, and at which it is past it.
    fn crossings(&self, left: &Expr, right: &Expr, asker: Asker<'_>, found: &mut Turns) {
        if !moves(left) && !moves(right) {
            return;
        }
        let gap = |at: Instant| {
            let (one, other) = (self.as_instant(self.value(left, asker, at))?, self.as_instant(self.value(right, asker, at))?);
            Some(if moves(right) { other.millis_since(one) } else { one.millis_since(other) })
        };
        let from = found.from;
        if gap(from).is_none() {
            return;
        }
        let end = found.before;
        found.at.extend(first_where(from, end, |at| gap(at).is_some_and(|gap| gap >= 0)));
        found.at.extend(first_where(from, end, |at| gap(at).is_some_and(|gap| gap > 0)));
        // What compares dates turns at midnight too.
        let zone = self.zone();
        found.at.push(zone.day_start(zone.date(from).plus_days(1)));
    }

    fn as_instant(&self, value: Value) -> Option<Instant> {
        match value {
            Value::DateTime(at) => Some(at),
            Value::Date(date) => Some(self.zone().day_start(date)),
            _ => None,
        }
    }
}

const DAY_MS: i64 = 86_400_000;

/// Whether its worth moves with the clock.
fn moves(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Now | ExprKind::Today | ExprKind::Ago(_) | ExprKind::FromNow(_) => true,
        ExprKind::Arithmetic(_, left, right) => moves(left) || moves(right),
        ExprKind::Negate(inner) => moves(inner),
        _ => false,
    }
}

/// The first instant after `from` at which what then stays true is true.
fn first_where(from: Instant, to: Instant, is_true: impl Fn(Instant) -> bool) -> Option<Instant> {
    let (mut low, mut high) = (from.0, to.0);
    if is_true(from) || !is_true(to) || low >= high {
        return None;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_true(Instant(middle)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(Instant(high))
}
