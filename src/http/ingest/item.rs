//! One Segment item: from its JSON to a submission. What its names mean to the running program is the engine's business.

use super::context::{Context, kept_of};
use super::limits::{Refusal, check_object, id};
use crate::daemon::api::{ContactKey, Submission, SubmissionKind};
use crate::lang::{Instant, Zone, instant_from_json};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// The calls of Segment's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Call {
    Identify,
    Track,
    Page,
    Screen,
    Group,
    Alias,
}

impl Call {
    /// The call of a `type`.
    #[must_use]
    pub fn find(word: &str) -> Option<Call> {
        match word {
            "identify" => Some(Call::Identify),
            "track" => Some(Call::Track),
            "page" => Some(Call::Page),
            "screen" => Some(Call::Screen),
            "group" => Some(Call::Group),
            "alias" => Some(Call::Alias),
            _ => None,
        }
    }
    /// Its `type`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Call::Identify => "identify",
            Call::Track => "track",
            Call::Page => "page",
            Call::Screen => "screen",
            Call::Group => "group",
            Call::Alias => "alias",
        }
    }
}

/// An item as it comes. Odd values of what is not looked at do no harm.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Item {
    /// Its call, in a batch.
    #[serde(rename = "type")]
    pub kind: Option<Json>,
    message_id: Option<Json>,
    user_id: Option<Json>,
    anonymous_id: Option<Json>,
    previous_id: Option<Json>,
    group_id: Option<Json>,
    event: Option<Json>,
    name: Option<Json>,
    category: Option<Json>,
    properties: Option<Json>,
    traits: Option<Json>,
    context: Context,
    timestamp: Option<Json>,
    original_timestamp: Option<Json>,
    sent_at: Option<Json>,
    /// The key, of a single call.
    pub write_key: Option<Json>,
}

/// What a batch says for items that do not say it themselves, and what the server knows.
pub struct Surroundings<'a> {
    /// When the request came.
    pub received: Instant,
    /// The batch's `context`.
    pub context: Option<&'a Map<String, Json>>,
    /// The batch's `sentAt`.
    pub sent_at: Option<&'a Json>,
    /// What the made dedupe keys of this sender begin with.
    pub key_seed: [u8; 32],
}

impl Item {
    /// The call: of the path, or of the item's `type`.
    ///
    /// # Errors
    /// `unknown_type` where there is none, or another than the path's.
    pub fn call(&self, of_path: Option<Call>) -> Result<Call, Refusal> {
        let of_item = match &self.kind {
            None | Some(Json::Null) => None,
            Some(Json::String(word)) => Some(Call::find(word).ok_or_else(|| unknown_type(&format!("the type {word:?}")))?),
            Some(_) => return Err(unknown_type("a type that is not text")),
        };
        match (of_path, of_item) {
            (Some(path), Some(item)) if path != item => Err(unknown_type(&format!("the type {:?} on the path of {:?}", item.word(), path.word()))),
            (Some(call), _) | (None, Some(call)) => Ok(call),
            (None, None) => Err(unknown_type("an item without a type")),
        }
    }

    /// The message id, if it can be read: for the list of what was rejected.
    #[must_use]
    pub fn message_id_text(&self) -> Option<String> {
        id("messageId", self.message_id.as_ref()).ok().flatten()
    }

    /// The submission, and its size.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn into_submission(mut self, call: Call, raw: &str, around: &Surroundings<'_>) -> Result<Submission, Refusal> {
        let user_id = id("userId", self.user_id.as_ref())?;
        let anonymous_id = id("anonymousId", self.anonymous_id.as_ref())?;
        if user_id.is_none() && anonymous_id.is_none() {
            return Err(Refusal::new("no_identity", "userId or anonymousId is needed: whom is this about?"));
        }
        let message_id = match id("messageId", self.message_id.as_ref())? {
            Some(id) => Some(Arc::from(id)),
            None => self.made_message_id(call, raw, around),
        };
        let happened = self.happened(around);
        let context = self.kept_context(around)?;
        let kind = self.into_kind(call, user_id.is_some())?;
        let contact = ContactKey { user_id: user_id.map(Arc::from), anonymous_id: anonymous_id.map(Arc::from), ..ContactKey::default() };
        Ok(Submission { message_id, contact, happened, kind, context, is_quiet: false, size_bytes: raw.len() })
    }

    fn into_kind(self, call: Call, has_user_id: bool) -> Result<SubmissionKind, Refusal> {
        let properties = |value: Option<Json>| object("properties", value);
        let traits = |value: Option<Json>| object("traits", value);
        Ok(match call {
            Call::Identify => SubmissionKind::Identify { traits: traits(self.traits)? },
            Call::Track => {
                let name = text("event", self.event)?.ok_or_else(|| Refusal::new("bad_shape", "a track needs `event`, the event's name"))?;
                SubmissionKind::Track { name, properties: properties(self.properties)? }
            }
            Call::Page => {
                let mut properties = properties(self.properties)?;
                // The category stands beside the properties and is one of the stored event.
                if let Some(category @ Json::String(_)) = self.category {
                    properties.entry("category").or_insert(category);
                }
                SubmissionKind::Page { name: text("name", self.name)?, properties }
            }
            Call::Screen => SubmissionKind::Screen { name: text("name", self.name)?, properties: properties(self.properties)? },
            Call::Group => {
                let group_id = id("groupId", self.group_id.as_ref())?.ok_or_else(|| Refusal::new("bad_id", "a group needs `groupId`"))?;
                SubmissionKind::Group { group_id: Arc::from(group_id), traits: traits(self.traits)? }
            }
            Call::Alias => {
                let previous = id("previousId", self.previous_id.as_ref())?.ok_or_else(|| Refusal::new("bad_id", "an alias needs `previousId`"))?;
                if !has_user_id {
                    return Err(Refusal::new("no_identity", "an alias needs `userId`, whom `previousId` becomes"));
                }
                SubmissionKind::Alias { previous_id: Arc::from(previous) }
            }
        })
    }

    /// *Happened* by the sender's clock, its skew taken out where both of its stamps are there.
    fn happened(&self, around: &Surroundings<'_>) -> Option<Instant> {
        let read = |value: Option<&Json>| value.and_then(|json| instant_from_json(json, &Zone::utc()));
        let sent = read(self.sent_at.as_ref().or(around.sent_at));
        match (sent, read(self.original_timestamp.as_ref())) {
            (Some(sent), Some(original)) => Some(around.received.plus_millis(-sent.millis_since(original))),
            (_, _) => read(self.timestamp.as_ref()),
        }
    }

    fn kept_context(&mut self, around: &Surroundings<'_>) -> Result<Option<Map<String, Json>>, Refusal> {
        let kept = match std::mem::take(&mut self.context) {
            Context::Object(kept) => kept,
            Context::Missing => match around.context {
                Some(context) => kept_of(context),
                None => return Ok(None),
            },
            Context::Odd => return Err(Refusal::new("bad_shape", "context must be an object")),
        };
        check_object("context", &kept)?;
        Ok((!kept.is_empty()).then_some(kept))
    }

    /// A dedupe key of the item's own content. Without a timestamp two equal items may be two happenings, so there is none.
    fn made_message_id(&self, call: Call, raw: &str, around: &Surroundings<'_>) -> Option<Arc<str>> {
        if !matches!(self.timestamp.as_ref().or(self.original_timestamp.as_ref()), Some(Json::String(_) | Json::Number(_))) {
            return None;
        }
        let json: Json = serde_json::from_str(raw).ok()?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"campc-message-id-1").update(&around.key_seed).update(call.word().as_bytes());
        hash_canonical(&mut hasher, &json);
        let hash = hasher.finalize();
        Some(Arc::from(format!("campc-{}", data_encoding::BASE32_NOPAD.encode(hash.as_bytes()).to_ascii_lowercase())))
    }
}

fn unknown_type(what: &str) -> Refusal {
    Refusal::new("unknown_type", format!("{what} is none of identify, track, page, screen, group, alias for this route"))
}

fn object(name: &str, value: Option<Json>) -> Result<Map<String, Json>, Refusal> {
    match value {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(map)) => check_object(name, &map).map(|()| map),
        Some(_) => Err(Refusal::new("bad_shape", format!("{name} must be an object"))),
    }
}

fn text(name: &str, value: Option<Json>) -> Result<Option<Arc<str>>, Refusal> {
    match value {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if text.len() > 255 => Err(Refusal::new("too_large", format!("{name} is longer than 255 bytes"))),
        Some(Json::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Json::String(text)) => Ok(Some(Arc::from(text))),
        Some(_) => Err(Refusal::new("bad_shape", format!("{name} must be text"))),
    }
}

/// Feeds JSON in one order of keys, each part with its kind and length, so that different values never make one stream.
fn hash_canonical(hasher: &mut blake3::Hasher, json: &Json) {
    match json {
        Json::Null => hash_part(hasher, b'n', b""),
        Json::Bool(value) => hash_part(hasher, b'b', &[u8::from(*value)]),
        Json::Number(number) => hash_part(hasher, b'd', number.to_string().as_bytes()),
        Json::String(text) => hash_part(hasher, b's', text.as_bytes()),
        Json::Array(items) => {
            hash_part(hasher, b'a', items.len().to_string().as_bytes());
            items.iter().for_each(|item| hash_canonical(hasher, item));
        }
        Json::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            hash_part(hasher, b'o', keys.len().to_string().as_bytes());
            for key in keys {
                hash_part(hasher, b'k', key.as_bytes());
                hash_canonical(hasher, map.get(key).unwrap_or(&Json::Null));
            }
        }
    }
}

fn hash_part(hasher: &mut blake3::Hasher, kind: u8, bytes: &[u8]) {
    hasher.update(&[kind]).update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes()).update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around<'a>() -> Surroundings<'a> {
        Surroundings { received: Instant(1_000_000), context: None, sent_at: None, key_seed: [7; 32] }
    }

    fn read(raw: &str) -> Result<Submission, Refusal> {
        let item: Item = serde_json::from_str(raw).unwrap();
        let call = item.call(None)?;
        item.into_submission(call, raw, &around())
    }

    #[test]
    fn the_skew_of_a_senders_clock_is_taken_out() {
        let taken = read(r#"{"type":"track","event":"e","userId":1,"originalTimestamp":"2026-01-01T00:00:00Z","sentAt":"2026-01-01T00:00:05Z"}"#).unwrap();
        assert_eq!(taken.happened, Some(Instant(995_000)));
        assert_eq!(taken.contact.user_id.as_deref(), Some("1"));
    }

    #[test]
    fn the_same_item_with_a_timestamp_has_the_same_made_key() {
        let first = read(r#"{"type":"track","event":"e","userId":"u","timestamp":"2026-01-01T00:00:00Z"}"#).unwrap();
        let second = read(r#"{"timestamp":"2026-01-01T00:00:00Z","userId":"u","event":"e","type":"track"}"#).unwrap();
        assert!(first.message_id.is_some());
        assert_eq!(first.message_id, second.message_id);
        assert_eq!(read(r#"{"type":"track","event":"e","userId":"u"}"#).unwrap().message_id, None);
    }

    #[test]
    fn an_item_about_nobody_is_refused() {
        assert_eq!(read(r#"{"type":"track","event":"e"}"#).unwrap_err().reason, "no_identity");
        assert_eq!(read(r#"{"type":"shout","userId":"u"}"#).unwrap_err().reason, "unknown_type");
        assert_eq!(read(r#"{"type":"track","event":"e","userId":""}"#).unwrap_err().reason, "bad_id");
        assert_eq!(read(r#"{"type":"track","event":"e","userId":"u","properties":[]}"#).unwrap_err().reason, "bad_shape");
    }
}
