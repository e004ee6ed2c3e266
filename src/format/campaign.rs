//! Header lines and triggers.

use super::stream::{Flow, Gap};
use crate::syntax::{
    Kw, Tok,
    ast::{Broadcast, Header, HeaderKind, Item, Reenter, Trigger, TriggerKind},
};

impl Flow<'_> {
    /// A header line or a step.
    pub(super) fn campaign_item(&mut self, item: &Item) {
        match item {
            Item::Header(header) => self.header(header),
            Item::Step(step) => self.step(step),
            Item::Error(span) => self.through(*span),
        }
    }

    fn header(&mut self, header: &Header) {
        match &header.kind {
            HeaderKind::When { triggers, .. } => self.triggers(triggers),
            HeaderKind::Broadcast(broadcast) => self.broadcast(broadcast),
            HeaderKind::Update { event, .. } => {
                self.upto(event.span.start);
                self.event_pattern(event);
            }
            HeaderKind::Collect(collect) => {
                if let Some(by) = &collect.by {
                    self.upto(by.span.start);
                    self.expr(by);
                }
            }
            HeaderKind::OnlyIf(condition)
            | HeaderKind::ExitWhen(condition)
            | HeaderKind::StayWhile(condition)
            | HeaderKind::Reenter(Reenter::Each(condition)) => {
                self.upto(condition.span.start);
                self.expr(condition);
            }
            HeaderKind::Goal(goal) => {
                self.upto(goal.condition.span.start);
                self.expr(&goal.condition);
            }
            HeaderKind::Migrate(migrations) => {
                self.word();
                self.braces(migrations, Gap::Wide, |flow, migration| flow.through(migration.span));
            }
            HeaderKind::Draft
            | HeaderKind::Published
            | HeaderKind::Active { .. }
            | HeaderKind::Reenter(Reenter::Never | Reenter::Always | Reenter::After(_))
            | HeaderKind::Retrigger(_)
            | HeaderKind::Send(_)
            | HeaderKind::Limit(_)
            | HeaderKind::Capped(_)
            | HeaderKind::Throttle(_)
            | HeaderKind::Holdout(_)
            | HeaderKind::Priority(_) => {}
        }
        self.through(header.span);
    }

    /// `when A or B`: on one line, or one alternative a line.
    fn triggers(&mut self, triggers: &[Trigger]) {
        self.word();
        self.open_here();
        self.indent();
        for (i, trigger) in triggers.iter().enumerate() {
            if i > 0 {
                self.line(Gap::Space);
                self.word();
            }
            self.trigger(trigger);
        }
        self.dedent();
        self.close();
    }

    fn trigger(&mut self, trigger: &Trigger) {
        match &trigger.kind {
            TriggerKind::Event(event) => self.event_pattern(event),
            TriggerKind::Changes { field, from, to } => {
                self.through(field.span);
                for value in [from, to].into_iter().flatten() {
                    self.upto(value.span().start);
                    self.value(value);
                }
            }
            TriggerKind::Segment { .. }
            | TriggerKind::LeavingSegment(_)
            | TriggerKind::List(_)
            | TriggerKind::LeavingList(_)
            | TriggerKind::SubscribedTo(_)
            | TriggerKind::UnsubscribedFrom(_)
            | TriggerKind::Tag(_)
            | TriggerKind::Untagged(_)
            | TriggerKind::PointsReach(..)
            | TriggerKind::ContactCreated
            | TriggerKind::Date(_)
            | TriggerKind::Enrolled => {}
        }
        self.through(trigger.span);
    }

    /// `when every … for …`: on one line, or `for` and `if past` each on one of their own.
    fn broadcast(&mut self, broadcast: &Broadcast) {
        self.word();
        self.open_here();
        self.indent();
        while !matches!(self.peek(), None | Some(Tok::Kw(Kw::For))) {
            self.word();
        }
        self.line(Gap::Space);
        self.upto(broadcast.audience.span.start);
        self.expr(&broadcast.audience);
        if let Some(if_past) = &broadcast.if_past {
            self.line(Gap::Space);
            self.through(if_past.span);
        }
        self.dedent();
        self.close();
    }
}
