//! HTTP calls as all providers want them: no redirects, no proxy, a deadline over all, a bounded answer, and the failure's kind.

use super::config::DeliverError;
use super::guard::{Blocked, FilteringResolver, NetworkRule};
use crate::content::{effect_id_text, sign_webhook};
use crate::lang::Instant;
use reqwest::{Client, RequestBuilder, redirect};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

const MAX_ANSWER_BYTES: usize = 64 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What was answered.
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    /// At most 64 KiB; the rest is not read.
    pub body: Vec<u8>,
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// The address filter said no.
    Blocked(String),
    /// Nothing was sent.
    NotSent(String),
    /// It may have arrived.
    Lost(String),
}

/// A client; with a rule it reaches only what the rule allows.
pub(super) fn client(rule: Option<&NetworkRule>) -> Result<Client, DeliverError> {
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .user_agent(concat!("campc/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT);
    let builder = match rule {
        Some(rule) => builder.dns_resolver(Arc::new(FilteringResolver(rule.clone()))),
        None => builder,
    };
    builder.build().map_err(|error| DeliverError::Tls(error.to_string()))
}

/// Sends a request and reads the answer within `deadline`; `now` is what a date in `Retry-After` is held against.
pub(super) async fn call(request: RequestBuilder, deadline: Duration, now: Instant) -> Result<Answer, NoAnswer> {
    match tokio::time::timeout(deadline, exchange(request, now)).await {
        Ok(answer) => answer,
        Err(_) => Err(NoAnswer::Lost("no answer in time".to_owned())),
    }
}

async fn exchange(request: RequestBuilder, now: Instant) -> Result<Answer, NoAnswer> {
    let mut response = request.send().await.map_err(|error| no_answer(&error))?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()).and_then(|text| retry_after(text, now));
    let mut body = Vec::new();
    // The status alone decides; a body that breaks off is an answer without a body.
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = MAX_ANSWER_BYTES - body.len();
        body.extend(chunk.iter().take(room));
        if body.len() >= MAX_ANSWER_BYTES {
            break;
        }
    }
    Ok(Answer { status, retry_after, body })
}

fn no_answer(error: &reqwest::Error) -> NoAnswer {
    let mut cause = error.source();
    let mut text = error.to_string();
    while let Some(inner) = cause {
        if let Some(blocked) = inner.downcast_ref::<Blocked>() {
            return NoAnswer::Blocked(blocked.to_string());
        }
        text = inner.to_string();
        cause = inner.source();
    }
    if error.is_connect() || error.is_builder() { NoAnswer::NotSent(text) } else { NoAnswer::Lost(text) }
}

/// Seconds, or a date.
fn retry_after(text: &str, now: Instant) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
    let millis = Instant::from_timestamp(at).millis_since(now);
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}

/// The id, timestamp and signature headers of Standard Webhooks.
pub(super) struct Signing<'a> {
    pub effect_id: &'a [u8; 20],
    pub at: Instant,
    pub secret: Option<&'a str>,
}

impl Signing<'_> {
    /// `request` with the headers and that body.
    pub fn apply(&self, request: RequestBuilder, body: Vec<u8>) -> RequestBuilder {
        let id = format!("msg_{}", effect_id_text(self.effect_id));
        let timestamp = self.at.0.div_euclid(1000);
        let signature = self.secret.map(|secret| sign_webhook(secret, &id, timestamp, &body));
        let request = request.header("content-type", "application/json").header("webhook-id", id).header("webhook-timestamp", timestamp.to_string());
        match signature {
            Some(signature) => request.header("webhook-signature", signature),
            None => request,
        }
        .body(body)
    }
}
