//! Layer 1: the vocabulary that the compiler and the engine share: types, values, durations, calendar arithmetic, paths.
//!
//! Not here: syntax, programs, contacts. Nothing here reads a clock or a zone file: the zone database is compiled in.

mod calendar;
mod convert;
mod duration;
mod headers;
mod instant;
mod path;
mod types;
mod value;
mod window;

pub use calendar::{Holidays, TimeOfDay, Weekday, Zone, add_duration, days_in_month, local_instant, next_clock, next_weekday, subtract_duration};
pub use convert::{from_json, instant_from_json, parse_date_time, to_json};
pub use duration::Duration;
pub use headers::{is_header_name, is_reserved_header};
pub use instant::{Date, Instant};
pub use path::{is_normal_email, matches_pattern, normalize_email, normalize_path, snake_case};
pub use types::Type;
pub use value::{Record, Value};
pub use window::{Days, Window, WindowZone};
