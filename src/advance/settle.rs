//! The order of one instant: happenings find their triggers; exits; decisions that listen; then what was triggered starts.

use super::context::{Context, Happening, HappeningKind, Line, Start};
use super::outcome::What;
use crate::bytecode::{CampaignId, Channel, Fact, ListenId, MessageTarget, Op, Trigger, TriggerKind};
use crate::lang::{Instant, Record, Value};
use crate::machine::state::{Captured, EnrollmentUid, SendRecord, SendStatus, StandingKind, StepUid};
use crate::machine::{Entry, Evaluator, TriggerKey, earlier, stable};
use std::sync::Arc;

/// Why enrollments end at `active … until`.
pub(super) const CAMPAIGN_ENDED: &str = "campaign ended";

/// How a standing enrollment goes on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Resume {
    /// Its time is up.
    Due,
    /// A condition it listens to holds.
    Arm(usize),
}

impl Context<'_> {
    /// Goes on until nothing more follows from what happened.
    pub fn settle(&mut self, evaluator: &mut Evaluator) {
        loop {
            while let Some(happening) = self.queue.pop_front() {
                self.cause = happening.cause.clone();
                self.update_captures(evaluator, &happening);
                self.find_triggers(evaluator, &happening);
            }
            if self.ask_enrollments(evaluator) {
                continue;
            }
            match self.starts.pop_front() {
                Some(start) if self.may_go_on(&start) => self.admit(evaluator, start),
                Some(_) => {}
                None => break,
            }
        }
    }

    fn find_triggers(&mut self, evaluator: &mut Evaluator, happening: &Happening) {
        if let HappeningKind::Enrolled(campaign) = happening.kind {
            self.starts.push_back(Start { campaign, trigger: Arc::from("enrolled"), capture: None, cause: happening.cause.clone() });
            return;
        }
        if self.is_quiet {
            return;
        }
        let linked = self.linked;
        let mut last = None;
        for (campaign, index) in linked.triggers(trigger_key(&happening.kind)) {
            // Several lines of one campaign for one happening enrol once.
            if last == Some(*campaign) {
                continue;
            }
            let Some(trigger) = linked.program.campaigns.get(campaign.index()).and_then(|def| def.triggers.get(*index)) else { continue };
            if self.triggers(evaluator, trigger, happening) {
                last = Some(*campaign);
                if let Some(def) = linked.program.campaigns.get(campaign.index()) {
                    self.await_beginning((*campaign, def), trigger);
                }
                self.queue_start(*campaign, trigger, happening);
            }
        }
    }

    fn queue_start(&mut self, campaign: CampaignId, trigger: &Trigger, happening: &Happening) {
        let name = trigger.capture.and_then(|slot| self.linked.program.campaigns.get(campaign.index())?.captures.get(slot.index())).map(|def| def.name.clone());
        let record = match &happening.kind {
            HappeningKind::Event { record, .. } | HappeningKind::Visited { record, .. } => Some(record.clone()),
            HappeningKind::Message { send, detail, .. } => Some(message_record(send, detail.as_ref())),
            HappeningKind::Segment { .. }
            | HappeningKind::List { .. }
            | HappeningKind::Tag { .. }
            | HappeningKind::Field { .. }
            | HappeningKind::Points { .. }
            | HappeningKind::Created
            | HappeningKind::Enrolled(_)
            | HappeningKind::Topic { .. } => None,
        };
        let capture = name.zip(record).map(|(name, record)| Captured { name, record });
        self.starts.push_back(Start { campaign, trigger: trigger.text.clone(), capture, cause: happening.cause.clone() });
    }

    fn triggers(&mut self, evaluator: &mut Evaluator, trigger: &Trigger, happening: &Happening) -> bool {
        match (&trigger.kind, &happening.kind) {
            (TriggerKind::Event { pattern, predicate }, kind) => self.pattern_matches(evaluator, (kind, None), (pattern, *predicate)),
            (TriggerKind::Tagged(wanted) | TriggerKind::Untagged(wanted), HappeningKind::Tag { tag, .. }) => wanted == tag,
            (TriggerKind::FieldChanged { from, to, .. }, HappeningKind::Field { old, new, .. }) => {
                let calendar = self.view_of(None).calendar();
                let is = |wanted: &Option<Value>, value: &Value| {
                    wanted.as_ref().is_none_or(|wanted| calendar.compare(crate::bytecode::CompareOp::Equal, wanted, value))
                };
                is(from, old) && is(to, new)
            }
            (TriggerKind::PointsReached { at_least, .. }, HappeningKind::Points { old, new, .. }) => old < at_least && new >= at_least,
            (
                TriggerKind::SegmentEntered(_)
                | TriggerKind::SegmentLeft(_)
                | TriggerKind::ListEntered(_)
                | TriggerKind::ListLeft(_)
                | TriggerKind::PointsChanged { .. }
                | TriggerKind::ContactCreated
                | TriggerKind::Subscribed(_)
                | TriggerKind::Unsubscribed(_),
                _,
            ) => true,
            (
                TriggerKind::Tagged(_)
                | TriggerKind::Untagged(_)
                | TriggerKind::FieldChanged { .. }
                | TriggerKind::PointsReached { .. }
                | TriggerKind::Enrolled
                | TriggerKind::Every { .. }
                | TriggerKind::At { .. }
                | TriggerKind::FieldDate { .. },
                _,
            ) => false,
        }
    }

    /// Whether a sending is what a pattern means outside of an enrollment.
    pub fn is_target(&self, target: &MessageTarget, send: &SendRecord) -> bool {
        let deployment = &self.linked.deployment;
        let is_channel = |channel: Channel| send.channel == channel;
        match target {
            MessageTarget::Message(message) => send.message == stable(&deployment.messages, message.index()),
            MessageTarget::Step(step) => self.linked.is_sending_of(*step, send.step),
            MessageTarget::Latest(channel) => is_channel(*channel),
            MessageTarget::Any(channel) => channel.is_none_or(is_channel),
        }
    }

    /// Asks every enrollment about its exits, then its decisions, as far as what changed concerns them; returns whether anything followed.
    fn ask_enrollments(&mut self, evaluator: &mut Evaluator) -> bool {
        if self.dirty.is_empty() && !self.is_forced {
            return false;
        }
        let dirty = std::mem::take(&mut self.dirty);
        let is_forced = std::mem::take(&mut self.is_forced);
        if let Some(cause) = self.dirty_by.take() {
            self.cause = cause;
        }
        let uids: Vec<EnrollmentUid> = self.state.enrollments.iter().map(|enrollment| enrollment.uid).collect();
        self.ask_ended(evaluator, &dirty, is_forced);
        // Of one instant goals come first, those of every enrollment, then exits.
        if uids.len() > 1 {
            uids.iter().for_each(|uid| self.ask_goals(evaluator, *uid, self.now));
        }
        for uid in &uids {
            self.ask_exits(evaluator, *uid);
        }
        for uid in uids {
            if self.running.is_none_or(|line| line.enrollment != uid) && (is_forced || !dirty.is_empty()) {
                self.ask_decisions(evaluator, uid, &dirty);
            }
        }
        !self.queue.is_empty() || !self.dirty.is_empty()
    }

    /// Counts the goals that hold, then ends the enrollment where an exit does; else notes when time alone can make one hold.
    pub fn ask_exits(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid) {
        self.inside(uid, |context| context.ask_exits_inside(evaluator, uid));
    }

    fn ask_exits_inside(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid) {
        let Some((_, campaign)) = self.campaign_of(uid) else { return };
        self.ask_goals(evaluator, uid, self.now);
        let mut recheck = None;
        for exit in &campaign.exits {
            let (holds, change) = evaluator.truth_and_change(&self.view_of(Some(uid)), exit.condition);
            if holds {
                let why = self.linked.program.blocks.get(exit.condition.index()).map(|block| block.text.clone()).unwrap_or_default();
                return self.end(uid, What::Exited, why);
            }
            recheck = earlier(recheck, change);
        }
        if let Some(enrollment) = self.enrollment_mut(uid) {
            enrollment.exit_recheck = recheck;
        }
    }

    /// Asks what an enrollment listens to, at every thread.
    pub fn ask_decisions(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, dirty: &[Fact]) {
        if self.state.is_stranded(uid) {
            return;
        }
        self.inside(uid, |context| context.ask_decisions_inside(evaluator, uid, dirty));
    }

    fn ask_decisions_inside(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, dirty: &[Fact]) {
        let Some((campaign, _)) = self.campaign_of(uid) else { return };
        let moves = dirty.iter().any(|fact| matches!(fact, Fact::Field(_) | Fact::Captures));
        if !self.is_acting(campaign) || self.resuming == Some(campaign) {
            // A pause holds actions; when they are due is followed all the same.
            for line in self.lines(uid).into_iter().filter(|_| moves) {
                self.replan_until(evaluator, line);
            }
            return;
        }
        for line in self.lines(uid) {
            self.ask_line(evaluator, line, dirty);
        }
    }

    fn ask_line(&mut self, evaluator: &mut Evaluator, line: Line, dirty: &[Fact]) {
        let Some(standing) = self.standing(line) else { return };
        if matches!(standing.kind, StandingKind::Stranded | StandingKind::Running | StandingKind::Faulted { .. }) || self.ask_untils(evaluator, line) {
            return;
        }
        match &standing.kind {
            StandingKind::Listen { .. } => {
                if let Some((_, arm)) = self.holding_arm(evaluator, line, (standing.step, standing.ordinal)) {
                    self.resume(evaluator, line, Resume::Arm(arm));
                }
            }
            StandingKind::Held { listening: Some(place), effect, .. } => {
                // Never both: while the red path's send is held, the condition still cancels it.
                let (effect, place) = (*effect, *place);
                if let Some((at, arm)) = self.holding_arm(evaluator, line, place) {
                    self.cancel_send(effect, "the condition held first");
                    self.go_to_arm(evaluator, line, (at, arm));
                } else if dirty.iter().any(|fact| self.is_timezone(*fact)) {
                    self.resume(evaluator, line, Resume::Due);
                }
            }
            // Another zone has other windows.
            StandingKind::Held { .. } if dirty.iter().any(|fact| self.is_timezone(*fact)) => self.resume(evaluator, line, Resume::Due),
            StandingKind::Until if dirty.iter().any(|fact| matches!(fact, Fact::Field(_) | Fact::Captures)) => self.replan_until(evaluator, line),
            StandingKind::Held { .. } | StandingKind::Until | StandingKind::Time | StandingKind::Answer { .. } | StandingKind::Asked => {}
            StandingKind::Stranded | StandingKind::Running | StandingKind::Faulted { .. } => {}
        }
    }

    pub(super) fn is_timezone(&self, fact: Fact) -> bool {
        matches!(fact, Fact::Field(field) if self.current.builtin(crate::bytecode::BuiltinField::Timezone) == Some(field))
    }

    /// The first arm of a listening place whose condition holds; notes when time alone can make one hold.
    fn holding_arm(&mut self, evaluator: &mut Evaluator, line: Line, place: (StepUid, u16)) -> Option<(usize, usize)> {
        let pc = self.place_pc(place)?;
        let Op::Listen(listen, _) = self.linked.op(pc) else { return None };
        let def = self.linked.program.listens.get(listen.index())?;
        let mut recheck_at = None;
        for (index, arm) in def.arms.iter().enumerate() {
            let (holds, change) = evaluator.truth_and_change(&self.view_at(line), arm.condition);
            if holds {
                return Some((pc, index));
            }
            recheck_at = earlier(recheck_at, change);
        }
        if let Some(thread) = self.thread_mut(line) {
            match &mut thread.standing.kind {
                StandingKind::Listen { recheck } | StandingKind::Held { recheck, .. } => *recheck = recheck_at,
                StandingKind::Time
                | StandingKind::Until
                | StandingKind::Answer { .. }
                | StandingKind::Stranded
                | StandingKind::Running
                | StandingKind::Faulted { .. }
                | StandingKind::Asked => {}
            }
        }
        None
    }

    /// The operation of a place.
    pub fn place_pc(&self, (step, ordinal): (StepUid, u16)) -> Option<usize> {
        self.linked.place_pc(step, ordinal)
    }

    /// A field that a `wait until` follows has changed, or the contact's zone has.
    pub fn replan_until(&mut self, evaluator: &mut Evaluator, line: Line) {
        let Some(standing) = self.standing(line).filter(|standing| standing.kind == StandingKind::Until) else { return };
        let Some(pc) = self.place_pc((standing.step, standing.ordinal)) else { return };
        match self.linked.op(pc) {
            Op::WaitUntil(until, _) => {
                let due = crate::machine::until_instant(evaluator, &self.view_at(line), until, standing.since).unwrap_or(standing.due);
                if let Some(thread) = self.thread_mut(line) {
                    thread.standing.due = due;
                }
            }
            Op::Timeline(timeline, _) => self.replan_timeline(evaluator, line, timeline),
            _ => {}
        }
        // A moment that is past now ends the wait at once, as it would on arrival; one that has not moved is its timer's.
        let due = self.standing(line).and_then(|standing| standing.due).filter(|due| Some(*due) != standing.due);
        let is_past = due.is_some_and(|due| due <= self.now);
        if is_past && self.campaign_of(line.enrollment).is_some_and(|(campaign, _)| self.is_acting(campaign)) {
            self.resume(evaluator, line, Resume::Due);
        }
    }

    /// Lets a line go on from where it stands.
    pub fn resume(&mut self, evaluator: &mut Evaluator, line: Line, how: Resume) {
        self.inside(line.enrollment, |context| context.resume_inside(evaluator, line, how));
    }

    fn resume_inside(&mut self, evaluator: &mut Evaluator, line: Line, how: Resume) {
        let Some(standing) = self.standing(line) else { return };
        let Some(pc) = self.place_pc((standing.step, standing.ordinal)) else { return self.strand(line) };
        match (self.linked.op(pc), how) {
            (Op::Listen(..), Resume::Arm(arm)) => self.go_to_arm(evaluator, line, (pc, arm)),
            (Op::Listen(listen, _), Resume::Due) => {
                let Some(def) = self.linked.program.listens.get(listen.index()) else { return };
                let Some((_, target)) = def.deadline else { return };
                self.decide(evaluator, line, (listen, None));
                let listening = def.is_deadline_send.then_some((standing.step, standing.ordinal));
                self.go_on(evaluator, line, &Entry { pc: target.index(), listening, ..Entry::default() });
            }
            (Op::Repeat(..) | Op::Experiment(..), _) => self.go_on(evaluator, line, &Entry { pc, due: standing.due, ..Entry::default() }),
            (Op::Timeline(..), _) => self.go_on(evaluator, line, &Entry { pc, ..Entry::default() }),
            (Op::Send(send), _) => self.release(evaluator, line, (send, pc)),
            (Op::Wait(_), _) if matches!(self.linked.op(pc + 1), Op::WaitUntil(..)) => {
                self.go_on(evaluator, line, &Entry { pc: pc + 1, due: standing.due, ..Entry::default() });
            }
            (_, _) => self.go_on(evaluator, line, &Entry { pc: pc + 1, ..Entry::default() }),
        }
    }

    pub fn go_to_arm(&mut self, evaluator: &mut Evaluator, line: Line, (pc, arm): (usize, usize)) {
        let Op::Listen(listen, _) = self.linked.op(pc) else { return };
        let Some(target) = self.linked.program.listens.get(listen.index()).and_then(|def| def.arms.get(arm)).map(|arm| arm.target) else { return };
        self.decide(evaluator, line, (listen, Some(arm)));
        self.go_on(evaluator, line, &Entry { pc: target.index(), ..Entry::default() });
    }

    /// Records a decision at a line.
    fn decide(&mut self, evaluator: &mut Evaluator, line: Line, (listen, arm): (ListenId, Option<usize>)) {
        let outer = self.running.replace(line);
        crate::machine::Host::decided(self, evaluator, line.enrollment, listen, arm);
        self.running = outer;
    }

    /// Runs a line and does what its coming to rest asks for.
    pub fn go_on(&mut self, evaluator: &mut Evaluator, line: Line, entry: &Entry) {
        self.inside(line.enrollment, |context| context.go_on_inside(evaluator, line, entry));
    }

    fn go_on_inside(&mut self, evaluator: &mut Evaluator, line: Line, entry: &Entry) {
        use crate::machine::Halt;
        let uid = line.enrollment;
        let outer = self.running.replace(line);
        self.at_step = self.thread(line).map(|thread| thread.standing.step);
        let halt = crate::machine::run(self, evaluator, uid, entry);
        self.running = outer;
        match halt {
            Halt::Standing if self.forking == Some(uid) => {}
            Halt::Standing => {
                self.ask_untils(evaluator, line);
            }
            Halt::Over | Halt::Joined => {}
            Halt::ArmDone => self.end_arm(evaluator, line),
            Halt::Forked(arms, last_send) => self.fork(evaluator, line, (arms, last_send)),
            Halt::Finished => self.end(uid, What::Finished, Arc::from("")),
            Halt::Stopped(reason) => self.end(uid, What::Stopped, reason.unwrap_or_default()),
            Halt::Faulted(fault) => {
                self.fault(line, fault);
                // It runs no more, so that nothing runs without end; the others of this input find what they need.
                evaluator.refuel();
            }
        }
    }

    /// Nothing goes on for this line until a deploy settles it.
    pub fn strand(&mut self, line: Line) {
        if let Some(thread) = self.thread_mut(line) {
            thread.standing.kind = StandingKind::Stranded;
            thread.standing.due = None;
        }
        self.note(line.enrollment, None, What::Problem, "stands at a step that the running program does not have");
    }

    /// Ends an enrollment: held sends are cancelled, and an attempt still to come will be.
    pub fn end(&mut self, uid: EnrollmentUid, what: What, why: Arc<str>) {
        let step = self.enrollment(uid).and_then(|e| e.threads.first()).map(|thread| thread.standing.step).filter(|step| *step != StepUid(0));
        let Some(at) = self.state.enrollments.iter().position(|known| known.uid == uid) else { return };
        let reason: &str = if why.is_empty() { "ended" } else { &why };
        let held: Vec<_> = self.state.sends.iter().filter(|send| send.enrollment == uid && send.status == SendStatus::Held).map(|send| send.effect).collect();
        for effect in held {
            self.cancel_send(effect, if what == What::Exited && reason != CAMPAIGN_ENDED { "exit" } else { reason });
        }
        // The last step is behind one who has finished; any other end is at the step where one stood.
        self.note(uid, step.filter(|_| what != What::Finished), what, why.clone());
        for send in self.state.sends.iter_mut().filter(|send| send.enrollment == uid) {
            send.is_exited = what == What::Exited;
        }
        let enrollment = self.state.enrollments.remove(at);
        let past = self.state.past.entry(enrollment.campaign);
        past.ended = Some(self.now);
        past.end = Some(Arc::from(if why.is_empty() { what.word().to_owned() } else { format!("{}: {why}", what.word()) }));
        let campaign = self.current.campaign(enrollment.campaign);
        self.keep_open_goals(enrollment);
        // `in campaign` and `finished campaign` may hold somewhere else now.
        if let Some(campaign) = campaign {
            self.outside(|context| context.campaign_changed(campaign));
        }
    }

    /// Facts about a campaign's enrollments have changed.
    pub fn campaign_changed(&mut self, campaign: CampaignId) {
        self.dirty.push(Fact::Campaign(campaign));
        if !self.linked.segments_reading(Fact::Campaign(campaign)).is_empty() {
            let mut evaluator = Evaluator::default();
            let name = self.linked.program.campaigns.get(campaign.index()).map(|def| Arc::from(format!("campaign {:?}", def.name))).unwrap_or_default();
            let change = super::context::FactChange { fact: Fact::Campaign(campaign), name, old: Value::Unset, new: Value::Unset };
            self.refresh_segments(&mut evaluator, &[change]);
        }
    }

    /// Ends the enrollments of a campaign.
    pub fn leave_campaign(&mut self, campaign: CampaignId, why: &str) {
        let id = self.campaign_id(campaign);
        let uids: Vec<EnrollmentUid> = self.state.enrollments.iter().filter(|e| e.campaign == id).map(|e| e.uid).collect();
        for uid in uids {
            self.end(uid, What::Exited, Arc::from(why));
        }
    }

    /// The moment as people of this contact's zone read it.
    pub fn clock_text(&self, at: Instant) -> String {
        self.zone.format(at)
    }
}

fn message_record(send: &SendRecord, detail: Option<&Arc<str>>) -> Arc<Record> {
    let mut record = Record::new();
    record.insert(Arc::from("at"), Value::DateTime(send.at));
    if let Some(detail) = detail {
        record.insert(Arc::from("detail"), Value::Text(detail.clone()));
    }
    Arc::new(record)
}

pub(super) fn trigger_key(kind: &HappeningKind) -> TriggerKey {
    match kind {
        HappeningKind::Event { event, .. } => TriggerKey::Event(*event),
        HappeningKind::Visited { .. } => TriggerKey::Visited,
        HappeningKind::Message { event, .. } => TriggerKey::Message(*event),
        HappeningKind::Segment { segment, is_in: true } => TriggerKey::SegmentEntered(*segment),
        HappeningKind::Segment { segment, is_in: false } => TriggerKey::SegmentLeft(*segment),
        HappeningKind::List { list, is_in: true } => TriggerKey::ListEntered(*list),
        HappeningKind::List { list, is_in: false } => TriggerKey::ListLeft(*list),
        HappeningKind::Tag { is_on: true, .. } => TriggerKey::Tagged,
        HappeningKind::Tag { is_on: false, .. } => TriggerKey::Untagged,
        HappeningKind::Field { field, .. } => TriggerKey::Field(*field),
        HappeningKind::Points { group, .. } => TriggerKey::Points(*group),
        HappeningKind::Created => TriggerKey::Created,
        HappeningKind::Enrolled(_) => TriggerKey::ByHand,
        HappeningKind::Topic { topic, is_subscribed: true } => TriggerKey::Subscribed(*topic),
        HappeningKind::Topic { topic, is_subscribed: false } => TriggerKey::Unsubscribed(*topic),
    }
}
