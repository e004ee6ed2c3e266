//! Steps that act: sends, webhooks, internal mail, changes. Decisions and structure have files of their own.

use super::campaign::Frame;
use super::scope::{Binding, Capture, CaptureKind, OpenKind};
use super::{Checker, problems, targets};
use crate::bytecode::{CaptureDef, Channel, MessageId, SlotId};
use crate::semantic::hir::{Param, Step, StepKind};
use crate::syntax::ast;

impl Checker<'_, '_> {
    pub(super) fn step(&mut self, step: &ast::Step, frame: &mut Frame<'_>) -> Step {
        let header = self.step_header(step);
        let kind = match &step.kind {
            ast::StepKind::Send(send) => self.send(send, step),
            ast::StepKind::Reach(arms) => Some(self.reach(arms, frame)),
            ast::StepKind::Webhook { webhook, body } => self.webhook_step(webhook, body.as_ref(), step, frame),
            ast::StepKind::Notify { to, subject, body } => Some(self.notify(to, subject, body.as_ref())),
            ast::StepKind::Change(change) => self.change(change, step.span),
            ast::StepKind::Emit { event, properties } => self.emit(event, properties.as_ref()),
            ast::StepKind::Wait { .. } | ast::StepKind::WaitBetween { .. } | ast::StepKind::WaitUntil(_) | ast::StepKind::WaitFor { .. } => {
                Some(self.wait(&step.kind))
            }
            ast::StepKind::If(decision) => Some(self.decide(decision, step, frame)),
            ast::StepKind::Await(arms) => Some(self.await_step(arms, frame)),
            ast::StepKind::Timeline(timeline) => self.timeline(timeline, frame),
            ast::StepKind::Split(arms) => Some(self.split(arms, step.span, frame)),
            ast::StepKind::Experiment(experiment) => Some(self.experiment(experiment, step.span, frame)),
            ast::StepKind::Repeat(repeat) => Some(self.repeat(repeat, frame)),
            ast::StepKind::Parallel(blocks) => Some(StepKind::Parallel(blocks.iter().map(|block| self.block(block, frame)).collect())),
            ast::StepKind::Do { sequence, args } => self.do_step(sequence, args, step, frame),
            ast::StepKind::Stop(reason) => Some(StepKind::Stop(reason.as_ref().map(|text| super::literals::nfc(&text.value)))),
        };
        Step { header, kind: kind.unwrap_or(StepKind::Error) }
    }

    fn send(&mut self, send: &ast::Send, step: &ast::Step) -> Option<StepKind> {
        let channel = targets::channel(send.channel);
        let message = match &send.content {
            ast::SendContent::Named(name) => self.sent_message(name, channel)?,
            ast::SendContent::Text(text) => self.inline_sms(text, channel, step.span),
            ast::SendContent::Attrs(attrs) => self.inline_message(channel, attrs, step.span),
        };
        self.usage.messages.insert(message);
        self.note_send(message, step.span);
        Some(StepKind::Send { message, params: self.params() })
    }

    /// The message a send names.
    fn sent_message(&mut self, name: &ast::Name, channel: Channel) -> Option<MessageId> {
        let found = match self.scope.param(&name.text) {
            Some(Binding::Message(id)) => Some(*id),
            Some(Binding::Open(OpenKind::Message(open))) => {
                if *open != channel {
                    let open = *open;
                    self.report(problems::wrong_channel(name.span, &name.text, (open.word(), channel.word()), None));
                }
                return None;
            }
            Some(_) | None => self.message(&name.text),
        };
        let Some(id) = found else {
            let known = self.names.messages.iter().filter(|m| targets::channel(m.decl.channel) == channel).map(|m| m.name.as_ref());
            let known: Vec<&str> = known.collect();
            let finding = problems::unknown_message(name.span, &name.text, known.into_iter());
            self.report(finding);
            return None;
        };
        match self.message_channel(id) {
            Some(declared) if declared != channel => {
                let at = self.names.messages.get(id.index()).map(|m| m.span);
                self.report(problems::wrong_channel(name.span, &name.text, (declared.word(), channel.word()), at));
                None
            }
            Some(_) | None => Some(id),
        }
    }

    /// What templates see of the enclosing sequence.
    pub(super) fn params(&mut self) -> Vec<Param> {
        let values: Vec<Param> = self.param_values();
        let parts = values.iter().map(|param| param.value.parts()).sum();
        let span = values.first().map(|param| param.value.span);
        if span.is_none_or(|span| self.may_grow(parts, span)) { values } else { Vec::new() }
    }

    fn param_values(&self) -> Vec<Param> {
        let values = self.scope.params.iter().filter_map(|(name, binding)| match binding {
            Binding::Value(value) => Some(Param { name: name.clone(), value: value.clone() }),
            Binding::Message(_) | Binding::Segment(_) | Binding::Webhook(_) | Binding::Open(_) => None,
        });
        values.collect()
    }

    fn reach(&mut self, arms: &[ast::ReachArm], frame: &mut Frame<'_>) -> StepKind {
        let mut steps = Vec::new();
        for arm in arms {
            let ast::ReachArm::Step(inner) = arm else { continue };
            if matches!(inner.kind, ast::StepKind::Send(_)) {
                steps.push(self.step(inner, frame));
            } else {
                self.report(problems::no_send_in_reach(inner.span));
            }
        }
        StepKind::Reach(steps)
    }

    fn webhook_step(&mut self, name: &ast::Name, body: Option<&ast::Object>, step: &ast::Step, frame: &mut Frame<'_>) -> Option<StepKind> {
        let webhook = self.webhook_ref(name);
        let object = body.map(|body| self.object(body));
        let answer = step.label.as_ref().map(|label| {
            let slot = SlotId::from_index(frame.captures.len());
            frame.captures.push(CaptureDef { name: label.text.clone(), event: None });
            self.scope.captures.push(Capture { name: label.text.clone(), slot, kind: CaptureKind::Answer, is_sure: true, span: label.span });
            slot
        });
        let webhook = webhook?;
        self.usage.webhooks.insert(webhook);
        let attrs = self.names.webhooks.iter().nth(webhook.index()).map_or(&[][..], |named| named.decl.attrs.as_slice());
        let own = attrs.iter().find(|attr| matches!(attr.kind, ast::WebhookAttrKind::Body(_)));
        if let (Some(object), Some(own)) = (body, own) {
            self.report(problems::object_not_sent(object.span, own.span, &name.text));
        }
        Some(StepKind::Webhook { webhook, object, answer, params: self.params() })
    }

    fn notify(&mut self, to: &ast::Text, subject: &ast::Text, body: Option<&ast::Text>) -> StepKind {
        let to = self.template_here(to);
        let subject = self.template_here(subject);
        let body = body.map(|body| self.template_here(body));
        StepKind::Notify { to, subject, body, params: self.params() }
    }

    fn emit(&mut self, name: &ast::Name, properties: Option<&ast::Object>) -> Option<StepKind> {
        let Some(event) = self.event(&name.text) else {
            let finding = problems::unknown_event(name.span, &name.text, self.names.events.names());
            self.report(finding);
            return None;
        };
        let properties = properties.map(|object| self.event_properties(event, object));
        Some(StepKind::Emit { event, properties })
    }
}
