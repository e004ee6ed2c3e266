//! From a claimed effect to a provider and back: composes it, hands it over outside any transaction, and tells the batcher what came of it.

use super::batcher::Command;
use super::clock::Clock;
use super::metrics::lane_word;
use super::options::LinkOptions;
use crate::advance::Effect;
use crate::bytecode::Channel;
use crate::content::{Composer, KeyRing, Outgoing, Settings};
use crate::deliver::{Advice, Attempted, Deliverer, Envelope, Lane, Outcome, SendResult};

pub use crate::deliver::Found;
use crate::lang::{Instant, Value};
use crate::machine::Linked;
use crate::machine::state::{ContactUid, EffectId};
use crate::proof::{Point, reach};
use crate::store::OutboxRow;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::Instrument;

/// A send takes so long at most: what the deliverer is set up with.
const LONGEST_SEND_MS: i64 = 45_000;

/// A future of a carrier.
pub type Carrying<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Who hands effects over: the deliverer, or a stand-in for it.
pub trait Carrier: Send + Sync {
    /// Whether that effect's channel writes files, so that many share one sync.
    fn writes_file(&self, outgoing: &Outgoing) -> bool;
    /// Makes one attempt. Must end within the lease of a claim.
    fn send(self: Arc<Self>, envelope: Envelope) -> Carrying<SendResult>;
    /// How long the mail relay knows an idempotency key, where it honours them.
    fn email_keys(&self) -> Option<Duration> {
        None
    }
    /// Whether the SMS provider can be asked what it has.
    fn answers_about_sms(&self) -> bool {
        false
    }
    /// The channels that are switched off: what would leave on them is skipped.
    fn channels_off(&self) -> Vec<Channel> {
        Vec::new()
    }
    /// Asks the provider for a message whose answer was lost, sent at about `at`.
    fn find(self: Arc<Self>, _outgoing: Outgoing, _at: Instant) -> Carrying<Found> {
        Box::pin(async { Found::NobodyKnows })
    }
    /// Writes a batch with one sync; results in the order of the envelopes.
    fn send_files(self: Arc<Self>, batch: Vec<Envelope>) -> Carrying<Vec<SendResult>>;
}

impl Carrier for Deliverer {
    fn writes_file(&self, outgoing: &Outgoing) -> bool {
        Deliverer::writes_file(self, outgoing)
    }
    fn send(self: Arc<Self>, envelope: Envelope) -> Carrying<SendResult> {
        Box::pin(async move { Deliverer::send(&self, envelope).await })
    }
    fn email_keys(&self) -> Option<Duration> {
        Deliverer::email_keys(self)
    }
    fn answers_about_sms(&self) -> bool {
        Deliverer::answers_about_sms(self)
    }
    fn channels_off(&self) -> Vec<Channel> {
        let off = self.is_off();
        [(Channel::Email, off.0), (Channel::Sms, off.1), (Channel::Push, off.2)].into_iter().filter(|(_, is_off)| *is_off).map(|(channel, _)| channel).collect()
    }
    fn find(self: Arc<Self>, outgoing: Outgoing, at: Instant) -> Carrying<Found> {
        Box::pin(async move { Deliverer::find(&self, &outgoing, at).await })
    }
    fn send_files(self: Arc<Self>, batch: Vec<Envelope>) -> Carrying<Vec<SendResult>> {
        Box::pin(async move { Deliverer::send_files(&self, batch).await })
    }
}

/// One attempt to be made: its claim is committed.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub row: OutboxRow,
    pub lane: Lane,
    /// The program that decided it.
    pub linked: Arc<Linked>,
    /// The contact's address as of now, where the frozen facts have none.
    pub email: Option<Arc<str>>,
    pub at: Instant,
}

/// What came of an attempt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settlement {
    pub effect: EffectId,
    /// Whose effect it is, as it was decided.
    pub contact: ContactUid,
    pub attempt: u32,
    pub lane: Lane,
    pub result: SendResult,
    pub at: Instant,
    /// What the breaker is told; nothing where we failed ourselves.
    pub attempted: Option<Attempted>,
    pub is_file: bool,
}

/// The courier.
pub(crate) struct Courier {
    pub carrier: Arc<dyn Carrier>,
    pub links: LinkOptions,
    pub runtime: Handle,
    pub clock: Arc<dyn Clock>,
    pub back: Sender<Command>,
    pub composers: Mutex<FxHashMap<[u8; 32], Option<Arc<Composer>>>>,
}

enum Composed {
    Ready(Box<Envelope>),
    Failed(SendResult),
}

impl Courier {
    /// Sets parcels on their way; returns at once.
    pub fn dispatch(self: &Arc<Self>, parcels: Vec<Parcel>) {
        let courier = self.clone();
        self.runtime.spawn(async move { courier.carry(parcels).await });
    }

    async fn carry(self: Arc<Self>, parcels: Vec<Parcel>) {
        let mut failed = Vec::new();
        let mut files = (Vec::new(), Vec::new());
        for parcel in parcels {
            if self.is_too_late(&parcel) {
                failed.push(self.settlement(&parcel, temporary("its time was up before it began"), None));
                continue;
            }
            match self.compose(&parcel) {
                Composed::Failed(result) => failed.push(self.settlement(&parcel, result, None)),
                Composed::Ready(envelope) if self.carrier.writes_file(&envelope.outgoing) => {
                    files.0.push(parcel);
                    files.1.push(*envelope);
                }
                Composed::Ready(envelope) => self.send_alone(parcel, *envelope),
            }
        }
        if !failed.is_empty() {
            self.tell(failed);
        }
        self.write_files(files.0, files.1).await;
    }

    /// No send goes on past its lease, so none begins that could.
    fn is_too_late(&self, parcel: &Parcel) -> bool {
        parcel.row.state.lease_until.is_some_and(|lease| self.clock.now() > lease.plus_millis(-LONGEST_SEND_MS))
    }

    fn send_alone(self: &Arc<Self>, parcel: Parcel, envelope: Envelope) {
        let courier = self.clone();
        let span = tracing::debug_span!("attempt", effect = %parcel.row.effect.id.to_text(), lane = lane_word(&parcel.lane), number = parcel.row.state.attempt);
        let attempt = async move {
            reach(Point::BeforeFirstByte);
            // A task of its own, so that a fault in it is an unknown outcome and not a lost one.
            let sending = tokio::spawn(courier.carrier.clone().send(envelope));
            let result = sending.await.unwrap_or_else(|_| unknown("the attempt broke off"));
            reach(Point::ProviderAnswered);
            let attempted = attempted(&result);
            tracing::debug!(?attempted, "the attempt has ended");
            courier.tell(vec![courier.settlement(&parcel, result, Some(attempted))]);
        };
        self.runtime.spawn(attempt.instrument(span));
    }

    /// Asks the provider what became of a message whose answer was lost; returns at once.
    pub fn ask(self: &Arc<Self>, parcel: Parcel) {
        let (courier, id) = (self.clone(), parcel.row.effect.id);
        let Composed::Ready(envelope) = self.compose(&parcel) else {
            return drop(self.back.send(Command::Found(id, Found::NobodyKnows)));
        };
        let at = parcel.row.state.handed_over_at.unwrap_or(parcel.row.effect.decided_at);
        self.runtime.spawn(async move {
            let asking = tokio::spawn(courier.carrier.clone().find(envelope.outgoing, at));
            let found = asking.await.unwrap_or(Found::NobodyKnows);
            let _ = courier.back.send(Command::Found(id, found));
        });
    }

    async fn write_files(&self, parcels: Vec<Parcel>, envelopes: Vec<Envelope>) {
        if parcels.is_empty() {
            return;
        }
        let results = tokio::spawn(self.carrier.clone().send_files(envelopes)).await.unwrap_or_default();
        let mut results = results.into_iter();
        let settled = parcels.iter().map(|parcel| {
            let result = results.next().unwrap_or_else(|| unknown("the attempt broke off"));
            let attempted = attempted(&result);
            Settlement { is_file: true, ..self.settlement(parcel, result, Some(attempted)) }
        });
        self.tell(settled.collect());
    }

    fn settlement(&self, parcel: &Parcel, result: SendResult, attempted: Option<Attempted>) -> Settlement {
        Settlement {
            effect: parcel.row.effect.id,
            contact: parcel.row.effect.contact,
            attempt: parcel.row.state.attempt,
            lane: parcel.lane.clone(),
            result,
            at: self.clock.now(),
            attempted,
            is_file: false,
        }
    }

    fn tell(&self, settled: Vec<Settlement>) {
        // Nobody listens any more only when the engine has ended; the claim's lease then says that nobody knows.
        let _ = self.back.send(Command::Settled(settled));
        reach(Point::ResultQueued);
    }

    fn compose(&self, parcel: &Parcel) -> Composed {
        let Some(composer) = self.composer(&parcel.linked) else { return Composed::Failed(permanent("template")) };
        let effect = &parcel.row.effect;
        let frozen_email = match effect.frozen.get("contact") {
            Some(Value::Record(contact)) => contact.get("email").and_then(Value::as_text),
            Some(_) | None => None,
        };
        match composer.effect(&parcel.linked, effect, frozen_email.or(parcel.email.as_deref())) {
            Ok(outgoing) => {
                reach(Point::ParcelRendered);
                Composed::Ready(Box::new(envelope(parcel, effect.contact.to_text(), outgoing)))
            }
            Err(error) => {
                // The error's text may hold what the contact is called; the journal has it.
                tracing::warn!(effect = %effect.id.to_text(), reason = error.reason(), "an effect could not be composed");
                Composed::Failed(permanent(error.reason()))
            }
        }
    }

    /// An effect as it was, or would be, handed over.
    pub fn outgoing(&self, linked: &Arc<Linked>, effect: &Effect, email: Option<&str>) -> Option<Outgoing> {
        self.composer(linked)?.effect(linked, effect, email).ok()
    }

    /// The composer of a program, made when first needed.
    fn composer(&self, linked: &Arc<Linked>) -> Option<Arc<Composer>> {
        let mut composers = self.composers.lock().unwrap_or_else(PoisonError::into_inner);
        let made = composers.entry(linked.deployment.program).or_insert_with(|| {
            let settings = Settings {
                public_url: self.links.public_url.clone(),
                project: self.links.project.clone(),
                from: self.links.from.clone(),
                postal_address: self.links.postal_address.clone(),
                bounce_domain: self.links.bounce_domain.clone(),
                inbound_domain: self.links.inbound_domain.clone(),
                keys: KeyRing::new(&self.links.signing_keys)?,
            };
            match Composer::new(linked.program.clone(), settings) {
                Ok(composer) => Some(Arc::new(composer)),
                Err(error) => {
                    tracing::error!(?error, "a program's templates cannot be read");
                    None
                }
            }
        });
        made.clone()
    }
}

fn envelope(parcel: &Parcel, contact: String, outgoing: Outgoing) -> Envelope {
    let effect = &parcel.row.effect;
    let some = |text: &Arc<str>| (!text.is_empty()).then(|| text.to_string());
    Envelope {
        effect_id: effect.id.0,
        attempt: parcel.row.state.attempt,
        at: parcel.at,
        expires_at: Some(parcel.row.state.expires_at),
        message: parcel.row.message.as_ref().map(ToString::to_string),
        campaign: some(&effect.campaign_name),
        step: some(&effect.step_identity),
        contact,
        is_transactional: effect.is_transactional,
        outgoing,
    }
}

fn permanent(reason: &str) -> SendResult {
    SendResult { outcome: Outcome::Permanent { reason: reason.to_owned(), hard_bounce: false }, answer: None, advice: None }
}

fn temporary(reason: &str) -> SendResult {
    SendResult { outcome: Outcome::Temporary { reason: reason.to_owned(), retry_after: None }, answer: None, advice: None }
}

fn unknown(reason: &str) -> SendResult {
    SendResult { outcome: Outcome::Unknown { reason: reason.to_owned() }, answer: None, advice: None }
}

fn attempted(result: &SendResult) -> Attempted {
    match (&result.outcome, result.advice) {
        (_, Some(Advice::Unreachable)) => Attempted::Unreachable,
        // A provider that blocks us fails, whatever the single message says.
        (Outcome::Permanent { .. }, Some(Advice::Alarm)) => Attempted::Failed,
        (Outcome::Accepted { .. } | Outcome::Permanent { .. }, _) => Attempted::Answered,
        (Outcome::Temporary { .. }, Some(Advice::AddressOnly | Advice::DisableEndpoint)) => Attempted::Answered,
        (Outcome::Temporary { .. } | Outcome::Unknown { .. }, _) => Attempted::Failed,
    }
}
