//! Back-fill: what a contact's history lacks comes from the event log, when the contact comes under the new program.

use super::batch::Work;
use super::recorded::LogReader;
use crate::advance::{InputKind, PastHappening, backfill};
use crate::lang::Value;
use crate::machine::stable;
use crate::machine::state::{ContactUid, HistoryKind};
use crate::store::{EventRecord, PageRequest};
use std::sync::Arc;

impl Work<'_> {
    /// Puts into a contact's history what the running program asks about and the one before did not keep.
    pub(super) fn fill_history(&mut self, uid: ContactUid) {
        let (linked, now) = (self.around.linked, self.around.now);
        let wanted = &linked.deployment.terms.history;
        if wanted.is_empty() {
            return;
        }
        let records = match self.around.reader.events(Some(uid), PageRequest::ALL) {
            Ok(records) => records,
            Err(error) => return tracing::error!(%error, contact = uid.0, "the events of a contact cannot be read; its history stays as it is"),
        };
        let Some(touched) = self.people.get_mut(&uid) else { return };
        let reader = LogReader::new(linked, None);
        let happenings = |record: &EventRecord| {
            let inputs = reader.inputs((&touched.state, false), record);
            let past = inputs.into_iter().filter_map(|input| {
                let (kind, properties) = if let InputKind::Event { event, properties, .. } = input.kind {
                    (HistoryKind::Event(stable(&linked.deployment.events, event.index())), properties)
                } else if let InputKind::Visited { path, properties } = input.kind {
                    let mut record = properties.as_ref().clone();
                    record.insert(Arc::from("path"), Value::Text(path));
                    (HistoryKind::Visited, Arc::new(record))
                } else {
                    return None;
                };
                Some(PastHappening { kind, accepted: record.accepted, happened: record.happened, properties })
            });
            past.filter(|happening| wanted.contains(&happening.kind)).collect::<Vec<_>>()
        };
        let past: Vec<PastHappening> = records.iter().flat_map(happenings).collect();
        backfill(linked, &mut touched.state, past, now);
    }
}
