//! Windows of the day: `send between 09:00 and 17:00 on weekdays in contact timezone`, and quiet hours as their complement.

use super::{Date, Instant, TimeOfDay, Weekday, Zone, local_instant};
use serde::{Deserialize, Serialize};

/// A set of weekdays, bit 0 for Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Days(pub u8);

impl Days {
    /// All seven.
    pub const ALL: Days = Days(0b111_1111);
    /// Monday to Friday.
    pub const WEEKDAYS: Days = Days(0b001_1111);
    /// Saturday and Sunday.
    pub const WEEKENDS: Days = Days(0b110_0000);

    /// The set of these days.
    #[must_use]
    pub fn of(days: &[Weekday]) -> Days {
        Days(days.iter().fold(0, |set, day| set | (1 << day.number())))
    }
    /// Whether the day is in the set.
    #[must_use]
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.number()) != 0
    }
}

/// Whose clock a window follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WindowZone {
    /// Each contact's own zone.
    Contact,
    /// One zone for everybody, by IANA name.
    Named(String),
}

/// A daily window: start included, end excluded. `to <= from` wraps midnight and the days name the start; equal ends are the whole day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First moment.
    pub from: TimeOfDay,
    /// First moment after it.
    pub to: TimeOfDay,
    /// The days on which it begins.
    pub days: Days,
    /// Whose clock.
    pub zone: WindowZone,
}

impl Window {
    /// The zone to read the window in, for a contact of `contact_zone`.
    #[must_use]
    pub fn zone_for(&self, contact_zone: &Zone) -> Zone {
        match &self.zone {
            WindowZone::Contact => contact_zone.clone(),
            WindowZone::Named(name) => Zone::find(name).unwrap_or_else(Zone::utc),
        }
    }
    /// Whether the window is open at `at`.
    #[must_use]
    pub fn is_open(&self, at: Instant, contact_zone: &Zone) -> bool {
        self.next_open(at, contact_zone) == Some(at)
    }
    /// The first instant at or after `at` at which the window is open; `None` where it never opens.
    #[must_use]
    pub fn next_open(&self, at: Instant, contact_zone: &Zone) -> Option<Instant> {
        let zone = self.zone_for(contact_zone);
        let today = zone.date(at);
        // From yesterday (a window over midnight) to a week ahead, and a day more for a zone's own jumps.
        (-1..9)
            .map(|offset| today.plus_days(offset))
            .filter(|date| self.days.contains(Weekday::of(*date)))
            .map(|date| self.interval(date, &zone))
            .find(|(_, end)| *end > at)
            .map(|(start, _)| start.max(at))
    }
    /// The first instant at or after `at` at which the window is closed (for quiet hours: when they end); `None` where it never closes.
    #[must_use]
    pub fn next_closed(&self, at: Instant, contact_zone: &Zone) -> Option<Instant> {
        let zone = self.zone_for(contact_zone);
        let today = zone.date(at);
        let mut closed_from = at;
        for date in (-1..9).map(|offset| today.plus_days(offset)).filter(|date| self.days.contains(Weekday::of(*date))) {
            let (start, end) = self.interval(date, &zone);
            if start <= closed_from && closed_from < end {
                closed_from = end;
            }
        }
        (closed_from.millis_since(at) < 8 * 86_400_000).then_some(closed_from)
    }

    fn interval(&self, date: Date, zone: &Zone) -> (Instant, Instant) {
        let end_date = if self.to <= self.from { date.plus_days(1) } else { date };
        (local_instant(date, self.from, zone), local_instant(end_date, self.to, zone))
    }
}
