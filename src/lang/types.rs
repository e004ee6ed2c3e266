//! The types of the language.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The type of a field, property, parameter or expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Type {
    /// `text`
    Text,
    /// `number`
    Number,
    /// `bool`
    Bool,
    /// `date`
    Date,
    /// `datetime`
    DateTime,
    /// `duration` (parameters of sequences, and the difference of two moments)
    Duration,
    /// `enum("a", "b")`: one of these texts
    Enum(Arc<[Arc<str>]>),
    /// `list(text)` and other lists
    List(Box<Type>),
    /// A record of named values: a webhook's answer, an event as a whole.
    Record,
    /// Not known before run time: a part of a webhook's answer.
    Any,
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Type::Text => f.write_str("text"),
            Type::Number => f.write_str("number"),
            Type::Bool => f.write_str("bool"),
            Type::Date => f.write_str("date"),
            Type::DateTime => f.write_str("datetime"),
            Type::Duration => f.write_str("duration"),
            Type::Enum(values) => {
                f.write_str("enum(")?;
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value:?}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            Type::List(item) => write!(f, "list({item})"),
            Type::Record => f.write_str("record"),
            Type::Any => f.write_str("any value"),
        }
    }
}
