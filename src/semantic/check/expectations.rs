//! What a test expects.

use super::scenarios::channel;
use super::{Checker, literals, problems};
use crate::bytecode::StepId;
use crate::semantic::hir::{Expectation, ExpectedKind, ExpectedMessage, Test, TestContactId};
use crate::syntax::ast::{self, ExpectationKind as Kind};

const SKIP_REASONS: [&str; 17] = [
    "no address",
    "no consent",
    "unsubscribed",
    "suppressed",
    "hard bounce",
    "complaint",
    "cap",
    "muted",
    "control group",
    "holdout",
    "channel off",
    "campaign ended",
    "expired",
    "template",
    "past",
    "exit",
    "restarted",
];
const REFUSALS: [&str; 10] = ["draft", "paused", "not active", "already in", "reenter", "only if", "exit", "each", "control group", "past"];

impl Checker<'_, '_> {
    pub(super) fn expectation(&mut self, expectation: &ast::Expectation, who: Option<TestContactId>, test: &Test) -> Option<Expectation> {
        Some(match &expectation.kind {
            Kind::Message(kind, sent) => {
                let which = sent.which.as_ref().map(|name| self.expected_message(name));
                let to = self.addressee(sent.to.as_ref(), who, test);
                let address = sent.address.as_ref().map(|text| text.value.clone());
                let containing = sent.containing.as_ref().map(|text| literals::nfc(&text.value));
                // A name that is unknown has its finding.
                let which = which.map_or(Some(None), |which| which.map(Some))?;
                Expectation::Message { channel: channel(*kind), which, to, address, containing }
            }
            Kind::Webhook { webhook, body } => {
                let webhook = self.webhook_ref(webhook);
                let body = body.as_ref().map(|body| self.object(body));
                Expectation::Webhook { webhook: webhook?, body }
            }
            Kind::Notify { to, containing } => {
                Expectation::Notify { to: to.value.clone(), containing: containing.as_ref().map(|text| literals::nfc(&text.value)) }
            }
            Kind::Nothing(duration) => Expectation::Nothing(self.duration(duration)),
            Kind::No(kind) => Expectation::No(expected_kind(kind.value)),
            Kind::Skipped { channel: kind, message, because, to } => {
                let message = self.expected_message(message);
                let because = because.as_ref().map(|text| self.reason(text, &SKIP_REASONS));
                let to = self.addressee(to.as_ref(), who, test);
                Expectation::Skipped { channel: channel(*kind), message: message?, because, to }
            }
            Kind::AtStep(name) => {
                let steps = self.steps_called(name);
                if steps.is_empty() {
                    let finding = self.unknown_step(name);
                    self.report(finding);
                    return None;
                }
                Expectation::AtStep { name: name.text.clone(), steps }
            }
            Kind::Stopped(reason) => Expectation::Stopped(reason.as_ref().map(|text| literals::nfc(&text.value))),
            Kind::Goal { goal, campaign } => {
                let campaign = campaign.as_ref().and_then(|campaign| self.campaign_ref(campaign));
                if let Some(goal) = goal {
                    self.check_goal(goal);
                }
                Expectation::Goal { goal: goal.as_ref().map(|text| text.value.clone()), campaign }
            }
            Kind::Refused { campaign, because } => {
                let campaign = self.campaign_ref(campaign);
                let because = because.as_ref().map(|text| self.reason(text, &REFUSALS));
                Expectation::Refused { campaign: campaign?, because }
            }
            Kind::Condition(condition) => Expectation::Condition(self.condition(condition)),
        })
    }

    fn check_goal(&mut self, goal: &ast::Text) {
        let known: Vec<std::sync::Arc<str>> = self.project.campaigns.iter().flat_map(|c| &c.goals).filter_map(|g| g.name.clone()).collect();
        if !known.contains(&goal.value) {
            self.report(problems::unknown_goal(goal.span, &goal.value, known.iter().map(AsRef::as_ref)));
        }
    }

    fn addressee(&mut self, to: Option<&ast::Name>, who: Option<TestContactId>, test: &Test) -> Option<TestContactId> {
        match to {
            Some(name) => self.contact_named(name, test),
            None => who,
        }
    }

    fn reason(&mut self, text: &ast::Text, known: &[&str]) -> std::sync::Arc<str> {
        if !known.contains(&text.value.as_ref()) {
            self.report(problems::unknown_reason(text.span, &text.value, known));
        }
        text.value.clone()
    }

    fn expected_message(&mut self, name: &ast::Ref) -> Option<ExpectedMessage> {
        if let Some(message) = self.message(&name.text) {
            return Some(ExpectedMessage::Named(message));
        }
        let steps: Vec<StepId> = self.steps_called(name);
        if !steps.is_empty() {
            return Some(ExpectedMessage::Steps(steps));
        }
        let known = self.names.messages.names().chain(self.steps.iter().filter(|s| s.channel.is_some()).filter_map(|s| s.name.as_deref()));
        let finding = problems::unknown_message(name.span, &name.text, known);
        self.report(finding);
        None
    }

    fn steps_called(&self, name: &ast::Ref) -> Vec<StepId> {
        let text = name.text.as_ref();
        let plain = text.strip_suffix("#1").unwrap_or(text);
        let is_called = |step: &&super::identity::Identity| step.name.as_deref() == Some(text) || step.path.as_ref() == plain;
        self.steps.iter().filter(is_called).map(|step| self.absorbed.get(&step.id).copied().unwrap_or(step.id)).collect()
    }

    /// Whether the campaign that is being checked has a step of that name or path.
    pub(super) fn is_step_here(&self, name: &ast::Ref) -> bool {
        let text = name.text.as_ref();
        let plain = text.strip_suffix("#1").unwrap_or(text);
        let is_called = |step: &&super::identity::Identity| step.name.as_deref() == Some(text) || step.path.as_ref() == plain;
        self.steps.iter().filter(is_called).any(|step| Some(step.campaign) == self.scope.campaign)
    }

    pub(super) fn unknown_step(&self, name: &ast::Ref) -> crate::diagnostics::Diagnostic {
        let names = self.steps.iter().filter_map(|step| step.name.as_deref());
        let paths = self.steps.iter().map(|step| step.path.as_ref());
        problems::unknown_step(name.span, &name.text, names.chain(paths))
    }
}

fn expected_kind(kind: ast::ExpectedKind) -> ExpectedKind {
    match kind {
        ast::ExpectedKind::Email => ExpectedKind::Email,
        ast::ExpectedKind::Sms => ExpectedKind::Sms,
        ast::ExpectedKind::Push => ExpectedKind::Push,
        ast::ExpectedKind::Webhook => ExpectedKind::Webhook,
        ast::ExpectedKind::Notify => ExpectedKind::Notify,
        ast::ExpectedKind::Message => ExpectedKind::Message,
        ast::ExpectedKind::Goal => ExpectedKind::Goal,
    }
}
