//! A row of an import: the JSON of a contact (any part of it), or a Segment item. Shared by the import route and the command.

use super::ingest::{Item, Surroundings, check_object};
use crate::daemon::api::{ContactKey, Submission, SubmissionKind};
use crate::lang::Instant;
use crate::machine::state::ContactUid;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Keys of a contact's JSON that the engine derives: nobody can set them.
const DERIVED: [&str; 2] = ["segments", "enrollments"];

/// Why a row is not taken, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RowError(pub String);

/// The submission of a row.
///
/// # Errors
/// Why it is not taken.
pub fn row_submission(raw: &str, now: Instant) -> Result<Submission, RowError> {
    let json: Json = serde_json::from_str(raw).map_err(|error| RowError(format!("not JSON: {error}")))?;
    let Json::Object(map) = json else { return Err(RowError("a row must be a JSON object".to_string())) };
    if map.get("type").is_some_and(Json::is_string) && (map.contains_key("userId") || map.contains_key("anonymousId")) {
        return segment_item(raw, now);
    }
    let contact = contact_key(&map)?;
    upsert(contact, map, raw.len())
}

fn segment_item(raw: &str, now: Instant) -> Result<Submission, RowError> {
    let item: Item = serde_json::from_str(raw).map_err(|error| RowError(error.to_string()))?;
    let around = Surroundings { received: now, context: None, sent_at: None, key_seed: *blake3::hash(b"campc-import").as_bytes() };
    item.call(None).and_then(|call| item.into_submission(call, raw, &around)).map_err(|refusal| RowError(refusal.detail))
}

/// The submission that sets what `map` says of a contact.
///
/// # Errors
/// Where it says what cannot be set, or too much.
pub fn upsert(contact: ContactKey, mut map: Map<String, Json>, size_bytes: usize) -> Result<Submission, RowError> {
    if let Some(derived) = DERIVED.iter().find(|key| map.contains_key(**key)) {
        return Err(RowError(format!("`{derived}` follow from the program and cannot be set; leave the key out")));
    }
    check_object("the contact", &map).map_err(|refusal| RowError(refusal.detail))?;
    map.remove("id");
    Ok(Submission { size_bytes, ..Submission::new(contact, SubmissionKind::Upsert(map)) })
}

/// Whom a contact's JSON is about: its id, user id, email or phone.
fn contact_key(map: &Map<String, Json>) -> Result<ContactKey, RowError> {
    let text = |key: &str| -> Result<Option<Arc<str>>, RowError> {
        match map.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Json::String(text)) if text.len() <= 255 && !text.chars().any(char::is_control) => Ok(Some(Arc::from(text.trim()))),
            Some(Json::Number(number)) => Ok(Some(Arc::from(number.to_string()))),
            Some(_) => Err(RowError(format!("`{key}` must be text of at most 255 bytes"))),
        }
    };
    let id = text("id")?;
    let uid = id.as_deref().and_then(ContactUid::parse);
    // An id that is none of ours is the sender's own name for the person.
    let user_id = match (text("user_id")?, &id) {
        (Some(user_id), _) => Some(user_id),
        (None, Some(id)) if uid.is_none() => Some(id.clone()),
        (None, _) => None,
    };
    let key = ContactKey { user_id, anonymous_id: None, email: text("email")?, phone: text("phone")?, uid };
    if key == ContactKey::default() {
        return Err(RowError("a contact needs one of id, user_id, email, phone".to_string()));
    }
    Ok(key)
}

/// The key that an id in a path stands for, where it names nobody yet: an address, a number, else a user id.
#[must_use]
pub fn key_of_text(text: &str) -> ContactKey {
    let own: Arc<str> = Arc::from(text);
    let is_phone = text.strip_prefix('+').is_some_and(|digits| digits.len() >= 6 && digits.bytes().all(|byte| byte.is_ascii_digit()));
    if text.contains('@') {
        ContactKey { email: Some(own), ..ContactKey::default() }
    } else if is_phone {
        ContactKey { phone: Some(own), ..ContactKey::default() }
    } else {
        ContactKey { user_id: Some(own), ..ContactKey::default() }
    }
}
