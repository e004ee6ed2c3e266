//! All that is remembered of one contact, as one value: facts, consent, history, memberships, enrollments.
//!
//! Everything that lasts carries stable ids (see [`super::Linked`]), so that a state outlives the program that wrote it.

mod consent;
mod enrollment;
mod history;
mod sorted;
mod timing;

pub use consent::{Consent, ConsentState, Suppression};
pub use enrollment::{
    Aside, AsideKind, Captured, Enrollment, Frame, HeldOut, Hold, Participation, Past, SendRecord, SendStatus, Slot, Standing, StandingKind, Thread, ThreadId,
};
pub use history::{History, HistoryEntry, HistoryKind};
pub use sorted::SortedMap;
pub use timing::{ArmState, EnrollmentKey, Gathering, TimelineState};

use crate::bytecode::MessageEvent;
use crate::lang::{Instant, Record, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The identity of a contact inside the engine: 63 random bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContactUid(pub u64);

impl ContactUid {
    /// The opaque text of the API: 13 characters of base 32.
    #[must_use]
    pub fn to_text(self) -> String {
        data_encoding::BASE32_NOPAD.encode(&self.0.to_be_bytes()).to_ascii_lowercase()
    }
    /// Reads the text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<ContactUid> {
        let bytes = data_encoding::BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()?;
        Some(ContactUid(u64::from_be_bytes(bytes.try_into().ok()?)))
    }
}

/// A thing with a stable id: campaign, message, segment, list, topic, field, event, point group or rule, webhook.
pub type StableId = u32;

/// The identity of a step over all deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepUid(pub u64);

/// BLAKE3-160 of contact, campaign and entry number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnrollmentUid(pub [u8; 20]);

/// BLAKE3-160 of enrollment, step and pass: the idempotency key of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectId(pub [u8; 20]);

impl EffectId {
    /// Lower-case base 32 without padding: 32 characters.
    #[must_use]
    pub fn to_text(self) -> String {
        data_encoding::BASE32_NOPAD.encode(&self.0).to_ascii_lowercase()
    }
    /// Reads the text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<EffectId> {
        let bytes = data_encoding::BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()?;
        Some(EffectId(bytes.try_into().ok()?))
    }
}

impl EnrollmentUid {
    /// Lower-case base 32 without padding: 32 characters.
    #[must_use]
    pub fn to_text(self) -> String {
        data_encoding::BASE32_NOPAD.encode(&self.0).to_ascii_lowercase()
    }
}

/// A membership in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Since when.
    pub since: Instant,
}

/// What a point rule has given lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleUse {
    /// When it last gave.
    pub last: Instant,
    /// For `at most once per campaign`: the campaigns it gave for.
    pub campaigns: Vec<StableId>,
}

/// A member of a segment whose campaign goes live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Existing {
    /// The deployment that has looked at the member.
    pub seq: u32,
    /// When the member comes in, if that is still to come.
    pub due: Option<Instant>,
}

/// A trigger that fired while its campaign was paused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Missed {
    /// The campaign.
    pub campaign: StableId,
    /// The trigger's source text.
    pub trigger: Arc<str>,
    /// What it captured.
    pub capture: Option<Captured>,
    /// When.
    pub at: Instant,
}

/// Points that fade, in a rhythm that began when there were some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fade {
    /// When the rhythm began.
    pub since: Instant,
    /// How often a share has gone since.
    pub passes: u32,
    /// When the next one goes.
    pub due: Instant,
}

/// A happening of a message at an instant at which an enrollment or one of its passes had begun: the time alone does not say which came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// The sending.
    pub effect: EffectId,
    /// What happened to it.
    pub event: MessageEvent,
    /// The instant.
    pub at: Instant,
    /// Its place in the contact's accepted order.
    pub seq: u64,
}

/// The state of a contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactState {
    /// Who.
    pub uid: ContactUid,
    /// Counts the commits of this state.
    pub rev: u64,
    /// The sender's id, at most one.
    pub user_id: Option<Arc<str>>,
    /// Senders' anonymous ids.
    pub anonymous_ids: Vec<Arc<str>>,
    /// When the contact came into being; may be set earlier by `createdAt`.
    pub created_at: Instant,
    /// When the engine first knew of it.
    pub accepted_at: Instant,
    /// When it was last heard of.
    pub last_seen_at: Option<Instant>,
    /// Values of fields, built-in and declared, by stable id. A field that is absent has its default.
    pub fields: SortedMap<StableId, Value>,
    /// Traits that no declared field takes.
    pub traits: Record,
    /// Tags, sorted.
    pub tags: Vec<Arc<str>>,
    /// Static lists, sorted.
    pub lists: Vec<StableId>,
    /// Consent by channel and topic, and what suppresses.
    pub consent: Consent,
    /// Points by group.
    pub points: SortedMap<StableId, f64>,
    /// How the points of groups with a `decay` fade: one for each of a group's lines.
    pub fades: SortedMap<(StableId, u32), Fade>,
    /// What capped point rules have given.
    pub rule_uses: SortedMap<StableId, RuleUse>,
    /// Segments the contact is in.
    pub segments: SortedMap<StableId, Membership>,
    /// Manual adds (true) and removals (false), sticky over the predicate.
    pub segment_overrides: SortedMap<StableId, bool>,
    /// When the truth of a segment's predicate can change by time alone.
    pub segment_wakes: SortedMap<StableId, Instant>,
    /// Events and visits that the program asks about.
    pub history: History,
    /// Push devices, the latest last.
    pub devices: Vec<Arc<str>>,
    /// `mute for D`: no marketing message leaves before then.
    pub muted_until: Option<Instant>,
    /// What was sent to the contact, the latest last; bounded.
    pub sends: Vec<SendRecord>,
    /// Enrollments that are active, oldest first.
    pub enrollments: Vec<Enrollment>,
    /// Enrollments that have ended with a goal still open, oldest first; bounded.
    pub ended: Vec<Enrollment>,
    /// Of `including existing`: when the contact comes in as a member of a segment, by campaign and segment.
    pub existing: SortedMap<(StableId, StableId), Existing>,
    /// Triggers that fired while their campaigns were paused, in order; bounded.
    pub missed: Vec<Missed>,
    /// What is known of campaigns the contact has been in, by campaign.
    pub past: SortedMap<StableId, Past>,
    /// The experiments the contact was part of, by step.
    pub experiments: SortedMap<StepUid, Participation>,
    /// Broadcasts with a moment up to here have been looked at.
    pub broadcasts_until: Instant,
    /// Moments of date triggers up to here are behind the contact: what is set to one of them comes too late.
    pub dates_until: Instant,
    /// The sequence number of the next input of this contact.
    pub next_seq: u64,
    /// The deployment it was last brought under. A roll-over is as far as these say.
    pub deployment: u32,
    /// Enrollments whose code is an older program's.
    pub asides: SortedMap<EnrollmentUid, Aside>,
    /// What came behind the beginning of an enrollment at its very instant.
    pub ties: Vec<Tie>,
}

impl ContactState {
    /// Why an enrollment is not under the running program, where it is not.
    #[must_use]
    pub fn aside(&self, enrollment: EnrollmentUid) -> Option<&Aside> {
        self.asides.get(&enrollment)
    }
    /// Whether an enrollment could not be moved: its timers stand still.
    #[must_use]
    pub fn is_stranded(&self, enrollment: EnrollmentUid) -> bool {
        self.aside(enrollment).is_some_and(|aside| matches!(aside.kind, AsideKind::Stranded(_)))
    }
}
