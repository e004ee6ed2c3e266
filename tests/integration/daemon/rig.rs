//! An engine on a store that can be closed and opened again, with a carrier that does what a test says.

use crate::lower::checked::{days, send, with_steps};
use crate::lower::lowered;
use campc::bytecode::Program;
use campc::content::Outgoing;
use campc::daemon::api::{Accepted, ContactKey, Submission, SubmissionKind};
use campc::daemon::{Carrier, Carrying, Engine, EngineOptions, LinkOptions, ManualClock};
use campc::deliver::{Envelope, Outcome, SendResult};
use campc::lang::Instant;
use campc::machine::state::ContactUid;
use campc::semantic::hir::StepKind;
use campc::store::Store;
use campc::store::memory::MemoryStore;
use serde_json::{Map, Value as Json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Monday, 2026-01-05 09:00 in Toronto.
pub const START: Instant = Instant(1_767_621_600_000);
pub const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 24 * HOUR;

/// What a provider does with an attempt.
#[derive(Clone, Copy, Debug)]
pub enum Does {
    Accept,
    Refuse,
    Delay,
    /// Never answers: the process will be gone before.
    Hang,
}

/// Records what it is given; answers as told, then accepts.
#[derive(Default)]
pub struct Fake {
    pub sent: Mutex<Vec<Envelope>>,
    pub script: Mutex<VecDeque<Does>>,
}

impl Carrier for Fake {
    fn writes_file(&self, _: &Outgoing) -> bool {
        false
    }
    fn send(self: Arc<Self>, envelope: Envelope) -> Carrying<SendResult> {
        self.sent.lock().unwrap().push(envelope);
        let does = self.script.lock().unwrap().pop_front().unwrap_or(Does::Accept);
        Box::pin(async move {
            let outcome = match does {
                Does::Accept => Outcome::Accepted { provider_id: Some("p-1".to_owned()) },
                Does::Refuse => Outcome::Permanent { reason: "550 no such user".to_owned(), hard_bounce: true },
                Does::Delay => Outcome::Temporary { reason: "451 later".to_owned(), retry_after: None },
                Does::Hang => std::future::pending().await,
            };
            SendResult { outcome, answer: None, advice: None }
        })
    }
    fn send_files(self: Arc<Self>, _: Vec<Envelope>) -> Carrying<Vec<SendResult>> {
        Box::pin(async { Vec::new() })
    }
}

pub struct Rig {
    pub store: MemoryStore,
    pub fake: Arc<Fake>,
    pub engine: Option<Engine>,
}

impl Rig {
    /// A running engine on a new store.
    pub async fn new(program: Program) -> Rig {
        let mut rig = Rig { store: MemoryStore::new(), fake: Arc::default(), engine: None };
        rig.open(START).await;
        rig.engine().deploy(Arc::new(program)).await.unwrap();
        rig.engine().start().await.unwrap();
        rig
    }
    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }
    pub async fn open(&mut self, at: Instant) {
        self.open_on(Box::new(self.store.clone()), at);
    }
    pub fn open_on(&mut self, store: Box<dyn Store>, at: Instant) {
        let links = LinkOptions {
            public_url: "https://t.example".into(),
            from: Some("a@acme.example".into()),
            postal_address: Some("1 King St".into()),
            ..LinkOptions::default()
        };
        let carrier: Arc<dyn Carrier> = self.fake.clone();
        let options = EngineOptions { clock: Arc::new(ManualClock::new(at)), carrier: Some(carrier), links, ..EngineOptions::default() };
        self.engine = Some(Engine::open(store, options).unwrap());
    }
    /// The process is gone; another one starts on the same store.
    pub async fn crash(&mut self) {
        self.engine = None;
        self.open(START).await;
        self.engine().start().await.unwrap();
    }
    pub async fn submit(&self, submission: Submission) -> Accepted {
        self.engine().submit(vec![submission]).await.unwrap().pop().unwrap()
    }
    /// The messages of the program greet by name, so everybody has one.
    pub async fn identify(&self, key: ContactKey, mut traits: Json) -> ContactUid {
        traits.as_object_mut().unwrap().entry("first_name").or_insert("Bo".into());
        self.submit(Submission::new(key, SubmissionKind::Identify { traits: map(traits) })).await.contact.unwrap()
    }
    pub async fn advance(&self, millis: i64) {
        let to = self.engine().now().plus_millis(millis);
        self.engine().advance_clock(to).await.unwrap();
    }
    /// `message to attempt`, in the order of their sending.
    pub fn sent(&self) -> Vec<String> {
        let line = |envelope: &Envelope| {
            let to = match &envelope.outgoing {
                Outgoing::Email(mail) => mail.to.iter().map(|to| to.address.clone()).collect::<Vec<_>>().join(","),
                _ => String::new(),
            };
            format!("{} {to} {} +{}h", envelope.message.as_deref().unwrap_or("-"), envelope.attempt, envelope.at.millis_since(START) / HOUR)
        };
        self.fake.sent.lock().unwrap().iter().map(line).collect()
    }
    pub fn whats(&self, contact: ContactUid) -> Vec<String> {
        self.engine()
            .journal(contact)
            .unwrap()
            .into_iter()
            .map(|line| format!("{} {}", line.what, line.step.unwrap_or_default()).trim_end().to_owned())
            .collect()
    }
}

pub fn map(json: Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

pub fn both(user: &str, anonymous: &str) -> ContactKey {
    ContactKey { anonymous_id: Some(anonymous.into()), ..ContactKey::user(user) }
}

pub fn anonymous(id: &str) -> ContactKey {
    ContactKey { anonymous_id: Some(id.into()), ..ContactKey::default() }
}

pub fn track(key: ContactKey, name: &str, properties: Json) -> Submission {
    Submission::new(key, SubmissionKind::Track { name: name.into(), properties: map(properties) })
}

/// Contact created: welcome, wait three days, reminder.
pub fn welcome_program() -> Program {
    lowered(&with_steps(vec![send(0), wait(3), send(1)]))
}

pub fn wait(count: u32) -> StepKind {
    StepKind::Wait { duration: days(count), then_until: None }
}
