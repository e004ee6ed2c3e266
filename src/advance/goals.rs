//! Goals: what an enrollment is measured by. Counted once each, from enrolment on, also after the enrollment has ended.

use super::context::Context;
use super::outcome::{JournalEntry, What};
use crate::bytecode::{BlockId, Fact, GoalDef};
use crate::lang::{Instant, Value, add_duration};
use crate::machine::state::{Enrollment, EnrollmentUid};
use crate::machine::{Evaluator, earlier};
use std::sync::Arc;

/// How many ended enrollments of one contact are kept for their open goals; the oldest go first.
const ENDED_LIMIT: usize = 200;

impl<'a> Context<'a> {
    /// Counts the goals of an enrollment that hold at `at`, which is now, or earlier where a timer comes late.
    pub fn ask_goals(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, at: Instant) {
        self.inside(uid, |context| context.ask_goals_inside(evaluator, uid, at));
    }

    fn ask_goals_inside(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, at: Instant) {
        let mut recheck = None;
        for goal in self.goals_of(uid) {
            let Some(until) = self.open_until(evaluator, uid, goal) else { continue };
            if at > until {
                continue;
            }
            let mut view = self.view_of(Some(uid));
            view.now = at;
            view.as_of = (at < self.now).then_some(at);
            let (holds, change) = evaluator.truth_and_change(&view, goal.condition);
            if holds {
                self.reach(uid, goal);
            } else {
                recheck = earlier(recheck, change.filter(|change| *change <= until));
            }
        }
        if let Some(enrollment) = self.measured_mut(uid) {
            enrollment.goal_recheck = recheck;
        }
        if self.enrollment(uid).is_none() && !self.has_open_goals(evaluator, uid) {
            self.state.ended.retain(|known| known.uid != uid);
        }
    }

    /// Asks those that have ended, as far as what changed concerns them.
    pub fn ask_ended(&mut self, evaluator: &mut Evaluator, dirty: &[Fact], is_forced: bool) {
        let uids: Vec<EnrollmentUid> = self.state.ended.iter().map(|enrollment| enrollment.uid).collect();
        for uid in uids {
            let is_concerned = self.inside(uid, |context| context.goals_of(uid).iter().any(|goal| context.is_concerned(goal.condition, dirty)));
            if is_forced || is_concerned {
                self.ask_goals(evaluator, uid, self.now);
            }
        }
    }

    /// Keeps an enrollment that has just ended while a goal of it is open.
    pub fn keep_open_goals(&mut self, mut enrollment: Enrollment) {
        let uid = enrollment.uid;
        enrollment.threads.clear();
        self.state.ended.push(enrollment);
        if !self.has_open_goals(&mut Evaluator::default(), uid) {
            self.state.ended.retain(|known| known.uid != uid);
        }
        if self.state.ended.len() > ENDED_LIMIT {
            self.state.ended.remove(0);
        }
    }

    fn measured(&self, uid: EnrollmentUid) -> Option<&Enrollment> {
        self.state.enrollments.iter().chain(&self.state.ended).find(|known| known.uid == uid)
    }
    fn measured_mut(&mut self, uid: EnrollmentUid) -> Option<&mut Enrollment> {
        self.state.enrollments.iter_mut().chain(&mut self.state.ended).find(|known| known.uid == uid)
    }

    fn goals_of(&self, uid: EnrollmentUid) -> &'a [GoalDef] {
        let linked = self.code_of(uid);
        let campaign = self.measured(uid).and_then(|enrollment| linked.campaign(enrollment.campaign));
        campaign.and_then(|id| linked.program.campaigns.get(id.index())).map_or(&[], |def| def.goals.as_slice())
    }

    fn has_open_goals(&self, evaluator: &mut Evaluator, uid: EnrollmentUid) -> bool {
        self.goals_of(uid).iter().any(|goal| self.open_until(evaluator, uid, goal).is_some_and(|until| self.now <= until))
    }

    /// The last instant at which a goal counts; `None` where it has been counted.
    fn open_until(&self, evaluator: &mut Evaluator, uid: EnrollmentUid, goal: &GoalDef) -> Option<Instant> {
        let enrollment = self.measured(uid)?;
        if enrollment.goals.iter().any(|(key, _)| *key == goal.key) {
            return None;
        }
        let Some(within) = goal.within else { return Some(Instant::FAR_FUTURE) };
        match evaluator.value(&self.view_of(Some(uid)), within) {
            Ok(Value::Duration(length)) => Some(add_duration(enrollment.entered, length, &self.zone, &self.linked.holidays)),
            Ok(_) | Err(_) => None,
        }
    }

    fn is_concerned(&self, condition: BlockId, dirty: &[Fact]) -> bool {
        // Facts are numbered by the running program.
        if !self.is_current() {
            return true;
        }
        let reads = self.linked.program.blocks.get(condition.index()).map_or(&[][..], |block| block.reads.as_slice());
        let is_message = |fact: &Fact| matches!(fact, Fact::Message(_));
        // What happens to a message bears on everything that is said of it.
        // With another zone, days begin at other instants: what is said of dates may hold now.
        let has_moved = dirty.iter().any(|fact| self.is_timezone(*fact));
        has_moved || reads.iter().any(|fact| dirty.contains(fact)) || (reads.iter().any(is_message) && dirty.iter().any(is_message))
    }

    fn reach(&mut self, uid: EnrollmentUid, goal: &GoalDef) {
        let now = self.now;
        let Some(enrollment) = self.measured_mut(uid) else { return };
        enrollment.goals.push((goal.key.clone(), now));
        let (campaign, is_held_out) = (enrollment.campaign, enrollment.is_held_out);
        let past = self.state.past.entry(campaign);
        *past.goals.entry(goal.key.clone()) += 1;
        if is_held_out {
            *past.held_out.goals.entry(goal.key.clone()) += 1;
        }
        if let Some(number) = self.goals_of(uid).iter().position(|known| known.key == goal.key) {
            self.measure_goal(uid, number);
        }
        let text = self.linked.program.blocks.get(goal.condition.index()).map(|block| block.text.clone());
        let why: Arc<str> = goal.name.clone().or(text).unwrap_or_default();
        let cause = self.cause.clone();
        self.write(JournalEntry { at: now, campaign: Some(campaign), enrollment: Some(uid), step: None, what: What::Goal, why, cause });
    }
}
