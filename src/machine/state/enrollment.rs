//! Enrollments: where a contact stands in a campaign, what was captured, what was sent.

use super::{ContactUid, EffectId, EnrollmentKey, EnrollmentUid, Gathering, SortedMap, StableId, StepUid, TimelineState};
use crate::bytecode::Channel;
use crate::lang::{Instant, Record};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What became of a sending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SendStatus {
    /// Decided, waiting for its window.
    Held,
    /// Handed to the outbox, or over to the provider.
    Sent,
    /// Not sent, and why: `no consent`, `no address` …
    Skipped(Arc<str>),
    /// Given up by the provider or by us, and why.
    Failed(Arc<str>),
    /// Taken back before it left, and why.
    Cancelled(Arc<str>),
}

/// One sending of a message to the contact, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendRecord {
    /// The effect.
    pub effect: EffectId,
    /// The enrollment that sent it.
    pub enrollment: EnrollmentUid,
    /// Its campaign.
    pub campaign: StableId,
    /// The step.
    pub step: StepUid,
    /// The message, by stable id.
    pub message: StableId,
    /// The channel.
    pub channel: Channel,
    /// The message's topic.
    pub topic: Option<StableId>,
    /// What its thread was inside of: whose path it lies on.
    pub frames: Vec<Frame>,
    /// Whether caps count it.
    pub is_marketing: bool,
    /// When it was decided, then when it was handed over.
    pub at: Instant,
    /// Its place in the contact's accepted order.
    pub seq: u64,
    /// What became of it.
    pub status: SendStatus,
    /// Whether its enrollment has left by an exit: an attempt that is still to come is cancelled.
    pub is_exited: bool,
    /// The times of deliveries.
    pub delivered: Option<Instant>,
    /// The times of opens by people (of all, under `machine opens count`).
    pub opened: Vec<Instant>,
    /// Clicks: time and URL.
    pub clicked: Vec<(Instant, Arc<str>)>,
    /// Replies: time and text.
    pub replied: Vec<(Instant, Arc<str>)>,
    /// A hard bounce.
    pub bounced: Option<Instant>,
    /// An unsubscribe through this message.
    pub unsubscribed: Option<Instant>,
    /// A complaint about it.
    pub complained: Option<Instant>,
}

/// A captured record and the sequence number of the event it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Captured {
    /// The name in the source.
    pub name: Arc<str>,
    /// Its properties.
    pub record: Arc<Record>,
}

/// A place in the queue of a throttle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slot {
    /// Not asked for.
    #[default]
    None,
    /// Asked for; the answer comes with the same batch.
    Asked,
    /// Given.
    At(Instant),
}

/// What holds a send, as far as it must be remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Since when a cap holds it.
    pub capped_since: Option<Instant>,
    /// Its place in the queue of a throttle.
    pub slot: Slot,
}

/// What a thread waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StandingKind {
    /// A wait that ends at `due`; nothing to listen to.
    Time,
    /// Conditions are listened to, up to `due` where there is one.
    Listen {
        /// When one of the conditions can change by time alone.
        recheck: Option<Instant>,
    },
    /// A moment that is not known yet (an unset field), or follows one.
    Until,
    /// A send that is held; the window opens at `due`.
    Held {
        /// The effect.
        effect: EffectId,
        /// The listening place (step, ordinal) whose red path led here: its conditions still cancel the send.
        listening: Option<(StepUid, u16)>,
        /// When one of those conditions can change by time alone.
        recheck: Option<Instant>,
        /// What is known of what holds it.
        hold: Hold,
    },
    /// The answer of a webhook.
    Answer {
        /// The effect.
        effect: EffectId,
    },
    /// A place that the running program no longer has: nothing goes on until a deploy settles it.
    Stranded,
    /// It is running; between inputs nobody is.
    Running,
    /// An experiment is asked for its variant, or for when its winner will be known.
    Asked,
    /// The machine broke on it: nothing goes on until the operator lets it.
    Faulted {
        /// How it stood before.
        was: Box<StandingKind>,
    },
}

/// Where a thread stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The step.
    pub step: StepUid,
    /// The place among the step's places.
    pub ordinal: u16,
    /// When it arrived.
    pub since: Instant,
    /// When time alone ends it.
    pub due: Option<Instant>,
    /// What for.
    pub kind: StandingKind,
    /// The send whose hand-over the time counts from, if it was the last thing before: a late hand-over moves `due`.
    pub counts_from: Option<EffectId>,
}

/// The number of a thread within its enrollment; never given twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ThreadId(pub u32);

/// What a thread is inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Frame {
    /// A branch of a `parallel`.
    Branch {
        /// The `parallel`.
        parallel: StepUid,
        /// Which of its executions.
        round: u32,
        /// The branch, from 0.
        branch: u16,
    },
    /// A pass of a `repeat`.
    Pass {
        /// The `repeat`.
        repeat: StepUid,
        /// Which pass, from 1.
        number: u32,
        /// When the pass began.
        started: Instant,
        /// The sequence number of the input that began it.
        started_seq: u64,
        /// When its rhythm began: a month's end or a gap of the clock shifts one pass, not those after it.
        rhythm: Instant,
        /// Which pass of the rhythm it is, from 0.
        beat: u32,
    },
    /// An arm of a timeline.
    Arm {
        /// The timeline.
        timeline: StepUid,
        /// The arm, from 0.
        arm: u16,
        /// Which of its runs, from 1.
        run: u32,
    },
}

/// One line of execution. Without `parallel` an enrollment has one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Its number.
    pub id: ThreadId,
    /// What it is inside of, outermost first.
    pub frames: Vec<Frame>,
    /// Where it stands.
    pub standing: Standing,
    /// When the `until` of a `repeat` around it can become true by time alone.
    pub until_recheck: Option<Instant>,
}

impl Thread {
    /// A thread that is about to run.
    #[must_use]
    pub fn new(id: ThreadId, frames: Vec<Frame>, now: Instant) -> Thread {
        let standing = Standing { step: StepUid(0), ordinal: 0, since: now, due: None, kind: StandingKind::Running, counts_from: None };
        Thread { id, frames, standing, until_recheck: None }
    }
}

/// The code of an enrollment is an older program's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// The deployment whose code it follows.
    pub deployment: u32,
    /// Since when.
    pub since: Instant,
    /// Why.
    pub kind: AsideKind,
}

/// Why an enrollment is not under the running program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AsideKind {
    /// Its place is gone, and the deploy let it finish where it is.
    Finishing,
    /// It could not be moved, for this reason: its state is kept and its timers stand still, but an exit still ends it.
    Stranded(Arc<str>),
    /// The roll-over rests: it is moved when that goes on.
    Resting,
}

/// One pass of a contact through a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enrollment {
    /// Its identity.
    pub uid: EnrollmentUid,
    /// The campaign, by stable id.
    pub campaign: StableId,
    /// Which pass of the contact this is, from 1.
    pub entry: u32,
    /// What tells it apart from others of its campaign.
    pub key: EnrollmentKey,
    /// How often it has been restarted.
    pub restarts: u32,
    /// When it began, or was restarted last.
    pub started: Instant,
    /// The sequence number of the input that began it: what came up to it is not history of its own.
    pub started_seq: u64,
    /// The program it was last advanced by.
    pub program: [u8; 32],
    /// Captured records.
    pub captures: Vec<Captured>,
    /// Lines of execution, in the order of their source.
    pub threads: Vec<Thread>,
    /// The number of the next thread.
    pub next_thread: ThreadId,
    /// How often each step was executed, for effect ids: (step, executions).
    pub executed: SortedMap<StepUid, u32>,
    /// Whether it is of the share that only is measured: every effect is suppressed.
    pub is_held_out: bool,
    /// Sends that another enrollment had done which went up in this one: they are not done again.
    pub done_elsewhere: Vec<StepUid>,
    /// When an exit condition can become true by time alone.
    pub exit_recheck: Option<Instant>,
    /// When the contact first came in: goals count from here, whatever restarted it since.
    pub entered: Instant,
    /// The goals that were reached, by their key, and when.
    pub goals: Vec<(Arc<str>, Instant)>,
    /// When an open goal can come to hold by time alone.
    pub goal_recheck: Option<Instant>,
    /// Events are being gathered, and the steps have not begun.
    pub gathering: Option<Gathering>,
    /// The timelines it has come to.
    pub timelines: Vec<TimelineState>,
}

impl Enrollment {
    /// Whether it, or a pass that it is in, began at that very instant.
    #[must_use]
    pub fn has_begun_at(&self, at: Instant) -> bool {
        let mut frames = self.threads.iter().flat_map(|thread| &thread.frames);
        self.started == at || frames.any(|frame| matches!(frame, Frame::Pass { started, .. } if *started == at))
    }
}

/// A contact's part in an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Participation {
    /// Names, shares and measure of the experiment, in one number.
    pub shape: u64,
    /// The variant it took.
    pub variant: u16,
    /// The enrollment that took it, last.
    pub enrollment: EnrollmentUid,
    /// What happens after this is not measured.
    pub until: Instant,
    /// The first sending of the variant that was handed over.
    pub handed_over: Option<EffectId>,
    /// Whether it has converted.
    pub is_converted: bool,
}

/// What the share of a campaign has done that only is measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// How many enrollments began.
    pub entries: u32,
    /// How often each goal was reached, by its key.
    pub goals: SortedMap<Arc<str>, u32>,
}

/// What is known of a campaign the contact has been in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// How many enrollments began.
    pub entries: u32,
    /// When the last one ended.
    pub ended: Option<Instant>,
    /// How: `finished`, `stopped: came back`, `exited`.
    pub end: Option<Arc<str>>,
    /// How often each goal was reached, by its key.
    pub goals: SortedMap<Arc<str>, u32>,
    /// What of that was of the holdout.
    pub held_out: HeldOut,
    /// Of `reenter each`: the values that have come, as numbers, sorted.
    pub each: Vec<u64>,
}

impl Enrollment {
    /// A thread.
    #[must_use]
    pub fn thread(&self, id: ThreadId) -> Option<&Thread> {
        self.threads.iter().find(|thread| thread.id == id)
    }
    /// A thread, to change it.
    pub fn thread_mut(&mut self, id: ThreadId) -> Option<&mut Thread> {
        self.threads.iter_mut().find(|thread| thread.id == id)
    }
}

impl EnrollmentUid {
    /// The identity of the `entry`-th pass of a contact through a campaign.
    #[must_use]
    pub fn derive(contact: ContactUid, campaign: StableId, entry: u32) -> EnrollmentUid {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"campc-enrollment-1");
        hasher.update(&contact.0.to_be_bytes()).update(&campaign.to_be_bytes()).update(&entry.to_be_bytes());
        EnrollmentUid(first_20(&hasher))
    }
    /// The identity of an enrollment after its `times`-th restart: messages of before are another's, and may be sent again.
    #[must_use]
    pub fn restarted(self, times: u32) -> EnrollmentUid {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"campc-restart-1").update(&self.0).update(&times.to_be_bytes());
        EnrollmentUid(first_20(&hasher))
    }
}

impl EffectId {
    /// The identity of one effect: enrollment, step, passes of the enclosing repeats (outermost first), and which effect of the execution.
    #[must_use]
    pub fn derive(enrollment: EnrollmentUid, step: StepUid, passes: &[u32], ordinal: u16) -> EffectId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"campc-effect-1");
        hasher.update(&enrollment.0).update(&step.0.to_be_bytes()).update(&[u8::try_from(passes.len()).unwrap_or(u8::MAX)]);
        for pass in passes {
            hasher.update(&pass.to_be_bytes());
        }
        hasher.update(&ordinal.to_be_bytes());
        EffectId(first_20(&hasher))
    }
    /// The identity of an effect without an enrollment: `domain` is `keyword`, `confirm` or `send-test`.
    #[must_use]
    pub fn derive_apart(domain: &str, key: &[u8]) -> EffectId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"campc-effect-1").update(domain.as_bytes()).update(key);
        EffectId(first_20(&hasher))
    }
}

fn first_20(hasher: &blake3::Hasher) -> [u8; 20] {
    let mut out = [0; 20];
    hasher.finalize_xof().fill(&mut out);
    out
}
