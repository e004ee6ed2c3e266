//! Conditions and values: names, literals, words. Operators, logic and history have files of their own.

use super::scope::{Binding, CaptureKind};
use super::{Checker, problems};
use crate::base::Span;
use crate::bytecode::{EventId, GroupId};
use crate::lang::{Type, Value};
use crate::semantic::hir::{Expr, ExprKind};
use crate::syntax::ast;

/// Most values that the expansion of sequences may make of a project: arguments are put in wherever their parameters stand.
const MOST_EXPANDED_PARTS: usize = 2_000_000;

impl Checker<'_, '_> {
    /// A condition.
    pub(super) fn condition(&mut self, expr: &ast::Expr) -> Expr {
        self.check_precedence(expr);
        self.truth(expr)
    }

    /// An operand of a condition.
    pub(super) fn truth(&mut self, expr: &ast::Expr) -> Expr {
        let value = self.expr(expr);
        if value.is_error() || matches!(value.ty, Type::Bool | Type::Any) {
            return value;
        }
        self.report(problems::not_a_condition(value.span, &value.ty));
        Expr::error(value.span)
    }

    /// Counts what the expansion of a sequence makes; false, told once, where it is too much.
    pub(super) fn may_grow(&mut self, parts: usize, span: Span) -> bool {
        if self.scope.expanding.is_empty() {
            return true;
        }
        self.expanded_parts += parts;
        let is_too_much = self.expanded_parts > MOST_EXPANDED_PARTS;
        if is_too_much && self.grown.is_empty() {
            self.grown.push(problems::large_sequences(span, MOST_EXPANDED_PARTS));
        }
        !is_too_much
    }

    /// Any expression.
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Expr {
        use ast::ExprKind as K;
        let span = expr.span;
        if !self.may_grow(1, span) {
            return Expr::error(span);
        }
        match &expr.kind {
            K::Text(text) => Expr::new(ExprKind::Literal(Value::Text(super::literals::nfc(&text.value))), Type::Text, span),
            K::Number(number) => Expr::new(ExprKind::Literal(Value::number(number.value)), Type::Number, span),
            K::Bool(value) => Expr::bool(ExprKind::Literal(Value::Bool(*value)), span),
            K::Date(date) => Expr::new(ExprKind::Literal(Value::Date(super::literals::date(*date))), Type::Date, span),
            K::DateTime(at) => Expr::new(ExprKind::LocalDateTime(super::literals::date(at.date), super::literals::time(at.time)), Type::DateTime, span),
            K::Duration(duration) => self.duration_expr(duration),
            K::Percent(_) => self.no_value(span, "a share", "write the number: `0.5`"),
            K::Time(_) => self.no_value(span, "a time of day", "a moment needs a day: `2026-12-24 09:00`"),
            K::Ago(duration) => {
                let length = self.duration_expr(duration);
                Expr::new(ExprKind::Ago(Box::new(length)), Type::DateTime, span)
            }
            K::FromNow(duration) => {
                let length = self.duration_expr(duration);
                Expr::new(ExprKind::FromNow(Box::new(length)), Type::DateTime, span)
            }
            K::Path(path) => self.path_or_event(path),
            K::PointsInGroup(group) => match self.group_ref(group) {
                Some(id) => Expr::new(ExprKind::Points(id), Type::Number, span),
                None => Expr::error(span),
            },
            K::Call(_) | K::Property(_) | K::InLast(_) | K::Ever(_) => self.history(expr),
            K::Paren(inner) => self.expr(inner),
            K::Not(_) | K::Logic(_) => self.logic(expr),
            K::Negate(_) | K::Arithmetic(_) | K::Compare(_) | K::OneOf(_) | K::Between(_) | K::TextTest(_) | K::State(_) => self.operator(expr),
            K::HasTag(_) | K::InSegment(_) | K::InList(_) | K::InCampaign(_) | K::FinishedCampaign(_) | K::SubscribedTo(_) => self.membership(expr),
            K::Error => Expr::error(span),
        }
    }

    fn duration_expr(&mut self, duration: &ast::Duration) -> Expr {
        let value = self.duration(duration);
        Expr::new(ExprKind::Literal(Value::Duration(value)), Type::Duration, duration.span)
    }

    fn no_value(&mut self, span: Span, what: &str, help: &str) -> Expr {
        self.report(problems::no_value(span, what, help));
        Expr::error(span)
    }

    fn membership(&mut self, expr: &ast::Expr) -> Expr {
        use ast::ExprKind as K;
        let kind = match &expr.kind {
            K::HasTag(tag) => Some(ExprKind::HasTag(super::literals::nfc(&tag.value))),
            K::InSegment(name) => self.segment_ref(name).map(ExprKind::InSegment),
            K::InList(name) => self.list_ref(name).map(ExprKind::InList),
            K::InCampaign(name) => self.campaign_ref(name).map(ExprKind::InCampaign),
            K::FinishedCampaign(name) => self.campaign_ref(name).map(ExprKind::FinishedCampaign),
            K::SubscribedTo(name) => self.topic_ref(name).map(ExprKind::SubscribedTo),
            _ => None,
        };
        kind.map_or_else(|| Expr::error(expr.span), |kind| Expr::bool(kind, expr.span))
    }

    /// A name where an event may stand for "it happened".
    fn path_or_event(&mut self, path: &ast::Path) -> Expr {
        if path.rest.is_empty()
            && !self.is_value_name(&path.root.text)
            && let Some(event) = self.event(&path.root.text)
        {
            return self.event_exists(event, path.span);
        }
        self.path(path)
    }

    /// Whether a bare name is a value before it is an event.
    pub(super) fn is_value_name(&self, name: &str) -> bool {
        matches!(name, "now" | "today" | "points")
            || self.event_property(name).is_some()
            || self.scope.param(name).is_some()
            || self.scope.capture(name).is_some()
            || self.fields.contains_key(name)
    }

    /// A value by its name.
    pub(super) fn path(&mut self, path: &ast::Path) -> Expr {
        let root = path.root.text.as_ref();
        match path.rest.as_slice() {
            [] => self.bare_name(&path.root),
            [name] if root == "contact" => self.contact_field(name, path.span),
            [name] if root == "event" && self.scope.event.is_some() => self.named_property(name, path.span),
            rest => self.record_path(&path.root, rest, path.span),
        }
    }

    fn bare_name(&mut self, name: &ast::Name) -> Expr {
        let span = name.span;
        if let Some(ty) = self.event_property(&name.text) {
            return Expr::new(ExprKind::EventProperty(name.text.clone()), ty, span);
        }
        match name.text.as_ref() {
            "now" => return Expr::new(ExprKind::Now, Type::DateTime, span),
            "today" => return Expr::new(ExprKind::Today, Type::Date, span),
            "points" => return Expr::new(ExprKind::Points(GroupId(0)), Type::Number, span),
            _ => {}
        }
        if let Some(binding) = self.scope.param(&name.text).cloned() {
            return self.bound(binding, name);
        }
        if let Some(capture) = self.scope.capture(&name.text) {
            return Expr::new(ExprKind::Capture(capture.slot), Type::Record, span);
        }
        if let Some(field) = self.field(&name.text) {
            return self.field_value(field, span);
        }
        let finding = self.unknown_name(name);
        self.report(finding);
        Expr::error(span)
    }

    fn bound(&mut self, binding: Binding, name: &ast::Name) -> Expr {
        match binding {
            Binding::Value(value) if self.may_grow(value.parts(), name.span) => value,
            Binding::Value(_) => Expr::error(name.span),
            Binding::Message(_) | Binding::Segment(_) | Binding::Webhook(_) | Binding::Open(_) => {
                self.report(problems::no_value(name.span, &format!("`{}`, a parameter that names something,", name.text), "use it where a name may stand"));
                Expr::error(name.span)
            }
        }
    }

    fn contact_field(&mut self, name: &ast::Name, span: Span) -> Expr {
        if name.text.as_ref() == "points" {
            return Expr::new(ExprKind::Points(GroupId(0)), Type::Number, span);
        }
        match self.field(&name.text) {
            Some(field) => self.field_value(field, span),
            None => {
                let finding = problems::unknown_field(name.span, &name.text, self.fields.keys().map(AsRef::as_ref));
                self.report(finding);
                Expr::error(span)
            }
        }
    }

    pub(super) fn field_value(&self, field: crate::bytecode::FieldId, span: Span) -> Expr {
        let ty = self.project.fields.get(field.index()).map_or(Type::Any, |def| def.ty.clone());
        if field == crate::bytecode::FieldId(8) {
            // The main score is kept with the points, not with the fields.
            return Expr::new(ExprKind::Points(GroupId(0)), Type::Number, span);
        }
        Expr::new(ExprKind::Field(field), ty, span)
    }

    /// The type of a property of the event that is being looked at.
    fn event_property(&self, name: &str) -> Option<Type> {
        self.property_type(self.scope.event??, name)
    }

    pub(super) fn property_type(&self, event: EventId, name: &str) -> Option<Type> {
        let def = self.project.events.get(event.index())?;
        def.properties.iter().find(|p| p.name.as_ref() == name).map(|p| p.ty.clone())
    }

    fn named_property(&mut self, name: &ast::Name, span: Span) -> Expr {
        match self.event_property(&name.text) {
            Some(ty) => Expr::new(ExprKind::EventProperty(name.text.clone()), ty, span),
            None => {
                let finding = self.unknown_property(self.scope.event.flatten(), name);
                self.report(finding);
                Expr::error(span)
            }
        }
    }

    pub(super) fn unknown_property(&self, event: Option<EventId>, name: &ast::Name) -> crate::diagnostics::Diagnostic {
        let def = event.and_then(|event| self.project.events.get(event.index()));
        let of = def.map_or("this event", |def| def.name.as_ref());
        let known: Vec<&str> = def.map(|def| def.properties.iter().map(|p| p.name.as_ref()).collect()).unwrap_or_default();
        problems::unknown_property(name.span, &name.text, of, &known)
    }

    /// `order.amount`, `lead.body.id`
    fn record_path(&mut self, root: &ast::Name, rest: &[ast::Name], span: Span) -> Expr {
        let Some(capture) = self.scope.capture(&root.text).cloned() else {
            let finding = self.unknown_record(root, rest);
            self.report(finding);
            return Expr::error(span);
        };
        if !self.scope.is_known(&capture) {
            self.report(problems::capture_may_be_unset(span, &capture.name, capture.span));
            return Expr::error(span);
        }
        let Some(first) = rest.first() else { return Expr::error(span) };
        let Some(ty) = self.capture_property(capture.kind, first) else { return Expr::error(span) };
        let mut value = Expr::new(ExprKind::Capture(capture.slot), Type::Record, root.span);
        value = Expr::new(ExprKind::Get(Box::new(value), first.text.clone()), ty, root.span.to(first.span));
        for name in rest.get(1..).unwrap_or_default() {
            if !matches!(value.ty, Type::Any | Type::Record) {
                self.report(problems::no_parts(name.span, &value.ty));
                return Expr::error(span);
            }
            value = Expr::new(ExprKind::Get(Box::new(value), name.text.clone()), Type::Any, root.span.to(name.span));
        }
        value
    }

    fn capture_property(&mut self, kind: CaptureKind, name: &ast::Name) -> Option<Type> {
        let (event, known): (Option<EventId>, &[&str]) = match kind {
            CaptureKind::Event(event) => (Some(event), &[]),
            CaptureKind::Collected(event) => match name.text.as_ref() {
                "count" => return Some(Type::Number),
                "items" => return Some(Type::List(Box::new(Type::Record))),
                _ => (Some(event), &[]),
            },
            CaptureKind::Opaque => (None, &[]),
            CaptureKind::Answer => match name.text.as_ref() {
                "ok" => return Some(Type::Bool),
                "status" => return Some(Type::Number),
                "body" => return Some(Type::Any),
                _ => (None, &["ok", "status", "body"]),
            },
        };
        let found = event.and_then(|event| self.property_type(event, &name.text));
        if found.is_none() {
            let finding = match event {
                Some(event) => self.unknown_property(Some(event), name),
                None if known.is_empty() => problems::unknown_property(name.span, &name.text, "this event", &[]),
                None => problems::unknown_property(name.span, &name.text, "a webhook's answer", known),
            };
            self.report(finding);
        }
        found
    }

    fn unknown_name(&self, name: &ast::Name) -> crate::diagnostics::Diagnostic {
        let fields = self.fields.keys().map(AsRef::as_ref);
        let captures = self.scope.captures.iter().map(|c| c.name.as_ref());
        let params = self.scope.params.iter().map(|(p, _)| p.as_ref());
        let properties = self.scope.event.flatten().and_then(|e| self.project.events.get(e.index()));
        let properties = properties.map(|def| def.properties.iter().map(|p| p.name.as_ref()).collect::<Vec<_>>()).unwrap_or_default();
        let candidates = fields.chain(captures).chain(params).chain(properties).chain(self.names.events.names());
        let is_message = self.names.messages.find(&name.text).is_some();
        if self.names.segments.find(&name.text).is_some() {
            return problems::segment_as_value(name.span, &name.text);
        }
        if is_message {
            return problems::message_as_value(name.span, &name.text);
        }
        problems::unknown_name(name.span, &name.text, candidates)
    }

    fn unknown_record(&self, root: &ast::Name, rest: &[ast::Name]) -> crate::diagnostics::Diagnostic {
        let property = rest.first().map_or("", |name| name.text.as_ref());
        if self.names.events.find(&root.text).is_some() {
            return problems::event_as_record(root.span, &root.text, property);
        }
        let captures = self.scope.captures.iter().map(|c| c.name.as_ref());
        problems::unknown_record(root.span, &root.text, captures.chain(["contact"]))
    }
}
