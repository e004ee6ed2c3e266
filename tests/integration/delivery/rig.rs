//! An engine on a store, a program in the language, and a provider that does what a test says.

use campc::bytecode::Program;
use campc::compiler::{Workspace, analyze, compile};
use campc::content::Outgoing;
use campc::daemon::api::{ContactKey, MessageFilter, MessageView, Submission, SubmissionKind};
use campc::daemon::{Carrier, Carrying, Clock, Engine, EngineOptions, Found, LinkOptions, ManualClock};
use campc::deliver::{Advice, Envelope, Outcome, SendResult};
use campc::lang::Instant;
use campc::machine::state::{ContactUid, EffectId};
use campc::store::Store;
use campc::store::memory::MemoryStore;
use serde_json::json;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Monday, 2026-01-05 09:00 UTC.
pub const START: Instant = Instant(1_767_603_600_000);
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// What a provider does with an attempt.
#[derive(Clone)]
pub enum Does {
    Accept,
    /// Refuses the message for good.
    Refuse(&'static str),
    /// There is no such address.
    HardBounce,
    /// Refuses it for now, for the provider's own sake.
    Delay,
    /// 429 with `Retry-After`, in seconds.
    Overloaded(u64),
    /// Refuses it for now, for the recipient's sake.
    Grey,
    /// There is no connection.
    Unreachable,
    /// Takes it, and its answer is lost.
    Lose,
    /// 410.
    Gone,
    /// Accepts once it is let.
    Wait(Arc<Semaphore>),
}

type Answer = dyn Fn(&Envelope) -> Does + Send + Sync;

/// A provider: records what it is given and answers as it is told.
pub struct Provider {
    pub sent: Mutex<Vec<Envelope>>,
    answer: Mutex<Arc<Answer>>,
    pub found: Mutex<Found>,
    pub asked: AtomicUsize,
    pub keys: Mutex<Option<Duration>>,
}

impl Default for Provider {
    fn default() -> Provider {
        let answer: Arc<Answer> = Arc::new(|_| Does::Accept);
        Provider {
            sent: Mutex::default(),
            answer: Mutex::new(answer),
            found: Mutex::new(Found::NobodyKnows),
            asked: AtomicUsize::new(0),
            keys: Mutex::new(None),
        }
    }
}

impl Provider {
    pub fn answers(&self, answer: impl Fn(&Envelope) -> Does + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Arc::new(answer);
    }
    pub fn sent(&self) -> Vec<Envelope> {
        self.sent.lock().unwrap().clone()
    }
    pub fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

fn result(outcome: Outcome, advice: Option<Advice>) -> SendResult {
    SendResult { outcome, answer: None, advice }
}

fn temporary(reason: &str, advice: Option<Advice>) -> SendResult {
    result(Outcome::Temporary { reason: reason.to_owned(), retry_after: None }, advice)
}

impl Carrier for Provider {
    fn writes_file(&self, _: &Outgoing) -> bool {
        false
    }
    fn send(self: Arc<Self>, envelope: Envelope) -> Carrying<SendResult> {
        let answer = self.answer.lock().unwrap().clone();
        let does = answer(&envelope);
        self.sent.lock().unwrap().push(envelope);
        Box::pin(async move {
            let accepted = Outcome::Accepted { provider_id: Some("p-1".to_owned()) };
            match does {
                Does::Accept => result(accepted, None),
                Does::Refuse(reason) => result(Outcome::Permanent { reason: reason.to_owned(), hard_bounce: false }, None),
                Does::HardBounce => result(Outcome::Permanent { reason: "550 5.1.1".to_owned(), hard_bounce: true }, None),
                Does::Delay => temporary("503 later", None),
                Does::Overloaded(seconds) => {
                    let retry_after = Some(Duration::from_secs(seconds));
                    result(Outcome::Temporary { reason: "429".to_owned(), retry_after }, Some(Advice::SlowDown))
                }
                Does::Grey => temporary("451 greylisted", Some(Advice::AddressOnly)),
                Does::Unreachable => temporary("no connection", Some(Advice::Unreachable)),
                Does::Lose => result(Outcome::Unknown { reason: "the answer was lost".to_owned() }, None),
                Does::Gone => temporary("answered 410", Some(Advice::DisableEndpoint)),
                Does::Wait(gate) => {
                    gate.acquire().await.unwrap().forget();
                    result(accepted, None)
                }
            }
        })
    }
    fn email_keys(&self) -> Option<Duration> {
        *self.keys.lock().unwrap()
    }
    fn answers_about_sms(&self) -> bool {
        true
    }
    fn find(self: Arc<Self>, _: Outgoing, _: Instant) -> Carrying<Found> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let found = self.found.lock().unwrap().clone();
        Box::pin(async move { found })
    }
    fn send_files(self: Arc<Self>, _: Vec<Envelope>) -> Carrying<Vec<SendResult>> {
        Box::pin(async { Vec::new() })
    }
}

/// A clock that runs as a real one, and is moved by the test: time goes on whatever is under way.
pub struct MovedClock(AtomicI64);

impl MovedClock {
    pub fn new() -> MovedClock {
        MovedClock(AtomicI64::new(START.0))
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst))
    }
    fn is_manual(&self) -> bool {
        false
    }
    fn move_to(&self, at: Instant) {
        self.0.fetch_max(at.0, Ordering::SeqCst);
    }
}

pub struct Rig {
    pub store: MemoryStore,
    pub provider: Arc<Provider>,
    engine: Option<Engine>,
    options: Box<dyn Fn() -> EngineOptions + Send + Sync>,
}

pub fn program(source: &str) -> Program {
    let source = format!("project \"Acme\" {{ timezone \"UTC\" from \"Ana <ana@acme.example>\" address \"1 King St W, Toronto ON\" }}\n{source}");
    let analysis = analyze(&Workspace::of_source("main.camp", &source));
    compile(&analysis).unwrap_or_else(|_| panic!("the program of a test has findings"))
}

impl Rig {
    /// A running engine on a new store.
    pub async fn new(source: &str) -> Rig {
        Rig::with(source, EngineOptions::default).await
    }
    pub async fn with(source: &str, options: impl Fn() -> EngineOptions + Send + Sync + 'static) -> Rig {
        let mut rig = Rig { store: MemoryStore::new(), provider: Arc::default(), engine: None, options: Box::new(options) };
        rig.open(Box::new(rig.store.clone()));
        rig.engine().deploy(Arc::new(program(source))).await.unwrap();
        rig.engine().start().await.unwrap();
        rig
    }
    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }
    pub fn open(&mut self, store: Box<dyn Store>) {
        let options = (self.options)();
        let links = LinkOptions { public_url: "https://t.example".into(), ..LinkOptions::default() };
        let clock: Arc<dyn Clock> = if options.clock.is_manual() { options.clock } else { Arc::new(ManualClock::new(START)) };
        let carrier: Arc<dyn Carrier> = self.provider.clone();
        self.engine = Some(Engine::open(store, EngineOptions { clock, carrier: Some(carrier), links, ..options }).unwrap());
    }
    /// Opens an engine that notes what it is about.
    pub fn open_noting(&mut self, store: Box<dyn Store>, deaths: &std::path::Path) {
        let carrier: Arc<dyn Carrier> = self.provider.clone();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(START));
        let links = LinkOptions { public_url: "https://t.example".into(), ..LinkOptions::default() };
        let options = EngineOptions { clock, carrier: Some(carrier), links, deaths: Some(deaths.to_owned()), ..EngineOptions::default() };
        self.engine = Some(Engine::open(store, options).unwrap());
    }
    /// Runs on a clock that goes on by itself, as far as the test moves it.
    pub async fn on_moved_clock(source: &str) -> (Rig, Arc<MovedClock>) {
        let clock = Arc::new(MovedClock::new());
        let mut rig = Rig { store: MemoryStore::new(), provider: Arc::default(), engine: None, options: Box::new(EngineOptions::default) };
        let carrier: Arc<dyn Carrier> = rig.provider.clone();
        let links = LinkOptions { public_url: "https://t.example".into(), ..LinkOptions::default() };
        let options = EngineOptions { clock: clock.clone(), carrier: Some(carrier), links, ..EngineOptions::default() };
        rig.engine = Some(Engine::open(Box::new(rig.store.clone()), options).unwrap());
        rig.engine().deploy(Arc::new(program(source))).await.unwrap();
        rig.engine().start().await.unwrap();
        (rig, clock)
    }
    /// The process is gone; another one starts on the same store.
    pub async fn crash(&mut self) {
        self.engine = None;
        self.open(Box::new(self.store.clone()));
        self.engine().start().await.unwrap();
    }
    pub async fn submit(&self, key: &str, kind: SubmissionKind) {
        let accepted = self.engine().submit(vec![Submission::new(ContactKey::user(key), kind)]).await.unwrap();
        assert!(accepted[0].rejection.is_none(), "{accepted:?}");
    }
    /// A contact with an address, a number, consent on SMS and a device.
    pub async fn contact(&self, name: &str) -> ContactUid {
        let body = json!({"email": format!("{name}@x.example"), "phone": phone(name), "consent": {"sms": "given"}, "devices": [format!("device-{name}")]});
        self.submit(name, SubmissionKind::Upsert(body.as_object().unwrap().clone())).await;
        self.engine().resolve(name).unwrap()
    }
    pub async fn event(&self, name: &str, event: &str) {
        self.submit(name, SubmissionKind::Track { name: event.into(), properties: serde_json::Map::new() }).await;
    }
    pub async fn idle(&self) {
        self.engine().idle().await;
    }
    pub async fn advance(&self, millis: i64) {
        let to = self.engine().now().plus_millis(millis);
        self.engine().advance_clock(to).await.unwrap();
    }
    pub fn messages(&self) -> Vec<MessageView> {
        self.engine().messages(&MessageFilter { limit: 100_000, ..MessageFilter::default() }).unwrap().items
    }
    /// `status` of the only effect.
    pub fn only(&self) -> MessageView {
        let mut all = self.messages();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }
    /// `message recipient attempt +minutes`, in the order of their sending.
    pub fn sent(&self) -> Vec<String> {
        self.provider.sent().iter().map(sending).collect()
    }
    /// `what why` of a contact's journal.
    pub fn journal(&self, contact: ContactUid) -> Vec<String> {
        self.engine().journal(contact).unwrap().into_iter().map(|line| format!("{} {}", line.what, line.why).trim_end().to_owned()).collect()
    }
    pub fn counter(&self, name: &str) -> u64 {
        self.engine().metrics().snapshot()[name]
    }
}

/// A number that is no one's, in a country without legal hours.
pub fn phone(name: &str) -> String {
    let digits: u64 = name.bytes().fold(0, |sum, byte| (sum * 31 + u64::from(byte)) % 10_000_000);
    format!("+4930{digits:07}")
}

pub fn sending(envelope: &Envelope) -> String {
    let to = match &envelope.outgoing {
        Outgoing::Email(mail) => mail.to.first().map(|to| to.address.trim_end_matches("@x.example").to_owned()).unwrap_or_default(),
        Outgoing::Sms(sms) => sms.to.clone(),
        Outgoing::Push(_) | Outgoing::Webhook(_) | Outgoing::Notify(_) => String::new(),
    };
    format!("{} {to} {} +{}m", envelope.message.as_deref().unwrap_or("-"), envelope.attempt, envelope.at.millis_since(START) / MINUTE)
}

pub fn id_of(envelope: &Envelope) -> EffectId {
    EffectId(envelope.effect_id)
}

/// Waits until something holds that comes about in other threads; the test ends by its own time limit if it never does.
pub async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}
