//! What a daemon says when it listens: where, with which keys, and what to try.

use super::setup::{Access, Setup};
use crate::cli::context::Context;
use crate::daemon::Engine;
use crate::deliver::{EmailProvider, PushProvider, SmsProvider, WebhookProvider};
use std::path::Path;

/// The text.
#[must_use]
pub fn text(context: &Context, engine: &Engine, (setup, access): (&Setup, &Access), (listen, store): (&str, &Path)) -> String {
    let mut lines = Vec::new();
    let linked = engine.linked();
    if let Some(linked) = &linked {
        let count = linked.program.campaigns.len();
        let plural = if count == 1 { "" } else { "s" };
        lines.push(format!("{}: {count} campaign{plural}, deployment {}", linked.program.project.name, linked.deployment.seq));
    }
    lines.push(format!("listening    http://{listen}"));
    lines.push(format!("store        {}", context.shown(store)));
    let clock = if engine.is_clock_manual() { "manual; `campc clock advance 3d` moves it" } else { "real" };
    lines.push(format!("clock        {} ({clock})", engine.zone().format_rfc3339(engine.now())));
    lines.extend(channels(setup, &context.shown(&setup.deliver.outbox_dir)));
    if access.is_write_key_made {
        lines.push(format!("write key    {}   (kept in the store)", first(&access.write_keys)));
    }
    if access.is_admin_token_made {
        lines.push(format!("admin token  {}   (kept in the store)", first(&access.admin_tokens)));
    }
    if access.is_write_key_made {
        let event = linked.as_ref().and_then(|linked| linked.program.events.iter().find(|event| !event.is_form).map(|event| event.name.to_string()));
        lines.extend(attempts(first(&access.write_keys), listen, event.as_deref().unwrap_or("signed_up")));
    }
    lines.join("\n") + "\n"
}

fn first(keys: &[String]) -> &str {
    keys.first().map_or("", String::as_str)
}

/// Where each channel goes, those alike on one line.
fn channels(setup: &Setup, outbox: &str) -> Vec<String> {
    let outbox = format!("files in {outbox}/");
    let email = match &setup.deliver.email {
        EmailProvider::Smtp { url, .. } => format!("SMTP at {}", host(url)),
        EmailProvider::File => outbox.clone(),
        EmailProvider::Off => "off".to_string(),
    };
    let sms = match &setup.deliver.sms {
        SmsProvider::Twilio { base_url, .. } => format!("Twilio at {}", host(base_url)),
        SmsProvider::Http { url, .. } => format!("POST to {}", host(url)),
        SmsProvider::File => outbox.clone(),
        SmsProvider::Off => "off".to_string(),
    };
    let push = match &setup.deliver.push {
        PushProvider::Http { url, .. } => format!("POST to {}", host(url)),
        PushProvider::File => outbox.clone(),
        PushProvider::Off => "off".to_string(),
    };
    let webhooks = match &setup.deliver.webhooks {
        WebhookProvider::Http { .. } => "called".to_string(),
        WebhookProvider::File => outbox,
        WebhookProvider::Off => "off".to_string(),
    };
    let all = [("email", email), ("sms", sms), ("push", push), ("webhooks", webhooks)];
    all.into_iter().map(|(name, target)| format!("{name:<12} {target}")).collect()
}

/// The host of an address: what stands before it may be a password.
fn host(address: &str) -> String {
    url::Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_string)).unwrap_or_else(|| "the configured address".to_string())
}

fn attempts(key: &str, listen: &str, event: &str) -> Vec<String> {
    vec![
        "try:".to_string(),
        format!("  curl -u {key}: http://{listen}/v1/identify -d '{{\"userId\":\"u1\",\"traits\":{{\"email\":\"ana@example.com\",\"firstName\":\"Ana\"}}}}'"),
        format!("  curl -u {key}: http://{listen}/v1/track -d '{{\"userId\":\"u1\",\"event\":\"{event}\"}}'"),
        "  campc why u1".to_string(),
    ]
}
