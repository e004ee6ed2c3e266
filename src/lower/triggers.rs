//! What enrols.

use super::context::Lowering;
use crate::bytecode::{ExistingDef, Trigger, TriggerKind};
use crate::semantic::hir;

impl Lowering<'_> {
    pub(super) fn trigger(&mut self, trigger: &hir::Trigger) -> Option<Trigger> {
        let kind = self.trigger_kind(trigger)?;
        let existing = match &trigger.kind {
            hir::TriggerKind::SegmentEntered { including: Some(including), .. } => Some(ExistingDef { every_ms: every_ms(including.pace.as_ref()) }),
            _ => None,
        };
        Some(Trigger { kind, capture: trigger.capture, existing, text: trigger.text.clone(), span: trigger.span })
    }

    fn trigger_kind(&mut self, trigger: &hir::Trigger) -> Option<TriggerKind> {
        Some(match &trigger.kind {
            hir::TriggerKind::SegmentEntered { segment, including: _ } => TriggerKind::SegmentEntered(*segment),
            hir::TriggerKind::SegmentLeft(segment) => TriggerKind::SegmentLeft(*segment),
            hir::TriggerKind::ListEntered(list) => TriggerKind::ListEntered(*list),
            hir::TriggerKind::ListLeft(list) => TriggerKind::ListLeft(*list),
            hir::TriggerKind::Event { pattern, predicate } => {
                let pattern = self.pattern(pattern);
                TriggerKind::Event { pattern, predicate: predicate.as_ref().map(|predicate| self.block(predicate)) }
            }
            hir::TriggerKind::Tagged(tag) => TriggerKind::Tagged(tag.clone()),
            hir::TriggerKind::Untagged(tag) => TriggerKind::Untagged(tag.clone()),
            hir::TriggerKind::FieldChanged { field, from, to } => TriggerKind::FieldChanged { field: *field, from: from.clone(), to: to.clone() },
            hir::TriggerKind::PointsChanged { group } => TriggerKind::PointsChanged { group: *group },
            hir::TriggerKind::PointsReached { group, at_least } => TriggerKind::PointsReached { group: *group, at_least: *at_least },
            hir::TriggerKind::ContactCreated => TriggerKind::ContactCreated,
            hir::TriggerKind::Subscribed(topic) => TriggerKind::Subscribed(*topic),
            hir::TriggerKind::Unsubscribed(topic) => TriggerKind::Unsubscribed(*topic),
            hir::TriggerKind::Enrolled => TriggerKind::Enrolled,
            hir::TriggerKind::Every { recurrence, at, zone, audience } => {
                TriggerKind::Every { recurrence: recurrence.clone(), at: *at, zone: zone.clone(), audience: self.block(audience) }
            }
            hir::TriggerKind::At { date, time, zone, audience, if_past } => {
                TriggerKind::At { date: *date, time: *time, zone: zone.clone(), audience: self.block(audience), if_past: *if_past }
            }
            hir::TriggerKind::FieldDate { value, shift, is_before, is_every_year, at } => {
                TriggerKind::FieldDate { value: self.block(value), shift: *shift, is_before: *is_before, every_year: *is_every_year, at: *at }
            }
            hir::TriggerKind::Error => {
                self.poison(trigger.span);
                return None;
            }
        })
    }
}

/// The milliseconds between one member and the next.
fn every_ms(pace: Option<&hir::Pace>) -> i64 {
    let Some(pace) = pace else { return 0 };
    let whole = pace.per.length().approximate_millis();
    whole / i64::from(pace.count.max(1))
}
