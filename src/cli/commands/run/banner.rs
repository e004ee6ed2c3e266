//! What a daemon says when it listens: where, with which keys, and what to try.

use super::setup::{Access, Setup};
use crate::bytecode::{EventPattern, Program, TriggerKind};
use crate::cli::context::Context;
use crate::daemon::Engine;
use crate::deliver::{EmailProvider, PushProvider, SmsProvider, WebhookProvider};
use crate::lang::Type;
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
        let drafts: Vec<&str> = linked.program.campaigns.iter().filter(|def| !def.is_published).map(|def| &*def.name).collect();
        if !drafts.is_empty() {
            lines.push(format!("drafts       {} (a draft enrols nobody; `published` switches it on)", drafts.join(", ")));
        }
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
        let what = linked.as_ref().map_or_else(Vec::new, |linked| happenings(&linked.program));
        lines.extend(attempts(first(&access.write_keys), listen, &what));
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

/// What may bring a contact into a campaign, as calls of the API: path and body.
fn happenings(program: &Program) -> Vec<(&'static str, String)> {
    let triggers = program.campaigns.iter().filter(|def| def.is_published).flat_map(|def| &def.triggers);
    let rules = program.rules.iter().map(|rule| &rule.pattern);
    let patterns = triggers.filter_map(|trigger| if let TriggerKind::Event { pattern, .. } = &trigger.kind { Some(pattern) } else { None });
    patterns.chain(rules).filter_map(|pattern| happening(program, pattern)).take(1).collect()
}

fn happening(program: &Program, pattern: &EventPattern) -> Option<(&'static str, String)> {
    match pattern {
        EventPattern::Custom(event) => {
            let def = program.events.get(event.index()).filter(|def| !def.is_form)?;
            let properties: serde_json::Map<String, serde_json::Value> = def.properties.iter().map(|p| (p.name.to_string(), example(&p.ty))).collect();
            Some(("track", serde_json::json!({ "userId": "u1", "event": &*def.name, "properties": properties }).to_string()))
        }
        EventPattern::Visited(path) => {
            let path = path.trim_end_matches('*');
            Some(("page", serde_json::json!({ "userId": "u1", "properties": { "path": path } }).to_string()))
        }
        EventPattern::Message { .. } => None,
    }
}

fn example(ty: &Type) -> serde_json::Value {
    match ty {
        Type::Number => 100.into(),
        Type::Bool => true.into(),
        Type::Date | Type::DateTime => "2026-12-24".into(),
        Type::Enum(values) => values.first().map_or_else(String::new, ToString::to_string).into(),
        Type::Text | Type::Duration | Type::List(_) | Type::Record | Type::Any => "x".into(),
    }
}

fn attempts(key: &str, listen: &str, happenings: &[(&'static str, String)]) -> Vec<String> {
    let call = |path: &str, body: &str| format!("  curl -u {key}: http://{listen}/v1/{path} -d '{body}'");
    let mut lines = vec!["try:".to_string(), call("identify", r#"{"userId":"u1","traits":{"email":"ana@example.com","firstName":"Ana"}}"#)];
    lines.extend(happenings.iter().map(|(path, body)| call(path, body)));
    lines.push("  campc why u1".to_string());
    lines
}
