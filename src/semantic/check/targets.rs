//! Which sending a message event is about.

use super::scope::{Binding, OpenKind, Since};
use super::{Checker, problems};
use crate::base::Span;
use crate::bytecode::{Channel, MessageTarget};
use crate::syntax::ast;

pub(super) fn channel(channel: ast::Channel) -> Channel {
    match channel {
        ast::Channel::Email => Channel::Email,
        ast::Channel::Sms => Channel::Sms,
        ast::Channel::Push => Channel::Push,
    }
}

impl Checker<'_, '_> {
    /// The message an event is about; `None` after a finding, or where a sequence is checked by itself.
    pub(super) fn message_target(&mut self, arg: &ast::Arg) -> Option<MessageTarget> {
        match arg {
            ast::Arg::Any(any) => Some(MessageTarget::Any(match any.kind {
                ast::AnyKind::Email => Some(Channel::Email),
                ast::AnyKind::Sms => Some(Channel::Sms),
                ast::AnyKind::Push => Some(Channel::Push),
                ast::AnyKind::Message => None,
            })),
            ast::Arg::Expr(ast::Expr { kind: ast::ExprKind::Path(path), .. }) if path.rest.is_empty() => self.named_target(&path.root),
            ast::Arg::Expr(ast::Expr { kind: ast::ExprKind::Text(text), .. }) => {
                let name = ast::Name { text: text.value.clone(), span: text.span };
                self.named_target(&name)
            }
            ast::Arg::Expr(expr) => {
                self.report(problems::arguments(expr.span, "this event", "a message, a step's name, `email`, or `any email`"));
                None
            }
        }
    }

    fn named_target(&mut self, name: &ast::Name) -> Option<MessageTarget> {
        match self.scope.param(&name.text) {
            Some(Binding::Message(id)) => return Some(MessageTarget::Message(*id)),
            Some(Binding::Open(OpenKind::Message(channel))) => return Some(MessageTarget::Any(Some(*channel))),
            Some(_) | None => {}
        }
        if let Some(step) = self.scope.steps.get(name.text.as_ref()).copied() {
            if step.channel.is_none() {
                self.report(problems::step_sends_nothing(name.span, &name.text, step.span));
                return None;
            }
            return Some(MessageTarget::Step(step.id));
        }
        if let Some(message) = self.message(&name.text) {
            return Some(MessageTarget::Message(message));
        }
        if self.scope.is_test
            && let Some(step) = self.steps.iter().find(|step| step.name.as_deref() == Some(name.text.as_ref()) && step.channel.is_some())
        {
            return Some(MessageTarget::Step(step.id));
        }
        match name.text.as_ref() {
            "email" => self.latest(Channel::Email, name.span),
            "sms" => self.latest(Channel::Sms, name.span),
            "push" => self.latest(Channel::Push, name.span),
            _ => {
                let finding = self.unknown_message_name(name);
                self.report(finding);
                None
            }
        }
    }

    fn latest(&mut self, channel: Channel, span: Span) -> Option<MessageTarget> {
        if self.scope.since == Since::Ever && !self.scope.is_test {
            self.report(problems::no_path_here(span, channel.word()));
            return None;
        }
        Some(MessageTarget::Latest(channel))
    }

    pub(super) fn unknown_message_name(&self, name: &ast::Name) -> crate::diagnostics::Diagnostic {
        let known = self.names.messages.names().chain(self.scope.steps.keys().map(String::as_str));
        problems::unknown_message(name.span, &name.text, known)
    }
}
