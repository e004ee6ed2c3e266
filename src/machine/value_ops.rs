//! Arithmetic and comparison of values by the language's rules: unset spreads, types never convert, a date is its start.

use crate::bytecode::{CompareOp, TextOp};
use crate::lang::{Duration, Holidays, Instant, TimeOfDay, Value, Zone, add_duration, local_instant, subtract_duration};
use std::cmp::Ordering;
use std::sync::Arc;

/// What calendar arithmetic needs besides the values.
#[derive(Clone, Copy, Debug)]
pub struct Calendar<'a> {
    /// The contact's zone.
    pub zone: &'a Zone,
    /// The project's holidays.
    pub holidays: &'a Holidays,
}

impl Calendar<'_> {
    /// The instant of a moment: a date is its start in the zone.
    #[must_use]
    pub fn instant(self, value: &Value) -> Option<Instant> {
        match value {
            Value::DateTime(at) => Some(*at),
            Value::Date(date) => Some(self.zone.day_start(*date)),
            Value::LocalDateTime(date, time) => Some(local_instant(*date, *time, self.zone)),
            Value::Unset | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Duration(_) | Value::List(_) | Value::Record(_) => None,
        }
    }
    /// The value to store: a date-time as written becomes its instant.
    #[must_use]
    pub fn settle(self, value: Value) -> Value {
        match value {
            Value::LocalDateTime(date, time) => Value::DateTime(local_instant(date, time, self.zone)),
            other => other,
        }
    }
    /// A moment and a duration; a date and whole days stay a date.
    #[must_use]
    pub fn shift(self, moment: &Value, duration: Duration, is_later: bool) -> Value {
        let Some(at) = self.instant(moment) else { return Value::Unset };
        let shifted = if is_later { add_duration(at, duration, self.zone, self.holidays) } else { subtract_duration(at, duration, self.zone, self.holidays) };
        match moment {
            Value::Date(_) if duration.millis == 0 => Value::Date(self.zone.date(shifted)),
            _ => Value::DateTime(shifted),
        }
    }
    /// The instant so long before or after a moment; `at` replaces the time of day, which is else the moment's own. `None` where it is unset.
    #[must_use]
    pub fn around(self, moment: &Value, (shift, is_before): (Duration, bool), at: Option<TimeOfDay>) -> Option<Instant> {
        let shifted = self.instant(&self.shift(moment, shift, !is_before))?;
        Some(at.map_or(shifted, |time| local_instant(self.zone.date(shifted), time, self.zone)))
    }
    /// How two values compare; `None` where either is unset or they cannot be compared.
    #[must_use]
    pub fn order(self, a: &Value, b: &Value) -> Option<Ordering> {
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::Duration(a), Value::Duration(b)) => Some(a.approximate_millis().cmp(&b.approximate_millis())),
            (Value::List(a), Value::List(b)) => Some(if a == b { Ordering::Equal } else { Ordering::Less }),
            (Value::Date(_) | Value::DateTime(_) | Value::LocalDateTime(..), Value::Date(_) | Value::DateTime(_) | Value::LocalDateTime(..)) => {
                Some(self.instant(a)?.cmp(&self.instant(b)?))
            }
            _ => None,
        }
    }
    /// A comparison's answer.
    #[must_use]
    pub fn compare(self, op: CompareOp, a: &Value, b: &Value) -> bool {
        self.order(a, b).is_some_and(|order| holds(op, order))
    }
    /// `a + b`
    #[must_use]
    pub fn add(self, a: &Value, b: &Value) -> Value {
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => Value::number(a + b),
            (Value::Text(a), Value::Text(b)) => Value::text(format!("{a}{b}")),
            (Value::Date(_) | Value::DateTime(_) | Value::LocalDateTime(..), Value::Duration(duration)) => self.shift(a, *duration, true),
            (Value::Duration(duration), Value::Date(_) | Value::DateTime(_) | Value::LocalDateTime(..)) => self.shift(b, *duration, true),
            (Value::Duration(a), Value::Duration(b)) => Value::Duration(sum(*a, *b)),
            _ => Value::Unset,
        }
    }
    /// `a - b`
    #[must_use]
    pub fn subtract(self, a: &Value, b: &Value) -> Value {
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => Value::number(a - b),
            (Value::Date(_) | Value::DateTime(_) | Value::LocalDateTime(..), Value::Duration(duration)) => self.shift(a, *duration, false),
            (Value::Date(a), Value::Date(b)) => Value::Duration(Duration::from_days(u32::try_from(a.0.saturating_sub(b.0)).unwrap_or(0))),
            (Value::Date(_) | Value::DateTime(_) | Value::LocalDateTime(..), Value::Date(_) | Value::DateTime(_) | Value::LocalDateTime(..)) => {
                match (self.instant(a), self.instant(b)) {
                    (Some(a), Some(b)) => Value::Duration(Duration::from_millis(u64::try_from(a.millis_since(b)).unwrap_or(0))),
                    _ => Value::Unset,
                }
            }
            _ => Value::Unset,
        }
    }
}

fn sum(a: Duration, b: Duration) -> Duration {
    Duration {
        months: a.months.saturating_add(b.months),
        days: a.days.saturating_add(b.days),
        business_days: a.business_days.saturating_add(b.business_days),
        millis: a.millis.saturating_add(b.millis),
    }
}

/// `a * b`, `a / b`, `-a` of numbers; anything else is unset, and so is a division by zero.
#[must_use]
pub fn scale(a: &Value, b: &Value, by: impl Fn(f64, f64) -> f64) -> Value {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => Value::number(by(*a, *b)),
        _ => Value::Unset,
    }
}

/// Whether an order fulfils a comparison.
#[must_use]
pub fn holds(op: CompareOp, order: Ordering) -> bool {
    match op {
        CompareOp::Equal => order == Ordering::Equal,
        CompareOp::NotEqual => order != Ordering::Equal,
        CompareOp::Less => order == Ordering::Less,
        CompareOp::LessEqual => order != Ordering::Greater,
        CompareOp::Greater => order == Ordering::Greater,
        CompareOp::GreaterEqual => order != Ordering::Less,
    }
}

/// A question about two texts, or (for `contains`) a list and one of its items; false where either is unset.
#[must_use]
pub fn text_question(op: TextOp, a: &Value, b: &Value, ignoring_case: bool) -> bool {
    let fold = |text: &Arc<str>| if ignoring_case { Arc::from(text.to_lowercase()) } else { text.clone() };
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => {
            let (a, b) = (fold(a), fold(b));
            match op {
                TextOp::Contains => a.contains(&*b),
                TextOp::StartsWith => a.starts_with(&*b),
                TextOp::EndsWith => a.ends_with(&*b),
                TextOp::Equal => a == b,
                TextOp::NotEqual => a != b,
            }
        }
        (Value::List(items), Value::Text(wanted)) if op == TextOp::Contains => {
            let wanted = fold(wanted);
            items.iter().any(|item| matches!(item, Value::Text(text) if fold(text) == wanted))
        }
        _ => false,
    }
}

/// Whether it is an empty text or list, or unset.
#[must_use]
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Unset => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Date(_) | Value::DateTime(_) | Value::LocalDateTime(..) | Value::Duration(_) | Value::Record(_) => false,
    }
}
