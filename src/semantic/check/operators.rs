//! Comparisons, arithmetic and tests.

use super::types::{are_comparable, is_moment, is_ordered, is_text};
use super::{Checker, problems};
use crate::base::Span;
use crate::bytecode::{CompareOp, TextOp};
use crate::lang::{Duration, Type, Value};
use crate::semantic::hir::{ArithmeticOp, Expr, ExprKind};
use crate::syntax::ast;

/// A pattern longer than this is no pattern a person wrote.
const LONGEST_PATTERN_BYTES: usize = 1024;
/// So many values may stand behind `in`: all of them stand on the machine's stack at once.
const MAX_OPTIONS: usize = 1_500;
const PATTERN_SIZE_LIMIT_BYTES: usize = 1 << 20;
/// How deep its groups may nest.
const PATTERN_NESTING: u32 = 32;

impl Checker<'_, '_> {
    pub(super) fn operator(&mut self, expr: &ast::Expr) -> Expr {
        use ast::ExprKind as K;
        match &expr.kind {
            K::Negate(inner) => {
                let value = self.expr(inner);
                let value = self.expect_type(value, &Type::Number, "a number");
                if value.is_error() { value } else { Expr::new(ExprKind::Negate(Box::new(value)), Type::Number, expr.span) }
            }
            K::Arithmetic(arithmetic) => self.arithmetic(arithmetic, expr.span),
            K::Compare(compare) => self.compare(compare, expr.span),
            K::OneOf(one_of) => self.one_of(one_of, expr.span),
            K::Between(between) => self.between(between, expr.span),
            K::TextTest(test) => self.text_test(test, expr.span),
            K::State(state) => self.state(state, expr.span),
            _ => Expr::error(expr.span),
        }
    }

    fn arithmetic(&mut self, arithmetic: &ast::Arithmetic, span: Span) -> Expr {
        let left = self.expr(&arithmetic.left);
        let right = self.expr(&arithmetic.right);
        if left.is_error() || right.is_error() {
            return Expr::error(span);
        }
        let op = match arithmetic.op {
            ast::ArithmeticOp::Add => ArithmeticOp::Add,
            ast::ArithmeticOp::Sub => ArithmeticOp::Subtract,
            ast::ArithmeticOp::Mul => ArithmeticOp::Multiply,
            ast::ArithmeticOp::Div => ArithmeticOp::Divide,
        };
        match arithmetic_type(op, &left, &right) {
            Some(ty) => Expr::new(ExprKind::Arithmetic(op, Box::new(left), Box::new(right)), ty, span),
            None => {
                self.report(problems::cannot_calculate(arithmetic.op_span, (&left.ty, left.span), (&right.ty, right.span)));
                Expr::error(span)
            }
        }
    }

    fn compare(&mut self, compare: &ast::Compare, span: Span) -> Expr {
        let left = self.expr(&compare.left);
        let right = self.beside(&compare.right, &left.ty);
        if left.is_error() || right.is_error() || !self.check_pair(&left, &right, compare.op_span) {
            return Expr::error(span);
        }
        let op = match compare.op {
            ast::CompareOp::Eq => CompareOp::Equal,
            ast::CompareOp::Ne => CompareOp::NotEqual,
            ast::CompareOp::Lt => CompareOp::Less,
            ast::CompareOp::Le => CompareOp::LessEqual,
            ast::CompareOp::Gt => CompareOp::Greater,
            ast::CompareOp::Ge => CompareOp::GreaterEqual,
        };
        let is_equality = matches!(op, CompareOp::Equal | CompareOp::NotEqual);
        if !is_equality && (!is_ordered(&left.ty) || !is_ordered(&right.ty)) {
            let unordered = if is_ordered(&left.ty) { &right } else { &left };
            self.report(problems::no_order(unordered.span, &unordered.ty));
            return Expr::error(span);
        }
        let Some(ignoring) = compare.ignoring_case else {
            return Expr::bool(ExprKind::Compare(op, Box::new(left), Box::new(right)), span);
        };
        if !is_equality || !is_text(&left.ty) || !is_text(&right.ty) {
            self.report(problems::case_of_no_text(ignoring));
            return Expr::error(span);
        }
        let op = if op == CompareOp::Equal { TextOp::Equal } else { TextOp::NotEqual };
        Expr::bool(ExprKind::Text { op, is_ignoring_case: true, subject: Box::new(left), pattern: Box::new(right) }, span)
    }

    /// What stands beside a value of that type: a word may be one of its values without the quotes.
    pub(super) fn beside(&mut self, expr: &ast::Expr, ty: &Type) -> Expr {
        if let (ast::ExprKind::Path(path), Type::Enum(values)) = (&crate::semantic::walk::unparen(expr).kind, ty) {
            let name = &path.root.text;
            let is_known = !path.rest.is_empty() || self.is_value_name(name) || self.event(name).is_some();
            if !is_known && values.contains(name) {
                self.report(problems::value_without_quotes(path.span, name));
                return Expr::error(path.span);
            }
        }
        self.expr(expr)
    }

    /// Whether the two can be equal; a finding if not.
    fn check_pair(&mut self, left: &Expr, right: &Expr, at: Span) -> bool {
        if !are_comparable(&left.ty, &right.ty) {
            self.report(problems::cannot_compare(at, left, right));
            return false;
        }
        for (one, other) in [(left, right), (right, left)] {
            if let (Type::Enum(values), Some(Value::Text(text))) = (&one.ty, other.literal())
                && !values.contains(text)
            {
                self.report(problems::not_a_value(other.span, text, values));
                return false;
            }
        }
        true
    }

    fn one_of(&mut self, one_of: &ast::OneOf, span: Span) -> Expr {
        if one_of.options.len() > MAX_OPTIONS {
            self.report(problems::too_many_values(span, MAX_OPTIONS));
            return Expr::error(span);
        }
        let subject = self.expr(&one_of.subject);
        let options: Vec<Expr> = one_of.options.iter().map(|option| self.beside(option, &subject.ty)).collect();
        if subject.is_error() || options.iter().any(Expr::is_error) {
            return Expr::error(span);
        }
        let mut is_good = true;
        for option in &options {
            is_good &= self.check_pair(&subject, option, option.span);
        }
        if !is_good {
            return Expr::error(span);
        }
        Expr::bool(ExprKind::In { subject: Box::new(subject), options, is_negated: one_of.is_negated }, span)
    }

    fn between(&mut self, between: &ast::Between, span: Span) -> Expr {
        let subject = self.expr(&between.subject);
        let low = self.expr(&between.low);
        let high = self.expr(&between.high);
        if subject.is_error() || low.is_error() || high.is_error() {
            return Expr::error(span);
        }
        if !self.check_pair(&subject, &low, low.span) || !self.check_pair(&subject, &high, high.span) {
            return Expr::error(span);
        }
        if let Some(unordered) = [&subject, &low, &high].into_iter().find(|e| !is_ordered(&e.ty)) {
            self.report(problems::no_order(unordered.span, &unordered.ty));
            return Expr::error(span);
        }
        Expr::bool(ExprKind::Between { subject: Box::new(subject), low: Box::new(low), high: Box::new(high) }, span)
    }

    fn text_test(&mut self, test: &ast::TextTest, span: Span) -> Expr {
        let subject = self.expr(&test.subject);
        let is_ignoring_case = test.ignoring_case.is_some();
        if test.op == ast::TextOp::Matches {
            let pattern = match &test.pattern.kind {
                ast::ExprKind::Text(text) => self.pattern_text(text, is_ignoring_case),
                _ => None,
            };
            return match pattern {
                Some(pattern) if self.is_text_subject(&subject) => Expr::bool(ExprKind::Matches { subject: Box::new(subject), pattern }, span),
                Some(_) | None => Expr::error(span),
            };
        }
        let pattern = self.expr(&test.pattern);
        if subject.is_error() || pattern.is_error() {
            return Expr::error(span);
        }
        let op = match test.op {
            ast::TextOp::Contains => TextOp::Contains,
            ast::TextOp::StartsWith => TextOp::StartsWith,
            ast::TextOp::EndsWith | ast::TextOp::Matches => TextOp::EndsWith,
        };
        let is_list = op == TextOp::Contains && matches!(&subject.ty, Type::List(item) if are_comparable(item, &pattern.ty));
        if !is_list && (!self.is_text_subject(&subject) || !self.is_text_subject(&pattern)) {
            return Expr::error(span);
        }
        Expr::bool(ExprKind::Text { op, is_ignoring_case, subject: Box::new(subject), pattern: Box::new(pattern) }, span)
    }

    fn is_text_subject(&mut self, value: &Expr) -> bool {
        if value.is_error() {
            return false;
        }
        if !is_text(&value.ty) {
            self.report(problems::wrong_kind(value.span, "a text", &value.ty));
            return false;
        }
        true
    }

    /// A regular expression that compiles, with `(?i)` where case does not count.
    pub(super) fn pattern_text(&mut self, text: &ast::Text, is_ignoring_case: bool) -> Option<std::sync::Arc<str>> {
        if text.value.len() > LONGEST_PATTERN_BYTES {
            self.report(problems::pattern_too_long(text.span));
            return None;
        }
        let source = super::literals::nfc(&text.value);
        let pattern: std::sync::Arc<str> = if is_ignoring_case { format!("(?i){source}").into() } else { source };
        match regex::RegexBuilder::new(&pattern).size_limit(PATTERN_SIZE_LIMIT_BYTES).nest_limit(PATTERN_NESTING).build() {
            Ok(_) => Some(pattern),
            Err(error) => {
                let reason = error.to_string().lines().last().unwrap_or("").trim().trim_start_matches("error: ").to_owned();
                self.report(problems::bad_pattern(text.span, &reason));
                None
            }
        }
    }

    fn state(&mut self, state: &ast::State, span: Span) -> Expr {
        let subject = match state.test {
            ast::StateTest::Set => self.set_subject(&state.subject),
            ast::StateTest::Empty | ast::StateTest::Today => self.expr(&state.subject),
        };
        if subject.is_error() {
            return subject;
        }
        let boxed = Box::new(subject.clone());
        let kind = match state.test {
            ast::StateTest::Set => ExprKind::IsSet(boxed),
            ast::StateTest::Empty => {
                if !is_text(&subject.ty) && !matches!(subject.ty, Type::List(_)) {
                    self.report(problems::wrong_kind(subject.span, "a text or a list", &subject.ty));
                    return Expr::error(span);
                }
                ExprKind::IsEmpty(boxed)
            }
            ast::StateTest::Today => {
                if !is_moment(&subject.ty) {
                    self.report(problems::not_a_date(subject.span, &subject.ty));
                    return Expr::error(span);
                }
                ExprKind::IsToday(boxed)
            }
        };
        let test = Expr::bool(kind, span);
        if state.is_negated { Expr::bool(ExprKind::Not(Box::new(test)), span) } else { test }
    }

    /// `order.id is set` may ask for a record that is not there.
    fn set_subject(&mut self, subject: &ast::Expr) -> Expr {
        let outer = self.scope.known.clone();
        if let ast::ExprKind::Path(path) = &crate::semantic::walk::unparen(subject).kind
            && let Some(slot) = self.scope.capture(&path.root.text).map(|capture| capture.slot)
        {
            self.scope.known.slots.push(slot);
        }
        let value = self.expr(subject);
        self.scope.known = outer;
        value
    }
}

fn arithmetic_type(op: ArithmeticOp, left: &Expr, right: &Expr) -> Option<Type> {
    use Type as T;
    if matches!((&left.ty, &right.ty), (T::Any, _) | (_, T::Any)) {
        return Some(T::Any);
    }
    match (op, &left.ty, &right.ty) {
        (_, T::Number, T::Number) => Some(T::Number),
        (ArithmeticOp::Add | ArithmeticOp::Subtract, T::DateTime, T::Duration) => Some(T::DateTime),
        (ArithmeticOp::Add | ArithmeticOp::Subtract, T::Date, T::Duration) => {
            // Whole days keep a date a date; hours make it a moment.
            let is_whole = matches!(right.literal(), Some(Value::Duration(Duration { millis: 0, .. })));
            Some(if is_whole { T::Date } else { T::DateTime })
        }
        (ArithmeticOp::Add, T::Text | T::Enum(_), T::Text | T::Enum(_)) => Some(T::Text),
        _ => None,
    }
}
