//! What changes a contact: steps, and actions of a test.

use super::{Checker, literals, problems};
use crate::base::Span;
use crate::bytecode::{EventId, FieldId, GroupId};
use crate::lang::Type;
use crate::library::BUILTIN_FIELDS;
use crate::semantic::hir::{Expr, ExprKind, StepKind};
use crate::syntax::ast::{self, Change};
use std::sync::Arc;

impl Checker<'_, '_> {
    pub(super) fn change(&mut self, change: &Change, span: Span) -> Option<StepKind> {
        Some(match change {
            Change::Set { field, value } => self.set(field, value)?,
            Change::Clear(field) => self.clear(field)?,
            Change::Points { delta, group } => {
                let group = self.group(group.as_ref());
                let amount = self.delta(delta);
                StepKind::AddPoints { group: group?, amount }
            }
            Change::SetPoints { amount, group } => {
                let group = self.group(group.as_ref());
                let amount = self.typed(amount, &Type::Number, "a number");
                StepKind::SetPoints { group: group?, amount }
            }
            Change::Tag(tag) => StepKind::Tag(literals::nfc(&tag.value)),
            Change::Untag(tag) => StepKind::Untag(literals::nfc(&tag.value)),
            Change::AddToList(list) => StepKind::AddToList(self.list_ref(list)?),
            Change::RemoveFromList(list) => StepKind::RemoveFromList(self.list_ref(list)?),
            Change::AddItem { item, field } => {
                let (field, item) = self.item(item, field)?;
                StepKind::AddItem { field, item }
            }
            Change::RemoveItem { item, field } => {
                let (field, item) = self.item(item, field)?;
                StepKind::RemoveItem { field, item }
            }
            Change::Subscribe(topic) => StepKind::Subscribe(self.topic_ref(topic)?),
            Change::Unsubscribe(None) => StepKind::Unsubscribe(None),
            Change::Unsubscribe(Some(topic)) => StepKind::Unsubscribe(Some(self.topic_ref(topic)?)),
            Change::Mute(length) => StepKind::Mute(self.length(length)),
            Change::Enroll(name) => {
                let campaign = self.campaign_ref(name)?;
                if self.scope.campaign == Some(campaign) {
                    self.report(problems::enrolling_oneself(name.span, &name.text));
                    return None;
                }
                StepKind::Enroll(campaign)
            }
            Change::Leave(name) => {
                let campaign = self.campaign_ref(name)?;
                if self.scope.campaign == Some(campaign) {
                    self.report(problems::leaving_oneself(name.span, span, &name.text));
                    return None;
                }
                StepKind::Leave(campaign)
            }
        })
    }

    fn group(&mut self, group: Option<&ast::Ref>) -> Option<GroupId> {
        match group {
            Some(group) => self.group_ref(group),
            None => Some(GroupId(0)),
        }
    }

    /// A field that may be written.
    fn written_field(&mut self, path: &ast::Path) -> Option<FieldId> {
        let name = match path.rest.as_slice() {
            [] => &path.root,
            [name] if path.root.text.as_ref() == "contact" => name,
            _ => {
                self.report(problems::not_a_field(path.span));
                return None;
            }
        };
        let Some(field) = self.field(&name.text) else {
            let finding = problems::unknown_field(name.span, &name.text, self.fields.keys().map(AsRef::as_ref));
            self.report(finding);
            return None;
        };
        if BUILTIN_FIELDS.get(field.index()).is_some_and(|entry| !entry.is_writable) && !self.scope.is_test {
            self.report(problems::not_writable(name.span, &name.text));
            return None;
        }
        Some(field)
    }

    fn set(&mut self, path: &ast::Path, value: &ast::Expr) -> Option<StepKind> {
        let field = self.written_field(path);
        self.check_precedence(value);
        let ty = field.map(|field| self.field_type(field).0);
        let value = self.beside(value, &ty.unwrap_or(Type::Any));
        let field = field?;
        let (ty, name) = self.field_type(field);
        let value = self.assign(value, &ty, &name);
        if field == FieldId(8) {
            return Some(StepKind::SetPoints { group: GroupId(0), amount: value });
        }
        Some(StepKind::Set { field, value })
    }

    fn clear(&mut self, path: &ast::Path) -> Option<StepKind> {
        let field = self.written_field(path)?;
        if field == FieldId(8) {
            let amount = Expr::new(ExprKind::Literal(crate::lang::Value::Number(0.0)), Type::Number, path.span);
            return Some(StepKind::SetPoints { group: GroupId(0), amount });
        }
        Some(StepKind::Clear { field })
    }

    fn item(&mut self, item: &ast::Value, path: &ast::Path) -> Option<(FieldId, Expr)> {
        let field = self.written_field(path);
        let item = self.value(item);
        let field = field?;
        let (ty, name) = self.field_type(field);
        let Type::List(inner) = ty else {
            self.report(problems::not_a_list(path.span, &name, &ty));
            return None;
        };
        let item = self.assign(item, &inner, &name);
        Some((field, item))
    }

    /// The properties of an event that is made here.
    pub(super) fn event_properties(&mut self, event: EventId, object: &ast::Object) -> Expr {
        let record = self.object(object);
        let ExprKind::Record(pairs) = record.kind else { return Expr::error(object.span) };
        let mut checked: Vec<(Arc<str>, Expr)> = Vec::new();
        for (key, value) in pairs {
            match self.property_type(event, &key) {
                Some(ty) => {
                    let value = self.assign(value, &ty, &key);
                    checked.push((key, value));
                }
                None => {
                    let at = object.pairs.iter().find(|pair| pair.key.text == key).map_or(object.span, |pair| pair.key.span);
                    let finding = self.unknown_property(Some(event), &ast::Name { text: key, span: at });
                    self.report(finding);
                }
            }
        }
        Expr::new(ExprKind::Record(checked), Type::Record, object.span)
    }
}
