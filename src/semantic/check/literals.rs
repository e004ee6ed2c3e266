//! Literals as values, and structured values.

use super::{Checker, problems};
use crate::base::Span;
use crate::lang::{Date, Duration, TimeOfDay, Type, Value, Weekday};
use crate::semantic::hir::{Expr, ExprKind};
use crate::syntax::ast;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// A list or an object holds so many values at most, those inside of others counted: all of them stand on the machine's stack at once.
pub(super) const MAX_VALUES: usize = 1_000;

/// How many values a value is.
fn breadth(value: &Expr) -> usize {
    match &value.kind {
        ExprKind::List(items) => 1 + items.iter().map(breadth).sum::<usize>(),
        ExprKind::Record(pairs) => 1 + pairs.iter().map(|(_, value)| breadth(value)).sum::<usize>(),
        _ => 1,
    }
}

/// The text in NFC, as all texts are compared.
pub(super) fn nfc(text: &str) -> Arc<str> {
    text.nfc().collect::<String>().into()
}

pub(super) fn date(date: ast::Date) -> Date {
    Date::new(date.year, date.month, date.day).unwrap_or(Date(0))
}

pub(super) fn time(time: ast::ClockTime) -> TimeOfDay {
    let part = |value: i8| u8::try_from(value).unwrap_or(0);
    TimeOfDay::new(part(time.hour), part(time.minute), part(time.second)).unwrap_or(TimeOfDay::MIDNIGHT)
}

pub(super) fn weekday(day: ast::Weekday) -> Weekday {
    match day {
        ast::Weekday::Monday => Weekday::Monday,
        ast::Weekday::Tuesday => Weekday::Tuesday,
        ast::Weekday::Wednesday => Weekday::Wednesday,
        ast::Weekday::Thursday => Weekday::Thursday,
        ast::Weekday::Friday => Weekday::Friday,
        ast::Weekday::Saturday => Weekday::Saturday,
        ast::Weekday::Sunday => Weekday::Sunday,
    }
}

fn unit(unit: ast::DurationUnit) -> &'static str {
    match unit {
        ast::DurationUnit::Second => "s",
        ast::DurationUnit::Minute => "min",
        ast::DurationUnit::Hour => "h",
        ast::DurationUnit::Day => "d",
        ast::DurationUnit::BusinessDay => "business days",
        ast::DurationUnit::Week => "w",
        ast::DurationUnit::Month => "mo",
        ast::DurationUnit::Year => "y",
    }
}

impl Checker<'_, '_> {
    /// A duration; one too long to be meant is reported and cut.
    pub(super) fn duration(&mut self, duration: &ast::Duration) -> Duration {
        // A campaign that waits longer than this has a slip of the keyboard in it.
        const LONGEST_YEARS: i64 = 100;
        let mut total = Duration::ZERO;
        for part in &duration.parts {
            match total.plus_unit(part.count, unit(part.unit)) {
                Some(sum) if sum.approximate_millis() <= LONGEST_YEARS * 366 * 86_400_000 => total = sum,
                Some(_) | None => {
                    self.report(problems::too_long(duration.span));
                    return Duration::from_days(1);
                }
            }
        }
        total
    }

    /// A duration or the parameter that holds one.
    pub(super) fn length(&mut self, length: &ast::Length) -> Expr {
        match length {
            ast::Length::Literal(literal) => {
                let value = self.duration(literal);
                Expr::new(ExprKind::Literal(Value::Duration(value)), Type::Duration, literal.span)
            }
            ast::Length::Name(name) => {
                let path = ast::Path { span: name.span, root: name.clone(), rest: Vec::new() };
                let value = self.path(&path);
                self.expect_type(value, &Type::Duration, "a duration")
            }
        }
    }

    /// A duration that must be known when the program is compiled.
    pub(super) fn fixed_length(&mut self, length: &ast::Length) -> Duration {
        let value = self.length(length);
        match value.literal() {
            Some(Value::Duration(duration)) => *duration,
            Some(_) | None => Duration::ZERO,
        }
    }

    /// A value of one wanted type; poison after a finding.
    pub(super) fn expect_type(&mut self, value: Expr, wanted: &Type, phrase: &str) -> Expr {
        if value.is_error() || &value.ty == wanted || matches!(value.ty, Type::Any) {
            return value;
        }
        self.report(problems::wrong_kind(value.span, phrase, &value.ty));
        Expr::error(value.span)
    }

    /// A simple or structured value.
    pub(super) fn value(&mut self, value: &ast::Value) -> Expr {
        match value {
            ast::Value::Expr(expr) => self.expr(expr),
            ast::Value::Object(object) => self.object(object),
            ast::Value::Array(array) => {
                if array.items.len() > MAX_VALUES {
                    return self.too_many(array.span);
                }
                let items: Vec<Expr> = array.items.iter().map(|item| self.value(item)).collect();
                if items.iter().map(breadth).sum::<usize>() > MAX_VALUES {
                    return self.too_many(array.span);
                }
                let first = items.first().map_or(Type::Any, |item| item.ty.clone());
                let ty = if items.iter().all(|item| item.ty == first) { first } else { Type::Any };
                Expr::new(ExprKind::List(items), Type::List(Box::new(ty)), array.span)
            }
        }
    }

    /// `{ key: value }`
    pub(super) fn object(&mut self, object: &ast::Object) -> Expr {
        if object.pairs.len() > MAX_VALUES {
            return self.too_many(object.span);
        }
        let mut pairs: Vec<(Arc<str>, Expr)> = Vec::new();
        let mut seen: Vec<&ast::Ref> = Vec::new();
        for pair in &object.pairs {
            let value = self.value(&pair.value);
            if let Some(first) = seen.iter().find(|key| key.text == pair.key.text) {
                let finding = problems::key_twice(pair.key.span, &pair.key.text, first.span);
                self.report(finding);
                continue;
            }
            seen.push(&pair.key);
            pairs.push((pair.key.text.clone(), value));
        }
        if pairs.iter().map(|(_, value)| breadth(value)).sum::<usize>() > MAX_VALUES {
            return self.too_many(object.span);
        }
        Expr::new(ExprKind::Record(pairs), Type::Record, object.span)
    }

    fn too_many(&mut self, span: Span) -> Expr {
        self.report(problems::too_many_values(span, MAX_VALUES));
        Expr::error(span)
    }

    /// A literal where only one may stand: defaults, `from`/`to` of a change, values of tests.
    pub(super) fn constant(&mut self, value: &ast::Value) -> Expr {
        let value = self.value(value);
        if value.is_error() || is_constant(&value) {
            return fold(value);
        }
        self.report(problems::not_a_literal(value.span));
        Expr::error(value.span)
    }

    /// The value of a literal; a date-time is read in the project's zone.
    pub(super) fn constant_value(&self, value: &Expr) -> Value {
        match &value.kind {
            ExprKind::Literal(value) => value.clone(),
            ExprKind::LocalDateTime(date, time) => Value::DateTime(crate::lang::local_instant(*date, *time, &self.project_zone())),
            ExprKind::List(items) => Value::List(items.iter().map(|item| self.constant_value(item)).collect()),
            ExprKind::Record(pairs) => Value::Record(Arc::new(pairs.iter().map(|(key, value)| (key.clone(), self.constant_value(value))).collect())),
            _ => Value::Unset,
        }
    }

    pub(super) fn project_zone(&self) -> crate::lang::Zone {
        crate::lang::Zone::find(&self.project.info.timezone).unwrap_or_else(crate::lang::Zone::utc)
    }
}

/// Whether nothing but literals stands in it.
fn is_constant(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Literal(_) | ExprKind::LocalDateTime(..) | ExprKind::Error => true,
        ExprKind::Negate(inner) => inner.literal().is_some(),
        ExprKind::List(items) => items.iter().all(is_constant),
        ExprKind::Record(pairs) => pairs.iter().all(|(_, value)| is_constant(value)),
        _ => false,
    }
}

/// `-5` as a literal.
fn fold(value: Expr) -> Expr {
    if let ExprKind::Negate(inner) = &value.kind
        && let Some(Value::Number(number)) = inner.literal()
    {
        return Expr::new(ExprKind::Literal(Value::number(-number)), Type::Number, value.span);
    }
    value
}
