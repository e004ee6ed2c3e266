//! What is sent: plain data, complete, and the same on every attempt.
//!
//! These values are stored with an effect at its first attempt. Not here: providers' forms; deliver makes those.

use super::Mailbox;
use crate::bytecode::Attachment;
use crate::lang::Instant;
use serde::{Deserialize, Serialize};

/// One thing to send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Outgoing {
    Email(EmailMessage),
    Sms(SmsMessage),
    Push(PushMessage),
    Webhook(WebhookCall),
    /// Mail to the team: untracked.
    Notify(EmailMessage),
}

impl Outgoing {
    /// The word of the outbox's index: `email sms push webhook notify`.
    #[must_use]
    pub fn channel(&self) -> &'static str {
        match self {
            Outgoing::Email(_) => "email",
            Outgoing::Sms(_) => "sms",
            Outgoing::Push(_) => "push",
            Outgoing::Webhook(_) => "webhook",
            Outgoing::Notify(_) => "notify",
        }
    }
    /// To whom: addresses, number, device or URL.
    #[must_use]
    pub fn to(&self) -> String {
        match self {
            Outgoing::Email(mail) | Outgoing::Notify(mail) => mail.to.iter().map(|mailbox| mailbox.address.as_str()).collect::<Vec<_>>().join(", "),
            Outgoing::Sms(sms) => sms.to.clone(),
            Outgoing::Push(push) => push.to.clone(),
            Outgoing::Webhook(call) => call.url.clone(),
        }
    }
}

/// An email.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmailMessage {
    /// The sender.
    pub from: Mailbox,
    /// Where answers go.
    pub reply_to: Option<Mailbox>,
    /// Recipients.
    pub to: Vec<Mailbox>,
    /// Copies.
    pub cc: Vec<Mailbox>,
    /// Blind copies: in the envelope, never in a header.
    pub bcc: Vec<Mailbox>,
    /// The subject.
    pub subject: String,
    /// The HTML part.
    pub html: Option<String>,
    /// The text part; there always is one.
    pub text: String,
    /// Further headers, ours and the message's, in order.
    pub headers: Vec<(String, String)>,
    /// `<TEXT@DOMAIN>`
    pub message_id: String,
    /// `Date`: the decision, the same on every attempt.
    pub date: Instant,
    /// `MAIL FROM`, where bounces have a domain of their own; else the sender's address.
    pub envelope_from: Option<String>,
    /// Files.
    pub attachments: Vec<Attachment>,
}

/// A text message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsMessage {
    /// The number, E.164.
    pub to: String,
    /// The text.
    pub text: String,
    /// Where the provider reports what became of it.
    pub status_url: Option<String>,
}

/// A push message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushMessage {
    /// The device's address at the provider.
    pub to: String,
    /// The title.
    pub title: String,
    /// The text.
    pub body: String,
    /// What a tap opens.
    pub link: Option<String>,
}

/// A call of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookCall {
    /// Where to: http or https.
    pub url: String,
    /// `POST` unless said otherwise.
    pub method: String,
    /// The webhook's own headers.
    pub headers: Vec<(String, String)>,
    /// The JSON body.
    pub body: Vec<u8>,
    /// The environment variable that holds the secret; its value is looked up at each attempt and stored nowhere.
    pub secret_env: Option<String>,
    /// A secret that stands in the source.
    pub secret_literal: Option<String>,
    /// How long the whole call may take.
    pub timeout_ms: Option<u32>,
    /// Whether the enrollment waits for the answer.
    pub wants_answer: bool,
}
