//! Secrets in the source: where they stand in a webhook, and what looks like one anywhere.

use super::problems;
use crate::base::{FileId, Span};
use crate::diagnostics::Diagnostic;
use crate::semantic::hir;
use crate::semantic::resolve::Names;
use crate::syntax::ast::{Array, Expr, ExprKind, Object, Pair, Text, Value, WebhookAttrKind};
use regex::Regex;
use std::sync::LazyLock;

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

/// Keys that look like nothing else, wherever they stand: in a text, in a comment.
static EVERYWHERE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let keys = r"(?:[sr]k_live_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9+/=]{16,}|AKIA[A-Z0-9]{16}|gh[po]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[bp]-[A-Za-z0-9-]{10,}|SG\.[A-Za-z0-9_.-]{20,})";
    Regex::new(keys).ok()
});
/// Parts of names of what holds a secret.
const SECRET_NAMES: &[&str] = &["key", "token", "secret", "auth", "password"];

/// Looks through a whole source; what is told of already is not told again.
pub(in crate::semantic) fn everywhere((file, text): (FileId, &str), findings: &mut Vec<Diagnostic>) {
    let Some(keys) = EVERYWHERE.as_ref() else { return };
    for found in keys.find_iter(text) {
        let is_inside_a_word = text.get(..found.start()).and_then(|before| before.chars().next_back()).is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        let span = Span::new(file, found.start(), found.end());
        let overlaps = |known: Span| known.file == file && known.start < span.end && span.start < known.end;
        if !is_inside_a_word && !findings.iter().any(|finding| overlaps(finding.primary.span)) {
            findings.push(problems::looks_secret(span));
        }
    }
}

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
    object.pairs.iter().for_each(|pair| of_pair(pair, findings));
}

fn of_pair(pair: &Pair, findings: &mut Vec<Diagnostic>) {
    if let Value::Expr(Expr { kind: ExprKind::Text(text), .. }) = &pair.value
        && is_random(&pair.key.text, &text.value)
    {
        findings.push(problems::looks_secret(text.span));
        return;
    }
    of_value(&pair.value, findings);
}

fn of_value(value: &Value, findings: &mut Vec<Diagnostic>) {
    match value {
        Value::Expr(Expr { kind: ExprKind::Text(text), .. }) => findings.extend(in_text(text).or_else(|| in_url(text)).map(problems::looks_secret)),
        Value::Expr(_) => {}
        Value::Object(object) => of_object(object, findings),
        Value::Array(Array { items, .. }) => items.iter().for_each(|item| of_value(item, findings)),
    }
}

/// Letters and digits without a pattern: under a name that says so, shorter ones are enough.
fn is_random(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_named = SECRET_NAMES.iter().any(|part| name.contains(part));
    let (least, bits) = if is_named { (20, 3.2) } else { (32, 4.4) };
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let is_mixed = value.bytes().any(|b| b.is_ascii_lowercase()) && (is_named || value.bytes().any(|b| b.is_ascii_uppercase()));
    value.len() >= least && value.bytes().all(|b| b.is_ascii_alphanumeric()) && digits >= 3 && is_mixed && bits_per_letter(value) >= bits
}

/// The entropy of its letters.
fn bits_per_letter(text: &str) -> f64 {
    let mut counts = [0_u32; 128];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let whole: f64 = counts.iter().copied().map(f64::from).sum();
    let part = |count: u32| f64::from(count) / whole;
    counts.iter().filter(|count| **count > 0).map(|count| -part(*count) * part(*count).log2()).sum()
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
