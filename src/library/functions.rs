//! Functions over a contact's history.

use super::Entry;

/// What a function asks of the matching events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FunctionMeaning {
    Count,
    Sum,
    Average,
    Min,
    Max,
    Last,
    First,
}

impl FunctionMeaning {
    /// Whether it needs `EVENT.property`.
    #[must_use]
    pub fn needs_property(self) -> bool {
        match self {
            FunctionMeaning::Sum | FunctionMeaning::Average | FunctionMeaning::Min | FunctionMeaning::Max => true,
            FunctionMeaning::Count | FunctionMeaning::Last | FunctionMeaning::First => false,
        }
    }
}

/// A function over history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// What is told of it.
    pub entry: Entry,
    /// What it asks.
    pub meaning: FunctionMeaning,
}

const fn function(meaning: FunctionMeaning, texts: [&'static str; 4]) -> Function {
    let [word, signature, doc, example] = texts;
    Function { entry: Entry { word, signature, doc, example }, meaning }
}

/// Every function.
pub const FUNCTIONS: &[Function] = &[
    function(FunctionMeaning::Count, ["count", "count(EVENT) [in last D]", "How many such events there are.", "count(visited(\"/pricing\")) in last 7d >= 3"]),
    function(
        FunctionMeaning::Sum,
        ["sum", "sum(EVENT.property) [in last D]", "The sum of a number over such events; 0 where there are none.", "sum(purchase.amount) in last 90d > 500"],
    ),
    function(
        FunctionMeaning::Average,
        ["avg", "avg(EVENT.property) [in last D]", "The average of a number over such events; unset where there are none.", "avg(purchase.amount) > 20"],
    ),
    function(
        FunctionMeaning::Min,
        ["min", "min(EVENT.property) [in last D]", "The smallest of a number over such events; unset where there are none.", "min(purchase.amount) ever > 5"],
    ),
    function(
        FunctionMeaning::Max,
        [
            "max",
            "max(EVENT.property) [in last D]",
            "The largest of a number over such events; unset where there are none.",
            "max(purchase.amount) in last 1y < 1_000",
        ],
    ),
    function(FunctionMeaning::Last, ["last", "last(EVENT)", "When the latest such event happened; `.property` reads it.", "last(purchase) < 90d ago"]),
    function(FunctionMeaning::First, ["first", "first(EVENT)", "When the first such event happened; `.property` reads it.", "first(purchase) > 2026-01-01"]),
];

/// The function of that name.
#[must_use]
pub fn find_function(word: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.entry.word == word)
}
