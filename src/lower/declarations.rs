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

    /// The program has no rules of sending yet; the checker says so, this is where they will go.
    fn policy(&mut self) {
        let policy = &self.project.policy;
        if self.refused.iter().any(|known| known.construct == "policy") {
            return;
        }
        let spans: Vec<_> = policy.limits.iter().map(|limit| limit.span).chain(policy.throttles.iter().map(|throttle| throttle.span)).collect();
        spans.into_iter().for_each(|span| self.refuse("policy", span));
    }
}
