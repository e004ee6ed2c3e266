//! Contacts as rows of a CSV file whose header the import understands.

use super::guard::guarded;
use crate::bytecode::Program;
use serde_json::Value as Json;

/// What the consent columns of an export name as their source.
const SOURCE: &str = "campc export";

/// A column: its header, and how a contact's JSON fills it.
enum Column {
    /// A key at the top.
    Key(&'static str),
    /// A field.
    Field(String),
    /// `a;b`
    Tags,
    /// Yes, if the contact is in it.
    List(String),
    /// Yes or no, where there is a record.
    Topic(String),
    /// Likewise.
    Consent(&'static str),
    /// Where a row says anything of consent.
    Source,
}

/// The columns of a program's contacts.
pub struct Table {
    columns: Vec<(String, Column)>,
    is_raw: bool,
}

/// Whether formulas are defused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// `'` before them.
    Quote,
    /// Written as they are: `--raw`.
    Raw,
}

impl Table {
    /// The columns: keys, fields in the order of their declaration, tags, lists, consents.
    #[must_use]
    pub fn new(program: &Program, guard: Guard) -> Table {
        let mut columns: Vec<(String, Column)> = Vec::new();
        for key in ["id", "user_id", "email", "phone", "timezone", "points"] {
            columns.push((key.to_string(), Column::Key(key)));
        }
        let own = ["id", "email", "phone", "timezone", "points"];
        let fields = program.fields.iter().map(|def| def.name.to_string()).filter(|name| !own.contains(&name.as_str()));
        columns.extend(fields.map(|name| (name.clone(), Column::Field(name))));
        columns.push(("tags".to_string(), Column::Tags));
        columns.extend(program.lists.iter().map(|def| (format!("list:{}", def.name), Column::List(def.name.to_string()))));
        columns.extend(program.topics.iter().map(|def| (format!("topic:{}", def.name), Column::Topic(def.name.to_string()))));
        for channel in ["email", "sms", "push"] {
            columns.push((format!("consent:{channel}"), Column::Consent(channel)));
        }
        columns.push(("consent_source".to_string(), Column::Source));
        Table { columns, is_raw: guard == Guard::Raw }
    }
    /// The header.
    pub fn header(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }
    /// The cells of a contact.
    pub fn row(&self, contact: &Json) -> Vec<String> {
        self.columns.iter().map(|(_, column)| self.cell(column, contact)).collect()
    }
    fn cell(&self, column: &Column, contact: &Json) -> String {
        let consent = |path: &str| word_of(contact.pointer(path));
        match column {
            Column::Key(key) => self.value(contact.get(*key)),
            Column::Field(name) => self.value(contact.get("fields").and_then(|fields| fields.get(name))),
            Column::Tags => self.value(contact.get("tags")),
            Column::List(name) => {
                let lists = contact.get("lists").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
                if lists.iter().any(|list| list == name.as_str()) { "yes".to_string() } else { String::new() }
            }
            Column::Topic(name) => {
                let topics = contact.get("consent").and_then(|consent| consent.get("topics"));
                word_of(topics.and_then(|topics| topics.get(name))).to_string()
            }
            Column::Consent(channel) => consent(&format!("/consent/{channel}")).to_string(),
            Column::Source => {
                if says_consent(contact) {
                    SOURCE.to_string()
                } else {
                    String::new()
                }
            }
        }
    }
    /// Numbers are no formulas, whatever their sign.
    fn value(&self, value: Option<&Json>) -> String {
        match value {
            None | Some(Json::Null) => String::new(),
            Some(Json::Number(number)) => number.to_string(),
            Some(Json::Bool(value)) => value.to_string(),
            Some(Json::String(text)) => self.text(text),
            Some(Json::Array(items)) => self.text(&items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(";")),
            Some(object @ Json::Object(_)) => self.text(&object.to_string()),
        }
    }
    fn text(&self, text: &str) -> String {
        if self.is_raw { text.to_string() } else { guarded(text) }
    }
}

/// `yes` for given, `no` for withdrawn; nothing is said of what is not on record.
fn word_of(state: Option<&Json>) -> &'static str {
    match state.and_then(Json::as_str) {
        Some("given") => "yes",
        Some("withdrawn") => "no",
        Some(_) | None => "",
    }
}

fn says_consent(contact: &Json) -> bool {
    let Some(consent) = contact.get("consent").and_then(Json::as_object) else { return false };
    let topics = consent.get("topics").and_then(Json::as_object).into_iter().flatten().map(|(_, state)| state);
    consent.values().chain(topics).any(|state| !word_of(Some(state)).is_empty())
}
