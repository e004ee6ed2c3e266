//! What is declared outside campaigns: the tables that keep their numbers, segments, point rules.

use super::context::Lowering;
use crate::bytecode::{PointRule, SegmentDef};

impl Lowering<'_> {
    pub(super) fn declarations(&mut self) {
        let project = self.project;
        let program = &mut self.builder.program;
        program.project = project.info.clone();
        program.fields = project.fields.clone();
        program.events = project.events.clone();
        program.lists = project.lists.clone();
        program.topics = project.topics.clone();
        program.groups = project.groups.clone();
        self.messages();
        self.webhooks();
        self.segments();
        self.rules();
        self.policy();
    }

    /// The checker has put each segment behind those it reads.
    fn segments(&mut self) {
        for segment in &self.project.segments {
            let predicate = self.block(&segment.condition);
            let def = SegmentDef { name: segment.name.clone(), was: segment.was.clone(), predicate, span: segment.span };
            self.builder.program.segments.push(def);
        }
    }

    fn rules(&mut self) {
        for rule in &self.project.rules {
            let pattern = self.pattern(&rule.pattern);
            let predicate = rule.predicate.as_ref().map(|predicate| self.block(predicate));
            let amount = self.block(&rule.amount);
            let def = PointRule { group: rule.group, pattern, predicate, amount, cap: rule.cap, text: rule.text.clone(), span: rule.span };
            self.builder.program.rules.push(def);
        }
    }
}
