//! Every section and key of `camp.toml`, with the kind of its value. What is not here is a finding.

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `"text"`
    Text,
    /// `true`, `false`
    Bool,
    /// `["text", …]`
    Texts,
    /// `[443, 8443]`
    Numbers,
    /// `{ key = "text" }` with these keys.
    Table(&'static [&'static str]),
    /// `{ any = "text" }`
    OpenTable,
}

impl Kind {
    /// The kind in words, as a finding says it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Kind::Text => "text in quotes",
            Kind::Bool => "true or false",
            Kind::Texts => "a list of texts, [\"…\"]",
            Kind::Numbers => "a list of numbers, [443]",
            Kind::Table(_) | Kind::OpenTable => "a table, { key = \"…\" }",
        }
    }
}

/// The keys of a section.
pub type Keys = &'static [(&'static str, Kind)];

const PROJECT: Keys = &[
    ("name", Kind::Text),
    ("timezone", Kind::Text),
    ("public_url", Kind::Text),
    ("from", Kind::Text),
    ("reply_to", Kind::Text),
    ("postal_address", Kind::Text),
    ("country", Kind::Text),
];
const STORE: Keys = &[("url", Kind::Text), ("events", Kind::Text)];
const EMAIL: Keys = &[
    ("provider", Kind::Text),
    ("url", Kind::Text),
    ("rate", Kind::Text),
    ("dkim", Kind::Table(&["domain", "selector", "key_file"])),
    ("bounce_domain", Kind::Text),
    ("insecure", Kind::Bool),
    ("on_unknown", Kind::Text),
    ("hooks", Kind::OpenTable),
];
const SMS: Keys = &[
    ("provider", Kind::Text),
    ("base_url", Kind::Text),
    ("account_sid", Kind::Text),
    ("auth_token", Kind::Text),
    ("from", Kind::Text),
    ("messaging_service_sid", Kind::Text),
    ("url", Kind::Text),
    ("secret", Kind::Text),
    ("rate", Kind::Text),
    ("help_text", Kind::Text),
    ("legal_hours", Kind::Bool),
    ("on_unknown", Kind::Text),
];
const PUSH: Keys = &[("provider", Kind::Text), ("url", Kind::Text), ("secret", Kind::Text), ("rate", Kind::Text), ("on_unknown", Kind::Text)];
const WEBHOOKS: Keys = &[
    ("provider", Kind::Text),
    ("allow_private_networks", Kind::Bool),
    ("timeout", Kind::Text),
    ("ports", Kind::Numbers),
    ("rate", Kind::Text),
    ("on_unknown", Kind::Text),
];
const SERVER: Keys =
    &[("listen", Kind::Text), ("write_keys", Kind::Texts), ("admin_tokens", Kind::Texts), ("signing_keys", Kind::Texts), ("ingest_rate", Kind::Text)];
const FORMS: Keys = &[("origins", Kind::Texts), ("public_fields", Kind::Texts)];
const INGEST: Keys = &[("keep_context", Kind::Bool)];
const TRACKING: Keys = &[("machine_networks", Kind::Text)];

/// All sections.
pub const SECTIONS: &[(&str, Keys)] = &[
    ("project", PROJECT),
    ("store", STORE),
    ("email", EMAIL),
    ("sms", SMS),
    ("push", PUSH),
    ("webhooks", WEBHOOKS),
    ("server", SERVER),
    ("forms", FORMS),
    ("ingest", INGEST),
    ("tracking", TRACKING),
];

/// Keys that have their place and no effect in this version: whoever writes one is told.
pub const WITHOUT_EFFECT: &[&str] = &["email.hooks", "server.ingest_rate", "ingest.keep_context", "tracking.machine_networks", "sms.help_text"];

/// The keys of a section, if there is one of that name.
#[must_use]
pub fn section(name: &str) -> Option<Keys> {
    SECTIONS.iter().find(|(known, _)| *known == name).map(|(_, keys)| *keys)
}
