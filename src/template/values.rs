//! Our values as the template engine sees them, converted when a template asks for them.
//!
//! Dates read `2026-12-24`, moments `2026-12-24 09:00` in the given zone, whole numbers have no `.0`; a field without a
//! value is undefined, so that printing it without a `default` fails the send and not the reader. Data is never parsed.

use crate::lang::{Record, Value, Zone};
use minijinja::value::{Enumerator, Object, ObjectExt, Value as Shown};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names of whose values a template reads parts: `order` for `{{ order.total }}`.
#[derive(Clone, Debug, Default)]
pub(super) struct Wholes(BTreeMap<String, Arc<Wholes>>);

impl Wholes {
    /// Those of the paths that a template reads.
    pub fn of<'p>(paths: impl Iterator<Item = &'p [String]>) -> Wholes {
        let mut tree = Wholes::default();
        for path in paths {
            let Some((_, wholes)) = path.split_last() else { continue };
            let mut at = &mut tree;
            for name in wholes {
                at = Arc::make_mut(at.0.entry(name.clone()).or_default());
            }
        }
        tree
    }
}

/// What is not there, where a template reads a part of it: nor is the part, and a `default` can say so.
#[derive(Debug)]
pub(super) struct Absent(Arc<Wholes>);

impl Absent {
    fn part(&self, name: &str) -> Option<Shown> {
        self.0.0.get(name).map(|below| Shown::from_object(Absent(Arc::clone(below))))
    }
    /// Whether a value of the engine stands for nothing.
    pub fn is(value: &Shown) -> bool {
        value.downcast_object_ref::<Absent>().is_some()
    }
}

impl Object for Absent {
    fn get_value(self: &Arc<Self>, key: &Shown) -> Option<Shown> {
        self.part(key.as_str()?)
    }
    fn is_true(self: &Arc<Self>) -> bool {
        false
    }
    fn render(self: &Arc<Self>, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

/// Named values with the zone their moments are shown in.
pub(super) struct Scope {
    pub values: Arc<Record>,
    pub zone: Zone,
    pub wholes: Arc<Wholes>,
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
        let below = self.wholes.0.get(key);
        let value = self.values.get(key).and_then(|value| shown(value, &self.zone, below));
        value.or_else(|| below.map(|below| Shown::from_object(Absent(Arc::clone(below)))))
    }
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.mapped_enumerator(|scope| Box::new(scope.values.keys().map(|name| Shown::from(Arc::clone(name)))))
    }
}

/// The engine's value; `None` where there is no value.
fn shown(value: &Value, zone: &Zone, wholes: Option<&Arc<Wholes>>) -> Option<Shown> {
    Some(match value {
        Value::Unset => return None,
        Value::Bool(value) => Shown::from(*value),
        Value::Number(value) => number(*value),
        Value::Text(text) => Shown::from(Arc::clone(text)),
        Value::Date(date) => Shown::from(date.to_string()),
        Value::DateTime(at) => Shown::from(moment(zone, *at)),
        Value::LocalDateTime(date, time) => Shown::from(moment(zone, crate::lang::local_instant(*date, *time, zone))),
        Value::Duration(duration) => Shown::from(duration.to_string()),
        Value::List(items) => {
            let element = wholes.and_then(|wholes| wholes.0.get("[]"));
            Shown::from(items.iter().map(|item| shown(item, zone, element).unwrap_or(Shown::UNDEFINED)).collect::<Vec<_>>())
        }
        Value::Record(record) => Shown::from_object(Scope { values: Arc::clone(record), zone: zone.clone(), wholes: wholes.cloned().unwrap_or_default() }),
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
