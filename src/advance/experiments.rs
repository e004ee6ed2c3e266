//! Experiments: what all contacts together have shown of the variants. Counters, not scans.
//!
//! A contact that comes to one asks; the caller, who keeps the book, answers with [`InputKind::Variant`](super::InputKind::Variant) in the
//! same batch. What it then does for its variant is told to the book, once a contact and variant.

use super::InputKind;
use super::context::{Context, Line};
use super::lines::share_point;
use super::outcome::What;
use crate::bytecode::{ExperimentDef, ExperimentId, Measure, MessageEvent, Op, StepId};
use crate::lang::{Duration, Instant, Value, add_duration};
use crate::machine::state::{EffectId, EnrollmentUid, Participation, StandingKind, StepUid, ThreadId};
use crate::machine::{Entry, Evaluator, Linked};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a contact tells the book of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExperimentNote {
    /// It has come to the step, and asks where to go on.
    Arrived {
        /// The step.
        step: StepUid,
        /// The enrollment that stands there.
        enrollment: EnrollmentUid,
        /// Its line.
        thread: ThreadId,
        /// How long after the first arrival the winner is known.
        after: Duration,
        /// How many instantaneous effects lie behind it.
        chain: u32,
    },
    /// Something counts for or against a variant.
    Counted {
        /// The step.
        step: StepUid,
        /// The shape of the experiment it belongs to.
        shape: u64,
        /// The variant.
        variant: u16,
        /// What.
        what: Counted,
    },
}

/// What counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Counted {
    /// A contact took the variant.
    Came,
    /// A message of it was handed over to the contact, the first.
    HandedOver,
    /// That one failed after all.
    Failed,
    Converted,
}

/// Where a contact goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// At a variant, and is measured up to that instant.
    Try(u16, Instant),
    /// At the winner.
    Winner(u16),
    /// It waits for the winner up to that instant.
    Wait(Instant),
}

/// What one variant has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    came: u64,
    handed_over: u64,
    converted: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    shape: u64,
    first: Instant,
    decides_at: Instant,
    counts: Vec<Count>,
    winner: Option<u16>,
}

/// The counters of all experiments, by step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentBook {
    tallies: BTreeMap<StepUid, Tally>,
}

impl ExperimentBook {
    /// Takes a note of a contact in; the answer, where it asks.
    pub fn take(&mut self, linked: &Linked, contact: u64, note: ExperimentNote, now: Instant) -> Option<InputKind> {
        match note {
            ExperimentNote::Arrived { step, enrollment, thread, after, chain } => {
                let verdict = self.arrive(linked, (step, contact), after, now)?;
                Some(InputKind::Variant { enrollment, thread, verdict, chain })
            }
            ExperimentNote::Counted { step, shape, variant, what } => {
                self.count((step, shape), (variant, what), now);
                None
            }
        }
    }

    /// A contact has come to an experiment: where it goes on. `None` where the program has no such step.
    fn arrive(&mut self, linked: &Linked, (step, contact): (StepUid, u64), after: Duration, now: Instant) -> Option<Verdict> {
        let def = definition(linked, step)?;
        let fresh = Tally { shape: def.shape, first: now, decides_at: now, counts: vec![Count::default(); def.variants.len()], winner: None };
        let tally = self.tallies.entry(step).or_insert_with(|| fresh.clone());
        if tally.shape != def.shape {
            *tally = fresh;
        }
        if tally.winner.is_none() {
            tally.decides_at = add_duration(tally.first, after, &linked.zone, &linked.holidays);
        }
        if now >= tally.decides_at {
            let winner = *tally.winner.get_or_insert_with(|| winner(def, &tally.counts));
            return Some(Verdict::Winner(winner));
        }
        Some(variant_at(def, share_point(contact, step)).map_or(Verdict::Wait(tally.decides_at), |variant| Verdict::Try(variant, tally.decides_at)))
    }

    /// Takes in what counts; what comes after the decision, or belongs to former variants, does not.
    fn count(&mut self, (step, shape): (StepUid, u64), (variant, what): (u16, Counted), now: Instant) {
        let Some(tally) = self.tallies.get_mut(&step).filter(|tally| tally.shape == shape && tally.winner.is_none() && now <= tally.decides_at) else { return };
        let Some(count) = tally.counts.get_mut(usize::from(variant)) else { return };
        match what {
            Counted::Came => count.came += 1,
            Counted::HandedOver => count.handed_over += 1,
            Counted::Failed => count.handed_over = count.handed_over.saturating_sub(1),
            Counted::Converted => count.converted += 1,
        }
    }
}

fn definition(linked: &Linked, step: StepUid) -> Option<&ExperimentDef> {
    let linked = linked.with_step(step);
    let step = linked.step(step)?;
    linked.program.experiments.iter().find(|experiment| experiment.step == step)
}

/// The variant whose share a point falls into; none: it waits for the winner.
fn variant_at(def: &ExperimentDef, point: f64) -> Option<u16> {
    let mut upto = 0.0;
    for (variant, number) in def.variants.iter().zip(0_u16..) {
        upto += variant.share;
        if point < upto {
            return Some(number);
        }
    }
    // Shares that make up the whole leave nobody to a rounding of the last digit.
    let last = def.variants.iter().rposition(|variant| variant.share > 0.0).and_then(|last| u16::try_from(last).ok());
    last.filter(|_| upto > 1.0 - 1e-9)
}

/// Who has most converted of those it was handed over to; of equals, and without data, the first.
fn winner(def: &ExperimentDef, counts: &[Count]) -> u16 {
    let mut best: (u16, u128, u128) = (0, 0, 1);
    for ((variant, count), number) in def.variants.iter().zip(counts).zip(0_u16..) {
        let reached = if variant.is_sending { count.handed_over } else { count.came };
        let (converted, reached) = (u128::from(count.converted.min(reached)), u128::from(reached.max(1)));
        // As fractions: a/b > c/d is a·d > c·b.
        if converted * best.2 > best.1 * reached {
            best = (number, converted, reached);
        }
    }
    best.0
}

impl<'a> Context<'a> {
    /// An experiment is reached: its book is asked.
    pub fn arrive(&mut self, evaluator: &mut Evaluator, line: Line, experiment: ExperimentId) {
        let Some(def) = self.linked.program.experiments.get(experiment.index()) else { return };
        let after = match evaluator.value(&self.view_at(line), def.after) {
            Ok(Value::Duration(after)) => after,
            Ok(_) | Err(_) => Duration::ZERO,
        };
        let note = ExperimentNote::Arrived { step: self.step_uid(def.step), enrollment: line.enrollment, thread: line.thread, after, chain: self.chain };
        self.out.experiments.push(note);
    }

    /// The book has answered.
    pub fn take_verdict(&mut self, evaluator: &mut Evaluator, line: Line, verdict: Verdict) {
        self.inside(line.enrollment, |context| context.take_verdict_inside(evaluator, line, verdict));
    }

    fn take_verdict_inside(&mut self, evaluator: &mut Evaluator, line: Line, verdict: Verdict) {
        let Some(standing) = self.standing(line).filter(|standing| standing.kind == StandingKind::Asked) else { return };
        let Some(pc) = self.place_pc((standing.step, standing.ordinal)) else { return self.strand(line) };
        let linked = self.linked;
        let Op::Experiment(experiment, arms, _) = linked.op(pc) else { return self.strand(line) };
        let Some(def) = linked.program.experiments.get(experiment.index()) else { return };
        let variant = match verdict {
            Verdict::Wait(at) => {
                if let Some(thread) = self.thread_mut(line) {
                    thread.standing.kind = StandingKind::Time;
                    thread.standing.due = Some(at);
                }
                let text = format!("for the winner, until {}", self.clock_text(at));
                return self.note(line.enrollment, Some(standing.step), What::Waiting, text);
            }
            Verdict::Try(variant, until) => {
                self.take_part((standing.step, def), line.enrollment, (variant, until));
                variant
            }
            Verdict::Winner(variant) => variant,
        };
        let name = def.variants.get(usize::from(variant)).map(|variant| variant.name.clone()).unwrap_or_default();
        let text = if matches!(verdict, Verdict::Winner(_)) { format!("{name}, the winner") } else { name.to_string() };
        self.note(line.enrollment, Some(standing.step), What::Decided, text);
        let Some(target) = linked.program.arms.get(arms.index()).and_then(|arms| arms.targets.get(usize::from(variant))) else { return };
        self.go_on(evaluator, line, &Entry { pc: target.index(), last_send: standing.counts_from, ..Entry::default() });
    }

    /// The contact is part of the sample; one that comes again is counted once.
    fn take_part(&mut self, (step, def): (StepUid, &ExperimentDef), enrollment: EnrollmentUid, (variant, until): (u16, Instant)) {
        // One who is held out shows what happens without the campaign, not what a variant does.
        if self.is_held_out(enrollment) {
            return;
        }
        if let Some(known) = self.state.experiments.get(&step)
            && known.shape == def.shape
        {
            let again = Participation { enrollment, until, ..known.clone() };
            self.state.experiments.insert(step, again);
            return;
        }
        let part = Participation { shape: def.shape, variant, enrollment, until, handed_over: None, is_converted: false };
        self.state.experiments.insert(step, part);
        self.out.experiments.push(ExperimentNote::Counted { step, shape: def.shape, variant, what: Counted::Came });
    }

    /// Something happened to a sending that lies in a variant.
    pub fn measure_message(&mut self, effect: EffectId, step: StepUid, event: MessageEvent) {
        if self.state.experiments.is_empty() {
            return;
        }
        let Some(sent_at) = self.linked.step(step) else { return };
        for (experiment, def) in self.experiments_around(sent_at) {
            let is_measure = matches!((def.measure, event), (Measure::Opened, MessageEvent::Opened) | (Measure::Clicked, MessageEvent::Clicked));
            let what = match event {
                MessageEvent::Sent => Counted::HandedOver,
                MessageEvent::Failed => Counted::Failed,
                MessageEvent::Opened | MessageEvent::Clicked if is_measure => Counted::Converted,
                MessageEvent::Opened
                | MessageEvent::Clicked
                | MessageEvent::Skipped
                | MessageEvent::Delivered
                | MessageEvent::Replied
                | MessageEvent::Bounced
                | MessageEvent::Unsubscribed
                | MessageEvent::Complained => continue,
            };
            let is_in = |part: &Participation| {
                let variant = def.variants.get(usize::from(part.variant));
                variant.is_some_and(|variant| variant.contains(sent_at)) && part.shape == def.shape
            };
            if self.state.experiments.get(&experiment).is_some_and(is_in) {
                self.count(experiment, effect, what);
            }
        }
    }

    /// A goal of an enrollment was reached, by its number in the campaign.
    pub fn measure_goal(&mut self, enrollment: EnrollmentUid, goal: usize) {
        let linked = self.linked;
        let parts: Vec<(StepUid, u64)> =
            self.state.experiments.iter().filter(|(_, part)| part.enrollment == enrollment).map(|(step, part)| (*step, part.shape)).collect();
        for (step, shape) in parts {
            let is_measure =
                definition(linked, step).is_some_and(|def| def.shape == shape && def.measure == Measure::Goal(u16::try_from(goal).unwrap_or(u16::MAX)));
            if is_measure {
                self.count(step, EffectId([0; 20]), Counted::Converted);
            }
        }
    }

    /// Counts once a contact: its first hand-over, its conversion behind it.
    fn count(&mut self, step: StepUid, effect: EffectId, what: Counted) {
        let (linked, now) = (self.linked, self.now);
        let Some(known) = self.state.experiments.get(&step).filter(|part| now <= part.until) else { return };
        let mut part = known.clone();
        let is_sending = definition(linked, step).and_then(|def| def.variants.get(usize::from(part.variant))).is_some_and(|variant| variant.is_sending);
        let counts = match what {
            Counted::HandedOver if part.handed_over.is_none() => {
                part.handed_over = Some(effect);
                true
            }
            Counted::Failed if part.handed_over == Some(effect) && !part.is_converted => {
                part.handed_over = None;
                true
            }
            Counted::Converted if !part.is_converted && (!is_sending || part.handed_over.is_some()) => {
                part.is_converted = true;
                true
            }
            Counted::Came | Counted::HandedOver | Counted::Failed | Counted::Converted => false,
        };
        if counts {
            let note = ExperimentNote::Counted { step, shape: part.shape, variant: part.variant, what };
            self.state.experiments.insert(step, part);
            self.out.experiments.push(note);
        }
    }

    /// The experiments that a step stands in a variant of.
    fn experiments_around(&self, step: StepId) -> Vec<(StepUid, &'a ExperimentDef)> {
        let all = self.linked.program.experiments.iter();
        all.filter(|def| def.variants.iter().any(|variant| variant.contains(step))).map(|def| (self.step_uid(def.step), def)).collect()
    }
}
