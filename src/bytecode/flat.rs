//! How nested values and types are stored: flat, so that a damaged image cannot make the decoder recurse without bound.

use crate::lang::{Date, Duration, Instant, Record, TimeOfDay, Type, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::sync::Arc;

/// How deep lists and records may nest.
pub const MAX_VALUE_DEPTH: u8 = 32;

/// A value as a sequence: a list or record is announced with its length, its parts follow.
#[derive(Serialize, Deserialize)]
enum Token {
    Unset,
    Bool(bool),
    Number(f64),
    Text(Arc<str>),
    Date(Date),
    DateTime(Instant),
    Duration(Duration),
    List(u32),
    Record(u32),
    Key(Arc<str>),
    LocalDateTime(Date, TimeOfDay),
}

fn flatten(value: &Value, into: &mut Vec<Token>) {
    let length = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    match value {
        Value::Unset => into.push(Token::Unset),
        Value::Bool(value) => into.push(Token::Bool(*value)),
        Value::Number(value) => into.push(Token::Number(*value)),
        Value::Text(value) => into.push(Token::Text(Arc::clone(value))),
        Value::Date(value) => into.push(Token::Date(*value)),
        Value::DateTime(value) => into.push(Token::DateTime(*value)),
        Value::LocalDateTime(date, time) => into.push(Token::LocalDateTime(*date, *time)),
        Value::Duration(value) => into.push(Token::Duration(*value)),
        Value::List(items) => {
            into.push(Token::List(length(items.len())));
            items.iter().for_each(|item| flatten(item, into));
        }
        Value::Record(record) => {
            into.push(Token::Record(length(record.len())));
            for (key, value) in record.iter() {
                into.push(Token::Key(Arc::clone(key)));
                flatten(value, into);
            }
        }
    }
}

fn unflatten(tokens: &mut std::vec::IntoIter<Token>, depth: u8) -> Option<Value> {
    if depth == 0 {
        return None;
    }
    Some(match tokens.next()? {
        Token::Unset => Value::Unset,
        Token::Bool(value) => Value::Bool(value),
        Token::Number(value) => Value::Number(Some(value).filter(|value| value.is_finite())?),
        Token::Text(value) => Value::Text(value),
        Token::Date(value) => Value::Date(value),
        Token::DateTime(value) => Value::DateTime(value),
        Token::LocalDateTime(date, time) => Value::LocalDateTime(date, time),
        Token::Duration(value) => Value::Duration(value),
        Token::List(count) => {
            let mut items = Vec::new();
            for _ in 0..count {
                items.push(unflatten(tokens, depth - 1)?);
            }
            Value::List(items.into())
        }
        Token::Record(count) => {
            let mut record = Record::new();
            for _ in 0..count {
                let Token::Key(key) = tokens.next()? else { return None };
                record.insert(key, unflatten(tokens, depth - 1)?);
            }
            Value::Record(Arc::new(record))
        }
        Token::Key(_) => return None,
    })
}

fn tokens_of(value: &Value) -> Vec<Token> {
    let mut tokens = Vec::new();
    flatten(value, &mut tokens);
    tokens
}

fn value_of<E: Error>(tokens: Vec<Token>) -> Result<Value, E> {
    let mut tokens = tokens.into_iter();
    let value = unflatten(&mut tokens, MAX_VALUE_DEPTH).filter(|_| tokens.len() == 0);
    value.ok_or_else(|| E::custom("a value that does not hold together"))
}

/// `#[serde(with = "flat::value")]`
pub(super) mod value {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Token, Value, tokens_of, value_of};

    pub(in super::super) fn serialize<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
        tokens_of(value).serialize(serializer)
    }
    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        value_of(Vec::<Token>::deserialize(deserializer)?)
    }
}

/// `#[serde(with = "flat::optional_value")]`
pub(super) mod optional_value {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Token, Value, tokens_of, value_of};

    pub(in super::super) fn serialize<S: Serializer>(value: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(tokens_of).serialize(serializer)
    }
    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
        Option::<Vec<Token>>::deserialize(deserializer)?.map(value_of).transpose()
    }
}

/// A constant on its own.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct FlatValue(#[serde(with = "value")] pub Value);

/// A type without the lists around it.
#[derive(Serialize, Deserialize)]
enum Inner {
    Text,
    Number,
    Bool,
    Date,
    DateTime,
    Duration,
    Enum(Arc<[Arc<str>]>),
    Record,
    Any,
}

/// `#[serde(with = "flat::ty")]`: how many lists are around what.
pub(super) mod ty {
    use super::{Deserialize, Deserializer, Error, Inner, MAX_VALUE_DEPTH, Serialize, Serializer, Type};

    pub(in super::super) fn serialize<S: Serializer>(ty: &Type, serializer: S) -> Result<S::Ok, S::Error> {
        let mut lists: u8 = 0;
        let mut inner = ty;
        while let Type::List(item) = inner {
            lists = lists.saturating_add(1);
            inner = item;
        }
        let inner = match inner {
            Type::Text => Inner::Text,
            Type::Number => Inner::Number,
            Type::Bool => Inner::Bool,
            Type::Date => Inner::Date,
            Type::DateTime => Inner::DateTime,
            Type::Duration => Inner::Duration,
            Type::Enum(values) => Inner::Enum(values.clone()),
            Type::Record => Inner::Record,
            Type::Any | Type::List(_) => Inner::Any,
        };
        (lists, inner).serialize(serializer)
    }
    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Type, D::Error> {
        let (lists, inner) = <(u8, Inner)>::deserialize(deserializer)?;
        if lists > MAX_VALUE_DEPTH {
            return Err(D::Error::custom("lists nested too deep"));
        }
        let inner = match inner {
            Inner::Text => Type::Text,
            Inner::Number => Type::Number,
            Inner::Bool => Type::Bool,
            Inner::Date => Type::Date,
            Inner::DateTime => Type::DateTime,
            Inner::Duration => Type::Duration,
            Inner::Enum(values) => Type::Enum(values),
            Inner::Record => Type::Record,
            Inner::Any => Type::Any,
        };
        Ok((0..lists).fold(inner, |item, _| Type::List(Box::new(item))))
    }
}
