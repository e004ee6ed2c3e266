//! Date triggers: `date FIELD`, `3d before FIELD every year at 09:00`. A moment that has passed when its date is set does not come.

use super::context::Context;
use crate::bytecode::TriggerKind;
use crate::lang::{Date, Instant, Value, days_in_month};
use crate::machine::{Calendar, Evaluator};

impl Context<'_> {
    /// The first moment of a date trigger after `after`, as the contact's facts and zone are now.
    pub fn date_moment(&self, evaluator: &mut Evaluator, kind: &TriggerKind, after: Instant) -> Option<Instant> {
        let TriggerKind::FieldDate { value, shift, is_before, every_year, at } = kind else { return None };
        let view = self.view_of(None);
        let calendar = view.calendar();
        let date = evaluator.value(&view, *value).ok()?;
        let moment_of = |date: &Value| calendar.around(date, (*shift, *is_before), *at).filter(|moment| *moment > after);
        if !every_year {
            return moment_of(&date);
        }
        let (first, _, _) = self.zone.date(calendar.instant(&date)?).parts();
        let (year, _, _) = self.zone.date(after).parts();
        // The shift may lead into another year, once for each of its own.
        let spread = i16::try_from(shift.months / 12).unwrap_or(0).saturating_add(1 + i16::try_from(shift.days / 365).unwrap_or(0));
        (first.max(year.saturating_sub(spread))..=year.saturating_add(spread + 1).max(first)).find_map(|year| moment_of(&in_year(calendar, &date, year)?))
    }
}

/// The day of a date in another year; 29 February falls on the 28th where there is none.
fn in_year(calendar: Calendar<'_>, value: &Value, year: i16) -> Option<Value> {
    let that_day = |date: Date| {
        let (_, month, day) = date.parts();
        Date::new(year, month, day.min(days_in_month(year, month)))
    };
    match value {
        Value::Date(date) => that_day(*date).map(Value::Date),
        other => {
            let (date, time) = calendar.zone.local(calendar.instant(other)?);
            that_day(date).map(|date| calendar.settle(Value::LocalDateTime(date, time)))
        }
    }
}
