//! What the event log has recorded, read back: a row as the submission it was, and as the inputs that a contact is given for it.
//!
//! Pure: no row is looked up here. Whom a row belongs to is what it says itself.

use super::api::{ConsentKey, MessageHit, SubmissionKind};
use super::batch::Seen;
use super::body::{body_facts, topic_named};
use super::ingest::{EventNames, Facts, Reading, page_path, properties, visit_properties};
use super::resident::Builtins;
use crate::advance::{Change, ConsentTarget, Input, InputKind, MessageHappening};
use crate::bytecode::{CampaignId, Channel, EventId, MessageEvent, SegmentId};
use crate::lang::Value;
use crate::machine::Linked;
use crate::machine::state::{ConsentState, ContactState, EffectId};
use crate::store::EventRecord;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Where the context keeps what the engine itself has to remember of a submission.
pub(crate) const CAMP: &str = "camp";

/// A topic whose box was ticked, and the state that follows.
type Topic = (Arc<str>, ConsentState);

/// Reads rows of the event log for one program.
#[derive(Debug)]
pub struct LogReader<'a> {
    linked: &'a Linked,
    builtins: Builtins,
    names: EventNames,
    country: Option<phonenumber::country::Id>,
}

/// What a row is besides its kind.
struct Row {
    is_new: bool,
    changes: Vec<Change>,
    context: Option<Map<String, Json>>,
    happened: Option<crate::lang::Instant>,
    is_quiet: bool,
}

impl<'a> LogReader<'a> {
    /// A reader for a program; numbers without a country code belong to `country`.
    #[must_use]
    pub fn new(linked: &'a Linked, country: Option<&str>) -> LogReader<'a> {
        LogReader { linked, builtins: Builtins::new(linked), names: EventNames::new(linked), country: country.and_then(|country| country.parse().ok()) }
    }

    /// The facts of a contact that comes into being with what `body` says: an import's row.
    #[must_use]
    pub fn first_facts(&self, body: &Map<String, Json>) -> (Vec<Change>, Vec<String>) {
        let state = ContactState::default();
        let mut body = body.clone();
        if let Some(lists) = body.remove("lists_add") {
            body.insert("lists".to_owned(), lists);
        }
        let facts = body_facts(&self.reading(&state), &body);
        (facts.changes, facts.problems)
    }

    /// The inputs that a row stands for, for a contact in that state. `is_new`: it came into being with this row.
    #[must_use]
    pub fn inputs(&self, (state, is_new): (&ContactState, bool), record: &EventRecord) -> Vec<Input> {
        let Some(kind) = submission_of(record) else { return Vec::new() };
        let context: Option<Map<String, Json>> = record.context.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let is_quiet = camp(context.as_ref(), "quiet").is_some_and(|quiet| quiet == &Json::Bool(true));
        let reading = self.reading(state);
        let changes = reading.device(context.as_ref()).map(Change::AddDevice).into_iter().collect();
        let row = Row { is_new, changes, context, happened: record.happened, is_quiet };
        self.inputs_of(&reading, row, kind)
    }

    fn inputs_of(&self, reading: &Reading<'_>, row: Row, kind: SubmissionKind) -> Vec<Input> {
        let linked = self.linked;
        let context = row.context.clone();
        match kind {
            SubmissionKind::Identify { traits } => row.facts(reading.traits(&traits, context.as_ref())),
            SubmissionKind::Track { name, properties } => self.event(reading, row, (self.names.find(&name), &properties)),
            SubmissionKind::Page { name, properties } => {
                let path = page_path(&properties, context.as_ref());
                let kind = path.map_or(InputKind::Seen, |path| InputKind::Visited { path, properties: Arc::new(visit_properties(&properties)) });
                let raised = name.and_then(|name| self.names.find(&format!("Page: {name}")));
                let again = Row { is_new: false, changes: Vec::new(), context, happened: row.happened, is_quiet: row.is_quiet };
                let mut inputs = row.then(kind);
                if raised.is_some() {
                    inputs.extend(self.event(reading, again, (raised, &properties)));
                }
                inputs
            }
            SubmissionKind::Screen { name, properties } => {
                let name = name.unwrap_or_else(|| Arc::from("screen"));
                self.event(reading, row, (self.names.find(&name), &properties))
            }
            SubmissionKind::Group { group_id, traits } => {
                let prefixed: Map<String, Json> = traits.iter().map(|(key, value)| (format!("group_{key}"), value.clone())).collect();
                let mut facts = reading.traits(&prefixed, None);
                facts.changes.push(Change::SetTrait(Arc::from("group_id"), Value::Text(group_id)));
                row.facts(facts)
            }
            SubmissionKind::Alias { .. } => row.facts(Facts::default()),
            SubmissionKind::Upsert(body) => row.facts(body_facts(reading, &body)),
            SubmissionKind::Form { form, fields, topics } => self.form(reading, row, (&form, &fields, &topics)),
            SubmissionKind::Message(hit) => row.then(InputKind::Message(MessageHappening {
                effect: hit.effect,
                event: hit.event,
                detail: hit.detail,
                is_machine: hit.is_machine,
                topic: hit.topic.and_then(|id| linked.topic(id)),
            })),
            SubmissionKind::Consent(records) => {
                let target = |key: &ConsentKey| match key {
                    ConsentKey::Channel(channel) => Some(ConsentTarget::Channel(*channel)),
                    ConsentKey::Topic(name) => topic_named(linked, name).map(ConsentTarget::Topic),
                };
                row.changes(records.iter().filter_map(|(key, state)| Some(Change::Consent(target(key)?, *state))).collect())
            }
            SubmissionKind::UnsubscribeAll => row.changes(vec![Change::UnsubscribeAll]),
            SubmissionKind::Enroll(name) => self.campaign(&name).map_or_else(Vec::new, |id| row.then(InputKind::Enroll(id))),
            SubmissionKind::Leave(name) => self.campaign(&name).map_or_else(Vec::new, |id| row.then(InputKind::Leave(id))),
            SubmissionKind::OverrideSegment(name, to) => {
                let segment = linked.program.segments.iter().position(|segment| segment.name == name).map(SegmentId::from_index);
                row.changes(segment.map(|segment| Change::OverrideSegment(segment, to)).into_iter().collect())
            }
        }
    }

    fn event(&self, reading: &Reading<'_>, row: Row, (event, sent): (Option<EventId>, &Map<String, Json>)) -> Vec<Input> {
        let Some((event, def)) = event.and_then(|id| Some((id, self.linked.program.events.get(id.index())?))) else { return row.then(InputKind::Seen) };
        let (record, _) = properties(def, sent, &reading.zone);
        row.then(InputKind::Event { event, properties: Arc::new(record), changes: Vec::new() })
    }

    fn form(&self, reading: &Reading<'_>, row: Row, (form, sent, topics): (&str, &Map<String, Json>, &[Topic])) -> Vec<Input> {
        let Some((event, def)) = self.names.find_form(form).and_then(|id| Some((id, self.linked.program.events.get(id.index())?))) else { return Vec::new() };
        let mut facts = Facts::default();
        for (key, value) in sent {
            if let Some(field) = self.linked.field_named(key) {
                reading.typed(field, value, &mut facts);
            }
        }
        let (record, _) = properties(def, sent, &reading.zone);
        let mut changes = facts.changes;
        changes.extend(topics.iter().filter_map(|(name, state)| Some(Change::Consent(ConsentTarget::Topic(topic_named(self.linked, name)?), *state))));
        let (happened, is_quiet) = (row.happened, row.is_quiet);
        let (first, changes) = if row.is_new {
            (row.changes(changes), Vec::new())
        } else {
            changes.splice(0..0, row.changes);
            (Vec::new(), changes)
        };
        let kind = InputKind::Event { event, properties: Arc::new(record), changes };
        first.into_iter().chain(std::iter::once(Input { happened, is_quiet, ..Input::new(kind) })).collect()
    }

    fn campaign(&self, name: &str) -> Option<CampaignId> {
        self.linked.program.campaigns.iter().position(|campaign| &*campaign.name == name).map(CampaignId::from_index)
    }

    fn reading<'s>(&'s self, state: &'s ContactState) -> Reading<'s> {
        let zone = self.builtins.zone(state, self.linked);
        Reading { linked: self.linked, builtins: &self.builtins, state: Seen::Changed(state), country: self.country, zone }
    }
}

impl Row {
    fn facts(self, facts: Facts) -> Vec<Input> {
        self.changes(facts.changes)
    }
    /// Changes of facts, with the contact's creation if it is new.
    fn changes(self, more: Vec<Change>) -> Vec<Input> {
        let Row { is_new, mut changes, happened, is_quiet, .. } = self;
        changes.extend(more);
        let kind = match (is_new, changes.is_empty()) {
            (true, _) => InputKind::Created { changes },
            (false, false) => InputKind::Changed(changes),
            (false, true) => InputKind::Seen,
        };
        vec![Input { happened, is_quiet, ..Input::new(kind) }]
    }
    /// The contact's creation or new facts first, then the input itself.
    fn then(self, kind: InputKind) -> Vec<Input> {
        let (happened, is_quiet) = (self.happened, self.is_quiet);
        let mut inputs = if self.is_new || !self.changes.is_empty() { self.changes(Vec::new()) } else { Vec::new() };
        inputs.push(Input { happened, is_quiet, ..Input::new(kind) });
        inputs
    }
}

fn camp<'c>(context: Option<&'c Map<String, Json>>, key: &str) -> Option<&'c Json> {
    context?.get(CAMP)?.get(key)
}

/// The submission that a row was; none for a kind that this version does not know.
#[must_use]
pub fn submission_of(record: &EventRecord) -> Option<SubmissionKind> {
    let body: Map<String, Json> = serde_json::from_str(&record.properties).unwrap_or_default();
    let name: Arc<str> = Arc::from(record.name.as_str());
    let named = (!name.is_empty()).then(|| name.clone());
    Some(match record.kind.as_str() {
        "identify" => SubmissionKind::Identify { traits: body },
        "track" => SubmissionKind::Track { name, properties: body },
        "page" => SubmissionKind::Page { name: named, properties: body },
        "screen" => SubmissionKind::Screen { name: named, properties: body },
        "group" => SubmissionKind::Group { group_id: name, traits: body },
        "alias" => SubmissionKind::Alias { previous_id: name },
        "upsert" => SubmissionKind::Upsert(body),
        "form" => SubmissionKind::Form { form: name, fields: body, topics: topics_of(record) },
        "message" => SubmissionKind::Message(message_of(&record.name, &body)?),
        "consent" => SubmissionKind::Consent(body.iter().filter_map(|(key, state)| Some((consent_key(key)?, state_of(state)?))).collect()),
        "unsubscribe" => SubmissionKind::UnsubscribeAll,
        "enroll" => SubmissionKind::Enroll(name),
        "leave" => SubmissionKind::Leave(name),
        "segment" => SubmissionKind::OverrideSegment(name, body.get("member").and_then(Json::as_bool)),
        _ => return None,
    })
}

fn topics_of(record: &EventRecord) -> Vec<Topic> {
    let context: Option<Map<String, Json>> = record.context.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let topics = camp(context.as_ref(), "topics").and_then(Json::as_object);
    topics.into_iter().flatten().filter_map(|(name, state)| Some((Arc::from(name.as_str()), state_of(state)?))).collect()
}

fn state_of(state: &Json) -> Option<ConsentState> {
    serde_json::from_value(state.clone()).ok()
}

fn consent_key(key: &str) -> Option<ConsentKey> {
    if let Some(topic) = key.strip_prefix("topic ") {
        return Some(ConsentKey::Topic(Arc::from(topic)));
    }
    [Channel::Email, Channel::Sms, Channel::Push].into_iter().find(|channel| channel.word() == key).map(ConsentKey::Channel)
}

fn message_of(event: &str, body: &Map<String, Json>) -> Option<MessageHit> {
    const EVENTS: [MessageEvent; 10] = [
        MessageEvent::Sent,
        MessageEvent::Skipped,
        MessageEvent::Delivered,
        MessageEvent::Opened,
        MessageEvent::Clicked,
        MessageEvent::Replied,
        MessageEvent::Bounced,
        MessageEvent::Unsubscribed,
        MessageEvent::Complained,
        MessageEvent::Failed,
    ];
    Some(MessageHit {
        effect: EffectId::parse(body.get("effect")?.as_str()?)?,
        event: EVENTS.into_iter().find(|known| known.word() == event)?,
        detail: body.get("detail").and_then(Json::as_str).map(Arc::from),
        is_machine: body.get("is_machine").and_then(Json::as_bool).unwrap_or(false),
        topic: body.get("topic").and_then(Json::as_u64).and_then(|id| u32::try_from(id).ok()),
    })
}
