//! Lines of `test` blocks.

use super::stream::Flow;
use crate::syntax::ast::{Expectation, ExpectationKind, TestEvent, TestStep, TestStepKind};

impl Flow<'_> {
    /// One line of a test.
    pub(super) fn test_step(&mut self, step: &TestStep) {
        if let Some(who) = &step.who {
            self.through(who.span);
            // The colon.
            self.word();
        }
        match &step.kind {
            TestStepKind::GivenContact { fields: object, .. } | TestStepKind::GivenWebhook { answer: object, .. } => self.maybe_object(Some(object)),
            TestStepKind::Expect(expectation) => self.expectation(expectation),
            TestStepKind::Change(change) => self.change(change),
            TestStepKind::Event(event) => self.test_event(event),
            TestStepKind::GivenNow { .. }
            | TestStepKind::After(_)
            | TestStepKind::At { .. }
            | TestStepKind::Pause(_)
            | TestStepKind::Resume { .. }
            | TestStepKind::Merge { .. }
            | TestStepKind::Erase(_)
            | TestStepKind::ClearDevice
            | TestStepKind::ReceiveSms(_)
            | TestStepKind::Error => {}
        }
        self.through(step.span);
    }

    fn test_event(&mut self, event: &TestEvent) {
        self.through(event.name.span);
        if let Some(args) = &event.args {
            self.args(args);
        }
        self.maybe_object(event.properties.as_ref());
    }

    fn expectation(&mut self, expectation: &Expectation) {
        match &expectation.kind {
            ExpectationKind::Webhook { body, .. } => self.maybe_object(body.as_ref()),
            ExpectationKind::Condition(condition) => {
                self.upto(condition.span.start);
                self.expr(condition);
            }
            ExpectationKind::Message(..)
            | ExpectationKind::Notify { .. }
            | ExpectationKind::Nothing(_)
            | ExpectationKind::No(_)
            | ExpectationKind::Skipped { .. }
            | ExpectationKind::AtStep(_)
            | ExpectationKind::Stopped(_)
            | ExpectationKind::Goal { .. }
            | ExpectationKind::Refused { .. } => {}
        }
    }
}
