//! Back-fill: history that a new program asks about and the one before did not keep is put in, as it was accepted.

use crate::lang::{Instant, Record};
use crate::machine::state::{ContactState, Frame, HistoryEntry, HistoryKind};
use crate::machine::{Keep, Linked};
use std::sync::Arc;

/// A happening of the past, as the log has it.
#[derive(Clone, Debug, PartialEq)]
pub struct PastHappening {
    /// What kind.
    pub kind: HistoryKind,
    /// When it was accepted.
    pub accepted: Instant,
    /// When it happened by the sender's clock, if that was told.
    pub happened: Option<Instant>,
    /// Its declared properties.
    pub properties: Arc<Record>,
}

/// The kinds of happenings that `next` asks about and `running` did not keep, or not for so long.
#[must_use]
pub fn missing_history(running: &Linked, next: &Linked) -> Vec<HistoryKind> {
    let is_longer = |wanted: Keep, known: Option<Keep>| match (wanted, known) {
        (_, None) => true,
        (_, Some(Keep::Ever)) => false,
        (Keep::Ever, Some(Keep::Millis(_))) => true,
        (Keep::Millis(wanted), Some(Keep::Millis(known))) => wanted > known,
    };
    let mut kinds: Vec<HistoryKind> = next.kept().filter(|(kind, keep)| is_longer(*keep, running.keep(*kind))).map(|(kind, _)| kind).collect();
    kinds.sort_unstable();
    kinds
}

/// Puts happenings of the log, oldest first, before what is remembered already. They are history and no more: nothing is triggered.
pub fn backfill(linked: &Linked, state: &mut ContactState, past: Vec<PastHappening>, now: Instant) {
    let marks = marks(state);
    let mut kinds: Vec<HistoryKind> = past.iter().map(|happening| happening.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let keep_from = match linked.keep(kind) {
            Some(Keep::Millis(millis)) => now.plus_millis(millis.saturating_add(86_400_000).saturating_neg()),
            Some(Keep::Ever) | None => Instant::FAR_PAST,
        };
        let known_from = state.history.of(kind).first().map(|entry| entry.happened);
        let entry = |happening: &PastHappening| {
            let happened = happening.happened.unwrap_or(happening.accepted).min(happening.accepted);
            HistoryEntry { seq: place(&marks, happening.accepted), happened, properties: happening.properties.clone() }
        };
        let older = past.iter().filter(|happening| happening.kind == kind).map(entry);
        let older = older.filter(|entry| entry.happened >= keep_from && known_from.is_none_or(|known| entry.happened < known));
        state.history.put_before(kind, older.collect());
    }
}

/// Instants at which the contact's order of acceptance is known.
fn marks(state: &ContactState) -> Vec<(Instant, u64)> {
    let mut marks: Vec<(Instant, u64)> = state.sends.iter().map(|send| (send.at, send.seq)).collect();
    for enrollment in &state.enrollments {
        marks.push((enrollment.started, enrollment.started_seq));
        let passes = enrollment.threads.iter().flat_map(|thread| &thread.frames);
        marks.extend(passes.filter_map(|frame| if let Frame::Pass { started, started_seq, .. } = frame { Some((*started, *started_seq)) } else { None }));
    }
    marks.sort_unstable();
    marks
}

/// The place of something accepted then: behind all that was accepted before, and at the place of what it brought about itself.
fn place(marks: &[(Instant, u64)], accepted: Instant) -> u64 {
    let at = marks.iter().filter(|(instant, _)| *instant == accepted).map(|(_, seq)| *seq).max();
    let before = marks.iter().take_while(|(instant, _)| *instant < accepted).map(|(_, seq)| seq.saturating_add(1)).max();
    at.or(before).unwrap_or(0)
}
