//! Steps that branch or repeat: `parallel`, `split`, `repeat`, `experiment`.

use super::campaign::each_step;
use super::context::Lowering;
use crate::bytecode::{
    ArmsDef, ArmsId, Assembler, ExperimentDef, ExperimentId, Label, Measure, Op, RepeatDef, RepeatId, SplitArm, SplitDef, SplitId, StepId, VariantDef,
};
use crate::semantic::hir::{self, Share, Step, StepKind, Variant, WinnerMeasure};
use std::sync::Arc;

impl Lowering<'_> {
    pub(super) fn parallel(&mut self, code: &mut Assembler, step: &Step, branches: &[Vec<Step>]) {
        if branches.is_empty() {
            return;
        }
        let (arms, labels) = self.arms(code, step, branches.len());
        code.emit(Op::Fork(arms));
        self.bodies(code, labels, branches.iter().map(Vec::as_slice));
        code.emit(Op::Join(arms));
    }

    pub(super) fn split(&mut self, code: &mut Assembler, step: &Step, arms: &[hir::SplitArm]) {
        if arms.is_empty() {
            return;
        }
        let shares = arms.iter().map(|arm| {
            let share = match arm.share {
                Share::Part(part) => Some(part),
                Share::Else => None,
            };
            let name = arm.label.clone().unwrap_or_else(|| share.map_or_else(|| Arc::from("else"), |part| Arc::from(format!("{}%", part * 100.0))));
            SplitArm { share, name }
        });
        let def = SplitDef { step: step.header.id, arms: shares.collect() };
        self.builder.program.splits.push(def);
        let split = SplitId::from_index(self.builder.program.splits.len() - 1);
        let (table, labels) = self.arms(code, step, arms.len());
        code.emit(Op::Split(split, table));
        self.bodies(code, labels, arms.iter().map(|arm| arm.body.as_slice()));
    }

    pub(super) fn repeat(&mut self, code: &mut Assembler, step: &Step) {
        let StepKind::Repeat { times, every, until, body } = &step.kind else { return };
        let times = self.block(times);
        let every = every.as_ref().map(|every| self.block(every));
        let until = until.as_ref().map(|until| self.block(until));
        let def = RepeatDef { step: step.header.id, last: last_inside(step), times, every, until };
        self.builder.program.repeats.push(def);
        let repeat = RepeatId::from_index(self.builder.program.repeats.len() - 1);
        let (head, behind) = (code.label(), code.label());
        let place = self.place(step.header.id);
        code.bind(head);
        code.emit_at(place, Op::Repeat(repeat, behind.as_target(), place));
        self.steps(code, body);
        code.jump(head);
        code.bind(behind);
    }

    pub(super) fn experiment(&mut self, code: &mut Assembler, step: &Step) {
        let StepKind::Experiment { variants, measure, after } = &step.kind else { return };
        let measure = match measure {
            WinnerMeasure::Opened => Measure::Opened,
            WinnerMeasure::Clicked => Measure::Clicked,
            WinnerMeasure::Goal(at) => Measure::Goal(u16::try_from(*at).unwrap_or(u16::MAX)),
            WinnerMeasure::Error => return self.poison(step.header.span),
        };
        if variants.is_empty() {
            return;
        }
        let after = self.block(after);
        let variants_lowered = lower_variants(variants);
        let shape = shape_of(&variants_lowered, measure);
        let def = ExperimentDef { step: step.header.id, variants: variants_lowered, measure, after, shape };
        self.builder.program.experiments.push(def);
        let experiment = ExperimentId::from_index(self.builder.program.experiments.len() - 1);
        let (table, labels) = self.arms(code, step, variants.len());
        let place = self.place(step.header.id);
        code.emit_at(place, Op::Experiment(experiment, table, place));
        self.bodies(code, labels, variants.iter().map(|variant| variant.body.as_slice()));
    }

    /// A table of arms, each with the label where its body will stand.
    fn arms(&mut self, code: &mut Assembler, step: &Step, count: usize) -> (ArmsId, Vec<Label>) {
        let labels: Vec<Label> = (0..count).map(|_| code.label()).collect();
        let def = ArmsDef { step: step.header.id, last: last_inside(step), targets: labels.iter().map(|label| label.as_target()).collect() };
        self.builder.program.arms.push(def);
        let arms = ArmsId::from_index(self.builder.program.arms.len() - 1);
        code.arms(arms);
        (arms, labels)
    }

    /// Bodies one behind the other, each going on behind the last.
    fn bodies<'s>(&mut self, code: &mut Assembler, labels: Vec<Label>, bodies: impl Iterator<Item = &'s [Step]>) {
        let end = code.label();
        for (label, body) in labels.into_iter().zip(bodies) {
            code.bind(label);
            self.steps(code, body);
            code.jump(end);
        }
        code.bind(end);
    }
}

/// The last step inside of a step; itself where there is none.
pub(super) fn last_inside(step: &Step) -> StepId {
    let mut last = step.header.id;
    each_step(std::slice::from_ref(step), &mut |header| last = last.max(header.id));
    last
}

/// Where shares are written, a variant without one takes none; where none is, all take the same.
fn lower_variants(variants: &[Variant]) -> Vec<VariantDef> {
    let has_shares = variants.iter().any(|variant| variant.share.is_some());
    let even = 1.0 / u32::try_from(variants.len()).map_or(1.0, f64::from);
    let lowered = variants.iter().map(|variant| {
        let (mut steps, mut is_sending): (Option<(StepId, StepId)>, bool) = (None, false);
        each_step(&variant.body, &mut |header| {
            let (first, last) = steps.unwrap_or((header.id, header.id));
            steps = Some((first.min(header.id), last.max(header.id)));
            is_sending |= matches!(header.kind, crate::bytecode::StepKind::Email | crate::bytecode::StepKind::Sms | crate::bytecode::StepKind::Push);
        });
        let share = if has_shares { variant.share.unwrap_or(0.0) } else { even };
        VariantDef { name: variant.name.clone(), share, steps, is_sending }
    });
    lowered.collect()
}

fn shape_of(variants: &[VariantDef], measure: Measure) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for variant in variants {
        hasher.update(variant.name.as_bytes()).update(&[0]).update(&variant.share.to_bits().to_be_bytes());
    }
    hasher.update(format!("{measure:?}").as_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_be_bytes(bytes)
}
