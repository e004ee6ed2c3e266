//! What is said about time around an enrollment: updates, gathering, timelines.

use super::context::Lowering;
use super::flow::last_inside;
use crate::bytecode::{Assembler, CollectDef, Op, TimelineArmDef, TimelineDef, TimelineId, UpdateDef};
use crate::lang::TimeOfDay;
use crate::semantic::hir::{self, Expr, Step, StepKind, TimelineArm};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Lowering<'_> {
    pub(super) fn updates(&mut self, updates: &[hir::Update]) -> Vec<UpdateDef> {
        updates
            .iter()
            .map(|update| UpdateDef {
                slot: update.slot,
                pattern: self.pattern(&update.pattern),
                predicate: update.predicate.as_ref().map(|predicate| self.block(predicate)),
                span: update.span,
            })
            .collect()
    }

    pub(super) fn collect(&mut self, collect: Option<&hir::Collect>) -> Option<CollectDef> {
        let collect = collect?;
        let by = collect.by.as_ref().map(|by| self.block(by));
        Some(CollectDef { slot: collect.slot, length: collect.length, sliding_up_to: collect.sliding_up_to, by, span: collect.span })
    }

    /// The timeline stands at one operation; each arm is a line of its own, and ends.
    pub(super) fn timeline(&mut self, code: &mut Assembler, step: &Step) {
        let StepKind::Timeline { anchor, is_again_when_moved, arms } = &step.kind else { return };
        let id = self.timeline_def(step, (anchor, *is_again_when_moved));
        code.emit(Op::EnterTimeline(id));
        let end = code.label();
        let place = self.place(step.header.id);
        code.emit_at(place, Op::Timeline(id, place));
        let keys = keys(arms);
        let mut defs = Vec::new();
        for (arm, key) in arms.iter().zip(keys) {
            let target = code.label();
            code.bind(target);
            defs.push(TimelineArmDef { key, shift: arm.shift, is_before: arm.is_before, at: arm.at, target: target.as_target() });
            self.steps(code, &arm.body);
            code.emit(Op::EndArm(id));
        }
        code.bind(end);
        if let Some(def) = self.builder.program.timelines.get_mut(id.index()) {
            def.arms = defs;
            def.end = end.as_target();
        }
    }

    fn timeline_def(&mut self, step: &Step, (anchor, is_again_when_moved): (&Expr, bool)) -> TimelineId {
        let anchor = self.block(anchor);
        let timelines = &mut self.builder.program.timelines;
        timelines.push(TimelineDef {
            step: step.header.id,
            last: last_inside(step),
            anchor,
            is_again_when_moved,
            arms: Vec::new(),
            end: crate::bytecode::Pc(0),
        });
        TimelineId::from_index(timelines.len() - 1)
    }
}

/// What the arms say, each once: a second of the same words has its number.
fn keys(arms: &[TimelineArm]) -> Vec<Arc<str>> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut keys = Vec::new();
    for arm in arms {
        let words = words(arm);
        let ordinal = seen.entry(words.clone()).or_default();
        *ordinal += 1;
        keys.push(Arc::from(if *ordinal == 1 { words } else { format!("{words}#{ordinal}") }));
    }
    keys
}

/// `7d before at 09:00`
fn words(arm: &TimelineArm) -> String {
    let day = if arm.is_on_the_day { "on the day".to_owned() } else { format!("{} {}", arm.shift, if arm.is_before { "before" } else { "after" }) };
    arm.at.map_or(day.clone(), |at| format!("{day} at {}", clock(at)))
}

fn clock(time: TimeOfDay) -> String {
    let text = time.to_string();
    text.strip_suffix(":00").map_or(text.clone(), str::to_owned)
}
