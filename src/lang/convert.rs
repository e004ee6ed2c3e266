//! Values from and to JSON: the conversion table for traits, properties and imports, and the JSON of the API.

use super::{Date, Duration, Instant, TimeOfDay, Type, Value, Zone, local_instant};
use serde_json::Value as Json;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// Converts a JSON value to a declared type by the table of ingestion; `zone` reads dates and times without an offset.
///
/// # Errors
/// A phrase that says what does not fit: `"gold" is not one of "free", "pro"`.
pub fn from_json(json: &Json, wanted: &Type, zone: &Zone) -> Result<Value, String> {
    if json.is_null() {
        return Ok(Value::Unset);
    }
    let misfit = || format!("{json} is not a {wanted}");
    match wanted {
        Type::Text => scalar_text(json).map(Value::Text).ok_or_else(misfit),
        Type::Number => match json {
            Json::Number(number) => number.as_f64().map(Value::number).filter(Value::is_set).ok_or_else(misfit),
            Json::String(text) => text.trim().parse().ok().map(Value::number).filter(Value::is_set).ok_or_else(misfit),
            Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => Err(misfit()),
        },
        Type::Bool => match scalar_text(json).as_deref() {
            Some("true" | "1") => Ok(Value::Bool(true)),
            Some("false" | "0") => Ok(Value::Bool(false)),
            Some(_) | None => Err(misfit()),
        },
        Type::Date => json.as_str().and_then(|text| parse_date(text.trim(), zone)).map(Value::Date).ok_or_else(misfit),
        Type::DateTime => instant_from_json(json, zone).map(Value::DateTime).ok_or_else(misfit),
        Type::Duration => json.as_str().and_then(Duration::parse).map(Value::Duration).ok_or_else(misfit),
        Type::Enum(values) => {
            let text = scalar_text(json).ok_or_else(misfit)?;
            values.iter().find(|value| value.as_ref() == text.trim()).map(|value| Value::Text(value.clone())).ok_or_else(|| not_one_of(&text, values))
        }
        Type::List(item) => match json {
            Json::Array(items) => Ok(Value::List(items.iter().map(|value| from_json(value, item, zone)).collect::<Result<_, _>>()?)),
            Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(Value::List(Arc::from([from_json(json, item, zone)?]))),
            Json::Null | Json::Object(_) => Err(misfit()),
        },
        Type::Record | Type::Any => Ok(untyped(json)),
    }
}

fn not_one_of(text: &str, values: &[Arc<str>]) -> String {
    let list: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("{text:?} is not one of {}", list.join(", "))
}

fn scalar_text(json: &Json) -> Option<Arc<str>> {
    match json {
        Json::String(text) => Some(text.nfc().collect::<String>().into()),
        Json::Number(number) => Some(number.to_string().into()),
        Json::Bool(value) => Some(value.to_string().into()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn untyped(json: &Json) -> Value {
    match json {
        Json::Null => Value::Unset,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number.as_f64().map_or(Value::Unset, Value::number),
        Json::String(text) => Value::text(text.nfc().collect::<String>()),
        Json::Array(items) => Value::List(items.iter().map(untyped).collect()),
        Json::Object(map) => Value::Record(Arc::new(map.iter().map(|(key, value)| (Arc::from(key.as_str()), untyped(value))).collect())),
    }
}

/// An instant from RFC 3339, a date (its start in `zone`), `2026-12-24 09:00` (in `zone`), or epoch seconds or milliseconds.
#[must_use]
pub fn instant_from_json(json: &Json, zone: &Zone) -> Option<Instant> {
    match json {
        Json::String(text) => parse_date_time(text.trim(), zone),
        Json::Number(number) => {
            let number = number.as_f64().filter(|n| n.is_finite() && *n >= 0.0 && *n < 2.5e14)?;
            // Above the year 5138 in seconds it can only be milliseconds.
            let millis = if number >= 1e11 { number } else { number * 1_000.0 };
            #[allow(clippy::cast_possible_truncation)]
            Some(Instant(millis as i64))
        }
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The same from text alone.
#[must_use]
pub fn parse_date_time(text: &str, zone: &Zone) -> Option<Instant> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(Instant::from_timestamp(timestamp));
    }
    if let Ok(local) = text.parse::<jiff::civil::DateTime>() {
        let time = local.time();
        let part = |value: i8| u8::try_from(value).unwrap_or(0);
        let clock = TimeOfDay::new(part(time.hour()), part(time.minute()), part(time.second()))?;
        return Some(local_instant(Date::from_civil(local.date()), clock, zone));
    }
    text.parse::<jiff::civil::Date>().ok().map(|date| zone.day_start(Date::from_civil(date)))
}

fn parse_date(text: &str, zone: &Zone) -> Option<Date> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(zone.date(Instant::from_timestamp(timestamp)));
    }
    text.get(..10).unwrap_or(text).parse::<jiff::civil::Date>().ok().map(Date::from_civil)
}

/// The JSON of a value: dates and date-times as RFC 3339 text, durations as the language writes them, unset as null.
#[must_use]
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Unset => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(value) => number_json(*value),
        Value::Text(value) => Json::String(value.to_string()),
        Value::Date(value) => Json::String(value.to_string()),
        Value::DateTime(value) => Json::String(value.to_rfc3339()),
        Value::LocalDateTime(date, time) => Json::String(format!("{date}T{time}")),
        Value::Duration(value) => Json::String(value.to_string()),
        Value::List(values) => Json::Array(values.iter().map(to_json).collect()),
        Value::Record(record) => Json::Object(record.iter().map(|(key, value)| (key.to_string(), to_json(value))).collect()),
    }
}

fn number_json(value: f64) -> Json {
    // Whole numbers are written without a fraction, as every reader of the JSON expects.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        #[allow(clippy::cast_possible_truncation)]
        return Json::from(value as i64);
    }
    serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number)
}
