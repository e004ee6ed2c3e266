//! What every renderer needs to know: the sources, and how their paths are shown.

use crate::base::{LineColumn, Source, Sources, Span};

/// The sources of some findings, and how their paths are shown.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The texts.
    pub sources: &'a Sources,
    shown: Option<&'a dyn Fn(&str) -> String>,
}

/// A place as people count: file, first and one past the last position.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub path: String,
    pub start: LineColumn,
    pub end: LineColumn,
}

impl<'a> View<'a> {
    /// Paths are shown as they stand in `sources`.
    #[must_use]
    pub fn new(sources: &'a Sources) -> Self {
        Self { sources, shown: None }
    }
    /// Paths are shown as `shown` turns them, for instance relative to where the command was called.
    #[must_use]
    pub fn with_paths(self, shown: &'a dyn Fn(&str) -> String) -> Self {
        Self { shown: Some(shown), ..self }
    }
    pub(super) fn path(&self, source: &Source) -> String {
        self.shown.map_or_else(|| source.path.clone(), |shown| shown(&source.path))
    }
    pub(super) fn place(&self, span: Span) -> Place {
        let one = LineColumn { line: 1, column: 1 };
        match self.sources.get(span.file) {
            Some(source) => Place { path: self.path(source), start: source.position(span.start), end: source.position(span.end) },
            None => Place { path: String::new(), start: one, end: one },
        }
    }
}
