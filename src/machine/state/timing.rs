//! What an enrollment remembers about time: what it gathers, how far it is with a timeline.

use super::StepUid;
use crate::lang::{Instant, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Events are being gathered; the steps begin when that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathering {
    /// When the first event was taken in.
    pub since: Instant,
    /// When the last one was.
    pub last: Instant,
    /// When the gathering ends.
    pub until: Instant,
}

/// What tells apart the enrollments that a contact may have in one campaign at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentKey {
    /// Of `reenter each`: the value, as a number.
    pub each: Option<u64>,
    /// Of `collect … by`: the value, as a number.
    pub by: Option<u64>,
}

/// An arm of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmState {
    /// What it says; what it is known by over deploys.
    pub key: Arc<str>,
    /// Whether its moment was past when it was planned last.
    pub is_past: bool,
    /// Whether it has run, and is not to run again as things stand.
    pub is_done: bool,
    /// How often it has run.
    pub runs: u32,
}

/// How far an enrollment is with a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimelineState {
    /// The timeline.
    pub step: StepUid,
    /// The moment it was planned around; unset while there was none.
    pub anchor: Value,
    /// The contact's zone when it was planned.
    pub zone: Arc<str>,
    /// Its arms.
    pub arms: Vec<ArmState>,
    /// Whether the enrollment is at it.
    pub is_active: bool,
}
