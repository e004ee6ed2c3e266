//! Secrets in the source: where they stand in a webhook, and what looks like one.

use super::problems;
use crate::base::Span;
use crate::diagnostics::Diagnostic;
use crate::semantic::hir;
use crate::semantic::resolve::Names;
use crate::syntax::ast::{Array, Expr, ExprKind, Object, Text, Value, WebhookAttrKind};

/// How keys of well-known services begin, and how many letters follow at the least.
const KEYS: &[(&str, usize)] = &[
    ("sk_live_", 8),
    ("rk_live_", 8),
    ("whsec_", 16),
    ("AKIA", 16),
    ("ghp_", 20),
    ("gho_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("SG.", 20),
    ("key-", 24),
    ("Bearer ", 16),
    ("Basic ", 16),
];
/// Parameters of an address that hold one.
const PARAMETERS: &[&str] = &["token=", "api_key=", "apikey=", "access_token=", "secret=", "password=", "key="];

/// Looks at every webhook.
pub(super) fn check(project: &hir::Project, names: &Names<'_>, findings: &mut Vec<Diagnostic>) {
    for (webhook, declared) in project.webhooks.iter().zip(names.webhooks.iter()) {
        for attr in &declared.decl.attrs {
            match &attr.kind {
                WebhookAttrKind::SecretText(text) => findings.push(problems::secret_in_source(text.span, &webhook.name)),
                WebhookAttrKind::Url(text) => findings.extend(in_url(text).map(problems::looks_secret)),
                WebhookAttrKind::Headers(object) | WebhookAttrKind::Body(object) => of_object(object, findings),
                WebhookAttrKind::Method(_) | WebhookAttrKind::SecretEnv(_) | WebhookAttrKind::Timeout(_) | WebhookAttrKind::Error => {}
            }
        }
        let has_error = declared.decl.attrs.iter().any(|attr| matches!(attr.kind, WebhookAttrKind::Error));
        if webhook.secret_env.is_none() && webhook.secret_literal.is_none() && !has_error {
            findings.push(problems::unsigned(declared.span, &webhook.name));
        }
    }
}

fn of_object(object: &Object, findings: &mut Vec<Diagnostic>) {
    object.pairs.iter().for_each(|pair| of_value(&pair.value, findings));
}

fn of_value(value: &Value, findings: &mut Vec<Diagnostic>) {
    match value {
        Value::Expr(Expr { kind: ExprKind::Text(text), .. }) => findings.extend(in_text(text).or_else(|| in_url(text)).map(problems::looks_secret)),
        Value::Expr(_) => {}
        Value::Object(object) => of_object(object, findings),
        Value::Array(Array { items, .. }) => items.iter().for_each(|item| of_value(item, findings)),
    }
}

/// A key as well-known services give it.
fn in_text(text: &Text) -> Option<Span> {
    KEYS.iter().find_map(|(start, least)| {
        let at = text.value.find(start)?;
        let rest = text.value.get(at + start.len()..)?;
        let len = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "._-+/=".contains(c))).unwrap_or(rest.len());
        (len >= *least).then(|| text.span_of(at..at + start.len() + len))
    })
}

/// `https://user:password@host`, `?api_key=…`
fn in_url(text: &Text) -> Option<Span> {
    let (scheme, rest) = text.value.split_once("://")?;
    let start = scheme.len() + 3;
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    if let Some((user, _)) = host.split_once('@')
        && user.contains(':')
        && !user.contains("{{")
    {
        return Some(text.span_of(start..start + user.len()));
    }
    let (_, query) = rest.split_once('?')?;
    let query_at = text.value.len() - query.len();
    PARAMETERS.iter().find_map(|name| {
        let at = query.match_indices(name).map(|(at, _)| at).find(|at| *at == 0 || query.get(at - 1..*at) == Some("&"))?;
        let value = query.get(at + name.len()..)?.split('&').next().unwrap_or("");
        (value.len() >= 8 && !value.contains("{{")).then(|| text.span_of(query_at + at + name.len()..query_at + at + name.len() + value.len()))
    })
}
