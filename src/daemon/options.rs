//! How an engine is set up.

use super::clock::{Clock, RealClock};
use super::courier::Carrier;
use super::randomness::{Randomness, SystemRandomness};
use crate::deliver::Rate;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is done with an effect whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    /// Another attempt, with the same id and bytes.
    Resend,
    /// It waits for the operator; a message that may have arrived counts as sent.
    Hold,
}

/// `on_unknown` of each channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct UnknownPolicy {
    pub email: OnUnknown,
    pub sms: OnUnknown,
    pub push: OnUnknown,
    pub webhooks: OnUnknown,
}

impl Default for UnknownPolicy {
    fn default() -> Self {
        UnknownPolicy { email: OnUnknown::Resend, sms: OnUnknown::Hold, push: OnUnknown::Resend, webhooks: OnUnknown::Resend }
    }
}

impl UnknownPolicy {
    /// The policy of a channel's word; notices go as mail does.
    #[must_use]
    pub fn of(self, channel: &str) -> OnUnknown {
        match channel {
            "sms" => self.sms,
            "push" => self.push,
            "webhook" => self.webhooks,
            _ => self.email,
        }
    }
}

/// What is known of the providers, where answers are lost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Providers {
    pub on_unknown: UnknownPolicy,
    /// How long the relay knows a key, where it honours keys.
    pub email_keys: Option<Duration>,
    /// Whether the SMS provider can be asked what it has.
    pub answers_about_sms: bool,
}

impl Providers {
    pub fn of(on_unknown: UnknownPolicy, carrier: Option<&dyn Carrier>) -> Providers {
        Providers { on_unknown, email_keys: carrier.and_then(Carrier::email_keys), answers_about_sms: carrier.is_some_and(Carrier::answers_about_sms) }
    }
}

/// Where links lead and who sends, as the project file says.
#[derive(Clone, Debug, Default)]
pub struct LinkOptions {
    /// Where the tracking routes are reached, without a slash at its end.
    pub public_url: String,
    /// The project's name where the program has none.
    pub project: String,
    /// The sender where the program names none.
    pub from: Option<String>,
    /// The postal address where the program has none.
    pub postal_address: Option<String>,
    /// `[email] bounce_domain`
    pub bounce_domain: Option<String>,
    /// The domain whose mail reaches us.
    pub inbound_domain: Option<String>,
    /// `[server] signing_keys`; empty: the store's own key.
    pub signing_keys: Vec<Vec<u8>>,
}

/// Whether effects may leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sending {
    /// As the store says: a restored copy's do not, until it is armed.
    #[default]
    AsStored,
    /// They stay queued.
    Off,
}

/// How an engine is set up.
#[derive(Clone)]
pub struct EngineOptions {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where ids and keys come from.
    pub randomness: Arc<dyn Randomness>,
    /// Who hands effects over; none: they stay queued.
    pub carrier: Option<Arc<dyn Carrier>>,
    /// Whether they are handed over.
    pub sending: Sending,
    /// Where links lead.
    pub links: LinkOptions,
    /// Attempts under way in one lane.
    pub concurrency: usize,
    /// `[email] rate`, for mail and notices together.
    pub email_rate: Option<Rate>,
    /// `[sms] rate`
    pub sms_rate: Option<Rate>,
    /// `[push] rate`
    pub push_rate: Option<Rate>,
    /// `[webhooks] rate`, for all hosts together.
    pub webhook_rate: Option<Rate>,
    /// What is done with lost answers.
    pub on_unknown: UnknownPolicy,
    /// A file in which the engine notes what it is about, so that the next process knows over what this one died.
    pub deaths: Option<PathBuf>,
    /// `[project] country`: the region of numbers without a country code, as `CA`.
    pub country: Option<String>,
    /// `[sms] legal_hours = false`
    pub ignore_legal_hours: bool,
    /// `[store] events`: how long events and journal lines are kept; none is for ever.
    pub keep_events_ms: Option<i64>,
    /// Submissions that may wait for their commit.
    pub most_waiting: usize,
    /// Bytes of them.
    pub most_waiting_bytes: usize,
}

impl Default for EngineOptions {
    /// A real clock, and nobody who delivers.
    fn default() -> Self {
        EngineOptions {
            clock: Arc::new(RealClock::default()),
            randomness: Arc::new(SystemRandomness),
            carrier: None,
            sending: Sending::AsStored,
            links: LinkOptions::default(),
            concurrency: 20,
            email_rate: None,
            sms_rate: None,
            push_rate: None,
            webhook_rate: None,
            on_unknown: UnknownPolicy::default(),
            deaths: None,
            country: None,
            ignore_legal_hours: false,
            keep_events_ms: None,
            most_waiting: 1_000_000,
            most_waiting_bytes: 64 << 20,
        }
    }
}

impl std::fmt::Debug for EngineOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineOptions").field("is_clock_manual", &self.clock.is_manual()).field("has_carrier", &self.carrier.is_some()).finish_non_exhaustive()
    }
}
