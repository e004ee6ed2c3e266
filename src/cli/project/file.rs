//! Reads `camp.toml`: keys with their places, `${NAME}` from the environment, `CAMP_SECTION_KEY` over all.
//!
//! The environment is asked only when a section is read, so that commands which do not use a key do not need its variable.

use super::schema::Kind;
use super::{problems, schema};
use crate::base::{FileId, Sources, Span};
use crate::diagnostics::{Diagnostic, suggest};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

/// The name of the project file.
pub const FILE_NAME: &str = "camp.toml";

/// Asks the environment for a variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process's own environment; an empty variable counts as missing, lest an empty key open a door.
#[must_use]
pub fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[derive(Clone, Debug)]
struct Entry {
    value: toml::Value,
    span: Span,
}

/// A project file, or the defaults where there is none.
#[derive(Clone, Debug, Default)]
pub struct ProjectFile {
    /// The file itself, for findings.
    pub sources: Sources,
    /// What is wrong with it.
    pub findings: Vec<Diagnostic>,
    entries: BTreeMap<(String, String), Entry>,
}

impl ProjectFile {
    /// Reads the text of a `camp.toml`.
    #[must_use]
    pub fn parse(text: &str) -> ProjectFile {
        let mut file = ProjectFile::default();
        let id = file.sources.add(FILE_NAME, text);
        let text = file.sources.get(id).map(|source| source.text.clone()).unwrap_or_default();
        let (document, errors) = DeTable::parse_recoverable(&text);
        for error in &errors {
            let span = error.span().unwrap_or(0..0);
            file.findings.push(problems::not_toml(Span::new(id, span.start, span.end), error.message()));
        }
        // A broken file would add a wave of findings that mending the first one takes away.
        if errors.is_empty() {
            file.read_sections(id, document.get_ref());
        }
        file
    }

    fn read_sections(&mut self, id: FileId, document: &DeTable<'_>) {
        for (name, value) in document {
            let span = Span::new(id, name.span().start, name.span().end);
            let Some(keys) = schema::section(name.get_ref()) else {
                let near = suggest(name.get_ref(), schema::SECTIONS.iter().map(|(known, _)| *known));
                self.findings.push(problems::unknown_key(span, &format!("section [{}]", name.get_ref()), near.map(|near| format!("[{near}]"))));
                continue;
            };
            match value.get_ref() {
                DeValue::Table(table) => self.read_keys(id, (name.get_ref(), keys), table),
                other => self.findings.push(problems::wrong_kind(span, name.get_ref(), ("a section, written [NAME]", kind_of(other)))),
            }
        }
        self.findings.sort_by_key(|finding| finding.primary.span);
    }

    fn read_keys(&mut self, id: FileId, (section, keys): (&str, schema::Keys), table: &DeTable<'_>) {
        for (key, value) in table {
            let key_span = Span::new(id, key.span().start, key.span().end);
            let span = Span::new(id, value.span().start, value.span().end);
            let path = format!("{section}.{}", key.get_ref());
            let Some((_, kind)) = keys.iter().find(|(known, _)| known == key.get_ref()) else {
                let near = suggest(key.get_ref(), keys.iter().map(|(known, _)| *known));
                self.findings.push(problems::unknown_key(key_span, &format!("key `{}` in [{section}]", key.get_ref()), near));
                continue;
            };
            match check_kind(value.get_ref(), *kind) {
                Fit::Fits(value) => {
                    if schema::WITHOUT_EFFECT.contains(&path.as_str()) {
                        self.findings.push(problems::without_effect(key_span, &path));
                    }
                    self.entries.insert((section.to_string(), key.get_ref().to_string()), Entry { value, span });
                }
                Fit::OtherKind => self.findings.push(problems::wrong_kind(span, &path, (kind.words(), kind_of(value.get_ref())))),
                Fit::UnknownKey(at, name, near) => {
                    let span = Span::new(id, at.start, at.end);
                    self.findings.push(problems::unknown_key(span, &format!("key `{name}` in {path}"), near));
                }
            }
        }
    }

    /// A section as its type, with the environment's values in it. Where `needs_environment` is false, `${…}` stays as it is.
    ///
    /// # Errors
    /// A finding that names the key and its line.
    pub fn section<T: DeserializeOwned + Default>(&self, name: &str, (environment, expand): (Environment<'_>, Expand)) -> Result<T, Box<Diagnostic>> {
        let mut table = toml::Table::new();
        let keys = schema::section(name).unwrap_or(&[]);
        for (key, kind) in keys {
            let path = format!("{name}.{key}");
            let known = self.entries.get(&(name.to_string(), (*key).to_string()));
            if let Some(text) = environment(&override_name(name, key)) {
                let span = known.map_or(Span::new(FileId(0), 0, 0), |entry| entry.span);
                table.insert((*key).to_string(), from_override(&text, *kind).ok_or_else(|| override_problem(span, (name, key), *kind))?);
            } else if let Some(entry) = known {
                let value = match expand {
                    Expand::Variables => expanded(&entry.value, (&path, entry.span), environment)?,
                    Expand::Nothing => entry.value.clone(),
                };
                table.insert((*key).to_string(), value);
            }
        }
        // Kinds were checked, so only a number out of range can still fail here.
        table.try_into().map_err(|error: toml::de::Error| Box::new(problems::unusable_value(self.section_span(name), name, ("read", error.message()))))
    }

    /// The raw text of a key, override first, `${…}` not replaced.
    #[must_use]
    pub fn raw_text(&self, section: &str, key: &str, environment: Environment<'_>) -> Option<String> {
        environment(&override_name(section, key)).or_else(|| {
            let entry = self.entries.get(&(section.to_string(), key.to_string()))?;
            entry.value.as_str().map(str::to_string)
        })
    }

    /// The text of one key, override first, `${…}` replaced. The other keys of its section may name variables that are not set.
    ///
    /// # Errors
    /// A finding where a variable is missing.
    pub fn text(&self, section: &str, key: &str, environment: Environment<'_>) -> Result<Option<String>, Box<Diagnostic>> {
        if let Some(text) = environment(&override_name(section, key)) {
            return Ok(Some(text));
        }
        let written = self.entries.get(&(section.to_string(), key.to_string())).and_then(|entry| Some((entry.value.as_str()?, entry.span)));
        written.map(|(text, span)| expand_text(text, (&format!("{section}.{key}"), span), environment)).transpose()
    }

    /// Where a key's value stands; the file's start where it came from elsewhere.
    #[must_use]
    pub fn span_of(&self, section: &str, key: &str) -> Span {
        self.entries.get(&(section.to_string(), key.to_string())).map_or(Span::new(FileId(0), 0, 0), |entry| entry.span)
    }

    /// The line of a finding of this file.
    #[must_use]
    pub fn line_of(&self, finding: &Diagnostic) -> u32 {
        self.sources.get(finding.primary.span.file).map_or(1, |source| source.position(finding.primary.span.start).line)
    }

    fn section_span(&self, section: &str) -> Span {
        self.entries.iter().find(|((known, _), _)| known == section).map_or(Span::new(FileId(0), 0, 0), |(_, entry)| entry.span)
    }
}

/// Whether `${NAME}` is replaced while a section is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expand {
    /// Replaced; a missing variable is a finding.
    Variables,
    /// Left: the reader does not use the values.
    Nothing,
}

enum Fit {
    Fits(toml::Value),
    OtherKind,
    UnknownKey(std::ops::Range<usize>, String, Option<String>),
}

fn check_kind(value: &DeValue<'_>, kind: Kind) -> Fit {
    let owned = to_value(value);
    let is_list_of = |test: fn(&toml::Value) -> bool| owned.as_array().is_some_and(|items| items.iter().all(test));
    let fits = match kind {
        Kind::Text => owned.is_str(),
        Kind::Bool => owned.is_bool(),
        Kind::Texts => is_list_of(toml::Value::is_str),
        Kind::Numbers => is_list_of(toml::Value::is_integer),
        Kind::OpenTable => owned.is_table(),
        Kind::Table(keys) => {
            let Some(table) = value.as_table() else { return Fit::OtherKind };
            if let Some((key, _)) = table.iter().find(|(key, _)| !keys.contains(&key.get_ref().as_ref())) {
                return Fit::UnknownKey(key.span(), key.get_ref().to_string(), suggest(key.get_ref(), keys.iter().copied()));
            }
            table.iter().all(|(_, value)| value.get_ref().is_str())
        }
    };
    if fits { Fit::Fits(owned) } else { Fit::OtherKind }
}

fn to_value(value: &DeValue<'_>) -> toml::Value {
    match value {
        DeValue::String(text) => toml::Value::String(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or_else(|_| toml::Value::String(number.as_str().to_string()), toml::Value::Integer)
        }
        DeValue::Float(number) => toml::Value::Float(number.as_str().parse().unwrap_or(0.0)),
        DeValue::Boolean(value) => toml::Value::Boolean(*value),
        DeValue::Datetime(value) => toml::Value::Datetime(*value),
        DeValue::Array(items) => toml::Value::Array(items.iter().map(|item| to_value(item.get_ref())).collect()),
        DeValue::Table(table) => toml::Value::Table(table.iter().map(|(key, value)| (key.get_ref().to_string(), to_value(value.get_ref()))).collect()),
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn override_name(section: &str, key: &str) -> String {
    format!("CAMP_{}_{}", section.to_uppercase(), key.to_uppercase())
}

/// The value that a `CAMP_…` variable stands for: lists by commas, tables as TOML writes them.
fn from_override(text: &str, kind: Kind) -> Option<toml::Value> {
    match kind {
        Kind::Text => Some(toml::Value::String(text.to_string())),
        Kind::Bool => text.trim().parse().ok().map(toml::Value::Boolean),
        Kind::Texts => Some(toml::Value::Array(list_items(text).map(|item| toml::Value::String(item.to_string())).collect())),
        Kind::Numbers => list_items(text).map(|item| item.parse().ok().map(toml::Value::Integer)).collect::<Option<Vec<_>>>().map(toml::Value::Array),
        Kind::Table(_) | Kind::OpenTable => toml::from_str::<toml::Table>(&format!("value = {text}")).ok()?.remove("value").filter(toml::Value::is_table),
    }
}

fn list_items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn override_problem(span: Span, (section, key): (&str, &str), kind: Kind) -> Box<Diagnostic> {
    let variable = override_name(section, key);
    let help = format!("the environment variable {variable} stands above camp.toml and must hold {}", kind.words());
    Box::new(problems::unusable_value(span, &format!("{section}.{key}"), (&format!("read from {variable}"), &help)))
}

fn expanded(value: &toml::Value, at: (&str, Span), environment: Environment<'_>) -> Result<toml::Value, Box<Diagnostic>> {
    Ok(match value {
        toml::Value::String(text) => toml::Value::String(expand_text(text, at, environment)?),
        toml::Value::Array(items) => toml::Value::Array(items.iter().map(|item| expanded(item, at, environment)).collect::<Result<_, _>>()?),
        toml::Value::Table(table) => {
            let pairs = table.iter().map(|(key, value)| Ok((key.clone(), expanded(value, at, environment)?)));
            toml::Value::Table(pairs.collect::<Result<_, Box<Diagnostic>>>()?)
        }
        toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) | toml::Value::Datetime(_) => value.clone(),
    })
}

fn expand_text(text: &str, (key, span): (&str, Span), environment: Environment<'_>) -> Result<String, Box<Diagnostic>> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            let help = "a variable is written ${NAME}, with the closing brace";
            return Err(Box::new(problems::unusable_value(span, key, ("read: a `${` is not closed", help))));
        };
        let value = environment(name.trim()).ok_or_else(|| Box::new(problems::missing_variable(span, key, name.trim())))?;
        out.push_str(&value);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::sections::{EmailSection, ServerSection};
    use super::*;

    fn nothing(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn an_unknown_key_names_the_near_one() {
        let file = ProjectFile::parse("[email]\nrat = \"50/s\"\n[stroe]\n");
        let texts: Vec<_> = file.findings.iter().map(|f| (f.title.clone(), f.help.clone())).collect();
        assert_eq!(texts[0], ("camp.toml has no key `rat` in [email]".into(), vec!["did you mean `rate`?".into()]));
        assert_eq!(texts[1], ("camp.toml has no section [stroe]".into(), vec!["did you mean `[store]`?".into()]));
    }

    #[test]
    fn a_missing_variable_is_a_finding_only_where_the_section_is_read() {
        let file = ProjectFile::parse("[email]\nurl = \"${SMTP_URL}\"\n");
        assert!(file.findings.is_empty());
        let error = file.section::<EmailSection>("email", (&nothing, Expand::Variables)).unwrap_err();
        assert!(error.title.contains("email.url") && error.title.contains("SMTP_URL"), "{}", error.title);
        assert!(file.section::<EmailSection>("email", (&nothing, Expand::Nothing)).is_ok());
    }

    #[test]
    fn the_environment_stands_above_the_file() {
        let file = ProjectFile::parse("[server]\nlisten = \"127.0.0.1:1\"\n");
        let environment = |name: &str| match name {
            "CAMP_SERVER_LISTEN" => Some("127.0.0.1:2".to_string()),
            "CAMP_SERVER_WRITE_KEYS" => Some("a, b".to_string()),
            _ => None,
        };
        let server: ServerSection = file.section("server", (&environment, Expand::Variables)).unwrap();
        assert_eq!(server.listen.as_deref(), Some("127.0.0.1:2"));
        assert_eq!(server.write_keys, ["a", "b"]);
    }

    #[test]
    fn a_value_of_another_kind_is_a_finding() {
        let file = ProjectFile::parse("[server]\nwrite_keys = \"x\"\n");
        assert_eq!(file.findings[0].title, "`server.write_keys` is a list of texts, [\"…\"]");
    }
}
