//! Rendering: a set of templates parsed once, rendered per contact, bounded in steps and output.
//!
//! Not here: files, loaders, or anything that parses data as a template. Only what [`Templates::add`] is given is ever parsed.

use super::analyze::analyze;
use super::values::{Absent, Scope, Wholes, number};
use crate::lang::{Record, Zone};
use minijinja::value::{Rest, Value as Shown, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use std::collections::HashMap;
use std::sync::Arc;

/// Engine steps one rendering may take.
pub const RENDER_FUEL: u64 = 100_000;
/// Bytes one rendering may yield.
pub const MAX_OUTPUT_BYTES: usize = 1024 * 1024;

/// How what a template prints is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escaping {
    /// `& < > " '` become entities.
    Html,
    /// As it is.
    None,
}

crate::typed_id! {
    /// A template of a [`Templates`].
    pub struct TemplateId;
}

/// Why a template failed for one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderError {
    /// What is wrong, for a journal line.
    pub message: String,
    /// The template's line, from 1, where it is known.
    pub line: Option<u32>,
}

impl std::fmt::Display for RenderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for RenderError {}

/// Parsed templates, shared between threads.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    names: HashMap<String, TemplateId>,
    /// The engine's name of each template, whose first letter tells the escaping, and what it reads parts of.
    keys: Vec<(String, Arc<Wholes>)>,
}

impl Default for Templates {
    fn default() -> Self {
        Self::new()
    }
}

impl Templates {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self { environment: environment(), names: HashMap::new(), keys: Vec::new() }
    }

    /// Parses `source` under `name` (the last of a name wins). The error is a syntax error, with its line.
    pub fn add(&mut self, name: &str, escaping: Escaping, source: &str) -> Result<TemplateId, RenderError> {
        let id = TemplateId::from_index(self.keys.len());
        let mark = match escaping {
            Escaping::Html => 'h',
            Escaping::None => 't',
        };
        let key = format!("{mark}{}:{name}", self.keys.len());
        self.environment.add_template_owned(key.clone(), source.to_owned()).map_err(|error| describe(&error, source))?;
        let uses = analyze(source).uses;
        self.keys.push((key, Arc::new(Wholes::of(uses.iter().map(|used| used.path.as_slice())))));
        self.names.insert(name.to_owned(), id);
        Ok(id)
    }

    /// The template of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<TemplateId> {
        self.names.get(name).copied()
    }

    /// Renders the template of that name; see [`Templates::render_id`].
    pub fn render(&self, name: &str, context: &Record, zone: &Zone) -> Result<String, RenderError> {
        match self.find(name) {
            Some(id) => self.render_id(id, context, zone),
            None => Err(RenderError { message: format!("there is no template `{name}`"), line: None }),
        }
    }

    /// Renders with `context` in scope; moments are shown in `zone`. Fails where something without a value is printed without
    /// a `default`, beyond [`RENDER_FUEL`] steps, and beyond [`MAX_OUTPUT_BYTES`].
    pub fn render_id(&self, id: TemplateId, context: &Record, zone: &Zone) -> Result<String, RenderError> {
        let missing = || RenderError { message: "there is no such template".to_owned(), line: None };
        let (key, wholes) = self.keys.get(id.index()).ok_or_else(missing)?;
        let template = self.environment.get_template(key).map_err(|error| describe(&error, ""))?;
        let root = Shown::from_object(Scope { values: Arc::new(context.clone()), zone: zone.clone(), wholes: Arc::clone(wholes) });
        let mut out = Bounded { bytes: Vec::with_capacity(template.source().len() + 128), is_full: false };
        match template.render_captured_to(root, &mut out) {
            Ok(_) => String::from_utf8(out.bytes).map_err(|_| missing()),
            Err(_) if out.is_full => Err(RenderError { message: format!("the message is over {MAX_OUTPUT_BYTES} bytes"), line: None }),
            Err(error) => Err(describe(&error, template.source())),
        }
    }
}

/// A sink that refuses to grow beyond [`MAX_OUTPUT_BYTES`].
struct Bounded {
    bytes: Vec<u8>,
    is_full: bool,
}

impl std::io::Write for &mut Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len() + bytes.len() > MAX_OUTPUT_BYTES {
            self.is_full = true;
            return Err(std::io::Error::other("too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The engine as messages use it: no loader, no `debug` (it would print the whole contact), bounded, strict.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.remove_global("debug");
    environment.set_fuel(Some(RENDER_FUEL));
    environment.set_recursion_limit(64);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|name| if name.starts_with('h') { AutoEscape::Html } else { AutoEscape::None });
    environment.set_formatter(write_value);
    environment.add_filter("urlencode", urlencode);
    environment.add_filter("date", format_date);
    environment.add_filter("default", default);
    environment.add_filter("d", default);
    environment.add_test("defined", |value: &Shown| !is_nothing(value));
    environment.add_test("undefined", is_nothing);
    environment
}

/// The names this environment adds to the engine's own filters.
pub(super) const ADDED_FILTERS: &[&str] = &["urlencode", "date"];

fn is_nothing(value: &Shown) -> bool {
    value.is_undefined() || Absent::is(value)
}

/// The engine's own, for which something absent is nothing too.
fn default(state: &State, value: &Shown, words: Rest<Shown>) -> Result<Shown, Error> {
    minijinja::filters::default(state, if Absent::is(value) { &Shown::UNDEFINED } else { value }, words)
}

fn urlencode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// `{{ contact.trial_ends_at | date("%d %B %Y") }}`: a date or moment in the strftime form that is given.
fn format_date(text: &str, form: &str) -> Result<String, Error> {
    let date_time = text.parse::<jiff::civil::DateTime>().or_else(|_| text.parse::<jiff::civil::Date>().map(|date| date.at(0, 0, 0, 0)));
    let wrong = |what: &str| Error::new(ErrorKind::InvalidOperation, format!("{what} is no date or form of a date"));
    let date_time = date_time.map_err(|_| wrong(text))?;
    jiff::fmt::strtime::format(form, date_time).map_err(|_| wrong(form))
}

fn write_value(out: &mut Output, state: &mut State, value: &Shown) -> Result<(), Error> {
    if Absent::is(value) {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let is_escaped = matches!(state.auto_escape(), AutoEscape::Html) && !value.is_safe();
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(()),
        ValueKind::Bool => out.write_str(if value.is_true() { "true" } else { "false" }).map_err(Error::from),
        ValueKind::Number if !value.is_integer() => {
            let shown = f64::try_from(value.clone()).map_or_else(|_| value.clone(), number);
            write!(out, "{shown}").map_err(Error::from)
        }
        ValueKind::String => write_text(out, value.as_str().unwrap_or(""), is_escaped),
        _ => write_text(out, &value.to_string(), is_escaped),
    }
}

/// Unlike the engine's own escaping this leaves `/` alone: addresses stay readable in the source of a mail.
fn write_text(out: &mut Output, text: &str, is_escaped: bool) -> Result<(), Error> {
    if !is_escaped {
        return out.write_str(text).map_err(Error::from);
    }
    let mut at = 0;
    for (offset, c) in text.char_indices() {
        let entity = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#39;",
            _ => continue,
        };
        out.write_str(text.get(at..offset).unwrap_or("")).and_then(|()| out.write_str(entity)).map_err(Error::from)?;
        at = offset + c.len_utf8();
    }
    out.write_str(text.get(at..).unwrap_or("")).map_err(Error::from)
}

fn describe(error: &Error, source: &str) -> RenderError {
    let line = error.line().and_then(|line| u32::try_from(line).ok());
    let place = error.range().and_then(|range| source.get(range)).map(|text| text.trim_matches(['{', '}', ' ', '-', '\n']));
    let message = match error.kind() {
        ErrorKind::UndefinedError => match place.filter(|text| !text.is_empty()) {
            Some(text) => format!("`{text}` has no value here, and no `default`"),
            None => "something printed has no value here, and no `default`".to_owned(),
        },
        ErrorKind::OutOfFuel => format!("the template takes more than {RENDER_FUEL} steps"),
        _ => error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
    };
    RenderError { message, line }
}
