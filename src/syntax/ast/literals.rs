//! Literals: texts with their way back to the source, numbers, durations, dates and times.
//!
//! Values are as written and already validated: a date exists in the calendar, a time on the clock.

use super::{Name, Path};
use crate::base::Span;
use std::{ops::Range, sync::Arc};

/// A string literal.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The value: escapes resolved; of a block the common indentation removed.
    pub value: Arc<str>,
    /// The literal with its quotes.
    pub span: Span,
    /// `"…"` or `"""…"""`.
    pub form: TextForm,
    /// Runs `(value offset, source offset)` in rising order: from each entry on, value and source advance byte for byte until the next.
    pub runs: Arc<[(u32, u32)]>,
    /// The template regions of the value, in order; empty where it holds no `{{`, `{%` or `{#`.
    pub segments: Arc<[TemplateSegment]>,
}

impl Text {
    /// The source offset (in bytes of the file) of a byte offset of the value.
    #[must_use]
    pub fn source_offset(&self, value_offset: u32) -> u32 {
        let at = self.runs.partition_point(|(value, _)| *value <= value_offset);
        match at.checked_sub(1).and_then(|i| self.runs.get(i)) {
            Some((value, source)) => source.saturating_add(value_offset - value).min(self.span.end),
            None => self.span.start,
        }
    }
    /// The place in the source of a byte range of the value.
    #[must_use]
    pub fn span_of(&self, range: Range<usize>) -> Span {
        let offset = |at: usize| self.source_offset(u32::try_from(at).unwrap_or(u32::MAX));
        let start = offset(range.start);
        // In a block the next run begins behind a line's indentation, which does not belong to what ends before it.
        let end = match self.form {
            TextForm::Line => offset(range.end),
            TextForm::Block if range.end > range.start => offset(range.end - 1).saturating_add(1),
            TextForm::Block => start,
        };
        Span { file: self.span.file, start, end: end.max(start) }
    }
}

/// How a string literal was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextForm {
    /// `"…"` on one line.
    Line,
    /// `"""…"""`, over several lines.
    Block,
}

/// A stretch of a text's value, as a template sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSegment {
    /// What it is.
    pub kind: TemplateKind,
    /// Byte range of the value, brackets included.
    pub range: Range<u32>,
}

/// What a stretch of a template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// Text that is sent as it stands.
    Literal,
    /// `{{ … }}`
    Expression,
    /// `{% … %}`
    Statement,
    /// `{# … #}`
    Comment,
}

/// `12`, `1_000`, `0.5`; also the number of a percentage.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The value.
    pub value: f64,
    /// The text as written, without a percent sign.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// `50%`
#[derive(Clone, Debug, PartialEq)]
pub struct Percent {
    /// The number before the sign, 0 and upwards.
    pub number: Number,
    /// The literal with its sign.
    pub span: Span,
}

/// `1d12h`, `15 minutes`, `3 business days`.
#[derive(Clone, Debug, PartialEq)]
pub struct Duration {
    /// The parts in the order written, at least one.
    pub parts: Vec<DurationPart>,
    /// Where it stands.
    pub span: Span,
}

/// One number and unit of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurationPart {
    /// How many.
    pub count: u32,
    /// Of what.
    pub unit: DurationUnit,
}

/// The unit of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DurationUnit {
    /// `s`
    Second,
    /// `min` (`m` is accepted)
    Minute,
    /// `h`
    Hour,
    /// `d`, a calendar day
    Day,
    /// `business days`
    BusinessDay,
    /// `w`
    Week,
    /// `mo`
    Month,
    /// `y`
    Year,
}

/// A duration or the name of a parameter that holds one.
#[derive(Clone, Debug, PartialEq)]
pub enum Length {
    /// Written out.
    Literal(Duration),
    /// A parameter of the sequence.
    Name(Name),
}

impl Length {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Length::Literal(duration) => duration.span,
            Length::Name(name) => name.span,
        }
    }
}

/// `2026-12-24`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// Year, 0 to 9999.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: i8,
    /// Day of the month, from 1.
    pub day: i8,
    /// Where it stands.
    pub span: Span,
}

/// `09:00`, `09:00:30`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockTime {
    /// Hour, 0 to 23.
    pub hour: i8,
    /// Minute, 0 to 59.
    pub minute: i8,
    /// Second, 0 to 59.
    pub second: i8,
    /// Where it stands.
    pub span: Span,
}

/// `2026-12-24 09:00`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// The day.
    pub date: Date,
    /// The time of that day.
    pub time: ClockTime,
    /// Both together.
    pub span: Span,
}

/// A date or a date with a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A day.
    Date(Date),
    /// A time of a day.
    DateTime(DateTime),
}

impl Moment {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Moment::Date(date) => date.span,
            Moment::DateTime(at) => at.span,
        }
    }
}

/// An address: written out, or a field that holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum Address {
    /// A text, which may be a template.
    Text(Text),
    /// A field or property.
    Path(Path),
}
