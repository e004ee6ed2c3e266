//! Submissions become inputs: deduped, attributed to a contact, written to the event log, and advanced in their order.

use super::api::{Accepted, ConsentKey, ContactKey, MessageHit, Rejection, Submission, SubmissionKind};
use super::batch::{Surroundings, Work};
use super::identity::Attributed;
use super::ingest::{Facts, Reading, clamp, page_path, properties, visit_properties};
use super::patch::patch_changes;
use super::recorded::CAMP;
use crate::advance::{Change, ConsentTarget, Input, InputKind, MessageHappening, What};
use crate::bytecode::{CampaignId, EventId, SegmentId, TopicId};
use crate::lang::{Instant, Value};
use crate::machine::state::{ConsentState, ContactUid};
use crate::proof::{Mutant, is_planted};
use crate::store::EventRow;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// A topic whose box was ticked, and the state that follows.
type Topic = (Arc<str>, ConsentState);

/// What is known of a submission besides its kind, once it is attributed.
struct Arrival {
    uid: ContactUid,
    is_new: bool,
    changes: Vec<Change>,
    happened: Option<Instant>,
    is_quiet: bool,
}

impl Work<'_> {
    /// Takes one submission in, or says why not.
    pub fn submit(&mut self, submission: &Submission) -> Accepted {
        let dedupe = submission.message_id.as_deref().map(dedupe_key);
        if let Some(key) = dedupe
            && self.has_seen(key)
            && !is_planted(Mutant::NoDedupe)
        {
            self.around.metrics.duplicates.one();
            return Accepted { is_duplicate: true, ..Accepted::default() };
        }
        match self.take_in(submission) {
            Ok((contact, is_new_contact)) => {
                self.seen.extend(dedupe);
                self.around.metrics.took(kind_word(&submission.kind));
                Accepted { contact: Some(contact), is_new_contact, ..Accepted::default() }
            }
            Err(rejection) => {
                self.around.metrics.rejected.one();
                Accepted { rejection: Some(rejection), ..Accepted::default() }
            }
        }
    }

    fn has_seen(&self, key: u128) -> bool {
        let Surroundings { seen, pending, now, .. } = self.around;
        self.seen.contains(&key) || pending.is_some_and(|pending| pending.seen.contains(&key)) || seen.has(key, now)
    }

    fn take_in(&mut self, submission: &Submission) -> Result<(ContactUid, bool), Rejection> {
        let owner = self.check(submission)?.map(ContactKey::of);
        let Attributed { uid, is_new, mut changes } = self.attribute(owner.as_ref().unwrap_or(&submission.contact))?;
        let happened = clamp(submission.happened, self.around.now);
        self.log(uid, happened, submission);
        let context = submission.context.as_ref();
        changes.extend(self.take_device(uid, context));
        let arrival = Arrival { uid, is_new, changes, happened, is_quiet: submission.is_quiet };
        match &submission.kind {
            SubmissionKind::Identify { traits } => self.identify(arrival, traits, context),
            SubmissionKind::Track { name, properties } => {
                let event = self.around.names.find(name);
                self.event(arrival, event, (name, properties));
            }
            SubmissionKind::Page { name, properties } => self.page(arrival, name.as_ref(), (properties, context)),
            SubmissionKind::Screen { name, properties } => {
                let name = name.clone().unwrap_or_else(|| Arc::from("screen"));
                let event = self.around.names.find(&name);
                self.event(arrival, event, (&name, properties));
            }
            SubmissionKind::Group { group_id, traits } => self.group(arrival, group_id, traits),
            SubmissionKind::Alias { previous_id } => {
                let mut arrival = arrival;
                arrival.changes.extend(self.alias(uid, previous_id));
                self.enter(arrival, Facts::default());
            }
            SubmissionKind::Upsert(body) => {
                let facts = patch_changes(self, uid, body);
                self.enter(arrival, facts);
            }
            SubmissionKind::Form { form, fields, topics } => self.form(arrival, form, (fields, topics)),
            SubmissionKind::Message(hit) => self.message(arrival, hit),
            SubmissionKind::Consent(records) => {
                let changes = records.iter().filter_map(|(key, state)| Some(Change::Consent(self.consent_target(key)?, *state))).collect();
                self.enter(arrival, Facts { changes, problems: Vec::new() });
            }
            SubmissionKind::UnsubscribeAll => self.enter(arrival, Facts { changes: vec![Change::UnsubscribeAll], problems: Vec::new() }),
            SubmissionKind::Enroll(name) => self.by_hand(arrival, name, InputKind::Enroll),
            SubmissionKind::Leave(name) => self.by_hand(arrival, name, InputKind::Leave),
            SubmissionKind::OverrideSegment(name, to) => {
                let changes = self.segment(name).map(|segment| Change::OverrideSegment(segment, *to)).into_iter().collect();
                self.enter(arrival, Facts { changes, problems: Vec::new() });
            }
        }
        Ok((self.canonical(uid), is_new))
    }

    /// Refuses what names something that is not there, before a contact is made for it; tells the contact of a sending.
    fn check(&self, submission: &Submission) -> Result<Option<ContactUid>, Rejection> {
        let unknown = |reason, what: &str, name: &str| Err(Rejection { reason, detail: format!("there is no {what} \"{name}\"") });
        match &submission.kind {
            SubmissionKind::Enroll(name) | SubmissionKind::Leave(name) if self.campaign(name).is_none() => unknown("unknown_campaign", "campaign", name),
            SubmissionKind::OverrideSegment(name, _) if self.segment(name).is_none() => unknown("unknown_segment", "segment", name),
            SubmissionKind::Form { form, .. } if self.around.names.find_form(form).is_none() => unknown("unknown_form", "form", form),
            SubmissionKind::Consent(records) => match records.iter().find(|(key, _)| self.consent_target(key).is_none()) {
                Some((ConsentKey::Topic(name), _)) => unknown("unknown_topic", "topic", name),
                Some((ConsentKey::Channel(_), _)) | None => Ok(None),
            },
            SubmissionKind::Alias { .. } if submission.contact.user_id.is_none() => {
                Err(Rejection { reason: "no_identity", detail: "an alias needs a userId".to_owned() })
            }
            SubmissionKind::Upsert(body) => match ["segments", "enrollments"].iter().find(|key| body.contains_key(**key)) {
                Some(key) => Err(Rejection { reason: "bad_shape", detail: format!("`{key}` cannot be written: it follows from the rest") }),
                None => Ok(None),
            },
            SubmissionKind::Message(hit) => {
                // The contact of a sending is the one it was sent to, whatever else the key says.
                let owner = match self.desk.get(hit.effect) {
                    Some(open) => Some(open.row.effect.contact),
                    None => self.around.reader.effect(hit.effect, submission.contact.uid).ok().flatten().map(|row| row.effect.contact),
                };
                match owner.or(submission.contact.uid) {
                    Some(owner) => Ok(Some(owner)),
                    None => unknown("unknown_effect", "sending", &hit.effect.to_text()),
                }
            }
            SubmissionKind::Identify { .. }
            | SubmissionKind::Track { .. }
            | SubmissionKind::Page { .. }
            | SubmissionKind::Screen { .. }
            | SubmissionKind::Group { .. }
            | SubmissionKind::Alias { .. }
            | SubmissionKind::Form { .. }
            | SubmissionKind::UnsubscribeAll
            | SubmissionKind::Enroll(_)
            | SubmissionKind::Leave(_)
            | SubmissionKind::OverrideSegment(..) => Ok(None),
        }
    }

    /// Changes of facts, with the contact's creation if it is new.
    fn enter(&mut self, arrival: Arrival, facts: Facts) {
        let Arrival { uid, is_new, mut changes, happened, is_quiet } = arrival;
        changes.extend(facts.changes);
        let kind = match (is_new, changes.is_empty()) {
            (true, _) => InputKind::Created { changes },
            (false, false) => InputKind::Changed(changes),
            (false, true) => InputKind::Seen,
        };
        self.step(uid, &Input { happened, is_quiet, ..Input::new(kind) });
        self.complain(uid, facts.problems);
    }

    fn complain(&mut self, uid: ContactUid, problems: Vec<String>) {
        self.around.metrics.type_errors.add_len(problems.len());
        for problem in problems {
            self.note(uid, What::Problem, problem);
        }
    }

    /// The contact's creation or new keys first, then the input itself.
    fn enter_then(&mut self, arrival: Arrival, kind: InputKind) {
        let (uid, happened, is_quiet) = (arrival.uid, arrival.happened, arrival.is_quiet);
        if arrival.is_new || !arrival.changes.is_empty() {
            self.enter(arrival, Facts::default());
        }
        self.step(uid, &Input { happened, is_quiet, ..Input::new(kind) });
    }

    /// The device of a call is the contact's from now on, whoever had it.
    fn take_device(&mut self, uid: ContactUid, context: Option<&Map<String, Json>>) -> Option<Change> {
        context?.get("device")?;
        let device = self.reading(uid)?.device(context)?;
        self.free_device(&device, uid);
        Some(Change::AddDevice(device))
    }

    /// Whoever else had a device has it no more: what is meant for one person must not light up on another's screen.
    pub fn free_device(&mut self, device: &Arc<str>, uid: ContactUid) {
        if let Some(holder) = self.holder_of_device(device).filter(|holder| *holder != uid) {
            self.step(holder, &Input::new(InputKind::Changed(vec![Change::RemoveDevice(device.clone())])));
        }
    }

    fn identify(&mut self, arrival: Arrival, traits: &Map<String, Json>, context: Option<&Map<String, Json>>) {
        let uid = arrival.uid;
        let facts = self.reading(uid).map(|reading| reading.traits(traits, context)).unwrap_or_default();
        self.enter(arrival, facts);
        self.unite_by_email(uid);
    }

    fn event(&mut self, arrival: Arrival, event: Option<EventId>, (name, sent): (&Arc<str>, &Map<String, Json>)) {
        let uid = arrival.uid;
        let linked = self.around.linked;
        let Some((event, def)) = event.and_then(|id| Some((id, linked.program.events.get(id.index())?))) else {
            self.batch.undeclared.push(name.clone());
            self.around.metrics.undeclared.one();
            return self.enter_then(arrival, InputKind::Seen);
        };
        let zone = self.state(uid).map_or_else(|| linked.zone.clone(), |state| self.around.resident.builtins.zone(&state, linked));
        let (record, problems) = properties(def, sent, &zone);
        self.enter_then(arrival, InputKind::Event { event, properties: Arc::new(record), changes: Vec::new() });
        self.complain(uid, problems);
    }

    fn page(&mut self, arrival: Arrival, name: Option<&Arc<str>>, (sent, context): (&Map<String, Json>, Option<&Map<String, Json>>)) {
        let (uid, happened, is_quiet) = (arrival.uid, arrival.happened, arrival.is_quiet);
        match page_path(sent, context) {
            Some(path) => self.enter_then(arrival, InputKind::Visited { path, properties: Arc::new(visit_properties(sent)) }),
            None => self.enter_then(arrival, InputKind::Seen),
        }
        let raised = name.and_then(|name| self.around.names.find(&format!("Page: {name}")).map(|event| (name, event)));
        if let Some((name, event)) = raised {
            let arrival = Arrival { uid, is_new: false, changes: Vec::new(), happened, is_quiet };
            self.event(arrival, Some(event), (name, sent));
        }
    }

    fn group(&mut self, arrival: Arrival, group_id: &Arc<str>, traits: &Map<String, Json>) {
        let uid = arrival.uid;
        let prefixed: Map<String, Json> = traits.iter().map(|(key, value)| (format!("group_{key}"), value.clone())).collect();
        let mut facts = self.reading(uid).map(|reading| reading.traits(&prefixed, None)).unwrap_or_default();
        facts.changes.push(Change::SetTrait(Arc::from("group_id"), Value::Text(group_id.clone())));
        self.enter(arrival, facts);
    }

    fn form(&mut self, arrival: Arrival, form: &Arc<str>, (sent, topics): (&Map<String, Json>, &[Topic])) {
        let linked = self.around.linked;
        let (uid, happened, is_quiet) = (arrival.uid, arrival.happened, arrival.is_quiet);
        let Some((event, def)) = self.around.names.find_form(form).and_then(|id| Some((id, linked.program.events.get(id.index())?))) else { return };
        let Some(reading) = self.reading(uid) else { return };
        let mut facts = Facts::default();
        for (key, value) in sent {
            if let Some(field) = linked.field_named(key) {
                reading.typed(field, value, &mut facts);
            }
        }
        let (record, mut problems) = properties(def, sent, &reading.zone);
        let mut changes = facts.changes;
        let consents = topics.iter().filter_map(|(name, state)| Some(Change::Consent(ConsentTarget::Topic(self.topic(name)?), *state)));
        changes.extend(consents);
        problems.extend(facts.problems);
        drop(reading);
        if arrival.is_new {
            // The form's fields are what the contact is made with.
            self.enter(arrival, Facts { changes, problems });
            self.step(uid, &Input { happened, is_quiet, ..Input::new(InputKind::Event { event, properties: Arc::new(record), changes: Vec::new() }) });
        } else {
            changes.splice(0..0, arrival.changes);
            self.step(uid, &Input { happened, is_quiet, ..Input::new(InputKind::Event { event, properties: Arc::new(record), changes }) });
            self.complain(uid, problems);
        }
    }

    fn message(&mut self, arrival: Arrival, hit: &MessageHit) {
        let happening = MessageHappening {
            effect: hit.effect,
            event: hit.event,
            detail: hit.detail.clone(),
            is_machine: hit.is_machine,
            topic: hit.topic.and_then(|id| self.around.linked.topic(id)),
        };
        self.enter_then(arrival, InputKind::Message(happening));
    }

    fn by_hand(&mut self, arrival: Arrival, name: &str, kind: impl FnOnce(CampaignId) -> InputKind) {
        if let Some(campaign) = self.campaign(name) {
            self.enter_then(arrival, kind(campaign));
        }
    }

    /// What reading a contact's traits needs.
    pub fn reading(&self, uid: ContactUid) -> Option<Reading<'_>> {
        let (linked, builtins, country) = (self.around.linked, &self.around.resident.builtins, self.around.country);
        let state = self.state(uid)?;
        let zone = builtins.zone(&state, linked);
        Some(Reading { linked, builtins, state, country, zone })
    }
    fn consent_target(&self, key: &ConsentKey) -> Option<ConsentTarget> {
        match key {
            ConsentKey::Channel(channel) => Some(ConsentTarget::Channel(*channel)),
            ConsentKey::Topic(name) => self.topic(name).map(ConsentTarget::Topic),
        }
    }
    /// The topic of a name.
    pub fn topic(&self, name: &str) -> Option<TopicId> {
        self.around.linked.program.topics.iter().position(|topic| topic.name.as_ref() == name).map(TopicId::from_index)
    }
    fn campaign(&self, name: &str) -> Option<CampaignId> {
        self.around.linked.program.campaigns.iter().position(|campaign| campaign.name.as_ref() == name).map(CampaignId::from_index)
    }
    fn segment(&self, name: &str) -> Option<SegmentId> {
        self.around.linked.program.segments.iter().position(|segment| segment.name.as_ref() == name).map(SegmentId::from_index)
    }

    /// Writes a submission to the event log, with everything that came with it.
    fn log(&mut self, uid: ContactUid, happened: Option<Instant>, submission: &Submission) {
        let (kind, name, properties) = describe(&submission.kind);
        let is_declared = match &submission.kind {
            SubmissionKind::Track { name, .. } => self.around.names.find(name).is_some(),
            SubmissionKind::Identify { .. }
            | SubmissionKind::Page { .. }
            | SubmissionKind::Screen { .. }
            | SubmissionKind::Group { .. }
            | SubmissionKind::Alias { .. }
            | SubmissionKind::Upsert(_)
            | SubmissionKind::Form { .. }
            | SubmissionKind::Message(_)
            | SubmissionKind::Consent(_)
            | SubmissionKind::UnsubscribeAll
            | SubmissionKind::Enroll(_)
            | SubmissionKind::Leave(_)
            | SubmissionKind::OverrideSegment(..) => true,
        };
        self.event_number = self.event_number.wrapping_add(1);
        self.batch.events.push(EventRow {
            id: event_id(self.around.now, self.event_number, self.entropy.take(self.around.randomness)),
            contact: uid,
            happened,
            kind,
            name,
            is_declared,
            message_id: submission.message_id.clone(),
            properties,
            context: logged_context(submission),
        });
    }
}

/// The word of a kind of input.
fn kind_word(kind: &SubmissionKind) -> &'static str {
    match kind {
        SubmissionKind::Identify { .. } => "identify",
        SubmissionKind::Track { .. } => "track",
        SubmissionKind::Page { .. } => "page",
        SubmissionKind::Screen { .. } => "screen",
        SubmissionKind::Group { .. } => "group",
        SubmissionKind::Alias { .. } => "alias",
        SubmissionKind::Upsert(_) => "upsert",
        SubmissionKind::Form { .. } => "form",
        SubmissionKind::Message(_) => "message",
        SubmissionKind::Consent(_) => "consent",
        SubmissionKind::UnsubscribeAll => "unsubscribe",
        SubmissionKind::Enroll(_) => "enroll",
        SubmissionKind::Leave(_) => "leave",
        SubmissionKind::OverrideSegment(..) => "segment",
    }
}

pub(super) fn describe(kind: &SubmissionKind) -> (&'static str, Arc<str>, String) {
    let none = || Arc::from("");
    match kind {
        SubmissionKind::Identify { traits } => ("identify", none(), text_of(traits)),
        SubmissionKind::Track { name, properties } => ("track", name.clone(), text_of(properties)),
        SubmissionKind::Page { name, properties } => ("page", name.clone().unwrap_or_else(none), text_of(properties)),
        SubmissionKind::Screen { name, properties } => ("screen", name.clone().unwrap_or_else(none), text_of(properties)),
        SubmissionKind::Group { group_id, traits } => ("group", group_id.clone(), text_of(traits)),
        SubmissionKind::Alias { previous_id } => ("alias", previous_id.clone(), "{}".to_owned()),
        SubmissionKind::Upsert(body) => ("upsert", none(), text_of(body)),
        SubmissionKind::Form { form, fields, .. } => ("form", form.clone(), text_of(fields)),
        SubmissionKind::Message(hit) => {
            let body = serde_json::json!({"effect": hit.effect.to_text(), "detail": hit.detail, "is_machine": hit.is_machine, "topic": hit.topic});
            ("message", Arc::from(format!("{:?}", hit.event).to_lowercase()), body.to_string())
        }
        SubmissionKind::Consent(records) => {
            let entry = |(key, state): &(ConsentKey, ConsentState)| {
                let name = match key {
                    ConsentKey::Channel(channel) => channel.word().to_owned(),
                    ConsentKey::Topic(name) => format!("topic {name}"),
                };
                (name, serde_json::to_value(state).unwrap_or(Json::Null))
            };
            ("consent", none(), text_of(&records.iter().map(entry).collect()))
        }
        SubmissionKind::UnsubscribeAll => ("unsubscribe", none(), "{}".to_owned()),
        SubmissionKind::Enroll(name) => ("enroll", name.clone(), "{}".to_owned()),
        SubmissionKind::Leave(name) => ("leave", name.clone(), "{}".to_owned()),
        SubmissionKind::OverrideSegment(name, to) => ("segment", name.clone(), serde_json::json!({ "member": to }).to_string()),
    }
}

/// What is kept of the context, and under a key of our own what neither it nor the properties say: so that the log can be read back.
fn logged_context(submission: &Submission) -> Option<String> {
    let mut camp = Map::new();
    if submission.is_quiet {
        camp.insert("quiet".to_owned(), Json::Bool(true));
    }
    if let SubmissionKind::Form { topics, .. } = &submission.kind
        && !topics.is_empty()
    {
        let states = topics.iter().map(|(name, state)| (name.to_string(), serde_json::to_value(state).unwrap_or(Json::Null)));
        camp.insert("topics".to_owned(), Json::Object(states.collect()));
    }
    if camp.is_empty() {
        return submission.context.as_ref().map(text_of);
    }
    let mut context = submission.context.clone().unwrap_or_default();
    context.insert(CAMP.to_owned(), Json::Object(camp));
    Some(text_of(&context))
}

fn text_of(map: &Map<String, Json>) -> String {
    // Large enough for most: growing is what writing costs.
    let mut text = Vec::with_capacity(256);
    let written = serde_json::to_writer(&mut text, map).ok().and_then(|()| String::from_utf8(text).ok());
    written.unwrap_or_else(|| "{}".to_owned())
}

/// 128 bits of a dedupe key: two keys that differ do not meet in practice.
pub(crate) fn dedupe_key(message_id: &str) -> u128 {
    let mut bytes = [0; 16];
    blake3::Hasher::new().update(message_id.as_bytes()).finalize_xof().fill(&mut bytes);
    u128::from_be_bytes(bytes)
}

/// A UUID of version 7: the instant, then the number within the batch, then randomness.
fn event_id(now: Instant, number: u16, mut tail: [u8; 10]) -> [u8; 16] {
    let [high, low, ..] = &mut tail;
    [*high, *low] = number.to_be_bytes();
    let millis = u64::try_from(now.0).unwrap_or(0);
    *uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid().as_bytes()
}

/// The answer while nothing runs.
pub(crate) fn not_deployed() -> Accepted {
    let detail = "nothing is deployed to this store yet".to_owned();
    Accepted { rejection: Some(Rejection { reason: "not_deployed", detail }), ..Accepted::default() }
}
