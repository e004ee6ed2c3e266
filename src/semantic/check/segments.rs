//! Segments, point rules, and the project's sending rules.

use super::scope::Scope;
use super::{Checker, declarations::was, problems};
use crate::bytecode::{DecayDef, GroupId, PointCap, SegmentId};
use crate::lang::{Duration, Type};
use crate::semantic::hir::{self, Expr, ExprKind};
use crate::semantic::walk::inner_expressions;
use crate::syntax::ast;

impl Checker<'_, '_> {
    pub(super) fn segments(&mut self) {
        let names = self.names;
        for segment in names.segments.iter() {
            let condition = self.condition(&segment.decl.condition);
            let mut reads = Vec::new();
            self.read_segments(&segment.decl.condition, &mut reads);
            reads.sort();
            reads.dedup();
            self.project.segments.push(hir::Segment {
                name: segment.name.clone(),
                was: was(segment.decl.was.as_ref()),
                condition,
                reads,
                doc: segment.decl.doc.as_ref().map(|doc| doc.text.clone()),
                span: segment.decl.span,
            });
        }
    }

    fn read_segments(&self, expr: &ast::Expr, found: &mut Vec<SegmentId>) {
        if let ast::ExprKind::InSegment(name) = &expr.kind {
            found.extend(self.names.segments.find(&name.text).map(SegmentId::from_index));
        }
        for inner in inner_expressions(expr) {
            self.read_segments(inner, found);
        }
    }

    pub(super) fn points(&mut self) {
        let names = self.names;
        for points in &names.points {
            let group = match &points.group {
                Some(name) => names.groups.find(&name.text).map_or(GroupId(0), |at| GroupId::from_index(at + 1)),
                None => GroupId(0),
            };
            for rule in &points.rules {
                self.point_rule(rule, group);
            }
        }
    }

    fn point_rule(&mut self, rule: &ast::PointRule, group: GroupId) {
        match &rule.kind {
            ast::PointRuleKind::On { event, delta, at_most } => {
                let Some(found) = self.pattern(&event.name, event.args.as_deref(), super::events::Place::Happening) else { return };
                let scope = Scope { event: Some(found.event), ..Scope::default() };
                let amount = self.within(scope, |checker| checker.delta(delta));
                let cap = at_most.as_ref().and_then(|at_most| self.cap(at_most));
                let text = self.text_of(rule.span);
                self.project.rules.push(hir::PointRule { group, pattern: found.pattern, predicate: found.predicate, amount, cap, text, span: rule.span });
            }
            ast::PointRuleKind::Decay { share, per } => {
                let share = self.share(share);
                let per = self.decay_period(per);
                if let (Some(per), Some(def)) = (per, self.project.groups.get_mut(group.index())) {
                    def.decays.push(DecayDef { share, per });
                }
            }
            ast::PointRuleKind::Error => {}
        }
    }

    /// An amount of points with its sign.
    pub(super) fn delta(&mut self, delta: &ast::PointDelta) -> Expr {
        let amount = self.expr(&delta.amount);
        let amount = self.expect_type(amount, &Type::Number, "a number");
        match delta.sign {
            ast::Sign::Plus => Expr { span: delta.span, ..amount },
            ast::Sign::Minus if amount.is_error() => amount,
            ast::Sign::Minus => match amount.literal().and_then(crate::lang::Value::as_number) {
                Some(number) => Expr::new(ExprKind::Literal(crate::lang::Value::number(-number)), Type::Number, delta.span),
                None => Expr::new(ExprKind::Negate(Box::new(amount)), Type::Number, delta.span),
            },
        }
    }

    fn cap(&mut self, at_most: &ast::AtMostOnce) -> Option<PointCap> {
        let Some(per) = &at_most.per else { return Some(PointCap::Once) };
        Some(match &per.kind {
            ast::PerKind::Hour => PointCap::PerHour,
            ast::PerKind::Day => PointCap::PerDay,
            ast::PerKind::Week => PointCap::PerWeek,
            ast::PerKind::Month => PointCap::PerMonth,
            ast::PerKind::Year => PointCap::PerYear,
            ast::PerKind::Campaign => PointCap::PerCampaign,
            ast::PerKind::Rolling(duration) => PointCap::Per(self.duration(duration)),
        })
    }

    /// What stands after `per`, of limits and paces.
    pub(super) fn period(&mut self, per: &ast::Per) -> hir::Period {
        match &per.kind {
            ast::PerKind::Hour => hir::Period::Hour,
            ast::PerKind::Day => hir::Period::Day,
            ast::PerKind::Week => hir::Period::Week,
            ast::PerKind::Month => hir::Period::Month,
            ast::PerKind::Year => hir::Period::Year,
            ast::PerKind::Campaign => hir::Period::Campaign,
            ast::PerKind::Rolling(duration) => hir::Period::Rolling(self.duration(duration)),
        }
    }

    /// The time in which points decay once.
    fn decay_period(&mut self, per: &ast::Per) -> Option<Duration> {
        let length = self.period(per).length();
        if length == Duration::ZERO {
            self.report(problems::decay_without_time(per.span));
            return None;
        }
        Some(length)
    }

    /// A count of things: a whole number of at least one.
    pub(super) fn count(&mut self, number: &ast::Number) -> u32 {
        let digits = number.text.replace('_', "");
        match digits.parse::<u32>() {
            Ok(count) if count > 0 => count,
            Ok(_) | Err(_) => {
                self.report(problems::not_a_count(number.span));
                1
            }
        }
    }

    pub(super) fn policies(&mut self) {
        let names = self.names;
        for policy in &names.policies {
            for item in &policy.items {
                match &item.kind {
                    ast::PolicyItemKind::QuietHours(window) => {
                        let window = self.send_window(window);
                        self.project.policy.quiet_hours.push(window);
                    }
                    ast::PolicyItemKind::Limit(limit) => {
                        let limit = self.limit(limit);
                        self.project.policy.limits.push(limit);
                    }
                    ast::PolicyItemKind::Throttle(throttle) => {
                        let throttle = self.throttle(throttle);
                        self.project.policy.throttles.push(throttle);
                    }
                    ast::PolicyItemKind::Error => {}
                }
            }
        }
    }
}
