//! What a template uses: variables with their places, names the engine does not know, syntax errors.
//!
//! Not here: whether a variable exists or is set; that is the checker's, which holds this against the schema.

use super::chains::too_long;
use super::growth::{Growth, growth};
use super::render::{ADDED_FILTERS, environment};
use super::walk::Walk;
use minijinja::machinery::parse;
use minijinja::syntax::SyntaxConfig;
use std::ops::Range;

/// One use of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableUse {
    /// `contact.first_name` is `["contact", "first_name"]`; an element of a list is the segment `[]`, so that a loop variable
    /// over `order.items` yields `["order", "items", "[]", "sku"]`.
    pub path: Vec<String>,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Whether the template copes with its having no value: a `default`, an `or`, or a guard (`if x`, `if x is defined`) around it.
    pub has_default: bool,
    /// How many of the path's first names a guard around it has found to be there: 1 for `order.total` behind `if order`.
    pub assured: usize,
}

impl VariableUse {
    /// The path as one would write it: `order.items[].sku`.
    #[must_use]
    pub fn path_text(&self) -> String {
        let mut out = String::new();
        for segment in &self.path {
            if !out.is_empty() && segment != "[]" {
                out.push('.');
            }
            out.push_str(segment);
        }
        out
    }
}

/// What kind of name is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// `x | name`
    Filter,
    /// `x is name`
    Test,
    /// `name(…)`
    Function,
    /// `{% include %}` and its like: a message stands alone, there is no other template to take in.
    Statement,
}

/// A name the engine does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// Its kind.
    pub kind: NameKind,
    /// The name.
    pub name: String,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// What may have been meant.
    pub suggestion: Option<String>,
}

/// A place where the text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// What is wrong there.
    pub message: String,
    /// Bytes of the text.
    pub range: Range<usize>,
}

/// What a template uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    /// Variables, in the order of the text.
    pub uses: Vec<VariableUse>,
    /// Filters, tests, functions and statements that do not exist.
    pub unknown: Vec<UnknownName>,
    /// At most one: the engine stops at the first.
    pub errors: Vec<TemplateError>,
    /// How it grows beyond all bounds, if it does.
    pub growth: Option<Growth>,
}

/// Reads `text` as a template.
#[must_use]
pub fn analyze(text: &str) -> Analysis {
    if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
        return Analysis::default();
    }
    if let Some(range) = too_long(text) {
        let message = "more is chained here than can be read".to_owned();
        return Analysis { errors: vec![TemplateError { message, range }], ..Analysis::default() };
    }
    match parse(text, "template", SyntaxConfig::default()) {
        Ok(tree) => {
            let mut walk = Walk::new(text);
            walk.statement(&tree);
            let mut analysis = walk.finish();
            // What only prints values cannot grow.
            if text.contains("{%") || text.contains('*') || text.contains('(') {
                analysis.growth = growth(&tree);
            }
            analysis.uses.sort_by_key(|used| (used.range.start, used.range.end));
            analysis.unknown.sort_by_key(|unknown| unknown.range.start);
            analysis
        }
        Err(error) => {
            let range = error.range().filter(|range| range.end <= text.len() && range.start <= range.end).unwrap_or(0..text.len());
            let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            Analysis { errors: vec![TemplateError { message, range }], ..Analysis::default() }
        }
    }
}

const FILTERS: &[&str] = &[
    "safe",
    "escape",
    "e",
    "lower",
    "upper",
    "title",
    "capitalize",
    "replace",
    "length",
    "count",
    "dictsort",
    "items",
    "reverse",
    "trim",
    "join",
    "split",
    "lines",
    "default",
    "d",
    "round",
    "abs",
    "int",
    "float",
    "attr",
    "first",
    "last",
    "min",
    "max",
    "sort",
    "list",
    "string",
    "bool",
    "batch",
    "slice",
    "sum",
    "indent",
    "select",
    "reject",
    "selectattr",
    "rejectattr",
    "map",
    "groupby",
    "unique",
    "chain",
    "zip",
    "pprint",
    "format",
];
const TESTS: &[&str] = &[
    "undefined",
    "defined",
    "none",
    "safe",
    "escaped",
    "boolean",
    "odd",
    "even",
    "divisibleby",
    "number",
    "integer",
    "int",
    "float",
    "string",
    "sequence",
    "iterable",
    "mapping",
    "startingwith",
    "endingwith",
    "lower",
    "upper",
    "sameas",
    "eq",
    "equalto",
    "==",
    "ne",
    "!=",
    "lt",
    "lessthan",
    "<",
    "le",
    "<=",
    "gt",
    "greaterthan",
    ">",
    "ge",
    ">=",
    "in",
    "true",
    "false",
    "filter",
    "test",
];

/// `None` where the engine knows that name; else what may have been meant, if anything is near.
pub(super) fn look_up(kind: NameKind, name: &str) -> Option<Option<String>> {
    let mut known: Vec<String> = match kind {
        NameKind::Filter => FILTERS.iter().chain(ADDED_FILTERS).map(|known| (*known).to_owned()).collect(),
        NameKind::Test => TESTS.iter().map(|known| (*known).to_owned()).collect(),
        NameKind::Function => environment().globals().map(|(known, _)| known.to_owned()).collect(),
        NameKind::Statement => Vec::new(),
    };
    if known.iter().any(|known| known == name) {
        return None;
    }
    known.sort_by_key(|known| strsim::osa_distance(known, name));
    let nearest = known.into_iter().next().filter(|known| strsim::osa_distance(known, name) <= 1 + name.chars().count() / 3);
    Some(nearest)
}
