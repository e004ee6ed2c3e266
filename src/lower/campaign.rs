//! Campaigns: the header, the table of steps, the routine.

use super::context::Lowering;
use crate::bytecode::{Assembler, CampaignDef, CampaignId, ExitDef, GoalDef, MigrationDef, Op, Outline, Reenter, StepDef, StepId, StepKind, StepOutline};
use crate::semantic::hir;
use std::collections::BTreeMap;
use std::sync::Arc;

impl<'h> Lowering<'h> {
    pub(super) fn campaigns(&mut self) {
        self.step_table();
        for campaign in &self.project.campaigns {
            let def = self.campaign(campaign);
            self.builder.program.campaigns.push(def);
        }
    }

    /// What ends the enrollment, in words too: of `stay while P` that is `not (P)`.
    fn exit(&mut self, exit: &'h hir::Exit) -> ExitDef {
        let condition = self.block(&exit.condition);
        if let Some(block) = self.builder.program.blocks.get_mut(condition.index()).filter(|_| exit.is_stay_while) {
            block.text = format!("not ({})", block.text).into();
        }
        ExitDef { condition, span: exit.span }
    }

    fn campaign(&mut self, campaign: &'h hir::Campaign) -> CampaignDef {
        let triggers = campaign.triggers.iter().filter_map(|trigger| self.trigger(trigger)).collect();
        let only_if = campaign.only_if.iter().map(|condition| self.block(condition)).collect();
        let reenter = match &campaign.reenter {
            hir::Reenter::Never => Reenter::Never,
            hir::Reenter::Always => Reenter::Always,
            hir::Reenter::After(duration) => Reenter::After(*duration),
            hir::Reenter::Each(value) => Reenter::Each(self.block(value)),
        };
        let exits = campaign.exits.iter().map(|exit| self.exit(exit)).collect();
        let goals = self.goals(&campaign.goals);
        let updates = self.updates(&campaign.updates);
        let collect = self.collect(campaign.collect.as_ref());
        let mut code = Assembler::new();
        self.steps(&mut code, &campaign.steps);
        code.emit(Op::Finish);
        let entry = self.builder.routine(code);
        let mut steps = Vec::new();
        each_step(&campaign.steps, &mut |header| steps.push(header.id));
        // `if not C within D` has its arms the other way round; numbers follow the source.
        steps.sort_unstable();
        CampaignDef {
            name: campaign.name.clone(),
            was: campaign.was.clone(),
            is_published: campaign.is_published,
            active_from: campaign.active_from,
            active_until: campaign.active_until,
            triggers,
            only_if,
            reenter,
            is_restarting: campaign.is_restarting,
            updates,
            collect,
            exits,
            goals,
            migrations: campaign.migrations.iter().map(|m| MigrationDef { from: m.from.clone(), to: m.to.clone() }).collect(),
            windows: campaign.windows.clone(),
            sending: self.sending(campaign),
            captures: campaign.captures.clone(),
            entry,
            steps,
            span: campaign.span,
        }
    }

    fn goals(&mut self, goals: &'h [hir::Goal]) -> Vec<GoalDef> {
        let mut nameless = 0_u32;
        let mut key_of = |name: Option<&Arc<str>>| {
            nameless += u32::from(name.is_none());
            match (name, nameless) {
                (Some(name), _) => name.clone(),
                (None, 1) => Arc::from(""),
                (None, ordinal) => Arc::from(format!("#{ordinal}")),
            }
        };
        let keys: Vec<Arc<str>> = goals.iter().map(|goal| key_of(goal.name.as_ref())).collect();
        goals
            .iter()
            .zip(keys)
            .map(|(goal, key)| GoalDef {
                name: goal.name.clone(),
                key,
                condition: self.block(&goal.condition),
                within: goal.within.as_ref().map(|within| self.block(within)),
                span: goal.span,
            })
            .collect()
    }

    /// Steps keep the numbers of the checked tree, which tests and pictures refer to.
    fn step_table(&mut self) {
        let mut defs: BTreeMap<StepId, StepDef> = BTreeMap::new();
        for (at, campaign) in self.project.campaigns.iter().enumerate() {
            each_step(&campaign.steps, &mut |header| {
                defs.insert(header.id, step_def(CampaignId::from_index(at), header));
            });
        }
        let mut steps: Vec<StepDef> = Vec::with_capacity(defs.len());
        for (id, def) in defs {
            debug_assert!(id.index() == steps.len(), "steps are counted without gaps");
            while steps.len() < id.index() {
                steps.push(StepDef { path: Arc::from(""), name: None, ..def.clone() });
            }
            steps.push(def);
        }
        self.builder.program.steps = steps;
        self.outline();
    }

    fn outline(&mut self) {
        let mut steps = vec![StepOutline::default(); self.builder.program.steps.len()];
        for campaign in &self.project.campaigns {
            each_step(&campaign.steps, &mut |header| {
                steps.get_mut(header.id.index()).into_iter().for_each(|outline| outline.clone_from(header.outline.as_ref()));
            });
        }
        let rules = self.project.campaigns.iter().map(|campaign| campaign.migrations.iter().map(|line| line.span).collect());
        self.builder.program.outline = Outline { steps, rules: rules.collect() };
    }
}

fn step_def(campaign: CampaignId, header: &hir::StepHeader) -> StepDef {
    let kind: StepKind = header.kind;
    StepDef { campaign, name: header.name.clone(), path: header.path.clone(), kind, text: header.text.clone(), span: header.span }
}

/// Visits the steps of a block, an enclosing step before those inside; a red path's wait stands before the rest of its path.
pub(super) fn each_step<'s>(steps: &'s [hir::Step], visit: &mut impl FnMut(&'s hir::StepHeader)) {
    for step in steps {
        visit(&step.header);
        if let hir::StepKind::Decide { deadline: Some(deadline), then_, else_, .. } = &step.kind {
            each_step(then_, visit);
            deadline.wait.iter().for_each(&mut *visit);
            each_step(else_, visit);
        } else {
            inner_blocks(&step.kind).into_iter().for_each(|inner| each_step(inner, visit));
        }
    }
}

/// The blocks of steps inside a step, in source order.
fn inner_blocks(kind: &hir::StepKind) -> Vec<&[hir::Step]> {
    match kind {
        hir::StepKind::Reach(steps) => vec![steps],
        hir::StepKind::Decide { then_, else_, .. } => vec![then_, else_],
        hir::StepKind::Await { arms, deadline } => arms.iter().map(|arm| arm.body.as_slice()).chain(deadline.iter().map(|(_, body)| body.as_slice())).collect(),
        hir::StepKind::Timeline { arms, .. } => arms.iter().map(|arm| arm.body.as_slice()).collect(),
        hir::StepKind::Split(arms) => arms.iter().map(|arm| arm.body.as_slice()).collect(),
        hir::StepKind::Experiment { variants, .. } => variants.iter().map(|variant| variant.body.as_slice()).collect(),
        hir::StepKind::Repeat { body, .. } | hir::StepKind::Do { body, .. } => vec![body],
        hir::StepKind::Parallel(branches) => branches.iter().map(Vec::as_slice).collect(),
        hir::StepKind::Send { .. } | hir::StepKind::Webhook { .. } | hir::StepKind::Notify { .. } | hir::StepKind::Set { .. } => vec![],
        hir::StepKind::Clear { .. } | hir::StepKind::AddItem { .. } | hir::StepKind::RemoveItem { .. } | hir::StepKind::AddPoints { .. } => vec![],
        hir::StepKind::SetPoints { .. } | hir::StepKind::Tag(_) | hir::StepKind::Untag(_) | hir::StepKind::AddToList(_) => vec![],
        hir::StepKind::RemoveFromList(_) | hir::StepKind::Subscribe(_) | hir::StepKind::Unsubscribe(_) | hir::StepKind::Enroll(_) => vec![],
        hir::StepKind::Leave(_) | hir::StepKind::Emit { .. } | hir::StepKind::Mute(_) | hir::StepKind::Wait { .. } => vec![],
        hir::StepKind::WaitBetween { .. } | hir::StepKind::WaitUntil(_) | hir::StepKind::WaitFor { .. } | hir::StepKind::Stop(_) => vec![],
        hir::StepKind::Error => vec![],
    }
}
