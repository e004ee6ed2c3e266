//! The text of an expression without its places, by which equal questions are known.

use crate::semantic::hir::{EventPattern, Expr, ExprKind, History, HistoryWindow};
use std::fmt::Write as _;

/// The key of an expression: equal for equal questions, wherever they stand.
pub(super) fn of(expr: &Expr) -> String {
    let mut out = String::new();
    write(expr, &mut out);
    out
}

/// The key of a question to history without its window.
pub(super) fn of_history(history: &History) -> String {
    let mut out = String::new();
    pattern(history, &mut out);
    out
}

fn pattern(history: &History, out: &mut String) {
    let _ = match &history.pattern {
        EventPattern::Custom(event) => write!(out, "custom {event:?}"),
        EventPattern::Visited(path) => write!(out, "visited {path:?}"),
        EventPattern::Message { event, target, url, text } => write!(out, "message {event:?} {target:?} {url:?} {text:?}"),
    };
    let _ = write!(out, " {:?}", history.aggregate);
    if let Some(predicate) = &history.predicate {
        out.push_str(" if ");
        write(predicate, out);
    }
}

fn write(expr: &Expr, out: &mut String) {
    match &expr.kind {
        ExprKind::Literal(value) => add(out, format_args!("{value:?}")),
        ExprKind::LocalDateTime(date, time) => add(out, format_args!("{date} {time}")),
        ExprKind::Field(field) => add(out, format_args!("f{}", field.0)),
        ExprKind::Points(group) => add(out, format_args!("p{}", group.0)),
        ExprKind::Now => out.push_str("now"),
        ExprKind::Today => out.push_str("today"),
        ExprKind::EventProperty(name) => add(out, format_args!("event.{name}")),
        ExprKind::Capture(slot) => add(out, format_args!("slot{}", slot.0)),
        ExprKind::Get(record, name) => list(out, format_args!("get {name}"), [record.as_ref()]),
        ExprKind::Ago(length) => list(out, format_args!("ago"), [length.as_ref()]),
        ExprKind::FromNow(length) => list(out, format_args!("from now"), [length.as_ref()]),
        ExprKind::Negate(inner) => list(out, format_args!("-"), [inner.as_ref()]),
        ExprKind::Arithmetic(op, left, right) => list(out, format_args!("{op:?}"), [left.as_ref(), right]),
        ExprKind::Compare(op, left, right) => list(out, format_args!("{op:?}"), [left.as_ref(), right]),
        ExprKind::In { subject, options, is_negated } => list(out, format_args!("in {is_negated}"), std::iter::once(subject.as_ref()).chain(options)),
        ExprKind::Between { subject, low, high } => list(out, format_args!("between"), [subject.as_ref(), low, high]),
        ExprKind::Text { op, is_ignoring_case, subject, pattern } => list(out, format_args!("{op:?} {is_ignoring_case}"), [subject.as_ref(), pattern]),
        ExprKind::Matches { subject, pattern } => list(out, format_args!("matches {pattern:?}"), [subject.as_ref()]),
        ExprKind::IsSet(inner) => list(out, format_args!("set"), [inner.as_ref()]),
        ExprKind::IsEmpty(inner) => list(out, format_args!("empty"), [inner.as_ref()]),
        ExprKind::IsToday(inner) => list(out, format_args!("is today"), [inner.as_ref()]),
        ExprKind::Not(inner) => list(out, format_args!("not"), [inner.as_ref()]),
        ExprKind::And(parts) => list(out, format_args!("and"), parts),
        ExprKind::Or(parts) => list(out, format_args!("or"), parts),
        ExprKind::HasTag(tag) => add(out, format_args!("tag {tag:?}")),
        ExprKind::InSegment(segment) => add(out, format_args!("segment{}", segment.0)),
        ExprKind::InList(list) => add(out, format_args!("list{}", list.0)),
        ExprKind::InCampaign(campaign) => add(out, format_args!("in campaign{}", campaign.0)),
        ExprKind::FinishedCampaign(campaign) => add(out, format_args!("finished{}", campaign.0)),
        ExprKind::SubscribedTo(topic) => add(out, format_args!("topic{}", topic.0)),
        ExprKind::History(history) => {
            out.push('(');
            pattern(history, out);
            match &history.window {
                HistoryWindow::Anchor => out.push_str(" anchored"),
                HistoryWindow::Last(length) => list(out, format_args!("last"), [length]),
                HistoryWindow::Ever => out.push_str(" ever"),
            }
            out.push(')');
        }
        ExprKind::List(parts) => list(out, format_args!("list"), parts),
        ExprKind::Record(pairs) => list(out, format_args!("record"), pairs.iter().map(|(_, value)| value)),
        ExprKind::Param(at) => add(out, format_args!("param{at}")),
        ExprKind::Error => add(out, format_args!("error {}", expr.span.start)),
    }
}

fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

fn list<'e>(out: &mut String, name: std::fmt::Arguments<'_>, parts: impl IntoIterator<Item = &'e Expr>) {
    out.push('(');
    let _ = out.write_fmt(name);
    for part in parts {
        out.push(' ');
        write(part, out);
    }
    out.push(')');
}
