//! The limits of one Segment item: keys, texts, lists, ids.

use serde_json::{Map, Value as Json};

/// Keys of one object.
const MAX_KEYS: usize = 255;
/// Bytes of a key, of an id.
const MAX_KEY_BYTES: usize = 255;
/// Bytes of a text.
const MAX_TEXT_BYTES: usize = 8 * 1024;
/// Items of a list.
const MAX_ITEMS: usize = 1_000;

/// Why an item is not taken: a stable word and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `no_identity`, `too_large`, `bad_shape`, `unknown_type`, `bad_id`, `too_many_keys`.
    pub reason: &'static str,
    /// What is wrong, for the sender's developer.
    pub detail: String,
}

impl Refusal {
    /// A refusal of that reason.
    #[must_use]
    pub fn new(reason: &'static str, detail: impl Into<String>) -> Refusal {
        Refusal { reason, detail: detail.into() }
    }
}

/// Checks properties or traits, nested ones too.
///
/// # Errors
/// `too_many_keys` or `too_large`, with the key.
pub fn check_object(what: &str, map: &Map<String, Json>) -> Result<(), Refusal> {
    if map.len() > MAX_KEYS {
        return Err(Refusal::new("too_many_keys", format!("{what} has {} keys; {MAX_KEYS} are taken", map.len())));
    }
    for (key, value) in map {
        if key.len() > MAX_KEY_BYTES {
            let start: String = key.chars().take(20).collect();
            return Err(Refusal::new("too_large", format!("the key {start:?}… of {what} is longer than {MAX_KEY_BYTES} bytes")));
        }
        check_value(key, value)?;
    }
    Ok(())
}

fn check_value(key: &str, value: &Json) -> Result<(), Refusal> {
    match value {
        Json::String(text) if text.len() > MAX_TEXT_BYTES => Err(Refusal::new("too_large", format!("the text of {key:?} is longer than 8 KiB"))),
        Json::Array(items) if items.len() > MAX_ITEMS => Err(Refusal::new("too_large", format!("the list {key:?} has more than {MAX_ITEMS} items"))),
        Json::Array(items) => items.iter().try_for_each(|item| check_value(key, item)),
        Json::Object(map) => check_object(&format!("{key:?}"), map),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(()),
    }
}

/// An id: text, or a number as its decimal text. Missing and `null` are none.
///
/// # Errors
/// `bad_id` where it is empty, too long, holds control characters, or is of another kind.
pub fn id(name: &str, value: Option<&Json>) -> Result<Option<String>, Refusal> {
    let text = match value {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::Bool(_) | Json::Array(_) | Json::Object(_)) => return Err(Refusal::new("bad_id", format!("{name} must be text or a number"))),
    };
    if text.is_empty() || text.len() > MAX_KEY_BYTES {
        return Err(Refusal::new("bad_id", format!("{name} has {} bytes; 1 to {MAX_KEY_BYTES} are taken", text.len())));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::new("bad_id", format!("{name} holds a control character")));
    }
    Ok(Some(text))
}
