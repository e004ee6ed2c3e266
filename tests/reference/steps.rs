//! What each step does: the chapter *Steps*.

use super::Mutant;
use super::person::{Arm, Frame, Person, Thread, Wait};
use super::values::Asker;
use campc::advance::What;
use campc::bytecode::{CampaignId, WebhookId};
use campc::lang::{Duration, Instant, Value, Zone, add_duration, next_clock, next_weekday};
use campc::semantic::hir::{Deadline, Expr, Share, Step, StepKind, Until, UntilAnchor};
use campc::sim::{TraceCall, value_text};

/// Whether an enrollment goes on at this instant.
#[derive(Clone, Copy, PartialEq)]
enum Flow {
    On,
    Waits,
}

impl<'p> Person<'p> {
    /// Goes on until it waits or ends.
    pub fn run(&mut self, id: usize, thread: usize) {
        loop {
            self.count_goals_of(id);
            if self.is_leaving(id) {
                return self.end(id, What::Exited, "");
            }
            let Some(index) = self.enrollment(id) else { return };
            let standing = &mut self.enrollments[index].threads[thread];
            let flow = match standing.frames.last_mut() {
                None => {
                    standing.is_done = true;
                    return self.thread_done(id, thread);
                }
                Some(Frame::Block(steps, next)) if *next < steps.len() => {
                    let steps: &'p [Step] = steps;
                    let step = &steps[*next];
                    *next += 1;
                    standing.step = Some(step.header.id);
                    self.step(id, thread, step)
                }
                Some(Frame::Block(..)) => {
                    standing.frames.pop();
                    Flow::On
                }
                Some(Frame::Reach(arms, next)) if *next < arms.len() && (*next == 0 || standing.is_unreachable) => {
                    let arms: &'p [Step] = arms;
                    let step = &arms[*next];
                    *next += 1;
                    standing.step = Some(step.header.id);
                    self.step(id, thread, step)
                }
                Some(Frame::Reach(..) | Frame::Arm(..)) => {
                    standing.frames.pop();
                    Flow::On
                }
                Some(Frame::Repeat(step, began, _, passes)) => {
                    let (step, began, passes) = (*step, *began, *passes);
                    standing.frames.pop();
                    self.after_pass((id, thread), step, began, passes)
                }
            };
            if flow == Flow::Waits {
                return;
            }
        }
    }

    fn thread_done(&mut self, id: usize, thread: usize) {
        if thread == 0 {
            return self.end(id, What::Finished, "");
        }
        let Some(index) = self.enrollment(id) else { return };
        let threads = &self.enrollments[index].threads;
        let timeline = threads.iter().position(|other| matches!(&other.wait, Some(Wait::Timeline { children, .. }) if children.contains(&thread)));
        if let Some(parent) = timeline {
            // Where its arms are being begun, that goes on by itself.
            if !self.beginning.contains(&(id, parent)) && self.run_arms(id, parent) {
                self.run(id, parent);
            }
            return;
        }
        let parent = threads.iter().position(|other| matches!(&other.wait, Some(Wait::Join(children)) if children.contains(&thread)));
        let is_joined = |parent: usize| match &threads[parent].wait {
            Some(Wait::Join(children)) => children.iter().all(|child| threads[*child].is_done),
            _ => false,
        };
        if let Some(parent) = parent.filter(|parent| is_joined(*parent)) {
            let threads = &mut self.enrollments[index].threads;
            if let Some(Wait::Join(children)) = threads[parent].wait.take() {
                let mut path: Vec<usize> = children.iter().flat_map(|child| threads[*child].path.clone()).chain(threads[parent].path.clone()).collect();
                path.sort_unstable();
                path.dedup();
                threads[parent].path = path;
            }
            self.run(id, parent);
        }
    }

    fn wait(&mut self, id: usize, thread: usize, wait: Wait<'p>) -> Flow {
        if let Some(index) = self.enrollment(id) {
            self.enrollments[index].threads[thread].wait = Some(wait);
        }
        Flow::Waits
    }

    fn enter(&mut self, id: usize, thread: usize, body: &'p [Step]) -> Flow {
        if let Some(index) = self.enrollment(id) {
            self.enrollments[index].threads[thread].frames.push(Frame::Block(body, 0));
        }
        Flow::On
    }

    fn length(&self, expr: &Expr, asker: Asker<'_>) -> Duration {
        match self.value(expr, asker, self.now) {
            Value::Duration(length) => length,
            _ => Duration::ZERO,
        }
    }

    fn step(&mut self, id: usize, thread: usize, step: &'p Step) -> Flow {
        let asker = self.asker(id, Some(thread));
        let Some(index) = asker.enrollment else { return Flow::Waits };
        let campaign = self.enrollments[index].campaign;
        self.enrollments[index].executed.insert(step.header.id);
        let is_held_out = self.enrollments[index].is_held_out && self.world.mutant != Mutant::NoHoldout;
        let red = self.enrollments[index].threads[thread].red.take();
        match &step.kind {
            StepKind::Send { message, .. } => {
                self.enrollments[index].threads[thread].is_unreachable = false;
                if self.send((id, thread), step, *message, red) { Flow::On } else { Flow::Waits }
            }
            StepKind::Webhook { .. } | StepKind::Notify { .. } if is_held_out => {
                self.log(What::Skipped, Some(campaign), Some(step.header.id), "holdout");
                Flow::On
            }
            StepKind::Webhook { webhook, object, answer, .. } => {
                self.call((campaign, *webhook), step, object.as_ref(), asker);
                let Some(slot) = answer else { return Flow::On };
                self.asked.push_back((id, thread, slot.index(), webhook.index()));
                self.wait(id, thread, Wait::Answer(slot.index()))
            }
            StepKind::Notify { .. } => {
                self.log(What::Notified, Some(campaign), Some(step.header.id), "");
                Flow::On
            }
            StepKind::Wait { duration, then_until } => self.wait_for((id, thread), (duration, then_until.as_ref()), asker),
            // Random: only a range of one moment says which.
            StepKind::WaitBetween { low, .. } => self.wait_for((id, thread), (low, None), asker),
            StepKind::WaitUntil(until) => self.wait_until(id, thread, until, self.now),
            StepKind::WaitFor { condition, deadline } => {
                let due = deadline.as_ref().map(|length| self.later(self.length(length, asker)));
                self.listen((id, thread), vec![(condition, &[][..], None)], due, &[])
            }
            StepKind::Decide { condition, deadline, then_, else_ } => self.decision(id, thread, (condition, deadline.as_ref()), (then_, else_)),
            StepKind::Await { arms, deadline } => {
                let due = deadline.as_ref().map(|(length, _)| self.later(self.length(length, asker)));
                let late = deadline.as_ref().map_or(&[][..], |(_, body)| body.as_slice());
                let arms = arms.iter().map(|arm| (&arm.condition, arm.body.as_slice(), arm.capture.as_ref().map(|capture| capture.slot.index()))).collect();
                self.listen((id, thread), arms, due, late)
            }
            StepKind::Do { body, .. } => {
                self.enrollments[index].threads[thread].red = red;
                self.enter(id, thread, body)
            }
            StepKind::Stop(reason) => {
                self.end(id, What::Stopped, reason.as_deref().unwrap_or(""));
                Flow::Waits
            }
            StepKind::Split(arms) => {
                let chosen = self.chosen(step, arms);
                self.enter(id, thread, &arms[chosen].body)
            }
            StepKind::Repeat { .. } => self.pass(id, thread, step, 0),
            StepKind::Parallel(branches) => self.fork(id, thread, branches),
            StepKind::Reach(arms) => {
                let arms = if self.world.mutant == Mutant::ReachFirst { &arms[..1] } else { arms.as_slice() };
                self.enrollments[index].threads[thread].red = red;
                self.enrollments[index].threads[thread].frames.push(Frame::Reach(arms, 0));
                Flow::On
            }
            StepKind::Timeline { .. } if self.come_to_timeline(id, thread, step) => Flow::On,
            StepKind::Timeline { .. } => Flow::Waits,
            StepKind::Experiment { .. } | StepKind::Error => Flow::On,
            _ if is_held_out => Flow::On,
            change => {
                self.change(change, asker, Some(campaign));
                Flow::On
            }
        }
    }

    fn wait_for(&mut self, (id, thread): (usize, usize), (length, then_until): (&'p Expr, Option<&'p Until>), asker: Asker<'_>) -> Flow {
        let due = self.later(self.length(length, asker));
        self.wait(id, thread, Wait::Timer(due, then_until))
    }

    /// Calls a webhook with what it says at every step, and what this one says besides or instead.
    fn call(&mut self, (campaign, webhook): (CampaignId, WebhookId), step: &Step, object: Option<&Expr>, asker: Asker<'_>) {
        let ask = |expr: Option<&Expr>| expr.map_or(Value::Unset, |expr| self.value(expr, asker, self.now));
        let said = match (ask(self.world.project.webhooks[webhook.index()].body.as_ref()), ask(object)) {
            (Value::Record(body), Value::Record(own)) => {
                Value::Record(std::sync::Arc::new(body.iter().chain(own.iter()).map(|(key, value)| (key.clone(), value.clone())).collect()))
            }
            (Value::Unset, own) => own,
            (body, _) => body,
        };
        self.trace.calls.push(TraceCall { at: self.now, webhook, body: value_text(&said) });
        self.log(What::Called, Some(campaign), Some(step.header.id), "");
    }

    /// The arm of a split: what the comparison says, else the one that is everything.
    fn chosen(&self, step: &Step, arms: &[campc::semantic::hir::SplitArm]) -> usize {
        let known = self.world.choices.iter().find(|(who, at, _)| *who == self.index && *at == step.header.id.0);
        known.map_or_else(|| first_share(arms), |(.., arm)| *arm)
    }

    fn decision(
        &mut self,
        id: usize,
        thread: usize,
        (condition, deadline): (&'p Expr, Option<&'p Deadline>),
        (then_, else_): (&'p [Step], &'p [Step]),
    ) -> Flow {
        let asker = self.asker(id, Some(thread));
        let Some(deadline) = deadline else {
            let is_true = self.is_true(condition, asker, self.now);
            return self.enter(id, thread, if is_true { then_ } else { else_ });
        };
        let due = self.later(self.length(&deadline.duration, asker));
        let flow = self.listen((id, thread), vec![(condition, then_, None)], Some(due), else_);
        if let Some(index) = self.enrollment(id)
            && let Some(Wait::Listen { is_decision, .. }) = &mut self.enrollments[index].threads[thread].wait
        {
            *is_decision = true;
        }
        flow
    }

    /// Waits for the first of several conditions; one that holds on arrival holds.
    fn listen(&mut self, (id, thread): (usize, usize), arms: Vec<(&'p Expr, &'p [Step], Option<usize>)>, due: Option<Instant>, late: &'p [Step]) -> Flow {
        let Some(index) = self.enrollment(id) else { return Flow::Waits };
        let depth = self.enrollments[index].threads[thread].frames.len();
        let arms = arms.into_iter().map(|(condition, body, capture)| Arm { condition, body, capture, depth }).collect();
        let from_seq = self.seq;
        // What holds on arrival holds.
        let arms: Vec<Arm<'p>> = arms;
        let asker = self.asker(id, Some(thread));
        let holding = arms.iter().find(|arm| self.world.mutant != Mutant::EdgeNotLevel && self.is_true(arm.condition, asker, self.now)).copied();
        if let Some(arm) = holding {
            self.capture(id, thread, arm);
            return self.enter(id, thread, arm.body);
        }
        self.wait(id, thread, Wait::Listen { arms, since: self.now, due, late, from_seq, is_decision: false })
    }

    pub fn wait_until_public(&mut self, id: usize, thread: usize, until: &'p Until, since: Instant) -> bool {
        self.wait_until(id, thread, until, since) == Flow::On
    }

    fn wait_until(&mut self, id: usize, thread: usize, until: &'p Until, since: Instant) -> Flow {
        let target = self.moment(until, since, self.asker(id, Some(thread)));
        if target.is_some_and(|target| target <= self.now) {
            return Flow::On;
        }
        self.wait(id, thread, Wait::Until(until, since, target))
    }

    /// The moment that is waited for; none while what it counts from is unset.
    pub fn moment(&self, until: &Until, since: Instant, asker: Asker<'_>) -> Option<Instant> {
        let zone = until.zone.as_deref().and_then(Zone::find).unwrap_or_else(|| self.zone());
        match &until.anchor {
            UntilAnchor::Clock(time) => Some(next_clock(since, *time, &zone)),
            UntilAnchor::Weekday(day, time) => Some(next_weekday(since, *day, *time, &zone)),
            UntilAnchor::Value { value, shift, is_before, at } => {
                let value = self.value(value, asker, self.now);
                self.around(&value, (*shift, *is_before), *at, &zone)
            }
        }
    }

    fn pass(&mut self, id: usize, thread: usize, step: &'p Step, passes: u32) -> Flow {
        let StepKind::Repeat { times, until, body, .. } = &step.kind else { return Flow::On };
        let asker = self.asker(id, Some(thread));
        let most = self.value(times, asker, self.now).as_number().unwrap_or(0.0);
        if f64::from(passes) >= most || until.as_ref().is_some_and(|until| self.is_true(until, asker, self.now)) {
            return Flow::On;
        }
        if let Some(index) = self.enrollment(id) {
            let frames = &mut self.enrollments[index].threads[thread].frames;
            frames.push(Frame::Repeat(step, self.now, self.seq, passes + 1));
            frames.push(Frame::Block(body, 0));
        }
        Flow::On
    }

    fn after_pass(&mut self, (id, thread): (usize, usize), step: &'p Step, began: Instant, passes: u32) -> Flow {
        let StepKind::Repeat { times, every, .. } = &step.kind else { return Flow::On };
        let asker = self.asker(id, Some(thread));
        let most = self.value(times, asker, self.now).as_number().unwrap_or(0.0);
        let Some(every) = every else { return self.pass(id, thread, step, passes) };
        let next = add_duration(began, self.length(every, asker), &self.zone(), &self.world.holidays);
        if f64::from(passes) >= most || next <= self.now {
            return self.pass(id, thread, step, passes);
        }
        self.wait(id, thread, Wait::Gap { step, until: next, passes })
    }

    /// The gap between two passes is over.
    pub fn next_pass(&mut self, id: usize, thread: usize, step: &'p Step, passes: u32) {
        self.pass(id, thread, step, passes);
        self.run(id, thread);
    }

    fn fork(&mut self, id: usize, thread: usize, branches: &'p [Vec<Step>]) -> Flow {
        let Some(index) = self.enrollment(id) else { return Flow::Waits };
        let first = self.enrollments[index].threads.len();
        let (path, pass) = (self.enrollments[index].threads[thread].path.clone(), self.asker(id, Some(thread)).pass);
        for branch in branches {
            let frames = vec![Frame::Block(branch, 0)];
            self.enrollments[index].threads.push(Thread {
                frames,
                wait: None,
                step: None,
                is_done: false,
                pass,
                red: None,
                path: path.clone(),
                is_unreachable: false,
            });
        }
        let children: Vec<usize> = (first..first + branches.len()).collect();
        self.enrollments[index].threads[thread].wait = Some(Wait::Join(children.clone()));
        for child in children {
            self.run(id, child);
        }
        Flow::Waits
    }
}

/// Where a share is everything, there is nothing to choose.
fn first_share(arms: &[campc::semantic::hir::SplitArm]) -> usize {
    arms.iter().position(|arm| matches!(arm.share, Share::Part(share) if share >= 1.0)).unwrap_or(0)
}
