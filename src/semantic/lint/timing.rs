//! Updates that replace nothing, windows that slide less far than they are long.

use super::problems;
use crate::bytecode::{CaptureDef, EventDef, EventId};
use crate::diagnostics::Diagnostic;
use crate::semantic::hir::{Campaign, Collect, EventPattern, Project, Update};

/// Looks at one campaign.
pub(super) fn check(project: &Project, campaign: &Campaign, findings: &mut Vec<Diagnostic>) {
    for update in &campaign.updates {
        findings.extend(check_update(project, &campaign.captures, update));
    }
    findings.extend(campaign.collect.as_ref().and_then(check_collect));
}

fn event(project: &Project, id: Option<EventId>) -> Option<&EventDef> {
    project.events.get(id?.index())
}

/// A later event has something to say about the captured one, and says it in the same kind of value.
fn check_update(project: &Project, captures: &[CaptureDef], update: &Update) -> Option<Diagnostic> {
    let capture = captures.get(update.slot.index())?;
    let captured = event(project, capture.event)?;
    let EventPattern::Custom(later) = update.pattern else { return None };
    let later = event(project, Some(later))?;
    let mut is_any = false;
    for property in &later.properties {
        let Some(known) = captured.properties.iter().find(|known| known.name == property.name) else { continue };
        if known.ty != property.ty {
            return Some(problems::update_of_another_kind(update.span, (&capture.name, &property.name), (&known.ty, &property.ty)));
        }
        is_any = true;
    }
    (!is_any).then(|| problems::update_of_nothing(update.span, &capture.name, &later.name))
}

fn check_collect(collect: &Collect) -> Option<Diagnostic> {
    let most = collect.sliding_up_to?;
    (most.approximate_millis() < collect.length.approximate_millis()).then(|| problems::slides_too_short(collect.span, collect.length, most))
}
