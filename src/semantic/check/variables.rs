//! Whether the variables of templates exist where they are used, and have a value.

use super::scope::{Capture, CaptureKind, Known};
use super::templates::{SendSite, TemplateUse};
use super::{Checker, problems};
use crate::bytecode::{EventId, MessageId};
use crate::diagnostics::{Diagnostic, suggest};
use crate::library::BUILTIN_FIELDS;
use std::collections::BTreeMap;
use std::sync::Arc;

const URLS: [&str; 3] = ["unsubscribe_url", "preferences_url", "view_url"];
const PROJECT: [&str; 5] = ["name", "address", "timezone", "from", "reply_to"];

/// What a template sees at one place.
struct Place<'p> {
    captures: &'p [Capture],
    params: Vec<&'p Arc<str>>,
    known: &'p Known,
}

/// What is wrong with a variable at one place.
enum Fault {
    /// Nothing of that name is there at all.
    Unknown { suggestion: Option<String>, what: String },
    /// It may have no value.
    Unsure(Diagnostic),
}

impl Checker<'_, '_> {
    /// The variables of a template that stands at this very place.
    pub(super) fn check_uses_here(&mut self, uses: &[TemplateUse]) {
        let captures = self.scope.captures.clone();
        let known = self.scope.known.clone();
        let params: Vec<Arc<str>> = self.scope.params.iter().map(|(name, _)| name.clone()).collect();
        for used in uses {
            let place = Place { captures: &captures, params: params.iter().collect(), known: &known };
            match self.fault(used, &place) {
                Some(Fault::Unknown { suggestion, what }) => self.report(problems::unknown_variable(used.span, &what, suggestion.as_deref())),
                Some(Fault::Unsure(finding)) => self.report(finding),
                None => {}
            }
        }
    }

    /// The variables of declared messages, at every step that sends them.
    pub(super) fn template_variables(&mut self) {
        let all = std::mem::take(&mut self.template_uses);
        let sites = std::mem::take(&mut self.send_sites);
        let mut by_message: BTreeMap<MessageId, Vec<&SendSite>> = BTreeMap::new();
        for site in &sites {
            by_message.entry(site.message).or_default().push(site);
        }
        for (message, uses) in &all {
            let own = by_message.get(message).map_or(&[][..], Vec::as_slice);
            for used in uses {
                self.check_declared(*message, used, own);
            }
        }
    }

    fn check_declared(&mut self, message: MessageId, used: &TemplateUse, sites: &[&SendSite]) {
        let nowhere = SendSite { message, span: used.span, captures: Vec::new(), params: Vec::new(), known: Known::default() };
        let places: Vec<&SendSite> = if sites.is_empty() { vec![&nowhere] } else { sites.to_vec() };
        let mut unknown: Vec<(&SendSite, Option<String>, String)> = Vec::new();
        for site in &places {
            let place = Place { captures: &site.captures, params: site.params.iter().collect(), known: &site.known };
            match self.fault(used, &place) {
                Some(Fault::Unknown { suggestion, what }) => unknown.push((site, suggestion, what)),
                Some(Fault::Unsure(finding)) => self.report(finding),
                None => {}
            }
        }
        let is_everywhere = unknown.len() == places.len();
        for (site, suggestion, what) in unknown {
            if is_everywhere {
                self.report(problems::unknown_variable(used.span, &what, suggestion.as_deref()));
                return;
            }
            self.report(problems::not_supplied(site.span, &what, used.span));
        }
    }

    fn fault(&self, used: &TemplateUse, place: &Place<'_>) -> Option<Fault> {
        let root = used.path.first()?;
        let rest = used.path.get(1..).unwrap_or_default();
        match root.as_ref() {
            "contact" => self.contact_fault(used, rest, place),
            "campaign" => one_of(root, rest, &["name"]),
            "project" => one_of(root, rest, &PROJECT),
            name if URLS.contains(&name) => None,
            name if place.params.iter().any(|param| param.as_ref() == name) => None,
            name => match place.captures.iter().rev().find(|capture| capture.name.as_ref() == name) {
                Some(capture) => self.capture_fault(used, rest, capture, place),
                None => Some(self.unknown_root(name, place)),
            },
        }
    }

    fn unknown_root(&self, name: &str, place: &Place<'_>) -> Fault {
        let captures = place.captures.iter().map(|capture| capture.name.as_ref());
        let params = place.params.iter().map(|param| param.as_ref());
        let known = captures.chain(params).chain(["contact", "campaign", "project"]).chain(URLS);
        let mut suggestion = suggest(name, known);
        if suggestion.is_none() && self.fields.contains_key(name) {
            suggestion = Some(format!("contact.{name}"));
        }
        Fault::Unknown { suggestion, what: name.to_owned() }
    }

    fn contact_fault(&self, used: &TemplateUse, rest: &[Arc<str>], place: &Place<'_>) -> Option<Fault> {
        let name = rest.first()?;
        let Some(field) = self.field(name) else {
            let extra = ["tags", "lists"];
            if extra.contains(&name.as_ref()) {
                return None;
            }
            let suggestion = suggest(name, self.fields.keys().map(AsRef::as_ref)).map(|field| format!("contact.{field}"));
            return Some(Fault::Unknown { suggestion, what: format!("contact.{name}") });
        };
        let has_value = used.has_default
            || place.known.fields.contains(&field)
            // Whoever gets a message has the address it goes to.
            || matches!(name.as_ref(), "email" | "phone")
            || BUILTIN_FIELDS.get(field.index()).is_some_and(|entry| entry.is_always_set)
            || self.project.fields.get(field.index()).is_none_or(|def| def.default.is_set());
        if has_value { None } else { Some(Fault::Unsure(problems::may_be_empty(used.span, &format!("contact.{name}")))) }
    }

    fn capture_fault(&self, used: &TemplateUse, rest: &[Arc<str>], capture: &Capture, place: &Place<'_>) -> Option<Fault> {
        if !capture.is_sure && !used.has_default && used.assured == 0 && !place.known.slots.contains(&capture.slot) {
            return Some(Fault::Unsure(problems::capture_may_be_unset(used.span, &capture.name, capture.span)));
        }
        match capture.kind {
            CaptureKind::Event(event) => self.property_fault(&capture.name, rest, event),
            CaptureKind::Collected(event) => match rest.first().map(AsRef::as_ref) {
                None | Some("count") => None,
                Some("items") => {
                    let item: Vec<Arc<str>> = rest.iter().skip(1).filter(|part| part.as_ref() != "[]").cloned().collect();
                    self.property_fault(&capture.name, &item, event)
                }
                Some(_) => self.property_fault(&capture.name, rest, event),
            },
            CaptureKind::Opaque => rest.first().map(|name| Fault::Unknown { suggestion: None, what: format!("{}.{name}", capture.name) }),
            CaptureKind::Answer => match rest.first() {
                None => None,
                Some(_) => one_of(&capture.name, rest, &["ok", "status", "body"]).or_else(|| answer_fault(used, capture, place)),
            },
        }
    }

    fn property_fault(&self, root: &str, rest: &[Arc<str>], event: EventId) -> Option<Fault> {
        let name = rest.first()?;
        if self.property_type(event, name).is_some() {
            return None;
        }
        let def = self.project.events.get(event.index());
        let known = def.map(|def| def.properties.iter().map(|p| p.name.as_ref()).collect::<Vec<_>>()).unwrap_or_default();
        let suggestion = suggest(name, known).map(|property| format!("{root}.{property}"));
        Some(Fault::Unknown { suggestion, what: format!("{root}.{name}") })
    }
}

/// Who did not answer said nothing: only `ok` is always there. Of a body nothing is known, so each part of it needs asking for.
fn answer_fault(used: &TemplateUse, capture: &Capture, place: &Place<'_>) -> Option<Fault> {
    let rest: Vec<&str> = used.path.iter().skip(1).map(AsRef::as_ref).collect();
    let known = place.known.parts.iter().filter(|(slot, _)| *slot == capture.slot);
    // A status is there wherever there was an answer; a part of the body where it, or something in it, was asked for.
    let has_value = match rest.as_slice() {
        ["ok"] => true,
        ["status"] => known.count() > 0,
        _ => known.map(|(_, path)| path).any(|path| path.iter().map(AsRef::as_ref).take(rest.len()).eq(rest.iter().copied())),
    };
    let path = used.path.join(".");
    if used.has_default || has_value { None } else { Some(Fault::Unsure(problems::may_be_empty(used.span, &path))) }
}

fn one_of(root: &str, rest: &[Arc<str>], known: &[&str]) -> Option<Fault> {
    let name = rest.first()?;
    if known.contains(&name.as_ref()) {
        return None;
    }
    let suggestion = suggest(name, known.iter().copied()).map(|found| format!("{root}.{found}"));
    Some(Fault::Unknown { suggestion, what: format!("{root}.{name}") })
}
