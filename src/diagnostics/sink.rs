//! Where passes put their findings.

use super::Diagnostic;
use crate::base::Severity;
use std::collections::BTreeSet;

/// Collects findings; one of the same code, place and title is kept once.
#[derive(Clone, Debug, Default)]
pub struct Sink {
    findings: Vec<Diagnostic>,
    seen: BTreeSet<(crate::base::Span, crate::base::Code, String)>,
}

impl Sink {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
    /// Takes a finding in, unless it is already there.
    pub fn push(&mut self, finding: Diagnostic) {
        if self.seen.insert((finding.primary.span, finding.code, finding.title.clone())) {
            self.findings.push(finding);
        }
    }
    /// Takes several in.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Diagnostic>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }
    /// Whether there is one that fails a build.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|f| f.severity() == Severity::Error)
    }
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.findings.len()
    }
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }
    /// In the order they came.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.findings.iter()
    }
    /// All findings by file, position and code.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut findings = self.findings;
        findings.sort_by(|a, b| (a.primary.span, a.code, &a.title).cmp(&(b.primary.span, b.code, &b.title)));
        findings
    }
}
