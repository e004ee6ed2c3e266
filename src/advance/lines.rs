//! Lines of execution: where `parallel` divides and unites them, which arm of a `split` they take, and how they go round in a `repeat`.

use super::context::{Context, Line};
use super::outcome::What;
use crate::bytecode::{ArmsId, EventId, Op, RepeatDef, RepeatId, SplitId};
use crate::lang::{Duration, Instant, Record, Value, add_duration};
use crate::machine::state::{EffectId, EnrollmentUid, Frame, SendStatus, StepUid, Thread, ThreadId};
use crate::machine::{Entry, Evaluator, Fault, PassFlow, View, earlier};
use std::sync::Arc;

/// Branches that one line may stand inside of: more than a source can nest, so that only a damaged program comes to it.
const MOST_BRANCHES: usize = 256;
/// Lines that one enrollment may have at a time.
const MOST_LINES: usize = 4_096;
/// A pass that comes later than this after its time sets the rhythm anew; up to then it counts as punctual.
const LATE_MS: i64 = 60_000;

impl<'a> Context<'a> {
    /// A line becomes one line a branch; each runs until it waits, in source order.
    pub fn fork(&mut self, evaluator: &mut Evaluator, line: Line, (arms, last_send): (ArmsId, Option<EffectId>)) {
        let linked = self.linked;
        let Some(def) = linked.program.arms.get(arms.index()) else { return };
        let (parallel, now) = (self.step_uid(def.step), self.now);
        let Some(enrollment) = self.enrollment_mut(line.enrollment) else { return };
        let Some(at) = enrollment.threads.iter().position(|thread| thread.id == line.thread) else { return };
        if enrollment.threads.len() > MOST_LINES || enrollment.threads.get(at).is_some_and(|thread| thread.frames.len() > MOST_BRANCHES) {
            // A branch that leads to where it was divided would go on for ever, and each time deeper.
            self.fault(line, Fault::OutOfFuel);
            return evaluator.refuel();
        }
        let parent = enrollment.threads.remove(at);
        let round = enrollment.next_thread.0;
        let mut children = Vec::new();
        for branch in 0..def.targets.len() {
            let id = enrollment.next_thread;
            enrollment.next_thread = ThreadId(id.0.saturating_add(1));
            let mut frames = parent.frames.clone();
            frames.push(Frame::Branch { parallel, round, branch: u16::try_from(branch).unwrap_or(u16::MAX) });
            enrollment.threads.insert(at + branch, Thread::new(id, frames, now));
            children.push(Line { thread: id, ..line });
        }
        // Every branch comes to its first wait before anything is heard there: what ends a loop around them is asked behind the last one.
        let outer = self.forking.replace(line.enrollment);
        for (child, target) in children.into_iter().zip(&def.targets) {
            // One before may have ended them all.
            if self.thread(child).is_some() {
                self.go_on(evaluator, child, &Entry { pc: target.index(), last_send, ..Entry::default() });
            }
        }
        self.forking = outer;
        if outer != Some(line.enrollment) {
            for known in self.lines(line.enrollment) {
                self.ask_untils(evaluator, known);
            }
        }
    }

    /// The line that runs has come to the end of its branch: whether it is the last one, and goes on.
    pub fn join_line(&mut self, line: Line, arms: ArmsId) -> bool {
        let Some(def) = self.linked.program.arms.get(arms.index()) else { return true };
        let parallel = self.step_uid(def.step);
        let Some(thread) = self.thread(line) else { return false };
        let is_own = |frame: &Frame| matches!(frame, Frame::Branch { parallel: known, .. } if *known == parallel);
        let Some(at) = thread.frames.iter().rposition(is_own) else { return true };
        let rounds = |thread: &Thread| thread.frames.get(at).and_then(|frame| if let Frame::Branch { round, .. } = frame { Some(*round) } else { None });
        let round = rounds(thread);
        let Some(enrollment) = self.enrollment_mut(line.enrollment) else { return false };
        let is_last = !enrollment.threads.iter().any(|thread| thread.id != line.thread && rounds(thread) == round);
        if !is_last {
            enrollment.threads.retain(|thread| thread.id != line.thread);
        } else if let Some(thread) = enrollment.thread_mut(line.thread) {
            thread.frames.truncate(at);
        }
        is_last
    }

    /// The arm that the contact takes: the same at every re-entry, and under every program that has the step.
    pub fn split_arm(&mut self, line: Line, split: SplitId) -> usize {
        let Some(def) = self.linked.program.splits.get(split.index()) else { return 0 };
        let step = self.step_uid(def.step);
        let point = share_point(self.state.uid.0, step);
        let mut upto = 0.0;
        let mut found = None;
        for (at, arm) in def.arms.iter().enumerate() {
            upto += arm.share.unwrap_or(0.0);
            if found.is_none() && point < upto {
                found = Some(at);
            }
        }
        // What rounding leaves belongs to the last arm that takes any.
        let rest = def.arms.iter().position(|arm| arm.share.is_none());
        let last = def.arms.iter().rposition(|arm| arm.share.is_some_and(|share| share > 0.0));
        let arm = found.or(rest).or(last).unwrap_or(0);
        let name = def.arms.get(arm).map(|arm| arm.name.clone()).unwrap_or_default();
        self.note(line.enrollment, Some(step), What::Decided, name);
        arm
    }

    /// The head of a loop: what a line does that has come to it. `due` is when the gap before the pass was to end, where one ends now.
    pub fn pass(&mut self, evaluator: &mut Evaluator, line: Line, (repeat, due): (RepeatId, Option<Instant>)) -> PassFlow {
        let linked = self.linked;
        let Some(def) = linked.program.repeats.get(repeat.index()) else { return PassFlow::Leave };
        let uid = self.step_uid(def.step);
        let frames = self.thread(line).map(|thread| thread.frames.clone()).unwrap_or_default();
        let own = frames.iter().rposition(|frame| is_pass_of(frame, uid));
        let outer = frames.get(..own.unwrap_or(frames.len())).unwrap_or(&[]);
        let known = own.and_then(|at| frames.get(at)).and_then(pass_of);
        let done = known.map_or(0, |pass| pass.number);
        let view = View { frames: outer, ..self.view_of(Some(line.enrollment)) };
        let is_through = times_of(evaluator, &view, def) <= f64::from(done);
        let holds = !is_through && def.until.is_some_and(|until| evaluator.is_true(&view, until));
        let every = def.every.and_then(|every| evaluator.value(&view, every).ok());
        if is_through || holds {
            self.leave_loop(line, (def, outer.len()), holds);
            return PassFlow::Leave;
        }
        let mut beat = None;
        if let (Some(pass), Some(Value::Duration(every))) = (known, every) {
            let next = self.after_from(pass.rhythm, every.times(pass.beat.saturating_add(1)));
            if next > self.now && due.is_none() {
                return PassFlow::Wait(next);
            }
            beat = (due.unwrap_or(self.now) == next).then_some((pass.rhythm, pass.beat.saturating_add(1)));
        }
        if known.is_some_and(|pass| pass.started == self.now) && !self.may_chain() {
            self.leave_loop(line, (def, outer.len()), false);
            return PassFlow::Leave;
        }
        let started = due.filter(|due| self.now.millis_since(*due) <= LATE_MS).unwrap_or(self.now);
        // One that comes late begins a rhythm of its own.
        let (rhythm, beat) = beat.filter(|_| due.is_none_or(|due| self.now.millis_since(due) <= LATE_MS)).unwrap_or((started, 0));
        let frame = Frame::Pass { repeat: uid, number: done.saturating_add(1), started, started_seq: self.seq, rhythm, beat };
        self.begin_pass(line, (def, outer.len()), frame);
        PassFlow::Begin
    }

    fn after_from(&self, from: Instant, duration: Duration) -> Instant {
        add_duration(from, duration, &self.zone, &self.linked.holidays)
    }

    fn begin_pass(&mut self, line: Line, (def, depth): (&RepeatDef, usize), frame: Frame) {
        let inside: Vec<StepUid> = (def.step.0.saturating_add(1)..=def.last.0).map(|step| self.step_uid(crate::bytecode::StepId(step))).collect();
        let Some(enrollment) = self.enrollment_mut(line.enrollment) else { return };
        for step in inside {
            // What was done in the last pass is not what a deploy has moved us behind.
            if enrollment.executed.contains(&step) {
                *enrollment.executed.entry(step) = 0;
            }
        }
        if let Some(thread) = enrollment.thread_mut(line.thread) {
            thread.frames.truncate(depth);
            thread.frames.push(frame);
        }
    }

    fn leave_loop(&mut self, line: Line, (def, depth): (&RepeatDef, usize), holds: bool) {
        if let Some(thread) = self.thread_mut(line) {
            thread.frames.truncate(depth);
        }
        if holds && let Some(until) = def.until {
            let text = self.linked.program.blocks.get(until.index()).map(|block| block.text.clone()).unwrap_or_default();
            self.note(line.enrollment, Some(self.step_uid(def.step)), What::Decided, text);
        }
    }

    /// Asks what ends the loops around a standing line, the outermost first; leaves the one that ends. Whether one did.
    pub fn ask_untils(&mut self, evaluator: &mut Evaluator, line: Line) -> bool {
        let Some(thread) = self.thread_mut(line) else { return false };
        // Behind the loop nobody asks: what is still noted would be due for ever.
        thread.until_recheck = None;
        if thread.frames.is_empty() {
            return false;
        }
        let frames = thread.frames.clone();
        let mut recheck = None;
        for (depth, frame) in frames.iter().enumerate() {
            let Frame::Pass { repeat, .. } = frame else { continue };
            let Some(def) = self.repeat_of(*repeat) else { continue };
            let Some(until) = def.until else { continue };
            let view = View { frames: frames.get(..depth).unwrap_or(&[]), ..self.view_of(Some(line.enrollment)) };
            let (holds, change) = evaluator.truth_and_change(&view, until);
            if holds {
                self.end_loop(evaluator, line, (def, frames.get(..=depth).unwrap_or(&[])));
                return true;
            }
            recheck = earlier(recheck, change);
        }
        if let Some(thread) = self.thread_mut(line) {
            thread.until_recheck = recheck;
        }
        false
    }

    /// The `until` of a loop holds while lines wait inside: one goes on behind it, with what they held taken back.
    fn end_loop(&mut self, evaluator: &mut Evaluator, line: Line, (def, inside): (&RepeatDef, &[Frame])) {
        let uid = self.step_uid(def.step);
        let Some(Op::Repeat(_, behind, _)) = self.place_pc((uid, 0)).map(|pc| self.linked.op(pc)) else { return };
        let held =
            self.state.sends.iter().filter(|send| send.enrollment == line.enrollment && send.status == SendStatus::Held && send.frames.starts_with(inside));
        let held: Vec<EffectId> = held.map(|send| send.effect).collect();
        for effect in held {
            self.cancel_send(effect, "the condition held first");
        }
        if let Some(enrollment) = self.enrollment_mut(line.enrollment) {
            enrollment.threads.retain(|thread| thread.id == line.thread || !thread.frames.starts_with(inside));
        }
        self.leave_loop(line, (def, inside.len().saturating_sub(1)), true);
        self.go_on(evaluator, line, &Entry { pc: behind.index(), ..Entry::default() });
    }

    fn repeat_of(&self, uid: StepUid) -> Option<&'a RepeatDef> {
        let linked = self.linked;
        let step = linked.step(uid)?;
        linked.program.repeats.iter().find(|repeat| repeat.step == step)
    }

    /// A step records an event of the contact, at once.
    pub fn emit_event(&mut self, evaluator: &mut Evaluator, line: Line, (event, record): (EventId, Value)) {
        // An acceptance of its own: what the enrollment itself brings about is history of it.
        self.seq = self.state.next_seq;
        self.state.next_seq += 1;
        let calendar = self.view_of(Some(line.enrollment)).calendar();
        let record: Record = match record {
            Value::Record(record) => record.iter().map(|(key, value)| (key.clone(), calendar.settle(value.clone()))).collect(),
            _ => Record::new(),
        };
        let mut group = Vec::new();
        self.accept_event(event, (Arc::new(record), self.now), &mut group);
        self.after_event(evaluator, group);
    }

    /// The frames of lines fit the new program: what is no longer around a line is taken off, a loop that has come around it is put on.
    pub fn fit_lines(&mut self, moved: &[EnrollmentUid]) {
        let lines: Vec<Line> = moved.iter().flat_map(|uid| self.lines(*uid)).collect();
        for line in lines {
            let Some((frames, standing)) = self.thread(line).map(|thread| (thread.frames.clone(), thread.standing.clone())) else { continue };
            let Some(step) = self.linked.step(standing.step) else { continue };
            let fitted = self.fitted(frames, (step, standing.since));
            if let Some(thread) = self.thread_mut(line) {
                thread.frames = fitted;
            }
        }
        for uid in moved {
            self.unite_lines(*uid);
        }
    }

    fn fitted(&self, frames: Vec<Frame>, (step, since): (crate::bytecode::StepId, Instant)) -> Vec<Frame> {
        let program = &self.linked.program;
        let mut kept: Vec<(crate::bytecode::StepId, Frame)> = Vec::new();
        for frame in frames {
            let (Frame::Pass { repeat: uid, .. } | Frame::Branch { parallel: uid, .. } | Frame::Arm { timeline: uid, .. }) = frame;
            let Some(around) = self.linked.step(uid) else { continue };
            let is_around = match frame {
                Frame::Pass { .. } => program.repeats.iter().any(|repeat| repeat.step == around && repeat.contains(step)),
                Frame::Branch { .. } => program.arms.iter().any(|arms| arms.step == around && arms.contains(step)),
                Frame::Arm { .. } => program.timelines.iter().any(|timeline| timeline.step == around && timeline.contains(step)),
            };
            if is_around {
                kept.push((around, frame));
            }
        }
        for repeat in program.repeats.iter().filter(|repeat| repeat.step < step && step <= repeat.last) {
            if !kept.iter().any(|(around, _)| *around == repeat.step) {
                let frame = Frame::Pass { repeat: self.step_uid(repeat.step), number: 1, started: since, started_seq: 0, rhythm: since, beat: 0 };
                kept.push((repeat.step, frame));
            }
        }
        // An enclosing step has the smaller number.
        kept.sort_by_key(|(around, _)| *around);
        kept.into_iter().map(|(_, frame)| frame).collect()
    }

    /// Lines whose `parallel` is gone are one again: the one that is least far goes on, so that nothing is left out.
    fn unite_lines(&mut self, uid: crate::machine::state::EnrollmentUid) {
        let linked = self.linked;
        let Some(enrollment) = self.enrollment(uid).filter(|enrollment| enrollment.threads.len() > 1) else { return };
        let mut order: Vec<(usize, ThreadId)> =
            enrollment.threads.iter().map(|thread| (linked.step(thread.standing.step).map_or(usize::MAX, |step| step.index()), thread.id)).collect();
        order.sort_unstable();
        let mut kept: Vec<&Thread> = Vec::new();
        for thread in order.iter().filter_map(|(_, id)| enrollment.thread(*id)) {
            if !kept.iter().any(|known| known.frames == thread.frames) {
                kept.push(thread);
            }
        }
        let gone: Vec<ThreadId> = enrollment.threads.iter().map(|thread| thread.id).filter(|id| !kept.iter().any(|known| known.id == *id)).collect();
        for thread in gone {
            let line = Line { enrollment: uid, thread };
            if let Some(crate::machine::state::StandingKind::Held { effect, .. }) = self.standing(line).map(|standing| standing.kind) {
                self.cancel_send(effect, "deploy");
            }
            if let Some(enrollment) = self.enrollment_mut(uid) {
                enrollment.threads.retain(|known| known.id != thread);
            }
        }
    }
}

/// What a loop knows of the pass that a line is in.
#[derive(Clone, Copy)]
struct Pass {
    number: u32,
    started: Instant,
    rhythm: Instant,
    beat: u32,
}

fn pass_of(frame: &Frame) -> Option<Pass> {
    if let Frame::Pass { number, started, rhythm, beat, .. } = frame {
        Some(Pass { number: *number, started: *started, rhythm: *rhythm, beat: *beat })
    } else {
        None
    }
}

fn is_pass_of(frame: &Frame, uid: StepUid) -> bool {
    matches!(frame, Frame::Pass { repeat, .. } if *repeat == uid)
}

/// How many passes there are at the most; an unset number is none.
fn times_of(evaluator: &mut Evaluator, view: &View<'_>, def: &RepeatDef) -> f64 {
    evaluator.value(view, def.times).ok().and_then(|times| times.as_number()).map_or(0.0, f64::floor)
}

/// A point between 0 and 1 that is fixed by the contact and the step.
pub(super) fn share_point(contact: u64, step: StepUid) -> f64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"campc-share-1").update(&contact.to_be_bytes()).update(&step.0.to_be_bytes());
    let mut bytes = [0; 4];
    hasher.finalize_xof().fill(&mut bytes);
    f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}
