//! One finding as data. How it looks is a renderer's business.

use crate::base::{Code, Severity, Span};

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code, which also says how severe it is.
    pub code: Code,
    /// One clause, lower case, without a period.
    pub title: String,
    /// Where it is, and what stands there.
    pub primary: Label,
    /// The other sides of it.
    pub secondary: Vec<Label>,
    /// What to do.
    pub help: Vec<String>,
    /// Why the rule exists.
    pub notes: Vec<String>,
    /// A change of the source that mends it.
    pub fix: Option<Fix>,
}

/// A place and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What it is; may be empty.
    pub text: String,
}

/// A change of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does: `write "=="`.
    pub title: String,
    /// The edits, which do not overlap.
    pub edits: Vec<Edit>,
    /// Whether it may be applied without asking.
    pub applicability: Applicability,
}

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; an empty span inserts.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

/// Whether a fix may be applied without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Applicability {
    /// It is what was meant; `--fix` applies it.
    Certain,
    /// It is a guess; an editor may offer it.
    Maybe,
}

impl Diagnostic {
    /// A finding with its primary label, everything else empty.
    #[must_use]
    pub fn new(code: Code, title: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        let primary = Label { span, text: label.into() };
        Self { code, title: title.into(), primary, secondary: Vec::new(), help: Vec::new(), notes: Vec::new(), fix: None }
    }
    /// Adds a place that explains it.
    #[must_use]
    pub fn with_label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }
    /// Adds what to do.
    #[must_use]
    pub fn with_help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
    /// Adds why the rule exists.
    #[must_use]
    pub fn with_note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }
    /// Sets the change that mends it.
    #[must_use]
    pub fn with_fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }
    /// Error or warning.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

impl Fix {
    /// A fix of one replacement that is what was meant.
    #[must_use]
    pub fn certain(title: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        let edits = vec![Edit { span, replacement: replacement.into() }];
        Self { title: title.into(), edits, applicability: Applicability::Certain }
    }
    /// A fix of one replacement that is a guess.
    #[must_use]
    pub fn maybe(title: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        Self { applicability: Applicability::Maybe, ..Self::certain(title, span, replacement) }
    }
}
