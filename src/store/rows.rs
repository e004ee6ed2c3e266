//! What is written: one batch, and the rows in it.

use super::{ContactImage, QuarantineChange};
use crate::advance::{Effect, EffectKind, JournalEntry};
use crate::lang::Instant;
use crate::machine::Deployment;
use crate::machine::state::{ContactUid, EffectId, StableId, StepUid};
use std::sync::Arc;

/// The number of a committed batch: after-images of two commits are ordered by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition(pub u64);

/// All that one batch of inputs changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// When its inputs were accepted.
    pub now: Instant,
    /// The running deployment, whose names the journal's lines use.
    pub deployment: u32,
    /// What came in.
    pub events: Vec<EventRow>,
    /// What was decided.
    pub journal: Vec<JournalRow>,
    /// New effects. An id that its contact had already aborts the batch.
    pub outbox: Vec<OutboxRow>,
    /// Changes of effects, guarded by their former status and attempt, in order.
    pub updates: Vec<OutboxUpdate>,
    /// The after-image of each touched contact, once.
    pub contacts: Vec<ContactImage>,
    /// Keys that were given, moved or taken, in order.
    pub identities: Vec<IdentityChange>,
    /// Contacts that went up in another one, with the survivor. Their rows go.
    pub redirects: Vec<(ContactUid, ContactUid)>,
    /// Names of events that nobody declared.
    pub undeclared: Vec<Arc<str>>,
    /// Values of `meta` that change with it.
    pub meta: Vec<(&'static str, Vec<u8>)>,
    /// Inputs that are put aside, or were settled.
    pub quarantine: Vec<QuarantineChange>,
}

impl Batch {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.journal.is_empty()
            && self.outbox.is_empty()
            && self.updates.is_empty()
            && self.contacts.is_empty()
            && self.identities.is_empty()
            && self.redirects.is_empty()
            && self.meta.is_empty()
            && self.quarantine.is_empty()
    }
}

/// An accepted event, with everything that came with it.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// UUID version 7, made at acceptance; the order of acceptance.
    pub id: [u8; 16],
    /// Whom it was attributed to.
    pub contact: ContactUid,
    /// When it happened by the sender's clock; none = when it was accepted.
    pub happened: Option<Instant>,
    /// `identify`, `track`, `page` …
    pub kind: &'static str,
    /// The sender's name of it.
    pub name: Arc<str>,
    /// Whether the running program declares it.
    pub is_declared: bool,
    /// The dedupe key.
    pub message_id: Option<Arc<str>>,
    /// All properties or traits, JSON.
    pub properties: String,
    /// What is kept of the context, JSON.
    pub context: Option<String>,
}

/// A journal line and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalRow {
    /// The contact.
    pub contact: ContactUid,
    /// The line.
    pub entry: JournalEntry,
}

/// Where an effect stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum OutboxStatus {
    Queued,
    Claimed,
    Accepted,
    Failed,
    Unknown,
    Suppressed,
    Dead,
    Cancelled,
}

impl OutboxStatus {
    /// All of them, in the order of their numbers.
    pub const ALL: [OutboxStatus; 8] = [
        OutboxStatus::Queued,
        OutboxStatus::Claimed,
        OutboxStatus::Accepted,
        OutboxStatus::Failed,
        OutboxStatus::Unknown,
        OutboxStatus::Suppressed,
        OutboxStatus::Dead,
        OutboxStatus::Cancelled,
    ];
    /// The number in the store, for ever.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            OutboxStatus::Queued => 0,
            OutboxStatus::Claimed => 1,
            OutboxStatus::Accepted => 2,
            OutboxStatus::Failed => 3,
            OutboxStatus::Unknown => 4,
            OutboxStatus::Suppressed => 5,
            OutboxStatus::Dead => 6,
            OutboxStatus::Cancelled => 7,
        }
    }
    /// The status of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<OutboxStatus> {
        OutboxStatus::ALL.into_iter().find(|status| status.number() == number)
    }
    /// The word of the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            OutboxStatus::Queued => "queued",
            OutboxStatus::Claimed => "claimed",
            OutboxStatus::Accepted => "accepted",
            OutboxStatus::Failed => "failed",
            OutboxStatus::Unknown => "unknown",
            OutboxStatus::Suppressed => "suppressed",
            OutboxStatus::Dead => "dead",
            OutboxStatus::Cancelled => "cancelled",
        }
    }
    /// The status of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<OutboxStatus> {
        OutboxStatus::ALL.into_iter().find(|status| status.word() == word)
    }
    /// Whether something may still come of it.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            OutboxStatus::Queued | OutboxStatus::Claimed | OutboxStatus::Unknown => true,
            OutboxStatus::Accepted | OutboxStatus::Failed | OutboxStatus::Suppressed | OutboxStatus::Dead | OutboxStatus::Cancelled => false,
        }
    }
}

/// An effect in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    /// What is to be done; the same on every attempt.
    pub effect: Arc<Effect>,
    /// `email`, `sms`, `push`, `webhook`, `notify`.
    pub channel: &'static str,
    /// The declared name of the message or webhook.
    pub message: Option<Arc<str>>,
    /// Where it stands.
    pub state: OutboxChange,
}

/// The part of an effect's row that changes.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxChange {
    /// Where it stands.
    pub status: OutboxStatus,
    /// How many attempts were begun.
    pub attempt: u32,
    /// When it is given up, unless handed over before. Time spent held moves it.
    pub expires_at: Instant,
    /// Not before then.
    pub not_before: Option<Instant>,
    /// Until when an attempt may run; later its outcome is unknown.
    pub lease_until: Option<Instant>,
    /// When the provider took it.
    pub handed_over_at: Option<Instant>,
    /// Why it stands so.
    pub reason: Option<Arc<str>>,
    /// The provider's own id of it.
    pub provider_id: Option<Arc<str>>,
}

impl OutboxChange {
    /// A row that waits for its first attempt.
    #[must_use]
    pub fn queued(expires_at: Instant) -> OutboxChange {
        OutboxChange {
            status: OutboxStatus::Queued,
            attempt: 0,
            expires_at,
            not_before: None,
            lease_until: None,
            handed_over_at: None,
            reason: None,
            provider_id: None,
        }
    }
}

impl OutboxRow {
    /// Whether an enrollment waits for the answer.
    #[must_use]
    pub fn wants_answer(&self) -> bool {
        match &self.effect.kind {
            EffectKind::Webhook { wants_answer, .. } => *wants_answer,
            EffectKind::Message { .. } | EffectKind::Notify { .. } => false,
        }
    }
    /// To whom it goes; webhooks and notices have no such column.
    #[must_use]
    pub fn recipient(&self) -> &str {
        match &self.effect.kind {
            EffectKind::Message { to, .. } => to,
            EffectKind::Webhook { .. } | EffectKind::Notify { .. } => "",
        }
    }
}

/// A guarded change of an effect's row.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxUpdate {
    /// Which.
    pub effect: EffectId,
    /// Whose it is, as it was decided: one that is open no more is found by that.
    pub contact: ContactUid,
    /// What its status must be now.
    pub from_status: OutboxStatus,
    /// What its attempt must be now.
    pub from_attempt: u32,
    /// What it becomes.
    pub to: OutboxChange,
}

/// The kind of a key that senders use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum IdentityKind {
    User,
    Anonymous,
}

impl IdentityKind {
    /// The word in the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            IdentityKind::User => "user",
            IdentityKind::Anonymous => "anonymous",
        }
    }
    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<IdentityKind> {
        [IdentityKind::User, IdentityKind::Anonymous].into_iter().find(|kind| kind.word() == word)
    }
}

/// A key belongs to a contact from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityChange {
    /// Which kind of key.
    pub kind: IdentityKind,
    /// The key.
    pub key: Arc<str>,
    /// Whose it is now.
    pub contact: ContactUid,
    /// Whose it was.
    pub former: Option<ContactUid>,
}

/// A step's names in one deployment, so that old journal lines can be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct StepLabel {
    /// The step's lineage.
    pub step: StepUid,
    /// Its campaign.
    pub campaign: StableId,
    /// Its identity as people see it.
    pub identity: Arc<str>,
    /// `main.camp:41:3`
    pub source: String,
}

/// A campaign's name in one deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignLabel {
    /// Its id.
    pub campaign: StableId,
    /// Its name.
    pub name: Arc<str>,
    /// `main.camp:3:1`
    pub source: String,
}

/// A program becomes the running one.
#[derive(Clone, Debug, PartialEq)]
pub struct DeployRecord {
    /// The identities.
    pub deployment: Arc<Deployment>,
    /// The program that ran before.
    pub from: Option<[u8; 32]>,
    /// The program's bytes.
    pub image: Vec<u8>,
    /// Its steps.
    pub steps: Vec<StepLabel>,
    /// Its campaigns.
    pub campaigns: Vec<CampaignLabel>,
}

/// The words of the ways out of the engine.
pub const CHANNEL_WORDS: [&str; 5] = ["email", "sms", "push", "webhook", "notify"];

/// The shared text of a channel's word.
#[must_use]
pub fn channel_word(word: &str) -> Option<&'static str> {
    CHANNEL_WORDS.into_iter().find(|known| *known == word)
}
