//! What a store has recorded of people, as stories.

use crate::advance::EffectKind;
use crate::lang::Instant;
use crate::machine::Linked;
use crate::machine::state::{ContactUid, EffectId};
use crate::sim::replay::{Came, PastRow, PastSend, Story, Variant};
use crate::store::{EventRecord, JournalRecord, OutboxFilter, OutboxRow, OutboxStatus, PageRequest, StoreError, StoreReader};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rows of one page.
const PAGE: u32 = 10_000;
/// A hand-over later than this was an input of its own.
const QUICK_MS: i64 = 60_000;

/// Who is recorded, and over which time.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Everybody with an event.
    pub people: Vec<ContactUid>,
    /// The first event.
    pub first: Instant,
    /// The last event or sending.
    pub last: Instant,
}

/// Looks over a store.
///
/// # Errors
/// Where it cannot be read.
pub fn see(reader: &dyn StoreReader) -> Result<Seen, StoreError> {
    let mut people = BTreeSet::new();
    let (mut first, mut last) = (Instant::FAR_FUTURE, Instant::FAR_PAST);
    let mut page = PageRequest { after: 0, limit: PAGE };
    loop {
        let rows = reader.events(None, page)?;
        let Some(end) = rows.last() else { break };
        page.after = end.position;
        for row in &rows {
            people.insert(row.contact);
            (first, last) = (first.min(row.accepted), last.max(row.accepted));
        }
    }
    let mut filter = OutboxFilter { contact: None, campaign: None, status: None, page: PageRequest { after: 0, limit: PAGE } };
    loop {
        let rows = reader.outbox(&filter)?;
        let Some((end, _)) = rows.last() else { break };
        filter.page.after = *end;
        for (_, row) in &rows {
            last = last.max(row.effect.decided_at).max(row.state.handed_over_at.unwrap_or(last));
        }
    }
    Ok(Seen { people: people.into_iter().collect(), first: first.min(last), last })
}

/// The story of a contact and of those who went up in it, and the rows of its event log.
///
/// # Errors
/// Where the store cannot be read.
pub fn read_story(reader: &dyn StoreReader, (linked, uid): (&Linked, ContactUid)) -> Result<(Story, Vec<EventRecord>), StoreError> {
    let mut story = Story { people: vec![uid], ..Story::default() };
    let mut records: Vec<(usize, EventRecord)> = Vec::new();
    let mut person = 0;
    while let Some(uid) = story.people.get(person).copied() {
        let events = reader.events(Some(uid), PageRequest::ALL)?;
        let journal = reader.journal(uid, PageRequest::ALL)?;
        let outbox = reader.outbox(&OutboxFilter { contact: Some(uid), campaign: None, status: None, page: PageRequest::ALL })?;
        for (_, row) in &outbox {
            take_send(&mut story, row, &journal);
        }
        take_journal(&mut story, (linked, &journal), &events);
        records.extend(events.into_iter().map(|event| (person, event)));
        person += 1;
    }
    records.sort_by_key(|(_, event)| event.position);
    story.sends.sort_by_key(|send| send.at);
    story.rows = records.iter().map(|(person, event)| PastRow { at: event.accepted, position: event.position, person: *person, about: about(event) }).collect();
    Ok((story, records.into_iter().map(|(_, event)| event).collect()))
}

/// The sending that a row is about.
fn about(event: &EventRecord) -> Option<EffectId> {
    if event.kind != "message" {
        return None;
    }
    let body: serde_json::Value = serde_json::from_str(&event.properties).ok()?;
    EffectId::parse(body.get("effect")?.as_str()?)
}

fn take_send(story: &mut Story, row: &OutboxRow, journal: &[JournalRecord]) {
    let effect = &row.effect;
    let is_taken_back = matches!(row.state.status, OutboxStatus::Cancelled | OutboxStatus::Suppressed);
    let name = row.message.as_ref().unwrap_or(&effect.step_identity);
    story.sends.push(PastSend {
        effect: effect.id,
        at: effect.decided_at,
        enrollment: effect.enrollment,
        step: effect.step,
        campaign: effect.campaign_name.clone(),
        step_identity: effect.step_identity.clone(),
        message: Arc::from(format!("{} {name}", row.channel)),
        to: Arc::from(row.recipient()),
        is_taken_back,
    });
    let said = |what: &str| {
        let is_meant =
            |line: &&JournalRecord| line.what == what && line.step == effect.step && line.enrollment == effect.enrollment && line.at >= effect.decided_at;
        journal.iter().find(is_meant)
    };
    let wants_answer = matches!(effect.kind, EffectKind::Webhook { wants_answer: true, .. });
    let handed_over = row.state.handed_over_at.unwrap_or(effect.decided_at);
    let came = match row.state.status {
        OutboxStatus::Accepted if wants_answer => Some((handed_over, Came::Answered { is_ok: true })),
        OutboxStatus::Accepted if handed_over.millis_since(effect.decided_at) > QUICK_MS => Some((handed_over, Came::Late)),
        OutboxStatus::Failed | OutboxStatus::Dead if wants_answer => Some((handed_over, Came::Answered { is_ok: false })),
        OutboxStatus::Failed | OutboxStatus::Dead => said("failed").map(|line| {
            // What an address that does not exist is known by afterwards.
            let is_hard_bounce = journal.iter().any(|later| later.at >= line.at && later.what == "skipped" && later.why == "hard bounce");
            (line.at, Came::Failed { reason: Arc::from(line.why.as_str()), is_hard_bounce })
        }),
        OutboxStatus::Cancelled | OutboxStatus::Suppressed => said("cancelled").map(|line| (line.at, Came::LookedAt)),
        OutboxStatus::Accepted | OutboxStatus::Queued | OutboxStatus::Claimed | OutboxStatus::Unknown => None,
    };
    story.results.extend(came.map(|(at, came)| (effect.id, at, came)));
}

/// Merges, variants, and instants at which timers went before what came in.
fn take_journal(story: &mut Story, (linked, journal): (&Linked, &[JournalRecord]), events: &[EventRecord]) {
    let mut last = None;
    for line in journal {
        if line.what == "merged"
            && let Some(loser) = line.why.strip_prefix("with ").and_then(ContactUid::parse)
            && !story.people.contains(&loser)
        {
            story.people.push(loser);
            story.merges.push((line.at, merge_place((line, last == Some(line.at)), events), story.people.len() - 1));
        }
        if let ("decided", Some(step), Some(enrollment)) = (line.what.as_str(), line.step, line.enrollment)
            && linked.step(step).is_some_and(|id| linked.program.experiments.iter().any(|experiment| experiment.step == id))
        {
            story.variants.push(Variant { enrollment, step, at: line.at, name: Arc::from(line.why.as_str()) });
        }
        // The first line of an instant says what came first in it.
        if last != Some(line.at) && line.cause == "timer" && events.iter().any(|event| event.accepted == line.at) {
            story.timers_first.push(line.at);
        }
        last = Some(line.at);
    }
}

/// Behind which place in the log a merge comes: it is the first thing that the row does which says that the two are one, or the last.
fn merge_place((line, is_behind_others): (&JournalRecord, bool), events: &[EventRecord]) -> u64 {
    let mut rows = events.iter().filter(|event| event.accepted == line.at);
    match (rows.next(), rows.next()) {
        (Some(row), None) if !is_behind_others => row.position.saturating_sub(1),
        _ => u64::MAX,
    }
}
