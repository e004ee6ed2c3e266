//! What a test run tells: whether it holds, and where it does not, what happened in its place.

use super::coverage::Trace;
use crate::advance::What;
use crate::base::{Sources, Span};
use crate::lang::Instant;
use std::sync::Arc;

/// Why a test failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The line that failed.
    pub span: Span,
    /// What was expected: `email reminder`.
    pub expected: String,
    /// What happened instead.
    pub happened: String,
    /// The contact it is about; none where it is about all of them.
    pub contact: Option<Arc<str>>,
    /// What happened to that contact (to everybody, where none is named), in order.
    pub timeline: Vec<Moment>,
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When.
    pub at: Instant,
    /// The same by the clock on the contact's wall: `Mon 2026-03-02 10:00:00`.
    pub local: String,
    /// That wall's zone.
    pub zone: Arc<str>,
    /// Whom it happened to, where the test names its contacts.
    pub contact: Option<Arc<str>>,
    /// What happened.
    pub happened: Happened,
}

/// What a line of the timeline says.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Happened {
    /// A line of the test itself: an event, a change, something given.
    Line(Span),
    /// What the engine wrote on its journal.
    Entry { campaign: Option<Arc<str>>, step: Option<Arc<str>>, what: What, why: Arc<str> },
    /// Something that is on no journal.
    Note(Arc<str>),
}

impl Moment {
    /// What happened, as people read it; `sources` are those of the test.
    #[must_use]
    pub fn text(&self, sources: &Sources) -> String {
        match &self.happened {
            Happened::Line(span) => {
                let text = sources.text(*span);
                let blanks_collapsed: Vec<&str> = text.split_whitespace().collect();
                format!("» {}", blanks_collapsed.join(" "))
            }
            Happened::Entry { campaign, step, what, why } => {
                let parts = [campaign.as_deref().unwrap_or(""), step.as_deref().unwrap_or(""), what.word(), why];
                parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
            }
            Happened::Note(text) => text.to_string(),
        }
    }
}

impl Failure {
    /// The timeline, a line each.
    #[must_use]
    pub fn story(&self, sources: &Sources) -> String {
        let line = |moment: &Moment| {
            let who = moment.contact.as_ref().map(|name| format!("  {name}")).unwrap_or_default();
            format!("{}{who}  {}", moment.local, moment.text(sources))
        };
        self.timeline.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// The result of one `test` block.
#[derive(Clone, Debug, PartialEq)]
pub struct TestReport {
    /// Its name.
    pub name: Arc<str>,
    /// Where it stands.
    pub span: Span,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// What it reached, where the suite traces.
    pub trace: Trace,
}
