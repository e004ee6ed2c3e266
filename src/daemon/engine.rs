//! The handle: what doors and commands hold. Cheap to clone; works with and without HTTP in front of it.

use super::api::{
    Accepted, CampaignDetail, CampaignView, ContactFilter, ContactView, EngineError, JournalLine, MessageFilter, MessageView, OutboxCommand, OutboxTarget,
    Page, QuarantineCommand, QuarantineView, SegmentView, StreamEvent, Submission, SubmitError, UndeclaredEvent,
};
use super::batcher::{Batcher, Command, Reply, Waiting};
use super::courier::{Carrier, Courier};
use super::deaths::Deaths;
use super::desk::{Census, DeskRules};
use super::erasing::PersonCommand;
use super::ingest::EventNames;
use super::load::{Loaded, SENDING, load, meta_or_make};
use super::metrics::Metrics;
use super::options::{EngineOptions, LinkOptions, Providers, Sending};
use super::pipeline::{Committer, SharedStore};
use super::plan::{PlanAsk, planned};
use super::poison::poisoned;
use super::randomness::{Randomness, random_bytes};
use super::reports::{DossierView, NowView, StatusView, SuppressionView};
use super::shared::Shared;
use super::suppressions::{SUPPRESSIONS, SuppressionBook, SuppressionGround};
use super::upkeep::Upkeep;
use super::{view, view_contact, view_now, view_status};
use crate::advance::Switching;
use crate::bytecode::{Channel, decode};
use crate::content::Outgoing;
use crate::lang::{Instant, Zone};
use crate::machine::Linked;
use crate::machine::state::{ContactState, ContactUid, EffectId};
use crate::migrate::Plan;
use crate::proof::{Point, reach};
use crate::store::{OutboxRow, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{broadcast, oneshot};

/// Lines that a slow listener may be behind.
const STREAM_LINES: usize = 4_096;

/// A key that doors ask for, made at the first start and kept in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TokenKind {
    WriteKey,
    AdminToken,
}

impl TokenKind {
    fn key(self) -> &'static str {
        match self {
            TokenKind::WriteKey => "write_key",
            TokenKind::AdminToken => "admin_token",
        }
    }
}

pub(super) struct Inner {
    pub(super) shared: Arc<Shared>,
    randomness: Arc<dyn Randomness>,
    commands: Sender<Command>,
    thread: Mutex<Option<JoinHandle<()>>>,
    signing_key: Vec<u8>,
    tokens: BTreeMap<&'static str, String>,
    most_waiting: usize,
    most_waiting_bytes: usize,
    /// The region of numbers without a country code.
    pub(super) country: Option<phonenumber::country::Id>,
    /// Shows what was sent; none where nothing is.
    courier: Option<Arc<Courier>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The courier holds a sender too, so the thread would not notice by itself. What has not been committed was never acknowledged.
        let _ = self.commands.send(Command::End);
    }
}

/// The running engine.
#[derive(Clone)]
pub struct Engine {
    pub(super) inner: Arc<Inner>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// Loads a store and sets its thread going; time and deliveries begin with [`Engine::start`]. Must be called within a tokio
    /// runtime if there is a carrier.
    ///
    /// # Errors
    /// The store cannot be read, or its program not by this version.
    pub fn open(mut store: Box<dyn Store>, options: EngineOptions) -> Result<Engine, EngineError> {
        let rates = vec![("email", options.email_rate), ("sms", options.sms_rate), ("push", options.push_rate), ("webhook", options.webhook_rate)];
        let rules = DeskRules { concurrency: options.concurrency, rates, is_sending: false };
        let Loaded { mut resident, routes, desk, seen, mut meta, now, rolling, thrown } = load(store.as_mut(), &rules, options.clock.now())?;
        options.clock.move_to(now);
        resident.switches.ignore_legal_hours = options.ignore_legal_hours;
        resident.switches.channels_off = options.carrier.as_deref().map(Carrier::channels_off).unwrap_or_default();
        let signing_key = meta_or_make(store.as_mut(), &mut meta, "signing_key", || random_bytes::<32>(options.randomness.as_ref()).to_vec())?;
        resident.suppressions = SuppressionBook::read(&signing_key, meta.get(SUPPRESSIONS))?;
        let tokens = tokens(store.as_mut(), &mut meta, options.randomness.as_ref())?;
        let names = resident.linked.as_ref().map(|linked| EventNames::new(linked)).unwrap_or_default();
        let mut census = Census::default();
        desk.tell(&mut census);
        let next_number = resident.put_aside.keys().next_back().map_or(1, |last| last + 1);
        let poisoned = poisoned(&resident);
        let shared = Arc::new(Shared {
            numbers: AtomicU64::new(next_number),
            resident: RwLock::new(resident),
            reader: store.reader()?,
            clock: options.clock.clone(),
            metrics: Metrics::default(),
            sending: if meta.get(SENDING).is_some_and(|word| word == b"off") { Sending::Off } else { options.sending },
            stream: broadcast::Sender::new(STREAM_LINES),
            waiting: AtomicUsize::new(0),
            waiting_bytes: AtomicUsize::new(0),
            is_closing: AtomicBool::new(false),
            is_short_of_space: AtomicBool::new(false),
            failure: tokio::sync::watch::Sender::new(None),
            counting: Mutex::default(),
            outbox_census: Mutex::new(census),
            disabled_endpoints: Mutex::new(desk.disabled().iter().cloned().collect()),
        });
        let country = options.country.as_deref().and_then(|country| country.parse().ok());
        let (commands, inbox) = channel();
        let store = SharedStore::new(store, shared.clone());
        let io = |error| EngineError::Store(StoreError::Other(Box::new(error)));
        let committer = Committer::new((store.clone(), commands.clone()), shared.clone()).map_err(io)?;
        let courier = courier(&options, &signing_key, commands.clone());
        let for_views = courier.clone();
        let reader = store.reader()?;
        let batcher = Batcher {
            store: Box::new(store),
            committer,
            flight: None,
            reader,
            shared: shared.clone(),
            commands: inbox,
            courier,
            desk,
            routes,
            names,
            seen,
            providers: Providers::of(options.on_unknown, options.carrier.as_deref()),
            randomness: options.randomness.clone(),
            country,
            is_started: false,
            rolling,
            thrown,
            deaths: Deaths::open(options.deaths.as_deref()),
            waiting: Waiting::leaving_alone(poisoned),
            upkeep: Upkeep::new(options.keep_events_ms),
        };
        let thread = std::thread::Builder::new().name("camp-batcher".to_owned()).spawn(move || batcher.run());
        let thread = thread.map_err(io)?;
        let (most_waiting, most_waiting_bytes) = (options.most_waiting, options.most_waiting_bytes);
        let randomness = options.randomness.clone();
        let thread = Mutex::new(Some(thread));
        let inner = Inner { shared, randomness, courier: for_views, commands, thread, signing_key, tokens, most_waiting, most_waiting_bytes, country };
        Ok(Engine { inner: Arc::new(inner) })
    }

    // ---- what comes in ----

    /// Takes submissions in; when it returns, all that were taken are durable, in one transaction.
    ///
    /// # Errors
    /// Too much waits, the store failed, or the engine is closing; then nothing was taken.
    pub async fn submit(&self, items: Vec<Submission>) -> Result<Vec<Accepted>, SubmitError> {
        self.enqueue(items)?.await.unwrap_or(Err(SubmitError::Closed))
    }
    /// The same for callers without a runtime. Must not be called from within one.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub fn submit_blocking(&self, items: Vec<Submission>) -> Result<Vec<Accepted>, SubmitError> {
        self.enqueue(items)?.blocking_recv().unwrap_or(Err(SubmitError::Closed))
    }
    fn enqueue(&self, items: Vec<Submission>) -> Result<oneshot::Receiver<Result<Vec<Accepted>, SubmitError>>, SubmitError> {
        self.check_load()?;
        let shared = &self.inner.shared;
        let bytes = items.iter().map(|item| item.size_bytes).sum();
        shared.waiting.fetch_add(items.len(), Ordering::AcqRel);
        shared.waiting_bytes.fetch_add(bytes, Ordering::AcqRel);
        let count = items.len();
        let (reply, answer) = oneshot::channel();
        self.inner.commands.send(Command::Submit { items, bytes, reply }).map_err(|_| {
            shared.leave_queue(count, bytes);
            SubmitError::Closed
        })?;
        Ok(answer)
    }
    /// Whether more would be taken now: for answering before a body is read, and for `readyz`.
    ///
    /// # Errors
    /// It would not be.
    pub fn check_load(&self) -> Result<(), SubmitError> {
        let shared = &self.inner.shared;
        if let Some(failure) = shared.failure.borrow().as_ref() {
            return Err(SubmitError::Store(failure.clone()));
        }
        if shared.is_closing.load(Ordering::Acquire) {
            return Err(SubmitError::Closed);
        }
        let is_full =
            shared.waiting.load(Ordering::Acquire) >= self.inner.most_waiting || shared.waiting_bytes.load(Ordering::Acquire) >= self.inner.most_waiting_bytes;
        if is_full {
            shared.metrics.busy.one();
            let [jitter] = random_bytes::<1>(self.inner.randomness.as_ref());
            return Err(SubmitError::Busy { retry_after_seconds: 1 + u32::from(jitter % 5) });
        }
        Ok(())
    }

    /// Whether what is sent now could be made durable, as of the last attempt.
    ///
    /// # Errors
    /// More would not be taken, or the disk is full.
    pub fn check_readiness(&self) -> Result<(), SubmitError> {
        self.check_load()?;
        let is_short = self.inner.shared.is_short_of_space.load(Ordering::Acquire);
        if is_short { Err(SubmitError::Store(Arc::new(StoreError::Full))) } else { Ok(()) }
    }

    // ---- operating ----

    pub(super) async fn ask<T>(&self, make: impl FnOnce(Reply<Result<T, EngineError>>) -> Command) -> Result<T, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.inner.commands.send(make(reply)).map_err(|_| EngineError::Closed)?;
        answer.await.unwrap_or(Err(EngineError::Closed))
    }
    /// Lets time and deliveries begin.
    ///
    /// # Errors
    /// Nothing is deployed; the store failed.
    pub async fn start(&self) -> Result<(), EngineError> {
        self.ask(|reply| Command::Start { reply }).await
    }
    /// Pauses a campaign: nothing is sent, time goes on.
    ///
    /// # Errors
    /// There is no such campaign; the store failed.
    pub async fn pause(&self, campaign: &str) -> Result<(), EngineError> {
        self.ask(|reply| Command::Switch { campaign: Arc::from(campaign), switching: Switching::Paused, reply }).await
    }
    /// Resumes a campaign: each enrollment decides with the events' own times.
    ///
    /// # Errors
    /// As [`Engine::pause`].
    pub async fn resume(&self, campaign: &str) -> Result<(), EngineError> {
        self.ask(|reply| Command::Switch { campaign: Arc::from(campaign), switching: Switching::Resumed, reply }).await
    }
    /// Resumes a campaign, and enrols those whose triggers came during the pause.
    ///
    /// # Errors
    /// As [`Engine::pause`].
    pub async fn catch_up(&self, campaign: &str) -> Result<(), EngineError> {
        self.ask(|reply| Command::Switch { campaign: Arc::from(campaign), switching: Switching::CatchingUp, reply }).await
    }
    /// Settles an effect that waits.
    ///
    /// # Errors
    /// It waits for nothing; the store failed.
    pub async fn outbox(&self, effect: EffectId, command: OutboxCommand) -> Result<(), EngineError> {
        self.outbox_all(OutboxTarget::One(effect), command).await.map(|_| ())
    }
    /// Settles one effect or many; how many.
    ///
    /// # Errors
    /// As [`Engine::outbox`].
    pub async fn outbox_all(&self, target: OutboxTarget, command: OutboxCommand) -> Result<u64, EngineError> {
        self.ask(|reply| Command::Outbox { target, command, reply }).await
    }
    /// Settles an input that was put aside.
    ///
    /// # Errors
    /// There is none of that number; it failed again; the store failed.
    pub async fn settle_quarantine(&self, id: u64, command: QuarantineCommand) -> Result<(), EngineError> {
        self.ask(|reply| Command::Quarantine { id, command, reply }).await
    }
    /// Erases a contact.
    ///
    /// # Errors
    /// There is no such contact; the store failed.
    pub async fn erase(&self, contact: ContactUid) -> Result<(), EngineError> {
        self.erase_because(contact, "").await
    }
    /// Erases a contact, and writes down why; the reason must not name the person.
    ///
    /// # Errors
    /// As [`Engine::erase`].
    pub async fn erase_because(&self, contact: ContactUid, reason: &str) -> Result<(), EngineError> {
        let command = PersonCommand::Erase { contact, reason: Arc::from(reason) };
        self.ask(|reply| Command::Person { command, reply }).await
    }
    /// Suppresses an address or number, or a key of the list with its channel: whoever has it, or comes to have it, gets no marketing there.
    ///
    /// # Errors
    /// It is neither; the store failed.
    pub async fn suppress(&self, (address, channel): (&str, Option<Channel>), ground: SuppressionGround) -> Result<(), EngineError> {
        let command = PersonCommand::Suppress { address: Arc::from(address), channel, ground };
        self.ask(|reply| Command::Person { command, reply }).await
    }
    /// Lifts a suppression: of an address, a number, or a key of the list. A complaint only where it is named.
    ///
    /// # Errors
    /// It is none of these, or not on the list; another ground stands; the store failed.
    pub async fn lift_suppression(&self, address: &str, named: Option<SuppressionGround>) -> Result<(), EngineError> {
        let command = PersonCommand::Lift { address: Arc::from(address), named };
        self.ask(|reply| Command::Person { command, reply }).await
    }
    /// All suppressed addresses: those of contacts by the contact, the others by their keys.
    #[must_use]
    pub fn suppressions(&self) -> Vec<SuppressionView> {
        view_now::suppressions(&self.inner.shared.read())
    }
    /// Moves the manual clock; returns when all that falls due until then is done, deliveries included.
    ///
    /// # Errors
    /// The clock is real, or stands later already.
    pub async fn advance_clock(&self, to: Instant) -> Result<Instant, EngineError> {
        self.ask(|reply| Command::MoveClock { to, reply }).await
    }
    /// Waits until inputs are processed, nothing is due and no delivery is under way.
    pub async fn idle(&self) {
        let (reply, answer) = oneshot::channel();
        if self.inner.commands.send(Command::Idle { reply }).is_ok() {
            let _ = answer.await;
        }
    }
    /// Stops intake, finishes what has begun, waits at most `bound` for deliveries under way, and ends the thread. What is not
    /// finished by then is found again at the next start.
    pub async fn drain(&self, bound: Duration) {
        reach(Point::DrainBegun);
        self.inner.shared.is_closing.store(true, Ordering::Release);
        let (reply, answer) = oneshot::channel();
        if self.inner.commands.send(Command::Drain { reply }).is_ok() {
            if tokio::time::timeout(bound, answer).await.is_err() {
                // Attempts that are still under way are unknown; the next start treats them so.
                let _ = self.inner.commands.send(Command::End);
            }
            let thread = self.inner.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(thread) = thread {
                // The store is closed when it has.
                let _ = tokio::task::spawn_blocking(move || thread.join()).await;
            }
        }
    }
    /// Returns when the engine can go on no more, with the reason: the process must end (exit 74).
    pub async fn failed(&self) -> Arc<StoreError> {
        let mut failure = self.inner.shared.failure.subscribe();
        loop {
            if let Some(error) = failure.borrow_and_update().clone() {
                return error;
            }
            if failure.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    // ---- what is known ----

    /// The engine's now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.inner.shared.clock.now()
    }
    /// Whether effects leave, once it is started.
    #[must_use]
    pub fn sending(&self) -> Sending {
        self.inner.shared.sending
    }
    /// Whether the clock is moved by hand.
    #[must_use]
    pub fn is_clock_manual(&self) -> bool {
        self.inner.shared.clock.is_manual()
    }
    /// The running program.
    #[must_use]
    pub fn linked(&self) -> Option<Arc<Linked>> {
        self.inner.shared.linked()
    }
    /// The project's zone.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.linked().map_or_else(Zone::utc, |linked| linked.zone.clone())
    }
    /// The contact that an id, user id, email or phone means.
    #[must_use]
    pub fn resolve(&self, text: &str) -> Option<ContactUid> {
        view_contact::resolve(&self.inner.shared.read(), text)
    }
    /// The contact of a sender's anonymous id.
    #[must_use]
    pub fn resolve_anonymous(&self, id: &str) -> Option<ContactUid> {
        view_contact::resolve_anonymous(&self.inner.shared.read(), id)
    }
    /// The state of a contact, as of the last commit.
    #[must_use]
    pub fn state(&self, contact: ContactUid) -> Option<Arc<ContactState>> {
        self.inner.shared.read().state(contact).map(Arc::new)
    }
    /// A contact as the API shows it.
    #[must_use]
    pub fn contact(&self, contact: ContactUid) -> Option<ContactView> {
        view_contact::contact(&self.inner.shared.read(), contact)
    }
    /// Contacts by segment, step and text.
    #[must_use]
    pub fn contacts(&self, filter: &ContactFilter) -> Page<ContactView> {
        view_contact::contacts(&self.inner.shared.read(), filter)
    }
    /// A contact's journal, oldest first; those it took over by merges included.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn journal(&self, contact: ContactUid) -> Result<Vec<JournalLine>, StoreError> {
        view::journal(&self.inner.shared, contact)
    }
    /// Where a contact stands; of the campaign that is asked for also what would bring it in. None if there is no such contact.
    ///
    /// # Errors
    /// Nothing is deployed, or there is no such campaign.
    pub fn standing(&self, contact: ContactUid, campaign: Option<&str>) -> Result<Option<NowView>, EngineError> {
        view_now::now(&self.inner.shared, (contact, campaign))
    }
    /// Everything that is known of a contact; none if there is no such contact.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn dossier(&self, contact: ContactUid) -> Result<Option<DossierView>, StoreError> {
        view_now::dossier(&self.inner.shared, contact)
    }
    /// All contacts by number, in order; with a segment's name only those who are in it.
    #[must_use]
    pub fn contact_ids(&self, segment: Option<&str>) -> Vec<ContactUid> {
        view_contact::ids(&self.inner.shared.read(), segment)
    }
    /// User ids and addresses of contacts, at most `limit`: what somebody may have meant.
    #[must_use]
    pub fn some_keys(&self, limit: usize) -> Vec<Arc<str>> {
        view_contact::some_keys(&self.inner.shared.read(), limit)
    }
    /// All campaigns.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn campaigns(&self) -> Result<Vec<CampaignView>, StoreError> {
        view::campaigns(&self.inner.shared)
    }
    /// A campaign with its steps and their counts.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn campaign(&self, name: &str) -> Result<Option<CampaignDetail>, StoreError> {
        view::campaign(&self.inner.shared, name)
    }
    /// All segments with their counts.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentView> {
        view_contact::segments(&self.inner.shared)
    }
    /// Sends with their status.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn messages(&self, filter: &MessageFilter) -> Result<Page<MessageView>, StoreError> {
        view::messages(&self.inner.shared, filter)
    }
    /// One send as the API shows it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn message(&self, id: EffectId) -> Result<Option<MessageView>, StoreError> {
        view::message(&self.inner.shared, id)
    }
    /// One effect, whatever became of it. It is found quickly with the contact it was decided for.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn effect(&self, id: EffectId, contact: Option<ContactUid>) -> Result<Option<OutboxRow>, StoreError> {
        self.inner.shared.reader.effect(id, contact)
    }
    /// A message as it was handed over: composed again from what was frozen with it, by the program that decided it.
    ///
    /// # Errors
    /// The store cannot be read, or holds a program this version cannot read.
    pub fn outgoing(&self, id: EffectId, contact: Option<ContactUid>) -> Result<Option<Outgoing>, EngineError> {
        let shared = &self.inner.shared;
        let (Some(row), Some(courier)) = (shared.reader.effect(id, contact)?, self.inner.courier.as_ref()) else { return Ok(None) };
        let linked = match self.linked().filter(|running| running.deployment.program == row.effect.program) {
            Some(running) => running,
            None => match shared.reader.deployed(row.effect.program)? {
                Some((image, deployment)) => {
                    let program = decode(&image).map_err(|error| EngineError::Program(error.to_string()))?;
                    Arc::new(Linked::new(Arc::new(program), deployment))
                }
                None => return Ok(None),
            },
        };
        let email = shared.read().state(row.effect.contact).and_then(|state| shared.read().builtins.email_key(&state));
        Ok(courier.outgoing(&linked, &row.effect, email.as_deref()))
    }
    /// What a deploy would change. Takes its time over everybody who is known, and holds up nobody.
    #[must_use]
    pub fn plan(&self, ask: &PlanAsk) -> Plan {
        planned(&self.inner.shared, ask, None)
    }
    /// Inputs that were put aside, oldest first.
    #[must_use]
    pub fn put_aside(&self) -> Vec<QuarantineView> {
        view::put_aside(&self.inner.shared)
    }
    /// Events that nobody declared, the most frequent first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn undeclared_events(&self) -> Result<Vec<UndeclaredEvent>, StoreError> {
        view::undeclared_events(&self.inner.shared)
    }
    /// How things stand.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn status(&self) -> Result<StatusView, StoreError> {
        view_status::status(&self.inner.shared)
    }
    /// The counters.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.shared.metrics
    }
    /// What happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<StreamEvent>> {
        self.inner.shared.stream.subscribe()
    }
    /// The store's own signing key, for tokens where the project has none.
    #[must_use]
    pub fn signing_key(&self) -> &[u8] {
        &self.inner.signing_key
    }
    /// A key of the store, for a daemon whose project names none.
    #[must_use]
    pub fn token(&self, kind: TokenKind) -> &str {
        self.inner.tokens.get(kind.key()).map_or("", String::as_str)
    }
}

/// The store's own keys, made where it has none yet.
fn tokens(store: &mut dyn Store, meta: &mut BTreeMap<String, Vec<u8>>, randomness: &dyn Randomness) -> Result<BTreeMap<&'static str, String>, StoreError> {
    let mut tokens = BTreeMap::new();
    for kind in [TokenKind::WriteKey, TokenKind::AdminToken] {
        let made = || data_encoding::BASE32_NOPAD.encode(&random_bytes::<20>(randomness)).to_ascii_lowercase().into_bytes();
        let token = meta_or_make(store, meta, kind.key(), made)?;
        tokens.insert(kind.key(), String::from_utf8_lossy(&token).into_owned());
    }
    Ok(tokens)
}

fn courier(options: &EngineOptions, signing_key: &[u8], back: Sender<Command>) -> Option<Arc<Courier>> {
    let carrier = options.carrier.clone()?;
    let mut links: LinkOptions = options.links.clone();
    if links.signing_keys.is_empty() {
        links.signing_keys.push(signing_key.to_vec());
    }
    let runtime = tokio::runtime::Handle::try_current().ok()?;
    Some(Arc::new(Courier { carrier, links, runtime, clock: options.clock.clone(), back, composers: Mutex::default() }))
}
