//! Webhooks: the default body and the signature of Standard Webhooks 1.0.
//!
//! Not here: the call, its answer, and which addresses may be called.

use crate::lang::{Instant, Value, to_json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Map, Value as Json, json};

/// What the default body tells.
#[derive(Clone, Copy, Debug)]
pub struct WebhookData<'a> {
    /// When it was decided.
    pub at: Instant,
    /// The step's object; only a record has something to tell.
    pub object: Option<&'a Value>,
    /// The contact's id.
    pub contact_id: &'a str,
    /// The contact's address, if it has one.
    pub contact_email: Option<&'a str>,
    /// The campaign's name.
    pub campaign: &'a str,
    /// The step's identity.
    pub step: &'a str,
}

/// The body of a webhook without a `body { … }` of its own. The step's keys come first, ours win.
#[must_use]
pub fn default_webhook_body(data: &WebhookData<'_>) -> Json {
    let mut inner = match data.object.map(to_json) {
        Some(Json::Object(object)) => object,
        Some(_) | None => Map::new(),
    };
    inner.insert("contact".to_owned(), json!({ "id": data.contact_id, "email": data.contact_email }));
    inner.insert("campaign".to_owned(), json!(data.campaign));
    inner.insert("step".to_owned(), json!(data.step));
    json!({ "type": "campaign.webhook", "timestamp": data.at.to_rfc3339(), "data": inner })
}

/// The key bytes of a secret: what stands in base64 behind `whsec_`, or else the text itself.
#[must_use]
pub fn secret_bytes(secret: &str) -> Vec<u8> {
    match secret.strip_prefix("whsec_").and_then(|encoded| STANDARD.decode(encoded).ok()) {
        Some(bytes) => bytes,
        None => secret.as_bytes().to_vec(),
    }
}

/// `v1,BASE64` of HMAC-SHA256 over `id.timestamp.body`.
#[must_use]
pub fn sign_webhook(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret_bytes(secret));
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    format!("v1,{}", STANDARD.encode(context.sign()))
}
