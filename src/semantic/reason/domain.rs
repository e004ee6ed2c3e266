//! The values that one thing can still have.

use super::expand::Test;
use super::points::Point;
use crate::bytecode::{Aggregate, CompareOp, TextOp};
use crate::lang::Type;
use crate::library::BUILTIN_FIELDS;
use crate::semantic::hir::{Expr, ExprKind, Project};
use std::sync::Arc;

/// A stretch of numbers, each end with how far it may be off and whether it is outside.
#[derive(Clone, Debug)]
struct Stretch {
    low: (f64, f64, bool),
    high: (f64, f64, bool),
    without: Vec<f64>,
}

impl Default for Stretch {
    fn default() -> Self {
        Stretch { low: (f64::NEG_INFINITY, 0.0, true), high: (f64::INFINITY, 0.0, true), without: Vec::new() }
    }
}

impl Stretch {
    fn narrow(&mut self, op: CompareOp, (at, fuzz): (f64, f64)) {
        match op {
            CompareOp::Equal => {
                self.raise((at, fuzz, false));
                self.lower((at, fuzz, false));
            }
            CompareOp::NotEqual if fuzz == 0.0 => self.without.push(at),
            CompareOp::NotEqual => {}
            CompareOp::Less => self.lower((at, fuzz, true)),
            CompareOp::LessEqual => self.lower((at, fuzz, false)),
            CompareOp::Greater => self.raise((at, fuzz, true)),
            CompareOp::GreaterEqual => self.raise((at, fuzz, false)),
        }
    }
    fn raise(&mut self, to: (f64, f64, bool)) {
        if to.0 > self.low.0 || (to.0 >= self.low.0 && to.2) {
            self.low = to;
        }
    }
    fn lower(&mut self, to: (f64, f64, bool)) {
        if to.0 < self.high.0 || (to.0 <= self.high.0 && to.2) {
            self.high = to;
        }
    }
    fn is_empty(&self, is_whole: bool) -> bool {
        let ((low, below, is_low_out), (high, above, is_high_out)) = (self.low, self.high);
        if low.is_infinite() || high.is_infinite() {
            return false;
        }
        let fuzz = if below.max(above) > 0.0 && (low - high).abs() > f64::EPSILON { below + above } else { 0.0 };
        if low - high > fuzz {
            return true;
        }
        if is_whole {
            let first = if is_low_out { low.floor() + 1.0 } else { low.ceil() };
            let last = if is_high_out { high.ceil() - 1.0 } else { high.floor() };
            return first > last || (last - first < 32.0 && self.is_covered(first, last));
        }
        let is_point = (low - high).abs() <= f64::EPSILON;
        is_point && (is_low_out || is_high_out || self.without.contains(&low))
    }
    fn is_covered(&self, first: f64, last: f64) -> bool {
        let mut at = first;
        while at <= last {
            if !self.without.contains(&at) {
                return false;
            }
            at += 1.0;
        }
        true
    }
}

/// The values that one thing can still have.
#[derive(Clone, Debug, Default)]
pub(super) struct Domain {
    is_never_unset: bool,
    must_be_set: bool,
    must_be_unset: bool,
    /// Only whole numbers occur.
    is_whole: bool,
    numbers: Stretch,
    moments: Stretch,
    from_now: Stretch,
    texts: Option<Vec<Arc<str>>>,
    other_texts: Vec<Arc<str>>,
    tests: Vec<(TextOp, bool, Arc<str>, bool)>,
    is_never_true: bool,
    is_never_false: bool,
}

impl Domain {
    /// All that such a thing can be.
    pub(super) fn of(subject: &Expr, project: &Project) -> Domain {
        let mut domain = Domain::default();
        match &subject.kind {
            ExprKind::Field(field) => {
                let is_built_in = BUILTIN_FIELDS.get(field.index()).is_some_and(|entry| entry.is_always_set);
                domain.is_never_unset = is_built_in || project.fields.get(field.index()).is_some_and(|def| def.default.is_set());
            }
            ExprKind::Points(_) | ExprKind::Now | ExprKind::Today => domain.is_never_unset = true,
            ExprKind::History(history) if history.aggregate == Aggregate::Count => {
                domain.is_never_unset = true;
                domain.is_whole = true;
                domain.numbers.narrow(CompareOp::GreaterEqual, (0.0, 0.0));
            }
            ExprKind::History(history) => domain.is_never_unset = matches!(history.aggregate, Aggregate::Sum(_) | Aggregate::Exists),
            _ => {}
        }
        if let Type::Enum(values) = &subject.ty {
            domain.texts = Some(values.to_vec());
        }
        domain
    }

    /// Takes in that a test holds, or fails.
    pub(super) fn narrow(&mut self, test: &Test, is_held: bool) {
        match test {
            Test::Set if is_held => self.must_be_set = true,
            Test::Set => self.must_be_unset = true,
            Test::Missing => {
                self.must_be_set |= !is_held;
                self.compare(if is_held { CompareOp::Equal } else { CompareOp::NotEqual }, &Point::Text("".into()));
            }
            Test::Compare(op, point) => {
                let op = if is_held { *op } else { opposite(*op) };
                // An unset bool is false.
                self.must_be_set |= if let Point::Bool(value) = point { *value == (op == CompareOp::Equal) } else { is_held };
                self.compare(op, point);
            }
            Test::OneOf(points) => {
                self.must_be_set |= is_held && !has_bool(points);
                self.one_of(points, is_held);
            }
            Test::NoneOf(points) => {
                self.must_be_set |= is_held && !has_bool(points);
                self.one_of(points, !is_held);
            }
            Test::Text(op, is_ignoring_case, pattern) => {
                self.must_be_set |= is_held;
                self.tests.push((*op, *is_ignoring_case, pattern.clone(), is_held));
            }
        }
    }

    fn compare(&mut self, op: CompareOp, point: &Point) {
        match point {
            Point::Number(at) => self.numbers.narrow(op, (*at, 0.0)),
            Point::Moment(at) => self.moments.narrow(op, (*at, 0.0)),
            Point::FromNow { at, fuzz } => self.from_now.narrow(op, (*at, *fuzz)),
            Point::Text(text) if op == CompareOp::Equal => self.keep(|known| known == text, || vec![text.clone()]),
            Point::Text(text) => self.other_texts.push(text.clone()),
            Point::Bool(value) => {
                let is_kept = *value == (op == CompareOp::Equal);
                self.is_never_false |= is_kept;
                self.is_never_true |= !is_kept;
            }
        }
    }

    fn one_of(&mut self, points: &[Point], is_in: bool) {
        if !is_in {
            points.iter().for_each(|point| self.compare(CompareOp::NotEqual, point));
            return;
        }
        let texts: Vec<Arc<str>> = points.iter().filter_map(|point| if let Point::Text(text) = point { Some(text.clone()) } else { None }).collect();
        if texts.len() == points.len() {
            self.keep(|known| texts.contains(known), || texts.clone());
            return;
        }
        let numbers: Vec<f64> = points.iter().filter_map(|point| if let Point::Number(number) = point { Some(*number) } else { None }).collect();
        if numbers.len() == points.len() {
            let (low, high) = numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(*at), high.max(*at)));
            self.numbers.narrow(CompareOp::GreaterEqual, (low, 0.0));
            self.numbers.narrow(CompareOp::LessEqual, (high, 0.0));
        }
    }

    fn keep(&mut self, is_kept: impl Fn(&Arc<str>) -> bool, otherwise: impl Fn() -> Vec<Arc<str>>) {
        match &mut self.texts {
            Some(texts) => texts.retain(is_kept),
            None => self.texts = Some(otherwise()),
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        if self.must_be_unset {
            return self.must_be_set || self.is_never_unset;
        }
        let can_be_unset = !self.must_be_set && !self.is_never_unset;
        !can_be_unset && self.has_no_value()
    }

    fn has_no_value(&self) -> bool {
        let is_left = |text: &Arc<str>| !self.other_texts.contains(text) && self.tests.iter().all(|test| fits(test, text));
        let has_no_text = self.texts.as_ref().is_some_and(|texts| !texts.iter().any(is_left));
        let clashes = |(op, is_ignoring, pattern, is_held): &(TextOp, bool, Arc<str>, bool)| {
            *is_held && self.tests.iter().any(|other| !other.3 && other.0 == *op && other.1 == *is_ignoring && other.2 == *pattern)
        };
        has_no_text
            || self.tests.iter().any(clashes)
            || (self.is_never_true && self.is_never_false)
            || self.numbers.is_empty(self.is_whole)
            || self.moments.is_empty(false)
            || self.from_now.is_empty(false)
    }
}

fn has_bool(points: &[Point]) -> bool {
    points.iter().any(|point| matches!(point, Point::Bool(_)))
}

fn fits((op, is_ignoring_case, pattern, is_held): &(TextOp, bool, Arc<str>, bool), text: &str) -> bool {
    let (text, pattern) = if *is_ignoring_case { (text.to_lowercase(), pattern.to_lowercase()) } else { (text.to_owned(), pattern.to_string()) };
    let holds = match op {
        TextOp::Contains => text.contains(&pattern),
        TextOp::StartsWith => text.starts_with(&pattern),
        TextOp::EndsWith => text.ends_with(&pattern),
        TextOp::Equal => text == pattern,
        TextOp::NotEqual => text != pattern,
    };
    holds == *is_held
}

fn opposite(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Equal => CompareOp::NotEqual,
        CompareOp::NotEqual => CompareOp::Equal,
        CompareOp::Less => CompareOp::GreaterEqual,
        CompareOp::LessEqual => CompareOp::Greater,
        CompareOp::Greater => CompareOp::LessEqual,
        CompareOp::GreaterEqual => CompareOp::Less,
    }
}
