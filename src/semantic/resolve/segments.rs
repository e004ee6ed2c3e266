//! Puts segments into an order in which each stands behind those it reads, and finds those that read each other in a circle.

use super::{Table, problems};
use crate::base::Span;
use crate::diagnostics::Diagnostic;
use crate::semantic::walk::inner_expressions;
use crate::syntax::ast;

/// Reorders the table; a circle is reported once, at the segment that comes first in the source.
pub(super) fn order(segments: &mut Table<'_, ast::Segment>, out: &mut Vec<Diagnostic>) {
    let reads: Vec<Vec<(usize, Span)>> = segments
        .iter()
        .map(|segment| {
            let mut found = Vec::new();
            read_by(&segment.decl.condition, &mut found);
            found.into_iter().filter_map(|r| segments.find(&r.text).map(|at| (at, r.span))).collect()
        })
        .collect();
    let mut walk = Walk { reads: &reads, state: vec![State::New; reads.len()], order: Vec::new(), circles: Vec::new() };
    for at in 0..reads.len() {
        walk.visit(at, &mut Vec::new());
    }
    for circle in &walk.circles {
        let members: Vec<_> = circle.iter().filter_map(|(at, span)| segments.get(*at).map(|s| (s.name.clone(), *span))).collect();
        out.extend(problems::segment_circle(&members));
    }
    let order = walk.order;
    segments.reorder(&order);
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

struct Walk<'r> {
    reads: &'r [Vec<(usize, Span)>],
    state: Vec<State>,
    order: Vec<usize>,
    /// Each member with the place where the one before it names it.
    circles: Vec<Vec<(usize, Span)>>,
}

impl Walk<'_> {
    fn visit(&mut self, at: usize, path: &mut Vec<(usize, Span)>) {
        if self.state.get(at) != Some(&State::New) {
            return;
        }
        self.set(at, State::Open);
        for (next, span) in self.reads.get(at).cloned().unwrap_or_default() {
            match self.state.get(next) {
                Some(State::Open) => {
                    let from = path.iter().position(|(member, _)| *member == next).map_or(0, |i| i + 1);
                    let is_self = next == at;
                    let mut circle = if is_self { Vec::new() } else { path.get(from..).map(<[_]>::to_vec).unwrap_or_default() };
                    if !is_self {
                        let own = path.last().map_or(span, |(_, s)| *s);
                        if circle.last().map(|(member, _)| *member) != Some(at) && path.last().map(|(m, _)| *m) == Some(at) {
                            circle.push((at, own));
                        }
                    }
                    circle.push((next, span));
                    self.circles.push(circle);
                }
                Some(State::New) => {
                    path.push((next, span));
                    self.visit(next, path);
                    path.pop();
                }
                Some(State::Done) | None => {}
            }
        }
        self.set(at, State::Done);
        self.order.push(at);
    }
    fn set(&mut self, at: usize, state: State) {
        if let Some(slot) = self.state.get_mut(at) {
            *slot = state;
        }
    }
}

fn read_by<'a>(expr: &'a ast::Expr, found: &mut Vec<&'a ast::Ref>) {
    if let ast::ExprKind::InSegment(segment) = &expr.kind {
        found.push(segment);
    }
    for inner in inner_expressions(expr) {
        read_by(inner, found);
    }
}
