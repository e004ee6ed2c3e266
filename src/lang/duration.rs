//! Lengths of time as the language writes them: exact parts and calendar parts side by side.

use serde::{Deserialize, Serialize};

/// A duration. `s min h` are exact (`millis`), `d w mo y` and business days are calendar time, resolved in a zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Duration {
    /// Calendar months (`mo`; `y` is twelve).
    pub months: u32,
    /// Calendar days (`d`; `w` is seven).
    pub days: u32,
    /// Business days: Monday to Friday less the project's holidays.
    pub business_days: u32,
    /// Exact milliseconds.
    pub millis: u64,
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration { months: 0, days: 0, business_days: 0, millis: 0 };

    /// An exact duration.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Duration {
        Duration { millis, ..Duration::ZERO }
    }
    /// Calendar days.
    #[must_use]
    pub const fn from_days(days: u32) -> Duration {
        Duration { days, ..Duration::ZERO }
    }
    /// Reads `90s 15min 4h 3d 2w 2mo 1y` and compounds such as `1d12h`; also `15m`. `None` where it is none of these.
    #[must_use]
    pub fn parse(text: &str) -> Option<Duration> {
        let mut total = Duration::ZERO;
        let mut rest = text.trim();
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let count: u32 = rest.get(..digits)?.parse().ok()?;
            rest = rest.get(digits..)?;
            let unit_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            total = total.plus_unit(count, rest.get(..unit_end)?)?;
            rest = rest.get(unit_end..)?;
        }
        Some(total)
    }
    /// This duration and `count` of a unit (`s`, `min`, `hours`, `business days` …); `None` for an unknown unit or an overflow.
    #[must_use]
    pub fn plus_unit(self, count: u32, unit: &str) -> Option<Duration> {
        let exact = |factor: u64| Some(Duration { millis: self.millis.checked_add(u64::from(count).checked_mul(factor)?)?, ..self });
        match unit {
            "s" | "second" | "seconds" => exact(1_000),
            "min" | "m" | "minute" | "minutes" => exact(60_000),
            "h" | "hour" | "hours" => exact(3_600_000),
            "d" | "day" | "days" => Some(Duration { days: self.days.checked_add(count)?, ..self }),
            "w" | "week" | "weeks" => Some(Duration { days: self.days.checked_add(count.checked_mul(7)?)?, ..self }),
            "mo" | "month" | "months" => Some(Duration { months: self.months.checked_add(count)?, ..self }),
            "y" | "year" | "years" => Some(Duration { months: self.months.checked_add(count.checked_mul(12)?)?, ..self }),
            "business day" | "business days" => Some(Duration { business_days: self.business_days.checked_add(count)?, ..self }),
            _ => None,
        }
    }
    /// So many times as long.
    #[must_use]
    pub fn times(self, times: u32) -> Duration {
        Duration {
            months: self.months.saturating_mul(times),
            days: self.days.saturating_mul(times),
            business_days: self.business_days.saturating_mul(times),
            millis: self.millis.saturating_mul(u64::from(times)),
        }
    }
    /// Whether it is no time at all.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Duration::ZERO
    }
    /// A rough length in milliseconds (a month is 30 days, a business day 1.4 days): for limits and sorting, never for due times.
    #[must_use]
    pub fn approximate_millis(self) -> i64 {
        const DAY_MS: u64 = 86_400_000;
        let days = u64::from(self.months) * 30 + u64::from(self.days);
        let total = days.saturating_mul(DAY_MS).saturating_add(u64::from(self.business_days).saturating_mul(DAY_MS / 5 * 7)).saturating_add(self.millis);
        i64::try_from(total).unwrap_or(i64::MAX)
    }
}

impl std::fmt::Display for Duration {
    /// The formatter's spelling: `1y2mo3d4h5min6s`, `3 business days`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.business_days > 0 {
            return write!(f, "{} business day{}", self.business_days, if self.business_days == 1 { "" } else { "s" });
        }
        let mut millis = self.millis;
        let mut wrote = false;
        let mut part = |f: &mut std::fmt::Formatter<'_>, count: u64, unit: &str| -> std::fmt::Result {
            if count > 0 {
                wrote = true;
                write!(f, "{count}{unit}")?;
            }
            Ok(())
        };
        part(f, u64::from(self.months / 12), "y")?;
        part(f, u64::from(self.months % 12), "mo")?;
        if self.days.is_multiple_of(7) {
            part(f, u64::from(self.days / 7), "w")?
        } else {
            part(f, u64::from(self.days), "d")?
        }
        for (size, unit) in [(3_600_000, "h"), (60_000, "min"), (1_000, "s")] {
            part(f, millis / size, unit)?;
            millis %= size;
        }
        if wrote { Ok(()) } else { f.write_str("0s") }
    }
}
