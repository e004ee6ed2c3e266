//! `including existing`: who is in a segment when its campaign goes live is enrolled as well, at a pace.

use super::context::{Context, Start};
use super::outcome::Cause;
use crate::bytecode::{CampaignDef, CampaignId, ExistingDef, Trigger, TriggerKind};
use crate::lang::Instant;
use crate::machine::stable;
use crate::machine::state::{ContactState, Existing, StableId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The moments that are given to members, one after the other, over all contacts.
#[derive(Clone, Debug, Default)]
pub struct Pacing {
    last: BTreeMap<(StableId, StableId), Instant>,
}

impl Pacing {
    /// Goes on behind the moments that a contact has been given.
    pub fn follow(&mut self, state: &ContactState) {
        for (line, existing) in state.existing.iter() {
            if let Some(due) = existing.due {
                let last = self.last.entry(*line).or_insert(due);
                *last = (*last).max(due);
            }
        }
    }

    /// The next moment, `from` at the earliest.
    fn next(&mut self, line: (StableId, StableId), from: Instant, every_ms: i64) -> Instant {
        let at = self.last.get(&line).map_or(from, |last| last.plus_millis(every_ms).max(from));
        self.last.insert(line, at);
        at
    }
}

impl<'a> Context<'a> {
    /// Under a new program: gives a moment to each line that has become live, and to each membership that the program itself has brought.
    pub fn plan_existing(&mut self, pacing: &mut Pacing, members_before: &[StableId]) {
        let seq = self.linked.deployment.seq;
        let linked = self.linked;
        self.state.existing.retain(|(campaign, segment), _| linked.campaign(*campaign).is_some() && linked.segment(*segment).is_some());
        for index in 0..linked.program.campaigns.len() {
            let Some(def) = linked.program.campaigns.get(index).filter(|def| def.is_published) else { continue };
            let campaign = stable(&linked.deployment.campaigns, index);
            let lines: Vec<_> = def.triggers.iter().filter_map(|trigger| self.line_of(trigger)).collect();
            for (segment, existing) in lines {
                let line = (campaign, segment);
                let is_new = linked.deployment.existing.contains(&(campaign, segment, seq)) || !members_before.contains(&segment);
                let is_planned = self.state.existing.get(&line).is_some_and(|known| known.seq == seq || known.due.is_some());
                if !is_new || is_planned || !self.state.segments.contains(&segment) {
                    continue;
                }
                let from = def.active_from.map_or(self.now, |from| from.max(self.now));
                let due = pacing.next(line, from, existing.every_ms);
                self.state.existing.insert(line, Existing { seq, due: Some(due) });
            }
        }
    }

    /// Whoever enters before the campaign begins is there when it does.
    pub fn await_beginning(&mut self, (campaign, def): (CampaignId, &CampaignDef), trigger: &Trigger) {
        let Some(from) = def.active_from.filter(|from| self.now < *from) else { return };
        let Some((segment, _)) = self.line_of(trigger) else { return };
        let seq = self.linked.deployment.seq;
        self.state.existing.insert((self.campaign_id(campaign), segment), Existing { seq, due: Some(from) });
    }

    /// The moment of a member has come.
    pub fn enroll_existing(&mut self, line: (StableId, StableId)) {
        let Some(existing) = self.state.existing.get_mut(&line) else { return };
        existing.due = None;
        let (campaign, segment) = line;
        let is_in = self.state.enrollments.iter().any(|known| known.campaign == campaign);
        if is_in || !self.state.segments.contains(&segment) {
            return;
        }
        let Some(id) = self.linked.campaign(campaign) else { return };
        let Some(def) = self.linked.program.campaigns.get(id.index()) else { return };
        let Some(trigger) = def.triggers.iter().find(|trigger| self.line_of(trigger).is_some_and(|(known, _)| known == segment)) else { return };
        let cause = Cause { input: Arc::from("existing member"), fact: None };
        self.starts.push_back(Start { campaign: id, trigger: trigger.text.clone(), capture: None, cause });
    }

    /// Who leaves a segment before the moment has come is no member any more.
    pub fn forget_existing(&mut self, segment: StableId) {
        for (_, existing) in self.state.existing.iter_mut().filter(|((_, known), _)| *known == segment) {
            existing.due = None;
        }
    }

    fn line_of(&self, trigger: &'a Trigger) -> Option<(StableId, &'a ExistingDef)> {
        segment_of(trigger).map(|(segment, existing)| (stable(&self.linked.deployment.segments, segment), existing))
    }
}

fn segment_of(trigger: &Trigger) -> Option<(usize, &ExistingDef)> {
    let TriggerKind::SegmentEntered(segment) = &trigger.kind else { return None };
    Some((segment.index(), trigger.existing.as_ref()?))
}
