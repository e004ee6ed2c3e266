//! What all routes share: the engine, the keys, and the bounds on what is in flight.

use super::keys::Keys;
use super::problem::Problem;
use super::public::Sites;
use crate::content::KeyRing;
use crate::daemon::Engine;
use crate::daemon::api::{Accepted, EngineError, Submission, SubmitError};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Requests of senders in flight.
const MAX_REQUESTS: usize = 1_000;

/// Opens and clicks that wait for the store.
const MAX_HITS: usize = 10_000;

/// What a server is made of.
#[derive(Clone)]
pub struct App {
    /// The engine.
    pub engine: Engine,
    /// Who may do what.
    pub keys: Arc<Keys>,
    /// Reads the tokens of links.
    pub tokens: Arc<KeyRing>,
    /// The project's own web pages.
    pub sites: Arc<Sites>,
    /// Where the store lies, if it is a file; for the page of metrics.
    store_path: Option<Arc<Path>>,
    /// What made dedupe keys begin with.
    pub key_seed: [u8; 32],
    /// Whether the server closes: streams, which have no end of their own, end then.
    pub closing: Arc<watch::Sender<bool>>,
    requests: Arc<Semaphore>,
    hits: Arc<Semaphore>,
}

impl App {
    /// The shared part of a server.
    #[must_use]
    pub fn new(engine: Engine, keys: Keys, tokens: KeyRing, sites: Sites) -> App {
        let key_seed = *blake3::hash(b"campc-ingest").as_bytes();
        App {
            engine,
            keys: Arc::new(keys),
            tokens: Arc::new(tokens),
            sites: Arc::new(sites),
            store_path: None,
            closing: Arc::new(watch::Sender::new(false)),
            key_seed,
            requests: Arc::new(Semaphore::new(MAX_REQUESTS)),
            hits: Arc::new(Semaphore::new(MAX_HITS)),
        }
    }
    /// The same, on a store that is this file.
    #[must_use]
    pub fn on_store(mut self, path: &Path) -> App {
        self.store_path = Some(Arc::from(path));
        self
    }
    /// Where the store lies, if it is a file.
    #[must_use]
    pub fn store_path(&self) -> Option<&Path> {
        self.store_path.as_deref()
    }
    /// A place among the requests in flight, held while the request is.
    ///
    /// # Errors
    /// 503 where there is none: nothing of the body has been read.
    pub fn admit_request(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.engine.check_load().map_err(|error| submit_problem(&error))?;
        self.requests.clone().try_acquire_owned().map_err(|_| busy(1))
    }
    /// A place among the tracking hits that wait; without one the hit is lost, and its link works all the same.
    #[must_use]
    pub fn admit_hit(&self) -> Option<OwnedSemaphorePermit> {
        let place = self.hits.clone().try_acquire_owned().ok();
        if place.is_none() {
            tracing::warn!("a tracking hit was lost: too many wait for the store");
        }
        place
    }
    /// Hands submissions to the engine and waits until they are durable.
    ///
    /// # Errors
    /// 503 where they are not.
    pub async fn submit(&self, submissions: Vec<Submission>) -> Result<Vec<Accepted>, Problem> {
        self.engine.submit(submissions).await.map_err(|error| submit_problem(&error))
    }
    /// Runs what reads the store, apart from the threads that serve.
    ///
    /// # Errors
    /// 503 where the store cannot be read.
    pub async fn read<T, E>(&self, work: impl FnOnce(&Engine) -> Result<T, E> + Send + 'static) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<EngineError> + Send + 'static,
    {
        let engine = self.engine.clone();
        let done = tokio::task::spawn_blocking(move || work(&engine)).await;
        let result = done.map_err(|error| {
            tracing::error!(%error, "an admin request broke off");
            Problem::internal()
        })?;
        result.map_err(|error| engine_problem(&error.into()))
    }
}

fn busy(retry_after_seconds: u32) -> Problem {
    Problem::unavailable("busy", "more has come in than can be committed at once; nothing of this request was taken, send it again", retry_after_seconds)
}

/// Why a submission was not taken, as an answer.
#[must_use]
pub fn submit_problem(error: &SubmitError) -> Problem {
    match error {
        SubmitError::Busy { retry_after_seconds } => busy(*retry_after_seconds),
        SubmitError::Store(error) => {
            tracing::error!(%error, "a commit failed");
            Problem::unavailable("not-durable", "the store cannot write; nothing of this request was taken, send it again", 5)
        }
        SubmitError::Closed => Problem::unavailable("closing", "the server is shutting down; send it again", 5),
    }
}

/// An engine's error as an answer.
#[must_use]
pub fn engine_problem(error: &EngineError) -> Problem {
    match error {
        EngineError::Store(_) | EngineError::Commit(_) => {
            tracing::error!(%error, "the store failed");
            Problem::unavailable("store", "the store cannot be used right now", 5)
        }
        EngineError::NothingDeployed => Problem::unavailable("nothing-deployed", "no program is deployed yet", 5),
        EngineError::Program(_) => {
            tracing::error!(%error, "the program cannot be read");
            Problem::internal()
        }
        EngineError::NotDeployable(obstacles) => Problem::conflict("not-deployable", error.to_string()).with("findings", serde_json::json!(obstacles.findings)),
        EngineError::Refused(refusal) => Problem::conflict("refused", error.to_string()).with("code", refusal.code.into()),
        EngineError::Unknown(what) => Problem::not_found(what.clone()),
        EngineError::Settled(what) => Problem::conflict("settled", what.clone()),
        EngineError::RealClock => Problem::conflict("real-clock", "the clock is real; start the daemon with `--clock manual` to move it"),
        EngineError::ClockBack { .. } => Problem::unprocessable("clock-back", error.to_string()),
        EngineError::Closed => Problem::unavailable("closing", "the server is shutting down", 5),
    }
}
