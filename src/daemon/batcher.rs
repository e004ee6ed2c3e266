//! The one thread that changes anything: it gathers what came in and what is due, has it decided and committed, and only then answers.
//!
//! Until the commit nothing that readers see has changed, so a failed one leaves everything as it was.

use super::api::{Accepted, Deployed, EngineError, OutboxCommand, OutboxTarget, QuarantineCommand, RollOver, RollingOn, StreamEvent, Submission, SubmitError};
use super::courier::{Courier, Found, Parcel, Settlement};
use super::deaths::Deaths;
use super::desk::{Desk, DueRow};
use super::ingest::EventNames;
use super::options::Providers;
use super::pipeline::{Committer, Flight};
use super::randomness::Randomness;
use super::rolling::Rolling;
use super::routes::Routes;
use super::seen::SeenKeys;
use super::shared::Shared;
use super::survey::DeployRequest;
use super::switching::Thrown;
use super::units::Unit;
use super::upkeep::Upkeep;
use crate::advance::Switching;
use crate::lang::Instant;
use crate::machine::state::{ContactUid, EffectId};
use crate::proof::{Point, reach};
use crate::store::{Batch, Store, StoreError, StoreReader};
use rustc_hash::FxHashSet;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Inputs of one batch, about.
const BATCH_INPUTS: usize = 1_000;
/// Timers of one batch: a herd of them is done in slices, and whoever comes in meanwhile waits for a slice and not for the herd.
const SLICE_OF_TIMERS: usize = 400;
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
    /// What the provider says of an effect whose answer was lost.
    Found(EffectId, Found),
    Start {
        reply: Reply<Result<(), EngineError>>,
    },
    Deploy {
        request: Box<DeployRequest>,
        reply: Reply<Result<Deployed, EngineError>>,
    },
    Roll {
        rolling: RollingOn,
        reply: Reply<Result<RollOver, EngineError>>,
    },
    Switch {
        campaign: Arc<str>,
        switching: Switching,
        reply: Reply<Result<(), EngineError>>,
    },
    Outbox {
        target: OutboxTarget,
        command: OutboxCommand,
        reply: Reply<Result<u64, EngineError>>,
    },
    Quarantine {
        id: u64,
        command: QuarantineCommand,
        reply: Reply<Result<(), EngineError>>,
    },
    Person {
        command: super::erasing::PersonCommand,
        reply: Reply<Result<(), EngineError>>,
    },
    MoveClock {
        to: Instant,
        reply: Reply<Result<Instant, EngineError>>,
    },
    /// A commit has ended.
    Committed,
    Idle {
        reply: Reply<()>,
    },
    Drain {
        reply: Reply<()>,
    },
    /// Nobody holds the engine any more: end at once, as a crash would.
    End,
}

/// Who waits for the answer to submissions.
pub(crate) struct Ask {
    items: usize,
    bytes: usize,
    reply: Reply<Result<Vec<Accepted>, SubmitError>>,
}

/// The thread's own.
pub(crate) struct Batcher {
    /// For what is committed while nothing else is; batches go through the committer.
    pub store: Box<dyn Store>,
    pub committer: Committer,
    /// The batch whose commit is under way.
    pub flight: Option<Flight>,
    /// Its own: a long question of somebody else must not hold a batch up.
    pub reader: Arc<dyn StoreReader>,
    pub shared: Arc<Shared>,
    pub commands: Receiver<Command>,
    pub courier: Option<Arc<Courier>>,
    pub desk: Desk,
    pub routes: Routes,
    pub names: EventNames,
    pub seen: SeenKeys,
    pub randomness: Arc<dyn Randomness>,
    pub providers: Providers,
    pub country: Option<phonenumber::country::Id>,
    pub is_started: bool,
    /// What the process is about, for the next one.
    pub deaths: Deaths,
    pub rolling: Rolling,
    /// Switches that were thrown, and that not everybody inside has looked at yet.
    pub thrown: Vec<Thrown>,
    pub waiting: Waiting,
    pub upkeep: Upkeep,
}

/// Who waits for the engine to come to rest.
#[derive(Default)]
pub(crate) struct Waiting {
    /// What comes but once, and is decided in the next batch: results, and what a batch was about that failed.
    pub again: VecDeque<Unit>,
    special: Option<Command>,
    moves: VecDeque<(Instant, Reply<Result<Instant, EngineError>>)>,
    idles: Vec<Reply<()>>,
    drains: Vec<Reply<()>>,
    /// Whose timers are left alone: what is due for them was put aside.
    pub poisoned: FxHashSet<ContactUid>,
    pub is_resting: bool,
    is_ended: bool,
    /// It ends because it was drained.
    pub is_drained: bool,
}

impl Waiting {
    /// Nobody waits yet; the timers of some contacts are left alone.
    pub fn leaving_alone(poisoned: FxHashSet<ContactUid>) -> Waiting {
        Waiting { poisoned, ..Waiting::default() }
    }
}

impl Batcher {
    /// Runs until all handles are gone, or the engine was drained.
    pub fn run(mut self) {
        loop {
            let mut asks = Vec::new();
            let mut units = Vec::new();
            if !self.gather(&mut asks, &mut units) {
                return self.end();
            }
            self.add_due(&mut units);
            if !units.is_empty() {
                self.upkeep.begin_load();
                self.run_units(units, asks);
            }
            if let Some(command) = self.waiting.special.take() {
                self.land();
                self.run_special(command);
            }
            self.look_at_roll_over();
            self.look_at_switching();
            self.look_for_space();
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
                Command::Found(id, found) => {
                    self.desk.end_asking();
                    units.push(Unit::Reconcile(id, found));
                }
                Command::Settled(settled) => {
                    inputs += settled.len();
                    self.waiting.again.extend(settled.into_iter().map(Unit::Settle));
                }
                Command::Committed => self.land_if_done(),
                // What is not an input waits for those before it.
                Command::Start { .. }
                | Command::Deploy { .. }
                | Command::Roll { .. }
                | Command::Switch { .. }
                | Command::Outbox { .. }
                | Command::Person { .. }
                | Command::Quarantine { .. }
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
        let is_manual = self.shared.clock.is_manual();
        if std::mem::take(&mut self.waiting.is_resting) {
            // On a clock that is moved by hand nobody waits for a disk.
            std::thread::sleep(if is_manual { REST / 500 } else { REST });
        }
        let due = if self.is_started { self.next_due() } else { None };
        let now = self.shared.clock.now();
        if self.rolling.is_under_way() || !self.waiting.again.is_empty() || due.is_some_and(|at| at <= now) {
            return Sleep::Due;
        }
        if !self.waiting.moves.is_empty() && self.desk.in_flight() == 0 && self.flight.is_none() {
            return Sleep::Due;
        }
        let pause = match due {
            Some(at) if !is_manual => Duration::from_millis(u64::try_from(at.millis_since(now)).unwrap_or(0)).min(LONGEST_SLEEP),
            Some(_) | None => LONGEST_SLEEP,
        };
        match self.commands.recv_timeout(self.upkeep.pause(pause)) {
            Ok(command) => Sleep::Command(Box::new(command)),
            Err(RecvTimeoutError::Timeout) => {
                self.sweep_idle();
                Sleep::Due
            }
            Err(RecvTimeoutError::Disconnected) => Sleep::Alone,
        }
    }

    /// The disk was full. Who asks whether we are ready sends nothing until we are, so that nothing else would find out.
    fn look_for_space(&mut self) {
        if self.shared.is_short_of_space.load(Ordering::Acquire) && self.flight.is_none() {
            let batch = Batch { now: self.shared.clock.now(), ..Batch::default() };
            let is_short = matches!(self.store.commit(&batch), Err(StoreError::Full));
            self.shared.is_short_of_space.store(is_short, Ordering::Release);
        }
    }

    /// When time alone next brings something about.
    fn next_due(&self) -> Option<Instant> {
        let timer = self.shared.read().timers.iter().find(|(_, uid)| !self.is_elsewhere(*uid)).map(|(at, _)| *at);
        timer.into_iter().chain(self.desk.next_due()).min()
    }

    /// Whether a contact's timer is not to be looked at: it was put aside, or what is pending sets it anew.
    fn is_elsewhere(&self, uid: ContactUid) -> bool {
        self.waiting.poisoned.contains(&uid) || self.flight.as_ref().is_some_and(|flight| flight.done.pending.touches(uid))
    }

    /// Adds what is due: timers in the order of their instants, results, hand-overs.
    fn add_due(&mut self, units: &mut Vec<Unit>) {
        units.extend(self.waiting.again.drain(..));
        units.extend(self.rolling.take().into_iter().map(Unit::Bring));
        if !self.is_started {
            return;
        }
        let now = self.shared.clock.now();
        let resident = self.shared.read();
        let due = resident.timers.iter().take_while(|(at, _)| *at <= now).filter(|(_, uid)| !self.is_elsewhere(*uid));
        units.extend(due.take(SLICE_OF_TIMERS).map(|(_, uid)| Unit::Wake(*uid)));
        drop(resident);
        for due in self.desk.take_due(now, BATCH_INPUTS) {
            match due {
                DueRow::HandOver(id) => units.push(Unit::HandOver(id)),
                DueRow::Expired(id) => units.push(Unit::Expire(id)),
                DueRow::Lapsed(id) => units.push(Unit::Lapse(id)),
                DueRow::Ask(id) => self.ask(id, now),
            }
        }
        self.shared.metrics.outbox_visits.add(self.desk.take_visits());
    }

    /// The provider is asked what became of an effect.
    fn ask(&mut self, id: EffectId, now: Instant) {
        let resident = self.shared.read();
        let (Some(courier), Some(running), Some(open)) = (self.courier.as_ref(), resident.linked.as_ref(), self.desk.get(id)) else { return };
        let linked = self.routes.of(running, &open.row.effect);
        courier.ask(Parcel { row: open.row.clone(), lane: open.lane.clone(), linked, email: None, at: now });
        drop(resident);
        self.desk.begin_asking();
    }

    pub(super) fn answer(&self, ask: Ask, answer: Result<Vec<Accepted>, SubmitError>) {
        self.shared.leave_queue(ask.items, ask.bytes);
        // Who asked may have gone; what was committed stays.
        let _ = ask.reply.send(answer);
    }

    fn look_at_waiting(&mut self) {
        let is_calm = self.flight.is_none() && !self.rolling.is_under_way();
        let is_resting = is_calm && self.desk.in_flight() == 0 && self.waiting.again.is_empty();
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
        for reply in
            self.waiting.idles.drain(..).chain(self.waiting.drains.drain(..).inspect(|_| (self.waiting.is_ended, self.waiting.is_drained) = (true, true)))
        {
            let _ = reply.send(());
        }
    }

    /// The manual clock has come where it was sent, and all that fell due is done.
    fn arrive(&mut self, to: Instant, reply: Reply<Result<Instant, EngineError>>) {
        self.shared.clock.move_to(to);
        reach(Point::ClockMoved);
        let _ = self.shared.stream.send(Arc::new(StreamEvent::Clock { now: to.to_rfc3339() }));
        let result = self.store.commit(&Batch { now: to, ..Batch::default() });
        let _ = reply.send(result.map(|_| to).map_err(EngineError::Store));
    }

    fn run_special(&mut self, command: Command) {
        match command {
            Command::Submit { .. } | Command::Settled(_) | Command::Found(..) | Command::Committed => {}
            Command::Start { reply } => {
                let _ = reply.send(self.start());
            }
            Command::Deploy { request, reply } => {
                let _ = reply.send(self.deploy(&request));
            }
            Command::Roll { rolling, reply } => {
                let _ = reply.send(self.roll(rolling));
            }
            Command::Switch { campaign, switching, reply } => {
                let _ = reply.send(self.switch(&campaign, switching));
            }
            Command::Outbox { target, command, reply } => {
                let _ = reply.send(self.operate(&target, command));
            }
            Command::Quarantine { id, command, reply } => {
                let _ = reply.send(self.settle_quarantine(id, command));
            }
            Command::Person { command, reply } => {
                let _ = reply.send(self.command_person(&command));
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
                self.rolling.is_stopped = true;
                self.waiting.drains.push(reply);
            }
            Command::End => self.waiting.is_ended = true,
        }
    }
}

enum Sleep {
    Command(Box<Command>),
    Due,
    Alone,
}
