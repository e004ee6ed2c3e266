//! The sections of `camp.toml` as types. Their keys are checked against [`super::schema`] before they come here.

use serde::Deserialize;
use std::collections::BTreeMap;

/// `[project]`: what the source's own `project { … }` does not say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProjectSection {
    /// The name.
    pub name: Option<String>,
    /// The IANA zone of clock times when a contact has none.
    pub timezone: Option<String>,
    /// Where tracking links and unsubscribe pages are reached from outside.
    pub public_url: Option<String>,
    /// The sender.
    pub from: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// The footer's postal address.
    pub postal_address: Option<String>,
    /// The region of phone numbers without a country code.
    pub country: Option<String>,
}

/// `[store]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoreSection {
    /// `sqlite://camp.db`
    pub url: Option<String>,
    /// How long events are kept.
    pub events: Option<String>,
}

/// The key that signs mail.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Dkim {
    /// The signing domain.
    pub domain: String,
    /// The selector.
    pub selector: String,
    /// A PEM file.
    pub key_file: String,
}

/// `[email]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EmailSection {
    /// `smtp`, `file` or `none`.
    pub provider: Option<String>,
    /// `smtps://user:password@host`
    pub url: Option<String>,
    /// `50/s`
    pub rate: Option<String>,
    /// The key that signs.
    pub dkim: Option<Dkim>,
    /// The domain of bounce addresses.
    pub bounce_domain: Option<String>,
    /// Whether plain text connections to other hosts are allowed.
    pub insecure: bool,
    /// `resend` or `hold`.
    pub on_unknown: Option<String>,
    /// Keys of the providers' callbacks.
    pub hooks: BTreeMap<String, toml::Value>,
}

/// `[sms]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SmsSection {
    /// `twilio`, `http`, `file` or `none`.
    pub provider: Option<String>,
    /// The provider's endpoint.
    pub base_url: Option<String>,
    /// Twilio's account.
    pub account_sid: Option<String>,
    /// Twilio's secret.
    pub auth_token: Option<String>,
    /// The sender's number.
    pub from: Option<String>,
    /// Twilio's service in place of a number.
    pub messaging_service_sid: Option<String>,
    /// Where `http` posts.
    pub url: Option<String>,
    /// What `http` signs with.
    pub secret: Option<String>,
    /// `10/s`
    pub rate: Option<String>,
    /// The answer to HELP.
    pub help_text: Option<String>,
    /// Whether numbers of +1 are called between 08:00 and 21:00 only; so unless said otherwise.
    pub legal_hours: Option<bool>,
    /// `resend` or `hold`.
    pub on_unknown: Option<String>,
}

/// `[push]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PushSection {
    /// `http`, `file` or `none`.
    pub provider: Option<String>,
    /// Where `http` posts.
    pub url: Option<String>,
    /// What `http` signs with.
    pub secret: Option<String>,
    /// `10/s`
    pub rate: Option<String>,
    /// `resend` or `hold`.
    pub on_unknown: Option<String>,
}

/// `[webhooks]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WebhooksSection {
    /// `http`, `file` or `none`.
    pub provider: Option<String>,
    /// Whether addresses of private networks may be called.
    pub allow_private_networks: bool,
    /// `10s`
    pub timeout: Option<String>,
    /// Ports besides 80 and 443.
    pub ports: Vec<u16>,
    /// `10/s`
    pub rate: Option<String>,
    /// `resend` or `hold`.
    pub on_unknown: Option<String>,
}

/// `[server]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ServerSection {
    /// `127.0.0.1:8025`
    pub listen: Option<String>,
    /// May only send events.
    pub write_keys: Vec<String>,
    /// The admin API.
    pub admin_tokens: Vec<String>,
    /// Sign tokens; the first signs, all verify.
    pub signing_keys: Vec<String>,
    /// `2000/s` a write key.
    pub ingest_rate: Option<String>,
}

/// `[forms]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FormsSection {
    /// Where forms may stand.
    pub origins: Vec<String>,
    /// Fields that the pixel's beacon may set.
    pub public_fields: Vec<String>,
}
