//! What can happen to a contact.

use crate::bytecode::{CampaignId, Channel, EventId, MessageEvent, TopicId};
use crate::lang::{Instant, Record};
use crate::machine::Change;
use crate::machine::state::{EffectId, EnrollmentUid, StableId, ThreadId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One input of a contact, accepted at the `now` that `advance` is given.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// What it is.
    pub kind: InputKind,
    /// When it happened by the sender's clock; `None` = when it is accepted. A later one is clamped.
    pub happened: Option<Instant>,
    /// Imports with `--quiet` and historical events: facts count, triggers do not fire.
    pub is_quiet: bool,
    /// Effects of the contact that wait for their hand-over still: what counts from one of them cannot be over, and caps do not count them
    /// yet. Needed with a hand-over, a switch, and when something is due.
    pub waiting: Vec<EffectId>,
}

impl Input {
    /// An input that happens as it is accepted.
    #[must_use]
    pub fn new(kind: InputKind) -> Input {
        Input { kind, happened: None, is_quiet: false, waiting: Vec::new() }
    }
}

/// The kinds of input.
#[derive(Clone, Debug, PartialEq)]
pub enum InputKind {
    /// The contact has just come into being (state is fresh): `contact created` fires after `changes` were applied.
    Created {
        /// Its first facts; entering segments fires, `changes` and `points reach` do not.
        changes: Vec<Change>,
    },
    /// A custom event or a submitted form with its declared properties. `changes` (a form's fields) are applied first, at the same instant.
    Event {
        /// Which.
        event: EventId,
        /// Declared properties, converted.
        properties: Arc<Record>,
        /// Facts that come with it.
        changes: Vec<Change>,
    },
    /// A page visit: `path` normalized; further properties (`url`, `title` …) as sent.
    Visited {
        /// The path.
        path: Arc<str>,
        /// The rest.
        properties: Arc<Record>,
    },
    /// An event the program does not declare: only `last_seen_at` notices.
    Seen,
    /// Facts that change together, at one instant.
    Changed(Vec<Change>),
    /// Something happened to a message that was sent.
    Message(MessageHappening),
    /// The hand-over of a queued or retried effect is due: look again.
    HandOver {
        /// Which.
        effect: EffectId,
    },
    /// What came of an attempt.
    Result {
        /// The effect.
        effect: EffectId,
        /// Which attempt.
        attempt: u32,
        /// How it ended.
        outcome: DeliveryOutcome,
    },
    /// A throttle has given a send its slot.
    Slot {
        /// The send.
        effect: EffectId,
        /// When it may leave.
        at: Instant,
    },
    /// The book of an experiment has answered a line that asked.
    Variant {
        /// The enrollment.
        enrollment: EnrollmentUid,
        /// Its line.
        thread: ThreadId,
        /// Where it goes on.
        verdict: super::Verdict,
        /// How many instantaneous effects lie behind it.
        chain: u32,
    },
    /// Enrols by hand (API, CLI).
    Enroll(CampaignId),
    /// Ends the enrollments in a campaign by hand.
    Leave(CampaignId),
    /// The contact has sent a text.
    Text(Arc<str>),
    /// The operator has thrown a campaign's switch.
    Switched {
        /// Which campaign's.
        campaign: CampaignId,
        /// How.
        switching: Switching,
    },
    /// The operator's word on an enrollment that is faulted.
    Revive {
        /// Which.
        enrollment: EnrollmentUid,
        /// What is done with it.
        how: super::Reviving,
    },
    /// The operator has an effect tried again that was given up, or whose fate is unknown.
    Requeued(EffectId),
    /// Time has come for something that was scheduled, or a switch was thrown: do all that is due.
    Wake,
}

/// Something that happened to a sending.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageHappening {
    /// The sending.
    pub effect: EffectId,
    /// What: delivered, opened, clicked, replied, bounced, unsubscribed, complained, failed.
    pub event: MessageEvent,
    /// The clicked URL, or the reply's text.
    pub detail: Option<Arc<str>>,
    /// Judged to be a machine's: recorded, but no `opened` or `clicked`.
    pub is_machine: bool,
    /// An unsubscribe of another topic than the message's own (`None` = the message's own scope).
    pub topic: Option<TopicId>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DeliveryOutcome {
    /// The provider took it at that instant.
    Accepted {
        /// When.
        at: Instant,
        /// When it was decided: what is handed over more than a minute later is late.
        decided_at: Instant,
    },
    /// Refused for good.
    Permanent {
        /// Why, a stable word or the provider's.
        reason: Arc<str>,
        /// Whether the address does not exist.
        is_hard_bounce: bool,
    },
    /// Given up: expired, attempts exhausted.
    Dead {
        /// Why.
        reason: Arc<str>,
    },
    /// A webhook's answer for a step with `as`.
    Answer {
        /// `ok status body`.
        record: Arc<Record>,
    },
}

/// What the operator does to a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Switching {
    /// Nobody enters, nothing leaves; time goes on.
    Paused,
    /// It goes on; triggers that came meanwhile are lost.
    Resumed,
    /// It goes on, and triggers that came meanwhile enrol now.
    CatchingUp,
}

/// The operator's switches, by stable campaign id. Above the source's `published`, and they survive a deploy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switches {
    /// Campaigns that are paused.
    pub paused: std::collections::BTreeSet<StableId>,
    /// Drafts run as if published, and no share below everybody is held out or of the control group: tests.
    pub run_drafts: bool,
    /// With `run_drafts`: since when everything is live; without, since the deploy.
    pub live_since: Option<Instant>,
    /// `[sms] legal_hours = false`: marketing SMS to +1 at any hour.
    pub ignore_legal_hours: bool,
    /// Channels that the project has switched off (`provider = "none"`): nothing leaves on them. Of the set-up, so never stored.
    #[serde(skip)]
    pub channels_off: Vec<Channel>,
    /// Says in [`super::Outcome::reached`] which steps were come to: coverage of tests. No switch of an operator, so never stored.
    #[serde(skip)]
    pub is_tracing: bool,
}
