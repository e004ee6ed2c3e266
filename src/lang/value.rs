//! Values as programs see them.

use super::{Date, Duration, Instant, TimeOfDay};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Named values: the properties of an event, an object of a webhook.
pub type Record = BTreeMap<Arc<str>, Value>;

/// A value. `Unset` is a field without a value; it takes part in expressions by the language's rules for unset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// No value.
    #[default]
    Unset,
    /// `true`, `false`
    Bool(bool),
    /// A number; never NaN or infinite.
    Number(f64),
    /// Text in NFC; also an enum's value.
    Text(Arc<str>),
    /// A calendar date.
    Date(Date),
    /// An instant.
    DateTime(Instant),
    /// A date-time as written in the source: an instant once a zone is known (the contact's, where one is at hand).
    LocalDateTime(Date, TimeOfDay),
    /// A length of time.
    Duration(Duration),
    /// A list; of texts in fields, of anything in webhook bodies.
    List(Arc<[Value]>),
    /// Named values.
    Record(Arc<Record>),
}

impl Value {
    /// A text value.
    #[must_use]
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        Value::Text(text.into())
    }
    /// A number, or unset where it is not finite.
    #[must_use]
    pub fn number(number: f64) -> Value {
        if number.is_finite() { Value::Number(number) } else { Value::Unset }
    }
    /// Whether there is a value.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !matches!(self, Value::Unset)
    }
    /// The truth of a condition's value: only `true` is true.
    #[must_use]
    pub fn is_true(&self) -> bool {
        matches!(self, Value::Bool(true))
    }
    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        self.as_shared_text().map(AsRef::as_ref)
    }
    /// The text, if it is one, to be shared.
    #[must_use]
    pub fn as_shared_text(&self) -> Option<&Arc<str>> {
        match self {
            Value::Text(text) => Some(text),
            Value::Unset
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::LocalDateTime(..)
            | Value::Duration(_)
            | Value::List(_)
            | Value::Record(_) => None,
        }
    }
    /// The number, if it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Unset
            | Value::Bool(_)
            | Value::Text(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::LocalDateTime(..)
            | Value::Duration(_)
            | Value::List(_)
            | Value::Record(_) => None,
        }
    }
}

impl std::fmt::Display for Value {
    /// As a person would write it in a journal line; numbers without a needless `.0`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Unset => f.write_str("unset"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(value) => write!(f, "{value}"),
            Value::Text(value) => write!(f, "{value:?}"),
            Value::Date(value) => write!(f, "{value}"),
            Value::DateTime(value) => f.write_str(&value.to_rfc3339()),
            Value::LocalDateTime(date, time) => write!(f, "{date} {time}"),
            Value::Duration(value) => write!(f, "{value}"),
            Value::List(values) => {
                f.write_str("[")?;
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Value::Record(record) => {
                f.write_str("{")?;
                for (i, (key, value)) in record.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}
