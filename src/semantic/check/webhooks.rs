//! Outgoing webhooks.

use super::{Checker, problems};
use crate::semantic::hir::{Template, Webhook};
use crate::syntax::ast::{self, WebhookAttrKind as Kind};
use std::mem::discriminant;
use std::sync::Arc;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl Checker<'_, '_> {
    pub(super) fn webhooks(&mut self) {
        let names = self.names;
        for webhook in names.webhooks.iter() {
            let span = webhook.span;
            let placeholder = Template { source: Arc::from(""), is_html: false, variables: Vec::new(), span };
            let mut made = Webhook {
                name: webhook.name.clone(),
                url: placeholder,
                method: "POST".into(),
                headers: Vec::new(),
                secret_env: None,
                secret_literal: None,
                body: None,
                timeout: None,
                doc: webhook.decl.doc.as_ref().map(|doc| doc.text.clone()),
                span: webhook.decl.span,
            };
            self.webhook_lines(&webhook.decl.attrs, &mut made);
            if !webhook.decl.attrs.iter().any(|attr| matches!(attr.kind, Kind::Url(_) | Kind::Error)) {
                self.report(problems::missing_part(span, "webhook", &["url"]));
            }
            self.project.webhooks.push(made);
        }
    }

    fn webhook_lines(&mut self, attrs: &[ast::WebhookAttr], made: &mut Webhook) {
        let mut seen: Vec<&ast::WebhookAttr> = Vec::new();
        for attr in attrs {
            let is_secret = |kind: &Kind| matches!(kind, Kind::SecretText(_) | Kind::SecretEnv(_));
            let first = seen.iter().find(|other| discriminant(&other.kind) == discriminant(&attr.kind) || (is_secret(&other.kind) && is_secret(&attr.kind)));
            if let Some(first) = first.map(|other| other.span) {
                self.report(problems::line_twice(attr.span, first));
                continue;
            }
            seen.push(attr);
            self.webhook_line(attr, made);
        }
    }

    fn webhook_line(&mut self, attr: &ast::WebhookAttr, made: &mut Webhook) {
        match &attr.kind {
            Kind::Url(text) => {
                let is_address = ["http://", "https://", "{{"].iter().any(|start| text.value.starts_with(start));
                if !is_address {
                    self.report(problems::url_not_absolute(text.span, &text.value));
                }
                made.url = self.webhook_template(text);
            }
            Kind::Method(name) => {
                let upper = name.text.to_ascii_uppercase();
                if METHODS.contains(&upper.as_str()) {
                    made.method = upper.into();
                } else {
                    self.report(problems::unknown_method(name.span, &name.text, METHODS.iter().copied()));
                }
            }
            Kind::SecretText(text) => made.secret_literal = Some(text.value.clone()),
            Kind::SecretEnv(text) => made.secret_env = Some(text.value.clone()),
            Kind::Headers(object) => {
                let (headers, uses) = self.header_templates(object);
                self.check_uses_here(&uses);
                made.headers = headers;
            }
            Kind::Body(object) => made.body = Some(self.object(object)),
            Kind::Timeout(duration) => made.timeout = Some(self.duration(duration)),
            Kind::Error => {}
        }
    }

    /// A webhook's own templates see what every contact has; what a step adds goes into its object.
    fn webhook_template(&mut self, text: &ast::Text) -> Template {
        let (template, uses) = self.template(text);
        self.check_uses_here(&uses);
        template
    }
}
