//! How long waits last that are written with clock times and dates.

use super::trail::Elapsed;
use crate::lang::{Date, TimeOfDay, Value};
use crate::semantic::hir::{ExprKind, Until, UntilAnchor};

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

/// The wait for a clock time lasts a day at the most, one for a weekday a week.
pub(super) fn until_elapsed(until: &Until) -> Elapsed {
    let days = |count: i64| Elapsed { at_least_ms: 0, at_most_ms: Some(count * DAY_MS + HOUR_MS) };
    match &until.anchor {
        UntilAnchor::Clock(_) => days(1),
        UntilAnchor::Weekday(..) => days(7),
        UntilAnchor::Value { .. } => Elapsed::UNKNOWN,
    }
}

/// The earliest instant of a wait for a date in the source.
pub(super) fn until_moment(until: &Until) -> Option<i64> {
    let UntilAnchor::Value { value, shift, is_before, at } = &until.anchor else { return None };
    let (date, time) = match &value.kind {
        ExprKind::Literal(Value::Date(date)) => (*date, TimeOfDay::MIDNIGHT),
        ExprKind::LocalDateTime(date, time) => (*date, *time),
        _ => return None,
    };
    if *is_before && !shift.is_zero() {
        return None;
    }
    Some(earliest_ms(date, at.unwrap_or(time)))
}

/// A date and time of day, in the zone where it comes first.
pub(super) fn earliest_ms(date: Date, time: TimeOfDay) -> i64 {
    i64::from(date.0) * DAY_MS + i64::from(time.0) - 14 * HOUR_MS
}
