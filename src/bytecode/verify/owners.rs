//! Captured records belong to a campaign: whatever code a campaign reaches reads only its own slots, and what belongs to no campaign none.

use super::Checker;
use crate::bytecode::{BlockId, CampaignId, ListenId, Op, ParamDef, Reenter, TriggerKind, UntilAnchor, UntilId, reads};
use std::collections::BTreeSet;

impl Checker<'_> {
    pub(super) fn check_owners(&mut self) {
        let program = self.program;
        for at in 0..program.campaigns.len() {
            self.check_campaign_slots(CampaignId::from_index(at));
        }
        let rules = program.rules.iter().flat_map(|rule| rule.predicate.into_iter().chain([rule.amount]));
        let free: Vec<BlockId> = program.segments.iter().map(|segment| segment.predicate).chain(rules).collect();
        self.check_slots(free, 0);
        self.check_steps_once();
    }

    fn check_campaign_slots(&mut self, id: CampaignId) {
        let Some(campaign) = self.program.campaigns.get(id.index()) else { return };
        let slots = campaign.captures.len();
        let mut blocks: Vec<BlockId> = campaign.only_if.clone();
        blocks.extend(campaign.exits.iter().map(|exit| exit.condition));
        blocks.extend(campaign.goals.iter().flat_map(|goal| goal.within.into_iter().chain([goal.condition])));
        blocks.extend(campaign.sending.capped.iter().filter_map(|capped| capped.up_to));
        if let Reenter::Each(block) = campaign.reenter {
            blocks.push(block);
        }
        blocks.extend(campaign.updates.iter().filter_map(|update| update.predicate));
        blocks.extend(campaign.collect.iter().filter_map(|collect| collect.by));
        let named = campaign.updates.iter().map(|update| update.slot).chain(campaign.collect.iter().map(|collect| collect.slot));
        self.demand(named.into_iter().all(|slot| slot.index() < slots), "a captured record that its campaign does not have");
        for trigger in &campaign.triggers {
            if let TriggerKind::Event { predicate, .. } = &trigger.kind {
                blocks.extend(*predicate);
            }
        }
        let code = self.layout.campaign(id).map(|routine| routine.code(self.program)).unwrap_or(&[]);
        for op in code {
            blocks.extend(self.blocks_of(*op));
            self.demand_slots(*op, slots);
        }
        blocks.extend(reads::inner_blocks(self.program, code));
        self.check_slots(blocks, slots);
    }

    /// The blocks that a step operation asks for.
    fn blocks_of(&mut self, op: Op) -> Vec<BlockId> {
        let program = self.program;
        let values = |params: &[ParamDef]| params.iter().map(|param| param.value).collect::<Vec<_>>();
        if let Op::Send(send) = op {
            program.sends.get(send.index()).map(|send| values(&send.params)).unwrap_or_default()
        } else if let Op::Notify(notify) = op {
            program.notifies.get(notify.index()).map(|notify| values(&notify.params)).unwrap_or_default()
        } else if let Op::Webhook(call, _) = op {
            let Some(call) = program.webhook_steps.get(call.index()) else { return Vec::new() };
            values(&call.params).into_iter().chain(call.object).collect()
        } else if let Op::WaitUntil(until, _) = op {
            self.until_blocks(until)
        } else if let Op::Listen(listen, _) = op {
            self.listen_blocks(listen)
        } else if let Op::Repeat(repeat, ..) = op {
            let Some(repeat) = program.repeats.get(repeat.index()) else { return Vec::new() };
            [Some(repeat.times), repeat.every, repeat.until].into_iter().flatten().collect()
        } else if let Op::Experiment(experiment, ..) = op {
            program.experiments.get(experiment.index()).map(|experiment| experiment.after).into_iter().collect()
        } else if let Op::Timeline(timeline, _) = op {
            program.timelines.get(timeline.index()).map(|timeline| timeline.anchor).into_iter().collect()
        } else {
            Vec::new()
        }
    }

    fn until_blocks(&self, until: UntilId) -> Vec<BlockId> {
        match self.program.untils.get(until.index()).map(|until| &until.anchor) {
            Some(UntilAnchor::Value { value, .. }) => vec![*value],
            Some(UntilAnchor::Clock(_) | UntilAnchor::Weekday(..)) | None => Vec::new(),
        }
    }

    fn listen_blocks(&self, listen: ListenId) -> Vec<BlockId> {
        let Some(listen) = self.program.listens.get(listen.index()) else { return Vec::new() };
        let queries = listen.arms.iter().filter_map(|arm| arm.capture).filter_map(|(query, _)| self.program.queries.get(query.index()));
        let asked: Vec<BlockId> = queries.flat_map(reads::query_blocks).collect();
        listen.arms.iter().map(|arm| arm.condition).chain(listen.deadline.map(|(block, _)| block)).chain(asked).collect()
    }

    fn demand_slots(&mut self, op: Op, slots: usize) {
        let program = self.program;
        let mut used = Vec::new();
        if let Op::Capture(slot) = op {
            used.push(slot);
        } else if let Op::Webhook(call, _) = op {
            used.extend(program.webhook_steps.get(call.index()).and_then(|call| call.answer));
        } else if let Op::Listen(listen, _) = op {
            let arms = program.listens.get(listen.index()).map(|listen| listen.arms.as_slice()).unwrap_or(&[]);
            used.extend(arms.iter().filter_map(|arm| arm.capture).map(|(_, slot)| slot));
        }
        self.demand(used.iter().all(|slot| slot.index() < slots), "a captured record that its campaign does not have");
    }

    /// Every slot that these blocks read, directly or not, is one of the first `slots`.
    fn check_slots(&mut self, blocks: Vec<BlockId>, slots: usize) {
        let mut seen = BTreeSet::new();
        let mut open = blocks;
        while let Some(block) = open.pop() {
            if !seen.insert(block) {
                continue;
            }
            let code = self.layout.block(block).map(|routine| routine.code(self.program)).unwrap_or(&[]);
            code.iter().for_each(|op| self.demand_slots(*op, slots));
            open.extend(reads::inner_blocks(self.program, code));
        }
    }

    /// A step is entered in one place, so that `Op::Step` says where an enrollment is.
    fn check_steps_once(&mut self) {
        let mut seen = BTreeSet::new();
        for op in &self.program.code {
            if let Op::Step(step) = op
                && !seen.insert(*step)
            {
                self.report(None, format!("step {} stands twice", step.0));
            }
        }
        let mut places = BTreeSet::new();
        let is_once = self.program.places.iter().all(|place| places.insert((place.step, place.ordinal)));
        self.demand(is_once, "two standing places of one number");
    }
}
