//! The code: operands in range, jumps that stay in their routine, a stack that fits on every path.

use super::{Checker, MAX_STACK};
use crate::bytecode::table::{Flow, Operand};
use crate::bytecode::{ArmsId, CampaignId, ConstId, ListenId, Op, Pc, Place, Program, Routine, RoutineOwner, StepId, TimelineId};
use crate::lang::Value;
use std::collections::BTreeMap;

impl Checker<'_> {
    pub(super) fn check_code(&mut self) {
        for routine in self.layout.routines().to_vec() {
            self.demand_at(routine.start, routine.start < routine.end, "a routine without code");
            for (at, op) in routine.code(self.program).iter().enumerate() {
                let pc = Pc::from_index(routine.start.index() + at);
                op.operands().into_iter().for_each(|operand| self.check_operand(pc, operand));
                self.check_kind(&routine, pc, *op);
            }
            self.check_stack(&routine);
        }
        self.check_divided();
    }

    /// Every operation belongs to exactly one routine.
    fn check_divided(&mut self) {
        let routines = self.layout.routines().to_vec();
        let mut next = Pc(0);
        for routine in routines {
            self.demand_at(routine.start, routine.start == next, "routines that overlap, or code that belongs to none");
            next = routine.end;
        }
        self.demand(next.index() == self.program.code.len(), "code behind the last routine");
    }

    /// Blocks compute, campaigns act.
    fn check_kind(&mut self, routine: &Routine, pc: Pc, op: Op) {
        match routine.owner {
            RoutineOwner::Block(_) => self.demand_at(pc, !op.is_step_op(), "a step inside a block"),
            RoutineOwner::Campaign(campaign) => {
                self.demand_at(pc, op != Op::Return, "a return outside a block");
                self.check_campaign_of(pc, campaign, op);
            }
        }
        let inside = op.target().is_none_or(|target| routine.contains(target));
        self.demand_at(pc, inside, "a jump out of its routine");
    }

    /// What stands in a campaign's code belongs to that campaign.
    fn check_campaign_of(&mut self, pc: Pc, campaign: CampaignId, op: Op) {
        let program = self.program;
        for operand in op.operands() {
            let owner = step_of(program, operand).and_then(|step| program.steps.get(step.index())).map(|step| step.campaign);
            self.demand_at(pc, owner.is_none_or(|owner| owner == campaign), "a step of another campaign");
            let stands_here = place_of(program, operand).is_none_or(|place| place.pc == pc);
            self.demand_at(pc, stands_here, "a standing place that is elsewhere");
        }
    }

    fn check_operand(&mut self, pc: Pc, operand: Operand) {
        let program = self.program;
        let (index, len, what) = match operand {
            Operand::Constant(id) => (id.index(), program.constants.len(), "constant"),
            Operand::Text(id) => return self.check_text(pc, id),
            Operand::DateConstant(id) => {
                let is_date = matches!(program.constants.get(id.index()), Some(Value::Date(_)));
                return self.demand_at(pc, is_date, "a constant that is no date");
            }
            Operand::OptionalText(id) => return id.into_iter().for_each(|id| self.check_text(pc, id)),
            Operand::Field(id) => (id.index(), program.fields.len(), "field"),
            Operand::Group(id) => (id.index(), program.groups.len(), "point group"),
            // Slots belong to a campaign; `owners` looks at them.
            Operand::Slot(_) | Operand::Time(_) | Operand::Compare(_) | Operand::TextQuestion(_) => return,
            Operand::Block(id) => (id.index(), program.blocks.len(), "block"),
            Operand::Count(count) => return self.demand_at(pc, count <= MAX_STACK, "more values than the stack holds"),
            Operand::Regex(id) => (id.index(), program.regexes.len(), "pattern"),
            Operand::Segment(id) => (id.index(), program.segments.len(), "segment"),
            Operand::List(id) => (id.index(), program.lists.len(), "list"),
            Operand::Campaign(id) => (id.index(), program.campaigns.len(), "campaign"),
            Operand::Topic(id) => (id.index(), program.topics.len(), "topic"),
            Operand::Query(id) => (id.index(), program.queries.len(), "history question"),
            Operand::Target(pc) => (pc.index(), program.code.len(), "operation"),
            Operand::Step(id) => (id.index(), program.steps.len(), "step"),
            Operand::Send(id) => (id.index(), program.sends.len(), "send"),
            Operand::WebhookStep(id) => (id.index(), program.webhook_steps.len(), "webhook step"),
            Operand::Place(id) => (id.index(), program.places.len(), "standing place"),
            Operand::Notify(id) => (id.index(), program.notifies.len(), "notify step"),
            Operand::Until(id) => (id.index(), program.untils.len(), "moment"),
            Operand::Listen(id) => (id.index(), program.listens.len(), "listening place"),
            Operand::Event(id) => (id.index(), program.events.len(), "event"),
            Operand::Arms(id) => (id.index(), program.arms.len(), "table of arms"),
            Operand::Split(id) => (id.index(), program.splits.len(), "split"),
            Operand::Repeat(id) => (id.index(), program.repeats.len(), "loop"),
            Operand::Experiment(id) => (id.index(), program.experiments.len(), "experiment"),
            Operand::Timeline(id) => (id.index(), program.timelines.len(), "timeline"),
        };
        if index >= len {
            self.report(Some(pc), format!("{what} {index} of {len}"));
        }
    }

    fn check_text(&mut self, pc: Pc, id: ConstId) {
        let is_text = matches!(self.program.constants.get(id.index()), Some(Value::Text(_)));
        self.demand_at(pc, is_text, "a constant that is no text");
    }

    /// Walks every path through a routine: the depth of the stack at an operation must be the same on all of them.
    fn check_stack(&mut self, routine: &Routine) {
        let mut depths: BTreeMap<Pc, u32> = BTreeMap::new();
        let mut open = vec![(routine.start, 0)];
        while let Some((pc, depth)) = open.pop() {
            if !routine.contains(pc) {
                self.report(Some(pc), "a path that runs out of its routine");
                continue;
            }
            match depths.insert(pc, depth) {
                Some(known) if known == depth => continue,
                Some(_) => {
                    self.report(Some(pc), "paths that meet with different stacks");
                    return;
                }
                None => {}
            }
            let Some(op) = self.program.code.get(pc.index()).copied() else { continue };
            if let Err(what) = self.step_stack(pc, depth, op, &mut open) {
                self.report(Some(pc), what);
                return;
            }
        }
    }

    fn step_stack(&self, pc: Pc, depth: u32, op: Op, open: &mut Vec<(Pc, u32)>) -> Result<(), &'static str> {
        let (pops, pushes) = op.stack_effect();
        let rest = depth.checked_sub(pops).ok_or("a value is missing from the stack")?;
        let after = rest.saturating_add(pushes);
        if after > MAX_STACK {
            return Err("the stack grows too deep");
        }
        if op.is_step_op() && rest != 0 {
            return Err("a value is left on the stack at a step");
        }
        let next = Pc(pc.0.saturating_add(1));
        match op.flow() {
            Flow::Next => open.push((next, after)),
            Flow::Jump(target) => open.push((target, after)),
            Flow::Branch(target, kept) => open.extend([(next, after), (target, rest.saturating_add(kept))]),
            Flow::Listen(listen) => open.extend(self.listen_targets(listen).into_iter().map(|target| (target, after))),
            Flow::Arms(arms) => open.extend(self.arms_targets(arms).iter().map(|target| (*target, after))),
            Flow::Timeline(timeline) => open.extend(self.timeline_targets(timeline).into_iter().map(|target| (target, after))),
            Flow::Return if rest != 0 => return Err("a block that leaves more than one value"),
            Flow::Return | Flow::End => {}
        }
        Ok(())
    }

    fn arms_targets(&self, arms: ArmsId) -> &[Pc] {
        self.program.arms.get(arms.index()).map_or(&[], |arms| arms.targets.as_slice())
    }

    fn listen_targets(&self, listen: ListenId) -> Vec<Pc> {
        let Some(listen) = self.program.listens.get(listen.index()) else { return Vec::new() };
        listen.arms.iter().map(|arm| arm.target).chain(listen.deadline.map(|(_, target)| target)).collect()
    }

    fn timeline_targets(&self, timeline: TimelineId) -> Vec<Pc> {
        let Some(timeline) = self.program.timelines.get(timeline.index()) else { return Vec::new() };
        timeline.arms.iter().map(|arm| arm.target).chain([timeline.end]).collect()
    }
}

/// The step that an operand belongs to, where it belongs to one.
fn step_of(program: &Program, operand: Operand) -> Option<StepId> {
    if let Operand::Step(step) = operand {
        Some(step)
    } else if let Operand::Send(send) = operand {
        Some(program.sends.get(send.index())?.step)
    } else if let Operand::WebhookStep(call) = operand {
        Some(program.webhook_steps.get(call.index())?.step)
    } else if let Operand::Notify(notify) = operand {
        Some(program.notifies.get(notify.index())?.step)
    } else if let Operand::Listen(listen) = operand {
        Some(program.listens.get(listen.index())?.step)
    } else if let Operand::Arms(arms) = operand {
        Some(program.arms.get(arms.index())?.step)
    } else if let Operand::Split(split) = operand {
        Some(program.splits.get(split.index())?.step)
    } else if let Operand::Repeat(repeat) = operand {
        Some(program.repeats.get(repeat.index())?.step)
    } else if let Operand::Experiment(experiment) = operand {
        Some(program.experiments.get(experiment.index())?.step)
    } else if let Operand::Timeline(timeline) = operand {
        Some(program.timelines.get(timeline.index())?.step)
    } else {
        Some(place_of(program, operand)?.step)
    }
}

/// The standing place of an operand, where it has one.
fn place_of(program: &Program, operand: Operand) -> Option<&Place> {
    let place = if let Operand::Place(place) = operand {
        place
    } else if let Operand::Send(send) = operand {
        program.sends.get(send.index())?.place
    } else {
        return None;
    };
    program.places.get(place.index())
}
