//! Pauses: they hold actions, not time. On resume each enrollment decides with the events' own times; triggers that came meanwhile are
//! lost, unless they are caught up with.

use super::Switching;
use super::context::{Context, Line, Start};
use super::settle::Resume;
use crate::bytecode::{CampaignId, Op};
use crate::lang::Instant;
use crate::machine::state::{EnrollmentUid, Missed, StandingKind, StepUid};
use crate::machine::{Evaluator, earlier};
use std::sync::Arc;

/// How many triggers of one contact are remembered over pauses; the oldest go first.
const MISSED_LIMIT: usize = 100;
/// How many instants of a late decision are looked at.
const LOOKS: usize = 4_000;

impl Context<'_> {
    /// A switch was thrown that concerns this contact.
    pub fn switched(&mut self, evaluator: &mut Evaluator, campaign: CampaignId, switching: Switching) {
        self.set_cause(Arc::from("operator"));
        match switching {
            Switching::Paused => {}
            Switching::Resumed => self.resumed(evaluator, campaign),
            Switching::CatchingUp => {
                self.resumed(evaluator, campaign);
                self.catch_up(campaign);
            }
        }
        if switching != Switching::Paused {
            let id = self.campaign_id(campaign);
            self.state.missed.retain(|missed| missed.campaign != id);
        }
    }

    /// A trigger fired while its campaign was paused.
    pub fn miss(&mut self, start: &Start) {
        let missed = Missed { campaign: self.campaign_id(start.campaign), trigger: start.trigger.clone(), capture: start.capture.clone(), at: self.now };
        self.state.missed.push(missed);
        if self.state.missed.len() > MISSED_LIMIT {
            self.state.missed.remove(0);
        }
    }

    fn catch_up(&mut self, campaign: CampaignId) {
        let id = self.campaign_id(campaign);
        let cause = super::Cause { input: Arc::from("catching up"), fact: None };
        let missed: Vec<Missed> = self.state.missed.iter().filter(|missed| missed.campaign == id).cloned().collect();
        for Missed { trigger, capture, .. } in missed {
            self.starts.push_back(Start { campaign, trigger, capture, cause: cause.clone() });
        }
    }

    /// What is due has been done before; here are those who listen still, or follow a field.
    fn resumed(&mut self, evaluator: &mut Evaluator, campaign: CampaignId) {
        let id = self.campaign_id(campaign);
        let uids: Vec<EnrollmentUid> = self.state.enrollments.iter().filter(|known| known.campaign == id).map(|known| known.uid).collect();
        let lines = uids.into_iter().filter(|uid| !self.state.is_stranded(*uid)).flat_map(|uid| self.lines(uid));
        for line in lines.collect::<Vec<_>>() {
            self.inside(line.enrollment, |context| context.look_after_pause(evaluator, line));
        }
    }

    fn look_after_pause(&mut self, evaluator: &mut Evaluator, line: Line) {
        let Some(standing) = self.standing(line) else { return };
        if self.ask_untils(evaluator, line) {
            return;
        }
        if let StandingKind::Listen { .. } = &standing.kind {
            if let Some((_, arm)) = self.first_arm(evaluator, line, ((standing.step, standing.ordinal), self.now)) {
                self.resume(evaluator, line, Resume::Arm(arm));
            }
        } else if standing.kind == StandingKind::Until {
            self.replan_until(evaluator, line);
        }
    }

    /// A timer that comes late (a pause, a restart): what its line has decided meanwhile, as of the events' own times.
    pub fn late_decision(&mut self, evaluator: &mut Evaluator, line: Line, due: Instant) -> bool {
        let Some(standing) = self.standing(line) else { return false };
        if self.ask_untils(evaluator, line) {
            return true;
        }
        if let StandingKind::Listen { .. } = &standing.kind {
            let place = (standing.step, standing.ordinal);
            // A send behind the deadline has been held since: listening has gone on.
            let until = if self.ends_with_send(place) { self.now } else { due };
            let Some((_, arm)) = self.first_arm(evaluator, line, (place, until)) else { return false };
            self.resume(evaluator, line, Resume::Arm(arm));
            return true;
        }
        if let StandingKind::Held { listening: Some(place), effect, .. } = &standing.kind {
            let effect = *effect;
            let Some(found) = self.first_arm(evaluator, line, (*place, self.now)) else { return false };
            self.cancel_send(effect, "the condition held first");
            self.go_to_arm(evaluator, line, found);
            return true;
        }
        false
    }

    /// A condition that time was to bring about, looked at later than that.
    pub fn late_conditions(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, due: Instant) {
        if due >= self.now {
            return;
        }
        for line in self.lines(uid) {
            self.late_decision(evaluator, line, due);
        }
    }

    fn ends_with_send(&self, place: (StepUid, u16)) -> bool {
        let Some(Op::Listen(listen, _)) = self.place_pc(place).map(|pc| self.linked.op(pc)) else { return false };
        self.linked.program.listens.get(listen.index()).is_some_and(|def| def.is_deadline_send)
    }

    /// The operation of a listening place and the arm that was the first to hold from the line's arrival up to `until`.
    fn first_arm(&mut self, evaluator: &mut Evaluator, line: Line, (place, until): ((StepUid, u16), Instant)) -> Option<(usize, usize)> {
        let pc = self.place_pc(place)?;
        let Op::Listen(listen, _) = self.linked.op(pc) else { return None };
        let arms = &self.linked.program.listens.get(listen.index())?.arms;
        let from = self.standing(line)?.since;
        let times = self.times_between(from, until);
        let mut at = from;
        for _ in 0..LOOKS {
            let mut view = self.view_at(line);
            view.now = at;
            view.as_of = Some(at);
            let mut next = times.get(times.partition_point(|time| *time <= at)).copied();
            for (index, arm) in arms.iter().enumerate() {
                let (holds, change) = evaluator.truth_and_change(&view, arm.condition);
                if holds {
                    return Some((pc, index));
                }
                next = earlier(next, change.filter(|change| *change > at));
            }
            at = next.filter(|next| *next <= until)?;
        }
        None
    }

    /// When something happened to the contact, in order.
    fn times_between(&self, from: Instant, until: Instant) -> Vec<Instant> {
        let events = self.state.history.iter().flat_map(|(_, entries)| entries.iter().map(|entry| entry.happened));
        let messages = self.state.sends.iter().flat_map(|send| {
            let once = [Some(send.at), send.delivered, send.bounced, send.unsubscribed, send.complained].into_iter().flatten();
            once.chain(send.opened.iter().copied()).chain(send.clicked.iter().chain(&send.replied).map(|(at, _)| *at))
        });
        let mut times: Vec<Instant> = events.chain(messages).filter(|at| *at > from && *at <= until).chain([until]).collect();
        times.sort_unstable();
        times.dedup();
        times
    }
}
