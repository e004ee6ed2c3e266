//! The step half of the machine: runs one enrollment from an operation on until it waits or ends.

use super::change::Change;
use super::eval::{Evaluator, Fault, as_duration, constant};
use super::state::{EffectId, EnrollmentUid, Frame, Hold, StandingKind, StepUid};
use super::view::View;
use super::{Linked, Waiting};
use crate::bytecode::{
    ArmsId, CampaignId, ConstId, EventId, ExperimentId, ListenId, NotifyId, Op, Pc, PlaceId, RepeatId, SendId, SplitId, StepId, TimelineId, UntilId,
    WebhookStepId,
};
use crate::lang::{Duration, Instant, Value, add_duration};
use std::sync::Arc;

/// What a send came to.
#[derive(Clone, Debug, PartialEq)]
pub enum SendFlow {
    /// It left, or was skipped: the enrollment goes on. The effect is there if it left.
    GoOn(Option<EffectId>),
    /// A window, or a pause, holds it up to `due` (unknown where there is none).
    Held {
        /// The effect.
        effect: EffectId,
        /// When to look again.
        due: Option<Instant>,
        /// What is known of what holds it.
        hold: Hold,
    },
    /// The contact cannot be reached by it: no address, no consent.
    Unreachable,
}

/// How a run came to rest.
#[derive(Clone, Debug, PartialEq)]
pub enum Halt {
    /// It stands somewhere.
    Standing,
    /// The last step is behind it.
    Finished,
    /// A `stop`, with its reason.
    Stopped(Option<Arc<str>>),
    /// Somebody ended it meanwhile: its own exit, another's `leave`.
    Over,
    /// An arm of a timeline is done.
    ArmDone,
    /// A `parallel` begins; the send that what follows counts from.
    Forked(ArmsId, Option<EffectId>),
    /// A branch of a `parallel` is done, and others are not.
    Joined,
    /// The program is damaged, or ran too long.
    Faulted(Fault),
}

/// What the head of a loop comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassFlow {
    /// The next pass begins.
    Begin,
    /// The loop is behind.
    Leave,
    /// The next pass begins at that instant.
    Wait(Instant),
}

/// What a line that stands at a timeline does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineFlow {
    /// It waits for the next arm, or for what still runs, or for the date.
    Wait(Option<Instant>),
    /// Nothing is to come: it goes on.
    Behind,
    /// It has been ended meanwhile.
    Gone,
}

/// Where a run begins, and what it knows of what was before.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The first operation.
    pub pc: usize,
    /// The send that was handed over just now: what follows counts from it.
    pub last_send: Option<EffectId>,
    /// The listening place (step, ordinal) whose deadline led here.
    pub listening: Option<(StepUid, u16)>,
    /// When the wait that ends now was to end.
    pub due: Option<Instant>,
    /// Whether the send that was held here found no way to the contact.
    pub is_unreachable: bool,
}

/// What the machine asks of its surroundings. One contact, one instant.
pub trait Host {
    /// What an expression of the enrollment can read.
    fn view(&self, enrollment: EnrollmentUid) -> View<'_>;
    /// Whether the enrollment has been ended meanwhile.
    fn is_over(&self, enrollment: EnrollmentUid) -> bool;
    /// The enrollment has come to a step.
    fn at_step(&mut self, enrollment: EnrollmentUid, step: StepId);
    /// Sends, skips or holds.
    fn send(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, send: SendId) -> SendFlow;
    /// Calls a webhook.
    fn webhook(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, step: WebhookStepId) -> Option<EffectId>;
    /// Mails the team.
    fn notify(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, notify: NotifyId);
    /// Changes the contact; segments and points react at once.
    fn change(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, change: Change);
    /// Enrols in another campaign, once this one waits.
    fn enroll(&mut self, enrollment: EnrollmentUid, campaign: CampaignId);
    /// Ends the enrollments of another campaign.
    fn leave(&mut self, enrollment: EnrollmentUid, campaign: CampaignId);
    /// Records an event of the contact, at once.
    fn emit(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, event: EventId, record: Value);
    /// A branch of a `parallel` is done: whether it is the last one, and goes on.
    fn join(&mut self, enrollment: EnrollmentUid, arms: ArmsId) -> bool;
    /// The arm of a split that the contact takes.
    fn split(&mut self, enrollment: EnrollmentUid, split: SplitId) -> usize;
    /// The head of a loop is reached; `due` is when the gap before the pass was to end, where one ends now.
    fn pass(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, repeat: RepeatId, due: Option<Instant>) -> PassFlow;
    /// An experiment is reached: the host will say where to go on.
    fn experiment(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, experiment: ExperimentId);
    /// The enrollment has come to a timeline.
    fn enter_timeline(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, timeline: TimelineId);
    /// Runs the arms of a timeline whose time has come.
    fn timeline(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, timeline: TimelineId) -> TimelineFlow;
    /// A decision fell: the arm that held, or none (the deadline, the red path).
    fn decided(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, listen: ListenId, arm: Option<usize>);
    /// An `if` was asked.
    fn asked(&mut self, enrollment: EnrollmentUid, step: StepId, answer: bool);
    /// The enrollment waits.
    fn stand(&mut self, enrollment: EnrollmentUid, waiting: Waiting);
}

struct Run<'h, H: Host> {
    host: &'h mut H,
    evaluator: &'h mut Evaluator,
    enrollment: EnrollmentUid,
    pc: usize,
    step: StepId,
    last_send: Option<EffectId>,
    listening: Option<(StepUid, u16)>,
    due: Option<Instant>,
    /// Whether the last send found no way to the contact.
    is_unreachable: bool,
    /// Steps begun in this run: the listening place counts for the first one only.
    steps_begun: u32,
}

/// Runs an enrollment until it waits or ends.
pub fn run<H: Host>(host: &mut H, evaluator: &mut Evaluator, enrollment: EnrollmentUid, entry: &Entry) -> Halt {
    let mut run = Run {
        host,
        evaluator,
        enrollment,
        pc: entry.pc,
        step: StepId(u32::MAX),
        last_send: entry.last_send,
        listening: entry.listening,
        due: entry.due,
        is_unreachable: entry.is_unreachable,
        steps_begun: 0,
    };
    let depth = run.evaluator.stack.len();
    let halt = loop {
        match run.next() {
            Ok(None) => {}
            Ok(Some(halt)) => break halt,
            Err(fault) => break Halt::Faulted(fault),
        }
    };
    run.evaluator.stack.truncate(depth);
    halt
}

impl<H: Host> Run<'_, H> {
    fn next(&mut self) -> Result<Option<Halt>, Fault> {
        let op = self.linked().op(self.pc);
        self.pc += 1;
        if op.is_expression() {
            self.compute(op)?;
            return Ok(None);
        }
        self.evaluator.fuel = self.evaluator.fuel.checked_sub(1).ok_or(Fault::OutOfFuel)?;
        if op.is_change() {
            return self.change(op);
        }
        match op {
            Op::Step(step) => {
                self.begin_step(step);
                Ok(None)
            }
            Op::Send(send) => Ok(self.send(send)),
            Op::ReachedJump(target) => {
                if !self.is_unreachable {
                    self.pc = target.index();
                }
                Ok(None)
            }
            Op::Webhook(webhook, place) => Ok(self.webhook(webhook, place)),
            Op::Notify(notify) => {
                self.host.notify(self.evaluator, self.enrollment, notify);
                Ok(None)
            }
            Op::Enroll(campaign) => {
                self.host.enroll(self.enrollment, campaign);
                Ok(None)
            }
            Op::Leave(campaign) => {
                self.host.leave(self.enrollment, campaign);
                Ok(self.over())
            }
            Op::Emit(event) => {
                let record = self.evaluator.pop()?;
                self.host.emit(self.evaluator, self.enrollment, event, record);
                Ok(self.over())
            }
            Op::Fork(arms) => Ok(Some(Halt::Forked(arms, self.last_send))),
            Op::Join(arms) => Ok(if self.host.join(self.enrollment, arms) { None } else { Some(Halt::Joined) }),
            Op::Split(split, arms) => {
                let arm = self.host.split(self.enrollment, split);
                self.take_arm(arms, arm)?;
                Ok(None)
            }
            Op::EnterTimeline(timeline) => {
                self.host.enter_timeline(self.evaluator, self.enrollment, timeline);
                Ok(None)
            }
            Op::EndArm(_) => Ok(Some(Halt::ArmDone)),
            Op::Stop(reason) => Ok(Some(Halt::Stopped(reason.and_then(|id| self.text(id))))),
            Op::Finish | Op::Return => Ok(Some(Halt::Finished)),
            _ => self.wait(op),
        }
    }

    /// An operation that changes nothing but the stack and the place in the code.
    fn compute(&mut self, op: Op) -> Result<(), Fault> {
        if let Op::JumpUnless(target) = op {
            let answer = self.evaluator.pop()?.is_true();
            self.host.asked(self.enrollment, self.step, answer);
            if !answer {
                self.pc = target.index();
            }
            return Ok(());
        }
        let view = self.host.view(self.enrollment);
        if let Some(Pc(target)) = self.evaluator.step(&view, op)? {
            self.pc = usize::try_from(target).unwrap_or(usize::MAX);
        }
        Ok(())
    }

    fn begin_step(&mut self, step: StepId) {
        self.step = step;
        self.steps_begun += 1;
        if self.steps_begun > 1 {
            self.listening = None;
        }
        self.host.at_step(self.enrollment, step);
    }

    fn over(&self) -> Option<Halt> {
        self.host.is_over(self.enrollment).then_some(Halt::Over)
    }

    fn linked(&self) -> &Linked {
        self.host.view(self.enrollment).linked
    }
    fn text(&self, id: ConstId) -> Option<Arc<str>> {
        match constant(&self.host.view(self.enrollment), id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn send(&mut self, send: SendId) -> Option<Halt> {
        let listening = self.listening.take();
        self.is_unreachable = false;
        match self.host.send(self.evaluator, self.enrollment, send) {
            SendFlow::GoOn(effect) => {
                self.last_send = effect.or(self.last_send);
                self.over()
            }
            SendFlow::Unreachable => {
                self.is_unreachable = true;
                self.over()
            }
            SendFlow::Held { effect, due, hold } => {
                let place = self.linked().program.sends.get(send.index()).map(|def| def.place);
                self.rest(place, due, StandingKind::Held { effect, listening, recheck: None, hold })
            }
        }
    }

    fn webhook(&mut self, webhook: WebhookStepId, place: PlaceId) -> Option<Halt> {
        let effect = self.host.webhook(self.evaluator, self.enrollment, webhook);
        let wants_answer = self.linked().program.webhook_steps.get(webhook.index()).is_some_and(|def| def.answer.is_some());
        match effect {
            Some(effect) if wants_answer => self.rest(Some(place), None, StandingKind::Answer { effect }),
            Some(_) | None => None,
        }
    }

    fn change(&mut self, op: Op) -> Result<Option<Halt>, Fault> {
        let change = match op {
            Op::SetField(field) => Change::SetField(field, self.evaluator.pop()?),
            Op::AddItem(field) => Change::AddItem(field, self.evaluator.pop()?),
            Op::RemoveItem(field) => Change::RemoveItem(field, self.evaluator.pop()?),
            Op::AddPoints(group) => match self.evaluator.pop()?.as_number() {
                Some(number) => Change::AddPoints(group, number),
                None => return Ok(None),
            },
            Op::SetPoints(group) => match self.evaluator.pop()?.as_number() {
                Some(number) => Change::SetPoints(group, number),
                None => return Ok(None),
            },
            Op::Tag(name) => Change::Tag(self.text(name).unwrap_or_default()),
            Op::Untag(name) => Change::Untag(self.text(name).unwrap_or_default()),
            Op::AddToList(list) => Change::AddToList(list),
            Op::RemoveFromList(list) => Change::RemoveFromList(list),
            Op::Subscribe(topic) => Change::Subscribe(topic),
            Op::Unsubscribe(topic) => Change::Unsubscribe(topic),
            Op::Mute => Change::Mute(as_duration(&self.evaluator.pop()?)),
            _ => Change::UnsubscribeAll,
        };
        self.host.change(self.evaluator, self.enrollment, change);
        Ok(self.over())
    }

    fn wait(&mut self, op: Op) -> Result<Option<Halt>, Fault> {
        match op {
            Op::Wait(place) => {
                let duration = as_duration(&self.evaluator.pop()?);
                let due = self.after(duration);
                Ok(self.wait_up_to(place, Some(due), StandingKind::Time))
            }
            Op::WaitBetween(place) => {
                let longest = as_duration(&self.evaluator.pop()?);
                let shortest = as_duration(&self.evaluator.pop()?);
                let (from, to) = (self.after(shortest), self.after(longest));
                let step = self.linked().deployment.steps.get(self.step.index()).copied().unwrap_or(StepUid(0));
                let passes = passes_of(self.host.view(self.enrollment).frames);
                let due = from.plus_millis(share_of(self.enrollment, (step, &passes), to.millis_since(from).max(0)));
                Ok(self.wait_up_to(place, Some(due), StandingKind::Time))
            }
            Op::WaitUntil(until, place) => {
                let view = self.host.view(self.enrollment);
                // Behind a wait that ended late (a pause, a restart) the clock goes on from its end, not from now.
                let from = self.due.take().unwrap_or(view.now);
                let due = until_instant(self.evaluator, &view, until, from)?;
                Ok(self.wait_up_to(place, due, StandingKind::Until))
            }
            Op::Listen(listen, place) => self.listen(listen, place),
            Op::Timeline(timeline, place) => self.timeline(timeline, place),
            Op::Repeat(repeat, behind, place) => {
                let due = self.due.take();
                match self.host.pass(self.evaluator, self.enrollment, repeat, due) {
                    PassFlow::Begin => Ok(None),
                    PassFlow::Leave => {
                        self.pc = behind.index();
                        Ok(None)
                    }
                    PassFlow::Wait(due) => Ok(self.rest(Some(place), Some(due), StandingKind::Time)),
                }
            }
            Op::Experiment(experiment, _, place) => {
                self.host.experiment(self.evaluator, self.enrollment, experiment);
                Ok(self.rest(Some(place), None, StandingKind::Asked))
            }
            _ => Err(Fault::NotAnExpression),
        }
    }

    fn timeline(&mut self, timeline: TimelineId, place: PlaceId) -> Result<Option<Halt>, Fault> {
        match self.host.timeline(self.evaluator, self.enrollment, timeline) {
            TimelineFlow::Wait(due) => Ok(self.rest(Some(place), due, StandingKind::Until)),
            TimelineFlow::Gone => Ok(Some(Halt::Over)),
            TimelineFlow::Behind => {
                let end = self.linked().program.timelines.get(timeline.index()).map(|def| def.end);
                self.pc = end.ok_or(Fault::NotAnExpression)?.index();
                Ok(None)
            }
        }
    }

    fn after(&self, duration: Duration) -> Instant {
        let view = self.host.view(self.enrollment);
        add_duration(view.now, duration, view.zone, &view.linked.holidays)
    }

    fn wait_up_to(&mut self, place: PlaceId, due: Option<Instant>, kind: StandingKind) -> Option<Halt> {
        if due.is_some_and(|due| due <= self.host.view(self.enrollment).now) {
            return None;
        }
        self.rest(Some(place), due, kind)
    }

    /// Asks the conditions on arrival: one that holds already holds.
    fn listen(&mut self, listen: ListenId, place: PlaceId) -> Result<Option<Halt>, Fault> {
        let view = self.host.view(self.enrollment);
        let Some(def) = view.linked.program.listens.get(listen.index()) else { return Err(Fault::NotAnExpression) };
        let mut recheck = None;
        for (index, arm) in def.arms.iter().enumerate() {
            let (holds, change) = self.evaluator.truth_and_change(&view, arm.condition);
            recheck = super::earlier(recheck, change);
            if holds {
                self.pc = arm.target.index();
                self.host.decided(self.evaluator, self.enrollment, listen, Some(index));
                return Ok(None);
            }
        }
        let deadline = match def.deadline {
            Some((block, target)) => Some((self.evaluator.value(&view, block)?, target)),
            None => None,
        };
        let due = deadline.map(|(duration, _)| self.after(as_duration(&duration)));
        Ok(self.rest(Some(place), due, StandingKind::Listen { recheck }))
    }

    fn take_arm(&mut self, arms: ArmsId, arm: usize) -> Result<(), Fault> {
        let target = self.linked().program.arms.get(arms.index()).and_then(|arms| arms.targets.get(arm)).copied();
        self.pc = target.ok_or(Fault::NotAnExpression)?.index();
        Ok(())
    }

    fn rest(&mut self, place: Option<PlaceId>, due: Option<Instant>, kind: StandingKind) -> Option<Halt> {
        self.host.stand(self.enrollment, Waiting { place: place.unwrap_or(PlaceId(u32::MAX)), due, kind, counts_from: self.last_send });
        Some(Halt::Standing)
    }
}

/// The instant that a `wait until` means, asked at `from`; `None` while its field is unset.
///
/// # Errors
/// Where the program is damaged or ran out of fuel.
pub fn until_instant(evaluator: &mut Evaluator, view: &View<'_>, until: UntilId, from: Instant) -> Result<Option<Instant>, Fault> {
    use crate::bytecode::UntilAnchor;
    use crate::lang::{Zone, next_clock, next_weekday};
    let Some(def) = view.linked.program.untils.get(until.index()) else { return Err(Fault::NotAnExpression) };
    let zone = def.zone.as_deref().and_then(Zone::find).unwrap_or_else(|| view.zone.clone());
    match &def.anchor {
        UntilAnchor::Clock(time) => Ok(Some(next_clock(from, *time, &zone))),
        UntilAnchor::Weekday(day, time) => Ok(Some(next_weekday(from, *day, *time, &zone))),
        UntilAnchor::Value { value, shift, is_before, at } => {
            let value = evaluator.value(view, *value)?;
            let calendar = super::Calendar { zone: &zone, holidays: &view.linked.holidays };
            Ok(calendar.around(&value, (*shift, *is_before), *at))
        }
    }
}

/// The numbers of the passes that these frames are inside of, outermost first.
#[must_use]
pub fn passes_of(frames: &[Frame]) -> Vec<u32> {
    let number_of = |frame: &Frame| match frame {
        Frame::Pass { number, .. } => Some(*number),
        // Another run of an arm sends again.
        Frame::Arm { run, .. } => Some(*run),
        Frame::Branch { .. } => None,
    };
    frames.iter().filter_map(number_of).collect()
}

/// A share of `span_ms` that is fixed by the enrollment, the step and the passes around it.
fn share_of(enrollment: EnrollmentUid, (step, passes): (StepUid, &[u32]), span_ms: i64) -> i64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"campc-wait-1").update(&enrollment.0).update(&step.0.to_be_bytes());
    for pass in passes {
        hasher.update(&pass.to_be_bytes());
    }
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    let random = i64::from_be_bytes(bytes) & i64::MAX;
    if span_ms > 0 { random % (span_ms + 1) } else { 0 }
}

/// The values on the stack before the operation at `pc`: what its step has computed for it, worked out again.
///
/// # Errors
/// Where the program is damaged or ran out of fuel.
pub fn operands(evaluator: &mut Evaluator, view: &View<'_>, pc: usize) -> Result<Vec<Value>, Fault> {
    let is_computing = |at: &usize| view.linked.op(*at).is_expression();
    let first = (0..pc).rev().take_while(is_computing).last().unwrap_or(pc);
    let depth = evaluator.stack.len();
    let mut at = first;
    while at < pc {
        let op = view.linked.op(at);
        at += 1;
        if let Some(target) = evaluator.step(view, op)? {
            at = target.index();
        }
    }
    Ok(evaluator.stack.split_off(depth))
}
