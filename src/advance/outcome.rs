//! What comes of an input: effects to carry out, and a journal that says what was decided and why.

use crate::bytecode::{MessageId, NotifyId, WebhookId};
use crate::lang::{Instant, Record, Value};
use crate::machine::state::{ContactUid, EffectId, EnrollmentUid, StableId, StepUid};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a journal line records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum What {
    Enrolled,
    NotEnrolled,
    Waiting,
    Decided,
    Held,
    Sent,
    Skipped,
    Failed,
    Cancelled,
    Changed,
    Exited,
    Stopped,
    Finished,
    EnteredSegment,
    LeftSegment,
    /// Something a program or its operator should look at: a cascade cut, a value that did not convert.
    Problem,
    Merged,
    Called,
    Notified,
    HandedOver,
    Goal,
    Restarted,
    /// The machine broke on it: it stands still until the operator looks.
    Faulted,
    /// An input was put aside: it could not be carried out.
    Quarantined,
    /// The operator has something tried again.
    Retried,
    /// The operator gave something up.
    Dropped,
    /// What came of an attempt was heard when another had been made: it changes nothing.
    LateResult,
    /// A deploy has led it somewhere else, or let it stay.
    Moved,
}

impl What {
    /// The stable word of the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            What::Enrolled => "enrolled",
            What::NotEnrolled => "not enrolled",
            What::Waiting => "waiting",
            What::Decided => "decided",
            What::Held => "held",
            What::Sent => "sent",
            What::Skipped => "skipped",
            What::Failed => "failed",
            What::Cancelled => "cancelled",
            What::Changed => "changed",
            What::Exited => "exited",
            What::Stopped => "stopped",
            What::Finished => "finished",
            What::EnteredSegment => "entered segment",
            What::LeftSegment => "left segment",
            What::Problem => "problem",
            What::Merged => "merged",
            What::Called => "called",
            What::Notified => "notified",
            What::HandedOver => "handed over",
            What::Goal => "goal",
            What::Restarted => "restarted",
            What::Faulted => "faulted",
            What::Quarantined => "quarantined",
            What::Retried => "retried",
            What::Dropped => "dropped",
            What::LateResult => "late result",
            What::Moved => "moved",
        }
    }
}

/// What brought something about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// The input: `visited("/pricing")`, `purchase`, `timer`, `import`, `operator`, `deploy`.
    pub input: Arc<str>,
    /// The fact that changed, with its old and new value, where one did.
    pub fact: Option<(Arc<str>, Value, Value)>,
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// When.
    pub at: Instant,
    /// The campaign, by stable id; none for facts of the contact itself.
    pub campaign: Option<StableId>,
    /// The enrollment.
    pub enrollment: Option<EnrollmentUid>,
    /// The step.
    pub step: Option<StepUid>,
    /// What.
    pub what: What,
    /// A phrase: `no consent`, `opened(welcome)`, `segment "Canada Hot Leads": points 46 → 56`.
    pub why: Arc<str>,
    /// What brought it about.
    pub cause: Cause,
}

/// What an effect does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EffectKind {
    /// Sends a message to `to`.
    Message {
        /// Which, in the effect's program.
        message: MessageId,
        /// The address or number.
        to: Arc<str>,
        /// Further recipients, computed: copies and blind copies.
        cc: Vec<Arc<str>>,
        /// Blind copies.
        bcc: Vec<Arc<str>>,
        /// In which language, by the number of the message's variant; none = its plain lines.
        variant: Option<u16>,
    },
    /// Calls a webhook.
    Webhook {
        /// Which, in the effect's program.
        webhook: WebhookId,
        /// The webhook's own `body`, computed; else the default shape around `object`.
        body: Option<Value>,
        /// The step's object.
        object: Option<Value>,
        /// Whether the enrollment waits for the answer.
        wants_answer: bool,
    },
    /// Mails the team.
    Notify {
        /// Which, in the effect's program.
        notify: NotifyId,
    },
}

/// An effect on the outside world, decided and ready to be handed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The idempotency key.
    pub id: EffectId,
    /// The contact.
    pub contact: ContactUid,
    /// The program whose numbers `kind` uses.
    pub program: [u8; 32],
    /// The enrollment.
    pub enrollment: Option<EnrollmentUid>,
    /// The campaign, by stable id.
    pub campaign: Option<StableId>,
    /// The campaign's name.
    pub campaign_name: Arc<str>,
    /// The step.
    pub step: Option<StepUid>,
    /// The step's identity as people see it.
    pub step_identity: Arc<str>,
    /// What it does.
    pub kind: EffectKind,
    /// Whether it passes an unsubscribe (webhooks and notifications count as such).
    pub is_transactional: bool,
    /// Everything its templates read, as of the decision: the same bytes on every attempt.
    pub frozen: Arc<Record>,
    /// The zone in which its templates show times.
    pub zone: Arc<str>,
    /// When it was decided; also its `Date`.
    pub decided_at: Instant,
}

/// What `advance` says of an effect that stands in the outbox already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EffectUpdate {
    /// Go on with the attempt.
    Attempt(EffectId),
    /// Consent, suppression or an erased contact stops it.
    Suppressed(EffectId, Arc<str>),
    /// An exit, a decision, the campaign's end or a switch took it back.
    Cancelled(EffectId, Arc<str>),
    /// Not now: look again at that instant.
    Postponed(EffectId, Instant),
    /// Its campaign is paused: look again when it goes on.
    Parked(EffectId),
}

/// A send that only a throttle holds asks for its slot. The caller answers with [`InputKind::Slot`](super::InputKind::Slot) in the same batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotRequest {
    /// The send.
    pub effect: EffectId,
    /// Its campaign.
    pub campaign: StableId,
}

/// An enrollment that the machine broke on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultNote {
    /// Which.
    pub enrollment: EnrollmentUid,
    /// Its campaign.
    pub campaign: Option<StableId>,
    /// The step it broke at.
    pub step: Option<StepUid>,
    /// The input that brought it there: `purchase`, `timer` …
    pub cause: Arc<str>,
    /// What went wrong.
    pub error: Arc<str>,
}

/// All that comes of one input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// New journal lines, in order.
    pub journal: Vec<JournalEntry>,
    /// New effects, in order.
    pub effects: Vec<Effect>,
    /// Words about effects that exist.
    pub updates: Vec<EffectUpdate>,
    /// Sends that ask for a slot of a throttle, in order.
    pub requests: Vec<SlotRequest>,
    /// Enrollments that the machine broke on, in order.
    pub faults: Vec<FaultNote>,
    /// What the books of experiments are told and asked, in order.
    pub experiments: Vec<super::ExperimentNote>,
    /// What was done to addresses, in order: others who have them follow.
    pub addresses: Vec<super::AddressNote>,
    /// When this contact wants to be woken next.
    pub next_wake: Option<Instant>,
    /// The steps that enrollments came to, in order; empty unless [`super::Switches::is_tracing`].
    pub reached: Vec<StepUid>,
}
