//! Poison: an input that cannot be carried out is put aside, and stops nobody else.

use super::rig::{DAY, Does, HOUR, Rig, START, program};
use crate::committing::Committing;
use campc::bytecode::{Op, Program};
use campc::daemon::api::{ContactKey, MessageHit, QuarantineCommand, Submission, SubmissionKind};
use campc::machine::Deployment;
use campc::machine::state::{ContactUid, EffectId};
use campc::store::memory::MemoryStore;
use campc::store::{Batch, CountRecord, EventRecord, JournalRecord, OutboxFilter, OutboxRow, PageRequest, Store, StoreError, StoreReader, UndeclaredRecord};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const SOURCE: &str = r#"
event go
event bad
email hello { subject "Hello" body "Hello." }
email later { subject "Later" body "Later." }
campaign "C" { published when go reenter always email hello wait 1d email later }
campaign "D" { published when bad tag "bad" }
"#;

/// A store that takes no batch a test does not like, and breaks off when it is asked for an effect.
#[derive(Clone)]
struct Picky {
    inner: MemoryStore,
    dislikes: Arc<dyn Fn(&Batch) -> bool + Send + Sync>,
    is_picky: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
}

impl Picky {
    fn on(inner: MemoryStore, dislikes: impl Fn(&Batch) -> bool + Send + Sync + 'static) -> Picky {
        Picky { inner, dislikes: Arc::new(dislikes), is_picky: Arc::new(AtomicBool::new(true)), refused: Arc::default() }
    }
    /// The store itself.
    fn store(&self) -> Box<Committing> {
        let picky = self.clone();
        let commit = move |inner: &mut MemoryStore, batch: &Batch| {
            if picky.is_picky.load(Ordering::SeqCst) && (picky.dislikes)(batch) {
                picky.refused.fetch_add(1, Ordering::SeqCst);
                return Err(StoreError::Conflict("a test".to_owned()));
            }
            inner.commit(batch)
        };
        Committing::on(&self.inner, commit).read_by(|inner| Arc::new(Breaking(inner.clone())))
    }
}

struct Breaking(MemoryStore);

impl StoreReader for Breaking {
    fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.meta(key)
    }
    fn journal(&self, contact: ContactUid, page: PageRequest) -> Result<Vec<JournalRecord>, StoreError> {
        self.0.journal(contact, page)
    }
    fn journal_of_all(&self, page: PageRequest) -> Result<Vec<JournalRecord>, StoreError> {
        self.0.journal_of_all(page)
    }
    fn journal_counts(&self) -> Result<Vec<CountRecord>, StoreError> {
        self.0.journal_counts()
    }
    fn events(&self, contact: Option<ContactUid>, page: PageRequest) -> Result<Vec<EventRecord>, StoreError> {
        self.0.events(contact, page)
    }
    fn outbox(&self, filter: &OutboxFilter) -> Result<Vec<(u64, OutboxRow)>, StoreError> {
        self.0.outbox(filter)
    }
    fn effect(&self, id: EffectId, contact: Option<ContactUid>) -> Result<Option<OutboxRow>, StoreError> {
        assert_ne!(id, EffectId([9; 20]), "a test breaks the engine");
        self.0.effect(id, contact)
    }
    fn deployed(&self, program: [u8; 32]) -> Result<Option<(Vec<u8>, Deployment)>, StoreError> {
        self.0.deployed(program)
    }
    fn undeclared_events(&self) -> Result<Vec<UndeclaredRecord>, StoreError> {
        self.0.undeclared_events()
    }
    fn running(&self) -> Result<Option<[u8; 32]>, StoreError> {
        self.0.running()
    }
}

fn event(key: &str, name: &str) -> Submission {
    Submission::new(ContactKey::user(key), SubmissionKind::Track { name: name.into(), properties: serde_json::Map::new() })
}

fn has_event(batch: &Batch, name: &str) -> bool {
    batch.events.iter().any(|event| event.name.as_ref() == name)
}

async fn picky(dislikes: impl Fn(&Batch) -> bool + Send + Sync + 'static) -> (Rig, Picky) {
    let mut rig = Rig::new(SOURCE).await;
    for name in ["a", "b"] {
        rig.contact(name).await;
    }
    let store = Picky::on(rig.store.clone(), dislikes);
    rig.open(store.store());
    rig.engine().start().await.unwrap();
    (rig, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_fails_alone_three_times_is_put_aside_and_the_others_of_its_call_are_taken() {
    let (rig, store) = picky(|batch| has_event(batch, "bad")).await;
    let taken = rig.engine().submit(vec![event("a", "go"), event("a", "bad"), event("b", "go")]).await.unwrap();
    let words: Vec<_> = taken.iter().map(|one| one.rejection.as_ref().map(|rejection| rejection.reason)).collect();
    assert_eq!(words, [None, Some("quarantined"), None]);
    rig.idle().await;
    assert_eq!(rig.provider.count(), 2);
    let aside = rig.engine().put_aside();
    assert_eq!(aside.len(), 1);
    assert_eq!((aside[0].kind.as_ref(), aside[0].what.as_ref(), aside[0].id), ("event", "track bad", 1));
    assert!(aside[0].error.contains("not in the state"), "{}", aside[0].error);
    assert!(store.refused.load(Ordering::SeqCst) >= 3);
    let contact = rig.engine().resolve("a").unwrap();
    assert!(rig.journal(contact).iter().any(|line| line.starts_with("quarantined track bad")), "{:?}", rig.journal(contact));
    assert_eq!(rig.engine().status().unwrap().put_aside, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_put_aside_survives_a_restart_and_is_carried_out_when_the_operator_says_so() {
    let (mut rig, store) = picky(|batch| has_event(batch, "bad")).await;
    rig.engine().submit(vec![event("a", "bad")]).await.unwrap();
    rig.open(store.store());
    rig.engine().start().await.unwrap();
    assert_eq!(rig.engine().put_aside().len(), 1);
    let again = rig.engine().settle_quarantine(1, QuarantineCommand::Retry).await.unwrap_err();
    assert!(again.to_string().contains("failed again"), "{again}");
    assert_eq!(rig.engine().put_aside().len(), 1);
    store.is_picky.store(false, Ordering::SeqCst);
    rig.engine().settle_quarantine(1, QuarantineCommand::Retry).await.unwrap();
    assert!(rig.engine().put_aside().is_empty());
    let contact = rig.engine().resolve("a").unwrap();
    assert_eq!(rig.engine().contact(contact).unwrap().tags, ["bad".into()]);
    assert!(rig.journal(contact).contains(&"retried track bad".to_owned()), "{:?}", rig.journal(contact));
    assert!(rig.engine().settle_quarantine(1, QuarantineCommand::Drop).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dropped_is_forgotten_with_a_line_of_the_journal() {
    let (rig, _) = picky(|batch| has_event(batch, "bad")).await;
    rig.engine().submit(vec![event("a", "bad")]).await.unwrap();
    rig.engine().settle_quarantine(1, QuarantineCommand::Drop).await.unwrap();
    assert!(rig.engine().put_aside().is_empty());
    let contact = rig.engine().resolve("a").unwrap();
    assert!(rig.journal(contact).contains(&"dropped track bad".to_owned()), "{:?}", rig.journal(contact));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_input_that_breaks_the_engine_stops_no_other() {
    let (rig, _) = picky(|_| false).await;
    let hit = MessageHit { effect: EffectId([9; 20]), event: campc::bytecode::MessageEvent::Opened, detail: None, is_machine: false, topic: None };
    let breaks = Submission::new(ContactKey::default(), SubmissionKind::Message(hit));
    let taken = rig.engine().submit(vec![event("a", "go"), breaks, event("b", "go")]).await.unwrap();
    assert_eq!(taken.iter().filter(|one| one.rejection.is_none()).count(), 2);
    rig.idle().await;
    assert_eq!(rig.provider.count(), 2);
    assert!(rig.engine().put_aside()[0].error.contains("a test breaks the engine"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_that_cannot_be_carried_out_leaves_the_others_their_time() {
    let (rig, store) = picky(|_| false).await;
    rig.event("a", "go").await;
    rig.event("b", "go").await;
    rig.idle().await;
    let bad = rig.engine().resolve("a").unwrap();
    let picky_of =
        Picky { dislikes: Arc::new(move |batch: &Batch| batch.now > START.plus_millis(HOUR) && batch.contacts.iter().any(|image| image.uid == bad)), ..store };
    let mut rig = rig;
    rig.open(picky_of.store());
    rig.engine().start().await.unwrap();
    rig.advance(DAY + HOUR).await;
    assert_eq!(rig.sent()[2..], ["later b 1 +1440m"]);
    assert_eq!(rig.engine().put_aside()[0].kind.as_ref(), "timer");
    picky_of.is_picky.store(false, Ordering::SeqCst);
    rig.engine().settle_quarantine(1, QuarantineCommand::Retry).await.unwrap();
    rig.idle().await;
    assert!(rig.sent()[3].starts_with("later a 1"), "{:?}", rig.sent());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hand_over_that_cannot_be_carried_out_is_dead_and_the_operator_may_retry_it() {
    let (mut rig, store) = picky(|_| false).await;
    rig.provider.answers(|envelope| if envelope.attempt == 1 { Does::Delay } else { Does::Accept });
    rig.event("a", "go").await;
    rig.idle().await;
    let store = Picky { dislikes: Arc::new(|batch: &Batch| batch.updates.iter().any(|update| update.to.attempt == 2)), ..store };
    rig.open(store.store());
    rig.engine().start().await.unwrap();
    rig.advance(HOUR).await;
    assert_eq!(rig.only().status, "dead");
    assert!(rig.only().reason.unwrap().starts_with("put aside"));
    store.is_picky.store(false, Ordering::SeqCst);
    rig.engine().settle_quarantine(1, QuarantineCommand::Retry).await.unwrap();
    rig.idle().await;
    assert_eq!((rig.only().status, rig.engine().put_aside().len()), ("accepted", 0));
}

/// A store under which the process dies: its thread never comes back from a commit that is about a contact.
fn deadly(inner: &MemoryStore, bad: ContactUid, is_dead: Arc<AtomicBool>) -> Box<Committing> {
    Committing::on(inner, move |inner, batch| {
        while batch.now > START.plus_millis(HOUR) && batch.contacts.iter().any(|image| image.uid == bad) {
            is_dead.store(true, Ordering::SeqCst);
            std::thread::park();
        }
        inner.commit(batch)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_input_over_which_the_process_dies_again_and_again_is_put_aside_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let deaths = folder.path().join("camp.db.under-way");
    let mut rig = Rig::new(SOURCE).await;
    for name in ["a", "b", "c"] {
        rig.contact(name).await;
        rig.event(name, "go").await;
    }
    rig.idle().await;
    let bad = rig.engine().resolve("b").unwrap();
    // Each life ends in the first batch after a day; the note of what it was about is all that is left.
    for _ in 1..=4 {
        let is_dead = Arc::new(AtomicBool::new(false));
        rig.open_noting(deadly(&rig.store, bad, is_dead.clone()), &deaths);
        rig.engine().start().await.unwrap();
        let to = START.plus_millis(DAY + HOUR);
        let engine = rig.engine().clone();
        let dying = tokio::spawn(async move { engine.advance_clock(to).await.map(drop) });
        super::rig::until(|| is_dead.load(Ordering::SeqCst)).await;
        dying.abort();
    }
    rig.open_noting(deadly(&rig.store, bad, Arc::default()), &deaths);
    rig.engine().start().await.unwrap();
    rig.advance(DAY + HOUR).await;
    // The fourth life had sent one before it ended; nobody knows what came of it, so it comes again.
    let mut later: Vec<String> = rig.sent().iter().filter(|line| line.starts_with("later")).map(|line| line.chars().take(7).collect()).collect();
    later.sort_unstable();
    later.dedup();
    assert_eq!(later, ["later a", "later c"]);
    let aside = rig.engine().put_aside();
    assert_eq!((aside.len(), aside[0].kind.as_ref(), aside[0].error.as_ref()), (1, "timer", "the process died over it, again and again"));
}

/// A program whose campaign "C" runs in a circle in which no time passes.
fn forged(source: &str) -> Program {
    let mut program = program(source);
    let entry = program.campaigns.iter().find(|def| def.name.as_ref() == "C").unwrap().entry;
    program.code[entry.index()] = Op::Jump(entry);
    program
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enrollment_that_the_machine_breaks_on_is_faulted_and_goes_on_once_the_program_is_mended() {
    let mut rig = Rig::new("event other").await;
    rig.engine().deploy(Arc::new(forged(SOURCE))).await.unwrap();
    let contact = rig.contact("a").await;
    rig.contact("b").await;
    rig.engine().submit(vec![event("a", "go"), event("b", "bad")]).await.unwrap();
    rig.idle().await;
    let other = rig.engine().resolve("b").unwrap();
    assert_eq!(rig.engine().contact(other).unwrap().tags, ["bad".into()], "others of the batch go on");
    assert_eq!(rig.engine().contact(contact).unwrap().enrollments[0].status, "faulted");
    let aside = rig.engine().put_aside();
    assert_eq!((aside.len(), aside[0].kind.as_ref(), aside[0].campaign.as_deref()), (1, "fault", Some("C")));
    assert!(rig.journal(contact).iter().any(|line| line.starts_with("faulted the program ran too long")), "{:?}", rig.journal(contact));
    rig.engine().deploy(Arc::new(program(SOURCE))).await.unwrap();
    rig.crash().await;
    assert_eq!(rig.engine().contact(contact).unwrap().enrollments[0].status, "faulted");
    rig.engine().settle_quarantine(1, QuarantineCommand::Retry).await.unwrap();
    rig.idle().await;
    assert_eq!(rig.sent(), ["hello a 1 +0m"]);
    rig.advance(DAY).await;
    assert_eq!(rig.sent().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erasing_a_contact_forgets_what_of_it_was_put_aside() {
    let (rig, _) = picky(|batch| has_event(batch, "bad")).await;
    rig.engine().submit(vec![event("a", "bad")]).await.unwrap();
    let contact = rig.engine().resolve("a").unwrap();
    rig.engine().erase(contact).await.unwrap();
    assert!(rig.engine().put_aside().is_empty());
}
