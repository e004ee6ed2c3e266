//! A history on the real engine: a process that dies and is started again, senders that repeat until they are answered.

use super::fault::{Faulty, Fuse, Line, Mood, Provider, Refusal};
use super::project::{Source, program};
use super::script::{Act, Event, PEOPLE, Who};
use campc::bytecode::MessageEvent;
use campc::daemon::api::{ContactKey, EngineError, MessageHit, Submission, SubmissionKind};
use campc::daemon::{Carrier, Engine, EngineOptions, LinkOptions, ManualClock, SeededRandomness};
use campc::lang::Instant;
use campc::machine::state::{ContactUid, EffectId};
use campc::proof::Point;
use campc::store::memory::MemoryStore;
use campc::store::sqlite::SqliteStore;
use campc::store::{Store, StoreError, StoreReader};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use tokio::runtime::Runtime;

/// Monday, 2026-01-05 09:30 UTC: what happens, happens at half past.
pub const START: Instant = Instant(1_767_605_400_000);
pub const HOUR_MS: i64 = 3_600_000;
/// How long after a crash the next thing happens.
const RECOVERY_MS: i64 = 5 * 60_000;
/// How often an act is tried before the engine counts as stuck.
const TRIES: usize = 200;

/// What lasts.
#[derive(Clone)]
pub enum Ground {
    Memory(MemoryStore),
    File(PathBuf),
}

impl Ground {
    pub fn open(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(match self {
            Ground::Memory(store) => Box::new(store.clone()),
            Ground::File(path) => Box::new(SqliteStore::open(path)?),
        })
    }
}

/// What was acknowledged, as senders and readers know it.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Message ids whose request was answered, with what they said.
    pub events: BTreeMap<String, Event>,
    /// When whose unsubscribe was answered.
    pub unsubscribed: BTreeMap<Who, Instant>,
    pub erased: BTreeMap<Who, Instant>,
    /// The numbers that those had.
    pub erased_uids: Vec<ContactUid>,
}

/// The world around one engine.
pub struct World {
    pub ground: Ground,
    pub fuse: Arc<Fuse>,
    pub provider: Arc<Provider>,
    pub refusals: Arc<Mutex<Vec<Refusal>>>,
    pub heard: Heard,
    pub engine: Option<Engine>,
    reader: Option<Arc<dyn StoreReader>>,
    /// What the process runs its tasks on, and what its store holds while its threads live.
    runtime: Option<Runtime>,
    token: Weak<()>,
    lives: Arc<AtomicU32>,
    /// Requests, and when they were made first.
    requests: Vec<(Instant, Vec<(String, Event)>)>,
    seed: u64,
    hits: u32,
    now: Instant,
}

/// Why an act did not come to its end.
enum Broken {
    /// The process died, or the store refused: again.
    Again,
    /// A refusal that must not be.
    Wrong(String),
}

type Done<T> = Result<T, Broken>;

impl World {
    pub fn new(ground: Ground, seed: u64, fuse: Arc<Fuse>) -> World {
        let provider = Arc::new(Provider::default());
        World {
            ground,
            fuse,
            provider,
            refusals: Arc::default(),
            heard: Heard::default(),
            engine: None,
            reader: None,
            runtime: None,
            token: Weak::new(),
            lives: Arc::default(),
            requests: Vec::new(),
            seed,
            hits: 0,
            now: START,
        }
    }

    /// What is durable.
    pub fn reader(&self) -> Option<&Arc<dyn StoreReader>> {
        self.reader.as_ref()
    }

    /// The hour it should be.
    pub fn now(&self) -> Instant {
        self.now
    }

    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    /// Plans a crash: when the process comes to `point` for the `pass`-th time from now.
    pub fn crash_at(&self, point: Point, pass: u32) {
        self.fuse.crashes.lock().unwrap().push((point, pass));
    }

    /// Plays a whole history, whatever goes wrong on the way. What cannot be is an error.
    pub async fn play(&mut self, history: &[Act]) -> Result<(), String> {
        for act in history {
            self.act(act).await.map_err(|error| format!("{act:?}: {error}"))?;
        }
        Ok(())
    }

    /// Does one act until it is answered.
    pub async fn act(&mut self, act: &Act) -> Result<(), String> {
        let act = self.settled(act);
        for _ in 0..TRIES {
            if self.engine.is_none() && !self.recovered().await? {
                continue;
            }
            let fuse = self.fuse.clone();
            let done = tokio::select! {
                biased;
                () = fuse.wait() => Err(Broken::Again),
                done = self.try_act(&act) => done,
            };
            match done {
                Ok(()) => return Ok(()),
                Err(Broken::Wrong(text)) => return Err(text),
                Err(Broken::Again) => self.look_after_process(),
            }
        }
        Err("the engine does not answer any more".to_owned())
    }

    /// The process has ended by itself; the next act starts another one.
    pub fn leave(&mut self) {
        self.engine = None;
        self.bury();
    }

    /// Has the process do something until it has, however often it dies on the way.
    pub async fn insist(&mut self, act: impl AsyncFn(&Engine) -> Result<(), EngineError>) -> Result<(), String> {
        for _ in 0..TRIES {
            if self.engine.is_none() && !self.recovered().await? {
                continue;
            }
            let (fuse, engine) = (self.fuse.clone(), self.engine().clone());
            let done = tokio::select! {
                biased;
                () = fuse.wait() => Err(Broken::Again),
                done = act(&engine) => operated(done),
            };
            match done {
                Ok(()) => return Ok(()),
                Err(Broken::Wrong(text)) => return Err(text),
                Err(Broken::Again) => self.look_after_process(),
            }
        }
        Err("the engine does not answer any more".to_owned())
    }

    /// A refusal leaves the process as it is; a dead one is taken away.
    fn look_after_process(&mut self) {
        let is_dead = self.fuse.is_blown() || self.engine.as_ref().is_some_and(has_failed);
        if is_dead {
            self.fuse.blow();
            self.engine = None;
        }
    }

    /// Starts a process, and lets it do what the former one had begun, so that the next act finds the world as it would have been.
    async fn recovered(&mut self) -> Result<bool, String> {
        if !self.start().await? {
            return Ok(false);
        }
        let engine = self.engine().clone();
        let to = engine.now().plus_millis(RECOVERY_MS);
        if self.lives.load(Ordering::SeqCst) == 1 || to.millis_since(self.now) > HOUR_MS / 2 {
            return Ok(true);
        }
        let fuse = self.fuse.clone();
        tokio::select! {
            biased;
            () = fuse.wait() => Ok(self.gone()),
            moved = engine.advance_clock(to) => match moved {
                Ok(_) => Ok(true),
                Err(_) => {
                    self.look_after_process();
                    Ok(self.engine.is_some())
                }
            },
        }
    }

    /// Starts a process on what lasts. False: it died at once.
    async fn start(&mut self) -> Result<bool, String> {
        self.bury();
        let Some(inner) = self.reopened() else { return Err("the store stays in use".to_owned()) };
        self.reader = inner.reader().ok();
        self.fuse.mend();
        let life = self.lives.fetch_add(1, Ordering::SeqCst) + 1;
        self.fuse.life.store(life, Ordering::SeqCst);
        if life > 1 {
            self.fuse.count("starts after a crash");
        }
        let store = Faulty { inner, fuse: self.fuse.clone(), refusals: self.refusals.clone(), life, lives: self.lives.clone(), token: Arc::default() };
        self.token = Arc::downgrade(&store.token);
        let carrier: Arc<dyn Carrier> = Arc::new(Line { provider: self.provider.clone(), fuse: self.fuse.clone(), life, lives: self.lives.clone() });
        let links = LinkOptions { public_url: "https://t.example".into(), signing_keys: vec![vec![7; 32]], ..LinkOptions::default() };
        let options = EngineOptions {
            // It goes on from where the store's stopped: what a crash cut short is not late.
            clock: Arc::new(ManualClock::new(START)),
            randomness: Arc::new(SeededRandomness::new(self.seed ^ u64::from(life) << 32)),
            carrier: Some(carrier),
            links,
            ..EngineOptions::default()
        };
        // The opening comes to points too.
        let runtime = runtime(life);
        let entered = runtime.enter();
        let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| Engine::open(Box::new(store), options)));
        drop(entered);
        self.runtime = Some(runtime);
        let Ok(opened) = opened else { return Ok(false) };
        let engine = match opened {
            Ok(engine) => engine,
            Err(_) if self.fuse.is_blown() => return Ok(false),
            Err(error) => return Err(format!("the engine does not open: {error}")),
        };
        self.engine = Some(engine.clone());
        let fuse = self.fuse.clone();
        let begun = tokio::select! {
            biased;
            () = fuse.wait() => return Ok(self.gone()),
            begun = begin(&engine) => begun,
        };
        match begun {
            Ok(()) => Ok(true),
            // A process that cannot begin ends, and is started again.
            Err(EngineError::Store(_) | EngineError::Commit(_) | EngineError::Closed) => Ok(self.gone()),
            Err(error) => Err(format!("the engine does not start: {error}")),
        }
    }

    fn gone(&mut self) -> bool {
        self.fuse.blow();
        self.engine = None;
        false
    }

    /// What is left of a dead process ends: its tasks, then its threads.
    fn bury(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        for _ in 0..1_000_000 {
            if self.token.strong_count() == 0 {
                return;
            }
            std::thread::yield_now();
        }
    }

    fn reopened(&self) -> Option<Box<dyn Store>> {
        for _ in 0..20_000 {
            match self.ground.open() {
                Ok(store) => return Some(store),
                // The dead process's threads let go of the file one after the other.
                Err(_) => std::thread::yield_now(),
            }
        }
        None
    }

    /// An act with what it means now: a request gets its message ids once, however often it is tried.
    fn settled(&mut self, act: &Act) -> Act {
        if let Act::Submit(events) = act {
            let number = self.requests.len();
            let request = events.iter().enumerate().map(|(at, event)| (format!("m{number}-{at}"), event.clone())).collect();
            self.requests.push((self.now, request));
            return Act::Repeat(number);
        }
        if let Act::Hours(hours) = act {
            self.now = self.now.plus_millis(i64::from(*hours) * HOUR_MS);
        }
        if matches!(act, Act::Open(_) | Act::Unsubscribe(_)) {
            self.hits += 1;
        }
        act.clone()
    }

    async fn try_act(&mut self, act: &Act) -> Done<()> {
        let engine = self.engine().clone();
        match act {
            Act::Submit(_) => Ok(()),
            Act::Repeat(number) => self.request(&engine, *number).await,
            Act::Open(who) => self.hit(&engine, *who, MessageEvent::Opened).await,
            Act::Unsubscribe(who) => self.hit(&engine, *who, MessageEvent::Unsubscribed).await,
            Act::Pause => operated(engine.pause("Welcome").await),
            Act::Resume => operated(engine.resume("Welcome").await),
            Act::Deploy(source) => {
                operated(engine.deploy(Arc::new(program(*source))).await.map(|_| ()))?;
                engine.idle().await;
                Ok(())
            }
            Act::Alias(who) if self.is_unknown(&engine, *who) => Ok(()),
            Act::Alias(who) => {
                let kind = SubmissionKind::Alias { previous_id: device(*who).into() };
                submitted(&engine, vec![Submission::new(ContactKey::user(&user(*who)), kind)]).await
            }
            Act::Erase(who) => {
                if let Some(uid) = engine.resolve(&user(*who)) {
                    self.heard.erased_uids.push(uid);
                    match engine.erase(uid).await {
                        Err(EngineError::Unknown(_)) => {}
                        other => operated(other)?,
                    }
                }
                self.heard.erased.insert(*who, engine.now());
                Ok(())
            }
            Act::Hours(_) => {
                let to = self.now;
                if engine.now() < to {
                    operated(engine.advance_clock(to).await.map(|_| ()))?;
                }
                engine.idle().await;
                if self.fuse.is_blown() || has_failed(&engine) { Err(Broken::Again) } else { Ok(()) }
            }
        }
    }

    fn is_unknown(&self, engine: &Engine, who: Who) -> bool {
        self.heard.erased.contains_key(&who) || engine.resolve(&user(who)).is_none()
    }

    async fn request(&mut self, engine: &Engine, number: usize) -> Done<()> {
        let Some((first, request)) = self.requests.get(number).cloned() else { return Ok(()) };
        // An id counts for 48 hours; later it may count anew.
        if self.now.millis_since(first) > 47 * HOUR_MS {
            return Ok(());
        }
        // Nobody repeats what is about one who asked to be erased.
        let request: Vec<_> = request.into_iter().filter(|(_, event)| !self.heard.erased.contains_key(&who_of(event))).collect();
        if request.is_empty() {
            return Ok(());
        }
        submitted(engine, request.iter().map(submission).collect()).await?;
        self.heard.events.extend(request);
        // What it brought about has left before the next thing happens.
        engine.idle().await;
        if self.fuse.is_blown() { Err(Broken::Again) } else { Ok(()) }
    }

    async fn hit(&mut self, engine: &Engine, who: Who, event: MessageEvent) -> Done<()> {
        let Some(effect) = self.last_mail(who).filter(|_| !self.is_unknown(engine, who)) else { return Ok(()) };
        let hit = MessageHit { effect: EffectId(effect), event, detail: None, is_machine: false, topic: None };
        let Some(uid) = engine.resolve(&user(who)) else { return Ok(()) };
        let submission =
            Submission { message_id: Some(format!("hit-{}", self.hits).into()), ..Submission::new(ContactKey::of(uid), SubmissionKind::Message(hit)) };
        submitted(engine, vec![submission]).await?;
        if event == MessageEvent::Unsubscribed {
            self.heard.unsubscribed.entry(who).or_insert_with(|| engine.now());
        }
        engine.idle().await;
        if self.fuse.is_blown() { Err(Broken::Again) } else { Ok(()) }
    }

    /// The effect of a person's latest marketing mail, by the hour in which it left first.
    fn last_mail(&self, who: Who) -> Option<[u8; 20]> {
        let seen = self.provider.seen.lock().unwrap();
        let mut first: BTreeMap<[u8; 20], (i64, &str)> = BTreeMap::new();
        for seen in seen.iter().filter(|seen| seen.to == address(who) && !seen.is_transactional) {
            first.entry(seen.effect).or_insert((seen.at.millis_since(START) / HOUR_MS, &seen.message));
        }
        first.into_iter().max_by_key(|(_, key)| *key).map(|(effect, _)| effect)
    }

    /// How the provider answers from now on.
    pub fn set_mood(&self, mood: Mood) {
        *self.provider.mood.lock().unwrap() = mood;
    }
}

fn runtime(life: u32) -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name(format!("life-{life}")).enable_all().build().unwrap()
}

impl Drop for World {
    fn drop(&mut self) {
        self.engine = None;
        self.bury();
    }
}

async fn begin(engine: &Engine) -> Result<(), EngineError> {
    if engine.linked().is_none() {
        engine.deploy(Arc::new(program(Source::First))).await?;
    }
    engine.start().await
}

fn has_failed(engine: &Engine) -> bool {
    engine.check_load().is_err()
}

fn operated(result: Result<(), EngineError>) -> Done<()> {
    match result {
        Ok(()) => Ok(()),
        Err(EngineError::Closed | EngineError::Store(_) | EngineError::Commit(_)) => Err(Broken::Again),
        Err(other) => Err(Broken::Wrong(other.to_string())),
    }
}

async fn submitted(engine: &Engine, submissions: Vec<Submission>) -> Done<()> {
    let Ok(answers) = engine.submit(submissions).await else { return Err(Broken::Again) };
    match answers.iter().find_map(|answer| answer.rejection.as_ref()) {
        Some(rejection) => Err(Broken::Wrong(format!("{rejection:?}"))),
        None => Ok(()),
    }
}

pub fn user(who: Who) -> String {
    format!("p{who}")
}
pub fn address(who: Who) -> String {
    format!("p{who}@x.example")
}
fn device(who: Who) -> String {
    format!("d{who}")
}

pub fn who_of(event: &Event) -> Who {
    match event {
        Event::Identify(who) | Event::Gone(who) | Event::Bought(who, _) | Event::Ping(who, _) | Event::Pricing(who) | Event::Stranger(who) => *who,
    }
}

/// Everybody of a history.
pub fn people() -> impl Iterator<Item = Who> {
    0..PEOPLE
}

fn submission((id, event): &(String, Event)) -> Submission {
    let map = |json: Json| -> Map<String, Json> { json.as_object().cloned().unwrap_or_default() };
    let (key, kind) = match event {
        Event::Identify(who) => (ContactKey::user(&user(*who)), SubmissionKind::Identify { traits: map(json!({"email": address(*who), "plan": "free"})) }),
        Event::Gone(who) => (ContactKey::user(&user(*who)), SubmissionKind::Identify { traits: map(json!({"plan": "gone"})) }),
        Event::Bought(who, amount) => {
            (ContactKey::user(&user(*who)), SubmissionKind::Track { name: "bought".into(), properties: map(json!({"amount": amount})) })
        }
        Event::Ping(who, number) => (ContactKey::user(&user(*who)), SubmissionKind::Track { name: "ping".into(), properties: map(json!({"n": number})) }),
        Event::Pricing(who) => (ContactKey::user(&user(*who)), SubmissionKind::Page { name: None, properties: map(json!({"path": "/pricing"})) }),
        Event::Stranger(who) => {
            let key = ContactKey { anonymous_id: Some(device(*who).into()), ..ContactKey::default() };
            (key, SubmissionKind::Page { name: None, properties: map(json!({"path": "/pricing"})) })
        }
    };
    Submission { message_id: Some(id.as_str().into()), ..Submission::new(key, kind) }
}
