//! What an expression is worth for a contact at an instant: the chapter *Conditions*.

use super::Mutant;
use super::person::{Event, Person};
use campc::bytecode::{CompareOp, TextOp};
use campc::lang::{Date, Duration, Instant, Type, Value, add_duration, local_instant, subtract_duration};
use campc::semantic::hir::{ArithmeticOp, Expr, ExprKind};
use std::cmp::Ordering;
use std::sync::Arc;

/// In whose name something is asked.
#[derive(Clone, Copy, Default)]
pub struct Asker<'a> {
    /// The enrollment, by its number in the contact's list.
    pub enrollment: Option<usize>,
    /// The line of execution, by its number in the enrollment.
    pub thread: Option<usize>,
    /// Where the history of a `repeat`'s pass begins.
    pub pass: Option<(Instant, usize)>,
    /// The event that is being looked at.
    pub event: Option<&'a Event>,
    /// What the trigger has captured, while there is no enrollment yet.
    pub captured: Option<(usize, &'a Value)>,
}

impl Person<'_> {
    pub fn is_true(&self, expr: &Expr, asker: Asker<'_>, at: Instant) -> bool {
        self.value(expr, asker, at).is_true()
    }

    pub fn value(&self, expr: &Expr, asker: Asker<'_>, at: Instant) -> Value {
        let ask = |inner: &Expr| self.value(inner, asker, at);
        // An unset bool is false, also as a side of a comparison.
        let side = |inner: &Expr| {
            let value = ask(inner);
            if inner.ty == Type::Bool && !value.is_set() { Value::Bool(false) } else { value }
        };
        match &expr.kind {
            ExprKind::Literal(value) => value.clone(),
            ExprKind::LocalDateTime(date, time) => Value::DateTime(local_instant(*date, *time, &self.zone())),
            ExprKind::Field(field) => self.field(field.index()),
            ExprKind::Points(group) => Value::Number(self.points[group.index()]),
            ExprKind::Now => Value::DateTime(at),
            ExprKind::Today => Value::Date(self.zone().date(at)),
            ExprKind::EventProperty(name) => asker.event.and_then(|event| event.properties.get(name)).cloned().unwrap_or_default(),
            ExprKind::Capture(slot) if asker.captured.is_some_and(|(known, _)| known == slot.index()) => {
                asker.captured.map_or(Value::Unset, |(_, value)| value.clone())
            }
            ExprKind::Capture(slot) => asker.enrollment.and_then(|index| self.enrollments[index].captures.get(slot.index())).cloned().unwrap_or_default(),
            ExprKind::Get(record, key) => match ask(record) {
                Value::Record(record) => record.get(key).cloned().unwrap_or_default(),
                _ => Value::Unset,
            },
            ExprKind::Ago(length) => self.shifted(Value::DateTime(at), ask(length), ArithmeticOp::Subtract),
            ExprKind::FromNow(length) => self.shifted(Value::DateTime(at), ask(length), ArithmeticOp::Add),
            ExprKind::Negate(inner) => ask(inner).as_number().map_or(Value::Unset, |number| Value::number(-number)),
            ExprKind::Arithmetic(op, left, right) => self.calculate(*op, ask(left), ask(right)),
            ExprKind::Compare(op, left, right) => Value::Bool(self.compare(*op, &side(left), &side(right))),
            ExprKind::In { subject, options, is_negated } => {
                let subject = side(subject);
                let is_in = options.iter().any(|option| self.compare(CompareOp::Equal, &subject, &side(option)));
                Value::Bool(subject.is_set() && is_in != *is_negated)
            }
            ExprKind::Between { subject, low, high } => {
                let subject = ask(subject);
                Value::Bool(self.compare(CompareOp::GreaterEqual, &subject, &ask(low)) && self.compare(CompareOp::LessEqual, &subject, &ask(high)))
            }
            ExprKind::Text { op, is_ignoring_case, subject, pattern } => Value::Bool(text_question(*op, *is_ignoring_case, &ask(subject), &ask(pattern))),
            ExprKind::Matches { subject, pattern } => Value::Bool(ask(subject).as_text().is_some_and(|text| is_match(pattern, text))),
            ExprKind::IsSet(inner) => Value::Bool(ask(inner).is_set()),
            ExprKind::IsEmpty(inner) => Value::Bool(match ask(inner) {
                Value::Unset => true,
                Value::Text(text) => text.is_empty(),
                Value::List(items) => items.is_empty(),
                _ => false,
            }),
            ExprKind::IsToday(inner) => Value::Bool(self.is_anniversary(&ask(inner), at)),
            ExprKind::Not(inner) => Value::Bool(!ask(inner).is_true()),
            ExprKind::And(all) => Value::Bool(all.iter().all(|one| ask(one).is_true())),
            ExprKind::Or(any) => Value::Bool(any.iter().any(|one| ask(one).is_true())),
            ExprKind::HasTag(tag) => Value::Bool(self.tags.contains(tag)),
            ExprKind::InSegment(segment) => Value::Bool(self.segments[segment.index()]),
            ExprKind::InList(list) => Value::Bool(self.lists.contains(list)),
            ExprKind::InCampaign(campaign) => Value::Bool(self.enrollments.iter().any(|enrollment| !enrollment.is_over && enrollment.campaign == *campaign)),
            ExprKind::FinishedCampaign(campaign) => Value::Bool(self.past.iter().any(|(known, ..)| known == campaign)),
            ExprKind::SubscribedTo(topic) => Value::Bool(self.topic_passes(*topic)),
            ExprKind::History(history) => self.history(history, asker, at),
            ExprKind::List(items) => Value::List(items.iter().map(ask).collect()),
            ExprKind::Record(entries) => {
                let values = entries.iter().map(|(key, value)| (key.clone(), ask(value)));
                Value::Record(Arc::new(values.collect()))
            }
            ExprKind::Param(_) | ExprKind::Error => Value::Unset,
        }
    }

    /// A date-time as written becomes an instant in the contact's zone.
    pub fn settled(&self, value: Value) -> Value {
        match value {
            Value::LocalDateTime(date, time) => Value::DateTime(local_instant(date, time, &self.zone())),
            other => other,
        }
    }

    fn is_anniversary(&self, value: &Value, at: Instant) -> bool {
        let zone = self.zone();
        let date = match value {
            Value::Date(date) => *date,
            Value::DateTime(instant) => zone.date(*instant),
            _ => return false,
        };
        let (_, month, day) = date.parts();
        let today = zone.date(at).parts();
        // 29 February falls on the 28th where there is none.
        let day = if (month, day) == (2, 29) && Date::new(today.0, 2, 29).is_none() { 28 } else { day };
        (today.1, today.2) == (month, day)
    }

    fn shifted(&self, from: Value, length: Value, op: ArithmeticOp) -> Value {
        let Value::Duration(length) = length else { return Value::Unset };
        let zone = self.zone();
        let shift = |at: Instant| match op {
            ArithmeticOp::Add => add_duration(at, length, &zone, &self.world.holidays),
            _ => subtract_duration(at, length, &zone, &self.world.holidays),
        };
        match from {
            Value::DateTime(at) => Value::DateTime(shift(at)),
            Value::Date(date) if length.millis == 0 => Value::Date(zone.date(shift(zone.day_start(date)))),
            Value::Date(date) => Value::DateTime(shift(zone.day_start(date))),
            _ => Value::Unset,
        }
    }

    fn calculate(&self, op: ArithmeticOp, left: Value, right: Value) -> Value {
        match (&left, &right) {
            (Value::Number(a), Value::Number(b)) => match op {
                ArithmeticOp::Add => Value::number(a + b),
                ArithmeticOp::Subtract => Value::number(a - b),
                ArithmeticOp::Multiply => Value::number(a * b),
                ArithmeticOp::Divide => Value::number(a / b),
            },
            (Value::Date(_) | Value::DateTime(_), Value::Duration(_)) => self.shifted(left, right, op),
            (Value::Duration(_), Value::Date(_) | Value::DateTime(_)) => self.shifted(right, left, op),
            (Value::Duration(a), Value::Duration(b)) if op == ArithmeticOp::Add => Value::Duration(Duration {
                months: a.months + b.months,
                days: a.days + b.days,
                business_days: a.business_days + b.business_days,
                millis: a.millis + b.millis,
            }),
            _ => Value::Unset,
        }
    }

    /// Comparing what is unset is false, both ways.
    pub fn compare(&self, op: CompareOp, left: &Value, right: &Value) -> bool {
        let zone = self.zone();
        let order = match (left, right) {
            (Value::Unset, _) | (_, Value::Unset) => return self.world.mutant == Mutant::UnsetDiffers && op == CompareOp::NotEqual,
            (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::DateTime(a), Value::DateTime(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::DateTime(b)) => Some(zone.day_start(*a).cmp(b)),
            (Value::DateTime(a), Value::Date(b)) => Some(a.cmp(&zone.day_start(*b))),
            (a, b) => (a == b).then_some(Ordering::Equal),
        };
        match op {
            CompareOp::Equal => order == Some(Ordering::Equal),
            CompareOp::NotEqual => order != Some(Ordering::Equal),
            CompareOp::Less => order == Some(Ordering::Less),
            CompareOp::LessEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            CompareOp::Greater => order == Some(Ordering::Greater),
            CompareOp::GreaterEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

thread_local! {
    static PATTERNS: std::cell::RefCell<std::collections::HashMap<String, Option<regex::Regex>>> = std::cell::RefCell::default();
}

/// Whether a regular expression is found in a text.
pub fn is_match(pattern: &str, text: &str) -> bool {
    PATTERNS.with_borrow_mut(|known| {
        let regex = known.entry(pattern.to_owned()).or_insert_with(|| regex::Regex::new(pattern).ok());
        regex.as_ref().is_some_and(|regex| regex.is_match(text))
    })
}

fn text_question(op: TextOp, is_ignoring_case: bool, subject: &Value, pattern: &Value) -> bool {
    let fold = |text: &str| if is_ignoring_case { text.to_lowercase() } else { text.to_owned() };
    let Some(wanted) = pattern.as_text().map(fold) else { return false };
    if let Value::List(items) = subject {
        return op == TextOp::Contains && items.iter().filter_map(Value::as_text).any(|item| fold(item) == wanted);
    }
    let Some(text) = subject.as_text().map(fold) else { return false };
    match op {
        TextOp::Contains => text.contains(&wanted),
        TextOp::StartsWith => text.starts_with(&wanted),
        TextOp::EndsWith => text.ends_with(&wanted),
        TextOp::Equal => text == wanted,
        TextOp::NotEqual => text != wanted,
    }
}
