//! What the doors (HTTP, commands) say to the engine and hear from it: plain data. The handle itself is [`super::Engine`].
//!
//! Not here: HTTP, JSON bodies of requests, and how any of this is done.

pub use super::asides::{AsideCommand, AsideView};
pub use super::deploys::{DeployOptions, Obstacles, Refusal, RollOver, RollingOn};
pub use super::words::{OutboxCommand, OutboxTarget, QuarantineCommand, QuarantineView};

use crate::bytecode::{Channel, MessageEvent};
use crate::lang::Instant;
use crate::machine::state::{ConsentState, ContactUid, EffectId, StableId};
use crate::store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whom a submission is about: any of a contact's keys, as the sender wrote them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactKey {
    /// The sender's id of a known user.
    pub user_id: Option<Arc<str>>,
    /// The sender's id of a device.
    pub anonymous_id: Option<Arc<str>>,
    /// An address, for forms, imports and the API.
    pub email: Option<Arc<str>>,
    /// A number, likewise.
    pub phone: Option<Arc<str>>,
    /// Our own id, from tokens and the API.
    pub uid: Option<ContactUid>,
}

impl ContactKey {
    /// The key of one who is known by our id.
    #[must_use]
    pub fn of(uid: ContactUid) -> ContactKey {
        ContactKey { uid: Some(uid), ..ContactKey::default() }
    }
    /// The key of a user.
    #[must_use]
    pub fn user(id: &str) -> ContactKey {
        ContactKey { user_id: Some(Arc::from(id)), ..ContactKey::default() }
    }
}

/// One thing that came in. What its names and values mean to the running program is found out when it is taken up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// The dedupe key; without one nothing is deduped.
    pub message_id: Option<Arc<str>>,
    /// Whom it is about.
    pub contact: ContactKey,
    /// When it happened by the sender's clock; clamped to its acceptance.
    pub happened: Option<Instant>,
    /// What it is.
    pub kind: SubmissionKind,
    /// The part of Segment's `context` that is kept; `timezone`, `locale` and `device` are read from it as well.
    pub context: Option<Map<String, Json>>,
    /// Imports with `--quiet` and historical events: facts count, triggers do not fire.
    pub is_quiet: bool,
    /// Its size as it came, in bytes, for back-pressure.
    pub size_bytes: usize,
}

impl SubmissionKind {
    /// `track purchase`: what it is and its name, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let (word, name, _) = super::accept::describe(self);
        if name.is_empty() { word.to_owned() } else { format!("{word} {name}") }
    }
}

impl Submission {
    /// A submission of now, without a dedupe key.
    #[must_use]
    pub fn new(contact: ContactKey, kind: SubmissionKind) -> Submission {
        Submission { message_id: None, contact, happened: None, kind, context: None, is_quiet: false, size_bytes: 0 }
    }
}

/// The kinds of submission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SubmissionKind {
    /// Traits of a contact.
    Identify {
        /// As sent.
        traits: Map<String, Json>,
    },
    /// An event.
    Track {
        /// The sender's spelling.
        name: Arc<str>,
        /// As sent.
        properties: Map<String, Json>,
    },
    /// A page visit.
    Page {
        /// The page's name, if the sender gives one.
        name: Option<Arc<str>>,
        /// As sent; `path` or `url` say where, else `context.page`.
        properties: Map<String, Json>,
    },
    /// A screen of an app.
    Screen {
        /// Its name.
        name: Option<Arc<str>>,
        /// As sent.
        properties: Map<String, Json>,
    },
    /// The group of a contact.
    Group {
        /// The sender's id of the group.
        group_id: Arc<str>,
        /// As sent.
        traits: Map<String, Json>,
    },
    /// Two keys are one contact: `previous_id` and the submission's `user_id`.
    Alias {
        /// The other key.
        previous_id: Arc<str>,
    },
    /// Any part of the JSON of a contact (`PUT /v1/contacts/{id}`, imports): a missing key leaves, `null` clears, lists replace.
    Upsert(Map<String, Json>),
    /// A form was submitted.
    Form {
        /// Its name.
        form: Arc<str>,
        /// Its properties and contact fields, as sent.
        fields: Map<String, Json>,
        /// Topics whose box was ticked, with the state that follows (`Given`, or `Pending` where it is to be confirmed).
        topics: Vec<(Arc<str>, ConsentState)>,
    },
    /// Something happened to a sending: tracking hits, one-click unsubscribes, provider callbacks.
    Message(MessageHit),
    /// The contact's or operator's word on consent.
    Consent(Vec<(ConsentKey, ConsentState)>),
    /// The contact leaves every channel and topic.
    UnsubscribeAll,
    /// Enrols by hand, by the campaign's name.
    Enroll(Arc<str>),
    /// Ends the enrollments in a campaign by hand.
    Leave(Arc<str>),
    /// Manual membership of a segment: `Some(true)` adds, `Some(false)` removes, `None` gives it back to the predicate.
    OverrideSegment(Arc<str>, Option<bool>),
}

/// What a consent is about, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum ConsentKey {
    Channel(Channel),
    Topic(Arc<str>),
}

/// Something that happened to a sending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageHit {
    /// The sending.
    pub effect: EffectId,
    /// What.
    pub event: MessageEvent,
    /// The clicked URL, or the reply's text.
    pub detail: Option<Arc<str>>,
    /// Judged to be a machine's.
    pub is_machine: bool,
    /// An unsubscribe of another topic than the message's own, by stable id as tokens carry it.
    pub topic: Option<StableId>,
}

/// What became of one submission. All that are taken of one call are durable when it is heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accepted {
    /// The contact it was attributed to; of a duplicate none is looked up.
    pub contact: Option<ContactUid>,
    /// Whether the contact came into being by it.
    pub is_new_contact: bool,
    /// Whether its dedupe key was known, so that nothing happened.
    pub is_duplicate: bool,
    /// Why it was not taken.
    pub rejection: Option<Rejection>,
}

/// Why a submission was not taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rejection {
    /// A stable word: `no_identity`, `unknown_contact`, `unknown_campaign`, `bad_shape`, `bad_id`, `unknown_effect` …
    pub reason: &'static str,
    /// A sentence for people.
    pub detail: String,
}

/// Why a whole call was not taken; nothing of it is durable.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Too much waits for its commit.
    #[error("too much is waiting to be committed; try again in {retry_after_seconds} s")]
    Busy {
        /// When to try again.
        retry_after_seconds: u32,
    },
    /// The store could not make it durable.
    #[error("the store could not commit: {0}")]
    Store(Arc<StoreError>),
    /// The engine is shutting down.
    #[error("the engine is shutting down")]
    Closed,
}

/// Why an operation of the engine failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store failed in a commit that others took part in.
    #[error("the store could not commit: {0}")]
    Commit(Arc<StoreError>),
    /// Nothing has ever been deployed to the store.
    #[error("nothing is deployed to this store yet")]
    NothingDeployed,
    /// A stored program cannot be read by this version.
    #[error("the stored program cannot be read: {0}")]
    Program(String),
    /// The plan of a deploy has findings that forbid it.
    #[error("{0}")]
    NotDeployable(Obstacles),
    /// A deploy, or what belongs to one, cannot be done now.
    #[error("error[{}]: {}", .0.code, .0.text)]
    Refused(Refusal),
    /// There is no such campaign, contact or effect.
    #[error("{0}")]
    Unknown(String),
    /// What was asked for does not fit how the thing stands.
    #[error("{0}")]
    Settled(String),
    /// The clock runs by itself.
    #[error("the clock is real: only a manual clock can be moved")]
    RealClock,
    /// The clock never goes back.
    #[error("the clock stands at {now}; it does not go back")]
    ClockBack {
        /// Where it stands, RFC 3339.
        now: String,
    },
    /// The engine is shutting down.
    #[error("the engine is shutting down")]
    Closed,
}

/// What a deploy did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deployed {
    /// The number of the deployment that runs now.
    pub seq: u32,
    /// Whether anything changed.
    pub is_new: bool,
    /// How many enrollments went on in the new program.
    pub moved: u64,
}

/// A contact as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ContactView {
    pub id: String,
    pub user_id: Option<Arc<str>>,
    pub email: Option<Arc<str>>,
    pub phone: Option<Arc<str>>,
    pub timezone: Option<Arc<str>>,
    pub points: Json,
    pub tags: Vec<Arc<str>>,
    pub lists: Vec<Arc<str>>,
    pub segments: Vec<Arc<str>>,
    /// Declared fields, and the built-in ones that have no key above; traits no field takes stand under `traits`.
    pub fields: Map<String, Json>,
    pub consent: ConsentView,
    pub enrollments: Vec<EnrollmentView>,
    pub anonymous_ids: Vec<Arc<str>>,
    /// Push devices, the latest last: it is the one that is written to.
    pub devices: Vec<Arc<str>>,
    /// Up to when `mute for D` held or holds, RFC 3339.
    pub muted_until: Option<String>,
    pub created_at: String,
    pub last_seen_at: Option<String>,
    pub traits: Map<String, Json>,
}

/// Consent as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ConsentView {
    pub email: ConsentState,
    pub sms: ConsentState,
    pub push: ConsentState,
    pub topics: BTreeMap<Arc<str>, ConsentState>,
}

/// An enrollment as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnrollmentView {
    /// The campaign's name.
    pub campaign: Arc<str>,
    /// The identity of the step it stands at.
    pub step: Arc<str>,
    /// Since when, RFC 3339.
    pub since: String,
    /// When time alone ends it.
    pub wakes_at: Option<String>,
    /// `waiting`, `listening`, `held`, `calling`, `stranded`, `paused`.
    pub status: &'static str,
    /// The enrollment's id.
    pub enrollment: String,
}

/// A line of a contact's journal, resolved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JournalLine {
    /// RFC 3339 with the contact's offset.
    pub at: String,
    /// The campaign's name as of then.
    pub campaign: Option<String>,
    /// The enrollment.
    pub enrollment: Option<String>,
    /// The step's identity as of then.
    pub step: Option<String>,
    /// `enrolled`, `sent`, `decided` …
    pub what: String,
    /// A phrase.
    pub why: String,
    /// What brought it about.
    pub cause: CauseView,
    /// `main.camp:41:3`; empty where there is none.
    pub source: String,
    /// The instant itself.
    #[serde(skip)]
    pub instant: Instant,
    /// `2026-03-02 10:00:00` in the contact's zone.
    #[serde(skip)]
    pub local_time: String,
}

/// What brought a journal line about.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CauseView {
    /// `visited("/pricing")`, `timer`, `deploy` …
    pub input: String,
    /// The fact that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// Its old value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Json>,
    /// Its new value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Json>,
    /// Of a refusal: the condition that refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What that condition read, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Map<String, Json>>,
}

/// Which contacts are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContactFilter {
    /// Members of this segment.
    pub segment: Option<String>,
    /// Those who stand at this step: its identity, or `CAMPAIGN/STEP` with the campaign's name.
    pub step: Option<String>,
    /// Text within id, user id, email, phone or name, ignoring case.
    pub query: Option<String>,
    /// Where the former page ended.
    pub cursor: Option<String>,
    /// At most so many; 0 = 100.
    pub limit: usize,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<T> {
    /// What there is.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end.
    pub cursor: Option<String>,
}

/// A campaign in the list of campaigns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CampaignView {
    /// The name.
    pub name: Arc<str>,
    /// `live`, `paused`, `draft`, `not active`.
    pub status: &'static str,
    /// How many contacts are inside.
    pub inside: u64,
    /// How many enrollments ever began.
    pub entered: u64,
    /// How many have ended.
    pub ended: u64,
    /// Of those that began, the ones of the holdout.
    pub held_out: u64,
    /// Its goals in source order.
    pub goals: Vec<GoalView>,
    /// `main.camp:3:1`
    pub source: String,
}

/// A goal of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoalView {
    /// Its name; of one without a name what it says.
    pub name: Arc<str>,
    /// How many enrollments have reached it.
    pub reached: u64,
    /// Of them those of the holdout, which gets nothing.
    pub held_out: u64,
}

/// A campaign with its steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CampaignDetail {
    /// The line of the list.
    #[serde(flatten)]
    pub campaign: CampaignView,
    /// Its steps in source order.
    pub steps: Vec<StepView>,
    /// Enrollments that a deploy had no place for: they stand still until they are settled.
    pub stranded: Vec<AsideView>,
    /// Enrollments that finish on the version they are in.
    pub finishing_on_old: Vec<AsideView>,
}

/// A step with its counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepView {
    /// The identity.
    pub step: Arc<str>,
    /// `email`, `wait`, `decision` …
    pub kind: &'static str,
    /// How many stand here.
    pub here: u64,
    /// Journal lines of this step by their word: `sent`, `skipped`, `decided` …
    pub counts: BTreeMap<String, u64>,
    /// `main.camp:41:3`
    pub source: String,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct SegmentView {
    pub name: Arc<str>,
    pub contacts: u64,
}

/// Which sends are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageFilter {
    /// Of this contact.
    pub contact: Option<ContactUid>,
    /// Of this campaign, by name.
    pub campaign: Option<String>,
    /// In this state: `queued`, `claimed`, `accepted`, `failed`, `unknown`, `suppressed`, `dead`, `cancelled`.
    pub status: Option<String>,
    /// Of this lane.
    pub lane: Option<String>,
    /// Where the former page ended.
    pub cursor: Option<String>,
    /// At most so many; 0 = 100.
    pub limit: usize,
}

/// A send with its status and timestamps.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct MessageView {
    pub effect_id: String,
    pub contact: String,
    pub campaign: Option<Arc<str>>,
    pub step: Option<Arc<str>>,
    pub channel: String,
    /// The queue it leaves by: `email/marketing`, `webhook/crm.example`.
    pub lane: String,
    pub message: Option<String>,
    pub to: String,
    pub status: &'static str,
    pub attempt: u32,
    pub decided_at: String,
    pub handed_over_at: Option<String>,
    pub next_attempt_at: Option<String>,
    pub expires_at: String,
    pub reason: Option<String>,
    pub provider_id: Option<String>,
    pub delivered_at: Option<String>,
    pub opened_at: Option<String>,
    pub clicked_at: Option<String>,
    pub bounced_at: Option<String>,
    pub unsubscribed_at: Option<String>,
}

/// An event nobody declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct UndeclaredEvent {
    pub name: String,
    pub count: u64,
    pub last_at: String,
}

/// Something that happened, for the dashboard and `status --follow`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StreamEvent {
    /// A line was written to a contact's journal.
    Journal {
        /// The contact's id.
        contact: String,
        /// The line.
        line: Box<JournalLine>,
    },
    /// A send changed its status.
    Delivery {
        /// The contact's id.
        contact: String,
        /// The effect.
        effect_id: String,
        /// Its status now.
        status: &'static str,
    },
    /// Another program runs.
    Deployed {
        /// The deployment's number.
        seq: u32,
    },
    /// The manual clock was moved.
    Clock {
        /// RFC 3339.
        now: String,
    },
}
