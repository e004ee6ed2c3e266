//! Our values as the template engine sees them, converted when a template asks for them.
//!
//! Dates read `2026-12-24`, moments `2026-12-24 09:00` in the given zone, whole numbers have no `.0`; a field without a
//! value is undefined, so that printing it without a `default` fails the send and not the reader. Data is never parsed.

use crate::lang::{Record, Value, Zone};
use minijinja::value::{Enumerator, Object, ObjectExt, Value as Shown};
use std::sync::Arc;

/// Named values with the zone their moments are shown in.
pub(super) struct Scope {
    pub values: Arc<Record>,
    pub zone: Zone,
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.values.iter().map(|(name, value)| (name, value.to_string()))).finish()
    }
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Shown) -> Option<Shown> {
        self.get_value_by_str(key.as_str()?)
    }
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Shown> {
        shown(self.values.get(key)?, &self.zone)
    }
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.mapped_enumerator(|scope| Box::new(scope.values.keys().map(|name| Shown::from(Arc::clone(name)))))
    }
}

/// The engine's value; `None` where there is no value.
pub(super) fn shown(value: &Value, zone: &Zone) -> Option<Shown> {
    Some(match value {
        Value::Unset => return None,
        Value::Bool(value) => Shown::from(*value),
        Value::Number(value) => number(*value),
        Value::Text(text) => Shown::from(Arc::clone(text)),
        Value::Date(date) => Shown::from(date.to_string()),
        Value::DateTime(at) => Shown::from(moment(zone, *at)),
        Value::LocalDateTime(date, time) => Shown::from(moment(zone, crate::lang::local_instant(*date, *time, zone))),
        Value::Duration(duration) => Shown::from(duration.to_string()),
        Value::List(items) => Shown::from(items.iter().map(|item| shown(item, zone).unwrap_or(Shown::UNDEFINED)).collect::<Vec<_>>()),
        Value::Record(record) => Shown::from_object(Scope { values: Arc::clone(record), zone: zone.clone() }),
    })
}

/// The instant as a reader sees it in that zone: `2026-12-24 09:00`.
fn moment(zone: &Zone, at: crate::lang::Instant) -> String {
    let local = zone.format(at);
    // Seconds are noise in a message; the zone's own form has them.
    match local.char_indices().nth(16) {
        Some((end, ':')) => local.get(..end).unwrap_or(&local).to_owned(),
        Some(_) | None => local,
    }
}

/// A number without a needless `.0`.
pub(super) fn number(value: f64) -> Shown {
    // Beyond 2^53 a float no longer names one whole number.
    if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
        format!("{value:.0}").parse::<i64>().map_or(Shown::from(value), Shown::from)
    } else {
        Shown::from(value)
    }
}
