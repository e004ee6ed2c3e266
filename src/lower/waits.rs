//! Steps in which time passes: waits, decisions, `await`.

use super::context::Lowering;
use crate::bytecode::{Assembler, Label, ListenArm, ListenDef, ListenId, Op, Until, UntilAnchor, UntilId};
use crate::lang::Value;
use crate::semantic::hir::{self, AwaitArm, Expr, ExprKind, Step, StepHeader, StepKind};

/// Where to go when the time is up.
struct Deadline<'h> {
    duration: &'h Expr,
    target: Label,
    /// What stands there, where it belongs to the decision.
    steps: &'h [Step],
}

impl Lowering<'_> {
    pub(super) fn wait(&mut self, code: &mut Assembler, step: &Step) {
        let id = step.header.id;
        if let StepKind::Wait { duration, then_until } = &step.kind {
            self.value(code, duration);
            let place = self.place(id);
            code.emit_at(place, Op::Wait(place));
            then_until.iter().for_each(|until| self.wait_until(code, &step.header, until));
        } else if let StepKind::WaitBetween { low, high } = &step.kind {
            self.value(code, low);
            self.value(code, high);
            let place = self.place(id);
            code.emit_at(place, Op::WaitBetween(place));
        } else if let StepKind::WaitUntil(until) = &step.kind {
            self.wait_until(code, &step.header, until);
        }
    }

    fn wait_until(&mut self, code: &mut Assembler, header: &StepHeader, until: &hir::Until) {
        let anchor = match &until.anchor {
            hir::UntilAnchor::Clock(time) => UntilAnchor::Clock(*time),
            hir::UntilAnchor::Weekday(day, time) => UntilAnchor::Weekday(*day, *time),
            hir::UntilAnchor::Value { value, shift, is_before, at } => self.moment(value, *at, (*shift, *is_before)),
        };
        let untils = &mut self.builder.program.untils;
        untils.push(Until { anchor, zone: until.zone.clone() });
        let id = UntilId::from_index(untils.len() - 1);
        let place = self.place(header.id);
        code.emit_at(place, Op::WaitUntil(id, place));
    }

    /// A date-time literal is a date and a time of day, so that the line's own zone applies to it.
    fn moment(&mut self, value: &Expr, at: Option<crate::lang::TimeOfDay>, shift: (crate::lang::Duration, bool)) -> UntilAnchor {
        let (shift, is_before) = shift;
        if let ExprKind::LocalDateTime(date, time) = &value.kind {
            let day = Expr { kind: ExprKind::Literal(Value::Date(*date)), ..value.clone() };
            return UntilAnchor::Value { value: self.block(&day), shift, is_before, at: Some(at.unwrap_or(*time)) };
        }
        UntilAnchor::Value { value: self.block(value), shift, is_before, at }
    }

    pub(super) fn decision(&mut self, code: &mut Assembler, step: &Step) {
        if let StepKind::WaitFor { condition, deadline } = &step.kind {
            let next = code.label();
            let arms = vec![self.arm(condition, None, next)];
            let deadline = deadline.as_ref().map(|duration| Deadline { duration, target: next, steps: &[] });
            self.listen(code, &step.header, arms, deadline);
            code.bind(next);
        } else if let StepKind::Decide { condition, deadline, then_, else_ } = &step.kind {
            let other = code.label();
            if let Some(deadline) = deadline {
                let green = code.label();
                let arms = vec![self.arm(condition, None, green)];
                let deadline = Deadline { duration: &deadline.duration, target: other, steps: else_ };
                self.listen(code, &step.header, arms, Some(deadline));
                code.bind(green);
            } else {
                self.value(code, condition);
                code.jump_unless(other);
            }
            self.branches(code, then_, other, else_);
        } else if let StepKind::Await { arms, deadline } = &step.kind {
            self.await_(code, &step.header, arms, deadline.as_ref());
        }
    }

    /// The `then` arm stands here, the `else` arm at its label.
    fn branches(&mut self, code: &mut Assembler, then_: &[Step], other: Label, else_: &[Step]) {
        self.steps(code, then_);
        if else_.is_empty() {
            code.bind(other);
            return;
        }
        let end = code.label();
        code.jump(end);
        code.bind(other);
        self.steps(code, else_);
        code.bind(end);
    }

    fn await_(&mut self, code: &mut Assembler, header: &StepHeader, arms: &[AwaitArm], deadline: Option<&(Expr, Vec<Step>)>) {
        let end = code.label();
        let labels: Vec<Label> = arms.iter().map(|_| code.label()).collect();
        let listened = arms.iter().zip(&labels).map(|(arm, label)| self.arm(&arm.condition, arm.capture.as_ref(), *label)).collect();
        let late = code.label();
        // Its `after` is no red path: once the time is up it has won, held or not.
        let after = deadline.map(|(duration, _)| Deadline { duration, target: late, steps: &[] });
        self.listen(code, header, listened, after);
        for (arm, label) in arms.iter().zip(labels) {
            code.bind(label);
            self.steps(code, &arm.body);
            code.jump(end);
        }
        code.bind(late);
        deadline.iter().for_each(|(_, steps)| self.steps(code, steps));
        code.bind(end);
    }

    fn arm(&mut self, condition: &Expr, capture: Option<&hir::AwaitCapture>, target: Label) -> ListenArm {
        let block = self.block(condition);
        let capture = capture.and_then(|capture| {
            let ExprKind::History(history) = &condition.kind else { return None };
            let asked = self.history(&hir::History { aggregate: crate::bytecode::Aggregate::LastAt, ..(**history).clone() });
            Some((asked, capture.slot))
        });
        ListenArm { condition: block, capture, target: target.as_target() }
    }

    fn listen(&mut self, code: &mut Assembler, header: &StepHeader, arms: Vec<ListenArm>, deadline: Option<Deadline<'_>>) {
        let is_deadline_send = deadline.as_ref().is_some_and(|deadline| begins_with_send(deadline.steps));
        let deadline = deadline.map(|deadline| (self.block(deadline.duration), deadline.target.as_target()));
        let place = self.place(header.id);
        let listens = &mut self.builder.program.listens;
        listens.push(ListenDef { step: header.id, arms, deadline, is_deadline_send });
        let listen = ListenId::from_index(listens.len() - 1);
        code.emit_at(place, Op::Listen(listen, place));
    }
}

/// Whether the first thing that is done is a send, which may be held.
fn begins_with_send(steps: &[Step]) -> bool {
    let Some(first) = steps.first() else { return false };
    if let StepKind::Do { sequence: _, body } = &first.kind { begins_with_send(body) } else { matches!(first.kind, StepKind::Send { .. }) }
}
