//! The operator's words on effects and on inputs that were put aside, and what of the latter is shown.

use crate::machine::state::EffectId;
use crate::store::OutboxStatus;
use serde::Serialize;
use serde_json::Value as Json;
use std::sync::Arc;

/// Which effects the operator means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboxTarget {
    /// One.
    One(EffectId),
    /// All in a status.
    All {
        /// Which status.
        status: OutboxStatus,
        /// Only those of this lane, as `email/marketing` or `webhook/crm.example`.
        lane: Option<String>,
    },
}

/// What to do with an effect that waits for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxCommand {
    /// Try it once more, now.
    Retry,
    /// Give it up.
    Drop,
}

/// What to do with an input that was put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuarantineCommand {
    /// Carry it out now.
    Retry,
    /// Forget it.
    Drop,
}

/// An input that was put aside.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuarantineView {
    /// Its number.
    pub id: u64,
    /// When it was put aside, RFC 3339.
    pub at: String,
    /// Whose it is.
    pub contact: Option<String>,
    /// `event`, `timer`, `hand-over`, `result`, `switch`, `fault`.
    pub kind: Arc<str>,
    /// What it was: the event's name, the effect's id.
    pub what: Arc<str>,
    /// What went wrong.
    pub error: Arc<str>,
    /// The hash of the program that could not carry it out.
    pub program: String,
    /// The campaign's name.
    pub campaign: Option<Arc<str>>,
    /// The step's identity.
    pub step: Option<Arc<str>>,
    /// The input itself.
    pub body: Json,
}
