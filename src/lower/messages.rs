//! Messages, webhooks and their templates.

use super::context::Lowering;
use crate::bytecode::{MessageContent, MessageDef, MessageVariant, Recipient, TemplateDef, TemplateId, WebhookDef};
use crate::semantic::hir;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The variables of several templates, each once.
pub(super) type Variables = BTreeSet<Vec<Arc<str>>>;

impl Lowering<'_> {
    pub(super) fn messages(&mut self) {
        for message in &self.project.messages {
            let mut variables = Variables::new();
            let Some(content) = self.content(&message.content, &mut variables) else {
                self.poison(message.span);
                continue;
            };
            let variant = |variant: &hir::MessageVariant| {
                Some(MessageVariant { locale: variant.locale.clone(), content: self.content(&variant.content, &mut variables)? })
            };
            let variants = message.variants.iter().filter_map(variant).collect();
            let def = MessageDef {
                name: message.name.clone(),
                was: message.was.clone(),
                channel: message.channel,
                is_transactional: message.is_transactional,
                topic: message.topic,
                content,
                variants,
                variables: variables.into_iter().collect(),
            };
            self.builder.program.messages.push(def);
        }
    }

    fn content(&mut self, content: &hir::MessageContent, variables: &mut Variables) -> Option<MessageContent> {
        let mut part = |lowering: &mut Self, template: &hir::Template| lowering.template(template, variables);
        Some(match content {
            hir::MessageContent::Email { subject, html, text, from, reply_to, preheader, to, cc, bcc, attachments, headers, has_unsubscribe_link } => {
                MessageContent::Email {
                    subject: part(self, subject),
                    html: html.as_ref().map(|template| part(self, template)),
                    text: part(self, text),
                    from: from.as_ref().map(|template| part(self, template)),
                    reply_to: reply_to.as_ref().map(|template| part(self, template)),
                    preheader: preheader.as_ref().map(|template| part(self, template)),
                    headers: headers.iter().map(|(name, template)| (name.clone(), part(self, template))).collect(),
                    to: self.recipient(to.as_ref()),
                    cc: self.recipient(cc.as_ref()),
                    bcc: self.recipient(bcc.as_ref()),
                    attachments: attachments.clone(),
                    has_unsubscribe_link: *has_unsubscribe_link,
                }
            }
            hir::MessageContent::Sms { text } => MessageContent::Sms { text: part(self, text) },
            hir::MessageContent::Push { title, body, link } => {
                MessageContent::Push { title: part(self, title), body: part(self, body), link: link.as_ref().map(|template| part(self, template)) }
            }
            hir::MessageContent::Error => return None,
        })
    }

    fn recipient(&mut self, recipient: Option<&hir::Recipient>) -> Option<Recipient> {
        Some(match recipient? {
            hir::Recipient::Address(address) => Recipient::Address(address.clone()),
            hir::Recipient::Value(value) => Recipient::Value(self.block(value)),
        })
    }

    pub(super) fn template(&mut self, template: &hir::Template, variables: &mut Variables) -> TemplateId {
        variables.extend(template.variables.iter().cloned());
        let def = TemplateDef { source: template.source.clone(), is_html: template.is_html, variables: template.variables.clone() };
        self.builder.template(def)
    }

    pub(super) fn webhooks(&mut self) {
        for webhook in &self.project.webhooks {
            // A call is rendered with the whole contact at hand, so its variables need not be gathered.
            let mut variables = Variables::new();
            let def = WebhookDef {
                name: webhook.name.clone(),
                url: self.template(&webhook.url, &mut variables),
                method: webhook.method.clone(),
                headers: webhook.headers.iter().map(|(name, template)| (name.clone(), self.template(template, &mut variables))).collect(),
                secret_env: webhook.secret_env.clone(),
                secret_literal: webhook.secret_literal.clone(),
                body: webhook.body.as_ref().map(|body| self.block(body)),
                timeout: webhook.timeout,
            };
            self.builder.program.webhooks.push(def);
        }
    }
}
