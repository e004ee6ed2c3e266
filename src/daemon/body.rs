//! A contact's JSON, as the API shows it, read as changes of facts: a missing key leaves, `null` clears, lists replace. Whose keys they are
//! is found out elsewhere.

use super::ingest::{Facts, Reading};
use crate::advance::{Change, ConsentTarget};
use crate::bytecode::{BuiltinField, Channel, GroupId, ListId, TopicId};
use crate::lang::{Type, from_json};
use crate::machine::Linked;
use crate::machine::state::ConsentState;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// The changes of facts that bring a contact to what `body` says of it.
pub(crate) fn body_facts(reading: &Reading<'_>, body: &Map<String, Json>) -> Facts {
    let mut facts = Facts::default();
    for (key, field) in [("email", BuiltinField::Email), ("phone", BuiltinField::Phone), ("timezone", BuiltinField::Timezone)] {
        if let (Some(value), Some(id)) = (body.get(key), reading.builtins.id(field)) {
            reading.typed(id, value, &mut facts);
        }
    }
    if let Some(value) = body.get("created_at") {
        reading.created(value, &mut facts);
    }
    match body.get("points") {
        Some(Json::Number(points)) => facts.changes.extend(points.as_f64().map(|points| Change::SetPoints(GroupId(0), points))),
        Some(Json::Null) => facts.changes.push(Change::SetPoints(GroupId(0), 0.0)),
        Some(other @ (Json::Bool(_) | Json::String(_) | Json::Array(_) | Json::Object(_))) => facts.problems.push(format!("points: {other} is not a number")),
        None => {}
    }
    for (key, value) in body.get("fields").and_then(Json::as_object).into_iter().flatten() {
        match reading.linked.field_named(key) {
            Some(field) => reading.typed(field, value, &mut facts),
            None => facts.problems.push(format!("field {key}: is not declared")),
        }
    }
    for (key, value) in body.get("traits").and_then(Json::as_object).into_iter().flatten() {
        facts.changes.extend(from_json(value, &Type::Any, &reading.zone).ok().map(|value| Change::SetTrait(Arc::from(key.as_str()), value)));
    }
    replace_tags(reading, body, &mut facts);
    replace_lists(reading, body, &mut facts);
    replace_devices(reading, body, &mut facts);
    consents(reading.linked, body, &mut facts);
    facts
}

/// The devices that `body` gives to its contact.
pub(crate) fn devices(body: &Map<String, Json>) -> Vec<Arc<str>> {
    body.get("devices").and_then(texts).unwrap_or_default()
}

/// The topic of a name.
pub(crate) fn topic_named(linked: &Linked, name: &str) -> Option<TopicId> {
    linked.program.topics.iter().position(|topic| topic.name.as_ref() == name).map(TopicId::from_index)
}

fn texts(value: &Json) -> Option<Vec<Arc<str>>> {
    match value {
        Json::Null => Some(Vec::new()),
        Json::Array(items) => items.iter().map(|item| item.as_str().map(Arc::from)).collect(),
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => None,
    }
}

fn replace_tags(reading: &Reading<'_>, body: &Map<String, Json>, facts: &mut Facts) {
    let Some(value) = body.get("tags") else { return };
    let Some(wanted) = texts(value) else { return facts.problems.push("tags: is not a list of texts".to_owned()) };
    let state = &reading.state;
    facts.changes.extend(state.tags.iter().filter(|tag| !wanted.contains(tag)).map(|tag| Change::Untag(tag.clone())));
    facts.changes.extend(wanted.iter().filter(|tag| !state.tags.contains(tag)).map(|tag| Change::Tag(tag.clone())));
}

fn replace_lists(reading: &Reading<'_>, body: &Map<String, Json>, facts: &mut Facts) {
    let Some(value) = body.get("lists") else { return };
    let Some(wanted) = texts(value) else { return facts.problems.push("lists: is not a list of texts".to_owned()) };
    let linked = reading.linked;
    for (index, list) in linked.program.lists.iter().enumerate() {
        let is_in = linked.deployment.lists.get(index).is_some_and(|id| reading.state.lists.contains(id));
        match (is_in, wanted.contains(&list.name)) {
            (false, true) => facts.changes.push(Change::AddToList(ListId::from_index(index))),
            (true, false) => facts.changes.push(Change::RemoveFromList(ListId::from_index(index))),
            (true, true) | (false, false) => {}
        }
    }
    let unknown = wanted.iter().filter(|name| !linked.program.lists.iter().any(|list| list.name == **name));
    facts.problems.extend(unknown.map(|name| format!("lists: there is no list \"{name}\"")));
}

fn replace_devices(reading: &Reading<'_>, body: &Map<String, Json>, facts: &mut Facts) {
    let Some(value) = body.get("devices") else { return };
    let Some(wanted) = texts(value) else { return facts.problems.push("devices: is not a list of texts".to_owned()) };
    facts.changes.extend(reading.state.devices.iter().filter(|device| !wanted.contains(device)).map(|device| Change::RemoveDevice(device.clone())));
    facts.changes.extend(wanted.into_iter().map(Change::AddDevice));
}

fn consents(linked: &Linked, body: &Map<String, Json>, facts: &mut Facts) {
    let Some(consent) = body.get("consent").and_then(Json::as_object) else { return };
    let state_of = |value: &Json| serde_json::from_value::<ConsentState>(if value.is_null() { Json::from("none") } else { value.clone() }).ok();
    for channel in [Channel::Email, Channel::Sms, Channel::Push] {
        let Some(value) = consent.get(channel.word()) else { continue };
        match state_of(value) {
            Some(state) => facts.changes.push(Change::Consent(ConsentTarget::Channel(channel), state)),
            None => facts.problems.push(format!("consent {}: {value} is not one of none, given, withdrawn", channel.word())),
        }
    }
    for (name, value) in consent.get("topics").and_then(Json::as_object).into_iter().flatten() {
        match (topic_named(linked, name), state_of(value)) {
            (Some(topic), Some(state)) => facts.changes.push(Change::Consent(ConsentTarget::Topic(topic), state)),
            (None, _) => facts.problems.push(format!("consent: there is no topic \"{name}\"")),
            (Some(_), None) => facts.problems.push(format!("consent {name}: {value} is not one of none, pending, given, withdrawn")),
        }
    }
}
