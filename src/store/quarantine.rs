//! Inputs that were put aside because they cannot be carried out: kept with what went wrong, until the operator settles them.

use crate::lang::Instant;
use crate::machine::state::{ContactUid, StableId, StepUid};
use std::sync::Arc;

/// One input that was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its number.
    pub id: u64,
    /// When it was put aside.
    pub at: Instant,
    /// Whose it is; an event that was attributed to nobody yet has none.
    pub contact: Option<ContactUid>,
    /// `event`, `timer`, `hand-over`, `result`, `fault` …
    pub kind: Arc<str>,
    /// What it was, for people: the event's name, the effect's id.
    pub what: Arc<str>,
    /// What went wrong.
    pub error: Arc<str>,
    /// The program that could not carry it out.
    pub program: [u8; 32],
    /// The campaign, where it is known.
    pub campaign: Option<StableId>,
    /// The step, where it is known.
    pub step: Option<StepUid>,
    /// The input itself, JSON, so that it can be tried again.
    pub body: String,
}

/// A change of what is put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuarantineChange {
    /// Something is put aside.
    Put(Box<QuarantineRow>),
    /// It was settled: tried again, or dropped.
    Settled(u64),
}
