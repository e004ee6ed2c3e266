//! What sends say: whether a message has changed, and whether a new one is an old one under another name.

use super::captured::templates_of;
use crate::bytecode::{MessageId, Program, StepId};

/// As much of a text is compared.
const MOST_COMPARED: usize = 2_000;
/// From here on two texts are nearly the same.
pub(super) const ALIKE: f64 = 0.8;

/// The message that a step sends.
pub(super) fn sent_by(program: &Program, step: StepId) -> Option<MessageId> {
    program.sends.iter().find(|send| send.step == step).map(|send| send.message)
}

/// All that a message says, its languages included.
pub(super) fn text_of(program: &Program, message: MessageId) -> String {
    let Some(def) = program.messages.get(message.index()) else { return String::new() };
    let contents = std::iter::once(&def.content).chain(def.variants.iter().map(|variant| &variant.content));
    let templates = contents.flat_map(templates_of).filter_map(|template| program.templates.get(template.index()));
    templates.map(|template| template.source.as_ref()).collect::<Vec<_>>().join("\n")
}

/// How much two texts are the same, 0 to 1.
pub(super) fn likeness(a: &str, b: &str) -> f64 {
    let short = |text: &str| text.chars().take(MOST_COMPARED).collect::<String>();
    strsim::normalized_levenshtein(&short(a), &short(b))
}
