//! A contact comes under a new program: memberships are computed anew, and being in or out because of that fires no trigger.

use super::context::{Context, Line};
use super::outcome::{Outcome, What};
use super::{Pacing, Reviving, Switches};
use crate::bytecode::{Op, SegmentId};
use crate::lang::{Duration, Instant, Record, Value, add_duration, from_json, to_json};
use crate::machine::state::{Aside, AsideKind, ContactState, Enrollment, EnrollmentUid, Frame, StableId, Standing, StandingKind, StepUid};
use crate::machine::{self, Evaluator, Linked};
use std::sync::Arc;

/// How contacts are brought under a program.
#[derive(Clone, Debug, Default)]
pub struct Bringing {
    /// The moments given to members of segments who come in at a pace.
    pub pacing: Pacing,
    /// Whether enrollments stay where they are for now: the roll-over rests, and only the contact's own things follow.
    pub is_resting: bool,
}

/// A line whose time is past by a deploy alone.
struct NewlyDue {
    campaign: StableId,
    due: Instant,
    line: Line,
}

/// What becomes due at once where `linked` takes a contact over: campaigns and new times.
#[must_use]
pub fn due_at_once(linked: &Linked, switches: &Switches, state: &ContactState, now: Instant) -> Vec<(StableId, Instant)> {
    let mut state = state.clone();
    let before = state.deployment;
    let due = Context::new(linked, switches, &mut state, now).move_enrollments(&mut Evaluator::default(), before);
    due.into_iter().map(|wait| (wait.campaign, wait.due)).collect()
}

/// Why a new program has no place for an enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// Its campaign is gone.
    Campaign,
    /// The step where it stands is gone.
    Step(StepUid),
}

/// Whether a contact still has to be brought under `linked`, as far as it may be now.
#[must_use]
pub fn is_behind(linked: &Linked, state: &ContactState, is_resting: bool) -> bool {
    state.deployment != linked.deployment.seq || (!is_resting && state.asides.iter().any(|(_, aside)| aside.kind == AsideKind::Resting))
}

/// Why `next` has no place for an enrollment, where it has none.
#[must_use]
pub fn lost(next: &Linked, enrollment: &Enrollment) -> Option<Lost> {
    let is_ruled = |standing: &Standing| next.deployment.moves.iter().any(|rule| rule.from == standing.step);
    let has_place = |standing: &Standing| next.place_pc(standing.step, standing.ordinal).is_some();
    if next.campaign(enrollment.campaign).is_none() {
        return (!enrollment.threads.iter().all(|thread| is_ruled(&thread.standing))).then_some(Lost::Campaign);
    }
    // Who still gathers has not come to any step.
    if enrollment.gathering.is_some() {
        return None;
    }
    let standings = enrollment.threads.iter().map(|thread| &thread.standing);
    // Who is faulted stands still in any case, until the operator looks.
    let is_still = |standing: &Standing| matches!(standing.kind, StandingKind::Stranded | StandingKind::Faulted { .. });
    let gone = standings.filter(|standing| !is_still(standing) && !is_ruled(standing) && !has_place(standing));
    gone.map(|standing| Lost::Step(standing.step)).next()
}

/// Brings a contact under `linked`, the program that runs from now on. Exits and conditions are asked at once: they are levels.
#[must_use]
pub fn redeploy(linked: &Linked, switches: &Switches, (state, bringing): (&mut ContactState, &mut Bringing), now: Instant) -> Outcome {
    let mut evaluator = Evaluator::default();
    let before = std::mem::replace(&mut state.deployment, linked.deployment.seq);
    let mut context = Context::new(linked, switches, state, now);
    context.set_cause(Arc::from("deploy"));
    if before != linked.deployment.seq {
        context.bring_contact(&mut evaluator, &mut bringing.pacing);
    }
    if bringing.is_resting {
        context.let_rest(before);
    } else {
        let due = context.move_enrollments(&mut evaluator, before);
        context.take_turns(&due);
    }
    context.is_forced = true;
    context.settle(&mut evaluator);
    context.finish(&mut evaluator)
}

impl Context<'_> {
    /// What is the contact's own follows the running program.
    fn bring_contact(&mut self, evaluator: &mut Evaluator, pacing: &mut Pacing) {
        let linked = self.linked;
        self.convert_fields();
        self.state.segments.retain(|id, _| linked.segment(*id).is_some());
        self.state.missed.retain(|missed| linked.campaign(missed.campaign).is_some());
        self.state.segment_wakes.retain(|id, _| linked.segment(*id).is_some());
        let members_before: Vec<StableId> = self.state.segments.iter().map(|(id, _)| *id).collect();
        self.is_quiet = true;
        for segment in 0..linked.program.segments.len() {
            self.refresh_segment(evaluator, SegmentId::from_index(segment), &[]);
        }
        // What the program itself has brought is no edge; what contacts do from here on is one.
        self.queue.clear();
        self.is_quiet = false;
        self.plan_existing(pacing, &members_before);
        self.recompute_fades();
    }

    /// Values of fields that have another type now are converted. What does not convert is given up where the deploy says so.
    fn convert_fields(&mut self) {
        let linked = self.linked;
        let zone = self.zone.clone();
        let fields: Vec<(StableId, Value)> = self.state.fields.iter().map(|(id, value)| (*id, value.clone())).collect();
        for (id, value) in fields {
            let Some(def) = linked.field(id).and_then(|field| linked.program.fields.get(field.index())).filter(|def| def.builtin.is_none()) else { continue };
            match from_json(&to_json(&value), &def.ty, &zone) {
                Ok(converted) if converted == value => {}
                Ok(converted) => drop(self.state.fields.insert(id, converted)),
                Err(_) if linked.deployment.terms.cleared.contains(&id) => drop(self.state.fields.remove(&id)),
                Err(_) => {}
            }
        }
    }

    /// The roll-over rests: enrollments go on by the program they are in.
    fn let_rest(&mut self, before: u32) {
        let now = self.now;
        for uid in self.state.enrollments.iter().map(|enrollment| enrollment.uid).collect::<Vec<_>>() {
            if self.state.aside(uid).is_none() {
                self.state.asides.insert(uid, Aside { deployment: before, since: now, kind: AsideKind::Resting });
            }
        }
    }

    /// Enrollments come under the running program: to their place in it, to an end, or aside. Returns those who become due by that.
    fn move_enrollments(&mut self, evaluator: &mut Evaluator, before: u32) -> Vec<NewlyDue> {
        let uids: Vec<EnrollmentUid> = self.state.enrollments.iter().map(|enrollment| enrollment.uid).collect();
        let moved: Vec<EnrollmentUid> = uids.into_iter().filter(|uid| self.moves(*uid, before)).collect();
        let waited = self.waits(&moved);
        self.apply_moves(evaluator, &moved);
        self.fit_lines(&moved);
        self.recompute_dues(evaluator, &moved);
        let now = self.now;
        let after = self.waits(&moved);
        let is_new = |wait: &NewlyDue| waited.iter().any(|known| known.line == wait.line && known.due > now);
        after.into_iter().filter(|wait| wait.due <= now && is_new(wait)).collect()
    }

    /// The lines that wait for a time.
    fn waits(&self, uids: &[EnrollmentUid]) -> Vec<NewlyDue> {
        let mut waits = Vec::new();
        for enrollment in self.state.enrollments.iter().filter(|enrollment| uids.contains(&enrollment.uid)) {
            for thread in &enrollment.threads {
                let is_wait = matches!(thread.standing.kind, StandingKind::Time | StandingKind::Until | StandingKind::Listen { .. });
                if let Some(due) = thread.standing.due.filter(|_| is_wait) {
                    waits.push(NewlyDue { campaign: enrollment.campaign, due, line: Line { enrollment: enrollment.uid, thread: thread.id } });
                }
            }
        }
        waits
    }

    /// Many who become due at once have their turns.
    fn take_turns(&mut self, due: &[NewlyDue]) {
        let linked = self.linked;
        let Some(release) = &linked.deployment.terms.release else { return };
        for wait in due.iter().filter(|wait| release.is_for(wait.campaign) && wait.due <= release.from()) {
            let turn = release.turn(wait.due, self.state.uid.0);
            let Some(thread) = self.thread_mut(wait.line) else { continue };
            thread.standing.due = Some(turn);
            let step = thread.standing.step;
            let text = format!("due at once; released {}", self.clock_text(turn));
            self.note(wait.line.enrollment, Some(step), What::Moved, text);
        }
    }

    /// Whether an enrollment goes on in the running program; where it does not, it ends or is put aside.
    fn moves(&mut self, uid: EnrollmentUid, before: u32) -> bool {
        let linked = self.linked;
        let known = self.state.aside(uid).cloned();
        let Some(enrollment) = self.enrollment_mut(uid) else { return false };
        if before == linked.deployment.seq && known.is_none() {
            // It came in under the running program.
            return false;
        }
        if linked.deployment.terms.ended.contains(&enrollment.campaign) {
            self.end(uid, What::Stopped, Arc::from("deploy"));
            return false;
        }
        let why = match lost(linked, enrollment) {
            None if self.convert_captures(uid) => {
                if let Some(enrollment) = self.enrollment_mut(uid) {
                    enrollment.program = linked.deployment.program;
                }
                self.state.asides.remove(&uid);
                return true;
            }
            None => "a captured value does not fit its new type",
            Some(Lost::Campaign) => "its campaign no longer exists",
            Some(Lost::Step(_)) => "it stands at a step that no longer exists",
        };
        self.put_aside(uid, (why, known, before));
        false
    }

    /// What an enrollment has captured is converted to the types of the new text; whether all of it could be.
    fn convert_captures(&mut self, uid: EnrollmentUid) -> bool {
        let (linked, zone) = (self.linked, self.zone.clone());
        let Some((_, def)) = self.enrollment(uid).and_then(|known| {
            let id = linked.campaign(known.campaign)?;
            Some((id, linked.program.campaigns.get(id.index())?))
        }) else {
            return true;
        };
        let Some(enrollment) = self.enrollment_mut(uid) else { return true };
        let mut converted = enrollment.captures.clone();
        // What nothing reads any more is let go.
        converted.retain(|captured| def.captures.iter().any(|slot| slot.name == captured.name));
        for captured in &mut converted {
            let slot = def.captures.iter().find(|slot| slot.name == captured.name);
            let Some(event) = slot.and_then(|slot| slot.event).and_then(|event| linked.program.events.get(event.index())) else { continue };
            let mut record = Record::clone(&captured.record);
            for property in &event.properties {
                let Some(value) = record.get(&property.name).filter(|value| value.is_set()) else { continue };
                let Ok(value) = from_json(&to_json(value), &property.ty, &zone) else { return false };
                record.insert(property.name.clone(), value);
            }
            if record != *captured.record {
                captured.record = Arc::new(record);
            }
        }
        enrollment.captures = converted;
        true
    }

    /// The operator's word on an enrollment that was put aside: it finishes on the program it is in, or ends.
    pub fn settle_aside(&mut self, uid: EnrollmentUid, how: Reviving) {
        let Some(aside) = self.state.aside(uid).cloned() else { return };
        match how {
            Reviving::End => self.end(uid, What::Stopped, Arc::from("ended by the operator")),
            Reviving::GoOn if matches!(aside.kind, AsideKind::Stranded(_)) => {
                self.state.asides.insert(uid, Aside { since: self.now, kind: AsideKind::Finishing, ..aside });
                // What fell due while it stood still is due now.
                self.is_forced = true;
                self.note(uid, None, What::Moved, "finishes on the program it is in: released by the operator");
            }
            Reviving::GoOn => {}
        }
    }

    /// An enrollment has no place: it finishes on the program it is in, where the deploy says so, or is stranded.
    fn put_aside(&mut self, uid: EnrollmentUid, (why, known, before): (&str, Option<Aside>, u32)) {
        if known.as_ref().is_some_and(|aside| aside.kind == AsideKind::Finishing) {
            return;
        }
        let is_stranded = self.state.is_stranded(uid);
        let (deployment, since) = known.map_or((before, self.now), |aside| (aside.deployment, aside.since));
        if self.linked.deployment.terms.is_finishing_on_old {
            self.state.asides.insert(uid, Aside { deployment, since: self.now, kind: AsideKind::Finishing });
            return self.note(uid, None, What::Moved, "finishes on the program it is in");
        }
        self.state.asides.insert(uid, Aside { deployment, since, kind: AsideKind::Stranded(Arc::from(why)) });
        if !is_stranded {
            self.note(uid, None, What::Problem, format!("stranded: {why}"));
        }
    }
}

impl Context<'_> {
    /// The times of those who wait follow the new text: from where the wait began, by the calendar rules. What is past is due now.
    fn recompute_dues(&mut self, evaluator: &mut Evaluator, moved: &[EnrollmentUid]) {
        let lines: Vec<Line> = moved.iter().flat_map(|uid| self.lines(*uid)).collect();
        self.refit_gatherings(moved);
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
