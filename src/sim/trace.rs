//! Everything that came of a `test` block, as data: what the comparison with the reference interpreter reads. Expectations are not asked here;
//! they only let the timers of their instant run, as ever.

use super::runner::{Runner, TestSuite, begin};
use super::world::SentKind;
use crate::advance::What;
use crate::bytecode::{CampaignId, FieldId, ListId, SegmentId, StepId, WebhookId};
use crate::lang::{Instant, Value, to_json};
use crate::machine::{field_value, stable};
use crate::semantic::hir::{Test, TestStepKind};
use std::sync::Arc;

/// A line of the journal, in the ids of the checked tree.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceLine {
    /// When.
    pub at: Instant,
    /// The campaign; none for facts of the contact itself.
    pub campaign: Option<CampaignId>,
    /// The step.
    pub step: Option<StepId>,
    /// What.
    pub what: What,
    /// The journal's phrase.
    pub why: Arc<str>,
}

/// A webhook's call.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceCall {
    /// When.
    pub at: Instant,
    /// Which.
    pub webhook: WebhookId,
    /// What it was given, as JSON.
    pub body: String,
}

/// The facts of a contact after a line of the test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceFacts {
    /// By `FieldId`, defaults filled in.
    pub fields: Vec<Value>,
    /// By `GroupId`.
    pub points: Vec<f64>,
    /// Sorted.
    pub tags: Vec<Arc<str>>,
    /// Sorted.
    pub lists: Vec<ListId>,
    /// Sorted.
    pub segments: Vec<SegmentId>,
}

/// What happened to one contact of a test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceContact {
    /// The journal in order.
    pub lines: Vec<TraceLine>,
    /// Webhooks that were called, in order.
    pub calls: Vec<TraceCall>,
    /// After each line of the test that lets no time pass unseen, and at its end.
    pub facts: Vec<TraceFacts>,
}

/// Runs the test at `number` to its end, whatever it expects, and tells what came of it, by contact.
#[must_use]
pub fn trace_test(suite: &TestSuite, number: usize, test: &Test) -> Vec<TraceContact> {
    let mut runner = begin(suite, test);
    let mut contacts = vec![TraceContact::default(); test.contacts.len()];
    for (index, step) in test.steps.iter().enumerate() {
        // A line that cannot be, such as an open of what was not sent, is a line that does nothing.
        let _ = runner.line(step, suite.block(number, index));
        if matches!(step.kind, TestStepKind::Expect(_)) {
            for (contact, into) in contacts.iter_mut().enumerate() {
                into.facts.push(facts(&runner, contact));
            }
        }
    }
    for (contact, into) in contacts.iter_mut().enumerate() {
        into.lines = lines(&runner, contact);
        into.calls = calls(&runner, contact);
    }
    contacts
}

fn lines(runner: &Runner<'_>, contact: usize) -> Vec<TraceLine> {
    let linked = runner.world.linked;
    let journal = runner.world.people.get(contact).map_or(&[][..], |person| person.journal.as_slice());
    let line = |entry: &crate::advance::JournalEntry| TraceLine {
        at: entry.at,
        campaign: entry.campaign.and_then(|id| linked.campaign(id)),
        step: entry.step.and_then(|uid| linked.step(uid)),
        what: entry.what,
        why: entry.why.clone(),
    };
    journal.iter().map(line).collect()
}

fn calls(runner: &Runner<'_>, contact: usize) -> Vec<TraceCall> {
    let sent = runner.world.sent.iter().filter(|sent| sent.contact == contact);
    sent.filter_map(|sent| match &sent.kind {
        SentKind::Webhook { webhook, body } => Some(TraceCall { at: sent.at, webhook: *webhook, body: body.to_string() }),
        SentKind::Message { .. } | SentKind::Notify => None,
    })
    .collect()
}

fn facts(runner: &Runner<'_>, contact: usize) -> TraceFacts {
    let Some(person) = runner.world.people.get(contact).filter(|person| person.is_there) else { return TraceFacts::default() };
    let linked = runner.world.linked;
    let (program, deployment) = (&linked.program, &linked.deployment);
    let below = |count: usize| (0..count).filter_map(|index| u32::try_from(index).ok());
    TraceFacts {
        fields: below(program.fields.len()).map(|index| field_value(linked, &person.state, FieldId(index))).collect(),
        points: (0..program.groups.len()).map(|group| person.state.points.get(&stable(&deployment.groups, group)).copied().unwrap_or(0.0)).collect(),
        tags: person.state.tags.clone(),
        lists: below(program.lists.len()).map(ListId).filter(|list| person.state.lists.contains(&stable(&deployment.lists, list.index()))).collect(),
        segments: below(program.segments.len())
            .map(SegmentId)
            .filter(|segment| person.state.segments.get(&stable(&deployment.segments, segment.index())).is_some())
            .collect(),
    }
}

/// The JSON of a value as calls show it.
#[must_use]
pub fn value_text(value: &Value) -> String {
    to_json(value).to_string()
}
