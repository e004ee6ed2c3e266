//! Layer 6: one contact, one input: facts, history, segments, points, triggers, enrolment, holds, consent, order.
//!
//! `advance` is a pure function on a [`ContactState`](crate::machine::state::ContactState). Not here: stores, sockets, clocks.

mod input;
mod outcome;

pub use input::{Change, ConsentTarget, DeliveryOutcome, Input, InputKind, MessageHappening, Switches};
pub use outcome::{Cause, Effect, EffectKind, EffectUpdate, JournalEntry, Outcome, What};
