//! What goes into a hand-over and what comes of it.

use super::lane::Lane;
use crate::content::Outgoing;
use crate::lang::Instant;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One attempt at one effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The idempotency key.
    pub effect_id: [u8; 20],
    /// From 1.
    pub attempt: u32,
    /// The attempt's instant, by the engine's clock.
    pub at: Instant,
    /// After it the effect is worthless.
    pub expires_at: Option<Instant>,
    /// The message's name; an inline one has none.
    pub message: Option<String>,
    /// The campaign's name.
    pub campaign: Option<String>,
    /// The step's identity.
    pub step: Option<String>,
    /// The contact's id.
    pub contact: String,
    /// Whether it passes an unsubscribe.
    pub is_transactional: bool,
    /// What is sent.
    pub outgoing: Outgoing,
}

impl Envelope {
    /// The lane it waits in.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match (&self.outgoing, self.is_transactional) {
            (Outgoing::Email(_), true) => Lane::EmailTransactional,
            (Outgoing::Email(_), false) => Lane::EmailMarketing,
            (Outgoing::Sms(_), true) => Lane::SmsTransactional,
            (Outgoing::Sms(_), false) => Lane::SmsMarketing,
            (Outgoing::Push(_), _) => Lane::Push,
            (Outgoing::Notify(_), _) => Lane::Notify,
            (Outgoing::Webhook(call), _) => Lane::of_webhook(&call.url),
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The provider has it.
    Accepted {
        /// Its id there.
        provider_id: Option<String>,
    },
    /// Refused before it was complete: try again.
    Temporary {
        /// Why.
        reason: String,
        /// When the provider wants to see us again, at the earliest; for the whole lane.
        retry_after: Option<Duration>,
    },
    /// Refused for good.
    Permanent {
        /// Why.
        reason: String,
        /// Whether the address does not exist.
        hard_bounce: bool,
    },
    /// The answer was lost: it may have arrived.
    Unknown {
        /// How.
        reason: String,
    },
}

/// What a webhook answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookAnswer {
    /// The status code.
    pub status: u16,
    /// The body, where it is JSON.
    pub body: Option<serde_json::Value>,
}

/// What the lane's or address's owner should do besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Advice {
    /// The provider is overloaded.
    SlowDown,
    /// 410: no more calls to this endpoint until the next deploy or an operator's word.
    DisableEndpoint,
    /// The person opted out at the provider: write the suppression `stop`.
    OptedOut,
    /// There was no connection to the provider at all.
    Unreachable,
    /// The provider works; it is this one address that takes nothing now.
    AddressOnly,
    /// Blocked or filtered by the provider: the address is good, an operator must look.
    Alarm,
}

/// How an attempt ended, in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendResult {
    /// The outcome.
    pub outcome: Outcome,
    /// A webhook's answer, if it answered.
    pub answer: Option<WebhookAnswer>,
    /// Something to do.
    pub advice: Option<Advice>,
}

/// What a provider says of a message whose answer was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has it.
    Taken {
        /// Its id there.
        provider_id: Option<String>,
    },
    /// It does not know it.
    Missing,
    /// It gave no answer.
    NobodyKnows,
}

impl SendResult {
    pub(super) fn of(outcome: Outcome) -> Self {
        Self { outcome, answer: None, advice: None }
    }
    pub(super) fn accepted() -> Self {
        Self::of(Outcome::Accepted { provider_id: None })
    }
    pub(super) fn temporary(reason: impl Into<String>) -> Self {
        Self::of(Outcome::Temporary { reason: reason.into(), retry_after: None })
    }
    pub(super) fn unreachable(reason: impl Into<String>) -> Self {
        Self::temporary(reason).with_advice(Advice::Unreachable)
    }
    pub(super) fn permanent(reason: impl Into<String>) -> Self {
        Self::of(Outcome::Permanent { reason: reason.into(), hard_bounce: false })
    }
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self::of(Outcome::Unknown { reason: reason.into() })
    }
    pub(super) fn with_advice(mut self, advice: Advice) -> Self {
        self.advice = Some(advice);
        self
    }
    pub(super) fn with_answer(mut self, answer: WebhookAnswer) -> Self {
        self.answer = Some(answer);
        self
    }
}
