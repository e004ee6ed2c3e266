//! The one thread that changes anything: it gathers what came in and what is due, advances it, commits, and only then answers.
//!
//! Until the commit nothing in memory has changed, so a failed one leaves everything as it was.

use super::accept::not_deployed;
use super::api::{Accepted, Deployed, EngineError, OutboxCommand, StreamEvent, Submission, SubmitError};
use super::batch::{Surroundings, Work};
use super::courier::{Courier, Parcel, Settlement};
use super::desk::{Desk, Slot};
use super::ingest::EventNames;
use super::load::DEDUPE_MS;
use super::options::UnknownPolicy;
use super::resident::Rekeyed;
use super::routes::Routes;
use super::shared::Shared;
use crate::advance::{ExperimentBook, Input, InputKind, PaceBook, Switching};
use crate::bytecode::{CampaignId, Program};
use crate::deliver::Lane;
use crate::lang::Instant;
use crate::machine::state::{ContactUid, EffectId};
use crate::store::{Batch, OutboxRow, Store, StoreError, StoreReader};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Inputs of one batch, about.
const BATCH_INPUTS: usize = 1_000;
/// How long an idle thread sleeps at most under a real clock, so that a clock that jumps is noticed.
const LONGEST_SLEEP: Duration = Duration::from_millis(1_000);
/// How long it rests after a commit failed for want of space.
const REST: Duration = Duration::from_millis(500);

/// An answer that is waited for.
pub(crate) type Reply<T> = oneshot::Sender<T>;

/// What the thread is told.
pub(crate) enum Command {
    Submit {
        items: Vec<Submission>,
        bytes: usize,
        reply: Reply<Result<Vec<Accepted>, SubmitError>>,
    },
    Settled(Vec<Settlement>),
    Start {
        reply: Reply<Result<(), EngineError>>,
    },
    Deploy {
        program: Arc<Program>,
        reply: Reply<Result<Deployed, EngineError>>,
    },
    Switch {
        campaign: Arc<str>,
        switching: Switching,
        reply: Reply<Result<(), EngineError>>,
    },
    Outbox {
        effect: EffectId,
        command: OutboxCommand,
        reply: Reply<Result<(), EngineError>>,
    },
    Erase {
        contact: ContactUid,
        reply: Reply<Result<(), EngineError>>,
    },
    MoveClock {
        to: Instant,
        reply: Reply<Result<Instant, EngineError>>,
    },
    Idle {
        reply: Reply<()>,
    },
    Drain {
        reply: Reply<()>,
    },
    /// Nobody holds the engine any more: end at once, as a crash would.
    End,
}

/// One thing a batch does.
pub(crate) enum Unit {
    Submit(Vec<Submission>),
    Settle(Settlement),
    HandOver(EffectId),
    Recover(EffectId),
    Wake(ContactUid),
    Switch(ContactUid, CampaignId, Switching),
}

struct Ask {
    items: usize,
    bytes: usize,
    reply: Reply<Result<Vec<Accepted>, SubmitError>>,
}

/// The thread's own.
pub(crate) struct Batcher {
    pub store: Box<dyn Store>,
    /// Its own: a long question of somebody else must not hold a batch up.
    pub reader: Arc<dyn StoreReader>,
    pub shared: Arc<Shared>,
    pub commands: Receiver<Command>,
    pub courier: Option<Arc<Courier>>,
    pub desk: Desk,
    pub routes: Routes,
    pub names: EventNames,
    pub seen: FxHashMap<u128, Instant>,
    pub seen_order: VecDeque<(Instant, u128)>,
    pub policy: UnknownPolicy,
    pub country: Option<phonenumber::country::Id>,
    pub is_started: bool,
    pub waiting: Waiting,
}

/// Who waits for the engine to come to rest.
#[derive(Default)]
pub(crate) struct Waiting {
    settlements: VecDeque<Settlement>,
    special: Option<Command>,
    moves: VecDeque<(Instant, Reply<Result<Instant, EngineError>>)>,
    idles: Vec<Reply<()>>,
    drains: Vec<Reply<()>>,
    poisoned: FxHashSet<ContactUid>,
    is_resting: bool,
    is_ended: bool,
}

impl Batcher {
    /// Runs until all handles are gone, or the engine was drained.
    pub fn run(mut self) {
        loop {
            let mut asks = Vec::new();
            let mut units = Vec::new();
            if !self.gather(&mut asks, &mut units) {
                return;
            }
            self.add_due(&mut units);
            if !units.is_empty() {
                self.run_units(units, asks);
            }
            if let Some(command) = self.waiting.special.take() {
                self.run_special(command);
            }
            self.look_at_waiting();
            if self.waiting.is_ended || self.shared.failure.borrow().is_some() {
                return self.end();
            }
        }
    }

    /// Takes what has come in, up to a batch; sleeps until something comes or is due. False: nobody is left who could ask.
    fn gather(&mut self, asks: &mut Vec<Ask>, units: &mut Vec<Unit>) -> bool {
        let mut inputs = 0;
        let mut first = match self.sleep() {
            Sleep::Command(command) => Some(*command),
            Sleep::Due => None,
            Sleep::Alone => return false,
        };
        while inputs < BATCH_INPUTS {
            let command = match first.take() {
                Some(command) => command,
                None => match self.commands.try_recv() {
                    Ok(command) => command,
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                },
            };
            match command {
                Command::Submit { items, bytes, reply } => {
                    inputs += items.len();
                    asks.push(Ask { items: items.len(), bytes, reply });
                    units.push(Unit::Submit(items));
                }
                Command::Settled(settled) => {
                    inputs += settled.len();
                    self.waiting.settlements.extend(settled);
                }
                // What is not an input waits for those before it.
                Command::Start { .. }
                | Command::Deploy { .. }
                | Command::Switch { .. }
                | Command::Outbox { .. }
                | Command::Erase { .. }
                | Command::MoveClock { .. }
                | Command::Idle { .. }
                | Command::Drain { .. }
                | Command::End => {
                    self.waiting.special = Some(command);
                    break;
                }
            }
        }
        true
    }

    fn sleep(&mut self) -> Sleep {
        if std::mem::take(&mut self.waiting.is_resting) {
            std::thread::sleep(REST);
        }
        let is_manual = self.shared.clock.is_manual();
        let due = if self.is_started { self.next_due() } else { None };
        let now = self.shared.clock.now();
        if !self.waiting.settlements.is_empty() || due.is_some_and(|at| at <= now) {
            return Sleep::Due;
        }
        if !self.waiting.moves.is_empty() && self.desk.in_flight() == 0 {
            return Sleep::Due;
        }
        let pause = match due {
            Some(at) if !is_manual => Duration::from_millis(u64::try_from(at.millis_since(now)).unwrap_or(0)).min(LONGEST_SLEEP),
            Some(_) | None => LONGEST_SLEEP,
        };
        match self.commands.recv_timeout(pause) {
            Ok(command) => Sleep::Command(Box::new(command)),
            Err(RecvTimeoutError::Timeout) => Sleep::Due,
            Err(RecvTimeoutError::Disconnected) => Sleep::Alone,
        }
    }

    /// When time alone next brings something about.
    fn next_due(&self) -> Option<Instant> {
        let timer = self.shared.read().timers.iter().find(|(_, uid)| !self.waiting.poisoned.contains(uid)).map(|(at, _)| *at);
        timer.into_iter().chain(self.desk.next_due()).min()
    }

    /// Adds what is due: timers in the order of their instants, results, hand-overs.
    fn add_due(&mut self, units: &mut Vec<Unit>) {
        units.extend(self.waiting.settlements.drain(..).map(Unit::Settle));
        if !self.is_started {
            return;
        }
        let now = self.shared.clock.now();
        let resident = self.shared.read();
        let due = resident.timers.iter().take_while(|(at, _)| *at <= now).filter(|(_, uid)| !self.waiting.poisoned.contains(uid));
        units.extend(due.take(BATCH_INPUTS).map(|(_, uid)| Unit::Wake(*uid)));
        drop(resident);
        units.extend(self.desk.take_due(now, BATCH_INPUTS).into_iter().map(Unit::HandOver));
    }

    fn run_units(&mut self, units: Vec<Unit>, asks: Vec<Ask>) {
        let result = self.try_batch(&units);
        match result {
            Ok(answers) => {
                for (ask, answer) in asks.into_iter().zip(answers) {
                    self.answer(ask, Ok(answer));
                }
            }
            Err(error) => self.recover(units, asks, error),
        }
    }

    fn answer(&self, ask: Ask, answer: Result<Vec<Accepted>, SubmitError>) {
        self.shared.leave_queue(ask.items, ask.bytes);
        // Who asked may have gone; what was committed stays.
        let _ = ask.reply.send(answer);
    }

    /// Advances and commits units as one transaction.
    pub fn try_batch(&mut self, units: &[Unit]) -> Result<Vec<Vec<Accepted>>, StoreError> {
        let shared = self.shared.clone();
        let resident = shared.read();
        let Some(linked) = resident.linked.clone() else {
            let nothing = |items: &Vec<Submission>| items.iter().map(|_| not_deployed()).collect();
            return Ok(units.iter().filter_map(|unit| if let Unit::Submit(items) = unit { Some(nothing(items)) } else { None }).collect());
        };
        let around = Surroundings {
            resident: &resident,
            linked: &linked,
            switches: &resident.switches,
            names: &self.names,
            routes: &self.routes,
            metrics: &shared.metrics,
            reader: self.reader.as_ref(),
            seen: &self.seen,
            country: self.country,
            now: shared.clock.now(),
        };
        let mut handed: Vec<(EffectId, Lane)> = Vec::new();
        for unit in units {
            if let Unit::HandOver(id) = unit
                && let Some(open) = self.desk.get(*id)
                && open.row.expires_at > around.now
            {
                handed.push((*id, open.lane.clone()));
            }
        }
        let mut work = Work::new(around, &mut self.desk);
        let answers = run_all(&mut work, units, self.policy);
        let done = Self::commit(self.store.as_mut(), work, handed)?;
        drop(resident);
        self.install(done);
        Ok(answers)
    }

    /// Commits a batch; `handed` are the slots that were taken for hand-overs before it began.
    pub(super) fn commit(store: &mut dyn Store, mut work: Work<'_>, handed: Vec<(EffectId, Lane)>) -> Result<Done, StoreError> {
        let metrics = work.around.metrics;
        let finished = work.finish();
        if finished.is_err() || !work.batch.is_empty() {
            if let Err(error) = finished.and_then(|()| store.commit(&work.batch)) {
                metrics.commit_failures.one();
                let lanes: Vec<Lane> = handed.into_iter().map(|(_, lane)| lane).collect();
                work.abandon(&lanes);
                return Err(error);
            }
            metrics.commits.one();
        }
        Ok(Done::of(work, handed))
    }

    /// The batch is durable: memory follows, and the effects leave.
    pub(super) fn install(&mut self, done: Done) {
        let Done { batch, rekeyed, gone, rows, claims, released, seen, pace, experiments } = done;
        let now = batch.now;
        self.publish(&batch);
        let mut resident = self.shared.write();
        for change in &batch.identities {
            resident.keys.give(change.kind.into(), &change.key, change.contact);
        }
        if let Some(pace) = pace {
            resident.pace = pace;
        }
        if let Some(experiments) = experiments {
            resident.experiments = experiments;
        }
        for (loser, winner) in gone {
            resident.remove(loser);
            resident.redirects.insert(loser, winner);
        }
        for image in batch.contacts {
            resident.put(image.uid, image.state, image.wakes_at);
        }
        rekeyed.iter().for_each(|change| resident.rekey(change));
        drop(resident);
        for lane in released {
            self.desk.give_slot(&lane, now);
        }
        for (lane, row) in rows {
            self.tell_delivery(&row);
            self.desk.install(lane, row, now);
        }
        for key in seen {
            self.seen.insert(key, now);
            self.seen_order.push_back((now, key));
        }
        while let Some((_, key)) = self.seen_order.pop_front_if(|(at, _)| at.millis_since(now) < -DEDUPE_MS) {
            self.seen.remove(&key);
        }
        self.shared.census().clone_from(self.desk.census());
        self.dispatch(&claims, now);
    }

    fn dispatch(&self, claims: &[EffectId], now: Instant) {
        let Some(courier) = self.courier.as_ref().filter(|_| !claims.is_empty()) else { return };
        let resident = self.shared.read();
        let Some(running) = resident.linked.as_ref() else { return };
        let parcels: Vec<Parcel> = claims
            .iter()
            .filter_map(|id| {
                let open = self.desk.get(*id)?;
                let email = resident.state(open.row.effect.contact).and_then(|state| resident.builtins.email_key(&state));
                let linked = self.routes.of(running, &open.row.effect);
                Some(Parcel { row: open.row.clone(), lane: open.lane.clone(), linked, email, at: now })
            })
            .collect();
        self.shared.metrics.attempts.add_len(parcels.len());
        courier.dispatch(parcels);
    }

    fn publish(&self, batch: &Batch) {
        if self.shared.stream.receiver_count() == 0 {
            return;
        }
        let resident = self.shared.read();
        for row in &batch.journal {
            let line = Box::new(super::view::line_of_entry(&resident, &row.entry));
            // Nobody who listens may be slow enough to hold the batch up: those who lag lose lines.
            let _ = self.shared.stream.send(Arc::new(StreamEvent::Journal { contact: row.contact.to_text(), line }));
        }
    }

    fn tell_delivery(&self, row: &OutboxRow) {
        if self.shared.stream.receiver_count() > 0 {
            let (contact, effect_id) = (row.effect.contact.to_text(), row.effect.id.to_text());
            let _ = self.shared.stream.send(Arc::new(StreamEvent::Delivery { contact, effect_id, status: row.state.status.word() }));
        }
    }

    /// A batch could not be committed.
    fn recover(&mut self, units: Vec<Unit>, asks: Vec<Ask>, error: StoreError) {
        tracing::error!(%error, "a batch could not be committed");
        let is_fatal = error.is_fatal();
        let is_ours = match &error {
            StoreError::Clash(_) | StoreError::Conflict(_) | StoreError::Codec(_) => true,
            StoreError::Full
            | StoreError::ReadOnly
            | StoreError::InUse(_)
            | StoreError::Newer { .. }
            | StoreError::Damaged(_)
            | StoreError::Disk(_)
            | StoreError::Other(_) => false,
        };
        let error = Arc::new(error);
        if is_fatal {
            self.shared.failure.send_replace(Some(error.clone()));
        }
        if is_ours && units.len() > 1 {
            return self.run_alone(units, asks);
        }
        for ask in asks {
            self.answer(ask, Err(SubmitError::Store(error.clone())));
        }
        for unit in units {
            match unit {
                Unit::Settle(settlement) if !is_ours => self.waiting.settlements.push_back(settlement),
                Unit::Settle(settlement) => {
                    self.desk.give_slot(&settlement.lane, settlement.at);
                    self.set_aside_effect(settlement.effect);
                }
                Unit::HandOver(id) | Unit::Recover(id) if is_ours => self.set_aside_effect(id),
                Unit::Wake(uid) if is_ours => {
                    self.shared.metrics.quarantined.one();
                    self.waiting.poisoned.insert(uid);
                }
                Unit::Submit(_) | Unit::HandOver(_) | Unit::Recover(_) | Unit::Wake(_) | Unit::Switch(..) => {}
            }
        }
        self.waiting.is_resting = !is_ours;
    }

    fn set_aside_effect(&mut self, id: EffectId) {
        self.shared.metrics.quarantined.one();
        self.desk.forget(&[id]);
    }

    /// One bad input must not stop the others of its batch.
    fn run_alone(&mut self, units: Vec<Unit>, asks: Vec<Ask>) {
        let mut asks = asks.into_iter();
        for unit in units {
            let ask: Vec<Ask> = match &unit {
                Unit::Submit(_) => asks.next().into_iter().collect(),
                Unit::Settle(_) | Unit::HandOver(_) | Unit::Recover(_) | Unit::Wake(_) | Unit::Switch(..) => Vec::new(),
            };
            if let Unit::HandOver(id) = &unit {
                // Its slot was given back with the batch; where none is free now, it is found due again.
                let now = self.shared.clock.now();
                let Some((lane, expires_at)) = self.desk.get(*id).map(|open| (open.lane.clone(), open.row.expires_at)) else { continue };
                if expires_at > now && self.desk.take_slot(&lane, now) == Slot::Full {
                    continue;
                }
            }
            self.run_units(vec![unit], ask);
        }
    }

    fn look_at_waiting(&mut self) {
        let is_resting = self.desk.in_flight() == 0 && self.waiting.settlements.is_empty();
        if !is_resting {
            return;
        }
        let now = self.shared.clock.now();
        let due = if self.is_started { self.next_due() } else { None };
        if due.is_some_and(|at| at <= now) {
            return;
        }
        if let Some((to, reply)) = self.waiting.moves.pop_front() {
            match due.filter(|at| *at <= to) {
                // The next instant at which something falls due; then look again.
                Some(at) => {
                    self.shared.clock.move_to(at);
                    self.waiting.moves.push_front((to, reply));
                }
                None => self.arrive(to, reply),
            }
            return;
        }
        for reply in self.waiting.idles.drain(..).chain(self.waiting.drains.drain(..).inspect(|_| self.waiting.is_ended = true)) {
            let _ = reply.send(());
        }
    }

    /// The manual clock has come where it was sent, and all that fell due is done.
    fn arrive(&mut self, to: Instant, reply: Reply<Result<Instant, EngineError>>) {
        self.shared.clock.move_to(to);
        let _ = self.shared.stream.send(Arc::new(StreamEvent::Clock { now: to.to_rfc3339() }));
        let result = self.store.commit(&Batch { now: to, ..Batch::default() });
        let _ = reply.send(result.map(|_| to).map_err(EngineError::Store));
    }

    fn run_special(&mut self, command: Command) {
        match command {
            Command::Submit { .. } | Command::Settled(_) => {}
            Command::Start { reply } => {
                let _ = reply.send(self.start());
            }
            Command::Deploy { program, reply } => {
                let _ = reply.send(self.deploy(&program));
            }
            Command::Switch { campaign, switching, reply } => {
                let _ = reply.send(self.switch(&campaign, switching));
            }
            Command::Outbox { effect, command, reply } => {
                let _ = reply.send(self.operate(effect, command));
            }
            Command::Erase { contact, reply } => {
                let _ = reply.send(self.erase(contact));
            }
            Command::MoveClock { to, reply } => {
                let now = self.shared.clock.now();
                match (self.shared.clock.is_manual(), to < now) {
                    (false, _) => drop(reply.send(Err(EngineError::RealClock))),
                    (true, true) => drop(reply.send(Err(EngineError::ClockBack { now: now.to_rfc3339() }))),
                    (true, false) => self.waiting.moves.push_back((to, reply)),
                }
            }
            Command::Idle { reply } => self.waiting.idles.push(reply),
            Command::Drain { reply } => {
                // What has begun is finished; nothing new begins.
                self.is_started = false;
                self.desk.stop_sending();
                self.waiting.drains.push(reply);
            }
            Command::End => self.waiting.is_ended = true,
        }
    }

    /// Answers everybody who still waits, and ends.
    fn end(self) {
        self.shared.is_closing.store(true, Ordering::Release);
        let failure = self.shared.failure.borrow().clone();
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Submit { reply, .. } = command {
                let error = failure.clone().map_or(SubmitError::Closed, SubmitError::Store);
                let _ = reply.send(Err(error));
            }
        }
    }
}

enum Sleep {
    Command(Box<Command>),
    Due,
    Alone,
}

/// What a committed batch leaves to be done in memory.
pub(crate) struct Done {
    batch: Batch,
    rekeyed: Vec<Rekeyed>,
    gone: Vec<(ContactUid, ContactUid)>,
    rows: Vec<(Lane, OutboxRow)>,
    claims: Vec<EffectId>,
    released: Vec<Lane>,
    seen: FxHashSet<u128>,
    pace: Option<PaceBook>,
    experiments: Option<ExperimentBook>,
}

impl Done {
    fn of(mut work: Work<'_>, handed: Vec<(EffectId, Lane)>) -> Done {
        let rekeyed = work.take_rekeyed();
        let Work { batch, rows, claims, mut released, seen, pace, experiments, .. } = work;
        // A hand-over that came to no attempt gives its slot back.
        released.extend(handed.into_iter().filter(|(id, _)| !claims.contains(id)).map(|(_, lane)| lane));
        let gone = batch.redirects.clone();
        let rows = rows.into_values().map(|staged| (staged.lane, staged.row)).collect();
        Done { batch, rekeyed, gone, rows, claims, released, seen, pace, experiments }
    }
}

fn run_all(work: &mut Work<'_>, units: &[Unit], policy: UnknownPolicy) -> Vec<Vec<Accepted>> {
    let mut answers = Vec::new();
    for unit in units {
        match unit {
            Unit::Submit(items) => answers.push(items.iter().map(|item| work.submit(item)).collect()),
            Unit::Settle(settlement) => {
                if let Some(attempted) = settlement.attempted {
                    work.desk.record(&settlement.lane, attempted, work.around.now);
                }
                if settlement.is_file {
                    work.desk.learn_file(&settlement.lane, work.around.now);
                }
                work.settle(settlement, policy);
            }
            Unit::HandOver(id) => work.hand_over(*id),
            Unit::Recover(id) => work.recover(*id, policy),
            Unit::Wake(uid) => {
                work.around.metrics.wakes.one();
                work.step(*uid, &Input::new(InputKind::Wake));
            }
            Unit::Switch(uid, campaign, switching) => {
                work.step(*uid, &Input::new(InputKind::Switched { campaign: *campaign, switching: *switching }));
            }
        }
    }
    answers
}
