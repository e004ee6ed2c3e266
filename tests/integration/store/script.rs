//! The same long, mixed story told to every store: whatever is swept, closed and opened again between, all tell the same of it.

use super::{NOW, Place, effect, event, image, line, sweep_all};
use campc::advance::EffectKind;
use campc::machine::state::{ContactUid, EffectId};
use campc::store::{
    Batch, IdentityChange, IdentityKind, LoadItem, OutboxChange, OutboxFilter, OutboxRow, OutboxStatus, OutboxUpdate, PageRequest, Store, StoreReader, Sweep,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Numbers that look random and are the same every time.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

const PEOPLE: u64 = 12;

/// What the story knows of the effects it made.
#[derive(Default)]
struct Story {
    open: BTreeMap<EffectId, (OutboxStatus, u32, ContactUid)>,
    keys: BTreeMap<(IdentityKind, Arc<str>), ContactUid>,
    made: u64,
    revision: u64,
}

impl Story {
    fn batch(&mut self, numbers: &mut Numbers, step: i64) -> Batch {
        let now = NOW.plus_millis(step * 10);
        let mut batch = Batch { now, deployment: 1, ..Batch::default() };
        for _ in 0..=numbers.below(3) {
            let contact = 1 + numbers.below(PEOPLE);
            self.revision += 1;
            self.made += 1;
            let mut row = event(u8::try_from(self.made % 251).unwrap(), Some(&format!("m{}", self.made)));
            row.contact = ContactUid(contact);
            batch.events.push(row);
            let mut said = line(contact, &format!("line {}", self.made));
            said.entry.at = now;
            batch.journal.push(said);
            if batch.contacts.iter().all(|known| known.uid != ContactUid(contact)) {
                let mut changed = image(contact);
                changed.rev = self.revision;
                batch.contacts.push(changed);
            }
            if numbers.below(2) == 0 {
                batch.outbox.push(self.effect(contact));
            }
        }
        self.change_keys(&mut batch, numbers);
        self.change_effects(&mut batch, numbers);
        batch
    }
    fn effect(&mut self, contact: u64) -> OutboxRow {
        let mut row = effect(0, contact);
        let mut id = [0; 20];
        id[..8].copy_from_slice(&self.made.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        let made = Arc::make_mut(&mut row.effect);
        made.id = EffectId(id);
        if let EffectKind::Message { to, .. } = &mut made.kind {
            *to = format!("c{contact}@x.example").into();
        }
        self.open.insert(EffectId(id), (OutboxStatus::Queued, 0, ContactUid(contact)));
        row
    }
    fn change_keys(&mut self, batch: &mut Batch, numbers: &mut Numbers) {
        if numbers.below(3) != 0 {
            return;
        }
        let key: Arc<str> = format!("k{}", numbers.below(6)).into();
        let contact = ContactUid(1 + numbers.below(PEOPLE));
        let former = self.keys.insert((IdentityKind::Anonymous, key.clone()), contact).filter(|former| *former != contact);
        batch.identities.push(IdentityChange { kind: IdentityKind::Anonymous, key, contact, former });
    }
    fn change_effects(&mut self, batch: &mut Batch, numbers: &mut Numbers) {
        let fresh: Vec<EffectId> = batch.outbox.iter().map(|row| row.effect.id).collect();
        let Some((id, (status, attempt, contact))) = self.open.iter().next().map(|(id, state)| (*id, *state)) else { return };
        if fresh.contains(&id) || numbers.below(2) == 0 {
            return;
        }
        let next = if status == OutboxStatus::Queued { OutboxStatus::Claimed } else { OutboxStatus::Accepted };
        let to = OutboxChange { status: next, attempt: attempt + 1, reason: Some("it went on".into()), ..OutboxChange::queued(NOW.plus_millis(1000)) };
        batch.updates.push(OutboxUpdate { effect: id, contact, from_status: status, from_attempt: attempt, to });
        match next.is_open() {
            true => self.open.insert(id, (next, attempt + 1, contact)),
            false => self.open.remove(&id),
        };
    }
}

/// All that a store tells, in an order of its own making.
pub fn told(store: &mut dyn Store) -> Vec<String> {
    let mut items = Vec::new();
    store.load(NOW, &mut |item| items.push(item)).unwrap();
    items.retain(|item| !matches!(item, LoadItem::Meta(..)));
    let mut told: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
    told.sort();
    told.extend(read(store.reader().unwrap().as_ref()));
    told
}

fn read(reader: &dyn StoreReader) -> Vec<String> {
    let mut told = vec![format!("{:?}", reader.journal_counts().unwrap()), format!("{:?}", reader.journal_of_all(PageRequest::ALL).unwrap())];
    told.push(format!("{:?}", reader.events(None, PageRequest::ALL).unwrap()));
    for number in 1..=PEOPLE {
        let contact = ContactUid(number);
        let page = PageRequest { after: 3, limit: 40 };
        told.push(format!("{number} {:?} {:?}", reader.journal(contact, page).unwrap(), reader.events(Some(contact), page).unwrap()));
        let filter = OutboxFilter { contact: Some(contact), campaign: Some(4), status: None, page };
        let rows = reader.outbox(&filter).unwrap();
        for (_, row) in &rows {
            assert_eq!(reader.effect(row.effect.id, Some(contact)).unwrap().as_ref(), Some(row));
        }
        told.push(format!("{:?}", rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>()));
    }
    told
}

fn tell(place: &Place, seed: u64) -> Vec<Vec<String>> {
    let (mut numbers, mut pace, mut story) = (Numbers(seed), Numbers(seed ^ 77), Story::default());
    let mut store = place.open();
    let mut moments = Vec::new();
    for step in 0..120 {
        store.commit(&story.batch(&mut numbers, step)).unwrap();
        // What a sweep has done, and whether the file was closed between, is nobody's business.
        match pace.below(6) {
            0 => drop(store.sweep(Sweep::Inputs(usize::try_from(pace.below(5)).unwrap())).unwrap()),
            1 => drop(store.sweep(Sweep::Contacts(usize::try_from(1 + pace.below(4)).unwrap())).unwrap()),
            2 => sweep_all(store.as_mut()),
            3 => {
                drop(store);
                store = place.open();
            }
            _ => {}
        }
        match numbers.below(25) {
            0 => drop(store.forget_before(NOW.plus_millis((step - 30) * 10)).unwrap()),
            1 => {
                let gone = ContactUid(1 + numbers.below(PEOPLE));
                store.erase(gone).unwrap();
                story.keys.retain(|_, owner| *owner != gone);
                let mut still = Vec::new();
                store
                    .load(NOW, &mut |item| {
                        if let LoadItem::Outbox(row) = item {
                            still.push(row.effect.id)
                        }
                    })
                    .unwrap();
                story.open.retain(|id, _| still.contains(id));
            }
            _ => {}
        }
        if step % 10 == 9 {
            moments.push(told(store.as_mut()));
        }
    }
    moments
}

#[test]
fn all_stores_tell_the_same_story_whatever_was_swept_when() {
    for seed in 1..=6 {
        let mut told = Place::all().into_iter().map(|place| tell(&place, seed));
        let first = told.next().unwrap();
        for other in told {
            for (moment, (one, two)) in first.iter().zip(&other).enumerate() {
                assert_eq!(one, two, "seed {seed}, moment {moment}");
            }
        }
    }
}
