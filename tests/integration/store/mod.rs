//! Stores: the promises that each of them keeps, and what the embedded one's file promises besides.

mod conformance;
mod copies;
mod damage;
#[cfg(feature = "proof")]
mod disk;
mod script;
mod swept;

use campc::advance::{Cause, Effect, EffectKind, JournalEntry, What};
use campc::bytecode::MessageId;
use campc::lang::{Instant, Value};
use campc::machine::Deployment;
use campc::machine::state::{ContactState, ContactUid, EffectId, Enrollment, EnrollmentKey, EnrollmentUid, SortedMap, StepUid, Thread, ThreadId};
use campc::store::memory::MemoryStore;
use campc::store::sqlite::SqliteStore;
use campc::store::{
    Batch, CampaignLabel, ContactImage, DeployRecord, EventRow, IdentityChange, IdentityKind, JournalRow, LoadItem, OutboxChange, OutboxRow, StepLabel, Store,
    Sweep, Swept,
};
use std::path::PathBuf;
use std::sync::Arc;

/// A store that can be closed and opened again.
pub enum Place {
    Memory(MemoryStore),
    File(tempfile::TempDir),
}

impl Place {
    pub fn all() -> Vec<Place> {
        vec![Place::Memory(MemoryStore::new()), Place::File(tempfile::tempdir().unwrap())]
    }
    pub fn open(&self) -> Box<dyn Store> {
        match self {
            Place::Memory(store) => Box::new(store.clone()),
            Place::File(_) => Box::new(SqliteStore::open(&self.path()).unwrap()),
        }
    }
    pub fn path(&self) -> PathBuf {
        match self {
            Place::Memory(_) => PathBuf::new(),
            Place::File(dir) => dir.path().join("camp.db"),
        }
    }
}

pub const NOW: Instant = Instant(1_772_000_000_000);

pub fn state(number: u64) -> ContactState {
    let fields = [(1, Value::text(format!("c{number}@x.example")))].into_iter().collect();
    ContactState { uid: ContactUid(number), rev: 3, user_id: Some(format!("u{number}").into()), fields, ..ContactState::default() }
}

pub fn image(number: u64) -> ContactImage {
    ContactImage::of(&state(number), (Some(format!("c{number}@x.example").into()), None), Some(NOW)).unwrap()
}

pub fn effect(number: u8, contact: u64) -> OutboxRow {
    let effect = Effect {
        id: EffectId([number; 20]),
        contact: ContactUid(contact),
        program: [7; 32],
        enrollment: Some(EnrollmentUid([1; 20])),
        campaign: Some(4),
        campaign_name: "C".into(),
        step: Some(StepUid(u64::MAX - 1)),
        step_identity: "email welcome".into(),
        kind: EffectKind::Message { message: MessageId(0), to: "a@x.example".into(), cc: vec![], bcc: vec![], variant: None },
        is_transactional: false,
        frozen: Arc::new([("contact".into(), Value::Unset)].into()),
        zone: "UTC".into(),
        decided_at: NOW,
    };
    OutboxRow { effect: Arc::new(effect), channel: "email", message: Some("welcome".into()), state: OutboxChange::queued(NOW.plus_millis(1000)) }
}

pub fn event(number: u8, message_id: Option<&str>) -> EventRow {
    EventRow {
        id: [number; 16],
        contact: ContactUid(1),
        happened: None,
        kind: "track",
        name: "Order Completed".into(),
        is_declared: false,
        message_id: message_id.map(Into::into),
        properties: r#"{"a":1}"#.to_owned(),
        context: None,
    }
}

pub fn line(contact: u64, why: &str) -> JournalRow {
    let fact = Some(("points".into(), Value::Number(46.0), Value::Number(56.0)));
    let cause = Cause { input: "visited(\"/pricing\")".into(), fact };
    let entry = JournalEntry {
        at: NOW,
        campaign: Some(4),
        enrollment: Some(EnrollmentUid([1; 20])),
        step: Some(StepUid(u64::MAX - 1)),
        what: What::Enrolled,
        why: why.into(),
        cause,
    };
    JournalRow { contact: ContactUid(contact), entry }
}

pub fn full_batch() -> Batch {
    Batch {
        now: NOW,
        deployment: 1,
        events: vec![event(1, Some("m1")), event(2, None)],
        journal: vec![line(1, "one"), line(2, "two"), line(1, "three")],
        outbox: vec![effect(1, 1), effect(2, 2)],
        contacts: vec![image(1), image(2), image(3)],
        identities: vec![
            IdentityChange { kind: IdentityKind::User, key: "u1".into(), contact: ContactUid(1), former: None },
            IdentityChange { kind: IdentityKind::Anonymous, key: "a1".into(), contact: ContactUid(1), former: None },
        ],
        redirects: vec![(ContactUid(3), ContactUid(1))],
        undeclared: vec!["Order Completed".into()],
        ..Batch::default()
    }
}

pub fn load(store: &mut dyn Store) -> Vec<LoadItem> {
    let mut items = Vec::new();
    store.load(NOW.plus_millis(-1000), &mut |item| items.push(item)).unwrap();
    items.retain(|item| !matches!(item, LoadItem::Meta(..) | LoadItem::Switches(_)));
    items
}

pub fn deploy_record(seq: u32) -> DeployRecord {
    DeployRecord {
        deployment: Arc::new(Deployment { seq, at: NOW, program: [7; 32], ..Deployment::default() }),
        from: None,
        image: vec![1, 2, 3],
        steps: vec![StepLabel { step: StepUid(u64::MAX - 1), campaign: 4, identity: "email welcome".into(), source: "main.camp:3:1".to_owned() }],
        campaigns: vec![CampaignLabel { campaign: 4, name: "C".into(), source: "main.camp:1:1".to_owned() }],
    }
}

/// Sweeps until nothing is left.
pub fn sweep_all(store: &mut dyn Store) {
    while store.sweep(Sweep::Contacts(100)).unwrap() == Swept::More {}
}

/// An enrollment of contact 1 that stands at a step.
pub fn enrollment(campaign: u32) -> Enrollment {
    let mut thread = Thread::new(ThreadId(0), Vec::new(), NOW);
    thread.standing.step = StepUid(u64::MAX - 1);
    Enrollment {
        uid: EnrollmentUid([1; 20]),
        campaign,
        entry: 1,
        key: EnrollmentKey::default(),
        restarts: 0,
        started: NOW,
        started_seq: 0,
        program: [7; 32],
        captures: Vec::new(),
        threads: vec![thread],
        next_thread: ThreadId(1),
        executed: SortedMap::default(),
        is_held_out: false,
        done_elsewhere: Vec::new(),
        exit_recheck: None,
        entered: NOW,
        goals: Vec::new(),
        goal_recheck: None,
        gathering: None,
        timelines: Vec::new(),
    }
}

pub fn sqlite() -> (Place, rusqlite::Connection) {
    let place = Place::File(tempfile::tempdir().unwrap());
    let mut store = place.open();
    store.commit(&full_batch()).unwrap();
    sweep_all(store.as_mut());
    drop(store);
    let connection = rusqlite::Connection::open(place.path()).unwrap();
    (place, connection)
}
