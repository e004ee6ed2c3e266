//! From what senders write to what the program declares: names of events, properties, traits, page paths (ingestion, sections 2 to 4).
//!
//! Pure but for its callers: given a program and JSON, it says which changes and which event that is, and what did not fit.

use super::batch::Seen;
use super::resident::Builtins;
use crate::advance::Change;
use crate::bytecode::{BuiltinField, EventDef, EventId, FieldId};
use crate::lang::{Instant, Record, Type, Value, Zone, from_json, instant_from_json, normalize_email, normalize_path, snake_case};
use crate::machine::Linked;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// Which declared event a sender's spelling stands for; made once a deployment.
#[derive(Debug, Default)]
pub(crate) struct EventNames {
    exact: BTreeMap<Arc<str>, EventId>,
    snake: BTreeMap<Arc<str>, EventId>,
    forms: BTreeMap<Arc<str>, EventId>,
}

impl EventNames {
    pub fn new(linked: &Linked) -> EventNames {
        let mut names = EventNames::default();
        for (index, event) in linked.program.events.iter().enumerate() {
            let id = EventId::from_index(index);
            if event.is_form {
                names.forms.insert(event.name.clone(), id);
                continue;
            }
            names.snake.insert(event.name.clone(), id);
            names.exact.entry(event.name.clone()).or_insert(id);
        }
        // A declared spelling goes before a name.
        for (index, event) in linked.program.events.iter().enumerate().filter(|(_, event)| !event.is_form) {
            for spelling in &event.spellings {
                names.exact.insert(Arc::from(spelling.nfc().collect::<String>().trim()), EventId::from_index(index));
            }
        }
        names
    }
    /// The event of a sender's name.
    pub fn find(&self, name: &str) -> Option<EventId> {
        let trimmed = name.trim();
        if let Some(id) = self.exact.get(trimmed) {
            return Some(*id);
        }
        let normal: String = trimmed.nfc().collect();
        self.exact.get(normal.as_str()).or_else(|| self.snake.get(snake_case(&normal).as_str())).copied()
    }
    /// The event of a form.
    pub fn find_form(&self, name: &str) -> Option<EventId> {
        self.forms.get(name).copied()
    }
}

/// What a contact's own traits come to.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub changes: Vec<Change>,
    pub problems: Vec<String>,
}

/// What reading traits needs to know.
pub(crate) struct Reading<'a> {
    pub linked: &'a Linked,
    pub builtins: &'a Builtins,
    pub state: Seen<'a>,
    pub country: Option<phonenumber::country::Id>,
    pub zone: Zone,
}

/// The declared properties of an event; what does not convert is unset, with a phrase for the journal.
pub(crate) fn properties(event: &EventDef, sent: &Map<String, Json>, zone: &Zone) -> (Record, Vec<String>) {
    let mut record = Record::new();
    let mut problems = Vec::new();
    for property in &event.properties {
        let exact = sent.get(property.name.as_ref());
        let found = exact.or_else(|| sent.iter().find(|(key, _)| snake_case(key) == property.name.as_ref()).map(|(_, value)| value));
        let Some(json) = found else { continue };
        match from_json(json, &property.ty, zone) {
            Ok(Value::Unset) => {}
            Ok(value) => {
                record.insert(property.name.clone(), value);
            }
            Err(reason) => problems.push(format!("property {} of {}: {reason}", property.name, event.name)),
        }
    }
    (record, problems)
}

/// A longer device token is nobody's.
const MAX_DEVICE_BYTES: usize = 4_096;

/// The path of a page, by the first of `path`, the context's path, `url`, the context's URL.
pub(crate) fn page_path(properties: &Map<String, Json>, context: Option<&Map<String, Json>>) -> Option<Arc<str>> {
    let page = context.and_then(|context| context.get("page")).and_then(Json::as_object);
    let text = |map: Option<&Map<String, Json>>, key: &str| map.and_then(|map| map.get(key)).and_then(Json::as_str).map(str::to_owned);
    let path = text(Some(properties), "path").or_else(|| text(page, "path")).or_else(|| text(Some(properties), "url")).or_else(|| text(page, "url"))?;
    Some(Arc::from(normalize_path(&path)))
}

/// The properties that a visit keeps besides its path.
pub(crate) fn visit_properties(properties: &Map<String, Json>) -> Record {
    let texts = properties.iter().filter_map(|(key, value)| Some((Arc::from(key.as_str()), Value::text(value.as_str()?))));
    texts.filter(|(key, _): &(Arc<str>, Value)| key.as_ref() != "path").collect()
}

impl Reading<'_> {
    /// The changes that an identify's traits and context come to.
    pub fn traits(&self, traits: &Map<String, Json>, context: Option<&Map<String, Json>>) -> Facts {
        let mut facts = Facts::default();
        for (key, value) in traits {
            self.one(key, value, traits, &mut facts);
        }
        if let Some(context) = context {
            self.fill_from_context(traits, context, &mut facts);
        }
        facts
    }
    fn one(&self, key: &str, value: &Json, all: &Map<String, Json>, facts: &mut Facts) {
        let field = snake_case(key);
        match field.as_str() {
            "email" => self.address(BuiltinField::Email, value, facts),
            "phone" => self.address(BuiltinField::Phone, value, facts),
            "timezone" => self.checked(BuiltinField::Timezone, value, facts, |text| Zone::find(text).is_some()),
            "locale" => self.checked(BuiltinField::Locale, value, facts, is_locale),
            "created_at" => self.created(value, facts),
            "name" if !has_name(all) && self.has_no_name() => self.typed_builtin(BuiltinField::FirstName, value, facts),
            "address" => self.postal(key, value, facts),
            // What a trait cannot say.
            "id" | "points" | "last_seen_at" => {}
            _ => self.other(key, value, facts),
        }
    }
    /// The country of an address is the contact's; the rest of it is as any nested object.
    fn postal(&self, key: &str, value: &Json, facts: &mut Facts) {
        let Some((country, object)) = value.get("country").zip(value.as_object()) else { return self.other(key, value, facts) };
        self.typed_builtin(BuiltinField::Country, country, facts);
        let rest: Map<String, Json> = object.iter().filter(|(inner, _)| *inner != "country").map(|(inner, value)| (inner.clone(), value.clone())).collect();
        if !rest.is_empty() {
            self.other(key, &Json::Object(rest), facts);
        }
    }
    /// A declared field by its name or snake case, a nested object by its paths, else a trait; so is what a nested object holds besides.
    fn other(&self, key: &str, value: &Json, facts: &mut Facts) {
        let found = self.linked.field_named(key).or_else(|| self.linked.field_named(&snake_case(key)));
        if let Some(field) = found {
            return self.typed(field, value, facts);
        }
        match value.as_object() {
            Some(object) => {
                let rest = self.paths(key, object, facts);
                if object.is_empty() || !rest.is_empty() {
                    self.kept(key, &Json::Object(rest), facts);
                }
            }
            None => self.kept(key, value, facts),
        }
    }
    /// Sets the declared fields that the paths of a nested object name, `a.b.c` being `a_b_c`; what no field takes comes back.
    fn paths(&self, path: &str, object: &Map<String, Json>, facts: &mut Facts) -> Map<String, Json> {
        let mut rest = Map::new();
        for (inner, value) in object {
            let name = format!("{path}_{inner}");
            match (self.linked.field_named(&snake_case(&name)), value.as_object()) {
                (Some(field), _) => self.typed(field, value, facts),
                (None, Some(deeper)) if !deeper.is_empty() => {
                    let left = self.paths(&name, deeper, facts);
                    if !left.is_empty() {
                        rest.insert(inner.clone(), Json::Object(left));
                    }
                }
                (None, _) => drop(rest.insert(inner.clone(), value.clone())),
            }
        }
        rest
    }
    /// Kept as a trait: nobody has declared it.
    fn kept(&self, key: &str, value: &Json, facts: &mut Facts) {
        if let Ok(value) = from_json(value, &Type::Any, &self.zone) {
            facts.changes.push(Change::SetTrait(Arc::from(key), value));
        }
    }
    /// Sets a declared field; what does not convert leaves it as it was.
    pub fn typed(&self, field: FieldId, value: &Json, facts: &mut Facts) {
        let Some(def) = self.linked.program.fields.get(field.index()) else { return };
        match def.builtin {
            Some(BuiltinField::Email) => return self.address(BuiltinField::Email, value, facts),
            Some(BuiltinField::Phone) => return self.address(BuiltinField::Phone, value, facts),
            Some(BuiltinField::Timezone) => return self.checked(BuiltinField::Timezone, value, facts, |text| Zone::find(text).is_some()),
            Some(BuiltinField::CreatedAt) => return self.created(value, facts),
            Some(BuiltinField::Id | BuiltinField::Points | BuiltinField::LastSeenAt) => return,
            Some(BuiltinField::FirstName | BuiltinField::LastName | BuiltinField::Locale | BuiltinField::Country) | None => {}
        }
        match from_json(value, &def.ty, &self.zone) {
            Ok(value) => facts.changes.push(Change::SetField(field, value)),
            Err(reason) => facts.problems.push(format!("field {}: {reason}", def.name)),
        }
    }
    /// Since when the person is known: it only ever moves back.
    pub fn created(&self, value: &Json, facts: &mut Facts) {
        match instant_from_json(value, &self.zone) {
            Some(at) => facts.changes.push(Change::CreatedAt(at)),
            None if value.is_null() => {}
            None => facts.problems.push(format!("field created_at: {value} is not a datetime")),
        }
    }
    fn typed_builtin(&self, field: BuiltinField, value: &Json, facts: &mut Facts) {
        if let Some(id) = self.builtins.id(field) {
            self.typed(id, value, facts);
        }
    }
    /// An address or number, normalised; `null` clears, a bad one leaves the field as it was.
    fn address(&self, field: BuiltinField, value: &Json, facts: &mut Facts) {
        let Some(id) = self.builtins.id(field) else { return };
        if value.is_null() {
            return facts.changes.push(Change::SetField(id, Value::Unset));
        }
        let text = value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string())).unwrap_or_default();
        let (normal, word) = match field {
            BuiltinField::Phone => (normalize_phone(&text, self.country), "phone"),
            BuiltinField::Email
            | BuiltinField::Id
            | BuiltinField::FirstName
            | BuiltinField::LastName
            | BuiltinField::Timezone
            | BuiltinField::Locale
            | BuiltinField::Country
            | BuiltinField::Points
            | BuiltinField::CreatedAt
            | BuiltinField::LastSeenAt => (normalize_email(&text), "email"),
        };
        match normal {
            Some(normal) => facts.changes.push(Change::SetField(id, Value::text(normal))),
            None => facts.problems.push(format!("field {word}: {value} is not {}", if word == "email" { "an address" } else { "a number" })),
        }
    }
    fn checked(&self, field: BuiltinField, value: &Json, facts: &mut Facts, is_known: impl Fn(&str) -> bool) {
        let Some(id) = self.builtins.id(field) else { return };
        match value.as_str().map(str::trim) {
            Some(text) if is_known(text) => facts.changes.push(Change::SetField(id, Value::text(text))),
            None if value.is_null() => facts.changes.push(Change::SetField(id, Value::Unset)),
            Some(_) | None => {
                let name = self.linked.program.fields.get(id.index()).map(|def| def.name.clone()).unwrap_or_default();
                facts.problems.push(format!("field {name}: {value} is not known"));
            }
        }
    }
    /// The context fills what is unset, and never wins over a trait.
    fn fill_from_context(&self, traits: &Map<String, Json>, context: &Map<String, Json>, facts: &mut Facts) {
        for (key, field) in [("timezone", BuiltinField::Timezone), ("locale", BuiltinField::Locale)] {
            let Some(value) = context.get(key).filter(|_| !traits.contains_key(key)) else { continue };
            if self.builtins.text(&self.state, field).is_none() {
                let mut ignored = Facts::default();
                self.checked(field, value, &mut ignored, |text| if key == "timezone" { Zone::find(text).is_some() } else { is_locale(text) });
                facts.changes.append(&mut ignored.changes);
            }
        }
    }
    /// `context.device.token` is a push device of the contact.
    pub fn device(&self, context: Option<&Map<String, Json>>) -> Option<Arc<str>> {
        let token = context?.get("device")?.as_object()?.get("token")?.as_str()?.trim();
        let is_known = self.state.devices.last().is_some_and(|last| &**last == token);
        (!token.is_empty() && token.len() <= MAX_DEVICE_BYTES && !is_known).then(|| Arc::from(token))
    }
    fn has_no_name(&self) -> bool {
        [BuiltinField::FirstName, BuiltinField::LastName].iter().all(|field| self.builtins.text(&self.state, *field).is_none())
    }
}

fn has_name(traits: &Map<String, Json>) -> bool {
    traits.keys().any(|key| matches!(snake_case(key).as_str(), "first_name" | "last_name"))
}

fn is_locale(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let language = parts.next().unwrap_or("");
    (2..=8).contains(&language.len())
        && language.chars().all(|c| c.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// E.164 of a number as people write it; without a leading `+` it belongs to `country`.
pub(crate) fn normalize_phone(text: &str, country: Option<phonenumber::country::Id>) -> Option<String> {
    let trimmed = text.trim();
    if let Some(rest) = trimmed.strip_prefix('+') {
        // Written in full: test ranges and new area codes are numbers too, so only the shape is asked.
        let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
        let is_shaped = rest.chars().all(|c| c.is_ascii_digit() || " -().\u{a0}".contains(c));
        return (is_shaped && (7..=15).contains(&digits.len())).then(|| format!("+{digits}"));
    }
    let parsed = phonenumber::parse(Some(country?), trimmed).ok()?;
    Some(parsed.format().mode(phonenumber::Mode::E164).to_string())
}

/// Happened times are clamped to acceptance.
pub(crate) fn clamp(happened: Option<Instant>, now: Instant) -> Option<Instant> {
    happened.filter(|at| *at < now)
}
