//! What a contact cannot take of what is said of it, for those who are told: operators and imports. Senders are not, since nobody reads
//! their answers.

use super::api::SubmissionKind;
use super::batch::Seen;
use super::body::body_facts;
use super::engine::Engine;
use super::ingest::{EventNames, Facts, Reading, properties};
use crate::machine::state::ContactState;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

impl Engine {
    /// What would be left out of a submission, each in a sentence. Nothing is changed.
    #[must_use]
    pub fn misfits(&self, kind: &SubmissionKind) -> Vec<String> {
        let resident = self.inner.shared.read();
        let Some(linked) = resident.linked.clone() else { return Vec::new() };
        let nobody = ContactState::default();
        let zone = linked.zone.clone();
        let country = self.inner.country;
        let reading = Reading { linked: &linked, builtins: &resident.builtins, state: Seen::Changed(&nobody), country, zone };
        let of_event = |name: &str, sent: &Map<String, Json>| {
            let event = EventNames::new(&linked).find(name).and_then(|id| linked.program.events.get(id.index()));
            event.map_or_else(Vec::new, |event| properties(event, sent, &reading.zone).1)
        };
        let facts = |facts: Facts| facts.problems;
        match kind {
            SubmissionKind::Upsert(body) => facts(body_facts(&reading, body)),
            SubmissionKind::Identify { traits } => facts(reading.traits(traits, None)),
            SubmissionKind::Track { name, properties } => of_event(name, properties),
            SubmissionKind::Screen { name, properties } => of_event(name.as_ref().map_or("screen", Arc::as_ref), properties),
            SubmissionKind::Page { .. }
            | SubmissionKind::Group { .. }
            | SubmissionKind::Alias { .. }
            | SubmissionKind::Form { .. }
            | SubmissionKind::Message(_)
            | SubmissionKind::Consent(_)
            | SubmissionKind::UnsubscribeAll
            | SubmissionKind::Enroll(_)
            | SubmissionKind::Leave(_)
            | SubmissionKind::OverrideSegment(..) => Vec::new(),
        }
    }
}
