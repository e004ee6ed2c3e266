//! What is suspicious though it has a meaning: unused declarations, secrets, windows, time, campaigns nobody enters.

mod conditions;
mod problems;
mod secrets;
mod timing;
mod unset;
mod windows;

pub(super) use secrets::everywhere as secrets_in;

use super::check::Usage;
use super::hir;
use super::resolve::Names;
use crate::bytecode::{MessageId, WebhookId};
use crate::diagnostics::Diagnostic;
use crate::syntax::ast::{HeaderKind, Item};

/// Looks at everything that was checked; without `usage` nothing is called unused.
pub(super) fn check(project: &hir::Project, names: &Names<'_>, usage: Option<&Usage>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    if let Some(usage) = usage {
        unused(names, usage, &mut findings);
    }
    secrets::check(project, names, &mut findings);
    windows::check(project, names, &mut findings);
    conditions::check(project, &mut findings);
    unset::all(project, &mut findings);
    for (campaign, declared) in project.campaigns.iter().zip(names.campaigns.iter()) {
        timing::check(project, campaign, &mut findings);
        let has_trigger = declared.decl.items.iter().any(|item| match item {
            Item::Header(line) => matches!(line.kind, HeaderKind::When { .. } | HeaderKind::Broadcast(_)),
            Item::Error(_) => true,
            Item::Step(_) => false,
        });
        if campaign.is_published && !has_trigger {
            findings.push(problems::nothing_enrols(campaign.name_span, &campaign.name));
        }
    }
    findings
}

/// Messages, webhooks, sequences and parameters are there to be used by a step; fields, events, forms, lists, topics and segments are also read
/// and filled from outside.
fn unused(names: &Names<'_>, usage: &Usage, findings: &mut Vec<Diagnostic>) {
    for (at, message) in names.messages.iter().enumerate() {
        if !usage.messages.contains(&MessageId::from_index(at)) {
            findings.push(problems::unused(message.span, "message", &message.name, "no step sends it"));
        }
    }
    for (at, webhook) in names.webhooks.iter().enumerate() {
        if !usage.webhooks.contains(&WebhookId::from_index(at)) {
            findings.push(problems::unused(webhook.span, "webhook", &webhook.name, "no step calls it"));
        }
    }
    for (at, sequence) in names.sequences.iter().enumerate() {
        if !usage.sequences.contains(&at) {
            findings.push(problems::unused(sequence.span, "sequence", &sequence.name, "no `do` expands it"));
        }
    }
    findings.extend(usage.unread_parameters.iter().map(|(span, name)| problems::unread_parameter(*span, name)));
}
