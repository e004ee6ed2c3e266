//! A contact comes under a new program: memberships are computed anew, and being in or out because of that fires no trigger.

use super::Switches;
use super::context::Context;
use super::outcome::Outcome;
use crate::bytecode::SegmentId;
use crate::lang::Instant;
use crate::machine::state::ContactState;
use crate::machine::{Evaluator, Linked};
use std::sync::Arc;

/// Brings a contact under `linked`, the program that runs from now on. Exits and conditions are asked at once: they are levels.
#[must_use]
pub fn redeploy(linked: &Linked, switches: &Switches, state: &mut ContactState, now: Instant) -> Outcome {
    let mut evaluator = Evaluator::default();
    state.segments.retain(|id, _| linked.segment(*id).is_some());
    state.segment_wakes.retain(|id, _| linked.segment(*id).is_some());
    for enrollment in &mut state.enrollments {
        enrollment.program = linked.deployment.program;
    }
    let mut context = Context::new(linked, switches, state, now);
    context.set_cause(Arc::from("deploy"));
    context.is_quiet = true;
    for segment in 0..linked.program.segments.len() {
        context.refresh_segment(&mut evaluator, SegmentId::from_index(segment), &[]);
    }
    context.is_forced = true;
    context.settle(&mut evaluator);
    context.finish(&mut evaluator)
}
