//! What is told of anything the language knows.

/// A word of the language, explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The word, or the words it begins with.
    pub word: &'static str,
    /// How it is written.
    pub signature: &'static str,
    /// What it means, in one or two sentences.
    pub doc: &'static str,
    /// A line that uses it.
    pub example: &'static str,
}
