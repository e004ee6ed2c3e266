//! Layer 6: one contact, one input: facts, history, segments, points, triggers, enrolment, holds, consent, order.
//!
//! `advance` is a pure function on a [`ContactState`](crate::machine::state::ContactState). Not here: stores, sockets, clocks.

mod accept;
mod addresses;
mod admit;
mod backfill;
mod broadcasts;
mod caps;
mod context;
mod dates;
mod existing;
mod experiments;
mod facts;
mod fading;
mod faults;
mod gather;
mod goals;
mod handover;
mod holds;
mod input;
mod lines;
mod merge;
mod moves;
mod outcome;
mod outlook;
mod pace;
mod pauses;
mod programs;
mod redeploy;
mod sends;
mod settle;
mod steps;
mod texting;
mod timeline;
mod timers;
mod updates;

pub use crate::machine::{Change, ConsentTarget};
pub use addresses::{AddressNote, address_field, inherited};
pub use backfill::{PastHappening, backfill, missing_history};
pub use context::advance;
pub use existing::Pacing;
pub use experiments::{Counted, ExperimentBook, ExperimentNote, Verdict};
pub use faults::Reviving;
pub use input::{DeliveryOutcome, Input, InputKind, MessageHappening, Switches, Switching};
pub use merge::merge;
pub use outcome::{Cause, Effect, EffectKind, EffectUpdate, FaultNote, JournalEntry, Outcome, SlotRequest, What};
pub use outlook::{Check, Outlook, listens_to, outlook};
pub use pace::{PaceBook, ThrottleKey};
pub use redeploy::{Bringing, Lost, due_at_once, is_behind, lost, redeploy};
pub use timers::next_wake;
