//! Steps that act: sends, calls, changes of the contact.

use super::context::Lowering;
use super::messages::Variables;
use crate::bytecode::{Assembler, EventId, NotifyDef, NotifyId, Op, ParamDef, SendDef, SendId, WebhookStepDef, WebhookStepId};
use crate::lang::Value;
use crate::semantic::hir::{Expr, Param, Step, StepHeader, StepKind, Template};

impl Lowering<'_> {
    pub(super) fn steps(&mut self, code: &mut Assembler, steps: &[Step]) {
        steps.iter().for_each(|step| self.step(code, step));
    }

    pub(super) fn step(&mut self, code: &mut Assembler, step: &Step) {
        let header = &step.header;
        code.note(header.span);
        code.emit(Op::Step(header.id));
        match &step.kind {
            StepKind::Send { message, params } => {
                let (params, place) = (self.params(params), self.place(header.id));
                let sends = &mut self.builder.program.sends;
                sends.push(SendDef { step: header.id, message: *message, params, place });
                let send = SendId::from_index(sends.len() - 1);
                code.emit_at(place, Op::Send(send));
            }
            StepKind::Webhook { .. } => self.webhook(code, step),
            StepKind::Notify { to, subject, body, params } => {
                let notify = self.notify(header, [Some(to), Some(subject), body.as_ref()], params);
                notify.into_iter().for_each(|notify| code.emit(Op::Notify(notify)));
            }
            StepKind::Set { field, value } => self.act(code, value, Op::SetField(*field)),
            StepKind::Clear { field } => {
                let unset = self.builder.constant(Value::Unset);
                code.emit(Op::Const(unset));
                code.emit(Op::SetField(*field));
            }
            StepKind::AddItem { field, item } => self.act(code, item, Op::AddItem(*field)),
            StepKind::RemoveItem { field, item } => self.act(code, item, Op::RemoveItem(*field)),
            StepKind::AddPoints { group, amount } => self.act(code, amount, Op::AddPoints(*group)),
            StepKind::SetPoints { group, amount } => self.act(code, amount, Op::SetPoints(*group)),
            StepKind::Tag(tag) => code.emit(Op::Tag(self.builder.text(tag))),
            StepKind::Untag(tag) => code.emit(Op::Untag(self.builder.text(tag))),
            StepKind::AddToList(list) => code.emit(Op::AddToList(*list)),
            StepKind::RemoveFromList(list) => code.emit(Op::RemoveFromList(*list)),
            StepKind::Subscribe(topic) => code.emit(Op::Subscribe(*topic)),
            StepKind::Unsubscribe(Some(topic)) => code.emit(Op::Unsubscribe(*topic)),
            StepKind::Unsubscribe(None) => code.emit(Op::UnsubscribeAll),
            StepKind::Enroll(campaign) => code.emit(Op::Enroll(*campaign)),
            StepKind::Leave(campaign) => code.emit(Op::Leave(*campaign)),
            StepKind::Stop(reason) => code.emit(Op::Stop(reason.as_ref().map(|reason| self.builder.text(reason)))),
            StepKind::Do { sequence: _, body } => self.steps(code, body),
            StepKind::Wait { .. } | StepKind::WaitBetween { .. } | StepKind::WaitUntil(_) => self.wait(code, step),
            StepKind::WaitFor { .. } | StepKind::Decide { .. } | StepKind::Await { .. } => self.decision(code, step),
            StepKind::Reach(arms) => self.reach(code, arms),
            StepKind::Emit { event, properties } => self.emit(code, *event, properties.as_ref()),
            StepKind::Mute(length) => self.act(code, length, Op::Mute),
            StepKind::Timeline { .. } => self.timeline(code, step),
            StepKind::Split(arms) => self.split(code, step, arms),
            StepKind::Experiment { .. } => self.experiment(code, step),
            StepKind::Repeat { .. } => self.repeat(code, step),
            StepKind::Parallel(branches) => self.parallel(code, step, branches),
            StepKind::Error => self.poison(header.span),
        }
    }

    fn act(&mut self, code: &mut Assembler, value: &Expr, op: Op) {
        self.value(code, value);
        code.emit(op);
    }

    fn emit(&mut self, code: &mut Assembler, event: EventId, properties: Option<&Expr>) {
        match properties {
            Some(properties) => self.value(code, properties),
            None => code.emit(Op::MakeRecord(0)),
        }
        code.emit(Op::Emit(event));
    }

    fn params(&mut self, params: &[Param]) -> Vec<ParamDef> {
        params.iter().map(|param| ParamDef { name: param.name.clone(), value: self.block(&param.value) }).collect()
    }

    fn webhook(&mut self, code: &mut Assembler, step: &Step) {
        let StepKind::Webhook { webhook, object, answer, params } = &step.kind else { return };
        let object = object.as_ref().map(|object| self.block(object));
        let params = self.params(params);
        let place = self.place(step.header.id);
        let calls = &mut self.builder.program.webhook_steps;
        calls.push(WebhookStepDef { step: step.header.id, webhook: *webhook, object, answer: *answer, params });
        let call = WebhookStepId::from_index(calls.len() - 1);
        code.emit_at(place, Op::Webhook(call, place));
    }

    /// The parts are recipient, subject and body, the first two always there.
    fn notify(&mut self, header: &StepHeader, parts: [Option<&Template>; 3], params: &[Param]) -> Option<NotifyId> {
        let mut variables = Variables::new();
        let [to, subject, body] = parts.map(|part| part.map(|template| self.template(template, &mut variables)));
        let (to, subject) = (to?, subject?);
        let params = self.params(params);
        let variables = variables.into_iter().collect();
        let notifies = &mut self.builder.program.notifies;
        notifies.push(NotifyDef { step: header.id, to, subject, body, params, variables });
        Some(NotifyId::from_index(notifies.len() - 1))
    }
}
