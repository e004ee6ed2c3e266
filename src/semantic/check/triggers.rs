//! What enrols: `when` lines and broadcasts.

use super::scope::{Capture, CaptureKind, Scope};
use super::{Checker, literals, problems, types};
use crate::bytecode::{CaptureDef, EventId, FieldId, GroupId, IfPast, Recurrence, SlotId, TriggerZone};
use crate::lang::{Days, Duration};
use crate::semantic::hir::{self, Expr, ExprKind, TriggerKind};
use crate::syntax::ast;
use std::sync::Arc;

impl Checker<'_, '_> {
    /// Names the captured records of all `when` lines, so that any header line may read them.
    pub(super) fn declare_captures(&mut self, headers: &[&ast::Header], campaign: &mut hir::Campaign) {
        let whens = headers.iter().filter(|line| matches!(line.kind, ast::HeaderKind::When { .. } | ast::HeaderKind::Broadcast(_))).count();
        for line in headers {
            let ast::HeaderKind::When { triggers, capture: Some(name) } = &line.kind else { continue };
            let event = self.captured_event(triggers, name);
            let is_collected = headers.iter().any(|h| matches!(&h.kind, ast::HeaderKind::Collect(c) if c.capture.text == name.text));
            let kind = match event {
                Some(event) if is_collected => CaptureKind::Collected(event),
                Some(event) => CaptureKind::Event(event),
                None => CaptureKind::Opaque,
            };
            if let Some(known) = self.scope.captures.iter_mut().find(|capture| capture.name == name.text) {
                let (first, is_same) = (known.span, known.kind == kind);
                // Two lines that name the same event so make the record surer.
                let named = headers.iter().filter(|h| matches!(&h.kind, ast::HeaderKind::When { capture: Some(n), .. } if n.text == name.text)).count();
                known.is_sure = named == whens;
                if !is_same {
                    self.report(problems::different_events(name.span, &name.text, first));
                }
                continue;
            }
            let slot = self.new_slot(campaign, &name.text, event);
            self.scope.captures.push(Capture { name: name.text.clone(), slot, kind, is_sure: whens == 1, span: name.span });
        }
    }

    pub(super) fn new_slot(&mut self, campaign: &mut hir::Campaign, name: &Arc<str>, event: Option<EventId>) -> SlotId {
        campaign.captures.push(CaptureDef { name: name.clone(), event });
        SlotId::from_index(campaign.captures.len() - 1)
    }

    /// The event that all alternatives name.
    fn captured_event(&mut self, triggers: &[ast::Trigger], name: &ast::Name) -> Option<EventId> {
        let events: Vec<(Option<EventId>, bool)> = triggers
            .iter()
            .map(|trigger| match &trigger.kind {
                ast::TriggerKind::Event(event) => (self.event_of(event), true),
                _ => (None, false),
            })
            .collect();
        if let Some(at) = events.iter().position(|(_, is_event)| !is_event) {
            if let Some(trigger) = triggers.get(at) {
                self.report(problems::nothing_to_name(name.span, &name.text, trigger.span));
            }
            return None;
        }
        let first = events.first().and_then(|(event, _)| *event);
        if let Some(other) = events.iter().position(|(event, _)| *event != first)
            && let (Some(a), Some(b)) = (triggers.first(), triggers.get(other))
        {
            self.report(problems::different_alternatives(name.span, &name.text, a.span, b.span));
        }
        first
    }

    fn event_of(&self, event: &ast::EventPattern) -> Option<EventId> {
        if let Some(found) = self.event(&event.name.text) {
            return Some(found);
        }
        match (event.name.text.as_ref(), event.args.as_deref()) {
            ("submitted", Some([ast::Arg::Expr(ast::Expr { kind: ast::ExprKind::Path(path), .. }), ..])) => self.form(&path.root.text),
            _ => None,
        }
    }

    /// The triggers of one line.
    pub(super) fn trigger_line(&mut self, line: &ast::Header, campaign: &mut hir::Campaign) {
        match &line.kind {
            ast::HeaderKind::When { triggers, capture } => {
                let slot = capture.as_ref().and_then(|name| self.scope.capture(&name.text)).map(|capture| capture.slot);
                for trigger in triggers {
                    // A trigger is asked of a contact that is not enrolled: it has no captured records.
                    let scope = Scope { captures: Vec::new(), since: super::scope::Since::Ever, ..self.scope.clone() };
                    let kind = self.within(scope, |checker| checker.trigger(&trigger.kind));
                    let text = self.text_of(trigger.span);
                    campaign.triggers.push(hir::Trigger { kind: kind.unwrap_or(TriggerKind::Error), capture: slot, text, span: trigger.span });
                }
            }
            ast::HeaderKind::Broadcast(broadcast) => {
                let kind = self.broadcast(broadcast);
                let text = self.text_of(broadcast.span);
                campaign.triggers.push(hir::Trigger { kind, capture: None, text, span: broadcast.span });
            }
            _ => {}
        }
    }

    fn trigger(&mut self, trigger: &ast::TriggerKind) -> Option<TriggerKind> {
        use ast::TriggerKind as K;
        Some(match trigger {
            K::Segment { segment, including } => {
                let segment = self.segment_ref(segment)?;
                let including = including.as_ref().map(|including| hir::Including { pace: including.pace.as_ref().map(|pace| self.pace(pace)) });
                TriggerKind::SegmentEntered { segment, including }
            }
            K::LeavingSegment(segment) => TriggerKind::SegmentLeft(self.segment_ref(segment)?),
            K::List(list) => TriggerKind::ListEntered(self.list_ref(list)?),
            K::LeavingList(list) => TriggerKind::ListLeft(self.list_ref(list)?),
            K::SubscribedTo(topic) => TriggerKind::Subscribed(self.topic_ref(topic)?),
            K::UnsubscribedFrom(topic) => TriggerKind::Unsubscribed(self.topic_ref(topic)?),
            K::Tag(tag) => TriggerKind::Tagged(literals::nfc(&tag.value)),
            K::Untagged(tag) => TriggerKind::Untagged(literals::nfc(&tag.value)),
            K::PointsReach(number, group) => {
                let group = match group {
                    Some(group) => self.group_ref(group)?,
                    None => GroupId(0),
                };
                TriggerKind::PointsReached { group, at_least: number.value }
            }
            K::ContactCreated => TriggerKind::ContactCreated,
            K::Enrolled => TriggerKind::Enrolled,
            K::Changes { field, from, to } => self.changes(field, from.as_ref(), to.as_ref())?,
            K::Date(date) => self.date_trigger(date)?,
            K::Event(event) => {
                let found = self.pattern(&event.name, event.args.as_deref(), super::events::Place::Happening)?;
                TriggerKind::Event { pattern: found.pattern, predicate: found.predicate }
            }
        })
    }

    fn changes(&mut self, path: &ast::Path, from: Option<&ast::Value>, to: Option<&ast::Value>) -> Option<TriggerKind> {
        let field = self.path(path);
        match field.kind {
            ExprKind::Points(group) => {
                if let Some(value) = from.or(to) {
                    self.report(problems::points_change_to(value.span()));
                }
                Some(TriggerKind::PointsChanged { group })
            }
            ExprKind::Field(id) => {
                let from = from.map(|value| self.changed_value(value, id));
                let to = to.map(|value| self.changed_value(value, id));
                Some(TriggerKind::FieldChanged { field: id, from, to })
            }
            ExprKind::Error => None,
            _ => {
                self.report(problems::not_a_field(path.span));
                None
            }
        }
    }

    fn changed_value(&mut self, value: &ast::Value, field: FieldId) -> crate::lang::Value {
        let (ty, name) = self.field_type(field);
        let value = self.constant(value);
        let value = self.assign(value, &ty, &name);
        self.constant_value(&value)
    }

    pub(super) fn field_type(&self, field: FieldId) -> (crate::lang::Type, Arc<str>) {
        self.project.fields.get(field.index()).map_or((crate::lang::Type::Any, Arc::from("")), |def| (def.ty.clone(), def.name.clone()))
    }

    fn date_trigger(&mut self, date: &ast::DateTrigger) -> Option<TriggerKind> {
        let value = self.date_value(&date.field)?;
        let (shift, is_before) = match &date.offset {
            Some(offset) => (self.fixed_length(&offset.length), offset.side == ast::Side::Before),
            None => (Duration::ZERO, false),
        };
        Some(TriggerKind::FieldDate { value, shift, is_before, is_every_year: date.every_year.is_some(), at: date.at.map(literals::time) })
    }

    /// A field or captured property that holds a date.
    pub(super) fn date_value(&mut self, path: &ast::Path) -> Option<Expr> {
        let value = self.path(path);
        if value.is_error() {
            return None;
        }
        if !types::is_moment(&value.ty) {
            self.report(problems::not_a_date(path.span, &value.ty));
            return None;
        }
        Some(value)
    }

    fn broadcast(&mut self, broadcast: &ast::Broadcast) -> TriggerKind {
        let zone = match broadcast.zone.as_ref().map(|zone| &zone.kind) {
            None => TriggerZone::Project,
            Some(ast::ZoneKind::Contact) => TriggerZone::Contact,
            Some(ast::ZoneKind::Named(name)) => self.zone_name(name).map_or(TriggerZone::Project, |name| TriggerZone::Named(name.to_string())),
        };
        let scope = Scope { captures: Vec::new(), since: super::scope::Since::Ever, ..self.scope.clone() };
        let audience = self.within(scope, |checker| checker.condition(&broadcast.audience));
        match &broadcast.schedule {
            ast::Schedule::Every { cadence, at } => {
                let recurrence = match &cadence.value {
                    ast::Cadence::Weekdays(days) => Recurrence::Days(Days::of(&days.iter().map(|day| literals::weekday(day.value)).collect::<Vec<_>>())),
                    ast::Cadence::Day => Recurrence::Days(Days::ALL),
                    ast::Cadence::WorkingDay => Recurrence::Days(Days::WEEKDAYS),
                    ast::Cadence::MonthDay(day) => Recurrence::MonthDay(self.month_day(day)),
                };
                TriggerKind::Every { recurrence, at: literals::time(*at), zone, audience }
            }
            ast::Schedule::At(at) => {
                let if_past = match broadcast.if_past.as_ref().map(|p| p.value) {
                    None | Some(ast::IfPast::Skip) => IfPast::Skip,
                    Some(ast::IfPast::Now) => IfPast::Now,
                    Some(ast::IfPast::NextDay) => IfPast::NextDay,
                };
                TriggerKind::At { date: literals::date(at.date), time: literals::time(at.time), zone, audience, if_past }
            }
        }
    }

    fn month_day(&mut self, day: &ast::Number) -> u8 {
        match day.text.parse::<u8>() {
            Ok(number @ 1..=31) => number,
            Ok(_) | Err(_) => {
                self.report(problems::no_day_of_month(day.span));
                1
            }
        }
    }
}
