//! The project's own lines, the contact's fields, events, forms, lists, topics and point groups.

use super::{Checker, problems};
use crate::base::Span;
use crate::bytecode::{BuiltinField, EventDef, FieldDef, FieldId, GroupDef, ListDef, PropertyDef, TopicDef};
use crate::lang::{Date, Type, Value, Zone};
use crate::library::BUILTIN_FIELDS;
use crate::semantic::input::join_path;
use crate::semantic::resolve::problems::{declared_twice, missing_file, outside_project};
use crate::syntax::ast;
use std::collections::BTreeMap;
use std::mem::discriminant;
use std::sync::Arc;

impl Checker<'_, '_> {
    /// Everything that other declarations read.
    pub(super) fn declarations(&mut self) {
        self.project.files = self.input.sources.iter().map(|(_, source)| Arc::from(source.path.as_str())).collect();
        self.project_info();
        self.contact_fields();
        self.events();
        let names = self.names;
        self.project.lists = names.lists.iter().map(|l| ListDef { name: l.name.clone(), was: was(l.decl.was.as_ref()) }).collect();
        self.project.topics = names
            .topics
            .iter()
            .map(|t| TopicDef {
                name: t.name.clone(),
                was: was(t.decl.was.as_ref()),
                title: t.decl.title.as_ref().map_or_else(|| t.name.clone(), |title| title.value.clone()),
                is_opt_in: t.decl.opt.as_ref().is_some_and(|opt| opt.value == ast::Opt::In),
            })
            .collect();
        self.project.groups =
            std::iter::once(None).chain(names.groups.iter().map(|g| Some(g.name.clone()))).map(|name| GroupDef { name, decays: Vec::new() }).collect();
    }

    fn project_info(&mut self) {
        self.project.info = self.input.defaults.clone();
        if self.project.info.timezone.is_empty() {
            self.project.info.timezone = "UTC".into();
        }
        let Some(project) = self.names.project else { return };
        if let Some(name) = &project.name {
            self.project.info.name = name.value.clone();
        }
        let mut seen: Vec<&ast::ProjectItem> = Vec::new();
        for item in &project.items {
            let first = seen.iter().find(|other| discriminant(&other.kind) == discriminant(&item.kind)).map(|other| other.span);
            if let Some(first) = first {
                self.report(problems::line_twice(item.span, first));
                continue;
            }
            seen.push(item);
            self.project_item(item);
        }
    }

    fn project_item(&mut self, item: &ast::ProjectItem) {
        use ast::ProjectItemKind as K;
        match &item.kind {
            K::Timezone(zone) => {
                if let Some(name) = self.zone_name(zone) {
                    self.project.info.timezone = name;
                }
            }
            K::From(text) => self.project.info.from = Some(text.value.clone()),
            K::ReplyTo(text) => self.project.info.reply_to = Some(text.value.clone()),
            K::Address(text) => self.project.info.address = Some(text.value.clone()),
            K::Holidays(path) => {
                if let Some(bytes) = self.asset(path) {
                    self.project.info.holidays = holidays(&String::from_utf8_lossy(&bytes));
                }
            }
            K::Locales(locales) => self.project.info.locales = locales.iter().map(|locale| locale.value.clone()).collect(),
            K::ControlGroup(share) => self.project.info.control_group = self.share(share),
            K::MachineOpensCount => self.project.info.machine_opens_count = true,
            K::Consent(opt) => self.project.info.is_email_opt_in = *opt == ast::Opt::In,
            K::Error => {}
        }
    }

    /// The IANA name of a zone.
    pub(super) fn zone_name(&mut self, zone: &ast::Text) -> Option<Arc<str>> {
        if Zone::find(&zone.value).is_some() {
            return Some(zone.value.clone());
        }
        self.report(problems::unknown_zone(zone.span, &zone.value));
        None
    }

    /// The bytes of a file the source names.
    pub(super) fn asset(&mut self, path: &ast::Text) -> Option<Vec<u8>> {
        let Some(full) = join_path(self.input.path(path.span.file), &path.value) else {
            self.report(outside_project(path.span, &path.value));
            return None;
        };
        if let Some(bytes) = self.input.assets.get(&full) {
            return Some(bytes.clone());
        }
        self.report(missing_file(path.span, &full));
        None
    }

    /// A share between 0 and 1.
    pub(super) fn share(&mut self, share: &ast::Percent) -> f64 {
        if share.number.value > 100.0 {
            self.report(problems::share_over_whole(share.span));
        }
        (share.number.value / 100.0).clamp(0.0, 1.0)
    }

    fn contact_fields(&mut self) {
        for (entry, builtin) in BUILTIN_FIELDS.iter().zip(BuiltinField::ALL) {
            let default = if builtin == BuiltinField::Points { Value::Number(0.0) } else { Value::Unset };
            self.add_field(FieldDef { name: entry.name.into(), ty: entry.ty(), default, builtin: Some(builtin) });
        }
        let names = self.names;
        for field in names.contacts.iter().flat_map(|contact| &contact.schema.fields) {
            let ty = self.declared_type(&field.ty);
            let default = field.default.as_ref().map_or(Value::Unset, |default| {
                let value = self.constant(default);
                let value = self.assign(value, &ty, &field.name.text);
                self.constant_value(&value)
            });
            self.declare_field(&field.name, FieldDef { name: field.name.text.clone(), ty, default, builtin: None });
        }
    }

    fn declare_field(&mut self, name: &ast::Name, def: FieldDef) {
        if let Some(known) = self.field(&name.text) {
            if let Some(first) = self.field_spans.get(&known).copied() {
                self.report(declared_twice("field", &name.text, name.span, first));
                return;
            }
            self.field_spans.insert(known, name.span);
            let Some(builtin) = self.project.fields.get_mut(known.index()) else { return };
            // A built-in field may be declared again with its own type: to give it a default, or to document it.
            if def.ty == builtin.ty || matches!(def.ty, Type::Any) {
                builtin.default = if def.default.is_set() { def.default } else { builtin.default.clone() };
            } else {
                let finding = problems::builtin_type(name.span, &name.text, &builtin.ty);
                self.report(finding);
            }
            return;
        }
        let id = self.add_field(def);
        self.field_spans.insert(id, name.span);
    }

    fn add_field(&mut self, def: FieldDef) -> FieldId {
        let id = FieldId::from_index(self.project.fields.len());
        self.fields.insert(def.name.clone(), id);
        self.project.fields.push(def);
        id
    }

    fn events(&mut self) {
        let names = self.names;
        for event in names.events.iter() {
            let properties = self.properties(event.decl.schema.as_ref());
            let spellings = event.decl.spellings.iter().map(|text| text.value.clone()).collect();
            self.project.events.push(EventDef { name: event.name.clone(), spellings, properties, is_form: false });
        }
        for form in names.forms.iter() {
            let properties = self.properties(form.decl.schema.as_ref());
            self.project.events.push(EventDef { name: form.name.clone(), spellings: Vec::new(), properties, is_form: true });
        }
        self.check_spellings();
    }

    fn check_spellings(&mut self) {
        let names = self.names;
        let mut seen: BTreeMap<Arc<str>, Span> = BTreeMap::new();
        for spelling in names.events.iter().flat_map(|event| &event.decl.spellings) {
            if let Some(first) = seen.insert(spelling.value.clone(), spelling.span) {
                self.report(declared_twice("spelling", &spelling.value, spelling.span, first));
            }
        }
    }

    fn properties(&mut self, schema: Option<&ast::Schema>) -> Vec<PropertyDef> {
        let mut found: Vec<PropertyDef> = Vec::new();
        let mut spans: BTreeMap<Arc<str>, Span> = BTreeMap::new();
        for field in schema.map(|schema| schema.fields.as_slice()).unwrap_or_default() {
            let ty = self.declared_type(&field.ty);
            if let Some(default) = &field.default {
                self.report(problems::no_default_here(default.span()));
            }
            match spans.get(&field.name.text) {
                Some(first) => self.report(declared_twice("property", &field.name.text, field.name.span, *first)),
                None => {
                    spans.insert(field.name.text.clone(), field.name.span);
                    found.push(PropertyDef { name: field.name.text.clone(), ty });
                }
            }
        }
        found
    }
}

/// The former name.
pub(super) fn was(name: Option<&ast::Ref>) -> Option<Arc<str>> {
    name.map(|name| name.text.clone())
}

/// The days of an iCalendar file: each event's first day to the day before its end.
fn holidays(text: &str) -> Vec<Date> {
    let mut found = Vec::new();
    let mut start: Option<Date> = None;
    let mut end: Option<Date> = None;
    for line in text.lines() {
        let Some((key, value)) = line.trim_end().split_once(':') else { continue };
        let key = key.split(';').next().unwrap_or("");
        match (key, value) {
            ("BEGIN", "VEVENT") => (start, end) = (None, None),
            ("DTSTART", value) => start = day(value),
            ("DTEND", value) => end = day(value),
            ("END", "VEVENT") => {
                let Some(first) = start else { continue };
                let last = end.map_or(first, |end| end.plus_days(-1).max(first));
                // A holiday of more than a year is a mistake in the file.
                found.extend((0..=(last.0 - first.0).clamp(0, 366)).map(|offset| first.plus_days(offset)));
            }
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    found
}

fn day(value: &str) -> Option<Date> {
    let part = |range: std::ops::Range<usize>| value.get(range).and_then(|digits| digits.parse::<i16>().ok());
    let month = i8::try_from(part(4..6)?).ok()?;
    let day = i8::try_from(part(6..8)?).ok()?;
    Date::new(part(0..4)?, month, day)
}
