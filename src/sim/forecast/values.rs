//! Values that are made up: fields of contacts, properties of events.

use super::chance::Chance;
use crate::lang::{Instant, TimeOfDay, Type, Value, Zone, local_instant};
use std::sync::Arc;

const DAY_MS: f64 = 86_400_000.0;

/// How a value is made up.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// One of these, by weight.
    OneOf(Vec<(Value, f64)>),
    /// A number between two, evenly; whole ones where both are.
    Between(f64, f64),
    /// A number around a median.
    Around { median: f64, spread: f64 },
    /// True for this share.
    Share(f64),
    /// A moment so many days from the start of the simulation, negative before it.
    Days { from: f64, to: f64, is_date: bool },
    /// A list: each item is in it with its own probability.
    Items(Vec<(Value, f64)>),
    /// A text that was never there before.
    Fresh,
}

/// A value that may be left out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Draw {
    /// How it is made up.
    pub values: Values,
    /// The share that has none.
    pub unset: f64,
}

impl Draw {
    /// A value, or unset.
    pub fn value(&self, chance: &mut Chance, (start, zone): (Instant, &Zone)) -> Value {
        if self.unset > 0.0 && chance.happens(self.unset) {
            return Value::Unset;
        }
        match &self.values {
            Values::OneOf(weighted) => one_of(weighted, chance),
            Values::Between(from, to) if from.fract() == 0.0 && to.fract() == 0.0 => Value::number(chance.between(*from, *to + 1.0).floor().clamp(*from, *to)),
            Values::Between(from, to) => Value::number(chance.between(*from, *to)),
            Values::Around { median, spread } => Value::number((chance.around(*median, *spread) * 100.0).round() / 100.0),
            Values::Share(share) => Value::Bool(chance.happens(*share)),
            Values::Days { from, to, is_date } => moment(chance.between(*from, *to), *is_date, (start, zone)),
            Values::Items(items) => Value::List(items.iter().filter(|(_, share)| chance.happens(*share)).map(|(value, _)| value.clone()).collect()),
            Values::Fresh => Value::text(format!("{:016x}", chance.bits())),
        }
    }
    /// Whether values of the type can be made so.
    pub fn fits(&self, ty: &Type) -> bool {
        match (&self.values, ty) {
            (Values::OneOf(values), _) => values.iter().all(|(value, _)| is_of(value, ty)),
            (Values::Between(..) | Values::Around { .. }, Type::Number) | (Values::Share(_), Type::Bool) | (Values::Fresh, Type::Text) => true,
            (Values::Days { is_date, .. }, Type::Date) => *is_date,
            (Values::Days { is_date, .. }, Type::DateTime) => !*is_date,
            (Values::Items(_), Type::List(_)) => true,
            (Values::Between(..) | Values::Around { .. } | Values::Share(_) | Values::Fresh | Values::Days { .. } | Values::Items(_), _) => false,
        }
    }
}

fn is_of(value: &Value, ty: &Type) -> bool {
    match (value, ty) {
        (Value::Text(text), Type::Enum(known)) => known.contains(text),
        (Value::Text(_), Type::Text) | (Value::Number(_), Type::Number) | (Value::Bool(_), Type::Bool) => true,
        _ => false,
    }
}

fn one_of(weighted: &[(Value, f64)], chance: &mut Chance) -> Value {
    let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    let mut point = chance.unit() * total;
    for (value, weight) in weighted {
        point -= weight;
        if point < 0.0 {
            return value.clone();
        }
    }
    weighted.last().map(|(value, _)| value.clone()).unwrap_or_default()
}

fn moment(days: f64, is_date: bool, (start, zone): (Instant, &Zone)) -> Value {
    let at = start.plus_millis(whole(days * DAY_MS));
    if is_date { Value::Date(zone.date(at)) } else { Value::DateTime(at) }
}

/// The whole number below a number.
pub(super) fn whole(number: f64) -> i64 {
    // What lies beyond saturates; nothing here is larger than a span of centuries.
    number.floor() as i64
}

/// A count as a number to reckon with; above 2^53 it loses what nobody looks at.
pub(super) fn real(count: u64) -> f64 {
    count as f64
}

/// The hours of a day in which people are about: their weights, and the way from an even share of the day to a time in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hours {
    /// The share of a day's doings up to the end of each hour.
    upto: [f64; 24],
}

impl Hours {
    /// From the weight of each hour.
    pub fn new(weights: [f64; 24]) -> Hours {
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        Hours {
            upto: weights.map(|weight| {
                sum += weight / total;
                sum
            }),
        }
    }
    /// Awake from one time of day to another, at night this much of it.
    pub fn awake(from: TimeOfDay, to: TimeOfDay, night: f64) -> Hours {
        let mut weights = [night; 24];
        for (hour, weight) in weights.iter_mut().enumerate() {
            let at = u32::try_from(hour).unwrap_or(0) * 3_600_000;
            let is_awake = if from <= to { (from.0..to.0).contains(&at) } else { at >= from.0 || at < to.0 };
            if is_awake {
                *weight = 1.0;
            }
        }
        Hours::new(weights)
    }
    /// The time of day, in milliseconds, at which that share of a day's doings is behind.
    pub fn time_of(&self, share: f64) -> f64 {
        let hour = self.upto.iter().position(|upto| share < *upto).unwrap_or(23);
        let before = self.before(hour);
        let width = self.upto.get(hour).copied().unwrap_or(1.0) - before;
        let within = if width > 0.0 { ((share - before) / width).clamp(0.0, 1.0) } else { 0.0 };
        (f64::from(u32::try_from(hour).unwrap_or(0)) + within) * 3_600_000.0
    }
    /// The share of a day's doings that is behind at a time of day.
    pub fn share_at(&self, time: TimeOfDay) -> f64 {
        let hour = usize::try_from(time.0 / 3_600_000).unwrap_or(0).min(23);
        let before = self.before(hour);
        let width = self.upto.get(hour).copied().unwrap_or(1.0) - before;
        before + width * f64::from(time.0 % 3_600_000) / 3_600_000.0
    }
    fn before(&self, hour: usize) -> f64 {
        hour.checked_sub(1).and_then(|before| self.upto.get(before)).copied().unwrap_or(0.0)
    }
}

/// A contact's days, told by how much of what it does is behind: even gaps become times at which people are about.
#[derive(Clone, Debug)]
pub(super) struct Days {
    midnight: Instant,
}

impl Days {
    /// The days of a contact in that zone; the first is the one of `start`.
    pub fn new(start: Instant, zone: &Zone) -> Days {
        Days { midnight: zone.day_start(zone.date(start)) }
    }
    /// The place of an instant of the first day.
    pub fn place(&self, hours: &Hours, (at, zone): (Instant, &Zone)) -> f64 {
        let (date, time) = zone.local(at);
        let day = at.millis_since(self.midnight).div_euclid(86_400_000);
        // A day with a change of the clock is as good as any other.
        let day = if zone.day_start(date) == self.midnight { 0 } else { day };
        real(u64::try_from(day).unwrap_or(0)) + hours.share_at(time)
    }
    /// The instant of a place.
    pub fn at(&self, hours: &Hours, place: f64) -> Instant {
        let day = place.floor();
        self.midnight.plus_millis(whole(day * DAY_MS + hours.time_of(place - day)))
    }
}

/// A text as a value of a type, as behaviour files write it.
pub(super) fn value_of(text: &str, ty: &Type) -> Option<Value> {
    match ty {
        Type::Text => Some(Value::text(text)),
        Type::Enum(known) => known.iter().find(|value| &***value == text).cloned().map(Value::Text),
        Type::List(item) => value_of(text, item),
        Type::Number => text.parse().ok().map(Value::number),
        Type::Bool => text.parse().ok().map(Value::Bool),
        Type::Date | Type::DateTime | Type::Duration | Type::Record | Type::Any => None,
    }
}

/// The local instant of a date's start; used where files name a day.
pub(super) fn day_of(date: crate::lang::Date, zone: &Zone) -> Instant {
    local_instant(date, TimeOfDay::MIDNIGHT, zone)
}

/// A link or text, by weight.
pub(super) fn text_of(weighted: &[(Arc<str>, f64)], chance: &mut Chance) -> Arc<str> {
    let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    let mut point = chance.unit() * total;
    for (text, weight) in weighted {
        point -= weight;
        if point < 0.0 {
            return text.clone();
        }
    }
    weighted.last().map(|(text, _)| text.clone()).unwrap_or_default()
}
