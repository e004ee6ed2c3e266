//! SMS: Twilio and what speaks like it, or one plain POST a message.

use super::client::{Answer, NoAnswer, Signing, call, client};
use super::config::{DeliverError, SmsSender};
use super::result::{Advice, Envelope, Found, Outcome, SendResult};
use crate::content::{SmsMessage, effect_id_text};
use crate::lang::Instant;
use reqwest::Client;
use serde_json::json;
use std::time::Duration;

const LONGEST_VALIDITY_S: i64 = 14_400;
/// A message whose answer was lost is looked for from this long before its attempt …
const BEFORE_MS: i64 = 60_000;
/// … to this long behind it.
const BEHIND_MS: i64 = 600_000;

/// Twilio's account.
pub(super) struct Twilio {
    pub client: Client,
    pub url: String,
    pub account_sid: String,
    pub auth_token: String,
    pub sender: SmsSender,
}

impl Twilio {
    pub async fn send(&self, envelope: &Envelope, sms: &SmsMessage, deadline: Duration) -> SendResult {
        let mut form = vec![("To", sms.to.clone()), ("Body", sms.text.clone())];
        form.push(match &self.sender {
            SmsSender::From(number) => ("From", number.clone()),
            SmsSender::Service(service) => ("MessagingServiceSid", service.clone()),
        });
        form.extend(sms.status_url.as_ref().map(|url| ("StatusCallback", url.clone())));
        if let Some(expires_at) = envelope.expires_at {
            let seconds = (expires_at.millis_since(envelope.at) / 1000).clamp(1, LONGEST_VALIDITY_S);
            form.push(("ValidityPeriod", seconds.to_string()));
        }
        let request = self.client.post(&self.url).basic_auth(&self.account_sid, Some(&self.auth_token)).form(&form);
        match call(request, deadline, envelope.at).await {
            Ok(answer) => judge_twilio(&answer),
            Err(NoAnswer::NotSent(reason) | NoAnswer::Blocked(reason)) => SendResult::unreachable(reason),
            Err(NoAnswer::Lost(reason)) => SendResult::unknown(reason),
        }
    }
}

impl Twilio {
    /// Looks through what Twilio has for that number about that time, for a message with the same body.
    pub async fn find(&self, sms: &SmsMessage, at: Instant, deadline: Duration) -> Found {
        let query = [
            ("To", sms.to.clone()),
            ("DateSent>", at.plus_millis(-BEFORE_MS).to_rfc3339()),
            ("DateSent<", at.plus_millis(BEHIND_MS).to_rfc3339()),
            ("PageSize", "50".to_owned()),
        ];
        let Ok(url) = url::Url::parse_with_params(&self.url, &query) else { return Found::NobodyKnows };
        let request = self.client.get(url).basic_auth(&self.account_sid, Some(&self.auth_token));
        match call(request, deadline, at).await {
            Ok(answer) if answer.status == 200 => found_in(&answer.body, &sms.text),
            Ok(_) | Err(NoAnswer::NotSent(_) | NoAnswer::Blocked(_) | NoAnswer::Lost(_)) => Found::NobodyKnows,
        }
    }
}

fn found_in(body: &[u8], text: &str) -> Found {
    let wanted = blake3::hash(text.as_bytes());
    let listed: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(messages) = listed.get("messages").and_then(serde_json::Value::as_array) else { return Found::NobodyKnows };
    let text_of = |message: &serde_json::Value, key: &str| message.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
    let is_it = |message: &&serde_json::Value| text_of(message, "body").is_some_and(|body| blake3::hash(body.as_bytes()) == wanted);
    match messages.iter().find(is_it) {
        Some(message) => Found::Taken { provider_id: text_of(message, "sid") },
        None => Found::Missing,
    }
}

fn judge_twilio(answer: &Answer) -> SendResult {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if (200..300).contains(&answer.status) {
        let sid = body.get("sid").and_then(|sid| sid.as_str()).map(str::to_owned);
        return SendResult::of(Outcome::Accepted { provider_id: sid });
    }
    let code = body.get("code").and_then(serde_json::Value::as_u64).unwrap_or(0);
    let text = body.get("message").and_then(|text| text.as_str()).unwrap_or("no message");
    let reason = format!("{} {code}: {}", answer.status, text.chars().filter(|c| !c.is_control()).take(200).collect::<String>());
    let temporary = |reason: String| SendResult::of(Outcome::Temporary { reason, retry_after: answer.retry_after });
    match (code, answer.status) {
        (21211 | 21614 | 30005 | 30006, _) => SendResult::of(Outcome::Permanent { reason, hard_bounce: true }),
        (21610, _) => SendResult::permanent(reason).with_advice(Advice::OptedOut),
        (30003 | 30008, _) => SendResult::permanent(reason),
        (30004 | 30007 | 30034, _) => SendResult::permanent(reason).with_advice(Advice::Alarm),
        (20429, _) | (_, 429) => temporary(reason).with_advice(Advice::SlowDown),
        // A gateway that gave up may have passed the message on, and Twilio knows no idempotency keys.
        (_, 502 | 504) => SendResult::unknown(reason),
        // The account is set up wrongly; the message is not to blame.
        (_, 401 | 403) => temporary(reason).with_advice(Advice::Alarm),
        (_, 400..=499) => SendResult::permanent(reason),
        _ => temporary(reason),
    }
}

/// One POST a message, signed as a webhook is.
pub(super) struct HttpProvider {
    pub client: Client,
    pub url: String,
    pub secret: Option<String>,
    pub from: Option<String>,
}

impl HttpProvider {
    pub fn new(url: &str, secret: Option<&str>, from: Option<&str>) -> Result<Self, DeliverError> {
        Ok(Self { client: client(None)?, url: url.to_owned(), secret: secret.map(str::to_owned), from: from.map(str::to_owned) })
    }

    pub async fn send_sms(&self, envelope: &Envelope, sms: &SmsMessage, deadline: Duration) -> SendResult {
        self.post(envelope, json!({ "to": sms.to, "from": self.from, "text": sms.text }), deadline).await
    }

    pub async fn post(&self, envelope: &Envelope, body: serde_json::Value, deadline: Duration) -> SendResult {
        let signing = Signing { effect_id: &envelope.effect_id, at: envelope.at, secret: self.secret.as_deref() };
        let request = self.client.post(&self.url).header("idempotency-key", effect_id_text(&envelope.effect_id));
        match call(signing.apply(request, body.to_string().into_bytes()), deadline, envelope.at).await {
            Ok(answer) => judge_http(&answer),
            Err(NoAnswer::NotSent(reason) | NoAnswer::Blocked(reason)) => SendResult::unreachable(reason),
            Err(NoAnswer::Lost(reason)) => SendResult::unknown(reason),
        }
    }
}

fn judge_http(answer: &Answer) -> SendResult {
    let reason = format!("answered {}", answer.status);
    let temporary = || SendResult::of(Outcome::Temporary { reason: reason.clone(), retry_after: answer.retry_after });
    match answer.status {
        200..=299 => {
            let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let id = ["id", "message_id", "sid"].iter().find_map(|key| body.get(key).and_then(|id| id.as_str()).map(str::to_owned));
            SendResult::of(Outcome::Accepted { provider_id: id })
        }
        429 | 502 | 504 => temporary().with_advice(Advice::SlowDown),
        401 | 403 => temporary().with_advice(Advice::Alarm),
        408 | 409 | 425 => temporary(),
        400..=499 => SendResult::permanent(reason),
        _ => temporary(),
    }
}
