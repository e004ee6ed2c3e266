//! Contacts and segments as the API shows them, from what is resident.

use super::api::{ConsentView, ContactFilter, ContactView, EnrollmentView, Page, SegmentView};
use super::counting::counted;
use super::ingest::normalize_phone;
use super::keys::KeyKind;
use super::resident::Resident;
use super::shared::Shared;
use crate::bytecode::{BuiltinField, FieldDef};
use crate::lang::{Value, normalize_email, to_json};
use crate::machine::Linked;
use crate::machine::state::{ContactState, ContactUid, Enrollment, StandingKind};
use crate::store::IdentityKind;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// How many there are on a page, unless something else is asked.
const PAGE: usize = 100;

/// The contact that an id, user id, email or phone means.
pub(crate) fn resolve(resident: &Resident, text: &str) -> Option<ContactUid> {
    let by_id = ContactUid::parse(text).map(|uid| resident.canonical(uid)).filter(|uid| resident.people.has(*uid));
    let by_user = || resident.sender(IdentityKind::User, text).map(|uid| resident.canonical(uid));
    let by_email = || {
        let key = normalize_email(text)?;
        resident.first_holder(KeyKind::Email, &key)
    };
    let by_phone = || {
        let key = normalize_phone(text, None)?;
        resident.first_holder(KeyKind::Phone, &key)
    };
    by_id.or_else(by_user).filter(|uid| resident.people.has(*uid)).or_else(by_email).or_else(by_phone)
}

/// The contact of a sender's anonymous id.
pub(crate) fn resolve_anonymous(resident: &Resident, id: &str) -> Option<ContactUid> {
    let uid = resident.sender(IdentityKind::Anonymous, id)?;
    Some(resident.canonical(uid))
}

/// A contact.
pub(crate) fn contact(resident: &Resident, uid: ContactUid) -> Option<ContactView> {
    let linked = resident.linked.as_ref()?;
    Some(view(resident, linked, &resident.state(uid)?))
}

fn view(resident: &Resident, linked: &Linked, state: &ContactState) -> ContactView {
    let builtins = &resident.builtins;
    let text = |field| builtins.text(state, field).cloned();
    let (program, deployment) = (&linked.program, &linked.deployment);
    let lists = program.lists.iter().zip(&deployment.lists).filter(|(_, id)| state.lists.contains(id)).map(|(def, _)| def.name.clone());
    let segments = program.segments.iter().zip(&deployment.segments).filter(|(_, id)| state.segments.contains(id)).map(|(def, _)| def.name.clone());
    let topics = program.topics.iter().zip(&deployment.topics).map(|(def, id)| (def.name.clone(), state.consent.topic(*id)));
    let points = deployment.groups.first().and_then(|group| state.points.get(group)).copied().unwrap_or(0.0);
    ContactView {
        id: state.uid.to_text(),
        user_id: state.user_id.clone(),
        email: text(BuiltinField::Email),
        phone: text(BuiltinField::Phone),
        timezone: text(BuiltinField::Timezone),
        points: to_json(&Value::number(points)),
        tags: state.tags.clone(),
        lists: lists.collect(),
        segments: segments.collect(),
        fields: fields(linked, state),
        consent: ConsentView { email: state.consent.email, sms: state.consent.sms, push: state.consent.push, topics: topics.collect() },
        enrollments: state.enrollments.iter().map(|enrollment| enrollment_view((resident, linked), state, enrollment)).collect(),
        anonymous_ids: state.anonymous_ids.clone(),
        devices: state.devices.clone(),
        muted_until: state.muted_until.map(|at| at.to_rfc3339()),
        created_at: state.created_at.to_rfc3339(),
        last_seen_at: state.last_seen_at.map(|at| at.to_rfc3339()),
        traits: state.traits.iter().map(|(name, value)| (name.to_string(), to_json(value))).collect(),
    }
}

fn fields(linked: &Linked, state: &ContactState) -> Map<String, Json> {
    let mut fields = Map::new();
    for (def, id) in linked.program.fields.iter().zip(&linked.deployment.fields) {
        if let Some(value) = field_value(def, state.fields.get(id), state) {
            fields.insert(def.name.to_string(), value);
        }
    }
    fields
}

/// The value of a field; none for those that have a key of their own.
fn field_value(def: &FieldDef, stored: Option<&Value>, state: &ContactState) -> Option<Json> {
    match def.builtin {
        Some(BuiltinField::Id | BuiltinField::Email | BuiltinField::Phone | BuiltinField::Timezone | BuiltinField::Points) => None,
        Some(BuiltinField::CreatedAt) => Some(Json::from(state.created_at.to_rfc3339())),
        Some(BuiltinField::LastSeenAt) => Some(state.last_seen_at.map_or(Json::Null, |at| Json::from(at.to_rfc3339()))),
        Some(BuiltinField::FirstName | BuiltinField::LastName | BuiltinField::Locale | BuiltinField::Country) | None => {
            Some(to_json(stored.unwrap_or(&def.default)))
        }
    }
}

fn enrollment_view((resident, linked): (&Resident, &Linked), state: &ContactState, enrollment: &Enrollment) -> EnrollmentView {
    let standing = enrollment.threads.first().map(|thread| &thread.standing);
    let linked = linked.code_of(state, enrollment.uid);
    let step = standing.and_then(|standing| linked.step(standing.step)).and_then(|id| linked.program.steps.get(id.index()));
    let campaign = linked.campaign(enrollment.campaign).and_then(|id| linked.program.campaigns.get(id.index()));
    let is_paused = resident.switches.paused.contains(&enrollment.campaign);
    let wakes_at = enrollment.threads.iter().filter_map(|thread| thread.standing.due).chain(enrollment.gathering.map(|gathering| gathering.until)).min();
    let status = match standing.map(|standing| &standing.kind) {
        _ if is_paused => "paused",
        _ if state.is_stranded(enrollment.uid) => "stranded",
        _ if enrollment.gathering.is_some() => "gathering",
        Some(StandingKind::Held { .. }) => "held",
        Some(StandingKind::Answer { .. }) => "calling",
        Some(StandingKind::Stranded) => "stranded",
        Some(StandingKind::Faulted { .. }) => "faulted",
        Some(StandingKind::Listen { .. }) => "listening",
        Some(_) | None => "waiting",
    };
    EnrollmentView {
        campaign: campaign.map(|def| def.name.clone()).unwrap_or_default(),
        step: step.map(|step| step.identity().clone()).unwrap_or_default(),
        since: standing.map_or(enrollment.started, |standing| standing.since).to_rfc3339(),
        wakes_at: wakes_at.map(|at| at.to_rfc3339()),
        status,
        enrollment: enrollment.uid.to_text(),
    }
}

/// Contacts by segment, step and text, in the order of their numbers.
pub(crate) fn contacts(resident: &Resident, filter: &ContactFilter) -> Page<ContactView> {
    let Some(linked) = resident.linked.as_ref() else { return Page { items: Vec::new(), cursor: None } };
    let after = filter.cursor.as_deref().and_then(ContactUid::parse).unwrap_or_default();
    let limit = if filter.limit == 0 { PAGE } else { filter.limit };
    let query = filter.query.as_deref().map(str::to_lowercase);
    let mut uids = resident.uids();
    uids.retain(|uid| *uid > after);
    let mut items = Vec::new();
    let mut last = None;
    for uid in uids {
        let Some(state) = resident.state(uid) else { continue };
        if !matches_filter(resident, linked, &state, (filter, query.as_deref())) {
            continue;
        }
        if items.len() == limit {
            return Page { items, cursor: last.map(ContactUid::to_text) };
        }
        items.push(view(resident, linked, &state));
        last = Some(uid);
    }
    Page { items, cursor: None }
}

/// All contacts by number; with a segment's name only its members.
pub(crate) fn ids(resident: &Resident, segment: Option<&str>) -> Vec<ContactUid> {
    let Some(name) = segment else { return resident.uids() };
    let Some(linked) = resident.linked.as_ref() else { return Vec::new() };
    let found = linked.program.segments.iter().position(|def| def.name.as_ref() == name);
    let Some(id) = found.and_then(|index| linked.deployment.segments.get(index)) else { return Vec::new() };
    let is_in = |uid: &ContactUid| resident.state(*uid).is_some_and(|state| state.segments.contains(id));
    resident.uids().into_iter().filter(is_in).collect()
}

/// User ids and addresses, at most `limit`.
pub(crate) fn some_keys(resident: &Resident, limit: usize) -> Vec<Arc<str>> {
    let keys = |state: ContactState| [state.user_id.clone(), resident.builtins.email_key(&state)];
    resident.states().flat_map(keys).flatten().take(limit).collect()
}

fn matches_filter(resident: &Resident, linked: &Linked, state: &ContactState, (filter, query): (&ContactFilter, Option<&str>)) -> bool {
    let in_segment = filter.segment.as_deref().is_none_or(|wanted| {
        let found = linked.program.segments.iter().position(|def| def.name.as_ref() == wanted);
        found.and_then(|index| linked.deployment.segments.get(index)).is_some_and(|id| state.segments.contains(id))
    });
    let at_step = filter.step.as_deref().is_none_or(|wanted| {
        state.enrollments.iter().map(|enrollment| enrollment_view((resident, linked), state, enrollment)).any(|view| {
            view.step.as_ref() == wanted || wanted.strip_prefix(view.campaign.as_ref()).and_then(|rest| rest.strip_prefix('/')) == Some(view.step.as_ref())
        })
    });
    in_segment && at_step && query.is_none_or(|query| says(resident, state, query))
}

fn says(resident: &Resident, state: &ContactState, query: &str) -> bool {
    let builtin = |field| resident.builtins.text(state, field).map(|text| text.to_lowercase());
    let texts = [
        Some(state.uid.to_text()),
        state.user_id.as_deref().map(str::to_lowercase),
        builtin(BuiltinField::Email),
        builtin(BuiltinField::Phone),
        builtin(BuiltinField::FirstName),
        builtin(BuiltinField::LastName),
    ];
    texts.iter().flatten().any(|text| text.contains(query))
}

/// All segments with their counts.
pub(crate) fn segments(shared: &Shared) -> Vec<SegmentView> {
    let counted = counted(shared);
    let Some(linked) = shared.linked() else { return Vec::new() };
    let defs = linked.program.segments.iter().zip(&linked.deployment.segments);
    defs.map(|(def, id)| SegmentView { name: def.name.clone(), contacts: counted.members.get(id).copied().unwrap_or(0) }).collect()
}
