//! Steps, with their arms and blocks.

use super::stream::{Flow, Gap};
use crate::syntax::{
    Kw, Tok,
    ast::{
        Arm, AwaitArm, Block, Change, Experiment, If, Moment, ReachArm, Repeat, SendContent, SplitArm, Step, StepKind, TimelineArm, Until, UntilAnchor, Variant,
    },
};

impl Flow<'_> {
    /// A step.
    pub(super) fn step(&mut self, step: &Step) {
        match &step.kind {
            StepKind::If(decision) => self.decision(decision),
            StepKind::Change(change) => self.change(change),
            StepKind::Await(arms) => {
                self.before_brace();
                self.braces(arms, Gap::Space, Flow::await_arm);
            }
            StepKind::Timeline(timeline) => {
                self.before_brace();
                self.braces(&timeline.arms, Gap::Space, Flow::timeline_arm);
            }
            StepKind::Split(arms) => {
                self.before_brace();
                self.braces(arms, Gap::Space, Flow::split_arm);
            }
            StepKind::Experiment(experiment) => self.experiment(experiment),
            StepKind::Repeat(repeat) => self.repeat(repeat),
            StepKind::Parallel(branches) => {
                self.before_brace();
                self.braces(branches, Gap::Space, Flow::block);
            }
            StepKind::Reach(arms) => {
                self.before_brace();
                self.braces(arms, Gap::Wide, Flow::reach_arm);
            }
            StepKind::Send(send) => {
                if let SendContent::Attrs(attrs) = &send.content {
                    self.before_brace();
                    self.message_attrs(attrs);
                }
            }
            StepKind::Webhook { body: object, .. } | StepKind::Emit { properties: object, .. } => self.maybe_object(object.as_ref()),
            StepKind::Notify { to, subject, body } => {
                self.through(to.span);
                let texts: Vec<_> = std::iter::once(subject).chain(body).collect();
                self.row(&texts);
            }
            StepKind::Wait { then_until: Some(until), .. } | StepKind::WaitUntil(until) => self.until(until),
            StepKind::WaitFor { condition, .. } => {
                self.upto(condition.span.start);
                self.expr(condition);
            }
            StepKind::Do { sequence, args } => {
                self.through(sequence.span);
                self.args(args);
            }
            StepKind::Wait { then_until: None, .. } | StepKind::WaitBetween { .. } | StepKind::Stop(_) => {}
        }
        self.through(step.span);
    }

    /// What stands before the next opening brace.
    fn before_brace(&mut self) {
        while !matches!(self.peek(), None | Some(Tok::LBrace)) {
            self.word();
        }
    }

    /// `{ steps }`
    pub(super) fn block(&mut self, block: &Block) {
        self.upto(block.span.start);
        self.braces(&block.items, Gap::Wide, Flow::campaign_item);
    }

    /// What changes a contact, here or in a test.
    pub(super) fn change(&mut self, change: &Change) {
        match change {
            Change::Set { value, .. } | Change::SetPoints { amount: value, .. } => {
                self.upto(value.span.start);
                self.expr(value);
            }
            Change::Points { delta, .. } => {
                self.upto(delta.span.start);
                self.point_delta(delta);
            }
            Change::AddItem { item, .. } | Change::RemoveItem { item, .. } => {
                self.upto(item.span().start);
                self.value(item);
            }
            Change::Clear(_)
            | Change::Tag(_)
            | Change::Untag(_)
            | Change::AddToList(_)
            | Change::RemoveFromList(_)
            | Change::Subscribe(_)
            | Change::Unsubscribe(_)
            | Change::Mute(_)
            | Change::Enroll(_)
            | Change::Leave(_) => {}
        }
    }

    /// A day and a time that stand on two lines are no date-time: on one line `at` keeps them apart.
    fn until(&mut self, until: &Until) {
        if let (Some(UntilAnchor::Moment(Moment::Date(day))), Some(_)) = (&until.anchor, &until.at) {
            self.through(day.span);
            if self.peek() == Some(Tok::Time) {
                self.insert_at();
            }
        }
        self.through(until.span);
    }

    /// `if … then … else …` with all that follow an `else`, as one group: its blocks are all on one line, or all broken.
    fn decision(&mut self, decision: &If) {
        self.open_here();
        let mut here = decision;
        loop {
            self.upto(here.condition.span.start);
            self.expr(&here.condition);
            while !matches!(self.peek(), None | Some(Tok::Kw(Kw::Then))) {
                self.word();
            }
            self.word();
            self.arm(&here.then);
            let Some(otherwise) = &here.otherwise else { break };
            match &here.then {
                Arm::Block(_) => self.flush(),
                Arm::Step(_) => {
                    if self.is_new_line() {
                        self.must_break();
                    }
                    self.line(Gap::Space);
                }
            }
            self.word();
            let Some(next) = else_if(otherwise) else {
                self.arm(otherwise);
                break;
            };
            here = next;
        }
        self.close();
    }

    fn arm(&mut self, arm: &Arm) {
        match arm {
            Arm::Block(block) => self.shared_braces(&block.items, Gap::Wide, Flow::campaign_item),
            Arm::Step(step) => {
                self.gap(Gap::Nothing);
                // An `if` inside is easier to read below; a step with a block of its own stays beside its `then`.
                if matches!(step.kind, StepKind::If(_)) {
                    self.open()
                } else {
                    self.open_hugging()
                }
                self.indent();
                self.line(Gap::Space);
                self.step(step);
                self.dedent();
                self.close();
            }
        }
    }

    fn reach_arm(&mut self, arm: &ReachArm) {
        match arm {
            ReachArm::Step(step) => self.step(step),
            ReachArm::Error(span) => self.through(*span),
        }
    }

    fn await_arm(&mut self, arm: &AwaitArm) {
        match arm {
            AwaitArm::On { condition, body, .. } => {
                self.word();
                self.expr(condition);
                self.block(body);
            }
            AwaitArm::After { body, .. } => self.block(body),
            AwaitArm::Error(span) => self.through(*span),
        }
    }

    fn timeline_arm(&mut self, arm: &TimelineArm) {
        match arm {
            TimelineArm::At { body, .. } => self.block(body),
            TimelineArm::Error(span) => self.through(*span),
        }
    }

    fn split_arm(&mut self, arm: &SplitArm) {
        self.block(&arm.body);
    }

    /// Its variants, and the line of the winner as one item more.
    fn experiment(&mut self, experiment: &Experiment) {
        enum Line<'a> {
            Variant(&'a Variant),
            Winner(crate::base::Span),
        }
        let variants = experiment.variants.iter().map(Line::Variant);
        let lines: Vec<Line<'_>> = variants.chain(experiment.winner.iter().map(|winner| Line::Winner(winner.span))).collect();
        self.before_brace();
        self.braces(&lines, Gap::Space, |flow, line| match line {
            Line::Variant(variant) => flow.block(&variant.body),
            Line::Winner(span) => flow.through(*span),
        });
    }

    fn repeat(&mut self, repeat: &Repeat) {
        self.upto(repeat.times.span.start);
        self.expr(&repeat.times);
        if let Some(until) = &repeat.until {
            self.upto(until.span.start);
            self.expr(until);
        }
        self.block(&repeat.body);
    }
}

/// The `if` that stands right behind an `else`.
fn else_if(arm: &Arm) -> Option<&If> {
    let Arm::Step(step) = arm else { return None };
    let StepKind::If(next) = &step.kind else { return None };
    Some(next)
}
