//! What programs send: messages, templates, webhooks, notifications.

use super::{BlockId, MessageId, PlaceId, SlotId, StepId, TemplateId, TopicId, WebhookId};
use crate::lang::Duration;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Channel {
    Email,
    Sms,
    Push,
}

impl Channel {
    /// The word of the language.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Sms => "sms",
            Channel::Push => "push",
        }
    }
}

/// A template, ready to be parsed by the template engine: bodies are compiled (MJML, Markdown, inlined CSS) with their `{{ }}` intact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplateDef {
    /// The template's text.
    pub source: Arc<str>,
    /// Whether values are escaped for HTML.
    pub is_html: bool,
    /// The variables it reads, as paths: `contact`, `first_name`.
    pub variables: Vec<Vec<Arc<str>>>,
}

/// A file that goes with an email.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// The file name shown.
    pub name: Arc<str>,
    /// The media type.
    pub mime: Arc<str>,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// Who gets an email besides, or in place of, the contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Recipient {
    /// An address in the source.
    Address(Arc<str>),
    /// What a block computes (a field, a captured property).
    Value(BlockId),
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum MessageContent {
    Email {
        subject: TemplateId,
        html: Option<TemplateId>,
        text: TemplateId,
        from: Option<TemplateId>,
        reply_to: Option<TemplateId>,
        preheader: Option<TemplateId>,
        to: Option<Recipient>,
        cc: Option<Recipient>,
        bcc: Option<Recipient>,
        attachments: Vec<Attachment>,
        headers: Vec<(Arc<str>, TemplateId)>,
        /// Whether the body has an `unsubscribe_url` of its own, so that no footer is added.
        has_unsubscribe_link: bool,
    },
    Sms {
        text: TemplateId,
    },
    Push {
        title: TemplateId,
        body: TemplateId,
        link: Option<TemplateId>,
    },
}

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageDef {
    /// The declared name; an inline message has none.
    pub name: Option<Arc<str>>,
    /// The former name (`was`).
    pub was: Option<Arc<str>>,
    /// How it travels.
    pub channel: Channel,
    /// Whether it passes an unsubscribe.
    pub is_transactional: bool,
    /// The topic it belongs to.
    pub topic: Option<TopicId>,
    /// What it says.
    pub content: MessageContent,
    /// What it says in other languages; each is complete.
    pub variants: Vec<MessageVariant>,
    /// Every variable of its templates, for the snapshot that is frozen with a send.
    pub variables: Vec<Vec<Arc<str>>>,
}

/// A message in another language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageVariant {
    /// The language: `fr`, `pt-BR`.
    pub locale: Arc<str>,
    /// What it says.
    pub content: MessageContent,
}

impl MessageDef {
    /// The number of the variant for a contact's locale: the same one, else its language's (`fr` for `fr-CA`); else the plain lines.
    #[must_use]
    pub fn variant_for(&self, locale: &str) -> Option<u16> {
        let same = |a: &str, b: &str| a.len() == b.len() && a.chars().zip(b.chars()).all(|(a, b)| a.eq_ignore_ascii_case(&b) || (is_dash(a) && is_dash(b)));
        let language = locale.split(is_dash).next().unwrap_or(locale);
        let find = |wanted: &str| self.variants.iter().position(|variant| same(&variant.locale, wanted));
        find(locale).or_else(|| find(language)).and_then(|at| u16::try_from(at).ok())
    }
    /// What it says in a variant.
    #[must_use]
    pub fn content_of(&self, variant: Option<u16>) -> &MessageContent {
        variant.and_then(|at| self.variants.get(usize::from(at))).map_or(&self.content, |variant| &variant.content)
    }
}

/// `fr_CA` and `fr-CA` are one locale.
fn is_dash(c: char) -> bool {
    c == '-' || c == '_'
}

/// A value that a template sees besides the contact and the captures: a parameter of an expanded sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamDef {
    /// The name in the template.
    pub name: Arc<str>,
    /// What computes it.
    pub value: BlockId,
}

/// What a send step sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendDef {
    /// The step.
    pub step: StepId,
    /// The message.
    pub message: MessageId,
    /// What its templates see besides.
    pub params: Vec<ParamDef>,
    /// Where the enrollment stands while the send is held.
    pub place: PlaceId,
}

/// An outgoing webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookDef {
    /// The declared name.
    pub name: Arc<str>,
    /// Where to.
    pub url: TemplateId,
    /// `POST` unless said otherwise.
    pub method: Arc<str>,
    /// Further headers.
    pub headers: Vec<(Arc<str>, TemplateId)>,
    /// The name of the environment variable that holds the secret; its value never enters the program.
    pub secret_env: Option<Arc<str>>,
    /// A secret written in the source (a finding, but it works).
    pub secret_literal: Option<Arc<str>>,
    /// The body in place of the default one.
    pub body: Option<BlockId>,
    /// How long an answer may take.
    pub timeout: Option<Duration>,
}

/// What a webhook step calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookStepDef {
    /// The step.
    pub step: StepId,
    /// The webhook.
    pub webhook: WebhookId,
    /// The step's own object.
    pub object: Option<BlockId>,
    /// Where the answer goes; without one the step does not wait.
    pub answer: Option<SlotId>,
    /// What header and url templates see besides.
    pub params: Vec<ParamDef>,
}

/// What a notify step mails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotifyDef {
    /// The step.
    pub step: StepId,
    /// To whom.
    pub to: TemplateId,
    /// The subject.
    pub subject: TemplateId,
    /// The body; without one a line that names the contact and the campaign.
    pub body: Option<TemplateId>,
    /// What the templates see besides.
    pub params: Vec<ParamDef>,
    /// Every variable of its templates.
    pub variables: Vec<Vec<Arc<str>>>,
}
