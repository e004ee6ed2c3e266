//! What a project sends: messages with compiled bodies, webhooks.

use super::Expr;
use crate::base::Span;
use crate::bytecode::{Attachment, Channel, TopicId};
use crate::lang::Duration;
use std::sync::Arc;

/// A template, ready for the engine: MJML and Markdown compiled, CSS inlined, `{{ }}` intact.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Its text.
    pub source: Arc<str>,
    /// Whether values are escaped for HTML.
    pub is_html: bool,
    /// The variables it reads, as paths, sorted.
    pub variables: Vec<Vec<Arc<str>>>,
    /// Where it was written: the text, or the name of its file.
    pub span: Span,
}

/// A message, declared or inline.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The declared name; an inline message has none.
    pub name: Option<Arc<str>>,
    /// The former name.
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
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
    /// Where it was written.
    pub span: Span,
}

/// A message in another language.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageVariant {
    /// The language: `fr`, `pt-BR`.
    pub locale: Arc<str>,
    /// What it says.
    pub content: MessageContent,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
#[allow(clippy::large_enum_variant)] // nearly every message is an email
pub enum MessageContent {
    Email {
        subject: Template,
        html: Option<Template>,
        text: Template,
        from: Option<Template>,
        reply_to: Option<Template>,
        preheader: Option<Template>,
        to: Option<Recipient>,
        cc: Option<Recipient>,
        bcc: Option<Recipient>,
        attachments: Vec<Attachment>,
        headers: Vec<(Arc<str>, Template)>,
        /// Whether the body has an `unsubscribe_url` of its own, so that no footer is added.
        has_unsubscribe_link: bool,
    },
    Sms {
        text: Template,
    },
    Push {
        title: Template,
        body: Template,
        link: Option<Template>,
    },
    /// Poison: a needed part is missing.
    Error,
}

/// Who gets an email besides, or in place of, the contact.
#[derive(Clone, Debug, PartialEq)]
pub enum Recipient {
    /// An address in the source.
    Address(Arc<str>),
    /// A field of the contact; in an inline message also a captured property.
    Value(Expr),
}

/// An outgoing webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// The declared name.
    pub name: Arc<str>,
    /// Where to.
    pub url: Template,
    /// In capitals; `POST` unless said otherwise.
    pub method: Arc<str>,
    /// Further headers.
    pub headers: Vec<(Arc<str>, Template)>,
    /// The environment variable that holds the secret.
    pub secret_env: Option<Arc<str>>,
    /// A secret written in the source.
    pub secret_literal: Option<Arc<str>>,
    /// The body in place of the default one: a [`super::ExprKind::Record`].
    pub body: Option<Expr>,
    /// How long an answer may take.
    pub timeout: Option<Duration>,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
    /// Where it was written.
    pub span: Span,
}
