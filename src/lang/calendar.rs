//! Calendar arithmetic in a zone: same wall clock, month ends clamp, a time in the gap is the first instant after it,
//! a time that exists twice is the first. Zones come from the database that is compiled in.

use super::{Date, Duration, Instant};
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A time zone with its IANA name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of an IANA name such as `America/Toronto`, if there is one.
    #[must_use]
    pub fn find(name: &str) -> Option<Zone> {
        if name == "UTC" {
            return Some(Zone::utc());
        }
        TimeZone::get(name).ok().map(Zone)
    }
    /// UTC.
    #[must_use]
    pub fn utc() -> Zone {
        Zone(TimeZone::UTC)
    }
    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
    /// Date and time of day at an instant.
    #[must_use]
    pub fn local(&self, at: Instant) -> (Date, TimeOfDay) {
        let local = self.0.to_datetime(at.to_timestamp());
        (Date::from_civil(local.date()), TimeOfDay::from_civil(local.time()))
    }
    /// The date at an instant.
    #[must_use]
    pub fn date(&self, at: Instant) -> Date {
        self.local(at).0
    }
    /// The first instant of a date: midnight, or the first instant after a gap that swallows it.
    #[must_use]
    pub fn day_start(&self, date: Date) -> Instant {
        local_instant(date, TimeOfDay::MIDNIGHT, self)
    }
    /// `2026-03-02 10:00:00`, as journals show it.
    #[must_use]
    pub fn format(&self, at: Instant) -> String {
        let (date, time) = self.local(at);
        format!("{date} {time}")
    }
    /// RFC 3339 with the zone's offset at that instant.
    #[must_use]
    pub fn format_rfc3339(&self, at: Instant) -> String {
        let offset = self.0.to_offset(at.to_timestamp());
        if offset == jiff::tz::Offset::UTC {
            return at.to_rfc3339();
        }
        at.to_timestamp().display_with_offset(offset).to_string()
    }
}

/// A time of day: milliseconds since midnight on the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeOfDay(pub u32);

impl TimeOfDay {
    /// `00:00`
    pub const MIDNIGHT: TimeOfDay = TimeOfDay(0);

    /// That hour (0–23), minute and second, if there is such a time.
    #[must_use]
    pub fn new(hour: u8, minute: u8, second: u8) -> Option<TimeOfDay> {
        (hour < 24 && minute < 60 && second < 60).then(|| TimeOfDay((u32::from(hour) * 3_600 + u32::from(minute) * 60 + u32::from(second)) * 1_000))
    }
    fn from_civil(time: civil::Time) -> TimeOfDay {
        let part = |value: i8| u32::try_from(value).unwrap_or(0);
        let millis = u32::try_from(time.subsec_nanosecond() / 1_000_000).unwrap_or(0);
        TimeOfDay((part(time.hour()) * 3_600 + part(time.minute()) * 60 + part(time.second())) * 1_000 + millis)
    }
    fn to_civil(self) -> civil::Time {
        let seconds = self.0 / 1_000;
        let part = |value: u32| i8::try_from(value).unwrap_or(0);
        let nanos = i32::try_from(self.0 % 1_000).unwrap_or(0) * 1_000_000;
        civil::Time::new(part(seconds / 3_600 % 24), part(seconds / 60 % 60), part(seconds % 60), nanos).unwrap_or(civil::Time::midnight())
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0 / 1_000;
        write!(f, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// All seven, from Monday.
    pub const ALL: [Weekday; 7] =
        [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday, Weekday::Saturday, Weekday::Sunday];

    /// The weekday of a date.
    #[must_use]
    pub fn of(date: Date) -> Weekday {
        // 1970-01-01 was a Thursday.
        let index = usize::try_from((i64::from(date.0) + 3).rem_euclid(7)).unwrap_or(0);
        Self::ALL.get(index).copied().unwrap_or(Weekday::Monday)
    }
    /// 0 for Monday … 6 for Sunday.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Weekday::Monday => 0,
            Weekday::Tuesday => 1,
            Weekday::Wednesday => 2,
            Weekday::Thursday => 3,
            Weekday::Friday => 4,
            Weekday::Saturday => 5,
            Weekday::Sunday => 6,
        }
    }
    /// `monday` …
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Weekday::Monday => "monday",
            Weekday::Tuesday => "tuesday",
            Weekday::Wednesday => "wednesday",
            Weekday::Thursday => "thursday",
            Weekday::Friday => "friday",
            Weekday::Saturday => "saturday",
            Weekday::Sunday => "sunday",
        }
    }
}

/// Dates on which nobody works, besides Saturday and Sunday.
pub type Holidays = BTreeSet<Date>;

/// The instant of a wall-clock time: in a gap the first instant after it, of two the first.
#[must_use]
pub fn local_instant(date: Date, time: TimeOfDay, zone: &Zone) -> Instant {
    let civil = date.to_civil().to_datetime(time.to_civil());
    let at_offset = |offset: jiff::tz::Offset| offset.to_timestamp(civil).unwrap_or(jiff::Timestamp::MAX);
    let timestamp = match zone.0.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => at_offset(offset),
        AmbiguousOffset::Fold { before, .. } => at_offset(before),
        AmbiguousOffset::Gap { before, .. } => {
            // Read with the offset before the gap the time lies at or behind the transition, so the latest transition up to it is the gap's.
            let read = at_offset(before);
            let just_after = read.checked_add(jiff::Span::new().nanoseconds(1)).unwrap_or(read);
            zone.0.preceding(just_after).next().map_or(read, |transition| transition.timestamp())
        }
    };
    Instant::from_timestamp(timestamp)
}

/// `at` and `duration` later: months, days and business days on the wall clock of `zone`, then the exact part.
#[must_use]
pub fn add_duration(at: Instant, duration: Duration, zone: &Zone, holidays: &Holidays) -> Instant {
    shift(at, duration, (zone, holidays), Direction::Later)
}

/// `at` less `duration`, by the same rules.
#[must_use]
pub fn subtract_duration(at: Instant, duration: Duration, zone: &Zone, holidays: &Holidays) -> Instant {
    shift(at, duration, (zone, holidays), Direction::Earlier)
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Later,
    Earlier,
}

fn shift(at: Instant, duration: Duration, (zone, holidays): (&Zone, &Holidays), direction: Direction) -> Instant {
    let sign: i64 = if direction == Direction::Later { 1 } else { -1 };
    let mut result = at;
    if duration.months > 0 || duration.days > 0 || duration.business_days > 0 {
        let (date, time) = zone.local(at);
        let span = jiff::Span::new().try_months(sign * i64::from(duration.months)).unwrap_or_default();
        let mut civil = date.to_civil().checked_add(span).unwrap_or(date.to_civil());
        let days = jiff::Span::new().try_days(sign * i64::from(duration.days)).unwrap_or_default();
        civil = civil.checked_add(days).unwrap_or(civil);
        let mut shifted = Date::from_civil(civil);
        let step = if direction == Direction::Later { 1 } else { -1 };
        // A project's holidays are few; a hundred years of nothing else would be a mistake in the file, so the walk is bounded.
        let mut budget = 40_000_u32;
        let mut left = duration.business_days;
        while left > 0 && budget > 0 {
            shifted = shifted.plus_days(step);
            budget -= 1;
            if is_business_day(shifted, holidays) {
                left -= 1;
            }
        }
        result = local_instant(shifted, time, zone);
        if shifted == date {
            result = at;
        }
    }
    let millis = i64::try_from(duration.millis).unwrap_or(i64::MAX);
    result.plus_millis(millis.saturating_mul(sign))
}

fn is_business_day(date: Date, holidays: &Holidays) -> bool {
    Weekday::of(date).number() < 5 && !holidays.contains(&date)
}

/// The first moment at or after `now` at which the clock of `zone` shows `time`.
#[must_use]
pub fn next_clock(now: Instant, time: TimeOfDay, zone: &Zone) -> Instant {
    let today = zone.date(now);
    (0..3).map(|day| local_instant(today.plus_days(day), time, zone)).find(|at| *at >= now).unwrap_or(now)
}

/// The first moment at or after `now` that is on `weekday` at `time`; without a time the day's start, or now if it is that day.
#[must_use]
pub fn next_weekday(now: Instant, weekday: Weekday, time: Option<TimeOfDay>, zone: &Zone) -> Instant {
    let today = zone.date(now);
    if time.is_none() && Weekday::of(today) == weekday {
        return now;
    }
    let clock = time.unwrap_or(TimeOfDay::MIDNIGHT);
    (0..15)
        .map(|day| today.plus_days(day))
        .filter(|date| Weekday::of(*date) == weekday)
        .map(|date| local_instant(date, clock, zone))
        .find(|at| *at >= now)
        .unwrap_or(now)
}

/// How many days that month has.
#[must_use]
pub fn days_in_month(year: i16, month: i8) -> i8 {
    civil::Date::new(year, month, 1).map_or(31, |date| date.days_in_month())
}
