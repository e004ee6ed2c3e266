//! Where one who stands in a campaign of the running program goes on in the new one.
//!
//! A pure function of both programs, their mapping and one enrollment. Nobody is moved here: `advance` does that.

use super::mapping::{Fate, How, Mapping};
use crate::base::Code;
use crate::bytecode::{Op, StepId, StepKind};
use crate::machine::Linked;
use crate::machine::state::{Enrollment, Frame, StandingKind, Thread};

/// Where a line of execution goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Landing {
    /// It waits on at the same place, with the time that has passed.
    Stays {
        /// The step.
        step: StepId,
        /// The place among the step's places.
        ordinal: u16,
        /// What it is inside of there, outermost first.
        frames: Vec<Frame>,
    },
    /// It comes to a step now, and begins it.
    Arrives {
        /// The step.
        step: StepId,
        /// What it is inside of there.
        frames: Vec<Frame>,
    },
    /// Its events are being gathered; it has not come to any step.
    Gathers,
    /// A line of `migrate` ends it, or it is left behind already.
    Stops,
    /// It has no place, and this is why.
    Nowhere(Code),
}

/// Both programs and what they have in common.
#[derive(Clone, Copy, Debug)]
pub struct Crossing<'c> {
    /// The program that runs.
    pub running: &'c Linked,
    /// The new one, with the identities it inherits by the mapping.
    pub next: &'c Linked,
    /// What became of each step.
    pub mapping: &'c Mapping,
}

/// Where the lines of an enrollment go on, in their order.
#[must_use]
pub fn land(crossing: &Crossing<'_>, enrollment: &Enrollment) -> Vec<Landing> {
    let is_gone = match crossing.running.campaign(enrollment.campaign) {
        Some(campaign) => crossing.mapping.campaigns.get(campaign.index()).is_none_or(|mapped| mapped.to.is_none()),
        // It was stranded by an earlier deploy.
        None => crossing.next.campaign(enrollment.campaign).is_none(),
    };
    if is_gone {
        return enrollment.threads.iter().map(|_| Landing::Nowhere(Code::E2108)).collect();
    }
    if enrollment.gathering.is_some() {
        return enrollment.threads.iter().map(|_| Landing::Gathers).collect();
    }
    let mut landings: Vec<Landing> = enrollment.threads.iter().map(|thread| land_thread(crossing, enrollment, thread)).collect();
    if !go_together(&landings) {
        let has_place = |landing: &Landing| matches!(landing, Landing::Stays { .. } | Landing::Arrives { .. });
        landings.iter_mut().filter(|landing| has_place(landing)).for_each(|landing| *landing = Landing::Nowhere(Code::E2104));
    }
    landings
}

fn land_thread(crossing: &Crossing<'_>, enrollment: &Enrollment, thread: &Thread) -> Landing {
    let standing = &thread.standing;
    let (to, how) = match crossing.running.step(standing.step).map(|step| crossing.mapping.fate(step)) {
        Some(Fate::Mapped { to, how }) => (*to, *how),
        Some(Fate::Stopped) => return Landing::Stops,
        Some(Fate::Ambiguous(_)) => return Landing::Nowhere(Code::E2102),
        Some(Fate::Gone) => return Landing::Nowhere(Code::E2103),
        // Stranded by an earlier deploy: this program may have the step again.
        None => match crossing.next.step(standing.step) {
            Some(step) => (step, How::Name),
            None => return Landing::Nowhere(Code::E2103),
        },
    };
    let frames = frames_at(crossing.next, to, (enrollment, thread));
    let op = crossing.next.program.find_place(to, standing.ordinal).and_then(|place| crossing.next.program.places.get(place.index()));
    let op = op.map(|place| crossing.next.op(place.pc.index()));
    let is_same_step = crossing.next.deployment.steps.get(to.index()) == Some(&standing.step);
    match op {
        Some(op) if fits(op, &standing.kind, is_same_step) => Landing::Stays { step: to, ordinal: standing.ordinal, frames },
        Some(_) => Landing::Arrives { step: to, frames },
        None if how == How::Rule => Landing::Arrives { step: to, frames },
        None => Landing::Nowhere(Code::E2103),
    }
}

/// Whether one who stands like that can go on waiting at that operation, with the time that has passed.
fn fits(op: Op, kind: &StandingKind, is_same_step: bool) -> bool {
    match kind {
        StandingKind::Time => {
            matches!(op, Op::Wait(_) | Op::WaitBetween(_)) || (is_same_step && matches!(op, Op::Repeat(..) | Op::Experiment(..) | Op::Timeline(..)))
        }
        StandingKind::Listen { .. } => matches!(op, Op::Listen(..)),
        StandingKind::Until => matches!(op, Op::WaitUntil(..)) || (is_same_step && matches!(op, Op::Timeline(..))),
        // What is held or asked belongs to its own step.
        StandingKind::Held { .. } => is_same_step && matches!(op, Op::Send(_)),
        StandingKind::Answer { .. } => is_same_step && matches!(op, Op::Webhook(..)),
        StandingKind::Asked => is_same_step && matches!(op, Op::Experiment(..)),
        StandingKind::Stranded | StandingKind::Running => is_same_step,
        // Who is faulted waits for the operator with all that was waited for.
        StandingKind::Faulted { was } => fits(op, was, is_same_step),
    }
}

/// What a place of the new program is inside of, outermost first: the contact's own frames where the step around carries on one of the
/// running program, else new ones. A new loop is in its first pass; of a new `parallel` the other branches count as done.
fn frames_at(next: &Linked, step: StepId, (enrollment, thread): (&Enrollment, &Thread)) -> Vec<Frame> {
    let around = around(next, step);
    let inner = around.iter().skip(1).copied().chain([step]);
    let mut frames = Vec::new();
    for (outer, inner) in around.iter().copied().zip(inner) {
        let Some(uid) = next.deployment.steps.get(outer.index()).copied() else { continue };
        let known = thread.frames.iter().copied();
        let arm = arm_of(next, outer, inner);
        match next.program.steps.get(outer.index()).map(|def| def.kind) {
            Some(StepKind::Repeat) => {
                let kept = known.into_iter().find(|frame| matches!(frame, Frame::Pass { repeat, .. } if *repeat == uid));
                let since = thread.standing.since;
                let first = Frame::Pass { repeat: uid, number: 1, started: since, started_seq: enrollment.started_seq, rhythm: since, beat: 0 };
                frames.push(kept.unwrap_or(first));
            }
            Some(StepKind::Parallel) => {
                let round = known.into_iter().find_map(|frame| match frame {
                    Frame::Branch { parallel, round, .. } if parallel == uid => Some(round),
                    Frame::Branch { .. } | Frame::Pass { .. } | Frame::Arm { .. } => None,
                });
                frames.push(Frame::Branch { parallel: uid, round: round.unwrap_or(1), branch: arm });
            }
            Some(StepKind::Timeline) => {
                let run = known.into_iter().find_map(|frame| match frame {
                    Frame::Arm { timeline, run, .. } if timeline == uid => Some(run),
                    Frame::Branch { .. } | Frame::Pass { .. } | Frame::Arm { .. } => None,
                });
                frames.push(Frame::Arm { timeline: uid, arm, run: run.unwrap_or(1) });
            }
            _ => {}
        }
    }
    // One who waits for the next pass, or stands at a timeline itself, is inside of that already or not: that stays as it was.
    let own = next.deployment.steps.get(step.index());
    frames.extend(thread.frames.iter().copied().filter(|frame| matches!(frame, Frame::Pass { repeat, .. } if Some(repeat) == own)));
    frames
}

/// The steps around a step, outermost first.
fn around(next: &Linked, step: StepId) -> Vec<StepId> {
    let parent = |step: StepId| next.program.outline.steps.get(step.index()).and_then(|outline| outline.parent);
    // A parent has a smaller number, so this ends.
    let mut found: Vec<StepId> = std::iter::successors(parent(step), |inner| parent(*inner).filter(|outer| outer < inner)).collect();
    found.reverse();
    found
}

/// In which arm of a step another one stands, from 0: the last that begins before it.
fn arm_of(next: &Linked, outer: StepId, inner: StepId) -> u16 {
    let program = &next.program;
    let start = program.code.iter().position(|op| *op == Op::Step(inner)).unwrap_or(0);
    let of_timeline = program.timelines.iter().find(|timeline| timeline.step == outer).map(|timeline| timeline.arms.iter().map(|arm| arm.target).collect());
    let of_parallel = || program.arms.iter().find(|arms| arms.step == outer).map(|arms| arms.targets.clone());
    let targets: Vec<_> = of_timeline.or_else(of_parallel).unwrap_or_default();
    let begun = targets.iter().filter(|target| target.index() <= start).count();
    u16::try_from(begun.saturating_sub(1)).unwrap_or(u16::MAX)
}

/// Whether lines can go on beside one another: any two of them stand in different branches of one `parallel`.
fn go_together(landings: &[Landing]) -> bool {
    let frames: Vec<&[Frame]> = landings.iter().filter_map(frames_of).collect();
    let apart = |a: &[Frame], b: &[Frame]| {
        let first = a.iter().zip(b).find(|(one, other)| one != other);
        matches!(first, Some((Frame::Branch { parallel: one, branch: a, .. }, Frame::Branch { parallel: other, branch: b, .. })) if one == other && a != b)
    };
    // Lines inside a timeline's arms run beside the one that stands at it.
    let is_free = |frames: &[Frame]| frames.iter().any(|frame| matches!(frame, Frame::Arm { .. }));
    frames.iter().enumerate().all(|(at, one)| frames.iter().skip(at + 1).all(|other| is_free(one) || is_free(other) || apart(one, other)))
}

fn frames_of(landing: &Landing) -> Option<&[Frame]> {
    match landing {
        Landing::Stays { frames, .. } | Landing::Arrives { frames, .. } => Some(frames),
        Landing::Gathers | Landing::Stops | Landing::Nowhere(_) => None,
    }
}
