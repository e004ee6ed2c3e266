//! Lines and columns of everything the program may have to name, so that the daemon needs no sources.

use crate::base::{Sources, Span};
use crate::bytecode::Program;
use std::collections::BTreeSet;

/// Line and column of each span's start, sorted by span.
pub(super) fn positions(program: &Program, sources: &Sources) -> Vec<(Span, u32, u32)> {
    let mut spans: BTreeSet<Span> = program.notes.iter().map(|note| note.span).collect();
    spans.extend(program.segments.iter().map(|segment| segment.span));
    spans.extend(program.rules.iter().map(|rule| rule.span));
    spans.extend(program.steps.iter().map(|step| step.span));
    spans.extend(program.outline.rules.iter().flatten());
    for campaign in &program.campaigns {
        spans.insert(campaign.span);
        spans.extend(campaign.triggers.iter().map(|trigger| trigger.span));
        spans.extend(campaign.exits.iter().map(|exit| exit.span));
        spans.extend(campaign.goals.iter().map(|goal| goal.span));
        spans.extend(campaign.updates.iter().map(|update| update.span));
        spans.extend(campaign.collect.iter().map(|collect| collect.span));
    }
    let place = |span: Span| {
        let at = sources.get(span.file)?.position(span.start);
        Some((span, at.line, at.column))
    };
    spans.into_iter().filter_map(place).collect()
}
