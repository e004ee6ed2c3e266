//! What a batch is made of, and how one thing after the other is run.

use super::api::{Accepted, Submission};
use super::batch::Work;
use super::courier::{Found, Settlement};
use super::poison::{BatchError, Kept};
use crate::advance::{Input, InputKind, Switching};
use crate::bytecode::CampaignId;
use crate::machine::state::{ContactUid, EffectId};
use crate::proof::{Point, reach};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One thing a batch does.
pub(crate) enum Unit {
    Submit(Vec<Submission>),
    Settle(Settlement),
    /// A hand-over is due, and its slot taken.
    HandOver(EffectId),
    Expire(EffectId),
    /// The process ended during an attempt.
    Recover(EffectId),
    /// The lease of an attempt has ended.
    Lapse(EffectId),
    Reconcile(EffectId, Found),
    Wake(ContactUid),
    Switch(ContactUid, CampaignId, Switching),
    /// Comes under the running program, if it is not yet.
    Bring(ContactUid),
    /// What was put aside under a number is tried again.
    Again(u64, Box<Kept>),
}

impl Unit {
    fn in_hand(&self) -> Option<EffectId> {
        match self {
            Unit::HandOver(id) | Unit::Expire(id) | Unit::Lapse(id) | Unit::Reconcile(id, _) => Some(*id),
            Unit::Submit(_) | Unit::Settle(_) | Unit::Recover(_) | Unit::Wake(_) | Unit::Switch(..) | Unit::Bring(_) | Unit::Again(..) => None,
        }
    }
}

/// Runs units in order. One that breaks the engine ends the batch, of which nothing is kept.
pub(super) fn run_all(work: &mut Work<'_>, units: &[Unit]) -> Result<Vec<Vec<Accepted>>, BatchError> {
    let mut answers = Vec::new();
    for unit in units {
        // What the batch holds is thrown away if this one breaks off: nothing half changed is looked at again.
        let ran = catch_unwind(AssertUnwindSafe(|| run_one(work, unit)));
        answers.extend(ran.map_err(BatchError::of_panic)?);
    }
    Ok(answers)
}

/// Runs one unit; the answers of a submission.
fn run_one(work: &mut Work<'_>, unit: &Unit) -> Option<Vec<Accepted>> {
    match unit {
        Unit::Submit(items) => return Some(items.iter().map(|item| work.submit(item)).collect()),
        Unit::Settle(settlement) => {
            if let Some(attempted) = settlement.attempted {
                work.desk.record((&settlement.lane, settlement.effect), attempted, work.around.now);
            }
            if settlement.is_file {
                work.desk.learn_file(&settlement.lane);
            }
            work.released.push((settlement.lane.clone(), settlement.effect, settlement.attempt));
            work.settle(settlement);
        }
        Unit::HandOver(id) | Unit::Expire(id) => {
            work.in_hand.push(*id);
            work.hand_over(*id);
        }
        Unit::Recover(id) => work.lose(*id, "the process ended during the attempt"),
        Unit::Lapse(id) => {
            work.in_hand.push(*id);
            work.lapse(*id);
        }
        Unit::Reconcile(id, found) => {
            work.in_hand.push(*id);
            work.reconcile(*id, found);
        }
        Unit::Wake(uid) => {
            reach(Point::TimerTaken);
            work.note_lateness(*uid);
            work.step(*uid, &Input::new(InputKind::Wake));
        }
        Unit::Switch(uid, campaign, switching) => {
            work.around.metrics.switched.one();
            work.step(*uid, &Input::new(InputKind::Switched { campaign: *campaign, switching: *switching }));
        }
        Unit::Bring(uid) => {
            work.touch(*uid);
            reach(Point::RollOverBatch);
        }
        Unit::Again(id, kept) => return work.run_again(*id, kept).map(|accepted| vec![accepted]),
    }
    None
}

/// Rows that a batch is about: they wait again if it comes to nothing.
pub(super) fn in_hand(units: &[Unit]) -> Vec<EffectId> {
    units.iter().filter_map(Unit::in_hand).collect()
}
