//! What readers ask and hear.

use super::OutboxStatus;
use crate::lang::{Instant, Value};
use crate::machine::state::{ContactUid, EnrollmentUid, StableId, StepUid};
use std::sync::Arc;

/// A page of a list that only grows: rows after a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows behind this position.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

impl PageRequest {
    /// Everything from the beginning.
    pub const ALL: PageRequest = PageRequest { after: 0, limit: u32::MAX };
}

/// A journal line with the names of its deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalRecord {
    /// Its place in the journal.
    pub position: u64,
    /// When.
    pub at: Instant,
    /// Whose.
    pub contact: ContactUid,
    /// The campaign.
    pub campaign: Option<StableId>,
    /// The campaign's name as of then.
    pub campaign_name: Option<String>,
    /// The enrollment.
    pub enrollment: Option<EnrollmentUid>,
    /// The step.
    pub step: Option<StepUid>,
    /// The step's identity as of then.
    pub step_identity: Option<String>,
    /// Where the step, or else the campaign, stood in the source.
    pub source: Option<String>,
    /// The word of what happened.
    pub what: String,
    /// Why.
    pub why: String,
    /// What brought it about.
    pub cause: String,
    /// The fact that changed, its old and its new value.
    pub fact: Option<(Arc<str>, Value, Value)>,
}

/// How often a word stands in the journal of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountRecord {
    /// The campaign.
    pub campaign: Option<StableId>,
    /// The step; none for the enrollment as a whole.
    pub step: Option<StepUid>,
    /// The word.
    pub what: String,
    /// How often.
    pub count: u64,
}

/// An accepted event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// Its place in the log.
    pub position: u64,
    /// Its id.
    pub id: [u8; 16],
    /// Whose.
    pub contact: ContactUid,
    /// When it was accepted.
    pub accepted: Instant,
    /// When it happened, if that was told.
    pub happened: Option<Instant>,
    /// `track`, `page` …
    pub kind: String,
    /// The sender's name of it.
    pub name: String,
    /// Whether it was declared.
    pub is_declared: bool,
    /// The dedupe key.
    pub message_id: Option<String>,
    /// JSON.
    pub properties: String,
    /// JSON.
    pub context: Option<String>,
}

/// Which effects are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxFilter {
    /// Of this contact.
    pub contact: Option<ContactUid>,
    /// Of this campaign.
    pub campaign: Option<StableId>,
    /// In this status.
    pub status: Option<OutboxStatus>,
    /// Which page.
    pub page: PageRequest,
}

/// An event nobody declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndeclaredRecord {
    /// The sender's name.
    pub name: String,
    /// How often it came.
    pub count: u64,
    /// When it came last.
    pub last_at: Instant,
}
