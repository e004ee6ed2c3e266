//! Written-out values as points that can be held against each other.

use crate::lang::{Duration, Value};
use crate::semantic::hir::{Expr, ExprKind};
use std::sync::Arc;

const DAY_MS: f64 = 86_400_000.0;

/// A written-out value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Point {
    Number(f64),
    Text(Arc<str>),
    Bool(bool),
    /// Milliseconds of a wall clock.
    Moment(f64),
    /// Milliseconds from now, and how far that may be off: months and clock changes have no fixed length.
    #[allow(missing_docs)]
    FromNow {
        at: f64,
        fuzz: f64,
    },
}

/// The point that an expression stands for, if it is written out.
pub(super) fn of(expr: &Expr) -> Option<Point> {
    match &expr.kind {
        ExprKind::Literal(value) => of_value(value),
        ExprKind::LocalDateTime(date, time) => Some(Point::Moment(day(*date) * DAY_MS + f64::from(time.0))),
        ExprKind::Negate(inner) => match of(inner)? {
            Point::Number(number) => Some(Point::Number(-number)),
            Point::Text(_) | Point::Bool(_) | Point::Moment(_) | Point::FromNow { .. } => None,
        },
        ExprKind::Now => Some(Point::FromNow { at: 0.0, fuzz: 0.0 }),
        ExprKind::Today => Some(Point::FromNow { at: 0.0, fuzz: DAY_MS }),
        ExprKind::Ago(length) => length_of(length).map(|(ms, fuzz)| Point::FromNow { at: -ms, fuzz }),
        ExprKind::FromNow(length) => length_of(length).map(|(at, fuzz)| Point::FromNow { at, fuzz }),
        _ => None,
    }
}

fn of_value(value: &Value) -> Option<Point> {
    match value {
        Value::Number(number) => Some(Point::Number(*number)),
        Value::Text(text) => Some(Point::Text(text.clone())),
        Value::Bool(value) => Some(Point::Bool(*value)),
        Value::Date(date) => Some(Point::Moment(day(*date) * DAY_MS)),
        Value::LocalDateTime(date, time) => Some(Point::Moment(day(*date) * DAY_MS + f64::from(time.0))),
        Value::Unset | Value::DateTime(_) | Value::Duration(_) | Value::List(_) | Value::Record(_) => None,
    }
}

fn day(date: crate::lang::Date) -> f64 {
    f64::from(date.0)
}

fn length_of(expr: &Expr) -> Option<(f64, f64)> {
    match expr.literal() {
        Some(Value::Duration(length)) => Some(millis_of(*length)),
        Some(_) | None => None,
    }
}

/// Milliseconds, and how far they may be off.
fn millis_of(length: Duration) -> (f64, f64) {
    let months = f64::from(length.months);
    let days = f64::from(length.days);
    let business = f64::from(length.business_days);
    let exact = std::time::Duration::from_millis(length.millis).as_secs_f64() * 1000.0;
    let is_calendar = months + days + business > 0.0;
    let fuzz = months.min(12.0) * 2.0 + months / 12.0 + business + if is_calendar { 0.05 } else { 0.0 };
    ((months * 30.4375 + days + business * 1.4) * DAY_MS + exact, fuzz * DAY_MS)
}
