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
        walk.visit(at);
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

/// A segment whose reads are being followed.
struct Open {
    at: usize,
    /// Where the one before it names it; of the first there is none.
    named: Option<Span>,
    next: usize,
}

impl Walk<'_> {
    /// Follows all that `at` reads. Not by recursion: a file can hold a chain of any length.
    fn visit(&mut self, at: usize) {
        if self.state.get(at) != Some(&State::New) {
            return;
        }
        self.set(at, State::Open);
        let mut stack = vec![Open { at, named: None, next: 0 }];
        while let Some(top) = stack.last_mut() {
            let reading = self.reads.get(top.at).and_then(|reads| reads.get(top.next)).copied();
            top.next += 1;
            let Some((next, span)) = reading else {
                let done = top.at;
                self.set(done, State::Done);
                self.order.push(done);
                stack.pop();
                continue;
            };
            match self.state.get(next) {
                Some(State::New) => {
                    self.set(next, State::Open);
                    stack.push(Open { at: next, named: Some(span), next: 0 });
                }
                Some(State::Open) => {
                    let from = stack.iter().position(|open| open.at == next).map_or(0, |i| i + 1);
                    let mut circle: Vec<(usize, Span)> = stack.iter().skip(from).filter_map(|open| open.named.map(|named| (open.at, named))).collect();
                    circle.push((next, span));
                    self.circles.push(circle);
                }
                Some(State::Done) | None => {}
            }
        }
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
