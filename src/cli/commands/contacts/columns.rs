//! What the columns of a CSV file mean.

use super::guard::unguarded;
use crate::bytecode::Program;
use crate::cli::failure::Failure;
use crate::diagnostics::suggest;
use crate::lang::{Type, snake_case};
use serde_json::{Map, Value as Json, json};

/// What a column means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// A key of the contact's JSON that stands at its top: `email`, `timezone`, `points`.
    Key(String),
    /// A field under `fields`.
    Field(String),
    /// A field of several texts, `;`-separated.
    Items(String),
    /// `tags`, `;`-separated.
    Tags,
    /// `list:NAME`, yes or no.
    List(String),
    /// `topic:NAME`, yes or no.
    Topic(String),
    /// `consent:CHANNEL`, yes or no.
    Consent(String),
    /// `consent_source`, which topics and channels need.
    ConsentSource,
    /// `consent_at`, `consent_text`: part of the consent's record.
    ConsentNote(String),
    /// Nobody knows it: kept as a trait with `--keep-unknown`, else left out.
    Unknown(String),
}

/// Keys at the top of a contact's JSON.
const KEYS: [&str; 5] = ["id", "user_id", "email", "phone", "timezone"];
/// Fields that every contact has.
const BUILTIN: [&str; 6] = ["first_name", "last_name", "locale", "country", "created_at", "points"];

/// What `--map "Mail=email"` says, in pairs.
///
/// # Errors
/// Where one has no `=`.
pub fn mapping(given: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let pair = |text: &String| {
        let (from, to) = text.split_once('=').ok_or_else(|| Failure::usage(format!("--map {text:?} must be written HEADER=FIELD")))?;
        Ok((from.trim().to_string(), to.trim().to_string()))
    };
    given.iter().map(pair).collect()
}

/// The meaning of each header, by `--map`, by its name, by its snake case.
#[must_use]
pub fn columns(headers: &[String], maps: &[(String, String)], program: &Program) -> Vec<Column> {
    headers
        .iter()
        .map(|header| {
            let name = maps.iter().find(|(from, _)| from == header).map_or(header.as_str(), |(_, to)| to.as_str());
            column(name.trim(), program)
        })
        .collect()
}

fn column(name: &str, program: &Program) -> Column {
    if let Some(list) = name.strip_prefix("list:") {
        return Column::List(list.trim().to_string());
    }
    if let Some(topic) = name.strip_prefix("topic:") {
        return Column::Topic(topic.trim().to_string());
    }
    if let Some(channel) = name.strip_prefix("consent:") {
        return Column::Consent(channel.trim().to_lowercase());
    }
    let is_field = |wanted: &str| program.fields.iter().any(|field| &*field.name == wanted);
    let is_list = |wanted: &str| program.fields.iter().any(|field| &*field.name == wanted && matches!(field.ty, Type::List(_)));
    let snake = snake_case(name);
    for wanted in [name, snake.as_str()] {
        match wanted {
            "tags" => return Column::Tags,
            "consent_source" => return Column::ConsentSource,
            "consent_at" | "consent_text" => return Column::ConsentNote(wanted.to_string()),
            "points" => return Column::Key("points".to_string()),
            _ if KEYS.contains(&wanted) => return Column::Key(wanted.to_string()),
            _ if is_list(wanted) => return Column::Items(wanted.to_string()),
            _ if is_field(wanted) || BUILTIN.contains(&wanted) => return Column::Field(wanted.to_string()),
            _ => {}
        }
    }
    Column::Unknown(name.to_string())
}

/// What there is to say about columns nobody knows, before anything is written.
#[must_use]
pub fn unknown_columns(columns: &[Column], program: &Program) -> Vec<String> {
    let names = || KEYS.into_iter().chain(BUILTIN).chain(program.fields.iter().map(|field| &*field.name));
    columns
        .iter()
        .filter_map(|column| match column {
            Column::Unknown(name) => Some(match suggest(name, names()) {
                Some(near) => format!("{name:?} (did you mean `{near}`? --map {:?})", format!("{name}={near}")),
                None => format!("{name:?}"),
            }),
            Column::Key(_)
            | Column::Field(_)
            | Column::Items(_)
            | Column::Tags
            | Column::List(_)
            | Column::Topic(_)
            | Column::Consent(_)
            | Column::ConsentSource
            | Column::ConsentNote(_) => None,
        })
        .collect()
}

/// How rows are read.
pub struct Reading {
    /// The columns.
    pub columns: Vec<Column>,
    /// `--keep-unknown`
    pub keeps_unknown: bool,
    /// `--consent-source`
    pub consent_source: Option<String>,
}

impl Reading {
    /// The contact's JSON that a row stands for. An empty cell says nothing.
    ///
    /// # Errors
    /// Why the row is refused.
    pub fn row(&self, cells: &csv::StringRecord) -> Result<Json, String> {
        if cells.len() != self.columns.len() {
            return Err(format!("{} cells under {} headers", cells.len(), self.columns.len()));
        }
        let mut parts = Parts::default();
        for (column, cell) in self.columns.iter().zip(cells.iter()) {
            let cell = unguarded(cell.trim());
            if !cell.is_empty() {
                self.take(&mut parts, column, cell)?;
            }
        }
        let source = parts.source.take().or_else(|| self.consent_source.clone());
        if parts.has_consent() && source.is_none() {
            return Err("a topic or channel needs a consent source: a column consent_source, or --consent-source TEXT".to_string());
        }
        Ok(parts.into_json())
    }

    fn take(&self, parts: &mut Parts, column: &Column, cell: &str) -> Result<(), String> {
        let value = || Json::String(cell.to_string());
        match column {
            Column::Key(key) if key == "points" => {
                let number: f64 = cell.parse().map_err(|_| format!("points: {cell:?} is not a number"))?;
                parts.top.insert(key.clone(), json!(number));
            }
            Column::Key(key) => {
                parts.top.insert(key.clone(), value());
            }
            Column::Items(name) => {
                let items = cell.split(';').map(str::trim).filter(|item| !item.is_empty());
                parts.fields.insert(name.clone(), items.map(Json::from).collect());
            }
            Column::Field(name) => {
                parts.fields.insert(name.clone(), value());
            }
            Column::Tags => parts.tags.extend(cell.split(';').map(str::trim).filter(|tag| !tag.is_empty()).map(|tag| json!(tag))),
            Column::List(name) => parts.lists.push((name.clone(), yes_or_no(name, cell)?)),
            Column::Topic(name) => {
                parts.topics.insert(name.clone(), consent_word(name, cell)?);
            }
            Column::Consent(channel) if ["email", "sms", "push"].contains(&channel.as_str()) => {
                parts.channels.insert(channel.clone(), consent_word(channel, cell)?);
            }
            Column::Consent(channel) => return Err(format!("consent:{channel} is none of consent:email, consent:sms, consent:push")),
            Column::ConsentSource => parts.source = Some(cell.to_string()),
            // The store's consent record has no place for these yet: they are read, so that a file that has them imports.
            Column::ConsentNote(_) => {}
            Column::Unknown(name) => {
                if self.keeps_unknown {
                    parts.traits.insert(name.clone(), value());
                }
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Parts {
    top: Map<String, Json>,
    fields: Map<String, Json>,
    traits: Map<String, Json>,
    tags: Vec<Json>,
    lists: Vec<(String, bool)>,
    topics: Map<String, Json>,
    channels: Map<String, Json>,
    source: Option<String>,
}

impl Parts {
    fn has_consent(&self) -> bool {
        !self.topics.is_empty() || !self.channels.is_empty()
    }
    fn into_json(self) -> Json {
        let has_consent = self.has_consent();
        let named = |wanted: bool| -> Vec<Json> { self.lists.iter().filter(|(_, is_in)| *is_in == wanted).map(|(name, _)| json!(name)).collect() };
        let (joined, left) = (named(true), named(false));
        let (has_joined, has_left) = (!joined.is_empty(), !left.is_empty());
        let mut out = self.top;
        let mut put = |key: &str, value: Json, is_there: bool| {
            if is_there {
                out.insert(key.to_string(), value);
            }
        };
        let (has_tags, has_fields, has_traits) = (!self.tags.is_empty(), !self.fields.is_empty(), !self.traits.is_empty());
        put("fields", Json::Object(self.fields), has_fields);
        put("traits", Json::Object(self.traits), has_traits);
        put("tags", Json::Array(self.tags), has_tags);
        // A column speaks of one list: the others of the contact stay as they are.
        put("lists_add", Json::Array(joined), has_joined);
        put("lists_remove", Json::Array(left), has_left);
        let mut consent = self.channels;
        if !self.topics.is_empty() {
            consent.insert("topics".to_string(), Json::Object(self.topics));
        }
        put("consent", Json::Object(consent), has_consent);
        Json::Object(out)
    }
}

fn yes_or_no(name: &str, cell: &str) -> Result<bool, String> {
    match cell.to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" => Ok(true),
        "no" | "n" | "false" | "0" => Ok(false),
        _ => Err(format!("{name}: {cell:?} is neither yes nor no")),
    }
}

fn consent_word(name: &str, cell: &str) -> Result<Json, String> {
    Ok(json!(if yes_or_no(name, cell)? { "given" } else { "withdrawn" }))
}
