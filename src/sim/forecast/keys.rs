//! The tables of a behaviour file, key by key: what is wrong is said with its place, and what nobody asked for is unknown.

use super::behaviour::Delay;
use crate::diagnostics::suggest;
use crate::lang::{Duration, Instant, TimeOfDay, Zone};
use std::cell::RefCell;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a behaviour file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BehaviourProblem {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What, with the key's name.
    pub text: String,
}

/// The problems of one file.
pub(super) struct Problems<'a> {
    text: &'a str,
    found: RefCell<Vec<BehaviourProblem>>,
}

impl<'a> Problems<'a> {
    pub fn new(text: &'a str) -> Problems<'a> {
        Problems { text, found: RefCell::new(Vec::new()) }
    }
    /// Something is wrong at a byte of the file.
    pub fn add(&self, at: usize, text: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |start| start.chars().count()) + 1;
        self.found.borrow_mut().push(BehaviourProblem { line, column, text: text.into() });
    }
    /// All of them, in the order of the file.
    pub fn done(self) -> Vec<BehaviourProblem> {
        let mut found = self.found.into_inner();
        found.sort_by(|a, b| (a.line, a.column, &a.text).cmp(&(b.line, b.column, &b.text)));
        found.dedup();
        found
    }
}

/// One table: what is asked for is known, the rest is a problem.
pub(super) struct Keys<'t, 'i> {
    table: &'t DeTable<'i>,
    path: String,
    problems: &'t Problems<'t>,
    asked: RefCell<Vec<String>>,
}

impl<'t, 'i> Keys<'t, 'i> {
    /// The table of a whole file.
    pub fn root(table: &'t DeTable<'i>, problems: &'t Problems<'t>) -> Keys<'t, 'i> {
        Keys { table, path: String::new(), problems, asked: RefCell::new(Vec::new()) }
    }
    fn name(&self, key: &str) -> String {
        let key = if key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') { key.to_owned() } else { format!("{key:?}") };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }
    fn find(&self, key: &str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.asked.borrow_mut().push(key.to_owned());
        self.table.get(key)
    }
    /// Whether a key stands here.
    pub fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }
    /// The inner table of a key.
    pub fn inner(&self, key: &str) -> Option<Keys<'t, 'i>> {
        let value = self.find(key)?;
        self.as_table(key, value)
    }
    fn as_table(&self, key: &str, value: &'t Spanned<DeValue<'i>>) -> Option<Keys<'t, 'i>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(Keys { table, path: self.name(key), problems: self.problems, asked: RefCell::new(Vec::new()) }),
            other => {
                self.wrong(value, key, "a table", other);
                None
            }
        }
    }
    /// All keys, each with its value's table; every one is known.
    pub fn tables(&self) -> Vec<(&'t str, usize, Keys<'t, 'i>)> {
        let all = self.table.iter().filter_map(|(key, value)| Some((key.get_ref().as_ref(), key.span().start, self.as_table(key.get_ref(), value)?)));
        all.inspect(|(key, ..)| self.asked.borrow_mut().push((*key).to_owned())).collect()
    }
    /// All keys, each with a number of at least 0; every one is known.
    pub fn numbers(&self) -> Vec<(&'t str, f64)> {
        let keys: Vec<&'t str> = self.table.iter().map(|(key, _)| key.get_ref().as_ref()).collect();
        keys.into_iter().filter_map(|key| Some((key, self.rate(key)?))).collect()
    }
    /// A number of at least 0.
    pub fn rate(&self, key: &str) -> Option<f64> {
        let value = self.find(key)?;
        let number = self.as_number(key, value)?;
        if number < 0.0 {
            self.problems.add(value.span().start, format!("`{}` is {number}; it must be 0 or more", self.name(key)));
            return None;
        }
        Some(number)
    }
    /// Any number.
    pub fn number(&self, key: &str) -> Option<f64> {
        let value = self.find(key)?;
        self.as_number(key, value)
    }
    /// A share: `0.35` or `"35%"`.
    pub fn share(&self, key: &str) -> Option<f64> {
        let value = self.find(key)?;
        let share = match value.get_ref() {
            DeValue::String(text) if text.ends_with('%') => {
                text.trim_end_matches('%').trim().parse().ok().map(|percent: f64| percent / 100.0).or_else(|| {
                    self.problems.add(value.span().start, format!("`{}` is {text:?}; a share is written 0.35 or \"35%\"", self.name(key)));
                    None
                })?
            }
            _ => self.as_number(key, value)?,
        };
        if (0.0..=1.0).contains(&share) {
            return Some(share);
        }
        self.problems.add(value.span().start, format!("`{}` is {share}; a share lies between 0 and 1, or is written \"35%\"", self.name(key)));
        None
    }
    /// A text.
    pub fn text(&self, key: &str) -> Option<&'t str> {
        let value = self.find(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            other => {
                self.wrong(value, key, "a text", other);
                None
            }
        }
    }
    /// A time of day: `"07:30"`.
    pub fn time(&self, key: &str) -> Option<TimeOfDay> {
        let text = self.text(key)?;
        let parsed = text.split_once(':').and_then(|(hour, minute)| TimeOfDay::new(hour.parse().ok()?, minute.parse().ok()?, 0));
        if parsed.is_none() {
            self.say(key, format!("is {text:?}; a time of day is written \"07:30\""));
        }
        parsed
    }
    /// A length of time in milliseconds: `"2h"`, `"3d"`.
    pub fn length(&self, key: &str) -> Option<f64> {
        let text = self.text(key)?;
        match Duration::parse(text) {
            Some(length) => Some(super::values::real(u64::try_from(length.approximate_millis()).unwrap_or(0))),
            None => {
                self.say(key, format!("is {text:?}; a length of time is written \"90s\", \"15min\", \"2h\" or \"3d\""));
                None
            }
        }
    }
    /// A moment in days from the start: `"-30d"`, `"2w"`, or a date `"1980-01-01"`.
    pub fn days(&self, key: &str, (start, zone): (Instant, &Zone)) -> Option<f64> {
        const DAY_MS: f64 = 86_400_000.0;
        let text = self.text(key)?;
        let (sign, length) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
        if let Some(length) = Duration::parse(length) {
            return Some(sign * super::values::real(u64::try_from(length.approximate_millis()).unwrap_or(0)) / DAY_MS);
        }
        if let Some(date) = date_of(text) {
            let millis = super::values::day_of(date, zone).millis_since(start);
            let size = super::values::real(millis.unsigned_abs()) / DAY_MS;
            return Some(if millis < 0 { -size } else { size });
        }
        self.say(key, format!("is {text:?}; a day is written \"-30d\", \"2w\" (from the start on) or \"2026-12-24\""));
        None
    }
    /// A time that something takes: `{ median = "2h", spread = 4 }`, or `"2h"`.
    pub fn delay(&self, key: &str) -> Option<Delay> {
        let value = self.find(key)?;
        if let DeValue::String(_) = value.get_ref() {
            return Some(Delay { median_ms: self.length(key)?, spread: 3.0 });
        }
        let inner = self.as_table(key, value)?;
        let (median_ms, spread) = (inner.length("median"), inner.number("spread").unwrap_or(3.0));
        if median_ms.is_none() && !inner.has("median") {
            self.say(key, "needs a median: { median = \"2h\", spread = 3 }");
        }
        if spread < 1.0 {
            inner.say("spread", format!("is {spread}; it is a factor of at least 1: two thirds lie between median / spread and median * spread"));
        }
        inner.done();
        Some(Delay { median_ms: median_ms?, spread: spread.max(1.0) })
    }
    /// Weights by text: `{ Canada = 3, Germany = 1 }`.
    pub fn weights(&self, key: &str) -> Option<Vec<(&'t str, usize, f64)>> {
        let inner = self.inner(key)?;
        let all: Vec<_> = inner.table.iter().filter_map(|(text, _)| Some((text.get_ref().as_ref(), text.span().start, inner.rate(text.get_ref())?))).collect();
        if all.iter().map(|(.., weight)| weight).sum::<f64>() <= 0.0 {
            self.say(key, "needs a value with a weight above 0");
            return None;
        }
        Some(all)
    }
    /// Something is wrong with a key.
    pub fn say(&self, key: &str, text: impl AsRef<str>) {
        let at = self.table.get(key).map_or(0, |value| value.span().start);
        self.problems.add(at, format!("`{}` {}", self.name(key), text.as_ref()));
    }
    /// A name that the program does not have.
    pub fn unknown_name<'n>(&self, (name, at): (&str, usize), what: &str, known: impl Iterator<Item = &'n str>) {
        let near = suggest(name, known).map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
        self.problems.add(at, format!("`{}`: there is no {what} {name:?} in the program{near}", self.name(name)));
    }
    /// Says which keys nobody knows.
    pub fn done(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table {
            if !asked.iter().any(|known| known == key.get_ref()) {
                let near = suggest(key.get_ref(), asked.iter().map(String::as_str));
                let help = near.map_or_else(|| format!("; here stand {}", listed(&asked)), |near| format!("; did you mean `{near}`?"));
                self.problems.add(key.span().start, format!("`{}` is no key of a behaviour file{help}", self.name(key.get_ref())));
            }
        }
    }

    fn as_number(&self, key: &str, value: &'t Spanned<DeValue<'i>>) -> Option<f64> {
        let number = match value.get_ref() {
            DeValue::Integer(integer) => integer.as_str().replace('_', "").parse::<f64>().ok(),
            DeValue::Float(float) => float.as_str().replace('_', "").parse::<f64>().ok(),
            other => {
                self.wrong(value, key, "a number", other);
                return None;
            }
        };
        let finite = number.filter(|number| number.is_finite());
        if finite.is_none() {
            self.say(key, "is no number that can be used");
        }
        finite
    }
    fn wrong(&self, value: &Spanned<DeValue<'_>>, key: &str, wanted: &str, found: &DeValue<'_>) {
        let found = match found {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date without quotes",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.problems.add(value.span().start, format!("`{}` must be {wanted}; this is {found}", self.name(key)));
    }
}

fn listed(keys: &[String]) -> String {
    let mut names: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    names.sort();
    names.dedup();
    names.join(", ")
}

/// `2026-12-24`
pub(super) fn date_of(text: &str) -> Option<crate::lang::Date> {
    let mut parts = text.splitn(3, '-');
    crate::lang::Date::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)
}
