//! What a message says: its lines, by channel.

use super::templates::TemplateUse;
use super::{Checker, problems};
use crate::base::Span;
use crate::bytecode::{Attachment, Channel, TopicId};
use crate::lang::{is_header_name, is_reserved_header};
use crate::semantic::hir::{MessageContent, MessageVariant, Recipient, Template};
use crate::syntax::ast::{self, MessageAttrKind as Kind};
use std::mem::discriminant;
use std::sync::Arc;

/// What the lines of a message come to.
#[derive(Clone, Default)]
pub(super) struct Parts {
    pub content: Option<MessageContent>,
    pub is_transactional: bool,
    pub topic: Option<TopicId>,
    pub uses: Vec<TemplateUse>,
    pub variants: Vec<MessageVariant>,
}

#[derive(Clone, Default)]
struct Lines {
    parts: Parts,
    subject: Option<Template>,
    html: Option<Template>,
    body: Option<Template>,
    text: Option<Template>,
    title: Option<Template>,
    link: Option<Template>,
    from: Option<Template>,
    reply_to: Option<Template>,
    preheader: Option<Template>,
    to: Option<Recipient>,
    cc: Option<Recipient>,
    bcc: Option<Recipient>,
    attachments: Vec<Attachment>,
    headers: Vec<(Arc<str>, Template)>,
    has_unsubscribe_link: bool,
    /// A part is there but could not be read: what is missing for it has been told.
    is_poisoned: bool,
}

impl Lines {
    /// Whether the parts that a message must have are there.
    fn is_whole(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.subject.is_some() && self.body.is_some(),
            Channel::Sms => self.text.is_some(),
            Channel::Push => self.title.is_some() && self.body.is_some(),
        }
    }
}

impl Checker<'_, '_> {
    /// The lines of a message; `name` is where a missing part is reported.
    pub(super) fn message_parts(&mut self, channel: Channel, attrs: &[ast::MessageAttr], name: Span) -> Parts {
        let mut lines = Lines::default();
        let mut seen: Vec<&ast::MessageAttr> = Vec::new();
        for attr in attrs {
            if !is_repeatable(&attr.kind) {
                if let Some(first) = seen.iter().find(|other| discriminant(&other.kind) == discriminant(&attr.kind)).map(|other| other.span) {
                    self.report(problems::line_twice(attr.span, first));
                    continue;
                }
                seen.push(attr);
            }
            if belongs(channel, &attr.kind) {
                self.message_line(attr, channel, &mut lines);
            } else {
                self.report(problems::line_of_other_channel(attr.span, channel.word()));
                lines.is_poisoned = true;
            }
        }
        let variants = self.variants(channel, attrs, &mut lines);
        Parts { variants, ..self.assemble(channel, lines, name) }
    }

    /// What the message says in other languages: its own lines, with those of the variant in their place.
    fn variants(&mut self, channel: Channel, attrs: &[ast::MessageAttr], lines: &mut Lines) -> Vec<MessageVariant> {
        let mut variants: Vec<(MessageVariant, Span)> = Vec::new();
        for attr in attrs {
            let Kind::Locale { locale, attrs } = &attr.kind else { continue };
            if let Some((_, first)) = variants.iter().find(|(known, _)| known.locale == locale.value) {
                self.report(problems::line_twice(attr.span, *first));
                continue;
            }
            let declared = &self.project.info.locales;
            if !declared.is_empty() && !declared.contains(&locale.value) {
                let finding = problems::unknown_locale(locale.span, &locale.value, declared.iter().map(AsRef::as_ref));
                self.report(finding);
            }
            let content = self.variant(channel, attrs, (lines, attr.span));
            if let Some(content) = content {
                variants.push((MessageVariant { locale: locale.value.clone(), content }, attr.span));
            }
        }
        variants.into_iter().map(|(variant, _)| variant).collect()
    }

    fn variant(&mut self, channel: Channel, attrs: &[ast::MessageAttr], (lines, span): (&mut Lines, Span)) -> Option<MessageContent> {
        let mut own = lines.clone();
        own.parts.uses.clear();
        // A body in another language does not go with the text part of this one.
        if attrs.iter().any(|attr| matches!(attr.kind, Kind::Body(_))) {
            own.text = None;
        }
        for attr in attrs {
            match &attr.kind {
                Kind::Topic(_) | Kind::Transactional | Kind::Locale { .. } => self.report(problems::not_in_locale(attr.span)),
                kind if belongs(channel, kind) => self.message_line(attr, channel, &mut own),
                _ => self.report(problems::line_of_other_channel(attr.span, channel.word())),
            }
        }
        lines.parts.uses.append(&mut own.parts.uses);
        // What the message itself lacks has been told, or is told with it.
        let is_whole = lines.is_whole(channel);
        own.is_poisoned |= !is_whole;
        self.assemble(channel, own, span).content
    }

    fn message_line(&mut self, attr: &ast::MessageAttr, channel: Channel, lines: &mut Lines) {
        match &attr.kind {
            Kind::Subject(text) => lines.subject = Some(self.line_template(text, lines)),
            Kind::Title(text) => lines.title = Some(self.line_template(text, lines)),
            Kind::From(text) => lines.from = Some(self.line_template(text, lines)),
            Kind::ReplyTo(text) => lines.reply_to = Some(self.line_template(text, lines)),
            Kind::Preheader(text) => lines.preheader = Some(self.line_template(text, lines)),
            Kind::Link(text) => {
                if !text.value.contains("://") && !text.value.starts_with("{{") {
                    self.report(problems::relative_link(text.span, &text.value));
                }
                lines.link = Some(self.line_template(text, lines));
            }
            Kind::Body(source) => self.body_line(source, channel, lines),
            Kind::Text(source) => match self.plain_text(source) {
                Some((template, uses)) => {
                    self.check_sms_parts(channel, source);
                    lines.parts.uses.extend(uses);
                    lines.text = Some(template);
                }
                None => lines.is_poisoned = true,
            },
            Kind::Topic(topic) => lines.parts.topic = self.topic_ref(topic),
            Kind::Transactional => lines.parts.is_transactional = true,
            Kind::To(address) => lines.to = self.recipient(address),
            Kind::Cc(address) => lines.cc = self.recipient(address),
            Kind::Bcc(address) => lines.bcc = self.recipient(address),
            Kind::Attach(path) => self.attachment(path, lines),
            Kind::Headers(object) => {
                self.check_header_names(object);
                let (headers, uses) = self.header_templates(object);
                lines.headers = headers;
                lines.parts.uses.extend(uses);
            }
            // Read behind all other lines, which they stand in for.
            Kind::Locale { .. } => {}
            Kind::Error => lines.is_poisoned = true,
        }
    }

    fn line_template(&mut self, text: &ast::Text, lines: &mut Lines) -> Template {
        let (template, uses) = self.template(text);
        lines.parts.uses.extend(uses);
        template
    }

    fn body_line(&mut self, source: &ast::TextSource, channel: Channel, lines: &mut Lines) {
        if channel != Channel::Email {
            match self.plain_text(source) {
                Some((template, uses)) => {
                    lines.parts.uses.extend(uses);
                    lines.body = Some(template);
                }
                None => lines.is_poisoned = true,
            }
            return;
        }
        match self.body(source) {
            Some(body) => {
                lines.has_unsubscribe_link = body.uses.iter().any(|used| used.path.first().is_some_and(|root| root.as_ref() == "unsubscribe_url"));
                lines.html = body.html;
                lines.body = Some(body.text);
                lines.parts.uses.extend(body.uses);
            }
            None => lines.is_poisoned = true,
        }
    }

    fn recipient(&mut self, address: &ast::Address) -> Option<Recipient> {
        match address {
            ast::Address::Text(text) => Some(Recipient::Address(text.value.clone())),
            ast::Address::Path(path) => {
                let value = self.path(path);
                let value = self.expect_type(value, &crate::lang::Type::Text, "a text that holds an address");
                if value.is_error() { None } else { Some(Recipient::Value(value)) }
            }
        }
    }

    fn attachment(&mut self, path: &ast::Text, lines: &mut Lines) {
        let Some(bytes) = self.asset(path) else { return };
        let name = path.value.rsplit('/').next().unwrap_or("").into();
        lines.attachments.push(Attachment { name, mime: media_type(&path.value).into(), bytes: bytes.into() });
    }

    /// What a mail says of itself is not for its source to say.
    fn check_header_names(&mut self, object: &ast::Object) {
        for pair in &object.pairs {
            if !is_header_name(&pair.key.text) {
                self.report(problems::no_header_name(pair.key.span, &pair.key.text));
            } else if is_reserved_header(&pair.key.text) {
                self.report(problems::reserved_header(pair.key.span, &pair.key.text));
            }
        }
    }

    /// Headers, whose values are templates.
    pub(super) fn header_templates(&mut self, object: &ast::Object) -> (Vec<(Arc<str>, Template)>, Vec<TemplateUse>) {
        let mut headers: Vec<(Arc<str>, Template)> = Vec::new();
        let mut all = Vec::new();
        for pair in &object.pairs {
            let ast::Value::Expr(ast::Expr { kind: ast::ExprKind::Text(text), .. }) = &pair.value else {
                self.report(problems::header_needs_text(pair.value.span()));
                continue;
            };
            let (template, uses) = self.template(text);
            all.extend(uses);
            headers.push((pair.key.text.clone(), template));
        }
        (headers, all)
    }

    fn assemble(&mut self, channel: Channel, lines: Lines, name: Span) -> Parts {
        let mut parts = lines.parts;
        let missing: Vec<&str> = match channel {
            Channel::Email => [("subject", lines.subject.is_none()), ("body", lines.body.is_none())].iter().filter(|(_, m)| *m).map(|(w, _)| *w).collect(),
            Channel::Sms => {
                if lines.text.is_none() {
                    vec!["text"]
                } else {
                    Vec::new()
                }
            }
            Channel::Push => [("title", lines.title.is_none()), ("body", lines.body.is_none())].iter().filter(|(_, m)| *m).map(|(w, _)| *w).collect(),
        };
        if !missing.is_empty() {
            if !lines.is_poisoned {
                self.report(problems::missing_part(name, channel.word(), &missing));
            }
            return parts;
        }
        let is_marketing = !parts.is_transactional;
        if channel == Channel::Email && is_marketing && !lines.has_unsubscribe_link && self.project.info.address.is_none() {
            self.without_footer.insert(name);
        }
        parts.content = match (channel, lines.subject, lines.body, lines.text, lines.title) {
            (Channel::Email, Some(subject), Some(body), text, _) => Some(MessageContent::Email {
                subject,
                html: lines.html,
                text: text.unwrap_or(body),
                from: lines.from,
                reply_to: lines.reply_to,
                preheader: lines.preheader,
                to: lines.to,
                cc: lines.cc,
                bcc: lines.bcc,
                attachments: lines.attachments,
                headers: lines.headers,
                has_unsubscribe_link: lines.has_unsubscribe_link,
            }),
            (Channel::Sms, _, _, Some(text), _) => Some(MessageContent::Sms { text }),
            (Channel::Push, _, Some(body), _, Some(title)) => Some(MessageContent::Push { title, body, link: lines.link }),
            (Channel::Email | Channel::Sms | Channel::Push, _, _, _, _) => None,
        };
        parts
    }
}

fn is_repeatable(kind: &Kind) -> bool {
    matches!(kind, Kind::Attach(_) | Kind::Locale { .. } | Kind::Error)
}

fn belongs(channel: Channel, kind: &Kind) -> bool {
    match kind {
        Kind::Topic(_) | Kind::Transactional | Kind::Locale { .. } | Kind::Error => true,
        Kind::Subject(_)
        | Kind::From(_)
        | Kind::ReplyTo(_)
        | Kind::Preheader(_)
        | Kind::To(_)
        | Kind::Cc(_)
        | Kind::Bcc(_)
        | Kind::Attach(_)
        | Kind::Headers(_) => channel == Channel::Email,
        Kind::Body(_) => channel != Channel::Sms,
        Kind::Text(_) => channel != Channel::Push,
        Kind::Title(_) | Kind::Link(_) => channel == Channel::Push,
    }
}

fn media_type(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("pdf") => "application/pdf",
        Some("txt") => "text/plain",
        Some("csv") => "text/csv",
        Some("html" | "htm") => "text/html",
        Some("ics") => "text/calendar",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}
