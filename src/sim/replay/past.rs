//! What is recorded of one person: rows of the event log, what was sent, what came of it, and which variants were taken.

use crate::lang::Instant;
use crate::machine::state::{ContactUid, EffectId, EnrollmentUid, StepUid};
use std::sync::Arc;

/// A row of the event log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastRow {
    /// When it was accepted.
    pub at: Instant,
    /// Its place in the log: the order of one instant.
    pub position: u64,
    /// Which of the story's contacts it is of.
    pub person: usize,
    /// The sending that it is about; none for most rows.
    pub about: Option<EffectId>,
}

/// A sending, as the outbox has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastSend {
    /// Its id.
    pub effect: EffectId,
    /// When it was decided.
    pub at: Instant,
    /// The enrollment.
    pub enrollment: Option<EnrollmentUid>,
    /// The step.
    pub step: Option<StepUid>,
    /// The campaign's name.
    pub campaign: Arc<str>,
    /// The step's identity as people see it.
    pub step_identity: Arc<str>,
    /// What was sent: `email welcome`.
    pub message: Arc<str>,
    /// To whom.
    pub to: Arc<str>,
    /// Whether it was taken back before it left.
    pub is_taken_back: bool,
}

/// What came of a sending besides what people did with it.
#[derive(Clone, Debug, PartialEq)]
pub enum Came {
    /// The provider took it late.
    Late,
    /// It failed for good.
    Failed {
        /// Why.
        reason: Arc<str>,
        /// Whether the address does not exist.
        is_hard_bounce: bool,
    },
    /// Its hand-over was looked at again, and it was taken back.
    LookedAt,
    /// A webhook answered.
    Answered {
        /// Whether it did well.
        is_ok: bool,
    },
}

/// The variant of an experiment that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// By which enrollment.
    pub enrollment: EnrollmentUid,
    /// At which step.
    pub step: StepUid,
    /// When.
    pub at: Instant,
    /// Its name, and `, the winner` where it was that.
    pub name: Arc<str>,
}

/// All that is recorded of one person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// The contact that is there today, then those that went up in it.
    pub people: Vec<ContactUid>,
    /// The event log, in its order; the shell knows a row by its number here.
    pub rows: Vec<PastRow>,
    /// When which of the people went up in the first one, and behind which place in the log.
    pub merges: Vec<(Instant, u64, usize)>,
    /// What was sent, oldest first.
    pub sends: Vec<PastSend>,
    /// What came of it.
    pub results: Vec<(EffectId, Instant, Came)>,
    /// The variants that were taken.
    pub variants: Vec<Variant>,
    /// Instants at which what was due was done before what came in; else what comes in goes first.
    pub timers_first: Vec<Instant>,
}

impl Story {
    /// What was sent under an id.
    #[must_use]
    pub fn send(&self, effect: EffectId) -> Option<&PastSend> {
        self.sends.iter().find(|send| send.effect == effect)
    }
}
