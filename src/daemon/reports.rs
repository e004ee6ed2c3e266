//! What an operator asks beyond the API's first views: where a contact stands now and what would bring it in, what is known of it in all.

use super::api::{AsideView, CampaignView, ContactView, JournalLine, MessageView, RollOver, UndeclaredEvent};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a contact stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NowView {
    /// The contact's id.
    pub contact: String,
    /// Its zone, in which all times of this view are.
    pub timezone: String,
    /// Now.
    pub now: String,
    /// Up to when `mute for D` holds its marketing messages.
    pub muted_until: Option<String>,
    /// The enrollments, the oldest first.
    pub inside: Vec<InsideView>,
    /// What would bring it into the campaign that was asked for, if it is not in.
    pub outside: Option<OutsideView>,
}

/// An enrollment as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InsideView {
    /// The campaign's name.
    pub campaign: Arc<str>,
    /// `live`, `paused`, `draft`, `not active`.
    pub campaign_status: &'static str,
    /// The enrollment's id.
    pub enrollment: String,
    /// When it began.
    pub entered: String,
    /// Whether it is of the holdout, which gets nothing.
    pub is_held_out: bool,
    /// Its lines of execution; more than one inside of `parallel`.
    pub standings: Vec<StandingView>,
}

/// Where a line of execution stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StandingView {
    /// The identity of the step.
    pub step: Arc<str>,
    /// `waiting`, `listening`, `held`, `calling`, `stranded`, `gathering`, `following`.
    pub status: &'static str,
    /// Since when.
    pub since: String,
    /// When time alone ends it.
    pub wakes_at: Option<String>,
    /// The conditions it listens to.
    pub listens_to: Vec<Arc<str>>,
    /// `main.camp:41:3`
    pub source: String,
}

/// What stands between a contact and a campaign.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutsideView {
    /// The campaign's name.
    pub campaign: Arc<str>,
    /// `live`, `paused`, `draft`, `not active`.
    pub campaign_status: &'static str,
    /// How often the contact has been in.
    pub entries: u32,
    /// When it was out again, last.
    pub ended: Option<String>,
    /// How: `finished`, `stopped: came back` …
    pub end: Option<Arc<str>>,
    /// What enrols.
    pub triggers: Vec<CheckView>,
    /// What a trigger asks, in order.
    pub checks: Vec<CheckView>,
}

/// A check between a trigger and an enrollment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckView {
    /// The stable word of the refusal; of a trigger `when`.
    pub name: &'static str,
    /// Whether it lets the contact in; none where the event decides that comes.
    pub is_met: Option<bool>,
    /// The condition's source.
    pub condition: Option<Arc<str>>,
    /// The facts it reads, as they are.
    pub facts: Map<String, Json>,
}

/// Everything that is known of a contact: what it may ask for by law.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DossierView {
    /// When this was put together.
    pub exported_at: String,
    /// The contact: fields, consent, memberships, enrollments.
    pub contact: ContactView,
    /// Why channels are not written to at all: `{"email": "hard bounce"}`.
    pub suppressed: BTreeMap<&'static str, &'static str>,
    /// Former ids, of contacts that were merged into this one.
    pub merged_ids: Vec<String>,
    /// What came in, oldest first.
    pub events: Vec<EventView>,
    /// What was decided.
    pub journal: Vec<JournalLine>,
    /// What was sent.
    pub messages: Vec<MessageView>,
}

/// An accepted event, as it came.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct EventView {
    pub accepted_at: String,
    pub happened_at: Option<String>,
    pub kind: String,
    pub name: String,
    pub message_id: Option<String>,
    pub properties: Json,
    pub context: Option<Json>,
}

/// How things stand.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct StatusView {
    pub project: Arc<str>,
    pub now: String,
    pub clock: &'static str,
    pub deployment: u32,
    pub program: String,
    pub deployed_at: String,
    pub contacts: u64,
    pub enrollments: u64,
    pub quarantined: Vec<String>,
    /// Inputs that were put aside.
    pub put_aside: u64,
    /// Webhooks that answered 410 and are not called until the next deploy, or `campc outbox retry`.
    pub disabled_endpoints: Vec<Arc<str>>,
    /// When time alone next brings something about.
    pub next_due: Option<String>,
    /// How late that is already, in milliseconds; 0 where it lies ahead.
    pub late_ms: i64,
    pub campaigns: Vec<CampaignView>,
    /// Steps where somebody stands, in source order.
    pub standing: Vec<StepCount>,
    /// How far the contacts have followed the last deploy.
    pub roll_over: RollOver,
    /// Enrollments that a deploy had no place for.
    pub stranded: Vec<AsideView>,
    /// Enrollments that finish on the version they are in.
    pub finishing_on_old: Vec<AsideView>,
    /// Open effects by status.
    pub outbox: BTreeMap<&'static str, u64>,
    /// Open effects by lane.
    pub lanes: Vec<LaneView>,
    pub undeclared: Vec<UndeclaredEvent>,
    pub counters: BTreeMap<&'static str, u64>,
}

/// How many stand at a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct StepCount {
    pub campaign: Arc<str>,
    pub step: Arc<str>,
    pub here: u64,
}

/// A lane of the outbox as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LaneView {
    /// `email/marketing`, `webhook/HOST` …
    pub lane: String,
    /// Effects that wait for their hand-over.
    pub queued: u64,
    /// Attempts under way.
    pub in_flight: u64,
    /// How long ago the oldest of those that wait should have left, in milliseconds; 0 where none is late.
    pub late_ms: i64,
    /// Whether the breaker holds the lane, since its provider fails.
    pub is_broken: bool,
}

/// A suppressed address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuppressionView {
    /// `email`, `sms`, `push`.
    pub channel: &'static str,
    /// `complaint`, `hard_bounce`, `unsubscribe`, `manual`, `erased`.
    pub reason: &'static str,
    /// Since when, RFC 3339.
    pub since: String,
    /// The contact whose address it is, where it is one's.
    pub contact: Option<String>,
    /// The address, where it is a contact's: of others nothing but the key is known.
    pub address: Option<Arc<str>>,
    /// The key in the list, hexadecimal.
    pub key: Option<String>,
}
