//! The opening: everything the store has becomes resident.

use super::accept::dedupe_key;
use super::api::{EngineError, RollOver};
use super::desk::{Desk, DeskRules};
use super::resident::{Keys, Rekeyed, Resident};
use super::rolling::{ROLL_OVER, Rolling, decode_progress, needed_by};
use super::routes::{Routes, lane_of};
use super::seen::SeenKeys;
use super::switching::{THROWN, Thrown, decode_thrown};
use super::tally::{ERASED, Tally};
use crate::advance::{Bringing, Pacing, is_behind, next_wake};
use crate::bytecode::{Program, decode};
use crate::lang::Instant;
use crate::machine::state::{ContactState, ContactUid};
use crate::machine::{Deployment, Linked};
use crate::proof::{Mutant, Point, is_planted, reach};
use crate::store::{LoadItem, OutboxRow, PackedState, Store, StoreError, decode_experiments, decode_pace};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// How long a dedupe key counts.
pub(crate) const DEDUPE_MS: i64 = 72 * 3_600_000;

/// Where `meta` keeps the slots that throttles have given.
pub(crate) const PACE: &str = "pace";

/// Where `meta` says that nothing may leave: `off` in a restored copy.
pub(crate) const SENDING: &str = "sending";

/// Where `meta` keeps the counters of experiments.
pub(crate) const EXPERIMENTS: &str = "experiments";

/// Rows that are passed on together, and how many such chunks may be read ahead.
const CHUNK: usize = 256;
const READ_AHEAD: usize = 16;
/// Where `meta` keeps whether the last daemon's clock was `real` or `manual`.
pub const CLOCK: &str = "clock";

/// Where `meta` keeps the endpoints that want no more calls.
pub(crate) const DISABLED: &str = "disabled_endpoints";

/// What was loaded.
pub(crate) struct Loaded {
    pub resident: Resident,
    pub routes: Routes,
    pub desk: Desk,
    pub seen: SeenKeys,
    pub meta: BTreeMap<String, Vec<u8>>,
    pub now: Instant,
    pub rolling: Rolling,
    /// Switches that not everybody had followed yet.
    pub thrown: Vec<Thrown>,
}

/// What has been told so far. Programs and switches come before the contacts, so that each is put in its place as it comes.
#[derive(Default)]
struct Opening {
    clock_now: Instant,
    now: Instant,
    last_commit: Instant,
    meta: BTreeMap<String, Vec<u8>>,
    images: BTreeMap<[u8; 32], Vec<u8>>,
    deployments: Vec<Deployment>,
    outbox: Vec<OutboxRow>,
    seen: SeenKeys,
    resident: Resident,
    failure: Option<EngineError>,
    is_linked: bool,
    /// How far the roll-over was, who is still to be brought, and by which older deployments enrollments go on.
    progress: RollOver,
    behind: Vec<(Instant, ContactUid)>,
    needed: BTreeSet<u32>,
    pacing: Pacing,
}

impl Opening {
    fn take(&mut self, item: LoadItem) {
        match item {
            LoadItem::Progress(_, now) => {
                self.last_commit = now;
                self.now = now.max(self.clock_now);
            }
            LoadItem::Meta(key, value) => {
                self.meta.insert(key, value);
            }
            LoadItem::Program(hash, image) => {
                self.images.insert(hash, image);
            }
            LoadItem::Deployment(deployment) => self.deployments.push(*deployment),
            LoadItem::Switches(switches) => self.resident.switches = switches,
            LoadItem::Contact(uid, packed) => self.take_contact(uid, packed),
            LoadItem::Quarantined(uid, reason) => self.set_aside(uid, reason),
            LoadItem::Identity(kind, key, uid) => self.resident.keys.give(kind.into(), &key, uid),
            LoadItem::Redirect(loser, winner) => {
                self.resident.redirects.insert(loser, winner);
            }
            LoadItem::PutAside(row) => {
                self.resident.put_aside.insert(row.id, *row);
            }
            LoadItem::Outbox(row) => self.outbox.push(*row),
            LoadItem::Seen(..) if is_planted(Mutant::DedupeForgotten) => {}
            LoadItem::Seen(key, at) => self.seen.add(dedupe_key(&key), at),
        }
    }
    fn set_aside(&mut self, uid: ContactUid, reason: String) {
        tracing::error!(contact = uid.0, reason, "a row of the store is damaged and was set aside");
        self.resident.quarantined.push((uid, reason));
    }
    fn take_contact(&mut self, uid: ContactUid, packed: PackedState) {
        self.run();
        let mut state = match packed.open() {
            Ok(state) => state,
            Err(error) => return self.set_aside(uid, error.to_string()),
        };
        let after = Keys::of(&self.resident.builtins, &state);
        // What an older version wrote is held as this one writes it.
        let packed = if packed.is_current() { packed } else { PackedState::pack(&state).unwrap_or(packed) };
        // Timers are not stored: they follow from the state.
        let wake = self.code_for(&state).and_then(|linked| next_wake(&linked, &self.resident.switches, &mut state, self.now));
        self.resident.put(uid, packed, wake);
        self.resident.rekey(&Rekeyed { uid, before: Keys::default(), after });
    }
    /// The last deployment's program runs.
    fn run(&mut self) {
        if std::mem::replace(&mut self.is_linked, true) {
            return;
        }
        let Some(deployment) = self.deployments.last() else { return };
        let (seq, began) = (deployment.seq, deployment.at);
        match self.linked(deployment) {
            Ok(linked) => self.resident.run(Arc::new(linked)),
            Err(error) => self.failure = Some(error),
        }
        let known = self.meta.get(ROLL_OVER).map(|bytes| decode_progress(bytes)).transpose();
        let known = known.unwrap_or_else(|error| {
            self.failure = Some(error.into());
            None
        });
        self.progress = known.filter(|known| known.seq == seq).unwrap_or_else(|| RollOver { seq, began, ..RollOver::default() });
    }
    /// The program that says when a contact wants to be woken. Who is still to be brought under the running one comes soon anyway,
    /// unless that rests.
    fn code_for(&mut self, state: &ContactState) -> Option<Arc<Linked>> {
        let linked = self.resident.linked.clone()?;
        if !state.existing.is_empty() {
            self.pacing.follow(state);
        }
        if is_behind(&linked, state, self.progress.is_resting) {
            self.behind.push((state.accepted_at, state.uid));
        }
        let wanted: Vec<u32> = needed_by(state, &linked).filter(|seq| !self.needed.contains(seq)).collect();
        let linked = if wanted.is_empty() { linked } else { self.link_former(&linked, wanted) };
        if state.deployment == linked.deployment.seq {
            return Some(linked);
        }
        let older = linked.former().iter().find(|older| older.deployment.seq == state.deployment);
        older.filter(|_| self.progress.is_resting).cloned()
    }
    /// The running program, together with further ones by which enrollments go on.
    fn link_former(&mut self, linked: &Linked, wanted: Vec<u32>) -> Arc<Linked> {
        self.needed.extend(wanted);
        let mut former = Vec::new();
        for deployment in self.deployments.iter().filter(|deployment| self.needed.contains(&deployment.seq)) {
            match self.linked(deployment) {
                Ok(older) => former.push(Arc::new(older)),
                Err(error) => self.failure = Some(error),
            }
        }
        let running = Arc::new(Linked::new(linked.program.clone(), linked.deployment.clone()).with_former(former));
        self.resident.linked = Some(running.clone());
        running
    }
    fn link(&self, hash: &[u8; 32]) -> Result<Option<Arc<Linked>>, EngineError> {
        let Some(deployment) = self.deployments.iter().rev().find(|known| known.program == *hash) else { return Ok(None) };
        Ok(Some(Arc::new(self.linked(deployment)?)))
    }
    fn linked(&self, deployment: &Deployment) -> Result<Linked, EngineError> {
        let hash = &deployment.program;
        let image = self.images.get(hash).ok_or_else(|| EngineError::Program("its bytes are missing".to_owned()))?;
        let program: Program = decode(image).map_err(|error| EngineError::Program(error.to_string()))?;
        if crate::bytecode::program_hash(&program) != *hash {
            return Err(EngineError::Program("its bytes do not match its hash".to_owned()));
        }
        Ok(Linked::new(Arc::new(program), deployment.clone()))
    }
    /// The roll-over that was cut short, or that it is done.
    fn rolling(&mut self) -> Rolling {
        let mut behind = std::mem::take(&mut self.behind);
        behind.sort_unstable();
        let mut progress = std::mem::take(&mut self.progress);
        if !behind.is_empty() {
            progress.finished = None;
        }
        let bringing = Bringing { pacing: std::mem::take(&mut self.pacing), is_resting: progress.is_resting };
        let mut rolling = Rolling::new(behind.into_iter().map(|(_, uid)| uid).collect(), bringing, progress);
        rolling.needed = std::mem::take(&mut self.needed);
        rolling
    }
    /// The open effects, each with the program it was decided under.
    fn desk(&mut self, rules: &DeskRules) -> Result<(Desk, Routes), EngineError> {
        let (mut desk, mut routes) = (Desk::new(rules, self.last_commit), Routes::default());
        if let Some(bytes) = self.meta.get(DISABLED) {
            desk.set_disabled(String::from_utf8_lossy(bytes).lines().map(Arc::from).collect());
        }
        let Some(running) = self.resident.linked.clone() else { return Ok((desk, routes)) };
        desk.redeployed(&running);
        let mut known: BTreeSet<[u8; 32]> = [running.deployment.program].into();
        for row in std::mem::take(&mut self.outbox) {
            if known.insert(row.effect.program)
                && let Some(older) = self.link(&row.effect.program)?
            {
                routes.keep(older);
            }
            let lane = lane_of(&routes.of(&running, &row.effect), &row.effect);
            desk.install(lane, row);
        }
        Ok((desk, routes))
    }
}

/// Reads a store in this thread, while another one puts in its place what was read: opening states takes as long as reading them.
fn read(store: &mut dyn Store, clock_now: Instant) -> Result<Opening, EngineError> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Vec<LoadItem>>(READ_AHEAD);
        let worker = scope.spawn(move || {
            let mut opening = Opening { clock_now, now: clock_now, ..Opening::default() };
            receiver.into_iter().flatten().for_each(|item| opening.take(item));
            opening
        });
        let mut chunk = Vec::with_capacity(CHUNK);
        let mut pass_on = |item| {
            chunk.push(item);
            if chunk.len() == CHUNK {
                // The other end goes only with a panic, which is noticed below.
                let _ = sender.send(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK)));
            }
        };
        let loaded = store.load(clock_now.plus_millis(-DEDUPE_MS), &mut pass_on);
        let _ = sender.send(chunk);
        drop(sender);
        let opening = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        loaded.map(|()| opening).map_err(EngineError::Store)
    })
}

/// Loads a store.
pub(crate) fn load(store: &mut dyn Store, rules: &DeskRules, clock_now: Instant) -> Result<Loaded, EngineError> {
    reach(Point::LoadBegun);
    let mut opening = read(store, clock_now)?;
    opening.run();
    if let Some(error) = opening.failure {
        return Err(error);
    }
    let (desk, routes) = opening.desk(rules)?;
    let rolling = opening.rolling();
    let Opening { mut resident, meta, seen, now, .. } = opening;
    resident.roll_over = rolling.progress.clone();
    if let Some(bytes) = meta.get(PACE) {
        resident.pace = decode_pace(bytes)?;
    }
    if let Some(bytes) = meta.get(EXPERIMENTS) {
        resident.experiments = decode_experiments(bytes)?;
    }
    if let Some(bytes) = meta.get(ERASED) {
        resident.erased = Tally::decode(bytes)?;
    }
    reach(Point::LoadDone);
    let thrown = meta.get(THROWN).map(|bytes| decode_thrown(bytes)).transpose()?.unwrap_or_default();
    Ok(Loaded { resident, routes, desk, seen, meta, now, rolling, thrown })
}

/// A value of `meta`, made and kept if there is none.
pub(crate) fn meta_or_make(
    store: &mut dyn Store,
    meta: &mut BTreeMap<String, Vec<u8>>,
    key: &str,
    make: impl FnOnce() -> Vec<u8>,
) -> Result<Vec<u8>, StoreError> {
    if let Some(value) = meta.get(key) {
        return Ok(value.clone());
    }
    let value = make();
    store.set_meta(&[(key, &value)])?;
    meta.insert(key.to_owned(), value.clone());
    Ok(value)
}
