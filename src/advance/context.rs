//! The context of one input: the contact, the time, what has been queued, what has come of it so far.

use super::outcome::{Cause, JournalEntry, Outcome, What};
use super::{Input, InputKind, Switches, Switching};
use crate::bytecode::{CampaignDef, CampaignId, EventId, Fact, FieldId, GroupId, ListId, MessageEvent, SegmentId, StepId, TopicId};
use crate::lang::{Instant, Record, Value, Zone};
use crate::machine::state::{Captured, ContactState, EffectId, Enrollment, EnrollmentUid, SendRecord, StableId, Standing, StepUid, Thread, ThreadId};
use crate::machine::{Evaluator, Linked, View, stable, zone_of};
use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

/// How the cause of what a campaign does begins: an event may be called `campaign_seen`, but has no quote behind it.
pub(super) const CAMPAIGN: &str = "campaign \"";
/// A chain of instantaneous effects longer than this is cut: campaigns that bring each other about at one instant.
pub(super) const CHAIN_LIMIT: u32 = 100;

/// An edge that triggers can wait for.
#[derive(Clone, Debug)]
pub(super) enum HappeningKind {
    Event {
        event: EventId,
        record: Arc<Record>,
    },
    Visited {
        path: Arc<str>,
        record: Arc<Record>,
    },
    Message {
        event: MessageEvent,
        send: Box<SendRecord>,
        detail: Option<Arc<str>>,
    },
    Segment {
        segment: SegmentId,
        is_in: bool,
    },
    List {
        list: ListId,
        is_in: bool,
    },
    Tag {
        tag: Arc<str>,
        is_on: bool,
    },
    Field {
        field: FieldId,
        old: Value,
        new: Value,
    },
    Points {
        group: GroupId,
        old: f64,
        new: f64,
    },
    Created,
    /// A campaign is asked for by its name.
    Enrolled(CampaignId),
    Topic {
        topic: TopicId,
        is_subscribed: bool,
    },
}

/// An edge and what brought it about.
#[derive(Clone, Debug)]
pub(super) struct Happening {
    pub kind: HappeningKind,
    pub cause: Cause,
}

/// An enrolment that a trigger asks for.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub campaign: CampaignId,
    /// The trigger's source text.
    pub trigger: Arc<str>,
    pub capture: Option<Captured>,
    pub cause: Cause,
}

/// A line of execution of an enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub enrollment: EnrollmentUid,
    pub thread: ThreadId,
}

/// A fact that changed in the group of changes that is being applied.
#[derive(Clone, Debug)]
pub(super) struct FactChange {
    pub fact: Fact,
    pub name: Arc<str>,
    pub old: Value,
    pub new: Value,
}

/// The context of one input.
pub(super) struct Context<'a> {
    /// The program whose code runs; see `programs`.
    pub linked: &'a Linked,
    /// The running program.
    pub current: &'a Linked,
    pub switches: &'a Switches,
    pub state: &'a mut ContactState,
    pub zone: Zone,
    pub now: Instant,
    pub seq: u64,
    /// Effects of the contact that wait for their hand-over.
    pub waiting: &'a [EffectId],
    pub out: Outcome,
    pub queue: VecDeque<Happening>,
    pub starts: VecDeque<Start>,
    pub cause: Cause,
    pub chain: u32,
    /// Whether the chain has been cut, on the record.
    pub is_cut: bool,
    pub is_quiet: bool,
    /// The facts that changed since the enrollments were last asked.
    pub dirty: Vec<Fact>,
    /// What changed the last of them: that is why an enrollment exits or decides, whatever the input was.
    pub dirty_by: Option<Cause>,
    /// The line that is running, if one is: its enrollment is not asked about its decisions meanwhile.
    pub running: Option<Line>,
    /// The enrollment whose branches are being begun, one after the other.
    pub forking: Option<EnrollmentUid>,
    /// The step that the enrollment which runs came to last.
    pub at: Option<StepId>,
    /// When the next broadcast or date trigger comes, as long as no fact changes.
    pub moments: Cell<Option<Option<Instant>>>,
    /// The campaign whose pause is over, while what was due in it is done.
    pub resuming: Option<CampaignId>,
    /// Timers up to here have been looked at.
    pub done_until: Instant,
    /// Why the send that is being decided is held; for the journal.
    pub held_because: &'static str,
    /// The step that a line came to last.
    pub at_step: Option<StepUid>,
    /// Enrollments that have changed hands meanwhile and must be looked at whatever the facts.
    pub is_forced: bool,
}

impl<'a> Context<'a> {
    pub fn new(linked: &'a Linked, switches: &'a Switches, state: &'a mut ContactState, now: Instant) -> Self {
        let seq = state.next_seq;
        state.next_seq += 1;
        Self {
            linked,
            current: linked,
            switches,
            zone: zone_of(linked, state),
            state,
            now,
            seq,
            out: Outcome::default(),
            queue: VecDeque::new(),
            starts: VecDeque::new(),
            cause: Cause::default(),
            chain: 0,
            is_cut: false,
            is_quiet: false,
            waiting: &[],
            dirty: Vec::new(),
            dirty_by: None,
            running: None,
            forking: None,
            at: None,
            moments: Cell::new(None),
            resuming: None,
            done_until: Instant::FAR_PAST,
            held_because: "",
            at_step: None,
            is_forced: false,
        }
    }

    /// What an expression reads, for an enrollment or for the contact alone.
    pub fn view_of(&self, enrollment: Option<EnrollmentUid>) -> View<'_> {
        let linked = enrollment.map_or(self.linked, |uid| self.code_of(uid));
        View { linked, state: self.state, zone: &self.zone, now: self.now, as_of: None, enrollment, frames: &[], event: None }
    }
    /// What an expression reads at a line of execution.
    pub fn view_at(&self, line: Line) -> View<'_> {
        View { frames: self.thread(line).map_or(&[], |thread| thread.frames.as_slice()), ..self.view_of(Some(line.enrollment)) }
    }
    /// What an expression reads at the line of an enrollment that runs.
    pub fn view_here(&self, enrollment: EnrollmentUid) -> View<'_> {
        match self.running.filter(|line| line.enrollment == enrollment) {
            Some(line) => self.view_at(line),
            None => self.view_of(Some(enrollment)),
        }
    }
    pub fn thread(&self, line: Line) -> Option<&Thread> {
        self.enrollment(line.enrollment)?.thread(line.thread)
    }
    pub fn thread_mut(&mut self, line: Line) -> Option<&mut Thread> {
        self.enrollment_mut(line.enrollment)?.thread_mut(line.thread)
    }
    pub fn standing(&self, line: Line) -> Option<Standing> {
        self.thread(line).map(|thread| thread.standing.clone())
    }
    /// The lines of an enrollment, in the order of their source.
    pub fn lines(&self, enrollment: EnrollmentUid) -> Vec<Line> {
        let threads = self.enrollment(enrollment).map_or(&[][..], |known| known.threads.as_slice());
        threads.iter().map(|thread| Line { enrollment, thread: thread.id }).collect()
    }
    pub fn enrollment(&self, uid: EnrollmentUid) -> Option<&Enrollment> {
        self.state.enrollments.iter().find(|known| known.uid == uid)
    }
    pub fn enrollment_mut(&mut self, uid: EnrollmentUid) -> Option<&mut Enrollment> {
        self.state.enrollments.iter_mut().find(|known| known.uid == uid)
    }
    /// The definition of an enrollment's campaign.
    pub fn campaign_of(&self, uid: EnrollmentUid) -> Option<(CampaignId, &'a CampaignDef)> {
        let code = self.code_of(uid);
        let id = code.campaign(self.enrollment(uid)?.campaign)?;
        Some((id, code.program.campaigns.get(id.index())?))
    }
    pub fn campaign_id(&self, campaign: CampaignId) -> StableId {
        stable(&self.linked.deployment.campaigns, campaign.index())
    }
    /// Whether a campaign acts: published (or a test), not paused.
    pub fn is_acting(&self, campaign: CampaignId) -> bool {
        self.is_acting_in(self.linked, campaign)
    }
    /// Whether a campaign of that program acts.
    pub fn is_acting_in(&self, code: &Linked, campaign: CampaignId) -> bool {
        let is_published = self.switches.run_drafts || code.program.campaigns.get(campaign.index()).is_some_and(|def| def.is_published);
        is_published && !self.switches.paused.contains(&stable(&code.deployment.campaigns, campaign.index()))
    }

    /// Queues an edge, if any trigger waits for its kind. Events are queued in any case: point rules look at them.
    pub fn happen(&mut self, kind: HappeningKind) {
        let is_event = matches!(kind, HappeningKind::Event { .. } | HappeningKind::Visited { .. } | HappeningKind::Message { .. });
        if !is_event && self.linked.triggers(super::settle::trigger_key(&kind)).is_empty() {
            return;
        }
        self.queue.push_back(Happening { kind, cause: self.cause.clone() });
    }
    /// A journal line about an enrollment at a step.
    pub fn note(&mut self, uid: EnrollmentUid, step: Option<StepUid>, what: What, why: impl Into<Arc<str>>) {
        let campaign = self.enrollment(uid).map(|enrollment| enrollment.campaign);
        self.write(JournalEntry { at: self.now, campaign, enrollment: Some(uid), step, what, why: why.into(), cause: self.cause.clone() });
    }
    /// A journal line about the contact itself.
    pub fn note_contact(&mut self, what: What, why: impl Into<Arc<str>>) {
        self.write(JournalEntry { at: self.now, campaign: None, enrollment: None, step: None, what, why: why.into(), cause: self.cause.clone() });
    }
    pub fn write(&mut self, entry: JournalEntry) {
        self.out.journal.push(entry);
    }
    /// Whether one more pass of a loop may be in which no time has passed.
    pub fn may_chain(&mut self) -> bool {
        self.chain += 1;
        self.is_chain_short()
    }
    fn is_chain_short(&mut self) -> bool {
        if self.chain > CHAIN_LIMIT && !std::mem::replace(&mut self.is_cut, true) {
            self.note_contact(What::Problem, "a chain of more than 100 instantaneous effects was cut");
        }
        self.chain <= CHAIN_LIMIT
    }
    /// Whether the chain of instantaneous effects may go on; cuts and records it once where it may not.
    pub fn may_go_on(&mut self, start: &Start) -> bool {
        // What an event or a timer starts is no chain, however much it is.
        self.chain += u32::from(start.cause.input.starts_with(CAMPAIGN));
        self.is_chain_short()
    }
}

/// Applies one input to a contact at `now`: first what was due before, then the input, then what is due at this very instant.
#[must_use]
pub fn advance(linked: &Linked, switches: &Switches, state: &mut ContactState, input: &Input, now: Instant) -> Outcome {
    let mut evaluator = Evaluator::default();
    let mut context = Context::new(linked, switches, state, now);
    context.is_quiet = input.is_quiet;
    context.waiting = &input.waiting;
    if !matches!(input.kind, InputKind::Created { .. }) {
        // Who listens is asked behind all that was due in the pause.
        if let InputKind::Switched { campaign, switching: Switching::Resumed | Switching::CatchingUp } = input.kind {
            context.resuming = Some(campaign);
        }
        context.run_due(&mut evaluator, now.plus_millis(-1));
        context.resuming = None;
        // What comes now finds the moments before it behind the contact.
        context.state.dates_until = context.state.dates_until.max(now.plus_millis(-1));
    }
    context.accept(&mut evaluator, input);
    context.settle(&mut evaluator);
    // What wants the place of a shared limit has come forward.
    if !matches!(input.kind, InputKind::Wake) {
        context.award_gathered(&mut evaluator);
    }
    // Of one instant, facts come first; under a clock that stands still the rest of the instant may bring more of them.
    if matches!(input.kind, InputKind::Wake) {
        context.run_due(&mut evaluator, now);
        context.done_until = now;
    }
    context.finish(&mut evaluator)
}

impl Context<'_> {
    pub fn finish(mut self, evaluator: &mut Evaluator) -> Outcome {
        self.state.rev += 1;
        if !self.state.asides.is_empty() {
            let ContactState { asides, enrollments, ended, .. } = &mut *self.state;
            asides.retain(|uid, _| enrollments.iter().chain(ended.iter()).any(|known| known.uid == *uid));
        }
        let soon = self.now.plus_millis(1);
        // Up to now everything is done that can be; what claims otherwise must not keep the engine busy.
        self.out.next_wake = self.next_wake(evaluator).map(|at| if at <= self.done_until { at.max(soon) } else { at });
        self.out
    }
}
