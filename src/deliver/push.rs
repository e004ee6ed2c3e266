//! Push messages: one plain POST a message.

use super::result::{Envelope, SendResult};
use super::sms::HttpProvider;
use crate::content::PushMessage;
use serde_json::json;
use std::time::Duration;

/// Hands `push` to the provider.
pub(super) async fn send_push(provider: &HttpProvider, envelope: &Envelope, push: &PushMessage, deadline: Duration) -> SendResult {
    provider.post(envelope, json!({ "to": push.to, "title": push.title, "body": push.body, "link": push.link }), deadline).await
}
