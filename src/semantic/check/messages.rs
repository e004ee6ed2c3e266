//! Messages, declared and inline.

use super::content::Parts;
use super::{Checker, declarations::was, targets};
use crate::base::Span;
use crate::bytecode::{Channel, MessageId};
use crate::semantic::hir::{Message, MessageContent};
use crate::syntax::ast;

impl Checker<'_, '_> {
    /// The declared messages, by their ids.
    pub(super) fn declared_messages(&mut self) {
        let names = self.names;
        for (at, message) in names.messages.iter().enumerate() {
            let decl = message.decl;
            let channel = targets::channel(decl.channel);
            let parts = match &decl.content {
                ast::MessageContent::Text(text) => self.sms_text(text, channel),
                ast::MessageContent::Attrs(attrs) => self.message_parts(channel, attrs, message.span),
            };
            self.template_uses.insert(MessageId::from_index(at), parts.uses.clone());
            let made = Message {
                name: Some(message.name.clone()),
                was: was(decl.was.as_ref()),
                doc: decl.doc.as_ref().map(|doc| doc.text.clone()),
                ..self.message_of(channel, parts, decl.span)
            };
            self.project.messages.push(made);
        }
    }

    fn message_of(&self, channel: Channel, parts: Parts, span: Span) -> Message {
        let content: MessageContent = parts.content.unwrap_or(MessageContent::Error);
        let (is_transactional, topic, variants) = (parts.is_transactional, parts.topic, parts.variants);
        Message { name: None, was: None, channel, is_transactional, topic, content, variants, doc: None, span }
    }

    /// `sms "…"` as a step.
    pub(super) fn inline_sms(&mut self, text: &ast::Text, channel: Channel, span: Span) -> MessageId {
        let parts = self.sms_text(text, channel);
        self.inline(parts, channel, span)
    }

    /// `email { … }` as a step.
    pub(super) fn inline_message(&mut self, channel: Channel, attrs: &[ast::MessageAttr], span: Span) -> MessageId {
        let head = Span { end: span.start.saturating_add(u32::try_from(channel.word().len()).unwrap_or(0)), ..span };
        let parts = self.message_parts(channel, attrs, head);
        self.inline(parts, channel, span)
    }

    fn inline(&mut self, parts: Parts, channel: Channel, span: Span) -> MessageId {
        self.check_uses_here(&parts.uses);
        if let Some(known) = self.inline.get(&span) {
            return *known;
        }
        let id = MessageId::from_index(self.project.messages.len());
        let message = self.message_of(channel, parts, span);
        self.project.messages.push(message);
        self.inline.insert(span, id);
        id
    }

    fn sms_text(&mut self, text: &ast::Text, channel: Channel) -> Parts {
        let attr = ast::MessageAttr { span: text.span, kind: ast::MessageAttrKind::Text(ast::TextSource::Inline(text.clone())) };
        self.message_parts(channel, std::slice::from_ref(&attr), text.span)
    }
}
