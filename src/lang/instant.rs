//! Points in time: instants in milliseconds, and calendar dates.

use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(pub i64);

impl Instant {
    /// Later than everything that is scheduled.
    pub const FAR_FUTURE: Instant = Instant(253_402_207_200_000);
    /// Earlier than everything that happened.
    pub const FAR_PAST: Instant = Instant(-62_135_596_800_000);

    /// This instant, `millis` later (or earlier, if negative).
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Instant {
        Instant(self.0.saturating_add(millis).clamp(Self::FAR_PAST.0, Self::FAR_FUTURE.0))
    }
    /// Milliseconds from `earlier` to this instant; negative if it lies before.
    #[must_use]
    pub fn millis_since(self, earlier: Instant) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
    /// RFC 3339 in UTC, with milliseconds only where there are any: `2026-03-02T15:00:00Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        self.to_timestamp().to_string()
    }
    /// The library's timestamp of this instant; beyond the calendar it saturates.
    #[must_use]
    pub fn to_timestamp(self) -> jiff::Timestamp {
        let clamped = self.0.clamp(Self::FAR_PAST.0, Self::FAR_FUTURE.0);
        jiff::Timestamp::from_millisecond(clamped).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
    /// The instant of a library timestamp, cut to milliseconds.
    #[must_use]
    pub fn from_timestamp(timestamp: jiff::Timestamp) -> Instant {
        Instant(timestamp.as_millisecond())
    }
}

/// A calendar date: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Date(pub i32);

impl Date {
    /// The date of that year (1–9999), month (1–12) and day, if there is one.
    #[must_use]
    pub fn new(year: i16, month: i8, day: i8) -> Option<Date> {
        jiff::civil::Date::new(year, month, day).ok().map(Date::from_civil)
    }
    /// The library's date.
    #[must_use]
    pub fn to_civil(self) -> jiff::civil::Date {
        let epoch = jiff::civil::Date::constant(1970, 1, 1);
        epoch.checked_add(jiff::Span::new().days(i64::from(self.0.clamp(-719_162, 2_932_896)))).unwrap_or(epoch)
    }
    /// The date of a library date.
    #[must_use]
    pub fn from_civil(date: jiff::civil::Date) -> Date {
        let epoch = jiff::civil::Date::constant(1970, 1, 1);
        Date(epoch.until(date).map_or(0, |span| span.get_days()))
    }
    /// Year, month (1–12), day (1–31).
    #[must_use]
    pub fn parts(self) -> (i16, i8, i8) {
        let civil = self.to_civil();
        (civil.year(), civil.month(), civil.day())
    }
    /// The date `days` later.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Date {
        Date(self.0.saturating_add(days))
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.to_civil())
    }
}
