//! A contact comes under a new program: memberships are computed anew, and being in or out because of that fires no trigger.

use super::context::{Context, Line};
use super::outcome::Outcome;
use super::{Pacing, Switches};
use crate::bytecode::{Op, SegmentId};
use crate::lang::{Duration, Instant, Value, add_duration};
use crate::machine::state::{ContactState, EnrollmentUid, Frame, StableId, Standing, StandingKind};
use crate::machine::{self, Evaluator, Linked};
use std::sync::Arc;

/// Brings a contact under `linked`, the program that runs from now on. Exits and conditions are asked at once: they are levels.
#[must_use]
pub fn redeploy(linked: &Linked, switches: &Switches, (state, pacing): (&mut ContactState, &mut Pacing), now: Instant) -> Outcome {
    let mut evaluator = Evaluator::default();
    state.segments.retain(|id, _| linked.segment(*id).is_some());
    state.missed.retain(|missed| linked.campaign(missed.campaign).is_some());
    state.segment_wakes.retain(|id, _| linked.segment(*id).is_some());
    for enrollment in &mut state.enrollments {
        enrollment.program = linked.deployment.program;
    }
    let members_before: Vec<StableId> = state.segments.iter().map(|(id, _)| *id).collect();
    let mut context = Context::new(linked, switches, state, now);
    context.set_cause(Arc::from("deploy"));
    context.is_quiet = true;
    for segment in 0..linked.program.segments.len() {
        context.refresh_segment(&mut evaluator, SegmentId::from_index(segment), &[]);
    }
    // What the program itself has brought is no edge; what contacts do from here on is one.
    context.queue.clear();
    context.is_quiet = false;
    context.plan_existing(pacing, &members_before);
    context.apply_moves(&mut evaluator);
    context.fit_lines();
    context.recompute_dues(&mut evaluator);
    context.recompute_fades();
    context.is_forced = true;
    context.settle(&mut evaluator);
    context.finish(&mut evaluator)
}

impl Context<'_> {
    /// The times of those who wait follow the new text: from where the wait began, by the calendar rules. What is past is due now.
    fn recompute_dues(&mut self, evaluator: &mut Evaluator) {
        let uids: Vec<EnrollmentUid> = self.state.enrollments.iter().map(|enrollment| enrollment.uid).collect();
        let lines: Vec<Line> = uids.into_iter().flat_map(|uid| self.lines(uid)).collect();
        self.refit_gatherings();
        for line in lines {
            let Some(standing) = self.standing(line) else { continue };
            if let Some(Op::Timeline(timeline, _)) = self.place_pc((standing.step, standing.ordinal)).map(|pc| self.linked.op(pc)) {
                self.replan_timeline(evaluator, line, timeline);
            } else if let Some(due) = self.due_of(evaluator, line, &standing)
                && let Some(thread) = self.thread_mut(line)
            {
                thread.standing.due = due;
            }
        }
    }

    /// When the place's own text says a wait ends; `None` where it is no such place, `Some(None)` where it has no end.
    fn due_of(&self, evaluator: &mut Evaluator, line: Line, standing: &Standing) -> Option<Option<Instant>> {
        let pc = self.place_pc((standing.step, standing.ordinal))?;
        // A send handed over late moved what counts from it.
        let handed_over = standing.counts_from.and_then(|effect| self.state.sends.iter().find(|send| send.effect == effect)).map(|send| send.at);
        let since = handed_over.map_or(standing.since, |at| at.max(standing.since));
        let view = self.view_at(line);
        let after = |duration: Duration| add_duration(since, duration, &self.zone, &self.linked.holidays);
        match (self.linked.op(pc), &standing.kind) {
            (Op::Wait(_), StandingKind::Time) => match machine::operands(evaluator, &view, pc).ok()?.pop()? {
                Value::Duration(duration) => Some(Some(after(duration))),
                _ => None,
            },
            (Op::Listen(listen, _), StandingKind::Listen { .. }) => {
                let Some((block, _)) = self.linked.program.listens.get(listen.index())?.deadline else { return Some(None) };
                match evaluator.value(&view, block).ok()? {
                    Value::Duration(duration) => Some(Some(after(duration))),
                    _ => None,
                }
            }
            (Op::Repeat(repeat, ..), StandingKind::Time) => {
                let every = self.linked.program.repeats.get(repeat.index())?.every;
                let Value::Duration(every) = every.map_or(Some(Value::Duration(Duration::ZERO)), |block| evaluator.value(&view, block).ok())? else {
                    return None;
                };
                let beat = view.frames.iter().rev().find_map(|frame| if let Frame::Pass { rhythm, beat, .. } = frame { Some((*rhythm, *beat)) } else { None });
                let (rhythm, beat) = beat?;
                let next = add_duration(rhythm, every.times(beat.saturating_add(1)), &self.zone, &self.linked.holidays);
                // Another length counts from the pass that is behind.
                let (began, _) = view.began()?;
                Some(Some(if standing.due == Some(next) { next } else { add_duration(began, every, &self.zone, &self.linked.holidays) }))
            }
            // The book is asked again: new variants or shares begin the experiment anew.
            (Op::Experiment(..), StandingKind::Time) => Some(Some(self.now)),
            (Op::WaitUntil(until, _), StandingKind::Until) => machine::until_instant(evaluator, &view, until, since).ok(),
            _ => None,
        }
    }
}
