//! `migrate`: contacts that stand at a step of the former version go on at one of this version, or stop.

use super::context::{Context, Line};
use super::outcome::What;
use crate::bytecode::{Op, StepId};
use crate::machine::state::{EnrollmentUid, StandingKind, StepUid};
use crate::machine::{Entry, Evaluator, StepMove};
use std::sync::Arc;

impl Context<'_> {
    /// Applies the rules of this deploy to everybody who stands at one of their steps.
    pub fn apply_moves(&mut self, evaluator: &mut Evaluator, moved: &[EnrollmentUid]) {
        let moves: &[StepMove] = &self.linked.deployment.moves;
        if moves.is_empty() {
            return;
        }
        for line in moved.iter().flat_map(|uid| self.lines(*uid)).collect::<Vec<_>>() {
            let Some(standing) = self.standing(line) else { continue };
            let Some(rule) = moves.iter().find(|rule| rule.from == standing.step) else { continue };
            match rule.to {
                None => self.stop_line(line),
                Some(to) => self.move_line(evaluator, line, to),
            }
        }
    }

    /// A line stops; the enrollment ends with its last one.
    fn stop_line(&mut self, line: Line) {
        let moves: &[StepMove] = &self.linked.deployment.moves;
        let stops = |step: StepUid| moves.iter().any(|rule| rule.from == step && rule.to.is_none());
        let goes_on = self.enrollment(line.enrollment).is_some_and(|known| known.threads.iter().any(|thread| !stops(thread.standing.step)));
        if !goes_on {
            return self.end(line.enrollment, What::Stopped, Arc::from("deploy"));
        }
        if let Some(StandingKind::Held { effect, .. }) = self.standing(line).map(|standing| standing.kind) {
            self.cancel_send(effect, "removed by deploy");
        }
        if let Some(enrollment) = self.enrollment_mut(line.enrollment) {
            enrollment.threads.retain(|known| known.id != line.thread);
        }
    }

    fn move_line(&mut self, evaluator: &mut Evaluator, line: Line, to: StepUid) {
        let (Some(step), Some(standing)) = (self.linked.step(to), self.standing(line)) else { return };
        let place = self.place_pc((to, standing.ordinal)).map(|pc| self.linked.op(pc));
        let is_same_step = standing.step == to;
        if place.is_some_and(|op| fits(op, &standing.kind, is_same_step)) {
            if let Some(thread) = self.thread_mut(line) {
                thread.standing.step = to;
            }
            if let Some(enrollment) = self.enrollment_mut(line.enrollment).filter(|_| !is_same_step) {
                *enrollment.executed.entry(to) = 1;
            }
            return;
        }
        if let StandingKind::Held { effect, .. } = &standing.kind {
            self.cancel_send(*effect, "removed by deploy");
        }
        let Some(pc) = self.linked.program.code.iter().position(|op| *op == Op::Step(StepId::from_index(step.index()))) else { return };
        // It comes to this step now, and has not done it before.
        if let Some(enrollment) = self.enrollment_mut(line.enrollment)
            && enrollment.executed.contains(&to)
        {
            *enrollment.executed.entry(to) = 0;
        }
        self.go_on(evaluator, line, &Entry { pc, ..Entry::default() });
    }
}

/// Whether one who waits for that can go on waiting at that operation, with the time that has passed.
fn fits(op: Op, kind: &StandingKind, is_same_step: bool) -> bool {
    match kind {
        StandingKind::Time => matches!(op, Op::Wait(_) | Op::WaitBetween(_)),
        StandingKind::Listen { .. } => matches!(op, Op::Listen(..)),
        StandingKind::Until => matches!(op, Op::WaitUntil(..)) || (is_same_step && matches!(op, Op::Timeline(..))),
        // What is held belongs to its own step.
        StandingKind::Held { .. } => is_same_step && matches!(op, Op::Send(_)),
        StandingKind::Answer { .. } => is_same_step && matches!(op, Op::Webhook(..)),
        _ => false,
    }
}
