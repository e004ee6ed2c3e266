//! Webhooks: the call, and what its answer means (Standard Webhooks 1.0).

use super::client::{Answer, NoAnswer, Signing, call, client};
use super::config::DeliverError;
use super::guard::NetworkRule;
use super::result::{Advice, Envelope, Outcome, SendResult, WebhookAnswer};
use crate::content::WebhookCall;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use std::collections::BTreeMap;
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(20);
const MAX_JSON_DEPTH: usize = 64;
/// How the reason begins where there was an answer; its status follows.
const ANSWERED: &str = "answered ";
/// Headers that are ours or the connection's.
const RESERVED: &[&str] = &[
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "content-type",
    "content-length",
    "host",
    "transfer-encoding",
    "connection",
    "user-agent",
    "upgrade",
    "te",
    "expect",
];

/// The status that a reason for another attempt tells of.
#[must_use]
pub fn status_of(reason: &str) -> Option<u16> {
    let status: String = reason.strip_prefix(ANSWERED)?.chars().take_while(char::is_ascii_digit).collect();
    status.parse().ok()
}

/// Calls webhooks.
pub(super) struct Webhooks {
    client: Client,
    rule: NetworkRule,
    timeout: Duration,
    secrets: BTreeMap<String, String>,
}

impl Webhooks {
    pub fn new(rule: NetworkRule, timeout: Duration, secrets: BTreeMap<String, String>) -> Result<Self, DeliverError> {
        Ok(Self { client: client(Some(&rule))?, rule, timeout: timeout.min(LONGEST), secrets })
    }

    pub async fn send(&self, envelope: &Envelope, webhook: &WebhookCall) -> SendResult {
        let url = match self.rule.check_url(&webhook.url) {
            Ok(url) => url,
            Err(blocked) => return SendResult::permanent(blocked.to_string()),
        };
        let (Ok(method), Some(headers)) = (Method::from_bytes(webhook.method.as_bytes()), headers(webhook)) else {
            return SendResult::permanent("header rejected");
        };
        let secret = match (&webhook.secret_env, &webhook.secret_literal) {
            (Some(name), _) => match self.secrets.get(name) {
                Some(secret) => Some(secret.as_str()),
                None => return SendResult::temporary(format!("the environment has no `{name}`, the webhook's secret")).with_advice(Advice::Alarm),
            },
            (None, literal) => literal.as_deref(),
        };
        let signing = Signing { effect_id: &envelope.effect_id, at: envelope.at, secret };
        let request = signing.apply(self.client.request(method, url).headers(headers), webhook.body.clone());
        let timeout = webhook.timeout_ms.map_or(self.timeout, |millis| Duration::from_millis(u64::from(millis)).clamp(Duration::from_millis(1), LONGEST));
        match call(request, timeout, envelope.at).await {
            Ok(answer) => judge(webhook, answer),
            Err(NoAnswer::Blocked(reason)) => SendResult::permanent(reason),
            Err(NoAnswer::NotSent(reason)) => SendResult::unreachable(reason),
            Err(NoAnswer::Lost(reason)) => SendResult::unknown(reason),
        }
    }
}

fn headers(webhook: &WebhookCall) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in &webhook.headers {
        if !RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?);
        }
    }
    Some(headers)
}

fn judge(webhook: &WebhookCall, answer: Answer) -> SendResult {
    let told = WebhookAnswer { status: answer.status, body: json(&answer.body) };
    let reason = format!("{ANSWERED}{}", answer.status);
    let again = || SendResult::of(Outcome::Temporary { reason: reason.clone(), retry_after: answer.retry_after });
    match answer.status {
        200..=299 => SendResult::accepted(),
        // It waits until the endpoint is switched on again, or its time is up.
        410 => again().with_advice(Advice::DisableEndpoint),
        429 | 502 | 504 => again().with_advice(Advice::SlowDown),
        408 | 409 | 425 => again(),
        // Whoever waits for an answer has one.
        400..=499 if webhook.wants_answer => SendResult::permanent(reason.clone()),
        300..=399 => SendResult::temporary(format!("{reason}: a redirect is not followed")),
        _ => again(),
    }
    .with_answer(told)
}

/// The body, where it is JSON that is not nested too deep.
fn json(body: &[u8]) -> Option<serde_json::Value> {
    let mut depth = 0_usize;
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => depth += 1,
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_JSON_DEPTH {
            return None;
        }
    }
    serde_json::from_slice(body).ok()
}
