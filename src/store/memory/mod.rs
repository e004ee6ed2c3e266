//! A store that forgets: for tests, trials and what never needs a disk. It keeps the same promises but durability.

use super::{
    Batch, CountRecord, DeployRecord, EventRecord, IdentityKind, JournalRecord, LoadItem, LogPosition, OutboxFilter, OutboxRow, PackedState, PageRequest,
    QuarantineChange, QuarantineRow, Store, StoreError, StoreReader, Sweep, Swept, UndeclaredRecord,
};
use crate::advance::Switches;
use crate::lang::Instant;
use crate::machine::Deployment;
use crate::machine::state::{ContactUid, EffectId, StableId, StepUid};
use crate::proof::{Mutant, is_planted};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct Last {
    event: u64,
    line: u64,
    effect: u64,
}

#[derive(Default)]
struct Tables {
    position: u64,
    now: Instant,
    meta: BTreeMap<String, Vec<u8>>,
    programs: BTreeMap<[u8; 32], Vec<u8>>,
    deployments: Vec<DeployRecord>,
    switches: Switches,
    contacts: BTreeMap<ContactUid, PackedState>,
    identities: BTreeMap<(IdentityKind, Arc<str>), ContactUid>,
    redirects: BTreeMap<ContactUid, ContactUid>,
    events: Vec<EventRecord>,
    journal: Vec<(u32, JournalRecord)>,
    outbox: BTreeMap<u64, OutboxRow>,
    outbox_index: BTreeMap<EffectId, u64>,
    /// The last position of each: an erasure gives none away again.
    last: Last,
    undeclared: BTreeMap<Arc<str>, (u64, Instant)>,
    counts: BTreeMap<(Option<StableId>, Option<StepUid>, String), u64>,
    quarantine: BTreeMap<u64, QuarantineRow>,
}

/// The store. Clones share what is in it, so that it can be "opened" again.
#[derive(Clone, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }
    fn tables(&self) -> MutexGuard<'_, Tables> {
        // A panic of another thread cannot leave the tables half changed: every change is checked before it is made.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn check(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut fresh: BTreeMap<EffectId, (super::OutboxStatus, u32)> = BTreeMap::new();
        for row in &batch.outbox {
            let is_known = self.outbox_index.contains_key(&row.effect.id);
            if is_known || fresh.insert(row.effect.id, (row.state.status, row.state.attempt)).is_some() {
                return Err(StoreError::Clash(row.effect.id.to_text()));
            }
        }
        for update in &batch.updates {
            let stored = self.outbox_index.get(&update.effect).and_then(|at| self.outbox.get(at)).map(|row| (row.state.status, row.state.attempt));
            let current = fresh.get(&update.effect).copied().or(stored);
            if current != Some((update.from_status, update.from_attempt)) {
                return Err(StoreError::Conflict(update.effect.to_text()));
            }
            fresh.insert(update.effect, (update.to.status, update.to.attempt));
        }
        Ok(())
    }
    fn apply(&mut self, batch: &Batch) -> Result<LogPosition, StoreError> {
        self.check(batch)?;
        self.position += 1;
        self.now = batch.now;
        self.append(batch);
        for row in &batch.outbox {
            self.last.effect += 1;
            self.outbox_index.insert(row.effect.id, self.last.effect);
            self.outbox.insert(self.last.effect, row.clone());
        }
        for update in &batch.updates {
            if let Some(row) = self.outbox_index.get(&update.effect).and_then(|at| self.outbox.get_mut(at)) {
                row.state = update.to.clone();
            }
        }
        for image in &batch.contacts {
            self.contacts.insert(image.uid, image.state.clone());
        }
        for change in &batch.identities {
            self.identities.insert((change.kind, change.key.clone()), change.contact);
        }
        for (loser, winner) in &batch.redirects {
            self.contacts.remove(loser);
            self.redirects.insert(*loser, *winner);
        }
        for name in &batch.undeclared {
            let entry = self.undeclared.entry(name.clone()).or_insert((0, batch.now));
            *entry = (entry.0 + 1, batch.now);
        }
        for (key, value) in &batch.meta {
            self.meta.insert((*key).to_owned(), value.clone());
        }
        for change in &batch.quarantine {
            match change {
                QuarantineChange::Put(row) => drop(self.quarantine.insert(row.id, (**row).clone())),
                QuarantineChange::Settled(id) => drop(self.quarantine.remove(id)),
            }
        }
        Ok(LogPosition(self.position))
    }
    fn append(&mut self, batch: &Batch) {
        for event in &batch.events {
            self.last.event += 1;
            self.events.push(EventRecord {
                position: self.last.event,
                id: event.id,
                contact: event.contact,
                accepted: batch.now,
                happened: event.happened,
                kind: event.kind.to_owned(),
                name: event.name.to_string(),
                is_declared: event.is_declared,
                message_id: event.message_id.as_ref().map(ToString::to_string),
                properties: event.properties.clone(),
                context: event.context.clone(),
            });
        }
        for row in &batch.journal {
            self.last.line += 1;
            let record = JournalRecord {
                position: self.last.line,
                at: row.entry.at,
                contact: row.contact,
                campaign: row.entry.campaign,
                campaign_name: None,
                enrollment: row.entry.enrollment,
                step: row.entry.step,
                step_identity: None,
                source: None,
                what: row.entry.what.word().to_owned(),
                why: row.entry.why.to_string(),
                cause: row.entry.cause.input.to_string(),
                fact: row.entry.cause.fact.clone(),
            };
            *self.counts.entry((record.campaign, record.step, record.what.clone())).or_default() += 1;
            self.journal.push((batch.deployment, record));
        }
    }
    fn named(&self, deployment: u32, record: &JournalRecord) -> JournalRecord {
        let mut named = record.clone();
        let Some(record) = self.deployments.iter().find(|known| known.deployment.seq == deployment) else { return named };
        let campaign = record.campaigns.iter().find(|label| Some(label.campaign) == named.campaign);
        let step = record.steps.iter().find(|label| Some(label.step) == named.step);
        named.campaign_name = campaign.map(|label| label.name.to_string());
        named.step_identity = step.map(|label| label.identity.to_string());
        named.source = step.map(|label| label.source.clone()).or_else(|| campaign.map(|label| label.source.clone()));
        named
    }
}

impl Store for MemoryStore {
    fn load(&mut self, seen_since: Instant, sink: &mut dyn FnMut(LoadItem)) -> Result<(), StoreError> {
        let tables = self.tables();
        sink(LoadItem::Progress(LogPosition(tables.position), tables.now));
        tables.meta.iter().for_each(|(key, value)| sink(LoadItem::Meta(key.clone(), value.clone())));
        tables.programs.iter().for_each(|(hash, image)| sink(LoadItem::Program(*hash, image.clone())));
        tables.deployments.iter().for_each(|record| sink(LoadItem::Deployment(Box::new((*record.deployment).clone()))));
        sink(LoadItem::Switches(tables.switches.clone()));
        tables.contacts.iter().for_each(|(uid, state)| sink(LoadItem::Contact(*uid, state.clone())));
        tables.identities.iter().for_each(|((kind, key), contact)| sink(LoadItem::Identity(*kind, key.clone(), *contact)));
        tables.redirects.iter().for_each(|(loser, winner)| sink(LoadItem::Redirect(*loser, *winner)));
        tables.outbox.values().filter(|row| row.state.status.is_open()).for_each(|row| sink(LoadItem::Outbox(Box::new(row.clone()))));
        tables.quarantine.values().for_each(|row| sink(LoadItem::PutAside(Box::new(row.clone()))));
        for event in tables.events.iter().filter(|event| event.accepted >= seen_since) {
            if let Some(id) = &event.message_id {
                sink(LoadItem::Seen(Arc::from(id.as_str()), event.accepted));
            }
        }
        Ok(())
    }
    fn commit(&mut self, batch: &Batch) -> Result<LogPosition, StoreError> {
        self.tables().apply(batch)
    }
    fn deploy(&mut self, record: &DeployRecord, batch: &Batch) -> Result<LogPosition, StoreError> {
        let mut tables = self.tables();
        let position = tables.apply(batch)?;
        tables.programs.insert(record.deployment.program, record.image.clone());
        tables.deployments.push(record.clone());
        Ok(position)
    }
    fn set_switches(&mut self, switches: &Switches) -> Result<(), StoreError> {
        self.tables().switches = switches.clone();
        Ok(())
    }
    fn set_meta(&mut self, entries: &[(&str, &[u8])]) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for (key, value) in entries {
            tables.meta.insert((*key).to_owned(), value.to_vec());
        }
        Ok(())
    }
    fn sweep(&mut self, _effort: Sweep) -> Result<Swept, StoreError> {
        // What people read is what was committed.
        Ok(Swept::All)
    }
    fn forget_before(&mut self, before: Instant) -> Result<Swept, StoreError> {
        let mut tables = self.tables();
        tables.events.retain(|event| event.accepted >= before);
        tables.journal.retain(|(_, record)| record.at >= before);
        Ok(Swept::All)
    }
    fn erase(&mut self, contact: ContactUid) -> Result<(), StoreError> {
        let mut tables = self.tables();
        tables.contacts.remove(&contact);
        tables.identities.retain(|_, owner| *owner != contact);
        tables.events.retain(|event| event.contact != contact || is_planted(Mutant::EraseLeavesEvents));
        tables.journal.retain(|(_, record)| record.contact != contact);
        tables.outbox.retain(|_, row| row.effect.contact != contact);
        tables.quarantine.retain(|_, row| row.contact != Some(contact));
        tables.outbox_index = tables.outbox.iter().map(|(at, row)| (row.effect.id, *at)).collect();
        Ok(())
    }
    fn reader(&self) -> Result<Arc<dyn StoreReader>, StoreError> {
        Ok(Arc::new(self.clone()))
    }
}

impl StoreReader for MemoryStore {
    fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tables().meta.get(key).cloned())
    }
    fn journal(&self, contact: ContactUid, page: PageRequest) -> Result<Vec<JournalRecord>, StoreError> {
        let tables = self.tables();
        let lines = tables.journal.iter().filter(|(_, record)| record.contact == contact && record.position > page.after);
        Ok(lines.take(limit(page)).map(|(deployment, record)| tables.named(*deployment, record)).collect())
    }
    fn journal_of_all(&self, page: PageRequest) -> Result<Vec<JournalRecord>, StoreError> {
        let tables = self.tables();
        let lines = tables.journal.iter().filter(|(_, record)| record.position > page.after);
        Ok(lines.take(limit(page)).map(|(deployment, record)| tables.named(*deployment, record)).collect())
    }
    fn journal_counts(&self) -> Result<Vec<CountRecord>, StoreError> {
        let counts = self.tables().counts.clone();
        Ok(counts.into_iter().map(|((campaign, step, what), count)| CountRecord { campaign, step, what, count }).collect())
    }
    fn events(&self, contact: Option<ContactUid>, page: PageRequest) -> Result<Vec<EventRecord>, StoreError> {
        let tables = self.tables();
        let events = tables.events.iter().filter(|event| event.position > page.after && contact.is_none_or(|wanted| wanted == event.contact));
        Ok(events.take(limit(page)).cloned().collect())
    }
    fn outbox(&self, filter: &OutboxFilter) -> Result<Vec<(u64, OutboxRow)>, StoreError> {
        let tables = self.tables();
        let rows = tables.outbox.iter().map(|(at, row)| (*at, row)).filter(|(position, row)| {
            *position > filter.page.after
                && filter.contact.is_none_or(|wanted| wanted == row.effect.contact)
                && filter.campaign.is_none_or(|wanted| Some(wanted) == row.effect.campaign)
                && filter.status.is_none_or(|wanted| wanted == row.state.status)
        });
        Ok(rows.take(limit(filter.page)).map(|(position, row)| (position, row.clone())).collect())
    }
    fn effect(&self, id: EffectId, _contact: Option<ContactUid>) -> Result<Option<OutboxRow>, StoreError> {
        let tables = self.tables();
        Ok(tables.outbox_index.get(&id).and_then(|at| tables.outbox.get(at)).cloned())
    }
    fn deployed(&self, program: [u8; 32]) -> Result<Option<(Vec<u8>, Deployment)>, StoreError> {
        let tables = self.tables();
        let latest = tables.deployments.iter().rev().find(|known| known.deployment.program == program);
        Ok(tables.programs.get(&program).cloned().zip(latest.map(|known| (*known.deployment).clone())))
    }
    fn running(&self) -> Result<Option<[u8; 32]>, StoreError> {
        Ok(self.tables().deployments.last().map(|known| known.deployment.program))
    }
    fn undeclared_events(&self) -> Result<Vec<UndeclaredRecord>, StoreError> {
        let tables = self.tables();
        let mut found: Vec<UndeclaredRecord> =
            tables.undeclared.iter().map(|(name, (count, last_at))| UndeclaredRecord { name: name.to_string(), count: *count, last_at: *last_at }).collect();
        found.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
        Ok(found)
    }
}

fn limit(page: PageRequest) -> usize {
    usize::try_from(page.limit).unwrap_or(usize::MAX)
}
