//! Timelines: arms around a moment, each a line of its own at its time; the table *Steps*, and rulings 10 and 11.

use super::Mutant;
use super::person::{Frame, Person, Thread, TimelineArm, Wait};
use campc::lang::{Duration, Instant, TimeOfDay, Value, Zone, add_duration, local_instant, subtract_duration};
use campc::semantic::hir::{Step, StepKind};

impl<'p> Person<'p> {
    /// The moment that lies so far from a date; `at` replaces its time of day. None where there is no date.
    pub fn around(&self, value: &Value, (shift, is_before): (Duration, bool), at: Option<TimeOfDay>, zone: &Zone) -> Option<Instant> {
        let base = match value {
            Value::Date(date) => zone.day_start(*date),
            Value::DateTime(instant) => *instant,
            _ => return None,
        };
        let move_by = if is_before { subtract_duration } else { add_duration };
        let shifted = move_by(base, shift, zone, &self.world.holidays);
        Some(at.map_or(shifted, |time| local_instant(zone.date(shifted), time, zone)))
    }

    /// A line has come to a timeline. True where it goes on at once.
    pub fn come_to_timeline(&mut self, id: usize, thread: usize, step: &'p Step) -> bool {
        let StepKind::Timeline { arms, .. } = &step.kind else { return true };
        let Some(index) = self.enrollment(id) else { return false };
        // Each arm once an enrollment, also where a loop leads back to it.
        let known = self.enrollments[index].arms.iter().find(|(at, ..)| *at == step.header.id).map(|(_, seen, arms)| (seen.clone(), arms.clone()));
        let fresh = TimelineArm { planned: None, is_done: false, is_past: false };
        let (seen, arms) = known.unwrap_or_else(|| (Value::Unset, vec![fresh; arms.len()]));
        self.enrollments[index].threads[thread].wait = Some(Wait::Timeline { step, seen, arms, children: Vec::new() });
        self.plan_arms(id, thread, true);
        self.run_arms(id, thread)
    }

    /// Plans the arms that have not run; those whose moment is past do not run. False where nothing has moved.
    pub fn plan_arms(&mut self, id: usize, thread: usize, is_arrival: bool) -> bool {
        let Some(index) = self.enrollment(id) else { return false };
        let Some(Wait::Timeline { step, seen, mut arms, children }) = self.enrollments[index].threads[thread].wait.clone() else { return false };
        let StepKind::Timeline { anchor, is_again_when_moved, arms: defs } = &step.kind else { return false };
        let value = self.settled(self.value(anchor, self.asker(id, Some(thread)), self.now));
        // What is unset plans nothing, and has not moved: what was skipped stays skipped.
        let has_moved = value.is_set() && value != seen;
        let is_again = *is_again_when_moved && has_moved && seen.is_set();
        let before: Vec<(Option<Instant>, bool, bool)> = arms.iter().map(|arm| (arm.planned, arm.is_past, arm.is_done)).collect();
        let zone = self.zone();
        for (arm, def) in arms.iter_mut().zip(defs) {
            if arm.is_done && !is_again {
                continue;
            }
            arm.planned = self.around(&value, (def.shift, def.is_before), def.at, &zone);
            if is_arrival || has_moved || self.is_zone_new {
                let is_past = arm.planned.is_some_and(|at| at < self.now) && self.world.mutant != Mutant::PastArmsRun;
                arm.is_past = is_past || (arm.is_past && !value.is_set());
                arm.is_done = arm.is_done && arm.is_past;
            }
        }
        let value = if value.is_set() { value } else { seen };
        let has_changed = arms.iter().zip(before).any(|(arm, before)| (arm.planned, arm.is_past, arm.is_done) != before);
        self.remember_arms(index, (step, &value), &arms);
        self.enrollments[index].threads[thread].wait = Some(Wait::Timeline { step, seen: value, arms, children });
        has_changed || has_moved || is_arrival
    }

    /// Each arm once an enrollment, and again only where the date has moved since: also where a loop leads back to it.
    fn remember_arms(&mut self, index: usize, (step, seen): (&Step, &Value), arms: &[TimelineArm]) {
        let known = &mut self.enrollments[index].arms;
        known.retain(|(at, ..)| *at != step.header.id);
        known.push((step.header.id, seen.clone(), arms.to_vec()));
    }

    /// Runs the arms whose time has come, the earlier first. True where the timeline is behind.
    pub fn run_arms(&mut self, id: usize, thread: usize) -> bool {
        loop {
            self.plan_arms(id, thread, false);
            let Some(index) = self.enrollment(id) else { return false };
            let standing = &mut self.enrollments[index].threads[thread];
            let Some(Wait::Timeline { step, seen, arms, children }) = &mut standing.wait else { return false };
            let step: &'p Step = step;
            let open = arms.iter().enumerate().filter(|(_, arm)| !arm.is_done && !arm.is_past);
            let due = open.filter_map(|(number, arm)| Some((arm.planned?, number))).filter(|(at, _)| *at <= self.now).min();
            let Some((_, number)) = due else {
                // An arm that waits for its date is neither.
                let is_through = arms.iter().all(|arm| arm.is_done || arm.is_past);
                let children = children.clone();
                return is_through && self.end_timeline((index, thread), &children);
            };
            arms[number].is_done = true;
            let (known, seen) = (arms.clone(), seen.clone());
            let path = standing.path.clone();
            let StepKind::Timeline { arms: defs, .. } = &step.kind else { return false };
            let frames = vec![Frame::Arm(step, number), Frame::Block(&defs[number].body, 0)];
            let pass = self.asker(id, Some(thread)).pass;
            self.remember_arms(index, (step, &seen), &known);
            let enrollment = &mut self.enrollments[index];
            let child = enrollment.threads.len();
            if let Some(Wait::Timeline { children, .. }) = &mut enrollment.threads[thread].wait {
                children.push(child);
            }
            enrollment.threads.push(Thread { frames, wait: None, step: None, is_done: false, pass, red: None, path, is_unreachable: false });
            self.beginning.push((id, thread));
            self.run(id, child);
            self.beginning.pop();
        }
    }

    /// All arms have run: the line goes on once all of them are done.
    fn end_timeline(&mut self, (index, thread): (usize, usize), children: &[usize]) -> bool {
        let threads = &mut self.enrollments[index].threads;
        if !children.iter().all(|child| threads[*child].is_done) {
            return false;
        }
        let mut path: Vec<usize> = children.iter().flat_map(|child| threads[*child].path.clone()).chain(threads[thread].path.clone()).collect();
        path.sort_unstable();
        path.dedup();
        threads[thread].path = path;
        threads[thread].wait = None;
        true
    }

    /// The date of a timeline, or the zone, has changed: true where anything came of it.
    pub fn follow_date(&mut self, id: usize, thread: usize) -> bool {
        let before = self.enrollment(id).map(|index| self.enrollments[index].threads.len());
        if !self.plan_arms(id, thread, false) {
            return false;
        }
        if self.run_arms(id, thread) {
            self.run(id, thread);
            return true;
        }
        self.enrollment(id).map(|index| self.enrollments[index].threads.len()) != before
    }
}
