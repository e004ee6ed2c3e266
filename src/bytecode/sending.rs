//! Rules of sending: what holds a marketing message, and what bounds how many leave.

use super::{BlockId, Channel};
use crate::lang::{Duration, Window};
use serde::{Deserialize, Serialize};

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum LimitCount {
    Messages,
    Emails,
    Sms,
    Pushes,
}

impl LimitCount {
    /// Whether messages of a channel count.
    #[must_use]
    pub fn counts(self, channel: Channel) -> bool {
        match self {
            LimitCount::Messages => true,
            LimitCount::Emails => channel == Channel::Email,
            LimitCount::Sms => channel == Channel::Sms,
            LimitCount::Pushes => channel == Channel::Push,
        }
    }
}

/// A calendar unit or a rolling time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Period {
    Hour,
    Day,
    Week,
    Month,
    Year,
    /// As long as the campaign lasts for the contact.
    Campaign,
    Rolling(Duration),
}

impl Period {
    /// How long it is; a campaign is no length of time.
    #[must_use]
    pub fn length(&self) -> Duration {
        match self {
            Period::Hour => Duration::from_millis(3_600_000),
            Period::Day => Duration::from_days(1),
            Period::Week => Duration::from_days(7),
            Period::Month => Duration { months: 1, ..Duration::ZERO },
            Period::Year => Duration { months: 12, ..Duration::ZERO },
            Period::Rolling(length) => *length,
            Period::Campaign => Duration::ZERO,
        }
    }
}

/// `limit N messages per week else wait`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitDef {
    /// How many.
    pub count: u32,
    /// Of what.
    pub what: LimitCount,
    /// In which time.
    pub per: Period,
    /// Whether a message beyond it waits; else it is skipped.
    pub is_waiting: bool,
}

/// `capped wait up to D`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CappedDef {
    /// Whether messages wait; else they are skipped.
    pub is_waiting: bool,
    /// How long at the most: a block that computes a duration.
    pub up_to: Option<BlockId>,
}

/// `throttle N per day doubling`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThrottleDef {
    /// How many.
    pub count: u32,
    /// In which time.
    pub per: Period,
    /// Whether it doubles every period.
    pub is_doubling: bool,
}

/// The sending rules of one campaign, its windows apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SendingRules {
    /// How many messages of this campaign a contact gets.
    pub limits: Vec<LimitDef>,
    /// What its messages do at a cap of the policy.
    pub capped: Option<CappedDef>,
    /// How fast it sends.
    pub throttle: Option<ThrottleDef>,
    /// The share, 0 to 1, that only is measured.
    pub holdout: Option<f64>,
    /// In thousandths: under a shared cap the higher goes first.
    pub priority: i64,
}

/// The project's sending rules for marketing messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyDef {
    /// When none leaves.
    pub quiet_hours: Vec<Window>,
    /// How many a contact gets of all campaigns.
    pub limits: Vec<LimitDef>,
    /// How fast all leave.
    pub throttles: Vec<ThrottleDef>,
}
