//! The literal values of tests.

use crate::lang::{Record, Value};
use crate::semantic::hir::{Expr, ExprKind};
use std::sync::Arc;

/// The value of a literal, a list or record of literals, or a date-time as written; anything else is unset.
pub(super) fn literal(expr: &Expr) -> Value {
    match &expr.kind {
        ExprKind::Literal(value) => value.clone(),
        ExprKind::LocalDateTime(date, time) => Value::LocalDateTime(*date, *time),
        ExprKind::List(items) => Value::List(items.iter().map(literal).collect()),
        ExprKind::Record(entries) => Value::Record(Arc::new(record(entries))),
        ExprKind::Negate(inner) => literal(inner).as_number().map_or(Value::Unset, |number| Value::Number(-number)),
        _ => Value::Unset,
    }
}

/// A record of literals.
pub(super) fn record(entries: &[(Arc<str>, Expr)]) -> Record {
    entries.iter().map(|(key, value)| (key.clone(), literal(value))).filter(|(_, value)| value.is_set()).collect()
}
