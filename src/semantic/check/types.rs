//! How types go together.

use super::{Checker, problems};
use crate::lang::{TimeOfDay, Type, Value};
use crate::semantic::hir::{Expr, ExprKind};
use crate::syntax::ast;
use std::sync::Arc;

/// Whether `==` means something between the two.
pub(super) fn are_comparable(left: &Type, right: &Type) -> bool {
    use Type as T;
    match (left, right) {
        (T::Any, _) | (_, T::Any) => true,
        (T::Text | T::Enum(_), T::Text | T::Enum(_)) => true,
        (T::Date | T::DateTime, T::Date | T::DateTime) => true,
        (T::Number, T::Number) | (T::Bool, T::Bool) | (T::Duration, T::Duration) => true,
        (T::Text | T::Enum(_) | T::Number | T::Bool | T::Date | T::DateTime | T::Duration | T::List(_) | T::Record, _) => false,
    }
}

/// Whether one can be less than another.
pub(super) fn is_ordered(ty: &Type) -> bool {
    match ty {
        Type::Number | Type::Date | Type::DateTime | Type::Duration | Type::Any => true,
        Type::Text | Type::Bool | Type::Enum(_) | Type::List(_) | Type::Record => false,
    }
}

pub(super) fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Enum(_) | Type::Any)
}

pub(super) fn is_moment(ty: &Type) -> bool {
    matches!(ty, Type::Date | Type::DateTime | Type::Any)
}

impl Checker<'_, '_> {
    /// The value as one of `wanted`, where it is assigned to a field, property or parameter; poison after a finding.
    pub(super) fn assign(&mut self, value: Expr, wanted: &Type, to: &str) -> Expr {
        if value.is_error() || matches!(value.ty, Type::Any) || matches!(wanted, Type::Any) {
            return value;
        }
        match (wanted, &value.ty) {
            (Type::Enum(values), Type::Text) => match value.literal().and_then(Value::as_text) {
                Some(text) if values.iter().any(|known| known.as_ref() == text) => value,
                Some(text) => {
                    let finding = problems::not_a_value(value.span, text, values);
                    self.poison(value, finding)
                }
                None => {
                    let finding = problems::misfit(value.span, &value.ty, wanted, to);
                    self.poison(value, finding)
                }
            },
            (Type::Enum(values), Type::Enum(given)) if given.iter().all(|text| values.contains(text)) => value,
            (Type::Text, Type::Text | Type::Enum(_)) => value,
            (Type::DateTime, Type::Date) => match value.literal() {
                Some(Value::Date(date)) => Expr::new(ExprKind::LocalDateTime(*date, TimeOfDay::MIDNIGHT), Type::DateTime, value.span),
                Some(_) | None => {
                    let finding = problems::misfit(value.span, &value.ty, wanted, to);
                    self.poison(value, finding)
                }
            },
            (Type::List(item), Type::List(given)) if matches!(given.as_ref(), Type::Any) || item == given => value,
            (wanted, given) if wanted == given => value,
            _ => {
                let finding = problems::misfit(value.span, &value.ty, wanted, to);
                self.poison(value, finding)
            }
        }
    }

    fn poison(&mut self, value: Expr, finding: crate::diagnostics::Diagnostic) -> Expr {
        self.report(finding);
        Expr::error(value.span)
    }

    /// A declared type. Types of messages, webhooks, segments and durations are for parameters.
    pub(super) fn declared_type(&mut self, ty: &ast::Type) -> Type {
        use ast::TypeKind as K;
        match &ty.kind {
            K::Text => Type::Text,
            K::Number => Type::Number,
            K::Bool => Type::Bool,
            K::Date => Type::Date,
            K::DateTime => Type::DateTime,
            K::Enum(values) => self.enum_type(ty, values),
            K::List(item) => {
                let inner = self.declared_type(item);
                if matches!(inner, Type::List(_)) {
                    self.report(problems::type_out_of_place(ty.span, "a list of lists"));
                    return Type::Any;
                }
                Type::List(Box::new(inner))
            }
            K::Duration | K::Email | K::Sms | K::Push | K::Webhook | K::Segment => {
                self.report(problems::type_out_of_place(ty.span, "this type"));
                Type::Any
            }
        }
    }

    fn enum_type(&mut self, ty: &ast::Type, values: &[ast::Text]) -> Type {
        if values.is_empty() {
            self.report(problems::empty_enum(ty.span));
            return Type::Any;
        }
        let mut known: Vec<Arc<str>> = Vec::new();
        for value in values {
            if known.contains(&value.value) {
                self.report(problems::repeated_value(value.span, &value.value));
            } else {
                known.push(super::literals::nfc(&value.value));
            }
        }
        Type::Enum(known.into())
    }
}
