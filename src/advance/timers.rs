//! What time brings: memberships that turn by themselves, exits and conditions, waits, windows, broadcasts.

use super::context::{Context, FactChange, Line};
use super::outcome::What;
use super::settle::{CAMPAIGN_ENDED, Resume};
use crate::bytecode::Fact;
use crate::lang::{Instant, Value};
use crate::machine::Evaluator;
use crate::machine::state::{EnrollmentUid, Slot, StandingKind, ThreadId};
use std::sync::Arc;

/// What is due. The order of the variants is the order within one instant: facts, exits, decisions, timers, broadcasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Fade(u32, u32),
    Segment(u32),
    Goal(EnrollmentUid),
    CampaignEnd(usize),
    Exit(usize),
    Condition(usize),
    /// The enrollment's place, then the line's: source order. The line itself, because another may stand in its place once it is done.
    Timer(usize, usize, ThreadId),
    Existing(u32, u32),
    Broadcast,
    /// A held send that shares a limit with other campaigns: by its rank, behind all that may want the same place.
    Award(std::cmp::Reverse<i64>, usize, usize),
}

/// More than this at one call is a fault of ours; the rest waits for the next wake.
const ROUNDS: u32 = 10_000;

impl Context<'_> {
    /// Does everything that is due up to `limit`, in order.
    pub fn run_due(&mut self, evaluator: &mut Evaluator, limit: Instant) {
        let mut last = None;
        for _ in 0..ROUNDS {
            let Some((at, due)) = self.next_due(evaluator) else { return };
            // What is still due after it was done cannot be done: better late than round in circles.
            let done = self.out.journal.len();
            if at > limit || last == Some((at, due, done)) {
                return;
            }
            last = Some((at, due, done));
            self.set_cause(Arc::from("timer"));
            self.chain = 0;
            self.is_cut = false;
            match due {
                Due::Fade(group, line) => {
                    self.fade(evaluator, (group, line), at);
                    self.turn_segments(evaluator, at);
                }
                Due::Segment(_) => self.turn_segments(evaluator, at),
                Due::Goal(uid) => self.ask_goals(evaluator, uid, at),
                Due::CampaignEnd(index) => self.with_enrollment(index, |context, uid| context.end(uid, What::Exited, Arc::from(CAMPAIGN_ENDED))),
                Due::Exit(index) => self.with_enrollment(index, |context, uid| context.ask_exits(evaluator, uid)),
                Due::Condition(index) => self.with_enrollment(index, |context, uid| {
                    context.late_conditions(evaluator, uid, at);
                    context.ask_decisions(evaluator, uid, &[Fact::Time]);
                }),
                Due::Timer(index, thread, _) | Due::Award(_, index, thread) => self.with_enrollment(index, |context, uid| {
                    if let Some(line) = context.lines(uid).get(thread) {
                        context.time_is_up(evaluator, *line, at);
                    }
                }),
                Due::Existing(campaign, segment) => self.enroll_existing((campaign, segment)),
                Due::Broadcast => self.run_broadcasts(evaluator, at),
            }
            self.settle(evaluator);
        }
    }

    fn with_enrollment(&mut self, index: usize, then: impl FnOnce(&mut Self, EnrollmentUid)) {
        if let Some(uid) = self.state.enrollments.get(index).map(|enrollment| enrollment.uid) {
            self.inside(uid, |context| then(context, uid));
        }
    }

    /// What turns at one instant turns together, before anything follows from it.
    fn turn_segments(&mut self, evaluator: &mut Evaluator, at: Instant) {
        let due: Vec<u32> = self.state.segment_wakes.iter().filter(|(_, known)| **known == at).map(|(id, _)| *id).collect();
        for id in due {
            self.turn_segment(evaluator, id);
        }
    }

    fn turn_segment(&mut self, evaluator: &mut Evaluator, id: u32) {
        let Some(segment) = self.linked.segment(id) else {
            self.state.segment_wakes.remove(&id);
            return;
        };
        if self.refresh_segment(evaluator, segment, &[]) {
            let change = FactChange { fact: Fact::Segment(segment), name: Arc::from(""), old: Value::Unset, new: Value::Unset };
            let readers: Vec<_> = self.linked.segments_reading(Fact::Segment(segment)).to_vec();
            if !readers.is_empty() {
                self.after_changes(evaluator, vec![change]);
            }
        }
    }

    fn time_is_up(&mut self, evaluator: &mut Evaluator, line: Line, due: Instant) {
        if self.enrollment(line.enrollment).is_some_and(|enrollment| enrollment.gathering.is_some()) {
            return self.close_gathering(evaluator, line.enrollment);
        }
        if self.counts_anew(line) {
            return;
        }
        // Late (a pause, a restart): the decision is taken as of its own time.
        if due < self.now && self.late_decision(evaluator, line, due) {
            return;
        }
        self.resume(evaluator, line, Resume::Due);
    }

    /// The earliest thing that time brings.
    fn next_due(&self, evaluator: &mut Evaluator) -> Option<(Instant, Due)> {
        let mut best: Option<(Instant, Due)> = None;
        let mut consider = |at: Option<Instant>, due: Due| {
            if let Some(at) = at
                && best.is_none_or(|known| (at, due) < known)
            {
                best = Some((at, due));
            }
        };
        for ((group, line), fade) in self.state.fades.iter() {
            consider(Some(fade.due), Due::Fade(*group, *line));
        }
        for ((campaign, segment), existing) in self.state.existing.iter() {
            consider(existing.due, Due::Existing(*campaign, *segment));
        }
        for (id, at) in self.state.segment_wakes.iter() {
            consider(Some(*at), Due::Segment(*id));
        }
        for enrollment in &self.state.ended {
            consider(enrollment.goal_recheck, Due::Goal(enrollment.uid));
        }
        for (index, enrollment) in self.state.enrollments.iter().enumerate() {
            let code = self.current.code_of(self.state, enrollment.uid);
            let campaign = code.campaign(enrollment.campaign);
            if campaign.is_none() {
                continue;
            }
            consider(enrollment.goal_recheck, Due::Goal(enrollment.uid));
            let end = campaign.and_then(|id| code.program.campaigns.get(id.index())).and_then(|def| def.active_until);
            consider(end, Due::CampaignEnd(index));
            consider(enrollment.exit_recheck, Due::Exit(index));
            if self.state.is_stranded(enrollment.uid) || campaign.is_none_or(|campaign| !self.is_acting_in(code, campaign)) {
                continue;
            }
            for thread in &enrollment.threads {
                consider(thread.until_recheck, Due::Condition(index));
            }
            consider(enrollment.gathering.map(|gathering| gathering.until), Due::Timer(index, 0, ThreadId(0)));
            for (number, thread) in enrollment.threads.iter().enumerate() {
                let standing = &thread.standing;
                let timer = Due::Timer(index, number, thread.id);
                match &standing.kind {
                    StandingKind::Listen { recheck } => {
                        consider(*recheck, Due::Condition(index));
                        consider(standing.due, timer);
                    }
                    StandingKind::Held { recheck, hold, .. } => {
                        consider(*recheck, Due::Condition(index));
                        let due = self.award_rank(index, number).map_or(timer, |priority| Due::Award(priority, index, number));
                        // Held by a pause that is over: at once. A slot that was asked for comes by itself.
                        consider(standing.due.or(Some(standing.since).filter(|_| hold.slot != Slot::Asked)), due);
                    }
                    StandingKind::Time | StandingKind::Until => consider(standing.due, timer),
                    StandingKind::Answer { .. } | StandingKind::Stranded | StandingKind::Running | StandingKind::Asked | StandingKind::Faulted { .. } => {}
                }
            }
        }
        consider(self.next_broadcast(evaluator), Due::Broadcast);
        best
    }

    /// When this contact wants to be woken next.
    pub fn next_wake(&self, evaluator: &mut Evaluator) -> Option<Instant> {
        self.next_due(evaluator).map(|(at, _)| at)
    }

    /// Since when a campaign has been live, for broadcasts.
    pub fn live_since(&self, campaign: usize) -> Option<Instant> {
        if self.switches.run_drafts {
            return Some(self.switches.live_since.unwrap_or(self.linked.deployment.at));
        }
        self.linked.deployment.live_since.get(campaign).copied().flatten()
    }
}

/// When a contact wants to be woken next, without doing anything.
#[must_use]
pub fn next_wake(
    linked: &crate::machine::Linked,
    switches: &super::Switches,
    state: &mut crate::machine::state::ContactState,
    now: Instant,
) -> Option<Instant> {
    let seq = state.next_seq;
    let mut evaluator = Evaluator::default();
    let wake = Context::new(linked, switches, state, now).next_wake(&mut evaluator);
    state.next_seq = seq;
    wake
}
