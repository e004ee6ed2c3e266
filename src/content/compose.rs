//! From an effect to what is sent: templates rendered, addresses read, headers and links made.
//!
//! A failure here is the message's, not the provider's: the effect fails for good, and its reason goes on the journal.

use super::addresses::{Mailbox, parse_mailbox, parse_mailboxes};
use super::effect_text::effect_id_text;
use super::footer::{Footer, with_preheader};
use super::headers::{ListHeaders, feedback_id, has_control, list_headers};
use super::message::{EmailMessage, Outgoing, PushMessage, SmsMessage, WebhookCall};
use super::tokens::{KeyRing, ShortKind};
use super::tracking::Links;
use super::webhook::{WebhookData, default_webhook_body};
use crate::bytecode::{Attachment, MessageContent, MessageDef, MessageId, NotifyDef, NotifyId, Program, TemplateId, WebhookDef, WebhookId};
use crate::lang::{Instant, Record, Value, Zone, is_header_name, is_reserved_header, to_json};
use crate::template::{Escaping, RenderError, Templates};
use std::sync::Arc;

/// Where links lead and who sends, as the project file says; the program's own lines win.
#[derive(Debug)]
pub struct Settings {
    /// Where the tracking routes are reached, without a slash at its end.
    pub public_url: String,
    /// The project's name where the program has none.
    pub project: String,
    /// The sender where the program names none.
    pub from: Option<String>,
    /// The postal address where the program has none.
    pub postal_address: Option<String>,
    /// `[email] bounce_domain`: envelope senders say which sending a bounce is about.
    pub bounce_domain: Option<String>,
    /// The domain whose mail reaches us, for unsubscribing by mail.
    pub inbound_domain: Option<String>,
    /// Signs tokens.
    pub keys: KeyRing,
}

/// What composing needs to know of an effect.
#[derive(Clone, Copy, Debug)]
pub struct EffectFacts<'a> {
    /// The effect.
    pub effect_id: [u8; 20],
    /// The contact.
    pub contact_uid: u64,
    /// The contact's id as the API shows it.
    pub contact_id: &'a str,
    /// The contact's address.
    pub contact_email: Option<&'a str>,
    /// The campaign's name.
    pub campaign: &'a str,
    /// The step's identity.
    pub step: &'a str,
    /// The lasting id of the message's topic; 0 without one.
    pub topic: u32,
    /// What templates read.
    pub frozen: &'a Record,
    /// The zone they show moments in.
    pub zone: &'a Zone,
    /// When it was decided.
    pub at: Instant,
    /// Whether it passes an unsubscribe.
    pub is_transactional: bool,
}

/// Who gets a message.
#[derive(Clone, Copy, Debug)]
pub struct Recipients<'a> {
    /// The address, number or device.
    pub to: &'a str,
    /// Copies.
    pub cc: &'a [Arc<str>],
    /// Blind copies.
    pub bcc: &'a [Arc<str>],
}

/// What a webhook tells.
#[derive(Clone, Copy, Debug)]
pub struct WebhookInput<'a> {
    /// Its own `body { … }`, computed; else the default shape is made.
    pub body: Option<&'a Value>,
    /// The step's object, for the default shape.
    pub object: Option<&'a Value>,
    /// Whether the enrollment waits for the answer.
    pub wants_answer: bool,
}

/// Why an effect cannot be composed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComposeError {
    /// A template failed for this contact.
    Template {
        /// Which part: `subject`, `body`, the name of a header.
        part: String,
        /// How.
        error: RenderError,
    },
    /// A header, name or address came out with control characters in it.
    Control {
        /// Which part.
        part: String,
    },
    /// What should be an address or a URL is none.
    Address {
        /// Which part.
        part: String,
    },
    /// The program has no such entry.
    Missing,
}

impl ComposeError {
    /// The stable word of the journal.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            ComposeError::Template { .. } | ComposeError::Missing => "template",
            ComposeError::Control { .. } => "header rejected",
            ComposeError::Address { .. } => "no address",
        }
    }
}

impl std::fmt::Display for ComposeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ComposeError::Template { part, error } => write!(f, "{part}: {error}"),
            ComposeError::Control { part } => write!(f, "{part}: holds a line break or another control character"),
            ComposeError::Address { part } => write!(f, "{part}: is no address"),
            ComposeError::Missing => f.write_str("the program has no such message"),
        }
    }
}

impl std::error::Error for ComposeError {}

/// One program's messages, parsed once and composed many times, from any thread.
#[derive(Debug)]
pub struct Composer {
    program: Arc<Program>,
    templates: Templates,
    settings: Settings,
    project: Arc<Record>,
}

impl Composer {
    /// Parses all templates of `program`. An error means the program was not checked.
    pub fn new(program: Arc<Program>, settings: Settings) -> Result<Composer, RenderError> {
        let mut templates = Templates::new();
        for (number, template) in program.templates.iter().enumerate() {
            let escaping = if template.is_html { Escaping::Html } else { Escaping::None };
            templates.add(&number.to_string(), escaping, &template.source)?;
        }
        let mut composer = Composer { program, templates, settings, project: Arc::default() };
        let address = composer.address().map_or(Value::Unset, Value::text);
        let known = [("name", Value::text(composer.project_name())), ("address", address), ("public_url", Value::text(composer.settings.public_url.as_str()))];
        composer.project = Arc::new(known.into_iter().map(|(name, value)| (Arc::from(name), value)).collect());
        Ok(composer)
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// An email, SMS or push message, in one of its languages (by the number of the variant; none = its plain lines).
    pub fn message(&self, facts: &EffectFacts<'_>, (id, variant): (MessageId, Option<u16>), recipients: &Recipients<'_>) -> Result<Outgoing, ComposeError> {
        let message = self.program.messages.get(id.index()).ok_or(ComposeError::Missing)?;
        let links = self.links(facts);
        let render = Rendering { composer: self, facts, scope: self.scope(facts, &links) };
        let content = message.content_of(variant);
        match content {
            MessageContent::Email { .. } => self.email(&render, (message, content), recipients, &links).map(Outgoing::Email),
            MessageContent::Sms { text } => {
                let text: String = render.part("text", *text)?.trim().chars().filter(|c| *c == '\n' || !c.is_control()).collect();
                Ok(Outgoing::Sms(SmsMessage { to: recipients.to.to_owned(), text, status_url: Some(links.sms_status()) }))
            }
            MessageContent::Push { title, body, link } => Ok(Outgoing::Push(PushMessage {
                to: recipients.to.to_owned(),
                title: render.part("title", *title)?.trim().to_owned(),
                body: render.part("body", *body)?.trim().to_owned(),
                link: link.map(|link| render.line("link", link)).transpose()?,
            })),
        }
    }

    /// Mail to the team: no tracking, no footer.
    pub fn notify(&self, facts: &EffectFacts<'_>, id: NotifyId) -> Result<Outgoing, ComposeError> {
        let NotifyDef { to, subject, body, .. } = self.program.notifies.get(id.index()).ok_or(ComposeError::Missing)?;
        let links = self.links(facts);
        let render = Rendering { composer: self, facts, scope: self.scope(facts, &links) };
        let to = parse_mailboxes(&render.line("to", *to)?).ok_or_else(|| address_of("to"))?;
        let from = self.sender(&render, None)?;
        let text = match body {
            Some(body) => render.part("body", *body)?,
            None => format!("{} in the campaign \"{}\", step {}.\n", facts.contact_email.unwrap_or(facts.contact_id), facts.campaign, facts.step),
        };
        Ok(Outgoing::Notify(EmailMessage {
            message_id: format!("<{}@{}>", effect_id_text(&facts.effect_id), from.domain()),
            reply_to: None,
            to,
            cc: Vec::new(),
            bcc: Vec::new(),
            subject: render.line("subject", *subject)?,
            html: None,
            text,
            headers: vec![auto_submitted()],
            date: facts.at,
            envelope_from: None,
            attachments: Vec::new(),
            from,
        }))
    }

    /// A call of a webhook.
    pub fn webhook(&self, facts: &EffectFacts<'_>, id: WebhookId, input: &WebhookInput<'_>) -> Result<Outgoing, ComposeError> {
        let WebhookDef { url, method, headers, secret_env, secret_literal, timeout, .. } =
            self.program.webhooks.get(id.index()).ok_or(ComposeError::Missing)?;
        let links = self.links(facts);
        let render = Rendering { composer: self, facts, scope: self.scope(facts, &links) };
        let url = render.line("url", *url)?;
        let is_web = url.starts_with("http://") || url.starts_with("https://");
        let body = match input.body {
            Some(body) => to_json(body),
            None => default_webhook_body(&WebhookData {
                at: facts.at,
                object: input.object,
                contact_id: facts.contact_id,
                contact_email: facts.contact_email,
                campaign: facts.campaign,
                step: facts.step,
            }),
        };
        let headers: Result<Vec<_>, _> = headers.iter().map(|(name, value)| Ok((name.to_string(), render.line(name, *value)?))).collect();
        Ok(Outgoing::Webhook(WebhookCall {
            url: if is_web { url } else { return Err(address_of("url")) },
            method: method.to_ascii_uppercase(),
            headers: headers?,
            body: body.to_string().into_bytes(),
            secret_env: secret_env.as_deref().map(str::to_owned),
            secret_literal: secret_literal.as_deref().map(str::to_owned),
            timeout_ms: timeout.map(|timeout| u32::try_from(timeout.approximate_millis().max(0)).unwrap_or(u32::MAX)),
            wants_answer: input.wants_answer,
        }))
    }

    fn email(
        &self,
        render: &Rendering<'_>,
        (message, content): (&MessageDef, &MessageContent),
        recipients: &Recipients<'_>,
        links: &Links<'_>,
    ) -> Result<EmailMessage, ComposeError> {
        let MessageContent::Email { subject, html, text, from, reply_to, preheader, attachments, headers, .. } = content else {
            return Err(ComposeError::Missing);
        };
        let from = self.sender(render, *from)?;
        let reply_to = match reply_to {
            Some(reply_to) => Some(parse_mailbox(&render.line("reply to", *reply_to)?).ok_or_else(|| address_of("reply to"))?),
            None => self.program.project.reply_to.as_deref().and_then(parse_mailbox),
        };
        let mut html = html.map(|html| render.part("body", html)).transpose()?;
        let mut text = render.part("body", *text)?;
        if !message.is_transactional {
            self.add_footer(links, render.facts.topic, &mut html, &mut text);
        }
        if let (Some(preheader), Some(body)) = (preheader, html.as_mut()) {
            *body = with_preheader(body, &render.line("preheader", *preheader)?);
        }
        let own = self.own_headers(render, message, &from, links);
        Ok(EmailMessage {
            reply_to,
            to: parse_mailboxes(recipients.to).ok_or_else(|| address_of("to"))?,
            cc: copies("cc", recipients.cc)?,
            bcc: copies("bcc", recipients.bcc)?,
            subject: render.line("subject", *subject)?,
            html: html.map(|html| links.track(&html)),
            text,
            headers: own.into_iter().chain(render.headers(headers)?).collect(),
            message_id: format!("<{}@{}>", effect_id_text(&render.facts.effect_id), from.domain()),
            date: render.facts.at,
            envelope_from: self
                .settings
                .bounce_domain
                .as_ref()
                .map(|domain| format!("b+{}@{domain}", self.settings.keys.encode_short(ShortKind::Bounce, render.facts.contact_uid, &render.facts.effect_id))),
            attachments: attachments.iter().map(Attachment::clone).collect(),
            from,
        })
    }

    /// Either part gets the footer where it has no unsubscribe link of its own; looked at in what was rendered, since a link
    /// behind an `{% if %}` may not be there for this contact.
    fn add_footer(&self, links: &Links<'_>, topic: u32, html: &mut Option<String>, text: &mut String) {
        let unsubscribe_url = links.unsubscribe(topic);
        let project = self.project_name();
        let preferences_url = (!self.program.topics.is_empty()).then(|| links.preferences());
        let footer = Footer { project: &project, address: self.address(), unsubscribe_url: &unsubscribe_url, preferences_url: preferences_url.as_deref() };
        if let Some(body) = html.as_mut().filter(|body| !body.contains(&unsubscribe_url)) {
            *body = footer.onto_html(body);
        }
        if !text.contains(&unsubscribe_url) {
            *text = footer.onto_text(text);
        }
    }

    fn own_headers(&self, render: &Rendering<'_>, message: &MessageDef, from: &Mailbox, links: &Links<'_>) -> Vec<(String, String)> {
        let facts = render.facts;
        let project = self.project_name();
        let mut headers = Vec::new();
        if message.is_transactional {
            headers.push(auto_submitted());
        } else {
            let by_mail = self.settings.inbound_domain.as_ref().map(|domain| {
                format!("unsubscribe+{}@{domain}", self.settings.keys.encode_short(ShortKind::UnsubscribeByMail, facts.contact_uid, &facts.effect_id))
            });
            let topic = message.topic.and_then(|topic| self.program.topics.get(topic.index()));
            headers = list_headers(&ListHeaders {
                unsubscribe_url: &links.unsubscribe(facts.topic),
                unsubscribe_mail: by_mail.as_deref(),
                topic: topic.map(|topic| (&*topic.name, &*topic.title)),
                project: &project,
                domain: from.domain(),
            });
        }
        headers.push(feedback_id(facts.campaign, facts.step, &project, from.domain()));
        headers
    }

    fn sender(&self, render: &Rendering<'_>, from: Option<TemplateId>) -> Result<Mailbox, ComposeError> {
        let text = match from {
            Some(from) => render.line("from", from)?,
            None => match self.program.project.from.as_deref().or(self.settings.from.as_deref()) {
                Some(from) => from.to_owned(),
                // A first run without any set-up writes files; they want a sender too.
                None => "noreply@localhost".to_owned(),
            },
        };
        parse_mailbox(&text).ok_or_else(|| address_of("from"))
    }

    fn project_name(&self) -> String {
        let name = &self.program.project.name;
        if name.is_empty() { self.settings.project.clone() } else { name.to_string() }
    }

    fn address(&self) -> Option<&str> {
        self.program.project.address.as_deref().or(self.settings.postal_address.as_deref()).map(str::trim).filter(|address| !address.is_empty())
    }

    fn links(&self, facts: &EffectFacts<'_>) -> Links<'_> {
        let public_url = self.settings.public_url.trim_end_matches('/');
        Links { keys: &self.settings.keys, public_url, contact_uid: facts.contact_uid, effect_id: facts.effect_id }
    }

    fn scope(&self, facts: &EffectFacts<'_>, links: &Links<'_>) -> Record {
        let mut scope = facts.frozen.clone();
        let campaign: Record = [(Arc::from("name"), Value::text(facts.campaign))].into_iter().collect();
        scope.insert(Arc::from("campaign"), Value::Record(Arc::new(campaign)));
        scope.insert(Arc::from("project"), Value::Record(Arc::clone(&self.project)));
        scope.insert(Arc::from("unsubscribe_url"), Value::text(links.unsubscribe(facts.topic)));
        scope.insert(Arc::from("preferences_url"), Value::text(links.preferences()));
        scope.insert(Arc::from("view_url"), Value::text(links.view()));
        scope
    }
}

/// The templates of one effect being rendered.
struct Rendering<'a> {
    composer: &'a Composer,
    facts: &'a EffectFacts<'a>,
    scope: Record,
}

impl Rendering<'_> {
    fn part(&self, part: &str, id: TemplateId) -> Result<String, ComposeError> {
        let id = crate::template::TemplateId::from_index(id.index());
        self.composer.templates.render_id(id, &self.scope, self.facts.zone).map_err(|error| ComposeError::Template { part: part.to_owned(), error })
    }

    /// A part that must be one line.
    fn line(&self, part: &str, id: TemplateId) -> Result<String, ComposeError> {
        let text = self.part(part, id)?.trim().to_owned();
        if has_control(&text) { Err(ComposeError::Control { part: part.to_owned() }) } else { Ok(text) }
    }

    fn headers(&self, headers: &[(Arc<str>, TemplateId)]) -> Result<Vec<(String, String)>, ComposeError> {
        // The checker lets none of the others pass; an older program may hold some.
        let settable = headers.iter().filter(|(name, _)| is_header_name(name) && !is_reserved_header(name));
        settable.map(|(name, value)| Ok((name.to_string(), self.line(name, *value)?))).collect()
    }
}

fn auto_submitted() -> (String, String) {
    ("Auto-Submitted".to_owned(), "auto-generated".to_owned())
}

fn address_of(part: &str) -> ComposeError {
    ComposeError::Address { part: part.to_owned() }
}

fn copies(part: &str, addresses: &[Arc<str>]) -> Result<Vec<Mailbox>, ComposeError> {
    let lists: Result<Vec<Vec<Mailbox>>, ComposeError> = addresses.iter().map(|list| parse_mailboxes(list).ok_or_else(|| address_of(part))).collect();
    lists.map(|lists| lists.concat())
}
