//! What the world answers where the engine asks: slots of throttles, books of experiments, providers, webhooks. Tests, forecasts and replays
//! all answer by these.

use crate::advance::{DeliveryOutcome, ExperimentBook, ExperimentNote, Input, InputKind, PaceBook, SlotRequest};
use crate::lang::{Instant, Record, Value};
use crate::machine::Linked;
use crate::machine::state::EffectId;
use std::sync::Arc;

/// What all contacts share.
#[derive(Debug, Default)]
pub(super) struct Books {
    pace: PaceBook,
    experiments: ExperimentBook,
}

impl Books {
    /// The slot of a send that a throttle paces.
    pub fn slot(&mut self, linked: &Linked, request: &SlotRequest, now: Instant) -> Input {
        let at = self.pace.grant(linked, request, now);
        Input::new(InputKind::Slot { effect: request.effect, at })
    }
    /// Takes in what a contact tells of an experiment; the answer, where it asks.
    pub fn note(&mut self, linked: &Linked, (contact, note): (u64, ExperimentNote), now: Instant) -> Option<Input> {
        self.experiments.take(linked, contact, note, now).map(Input::new)
    }
}

/// A provider refuses a message for good.
pub(super) fn refused(effect: EffectId, reason: Arc<str>, bounce: Bounce) -> Input {
    let outcome = DeliveryOutcome::Permanent { reason, is_hard_bounce: bounce == Bounce::Hard };
    Input::new(InputKind::Result { effect, attempt: 1, outcome })
}

/// Whether an address does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bounce {
    Hard,
    None,
}

/// A webhook answers a step that waits for it.
pub(super) fn answered(effect: EffectId, status: u16, body: Value) -> Input {
    let record: Record =
        [(Arc::from("ok"), Value::Bool((200..300).contains(&status))), (Arc::from("status"), Value::Number(f64::from(status))), (Arc::from("body"), body)]
            .into();
    let outcome = DeliveryOutcome::Answer { record: Arc::new(record) };
    Input::new(InputKind::Result { effect, attempt: 1, outcome })
}
