//! Numbers, durations, dates and times: from their text to their value. The lexer asks whether there is one, the tree keeps it.

use super::ast::{DurationPart, DurationUnit};

/// Long names of units, as they may stand after a number; plurals first, they are what is misspelled.
pub(super) const UNIT_WORDS: &[&str] =
    &["seconds", "second", "minutes", "minute", "hours", "hour", "days", "day", "weeks", "week", "months", "month", "years", "year"];

/// The value of `1_000` or `0.5`, if it is finite.
pub(super) fn number(text: &str) -> Option<f64> {
    let value: f64 = if text.contains('_') { text.replace('_', "").parse().ok()? } else { text.parse().ok()? };
    value.is_finite().then_some(value)
}

/// Year, month and day of `2026-12-24`, if there is such a day.
pub(super) fn date(text: &str) -> Option<(i16, i8, i8)> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    jiff::civil::Date::new(year, month, day).ok().map(|d| (d.year(), d.month(), d.day()))
}

/// Hour, minute and second of `9:00`, if there is such a time.
pub(super) fn time(text: &str) -> Option<(i8, i8, i8)> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let second = parts.next().map_or(Ok(0), str::parse).ok()?;
    jiff::civil::Time::new(hour, minute, second, 0).ok().map(|t| (t.hour(), t.minute(), t.second()))
}

/// The day's and the time's part of a date-time, as byte lengths: `2026-12-24`, and where the time begins.
pub(super) fn split_date_time(text: &str) -> (&str, usize) {
    const DAY: usize = "2026-12-24".len();
    let rest = text.get(DAY..).unwrap_or("");
    let gap = rest.len() - rest.trim_start_matches([' ', '\t', 'T']).len();
    (text.get(..DAY).unwrap_or(""), DAY + gap)
}

/// The parts of `1d12h`, `15 minutes` or `3 business days`, if each count fits.
pub(super) fn duration(text: &str) -> Option<Vec<DurationPart>> {
    let mut parts = Vec::with_capacity(1);
    let mut rest = text;
    while !rest.is_empty() {
        let (digits, tail) = split(rest, |c| c.is_ascii_digit());
        let tail = tail.trim_start_matches([' ', '\t']);
        let (word, after) = split(tail, |c| c.is_ascii_alphabetic());
        let unit = unit(word)?;
        parts.push(DurationPart { count: digits.parse().ok()?, unit });
        rest = if unit == DurationUnit::BusinessDay { "" } else { after };
    }
    Some(parts)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let at = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// The unit a word means: `d`, `day`, `days`.
pub(super) fn unit(word: &str) -> Option<DurationUnit> {
    match word {
        "s" | "second" | "seconds" => Some(DurationUnit::Second),
        "m" | "min" | "minute" | "minutes" => Some(DurationUnit::Minute),
        "h" | "hour" | "hours" => Some(DurationUnit::Hour),
        "d" | "day" | "days" => Some(DurationUnit::Day),
        "w" | "week" | "weeks" => Some(DurationUnit::Week),
        "mo" | "month" | "months" => Some(DurationUnit::Month),
        "y" | "year" | "years" => Some(DurationUnit::Year),
        "business" => Some(DurationUnit::BusinessDay),
        _ => None,
    }
}
