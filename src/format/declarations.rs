//! What stands at the top of a file.

use super::stream::{Flow, Gap};
use crate::base::Span;
use crate::syntax::ast::{
    Decl, MessageAttr, MessageAttrKind, MessageContent, PointRule, PointRuleKind, Policy, Project, ProjectItemKind, Schema, Text, Webhook, WebhookAttrKind,
};

impl Flow<'_> {
    /// All of a file, each declaration beginning a line.
    pub(super) fn file(&mut self, decls: &[Decl]) {
        for (i, decl) in decls.iter().enumerate() {
            if i > 0 {
                self.hard();
            }
            self.declaration(decl);
            self.through(decl.span());
        }
    }

    fn declaration(&mut self, decl: &Decl) {
        match decl {
            Decl::Project(project) => self.project(project),
            Decl::Contact(contact) => self.schema(&contact.schema, Gap::Wide),
            Decl::Event(event) => {
                self.through(event.name.span);
                if !event.spellings.is_empty() {
                    self.word();
                    self.row(&event.spellings.iter().collect::<Vec<&Text>>());
                }
                self.event_schema(event.schema.as_ref());
            }
            Decl::Form(form) => {
                self.through(form.name.span);
                self.event_schema(form.schema.as_ref());
            }
            Decl::Segment(segment) => {
                self.upto(segment.condition.span.start);
                self.expr(&segment.condition);
            }
            Decl::Message(message) => match &message.content {
                MessageContent::Attrs(attrs) => {
                    self.through(message.was.as_ref().map_or(message.name.span, |was| was.span));
                    self.message_attrs(attrs);
                }
                MessageContent::Text(text) => self.through(text.span),
            },
            Decl::Webhook(webhook) => self.webhook(webhook),
            Decl::Points(points) => {
                self.word();
                if let Some(group) = &points.group {
                    self.through(group.span);
                }
                self.braces(&points.rules, Gap::Wide, Flow::point_rule);
            }
            Decl::Policy(policy) => self.policy(policy),
            Decl::Sequence(sequence) => {
                self.through(sequence.name.span);
                self.gap(Gap::Nothing);
                self.list(&sequence.params, Flow::field);
                self.block(&sequence.body);
            }
            Decl::Campaign(campaign) => {
                self.through(campaign.was.as_ref().map_or(campaign.name.span, |was| was.span));
                self.braces(&campaign.items, Gap::Wide, Flow::campaign_item);
            }
            Decl::Test(test) => {
                self.through(test.name.span);
                self.braces(&test.steps, Gap::Wide, Flow::test_step);
            }
            Decl::Use(_) | Decl::List(_) | Decl::Topic(_) | Decl::Error(_) => {}
        }
    }

    fn event_schema(&mut self, schema: Option<&Schema>) {
        if let Some(schema) = schema {
            self.schema(schema, Gap::Comma);
        }
    }

    fn project(&mut self, project: &Project) {
        self.word();
        if let Some(name) = &project.name {
            self.through(name.span);
        }
        self.braces(&project.items, Gap::Space, |flow, item| {
            if let ProjectItemKind::Locales(locales) = &item.kind {
                flow.word();
                flow.row(&locales.iter().collect::<Vec<&Text>>());
            }
            flow.through(item.span);
        });
    }

    /// `{ … }` of a message, declared or in its step.
    pub(super) fn message_attrs(&mut self, attrs: &[MessageAttr]) {
        self.braces(attrs, Gap::Space, |flow, attr| {
            match &attr.kind {
                MessageAttrKind::Headers(object) => flow.maybe_object(Some(object)),
                MessageAttrKind::Locale { locale, attrs } => {
                    flow.through(locale.span);
                    flow.message_attrs(attrs);
                }
                MessageAttrKind::Subject(_)
                | MessageAttrKind::Body(_)
                | MessageAttrKind::Text(_)
                | MessageAttrKind::Title(_)
                | MessageAttrKind::Link(_)
                | MessageAttrKind::From(_)
                | MessageAttrKind::ReplyTo(_)
                | MessageAttrKind::Preheader(_)
                | MessageAttrKind::Topic(_)
                | MessageAttrKind::Transactional
                | MessageAttrKind::To(_)
                | MessageAttrKind::Cc(_)
                | MessageAttrKind::Bcc(_)
                | MessageAttrKind::Attach(_)
                | MessageAttrKind::Error => {}
            }
            flow.through(attr.span);
        });
    }

    fn webhook(&mut self, webhook: &Webhook) {
        self.through(webhook.name.span);
        self.braces(&webhook.attrs, Gap::Space, |flow, attr| {
            match &attr.kind {
                WebhookAttrKind::Headers(object) | WebhookAttrKind::Body(object) => flow.maybe_object(Some(object)),
                WebhookAttrKind::SecretEnv(_) => {
                    flow.word();
                    flow.word();
                    flow.gap(Gap::Nothing);
                }
                WebhookAttrKind::Url(_)
                | WebhookAttrKind::Method(_)
                | WebhookAttrKind::SecretText(_)
                | WebhookAttrKind::Timeout(_)
                | WebhookAttrKind::Error => {}
            }
            flow.through(attr.span);
        });
    }

    fn point_rule(&mut self, rule: &PointRule) {
        if let PointRuleKind::On { event, delta, .. } = &rule.kind {
            self.upto(event.span.start);
            self.event_pattern(event);
            self.upto(delta.span.start);
            self.point_delta(delta);
        }
        self.through(rule.span);
    }

    fn policy(&mut self, policy: &Policy) {
        self.word();
        self.braces(&policy.items, Gap::Wide, |flow, item| flow.whole(item.span));
    }

    /// A line without any place where it may end.
    pub(super) fn whole(&mut self, span: Span) {
        self.through(span);
    }
}
