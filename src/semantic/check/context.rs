//! The state of the check, and the small questions every part of it asks.

use super::identity::Identity;
use super::scope::Scope;
use super::templates::{SendSite, TemplateUse};
use crate::base::Span;
use crate::bytecode::{CampaignId, Channel, EventId, FieldId, GroupId, ListId, MessageId, SegmentId, StepId, TopicId, WebhookId};
use crate::diagnostics::Diagnostic;
use crate::semantic::hir;
use crate::semantic::input::Input;
use crate::semantic::resolve::Names;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is used of what is declared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    pub messages: BTreeSet<MessageId>,
    pub webhooks: BTreeSet<WebhookId>,
    pub sequences: BTreeSet<usize>,
    pub unread_parameters: Vec<(Span, Arc<str>)>,
}

/// The state of the check.
pub(crate) struct Checker<'a, 'i> {
    pub input: &'i Input<'a>,
    pub names: &'i Names<'a>,
    pub project: hir::Project,
    pub scope: Scope,
    pub usage: Usage,
    pub findings: Vec<Diagnostic>,
    pub fields: BTreeMap<Arc<str>, FieldId>,
    pub field_spans: BTreeMap<FieldId, Span>,
    /// Inline messages by their place: one message however often a sequence is expanded.
    pub inline: BTreeMap<Span, MessageId>,
    pub steps: Vec<Identity>,
    pub step_keys: FxHashMap<(CampaignId, Span, String), usize>,
    /// What the templates of each declared message read.
    pub template_uses: BTreeMap<MessageId, Vec<TemplateUse>>,
    pub send_sites: Vec<SendSite>,
    /// Red paths' waits, and the decisions at which one stands during them.
    pub absorbed: BTreeMap<StepId, StepId>,
    /// Named steps by campaign and by what stands before names there.
    pub named_steps: BTreeMap<(CampaignId, String), BTreeMap<String, super::scope::NamedStep>>,
    /// Campaigns with more steps than are looked at.
    pub too_long: BTreeSet<CampaignId>,
    /// How many values the expansion of sequences has made.
    pub expanded_parts: usize,
    /// Findings of expansions, which are told although sequences were checked by themselves.
    pub grown: Vec<Diagnostic>,
    /// Marketing mails for which no footer can be made: one fault of the project, told once.
    pub without_footer: BTreeSet<Span>,
}

impl<'a, 'i> Checker<'a, 'i> {
    pub(super) fn new(input: &'i Input<'a>, names: &'i Names<'a>) -> Self {
        Checker {
            input,
            names,
            project: hir::Project::default(),
            scope: Scope::default(),
            usage: Usage::default(),
            findings: Vec::new(),
            fields: BTreeMap::new(),
            field_spans: BTreeMap::new(),
            inline: BTreeMap::new(),
            steps: Vec::new(),
            step_keys: FxHashMap::default(),
            template_uses: BTreeMap::new(),
            send_sites: Vec::new(),
            absorbed: BTreeMap::new(),
            named_steps: BTreeMap::new(),
            too_long: BTreeSet::new(),
            expanded_parts: 0,
            grown: Vec::new(),
            without_footer: BTreeSet::new(),
        }
    }
    pub(super) fn finish(mut self) -> (hir::Project, Usage, Vec<Diagnostic>) {
        self.findings.append(&mut self.grown);
        let mut mails = self.without_footer.iter().copied();
        if let Some(first) = mails.next() {
            self.findings.push(super::problems::no_footer(first, &mails.collect::<Vec<_>>()));
        }
        (self.project, self.usage, self.findings)
    }
    /// Takes a finding in.
    pub(super) fn report(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }
    pub(super) fn report_some(&mut self, finding: Option<Diagnostic>) {
        self.findings.extend(finding);
    }
    /// Runs `work` without keeping its findings: what is checked a second time has been told the first time.
    pub(super) fn silently<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let kept = self.findings.len();
        let result = work(self);
        self.findings.truncate(kept);
        result
    }
    /// Runs `work` in a scope that ends with it.
    pub(super) fn within<T>(&mut self, scope: Scope, work: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.scope, scope);
        let result = work(self);
        self.scope = outer;
        result
    }
    /// The source under a span, blanks collapsed and comments left out.
    pub(super) fn text_of(&self, span: Span) -> Arc<str> {
        super::identity::normalize(self.input.sources.text(span)).into()
    }

    pub(super) fn field(&self, name: &str) -> Option<FieldId> {
        self.fields.get(name).copied()
    }
    pub(super) fn event(&self, name: &str) -> Option<EventId> {
        self.names.events.find(name).map(EventId::from_index)
    }
    pub(super) fn form(&self, name: &str) -> Option<EventId> {
        self.names.forms.find(name).map(|at| EventId::from_index(self.names.events.len() + at))
    }
    pub(super) fn message(&self, name: &str) -> Option<MessageId> {
        self.names.messages.find(name).map(MessageId::from_index)
    }
    pub(super) fn message_channel(&self, id: MessageId) -> Option<Channel> {
        self.project.messages.get(id.index()).map(|message| message.channel)
    }

    pub(super) fn segment_ref(&mut self, name: &crate::syntax::ast::Ref) -> Option<SegmentId> {
        match self.scope.param(&name.text) {
            Some(super::scope::Binding::Segment(id)) => return Some(*id),
            Some(super::scope::Binding::Open(super::scope::OpenKind::Segment)) => return None,
            Some(_) | None => {}
        }
        let found = self.names.segments.find(&name.text).map(SegmentId::from_index);
        if found.is_none() {
            let finding = super::problems::unknown_segment(name.span, &name.text, self.names.segments.names());
            self.report(finding);
        }
        found
    }
    pub(super) fn list_ref(&mut self, name: &crate::syntax::ast::Ref) -> Option<ListId> {
        let found = self.names.lists.find(&name.text).map(ListId::from_index);
        if found.is_none() {
            let finding = super::problems::unknown_list(name.span, &name.text, self.names.lists.names());
            self.report(finding);
        }
        found
    }
    pub(super) fn topic_ref(&mut self, name: &crate::syntax::ast::Ref) -> Option<TopicId> {
        let found = self.names.topics.find(&name.text).map(TopicId::from_index);
        if found.is_none() {
            let finding = super::problems::unknown_topic(name.span, &name.text, self.names.topics.names());
            self.report(finding);
        }
        found
    }
    pub(super) fn campaign_ref(&mut self, name: &crate::syntax::ast::Ref) -> Option<CampaignId> {
        let found = self.names.campaigns.find(&name.text).map(CampaignId::from_index);
        if found.is_none() {
            let finding = super::problems::unknown_campaign(name.span, &name.text, self.names.campaigns.names());
            self.report(finding);
        }
        found
    }
    pub(super) fn group_ref(&mut self, name: &crate::syntax::ast::Ref) -> Option<GroupId> {
        let found = self.names.groups.find(&name.text).map(|at| GroupId::from_index(at + 1));
        if found.is_none() {
            let finding = super::problems::unknown_group(name.span, &name.text, self.names.groups.names());
            self.report(finding);
        }
        found
    }
    pub(super) fn webhook_ref(&mut self, name: &crate::syntax::ast::Name) -> Option<WebhookId> {
        match self.scope.param(&name.text) {
            Some(super::scope::Binding::Webhook(id)) => return Some(*id),
            Some(super::scope::Binding::Open(super::scope::OpenKind::Webhook)) => return None,
            Some(_) | None => {}
        }
        let found = self.names.webhooks.find(&name.text).map(WebhookId::from_index);
        if found.is_none() {
            let finding = super::problems::unknown_webhook(name.span, &name.text, self.names.webhooks.names());
            self.report(finding);
        }
        found
    }
}
