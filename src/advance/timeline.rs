//! Timelines: arms around a moment. One line stands at the timeline; each arm that runs is a line of its own, so that no arm keeps another waiting.

use super::context::{CHAIN_LIMIT, Context, Line};
use super::outcome::What;
use super::settle::Resume;
use crate::bytecode::{Op, TimelineArmDef, TimelineDef, TimelineId};
use crate::lang::{Instant, Value};
use crate::machine::state::{ArmState, Frame, StandingKind, StepUid, Thread, ThreadId, TimelineState};
use crate::machine::{Entry, Evaluator, TimelineFlow};
use std::sync::Arc;

impl<'a> Context<'a> {
    /// A line has come to a timeline: its arms are planned, and those that are past are skipped.
    pub fn come_to_timeline(&mut self, evaluator: &mut Evaluator, line: Line, timeline: TimelineId) {
        let Some(def) = self.timeline_def(timeline) else { return };
        let step = self.step_uid(def.step);
        let Some(enrollment) = self.enrollment_mut(line.enrollment) else { return };
        match enrollment.timelines.iter_mut().find(|known| known.step == step) {
            // An arm runs once an enrollment, also where a loop leads back to it.
            Some(known) => known.is_active = true,
            None => enrollment.timelines.push(TimelineState { step, anchor: Value::Unset, zone: Arc::from(""), arms: Vec::new(), is_active: true }),
        }
        let anchor = self.anchor(evaluator, line, def);
        self.plan_arms(line, (def, step), &anchor);
    }

    /// Runs the arms whose time has come, and says what the line at the timeline does then.
    pub fn pass_timeline(&mut self, evaluator: &mut Evaluator, line: Line, timeline: TimelineId) -> TimelineFlow {
        let Some(def) = self.timeline_def(timeline) else { return TimelineFlow::Behind };
        let step = self.step_uid(def.step);
        if let Some(thread) = self.thread_mut(line) {
            thread.standing.kind = StandingKind::Running;
        }
        loop {
            if self.thread(line).is_none() {
                return TimelineFlow::Gone;
            }
            match self.next_arm(evaluator, line, (def, step)) {
                Some((at, index)) if at <= self.now => self.run_arm(evaluator, line, (def, index)),
                next => {
                    if next.is_none() && self.is_behind(line, (def, step)) {
                        self.timeline_state(line, step).into_iter().for_each(|state| state.is_active = false);
                        return TimelineFlow::Behind;
                    }
                    return TimelineFlow::Wait(next.map(|(at, _)| at));
                }
            }
            self.chain += 1;
            if self.chain > CHAIN_LIMIT {
                return TimelineFlow::Wait(None);
            }
        }
    }

    /// The date of a timeline, the contact's zone or the program has changed: the line that stands there follows.
    pub fn replan_timeline(&mut self, evaluator: &mut Evaluator, line: Line, timeline: TimelineId) {
        let Some(def) = self.timeline_def(timeline) else { return };
        let step = self.step_uid(def.step);
        let next = self.next_arm(evaluator, line, (def, step)).map(|(at, _)| at);
        let is_behind = next.is_none() && self.is_behind(line, (def, step));
        let now = self.now;
        if let Some(thread) = self.thread_mut(line) {
            thread.standing.due = if is_behind { Some(now) } else { next };
        }
    }

    /// An arm has done its steps: its line ends. The timeline goes on where this was the last.
    pub fn end_arm(&mut self, evaluator: &mut Evaluator, line: Line) {
        let Some(enrollment) = self.enrollment_mut(line.enrollment) else { return };
        let Some(at) = enrollment.threads.iter().position(|thread| thread.id == line.thread) else { return };
        let Some((Frame::Arm { timeline, .. }, outer)) = enrollment.threads.remove(at).frames.split_last().map(|(last, outer)| (*last, outer.to_vec())) else {
            return;
        };
        let standing = enrollment.threads.iter().find(|thread| thread.standing.step == timeline && thread.frames == outer);
        let waiting = standing.filter(|thread| thread.standing.kind == StandingKind::Until && thread.standing.due.is_none()).map(|thread| thread.id);
        if let Some(thread) = waiting {
            self.resume(evaluator, Line { thread, ..line }, Resume::Due);
        }
    }

    fn timeline_def(&self, timeline: TimelineId) -> Option<&'a TimelineDef> {
        let linked = self.linked;
        linked.program.timelines.get(timeline.index())
    }

    fn timeline_state(&mut self, line: Line, step: StepUid) -> Option<&mut TimelineState> {
        self.enrollment_mut(line.enrollment)?.timelines.iter_mut().find(|known| known.step == step)
    }

    fn anchor(&self, evaluator: &mut Evaluator, line: Line, def: &TimelineDef) -> Value {
        let view = self.view_at(line);
        evaluator.value(&view, def.anchor).map_or(Value::Unset, |value| view.calendar().settle(value))
    }

    fn moment_of(&self, arm: &TimelineArmDef, anchor: &Value) -> Option<Instant> {
        self.view_of(None).calendar().around(anchor, (arm.shift, arm.is_before), arm.at)
    }

    /// The arm that comes next, and when; plans the arms anew where the date, the zone or the program has changed.
    fn next_arm(&mut self, evaluator: &mut Evaluator, line: Line, (def, step): (&TimelineDef, StepUid)) -> Option<(Instant, usize)> {
        let anchor = self.anchor(evaluator, line, def);
        let state = self.enrollment(line.enrollment)?.timelines.iter().find(|known| known.step == step)?;
        let is_known = state.arms.len() == def.arms.len() && state.arms.iter().zip(&def.arms).all(|(state, arm)| state.key == arm.key);
        if !is_known || &*state.zone != self.zone.name() || (anchor.is_set() && state.anchor != anchor) {
            self.plan_arms(line, (def, step), &anchor);
        }
        let state = self.enrollment(line.enrollment)?.timelines.iter().find(|known| known.step == step)?;
        let open = def.arms.iter().zip(&state.arms).enumerate().filter(|(_, (_, state))| !state.is_done && !state.is_past);
        open.filter_map(|(index, (arm, _))| Some((self.moment_of(arm, &anchor)?, index))).min()
    }

    /// Plans the arms that have not run; where the date has moved and the timeline says so, those that have as well. What is past now is skipped.
    fn plan_arms(&mut self, line: Line, (def, step): (&TimelineDef, StepUid), anchor: &Value) {
        let zone: Arc<str> = Arc::from(self.zone.name());
        let moments: Vec<Option<Instant>> = def.arms.iter().map(|arm| self.moment_of(arm, anchor)).collect();
        let now = self.now;
        let Some(state) = self.timeline_state(line, step) else { return };
        let is_again = def.is_again_when_moved && anchor.is_set() && state.anchor.is_set() && state.anchor != *anchor;
        let known = std::mem::take(&mut state.arms);
        let mut skipped = Vec::new();
        for (arm, moment) in def.arms.iter().zip(moments) {
            let before = known.iter().find(|known| known.key == arm.key).cloned();
            let mut planned = before.unwrap_or_else(|| ArmState { key: arm.key.clone(), is_past: false, is_done: false, runs: 0 });
            planned.is_done = planned.is_done && !is_again;
            let is_past = moment.is_some_and(|moment| moment < now);
            if is_past && !planned.is_past && !planned.is_done {
                skipped.push(arm);
            }
            planned.is_past = is_past;
            state.arms.push(planned);
        }
        state.zone = zone;
        if anchor.is_set() {
            state.anchor = anchor.clone();
        }
        skipped.into_iter().for_each(|arm| self.note_past(line, (step, arm)));
    }

    /// Whether nothing is to come of a timeline: no arm runs, and none waits for its date.
    fn is_behind(&self, line: Line, (def, step): (&TimelineDef, StepUid)) -> bool {
        let Some(enrollment) = self.enrollment(line.enrollment) else { return true };
        let frames = self.thread(line).map_or(&[][..], |thread| thread.frames.as_slice());
        let is_inside = |thread: &Thread| {
            thread.frames.starts_with(frames) && matches!(thread.frames.get(frames.len()), Some(Frame::Arm { timeline, .. }) if *timeline == step)
        };
        let is_open = |state: &TimelineState| state.arms.len() != def.arms.len() || state.arms.iter().any(|arm| !arm.is_done && !arm.is_past);
        !enrollment.threads.iter().any(is_inside) && !enrollment.timelines.iter().find(|known| known.step == step).is_some_and(is_open)
    }

    /// The steps of an arm: for each whether it sends.
    fn steps_of(&self, arm: &TimelineArmDef) -> Vec<(StepUid, bool)> {
        let code = self.linked.program.code.get(arm.target.index()..).unwrap_or(&[]);
        let mut steps: Vec<(StepUid, bool)> = Vec::new();
        let mut depth = 0_u32;
        for op in code {
            match op {
                Op::EnterTimeline(inner) => depth += self.timeline_def(*inner).map_or(0, |def| u32::try_from(def.arms.len()).unwrap_or(0)),
                Op::EndArm(_) if depth == 0 => break,
                Op::EndArm(_) => depth -= 1,
                Op::Step(step) => steps.push((self.step_uid(*step), false)),
                Op::Send(_) => steps.iter_mut().last().into_iter().for_each(|(_, sends)| *sends = true),
                _ => {}
            }
        }
        steps
    }

    /// An arm is skipped: each message that does not come has its line, or else the arm.
    fn note_past(&mut self, line: Line, (timeline, arm): (StepUid, &TimelineArmDef)) {
        let sends: Vec<StepUid> = self.steps_of(arm).into_iter().filter(|(_, sends)| *sends).map(|(step, _)| step).collect();
        for step in if sends.is_empty() { vec![timeline] } else { sends } {
            self.note(line.enrollment, Some(step), What::Skipped, PAST);
        }
    }

    fn run_arm(&mut self, evaluator: &mut Evaluator, line: Line, (def, index): (&TimelineDef, usize)) {
        let Some(arm) = def.arms.get(index) else { return };
        let step = self.step_uid(def.step);
        let inside = self.steps_of(arm);
        let Some(state) = self.timeline_state(line, step).and_then(|state| state.arms.get_mut(index)) else { return };
        state.is_done = true;
        state.runs += 1;
        let run = state.runs;
        let frames = self.thread(line).map(|thread| thread.frames.clone()).unwrap_or_default();
        let frame = Frame::Arm { timeline: step, arm: u16::try_from(index).unwrap_or(u16::MAX), run };
        self.note(line.enrollment, Some(step), What::Decided, arm.key.clone());
        let now = self.now;
        let Some(enrollment) = self.enrollment_mut(line.enrollment) else { return };
        for (inner, _) in inside.into_iter().filter(|_| run > 1) {
            // What was done in the last run is not what a deploy has moved us behind.
            if enrollment.executed.contains(&inner) {
                *enrollment.executed.entry(inner) = 0;
            }
        }
        let id = enrollment.next_thread;
        enrollment.next_thread = ThreadId(id.0.saturating_add(1));
        let own = enrollment.threads.iter().position(|thread| thread.id == line.thread).unwrap_or(0);
        let before = enrollment.threads.iter().skip(own + 1).take_while(|thread| is_earlier(thread, frames.len(), &frame)).count();
        let frames = frames.into_iter().chain([frame]).collect();
        enrollment.threads.insert(own + 1 + before, Thread::new(id, frames, now));
        self.go_on(evaluator, Line { thread: id, ..line }, &Entry { pc: arm.target.index(), ..Entry::default() });
    }
}

/// Why an arm does not run whose moment was past when it was planned.
const PAST: &str = "past";

/// Whether a line belongs to an arm of the same timeline that stands before in the source.
fn is_earlier(thread: &Thread, depth: usize, frame: &Frame) -> bool {
    let Frame::Arm { timeline, arm, .. } = frame else { return false };
    matches!(thread.frames.get(depth), Some(Frame::Arm { timeline: known, arm: other, .. }) if known == timeline && other <= arm)
}
