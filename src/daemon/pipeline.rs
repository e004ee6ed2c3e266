//! Deciding and committing side by side: while a batch is being made durable, the next one is gathered and decided over it.
//!
//! What a batch has decided is [`Pending`] until its commit: the next batch sees it, readers do not, and nobody is answered. A commit
//! that fails takes with it what was decided over it: memory is as it was, and what was only behind it is decided again.

use super::api::{Accepted, RollOver, SubmitError};
use super::batcher::{Ask, Batcher, Command};
use super::commit::Done;
use super::shared::Shared;
use super::suppressions::SuppressionBook;
use super::units::Unit;
use crate::advance::{ExperimentBook, PaceBook, Switches};
use crate::lang::Instant;
use crate::machine::state::ContactUid;
use crate::proof::{Mutant, Point, is_planted, reach};
use crate::store::{Batch, DeployRecord, IdentityKind, LoadItem, LogPosition, PackedState, Store, StoreError, StoreReader, Sweep, Swept};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What a batch has decided and is not durable yet.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub people: FxHashMap<ContactUid, (PackedState, Option<Instant>)>,
    pub gone: FxHashMap<ContactUid, ContactUid>,
    pub keys: FxHashMap<(IdentityKind, Arc<str>), ContactUid>,
    pub emails: FxHashMap<Arc<str>, Vec<ContactUid>>,
    pub phones: FxHashMap<Arc<str>, Vec<ContactUid>>,
    pub devices: FxHashMap<Arc<str>, ContactUid>,
    pub seen: FxHashSet<u128>,
    pub pace: Option<PaceBook>,
    pub experiments: Option<ExperimentBook>,
    pub suppressions: Option<SuppressionBook>,
    pub roll_over: Option<RollOver>,
}

impl Pending {
    /// Whether it changes a contact.
    pub fn touches(&self, uid: ContactUid) -> bool {
        self.people.contains_key(&uid) || self.gone.contains_key(&uid)
    }
}

/// A batch whose commit is under way: what it was made of, and what it comes to.
pub(crate) struct Flight {
    units: Vec<Unit>,
    asks: Vec<Ask>,
    answers: Vec<Vec<Accepted>>,
    pub done: Done,
}

impl Batcher {
    /// Decides units over what is pending, and sets their commit going once the one before has ended.
    pub(super) fn run_units(&mut self, units: Vec<Unit>, asks: Vec<Ask>) {
        reach(Point::BatchGathered);
        if let Some(error) = self.failed() {
            // Memory may be behind the store: what would be decided over it may be durable already.
            return asks.into_iter().for_each(|ask| self.answer(ask, Err(SubmitError::Store(error.clone()))));
        }
        if units.iter().any(|unit| self.deaths.is_suspect(unit)) {
            self.land();
            return self.run_carefully(units, asks);
        }
        let before = self.flight.as_ref().map_or(&[][..], |flight| flight.units.as_slice());
        self.deaths.begin(&[before, &units]);
        let (mut done, answers) = match self.decide(&units) {
            Ok(decided) => decided,
            Err(error) => {
                self.land();
                return self.recover(units, asks, error);
            }
        };
        self.stage(&mut done);
        let mut flight = Flight { units, asks, answers, done };
        if is_planted(Mutant::AcknowledgedBeforeCommit) {
            flight.asks.drain(..).zip(flight.answers.drain(..)).for_each(|(ask, answer)| self.answer(ask, Ok(answer)));
        }
        if let Some(former) = self.flight.take() {
            match self.committer.wait() {
                Ok(_) => self.complete(former),
                Err(error) => {
                    // The later one first: each is undone from what it found.
                    self.undo(flight.done);
                    self.fail(former, error);
                    return self.again(flight.units, flight.asks);
                }
            }
        }
        if flight.done.batch.is_empty() {
            self.deaths.end();
            return self.complete(flight);
        }
        self.committer.begin(flight.done.batch.clone());
        self.flight = Some(flight);
    }

    /// Why nobody may go on, if so.
    pub(super) fn failed(&self) -> Option<Arc<StoreError>> {
        self.shared.failure.borrow().clone()
    }

    /// Waits until nothing is pending.
    pub(super) fn land(&mut self) {
        // What fails may be tried again one by one, and be under way once more.
        while let Some(flight) = self.flight.take() {
            match self.committer.wait() {
                Ok(_) => self.complete(flight),
                Err(error) => self.fail(flight, error),
            }
            self.deaths.end();
        }
    }

    /// Takes the commit that is under way for done if it is.
    pub(super) fn land_if_done(&mut self) {
        let Some(result) = self.flight.as_ref().and_then(|_| self.committer.look()) else { return };
        let Some(flight) = self.flight.take() else { return };
        match result {
            Ok(_) => self.complete(flight),
            Err(error) => self.fail(flight, error),
        }
        if self.flight.is_none() {
            self.deaths.end();
        }
    }

    /// The batch is durable: memory follows, and whoever asked is answered.
    fn complete(&mut self, flight: Flight) {
        let Flight { asks, answers, done, .. } = flight;
        if !done.batch.is_empty() {
            self.shared.metrics.commits.one();
            self.shared.is_short_of_space.store(false, Ordering::Release);
        }
        self.install(done);
        for (ask, answer) in asks.into_iter().zip(answers) {
            self.answer(ask, Ok(answer));
        }
        reach(Point::Answered);
    }

    fn fail(&mut self, flight: Flight, error: StoreError) {
        self.shared.metrics.commit_failures.one();
        if is_planted(Mutant::MemoryBeforeCommit) {
            self.install(flight.done);
        } else {
            self.undo(flight.done);
        }
        self.recover(flight.units, flight.asks, error.into());
    }

    /// Units that were decided over a batch which failed. What time brings is found due again by itself.
    fn again(&mut self, units: Vec<Unit>, asks: Vec<Ask>) {
        let failure = self.shared.failure.borrow().clone();
        if let Some(error) = failure {
            return asks.into_iter().for_each(|ask| self.answer(ask, Err(SubmitError::Store(error.clone()))));
        }
        let is_lost = |unit: &Unit| match unit {
            Unit::Submit(_) | Unit::Settle(_) | Unit::Reconcile(..) | Unit::Switch(..) | Unit::Recover(_) | Unit::Bring(_) => true,
            Unit::HandOver(_) | Unit::Expire(_) | Unit::Lapse(_) | Unit::Wake(_) | Unit::Again(..) => false,
        };
        let units: Vec<Unit> = units.into_iter().filter(is_lost).collect();
        if !units.is_empty() {
            self.run_units(units, asks);
        }
    }
}

/// The thread that commits.
#[derive(Debug)]
pub(crate) struct Committer {
    jobs: Option<Sender<Arc<Batch>>>,
    results: Receiver<Result<LogPosition, StoreError>>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// Sets the thread going; it rings `bell` after each commit, and tells the metrics how long it took.
    pub fn new((mut store, bell): (SharedStore, Sender<Command>), shared: Arc<Shared>) -> std::io::Result<Committer> {
        let (jobs, inbox) = channel::<Arc<Batch>>();
        let (outbox, results) = channel();
        let run = move || {
            let mut broken = None;
            while let Ok(batch) = inbox.recv() {
                reach(Point::CommitDue);
                let result = broken.take().map_or_else(|| shared.metrics.timed(|| store.commit(&batch)), Err);
                reach(Point::CommitDone);
                let (is_committed, inputs) = (result.is_ok(), batch.events.len().max(batch.contacts.len()));
                drop(batch);
                if outbox.send(result).is_err() || bell.send(Command::Committed).is_err() {
                    return;
                }
                // The answers are on their way; what is left of the turn is the sweep's.
                if is_committed && let Err(error) = store.sweep(Sweep::Inputs(inputs)) {
                    tracing::warn!(%error, "the tables of the store could not be brought nearer to its log");
                    broken = Some(error).filter(StoreError::is_fatal);
                }
            }
        };
        let thread = std::thread::Builder::new().name("camp-committer".to_owned()).spawn(run)?;
        Ok(Committer { jobs: Some(jobs), results, thread: Some(thread) })
    }
    /// Begins a commit. The one before has ended.
    fn begin(&self, batch: Arc<Batch>) {
        // If the thread is gone, waiting for the result says so.
        let _ = self.jobs.as_ref().map(|jobs| jobs.send(batch));
    }
    fn wait(&self) -> Result<LogPosition, StoreError> {
        self.results.recv().unwrap_or_else(|gone| Err(StoreError::Disk(Box::new(gone))))
    }
    fn look(&self) -> Option<Result<LogPosition, StoreError>> {
        match self.results.try_recv() {
            Ok(result) => Some(result),
            Err(std::sync::mpsc::TryRecvError::Empty) => None,
            Err(gone @ std::sync::mpsc::TryRecvError::Disconnected) => Some(Err(StoreError::Disk(Box::new(gone)))),
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.jobs = None;
        // The store is closed when both threads have let it go.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The store, for two threads that take turns with it.
#[derive(Clone)]
pub(crate) struct SharedStore {
    store: Arc<Mutex<Box<dyn Store>>>,
    shared: Arc<Shared>,
}

impl SharedStore {
    pub fn new(store: Box<dyn Store>, shared: Arc<Shared>) -> SharedStore {
        SharedStore { store: Arc::new(Mutex::new(store)), shared }
    }
    fn turn(&self) -> MutexGuard<'_, Box<dyn Store>> {
        // A panic during a commit ends the committing thread, and with it the engine: nobody goes on with a store in doubt.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Writes. After an error that leaves open what is durable nobody goes on: memory may be behind the store.
    fn write<T>(&self, run: impl FnOnce(&mut dyn Store) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let result = run(self.turn().as_mut());
        if let Err(error) = &result
            && error.is_fatal()
            && !is_planted(Mutant::LostCommitIsAbort)
        {
            let told = if let StoreError::Damaged(text) = error { StoreError::Damaged(text.clone()) } else { StoreError::Disk(error.to_string().into()) };
            self.shared.failure.send_replace(Some(Arc::new(told)));
        }
        result
    }
}

impl Store for SharedStore {
    fn load(&mut self, seen_since: Instant, sink: &mut dyn FnMut(LoadItem)) -> Result<(), StoreError> {
        self.turn().load(seen_since, sink)
    }
    fn commit(&mut self, batch: &Batch) -> Result<LogPosition, StoreError> {
        self.write(|store| store.commit(batch))
    }
    fn deploy(&mut self, record: &DeployRecord, batch: &Batch) -> Result<LogPosition, StoreError> {
        self.write(|store| store.deploy(record, batch))
    }
    fn set_switches(&mut self, switches: &Switches) -> Result<(), StoreError> {
        self.write(|store| store.set_switches(switches))
    }
    fn set_meta(&mut self, entries: &[(&str, &[u8])]) -> Result<(), StoreError> {
        self.write(|store| store.set_meta(entries))
    }
    fn sweep(&mut self, effort: Sweep) -> Result<Swept, StoreError> {
        self.write(|store| store.sweep(effort))
    }
    fn forget_before(&mut self, before: Instant) -> Result<Swept, StoreError> {
        self.write(|store| store.forget_before(before))
    }
    fn erase(&mut self, contact: ContactUid) -> Result<(), StoreError> {
        self.write(|store| store.erase(contact))
    }
    fn reader(&self) -> Result<Arc<dyn StoreReader>, StoreError> {
        self.turn().reader()
    }
}
