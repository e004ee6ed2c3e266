//! Waits.

use super::logic::negated_history;
use super::{Checker, literals, problems};
use crate::lang::{Duration, Type, Value};
use crate::semantic::hir::{Expr, ExprKind, StepKind, Until, UntilAnchor};
use crate::syntax::ast;

impl Checker<'_, '_> {
    pub(super) fn wait(&mut self, step: &ast::StepKind) -> StepKind {
        match step {
            ast::StepKind::Wait { length, then_until } => {
                let duration = self.length(length);
                let then_until = then_until.as_ref().and_then(|until| self.until(until));
                StepKind::Wait { duration, then_until }
            }
            ast::StepKind::WaitBetween { low, high } => {
                let (shortest, longest) = (self.length(low), self.length(high));
                if let (Some(Value::Duration(a)), Some(Value::Duration(b))) = (shortest.literal(), longest.literal())
                    && a.approximate_millis() > b.approximate_millis()
                {
                    self.report(problems::between_backwards(low.span().to(high.span())));
                }
                StepKind::WaitBetween { low: shortest, high: longest }
            }
            ast::StepKind::WaitUntil(until) => self.until(until).map_or(StepKind::Error, StepKind::WaitUntil),
            ast::StepKind::WaitFor { condition, up_to } => {
                let condition = self.condition(condition);
                if let Some(negated) = negated_history(&condition) {
                    self.report(problems::waiting_for_nothing(negated));
                }
                let deadline = up_to.as_ref().map(|length| self.length(length));
                StepKind::WaitFor { condition, deadline }
            }
            _ => StepKind::Error,
        }
    }

    pub(super) fn until(&mut self, until: &ast::Until) -> Option<Until> {
        let at = until.at.map(literals::time);
        let zone = until.zone.as_ref().and_then(|zone| match &zone.kind {
            ast::ZoneKind::Contact => None,
            ast::ZoneKind::Named(name) => self.zone_name(name),
        });
        let plain = |value: Expr| UntilAnchor::Value { value, shift: Duration::ZERO, is_before: false, at };
        let anchor = match &until.anchor {
            None => UntilAnchor::Clock(at.unwrap_or_default()),
            Some(ast::UntilAnchor::Weekday(day)) => UntilAnchor::Weekday(literals::weekday(day.value), at),
            Some(ast::UntilAnchor::Moment(ast::Moment::Date(date))) => {
                plain(Expr::new(ExprKind::Literal(Value::Date(literals::date(*date))), Type::Date, date.span))
            }
            Some(ast::UntilAnchor::Moment(ast::Moment::DateTime(moment))) => {
                let kind = ExprKind::LocalDateTime(literals::date(moment.date), literals::time(moment.time));
                plain(Expr::new(kind, Type::DateTime, moment.span))
            }
            Some(ast::UntilAnchor::Field(path)) => plain(self.date_value(path)?),
            Some(ast::UntilAnchor::Around { offset, field }) => {
                let shift = self.fixed_length(&offset.length);
                UntilAnchor::Value { value: self.date_value(field)?, shift, is_before: offset.side == ast::Side::Before, at }
            }
        };
        Some(Until { anchor, zone, span: until.span })
    }
}
