//! Takes conditions apart into the ways in which all of them can hold.

use super::key;
use super::points::{self, Point};
use crate::base::Span;
use crate::bytecode::{Aggregate, CompareOp, TextOp};
use crate::lang::{Type, Value};
use crate::semantic::hir::{Expr, ExprKind, History, HistoryWindow, Project};
use std::sync::Arc;

/// More ways than this are not looked at: nothing is then said.
const MAX_WAYS: usize = 64;
/// A way of more parts than this is not looked at either: each is held against each.
const MAX_PARTS: usize = 2_000;
/// Segments that read segments are followed this deep.
const MAX_DEPTH: usize = 8;

/// One thing that must be so.
#[derive(Clone, Debug)]
pub(super) enum Literal<'e> {
    /// A test of a value.
    #[allow(missing_docs)]
    Value { subject: &'e Expr, test: Test, is_held: bool },
    /// A question that is only known by itself.
    Flag(Flag),
}

/// A test of a value. All but `Missing` and a comparison with `false` hold only of what is set.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Set,
    /// Unset, or an empty text.
    Missing,
    Compare(CompareOp, Point),
    OneOf(Vec<Point>),
    NoneOf(Vec<Point>),
    Text(TextOp, bool, Arc<str>),
}

/// A question that is only known by itself.
#[derive(Clone, Debug)]
pub(super) struct Flag {
    key: String,
    reach: Reach,
    pub is_held: bool,
}

/// How far back a question to history looks; other questions look nowhere.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reach {
    Now,
    Anchor,
    Last(i64),
    Ever,
}

impl Flag {
    /// Whether the other can only hold where this one holds.
    pub(super) fn covers(&self, other: &Flag) -> bool {
        let is_as_far = match (self.reach, other.reach) {
            (Reach::Ever, Reach::Anchor | Reach::Last(_) | Reach::Ever) => true,
            (Reach::Last(mine), Reach::Last(other)) => mine >= other,
            (mine, other) => mine == other,
        };
        is_as_far && self.key == other.key
    }
}

type Way<'e> = Vec<Literal<'e>>;

/// The ways in which all are as is said; `None` where there are too many.
pub(super) fn ways<'e>(project: &'e Project, held: &[(&'e Expr, bool)]) -> Option<Vec<Way<'e>>> {
    let expansion = Expansion { project };
    let mut all = vec![Way::new()];
    for (expr, is_held) in held {
        all = product(all, expansion.of(expr, *is_held, 0)?)?;
    }
    Some(all)
}

fn product<'e>(left: Vec<Way<'e>>, right: Vec<Way<'e>>) -> Option<Vec<Way<'e>>> {
    let longest = |ways: &[Way<'_>]| ways.iter().map(Vec::len).max().unwrap_or(0);
    if left.len().saturating_mul(right.len()) > MAX_WAYS || longest(&left) + longest(&right) > MAX_PARTS {
        return None;
    }
    let mut out = Vec::with_capacity(left.len() * right.len());
    for a in &left {
        for b in &right {
            out.push(a.iter().chain(b).cloned().collect());
        }
    }
    Some(out)
}

struct Expansion<'e> {
    project: &'e Project,
}

impl<'e> Expansion<'e> {
    fn of(&self, expr: &'e Expr, is_held: bool, depth: usize) -> Option<Vec<Way<'e>>> {
        match (&expr.kind, is_held) {
            (ExprKind::Not(inner), _) => self.of(inner, !is_held, depth),
            (ExprKind::And(parts), true) | (ExprKind::Or(parts), false) => {
                let mut all = vec![Way::new()];
                for part in parts {
                    all = product(all, self.of(part, is_held, depth)?)?;
                }
                Some(all)
            }
            (ExprKind::And(parts), false) | (ExprKind::Or(parts), true) => {
                let mut all = Vec::new();
                for part in parts {
                    all.extend(self.of(part, is_held, depth)?);
                }
                (all.len() <= MAX_WAYS).then_some(all)
            }
            (ExprKind::InSegment(segment), _) => {
                let flag = vec![vec![Literal::Flag(Flag { key: key::of(expr), reach: Reach::Now, is_held })]];
                match self.project.segments.get(segment.index()) {
                    Some(known) if depth < MAX_DEPTH => product(flag, self.of(&known.condition, is_held, depth + 1)?),
                    Some(_) | None => Some(flag),
                }
            }
            (ExprKind::Literal(Value::Bool(value)), _) => Some(if *value == is_held { vec![Way::new()] } else { Vec::new() }),
            _ => Some(self.atom(expr, is_held)),
        }
    }

    fn atom(&self, expr: &'e Expr, is_held: bool) -> Vec<Way<'e>> {
        let value = |subject: &'e Expr, test: Test| Literal::Value { subject, test, is_held };
        let one = |literal: Literal<'e>| vec![vec![literal]];
        match &expr.kind {
            ExprKind::Compare(op, left, right) => compare(expr, (*op, left, right), is_held),
            ExprKind::In { subject, options, is_negated } => match all_points(options, expr.span) {
                Some(points) if points::of(subject).is_none() => one(value(subject, if *is_negated { Test::NoneOf(points) } else { Test::OneOf(points) })),
                Some(_) | None => one(flag(expr, is_held)),
            },
            ExprKind::Between { subject, low, high } => match (written(low, expr.span), written(high, expr.span), points::of(subject)) {
                (Some(low), Some(high), None) => {
                    let (from, to) = (Test::Compare(CompareOp::GreaterEqual, low), Test::Compare(CompareOp::LessEqual, high));
                    if is_held { vec![vec![value(subject, from), value(subject, to)]] } else { vec![vec![value(subject, from)], vec![value(subject, to)]] }
                }
                (_, _, _) => one(flag(expr, is_held)),
            },
            ExprKind::Text { op, is_ignoring_case, subject, pattern } => match (written(pattern, expr.span), &subject.ty) {
                (Some(Point::Text(text)), Type::Text | Type::Enum(_)) if subject.literal().is_none() => {
                    one(value(subject, Test::Text(*op, *is_ignoring_case, text)))
                }
                (_, _) => one(flag(expr, is_held)),
            },
            ExprKind::IsSet(subject) => one(value(subject, Test::Set)),
            ExprKind::IsEmpty(subject) if matches!(subject.ty, Type::Text | Type::Enum(_)) => one(value(subject, Test::Missing)),
            ExprKind::IsToday(subject) | ExprKind::Matches { subject, .. } if is_held => vec![vec![value(subject, Test::Set), flag(expr, is_held)]],
            ExprKind::History(history) if history.aggregate == Aggregate::Exists => one(Literal::Flag(history_flag(history, is_held))),
            ExprKind::Error => vec![Way::new()],
            _ if matches!(expr.ty, Type::Bool) && is_value(expr) => one(value(expr, Test::Compare(CompareOp::Equal, Point::Bool(true)))),
            _ => one(flag(expr, is_held)),
        }
    }
}

/// A bool that is kept somewhere, and so may be unset.
fn is_value(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Field(_) | ExprKind::EventProperty(_) | ExprKind::Get(..) | ExprKind::Capture(_) | ExprKind::Param(_))
}

fn flag<'e>(expr: &Expr, is_held: bool) -> Literal<'e> {
    Literal::Flag(Flag { key: key::of(expr), reach: Reach::Now, is_held })
}

fn history_flag(history: &History, is_held: bool) -> Flag {
    let reach = match &history.window {
        HistoryWindow::Anchor => Reach::Anchor,
        HistoryWindow::Last(length) => match length.literal() {
            Some(Value::Duration(length)) => Reach::Last(length.approximate_millis()),
            Some(_) | None => Reach::Now,
        },
        HistoryWindow::Ever => Reach::Ever,
    };
    Flag { key: key::of_history(history), reach, is_held }
}

fn compare<'e>(expr: &'e Expr, (op, left, right): (CompareOp, &'e Expr, &'e Expr), is_held: bool) -> Vec<Way<'e>> {
    match (written(left, expr.span), written(right, expr.span)) {
        (None, Some(point)) if !is_argument(left, expr.span) => vec![vec![Literal::Value { subject: left, test: Test::Compare(op, point), is_held }]],
        (Some(point), None) if !is_argument(right, expr.span) => {
            vec![vec![Literal::Value { subject: right, test: Test::Compare(flipped(op), point), is_held }]]
        }
        (_, _) => vec![vec![flag(expr, is_held)]],
    }
}

fn flipped(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Equal => CompareOp::Equal,
        CompareOp::NotEqual => CompareOp::NotEqual,
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessEqual => CompareOp::GreaterEqual,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterEqual => CompareOp::LessEqual,
    }
}

fn all_points(options: &[Expr], within: Span) -> Option<Vec<Point>> {
    options.iter().map(|option| written(option, within)).collect()
}

/// A value written out in the condition itself. An argument of a sequence is written elsewhere: what is certain for this one is not for
/// the next.
fn written(expr: &Expr, within: Span) -> Option<Point> {
    if is_argument(expr, within) { None } else { points::of(expr) }
}

fn is_argument(expr: &Expr, within: Span) -> bool {
    expr.span.file != within.file || expr.span.start < within.start || expr.span.end > within.end
}
