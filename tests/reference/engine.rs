//! What follows an input: goals, exits, decisions, then those who are triggered; the chapter *Time, order and history*, 2 to 5.

use super::Mutant;
use super::person::{Arm, Fate, Frame, Person, Wait};
use super::values::Asker;
use campc::advance::What;
use campc::bytecode::CampaignId;
use campc::lang::{Instant, Value, add_duration};
use campc::semantic::hir::ExprKind;

/// More things at one instant than any sane project brings about.
const CHAIN: usize = 90;

impl<'p> Person<'p> {
    /// Runs to completion: until nobody can go on at this instant and nothing more is triggered.
    pub fn settle(&mut self) {
        let mut links = 0;
        for round in 0.. {
            assert!(round < 5_000, "reactions without end at {:?}: {:?}", self.now, self.enrollments);
            while let Some(edge) = self.edges.pop_front() {
                self.update_captures(&edge);
                self.find_triggers(&edge);
            }
            if self.react() {
                continue;
            }
            self.is_zone_new = false;
            let Some(start) = self.starts.pop_front() else { return };
            links += 1;
            if links > CHAIN {
                self.starts.clear();
                self.log(What::Problem, None, None, "a chain without end");
                return;
            }
            self.enrol(start);
        }
    }

    /// Until nothing follows, and all places that are wanted at this instant have been given.
    pub fn complete(&mut self) {
        self.settle();
        while self.award() {
            self.settle();
        }
    }

    /// The first thing that can happen to those who are inside: a goal, an exit, a decision. False where there is none.
    fn react(&mut self) -> bool {
        self.count_goals();
        if self.world.mutant == Mutant::ExitAfterDecision {
            return self.decide() || self.leave_by_exit();
        }
        self.leave_by_exit() || self.decide()
    }

    pub fn asker(&self, id: usize, thread: Option<usize>) -> Asker<'static> {
        let enrollment = self.enrollment(id);
        let pass = enrollment.zip(thread).and_then(|(index, thread)| {
            let threads = &self.enrollments[index].threads;
            pass_of(&threads[thread].frames).or(threads[thread].pass)
        });
        Asker { enrollment, thread, pass, ..Asker::default() }
    }

    /// In whose name the `until` of a loop is asked that stands at a depth of frames.
    fn asker_outside(&self, id: usize, thread: usize, depth: usize) -> Asker<'static> {
        let asker = self.asker(id, Some(thread));
        let Some(index) = asker.enrollment else { return asker };
        let threads = &self.enrollments[index].threads;
        Asker { pass: pass_of(&threads[thread].frames[..depth]).or(threads[thread].pass), ..asker }
    }

    /// A loop whose `until` holds is left at once, whatever its body waits for.
    pub fn leave_loop(&mut self, id: usize, thread: usize) -> bool {
        let Some(index) = self.enrollment(id) else { return false };
        let threads = &self.enrollments[index].threads;
        if threads[thread].wait.is_none() {
            return false;
        }
        let frames = threads[thread].frames.clone();
        let found = frames.iter().enumerate().find(|(depth, frame)| match frame {
            Frame::Repeat(step, ..) => self.until_holds(step, self.asker_outside(id, thread, *depth)),
            Frame::Block(..) | Frame::Reach(..) | Frame::Arm(..) => false,
        });
        let gap = match &threads[thread].wait {
            Some(Wait::Gap { step, .. }) if self.until_holds(step, self.asker(id, Some(thread))) => Some(frames.len()),
            _ => None,
        };
        let Some(depth) = found.map(|(depth, _)| depth).or(gap) else { return false };
        self.drop_wait(index, thread);
        self.enrollments[index].threads[thread].frames.truncate(depth);
        self.run(id, thread);
        true
    }

    fn until_holds(&self, step: &campc::semantic::hir::Step, asker: Asker<'_>) -> bool {
        let campc::semantic::hir::StepKind::Repeat { until: Some(until), .. } = &step.kind else { return false };
        self.is_true(until, asker, self.now)
    }

    /// What a thread waits for is given up: held messages and branches with it.
    pub fn drop_wait(&mut self, index: usize, thread: usize) {
        match self.enrollments[index].threads[thread].wait.take() {
            Some(Wait::Held { send, .. } | Wait::Place { send, .. }) => self.sends[send].fate = Fate::Cancelled,
            Some(Wait::Join(children) | Wait::Timeline { children, .. }) => {
                for child in children {
                    self.drop_wait(index, child);
                    self.enrollments[index].threads[child].is_done = true;
                    self.enrollments[index].threads[child].frames.clear();
                }
            }
            _ => {}
        }
    }

    pub fn enrollment(&self, id: usize) -> Option<usize> {
        self.enrollments.iter().position(|enrollment| enrollment.id == id && !enrollment.is_over)
    }

    /// Whether a line `exit when` holds for it now.
    pub fn is_leaving(&self, id: usize) -> bool {
        let Some(index) = self.enrollment(id) else { return false };
        let exits = &self.campaign(self.enrollments[index].campaign).exits;
        exits.iter().any(|exit| self.is_true(&exit.condition, self.asker(id, None), self.now))
    }

    fn leave_by_exit(&mut self) -> bool {
        let leaving = self.enrollments.iter().filter(|enrollment| !enrollment.is_over).map(|enrollment| enrollment.id).find(|id| self.is_leaving(*id));
        if let Some(id) = leaving {
            self.end(id, What::Exited, "");
        }
        leaving.is_some()
    }

    /// The first listening place, in source order within the oldest enrollment, whose condition holds.
    fn decide(&mut self) -> bool {
        let mut all: Vec<(usize, usize)> = self.enrollments.iter().flat_map(|e| (0..e.threads.len()).map(move |thread| (e.id, thread))).collect();
        all.sort_by_key(|(id, thread)| (*id, self.place(*id, *thread)));
        all.into_iter().any(|(id, thread)| self.go_on_if_it_holds(id, thread))
    }

    fn go_on_if_it_holds(&mut self, id: usize, thread: usize) -> bool {
        let Some(index) = self.enrollment(id) else { return false };
        if self.is_at_rest(self.enrollments[index].campaign) {
            self.follow_at_rest(id, thread);
            return false;
        }
        if self.leave_loop(id, thread) {
            return true;
        }
        let asker = self.asker(id, Some(thread));
        match self.enrollments[index].threads[thread].wait.clone() {
            Some(Wait::Listen { arms, due, from_seq, .. }) => {
                let is_too_late = self.world.mutant == Mutant::DeadlineExclusive && due.is_some_and(|due| self.now >= due);
                let is_deaf = self.world.mutant == Mutant::EdgeNotLevel && self.seq <= from_seq;
                let arm = arms.iter().find(|arm| !is_too_late && !is_deaf && self.is_true(arm.condition, asker, self.now)).copied();
                if let Some(arm) = arm {
                    self.take_arm(id, thread, arm);
                }
                arm.is_some()
            }
            Some(Wait::Held { send, until, instead }) => {
                let arm = instead.filter(|arm| self.world.mutant != Mutant::BothArms && self.is_true(arm.condition, asker, self.now));
                if let Some(arm) = arm {
                    self.sends[send].fate = Fate::Cancelled;
                    self.take_arm(id, thread, arm);
                    return true;
                }
                self.replan_held((id, thread), send, (until, instead))
            }
            Some(Wait::Place { send, instead }) => {
                let arm = instead.filter(|arm| self.world.mutant != Mutant::BothArms && self.is_true(arm.condition, asker, self.now));
                if let Some(arm) = arm {
                    self.sends[send].fate = Fate::Cancelled;
                    self.take_arm(id, thread, arm);
                }
                arm.is_some()
            }
            Some(Wait::Timeline { .. }) => self.follow_date(id, thread),
            Some(Wait::Until(until, since, planned)) => {
                let target = self.moment(until, since, asker);
                if target == planned {
                    return false;
                }
                if target.is_some_and(|target| target <= self.now) {
                    self.enrollments[index].threads[thread].wait = None;
                    self.run(id, thread);
                    return true;
                }
                self.enrollments[index].threads[thread].wait = Some(Wait::Until(until, since, target));
                false
            }
            _ => false,
        }
    }

    /// What is waited for is planned anew in a pause too.
    fn follow_at_rest(&mut self, id: usize, thread: usize) {
        let asker = self.asker(id, Some(thread));
        let Some(index) = self.enrollment(id) else { return };
        match self.enrollments[index].threads[thread].wait.clone() {
            Some(Wait::Until(until, since, _)) => {
                let planned = self.moment(until, since, asker);
                self.enrollments[index].threads[thread].wait = Some(Wait::Until(until, since, planned));
            }
            Some(Wait::Timeline { .. }) => drop(self.plan_arms(id, thread, false)),
            _ => {}
        }
    }

    /// An arm takes the place of what a line waits for: of a held message too.
    pub fn take_instead(&mut self, id: usize, thread: usize, arm: Arm<'p>) {
        if let Some(index) = self.enrollment(id) {
            self.drop_wait(index, thread);
            self.take_arm(id, thread, arm);
        }
    }

    /// The event that an arm has waited for, where the arm gives it a name.
    pub fn capture(&mut self, id: usize, thread: usize, arm: Arm<'p>) {
        let asker = self.asker(id, Some(thread));
        let Some(index) = self.enrollment(id) else { return };
        if let (Some(slot), ExprKind::History(history)) = (arm.capture, &arm.condition.kind) {
            let event = self.latest_match(history, asker, self.now);
            let record = event.map_or(Value::Unset, |event| Value::Record(std::sync::Arc::new(event.properties.clone())));
            self.enrollments[index].captures[slot] = record;
        }
    }

    /// A condition holds: its event is captured, its steps come next.
    fn take_arm(&mut self, id: usize, thread: usize, arm: Arm<'p>) {
        self.capture(id, thread, arm);
        let Some(index) = self.enrollment(id) else { return };
        let standing = &mut self.enrollments[index].threads[thread];
        standing.wait = None;
        standing.red = None;
        standing.frames.truncate(arm.depth);
        standing.frames.push(Frame::Block(arm.body, 0));
        self.run(id, thread);
    }

    /// It is over, held messages and all branches included.
    pub fn end(&mut self, id: usize, what: What, why: &str) {
        let Some(index) = self.enrollment(id) else { return };
        for thread in 0..self.enrollments[index].threads.len() {
            self.drop_wait(index, thread);
        }
        let enrollment = &mut self.enrollments[index];
        enrollment.is_over = true;
        enrollment.gathering = None;
        enrollment.threads.clear();
        let (campaign, each) = (enrollment.campaign, enrollment.each.clone());
        self.log(what, Some(campaign), None, why);
        self.past.push((campaign, self.now, each));
        self.refresh_segments();
    }

    /// `leave campaign X`
    pub fn leave(&mut self, campaign: CampaignId) {
        let inside: Vec<usize> =
            self.enrollments.iter().filter(|enrollment| !enrollment.is_over && enrollment.campaign == campaign).map(|enrollment| enrollment.id).collect();
        for id in inside {
            self.end(id, What::Exited, "left by hand");
        }
    }

    /// Counts the goals that hold now, of those who have ended too.
    fn count_goals(&mut self) {
        (0..self.enrollments.len()).for_each(|index| self.count_goals_at(index));
    }

    pub fn count_goals_of(&mut self, id: usize) {
        if let Some(index) = self.enrollment(id) {
            self.count_goals_at(index);
        }
    }

    fn count_goals_at(&mut self, index: usize) {
        let campaign = self.enrollments[index].campaign;
        let asker = Asker { enrollment: Some(index), ..Asker::default() };
        for (number, goal) in self.campaign(campaign).goals.iter().enumerate() {
            if !self.enrollments[index].goals[number] && self.is_in_goal_time(index, goal) && self.is_true(&goal.condition, asker, self.now) {
                self.enrollments[index].goals[number] = true;
                self.log(What::Goal, Some(campaign), None, goal.name.as_deref().unwrap_or(""));
            }
        }
    }

    fn is_in_goal_time(&self, index: usize, goal: &campc::semantic::hir::Goal) -> bool {
        let Some(within) = &goal.within else { return true };
        match self.value(within, Asker { enrollment: Some(index), ..Asker::default() }, self.now) {
            Value::Duration(length) => self.now <= add_duration(self.enrollments[index].entered, length, &self.zone(), &self.world.holidays),
            _ => true,
        }
    }

    /// The end of a campaign's time.
    pub fn end_what_is_over(&mut self) {
        let now: Instant = self.now;
        let over: Vec<usize> =
            self.enrollments.iter().filter(|e| !e.is_over && self.campaign(e.campaign).active_until.is_some_and(|until| until <= now)).map(|e| e.id).collect();
        for id in over {
            self.end(id, What::Exited, "campaign ended");
        }
    }
}

/// Where the history of the innermost pass begins.
fn pass_of(frames: &[Frame<'_>]) -> Option<(Instant, usize)> {
    frames.iter().rev().find_map(|frame| match frame {
        Frame::Repeat(_, began, seq, _) => Some((*began, *seq)),
        Frame::Block(..) | Frame::Reach(..) | Frame::Arm(..) => None,
    })
}
