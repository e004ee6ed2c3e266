//! What goes wrong, and when: a crash at a point, a store that refuses, lies or dies, a provider that fails.

use campc::advance::Switches;
use campc::content::Outgoing;
use campc::daemon::{Carrier, Carrying};
use campc::deliver::{Envelope, Outcome, SendResult};
use campc::lang::Instant;
use campc::machine::state::ContactUid;
use campc::proof::{End, Point, on_reach};
use campc::store::{Batch, DeployRecord, LoadItem, LogPosition, Store, StoreError, StoreReader, Sweep, Swept};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// The process as the proof sees it: whether it lives, and how often it has come to each point.
#[derive(Default)]
pub struct Fuse {
    is_blown: AtomicBool,
    blown: Notify,
    /// Which process lives.
    pub life: AtomicU32,
    /// How often each point was reached, over all lives.
    pub reached: Mutex<BTreeMap<Point, u32>>,
    /// Crashes to come: at a point, after so many passes from now.
    pub crashes: Mutex<Vec<(Point, u32)>>,
    /// How often what happened: each must have.
    pub sometimes: Mutex<BTreeMap<&'static str, u64>>,
}

impl Fuse {
    /// Watches the points of this process.
    pub fn watched() -> Arc<Fuse> {
        let fuse = Arc::new(Fuse::default());
        let watching = fuse.clone();
        on_reach(Some(Box::new(move |point| watching.pass(point))));
        fuse
    }
    fn pass(&self, point: Point) {
        if self.is_blown() || self.is_of_the_dead() {
            // A thread of a dead process goes nowhere.
            std::panic::resume_unwind(Box::new(End));
        }
        *self.reached.lock().unwrap().entry(point).or_default() += 1;
        let mut crashes = self.crashes.lock().unwrap();
        let Some(at) = crashes.iter().position(|(known, _)| *known == point) else { return };
        crashes[at].1 = crashes[at].1.saturating_sub(1);
        if crashes[at].1 > 0 {
            return;
        }
        crashes.remove(at);
        drop(crashes);
        self.count("crashes at a point");
        self.blow();
        std::panic::resume_unwind(Box::new(End));
    }
    /// Whether this thread carries tasks of a former process: their threads have the number of their life in their names.
    fn is_of_the_dead(&self) -> bool {
        let life = self.life.load(Ordering::SeqCst);
        std::thread::current().name().and_then(|name| name.strip_prefix("life-")?.parse().ok()).is_some_and(|own: u32| own != life)
    }
    /// The process dies.
    pub fn blow(&self) {
        self.is_blown.store(true, Ordering::SeqCst);
        self.blown.notify_waiters();
    }
    pub fn is_blown(&self) -> bool {
        self.is_blown.load(Ordering::SeqCst)
    }
    /// Another process begins.
    pub fn mend(&self) {
        self.is_blown.store(false, Ordering::SeqCst);
    }
    /// Returns when the process is dead.
    pub async fn wait(&self) {
        loop {
            let notified = self.blown.notified();
            if self.is_blown() {
                return;
            }
            notified.await;
        }
    }
    pub fn count(&self, what: &'static str) {
        *self.sometimes.lock().unwrap().entry(what).or_default() += 1;
    }
}

/// What a store does with the next commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no space; nothing is written.
    Full,
    /// It is written, and the answer is lost.
    AnswerLost,
}

/// A store whose process can die, and whose disk can be full.
pub struct Faulty {
    pub inner: Box<dyn Store>,
    pub fuse: Arc<Fuse>,
    pub refusals: Arc<Mutex<Vec<Refusal>>>,
    /// The life that opened it: a thread of a former one writes nothing any more.
    pub life: u32,
    pub lives: Arc<AtomicU32>,
    /// Let go with the store, when the process's threads have ended.
    pub token: Arc<()>,
}

impl Faulty {
    fn alive(&self) -> Result<(), StoreError> {
        if self.fuse.is_blown() || self.lives.load(Ordering::SeqCst) != self.life { Err(StoreError::Disk("the process is dead".into())) } else { Ok(()) }
    }
    fn refusal(&self) -> Option<Refusal> {
        self.refusals.lock().unwrap().pop()
    }
}

impl Store for Faulty {
    fn load(&mut self, seen_since: Instant, sink: &mut dyn FnMut(LoadItem)) -> Result<(), StoreError> {
        self.inner.load(seen_since, sink)
    }
    fn commit(&mut self, batch: &Batch) -> Result<LogPosition, StoreError> {
        self.alive()?;
        match self.refusal() {
            Some(Refusal::Full) => {
                self.fuse.count("commits refused, disk full");
                Err(StoreError::Full)
            }
            Some(Refusal::AnswerLost) => {
                self.inner.commit(batch)?;
                self.fuse.count("commits whose answer was lost");
                Err(StoreError::Disk("the answer was lost".into()))
            }
            None => self.inner.commit(batch),
        }
    }
    fn deploy(&mut self, record: &DeployRecord, batch: &Batch) -> Result<LogPosition, StoreError> {
        self.alive()?;
        self.inner.deploy(record, batch)
    }
    fn set_switches(&mut self, switches: &Switches) -> Result<(), StoreError> {
        self.alive()?;
        self.inner.set_switches(switches)
    }
    fn set_meta(&mut self, entries: &[(&str, &[u8])]) -> Result<(), StoreError> {
        self.alive()?;
        self.inner.set_meta(entries)
    }
    fn sweep(&mut self, effort: Sweep) -> Result<Swept, StoreError> {
        self.alive()?;
        self.inner.sweep(effort)
    }
    fn forget_before(&mut self, before: Instant) -> Result<Swept, StoreError> {
        self.alive()?;
        self.inner.forget_before(before)
    }
    fn erase(&mut self, contact: ContactUid) -> Result<(), StoreError> {
        self.alive()?;
        self.inner.erase(contact)
    }
    fn reader(&self) -> Result<Arc<dyn StoreReader>, StoreError> {
        self.inner.reader()
    }
}

/// What a provider does with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Taken,
    Later,
    /// It has the message, and nobody hears of it.
    Lost,
}

/// One attempt as the provider saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub effect: [u8; 20],
    pub attempt: u32,
    pub message: String,
    pub to: String,
    pub at: Instant,
    /// Everything of it, for comparing attempts.
    pub bytes: String,
    pub life: u32,
    pub answer: Answer,
    pub is_transactional: bool,
}

/// How often the provider fails, in percent, and what that depends on besides the attempt.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mood {
    pub later: u8,
    pub lost: u8,
    pub salt: u64,
}

impl Mood {
    /// What it does with an attempt: the same on every run, in whatever order attempts come.
    fn answer(self, effect: &[u8; 20], attempt: u32) -> Answer {
        let mut hasher = blake3::Hasher::new();
        hasher.update(effect).update(&attempt.to_be_bytes()).update(&self.salt.to_be_bytes());
        let share = u16::from(hasher.finalize().as_bytes()[0]) * 100 / 256;
        if share < u16::from(self.later) {
            Answer::Later
        } else if share < u16::from(self.later) + u16::from(self.lost) {
            Answer::Lost
        } else {
            Answer::Taken
        }
    }
}

/// The provider: keeps everything, answers by its mood.
#[derive(Default)]
pub struct Provider {
    pub seen: Mutex<Vec<Seen>>,
    pub mood: Mutex<Mood>,
}

/// One process's way to the provider: the dead open no sockets.
pub struct Line {
    pub provider: Arc<Provider>,
    pub fuse: Arc<Fuse>,
    pub life: u32,
    pub lives: Arc<AtomicU32>,
}

impl Line {
    fn is_dead(&self) -> bool {
        self.fuse.is_blown() || self.lives.load(Ordering::SeqCst) != self.life
    }
}

impl Carrier for Line {
    fn writes_file(&self, _: &Outgoing) -> bool {
        false
    }
    fn send(self: Arc<Self>, envelope: Envelope) -> Carrying<SendResult> {
        if self.is_dead() {
            return Box::pin(std::future::pending());
        }
        let answer = self.provider.mood.lock().unwrap().answer(&envelope.effect_id, envelope.attempt);
        if answer != Answer::Taken {
            self.fuse.count(if answer == Answer::Lost { "answers of a provider lost" } else { "attempts put off by a provider" });
        }
        self.provider.seen.lock().unwrap().push(Seen {
            effect: envelope.effect_id,
            attempt: envelope.attempt,
            message: envelope.message.clone().unwrap_or_default(),
            to: envelope.outgoing.to(),
            at: envelope.at,
            bytes: format!("{:?}", envelope.outgoing),
            life: self.life,
            answer,
            is_transactional: envelope.is_transactional,
        });
        Box::pin(async move {
            let outcome = match answer {
                Answer::Taken => Outcome::Accepted { provider_id: None },
                Answer::Later => Outcome::Temporary { reason: "451 later".to_owned(), retry_after: None },
                Answer::Lost => Outcome::Unknown { reason: "the connection was lost".to_owned() },
            };
            SendResult { outcome, answer: None, advice: None }
        })
    }
    fn send_files(self: Arc<Self>, _: Vec<Envelope>) -> Carrying<Vec<SendResult>> {
        Box::pin(async { Vec::new() })
    }
}
