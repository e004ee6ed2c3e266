//! The `context` of an item: only what is kept of it is read at all; the rest, which is most of it, is skipped as text.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

/// Parts of `context` that are kept or read.
const KEPT: [&str; 5] = ["page", "campaign", "timezone", "locale", "device"];

/// What is there.
#[derive(Debug, Default, PartialEq)]
pub enum Context {
    /// Nothing, or `null`.
    #[default]
    Missing,
    /// An object, and what is kept of it.
    Object(Map<String, Json>),
    /// Something else.
    Odd,
}

/// Keeps the parts that are kept of an object that was read whole.
pub fn kept_of(context: &Map<String, Json>) -> Map<String, Json> {
    KEPT.iter().filter_map(|key| context.get(*key).map(|value| ((*key).to_string(), value.clone()))).collect()
}

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Context, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

/// A key, if it is of what is kept.
struct Key(Option<&'static str>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(KeyReader)
    }
}

struct KeyReader;

impl Visitor<'_> for KeyReader {
    type Value = Key;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a key")
    }
    fn visit_str<E>(self, text: &str) -> Result<Key, E> {
        Ok(Key(KEPT.into_iter().find(|known| *known == text)))
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Context;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("any JSON")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Context, A::Error> {
        let mut kept = Map::new();
        while let Some(Key(key)) = map.next_key()? {
            match key {
                // Of a key that is there twice the last one counts.
                Some(key) => {
                    kept.insert(key.to_owned(), map.next_value()?);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Context::Object(kept))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Context, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Context::Odd)
    }
    fn visit_unit<E>(self) -> Result<Context, E> {
        Ok(Context::Missing)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Context, E> {
        Ok(Context::Odd)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Context, E> {
        Ok(Context::Odd)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Context, E> {
        Ok(Context::Odd)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Context, E> {
        Ok(Context::Odd)
    }
    fn visit_str<E>(self, _: &str) -> Result<Context, E> {
        Ok(Context::Odd)
    }
}

#[cfg(test)]
mod tests {
    use super::Context;
    use serde_json::json;

    #[test]
    fn only_what_is_kept_is_read_and_odd_values_are_told_apart() {
        let read = |text: &str| serde_json::from_str::<Context>(text).unwrap();
        let text = r#"{"traits":{"a":[1,{"b":2}]},"page":{"path":"/x"},"locale":"en","locale":"fr","userAgent":"M\u00f6"}"#;
        let Context::Object(kept) = read(text) else { panic!("an object") };
        assert_eq!(serde_json::Value::Object(kept), json!({"page": {"path": "/x"}, "locale": "fr"}));
        assert_eq!(read("null"), Context::Missing);
        for odd in ["true", "1", "-1", "1.5", "\"text\"", "[1,[2]]"] {
            assert_eq!(read(odd), Context::Odd, "{odd}");
        }
    }
}
