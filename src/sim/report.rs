//! What a test run tells.

use crate::base::Span;
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
    /// What happened to everybody in the test, in order, a line each.
    pub timeline: Vec<String>,
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
}
