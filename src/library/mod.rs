//! Layer 2: the events, predicates, functions and fields that the language itself knows: signature, documentation, example and meaning.
//!
//! Not here: what a project declares, and how any of it is computed.

mod entry;
mod events;
mod fields;
mod functions;
mod predicates;

pub use entry::Entry;
pub use events::{BUILTIN_EVENTS, BuiltinEvent, EventMeaning, EventUse, find_event};
pub use fields::{BUILTIN_FIELDS, BuiltinFieldEntry, find_field};
pub use functions::{FUNCTIONS, Function, FunctionMeaning, find_function};
pub use predicates::PREDICATES;

/// Every entry, for hover, completion and the reference.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    let events = BUILTIN_EVENTS.iter().map(|event| &event.entry);
    let functions = FUNCTIONS.iter().map(|function| &function.entry);
    events.chain(functions).chain(PREDICATES)
}
