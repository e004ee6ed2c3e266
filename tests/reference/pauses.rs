//! Pauses hold actions, not time: *Time* 14. Nobody comes in and nothing leaves; on resume each enrollment decides by the times of what happened.

use super::person::{Arm, Person, Start, Wait};
use campc::bytecode::CampaignId;
use campc::lang::Instant;
use campc::semantic::hir::{Step, StepKind};

impl<'p> Person<'p> {
    /// Whether nothing of it may act: it is paused, or those who are inside are just deciding one after the other.
    pub fn is_at_rest(&self, campaign: CampaignId) -> bool {
        self.paused.contains(&campaign) || self.resuming == Some(campaign)
    }

    /// A trigger fired meanwhile: lost, unless it is caught up with.
    pub fn miss(&mut self, start: Start) {
        self.missed.push(start);
    }

    pub fn input_resumed(&mut self, campaign: CampaignId, is_catching_up: bool) {
        self.paused.remove(&campaign);
        self.resuming = Some(campaign);
        // What was due meanwhile, the earlier first.
        while let Some((due, id, thread)) = self.overdue(campaign) {
            if !self.decide_late((id, thread), due) {
                self.fire_timer(id, thread);
            }
            self.complete();
        }
        // Then those who listen still.
        for (id, thread) in self.lines_of(campaign) {
            if !self.decide_late((id, thread), self.now) && self.is_at_timeline(id, thread) && self.run_arms(id, thread) {
                self.run(id, thread);
            }
        }
        self.resuming = None;
        let (own, others) = std::mem::take(&mut self.missed).into_iter().partition(|start: &Start| start.campaign == campaign);
        self.missed = others;
        if is_catching_up {
            self.starts.extend::<Vec<Start>>(own);
        }
        self.complete();
        self.answer();
    }

    fn is_at_timeline(&self, id: usize, thread: usize) -> bool {
        self.enrollment(id).is_some_and(|index| matches!(self.enrollments[index].threads[thread].wait, Some(Wait::Timeline { .. })))
    }

    fn overdue(&self, campaign: CampaignId) -> Option<(Instant, usize, usize)> {
        let is_own = |id: usize| self.enrollments.iter().any(|enrollment| enrollment.id == id && enrollment.campaign == campaign);
        let due = self.timers().into_iter().filter(|(due, id, _)| *due < self.now && is_own(*id));
        due.min_by_key(|(due, id, thread)| (*due, *id, self.place(*id, *thread)))
    }

    fn lines_of(&self, campaign: CampaignId) -> Vec<(usize, usize)> {
        let inside = self.enrollments.iter().filter(|enrollment| !enrollment.is_over && enrollment.campaign == campaign);
        let mut lines: Vec<(usize, usize)> = inside.flat_map(|e| (0..e.threads.len()).map(move |thread| (e.id, thread))).collect();
        lines.sort_by_key(|(id, thread)| (*id, self.place(*id, *thread)));
        lines
    }

    /// What a line would have decided at its own time, up to `due`: true where it has gone on by that.
    fn decide_late(&mut self, (id, thread): (usize, usize), due: Instant) -> bool {
        let Some(index) = self.enrollment(id) else { return false };
        if self.leave_loop(id, thread) {
            return true;
        }
        let found = match &self.enrollments[index].threads[thread].wait {
            Some(Wait::Listen { arms, late, since, is_decision, .. }) => {
                // A message behind the deadline has been held since: listening has gone on.
                let until = if *is_decision && begins_with_send(late) { self.now } else { due };
                self.first_arm((id, thread), arms, (*since, until))
            }
            Some(Wait::Held { send, instead: Some(arm), .. }) => self.first_arm((id, thread), &[*arm], (self.sends[*send].at, self.now)),
            _ => None,
        };
        let Some(arm) = found else { return false };
        self.take_instead(id, thread, arm);
        true
    }

    /// The arm that was the first to hold. Events have times of their own; facts are as they are now.
    fn first_arm(&self, (id, thread): (usize, usize), arms: &[Arm<'p>], (since, until): (Instant, Instant)) -> Option<Arm<'p>> {
        let asker = self.asker(id, Some(thread));
        let mut at = since;
        loop {
            if let Some(arm) = arms.iter().find(|arm| self.is_true(arm.condition, asker, at)) {
                return Some(*arm);
            }
            let events = self.events.iter().map(|event| event.happened).filter(|happened| *happened > at);
            let turns = arms.iter().filter_map(|arm| self.next_turn_of(arm.condition, asker, (at, until)));
            at = events.chain(turns).chain([until].into_iter().filter(|until| *until > at)).min().filter(|next| *next <= until)?;
        }
    }
}

fn begins_with_send(steps: &[Step]) -> bool {
    match steps.first().map(|step| &step.kind) {
        Some(StepKind::Send { .. } | StepKind::Reach(_)) => true,
        Some(StepKind::Do { body, .. }) => begins_with_send(body),
        _ => false,
    }
}
