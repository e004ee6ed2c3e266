//! The opening: everything the store has becomes resident.

use super::accept::dedupe_key;
use super::api::EngineError;
use super::desk::{Desk, DeskRules};
use super::resident::{Builtins, Person, Resident};
use super::routes::{Routes, lane_of};
use super::tally::{ERASED, Tally};
use crate::advance::next_wake;
use crate::bytecode::{Program, decode};
use crate::lang::Instant;
use crate::machine::state::ContactState;
use crate::machine::{Deployment, Linked};
use crate::store::{LoadItem, OutboxRow, Store, StoreError, decode_experiments, decode_pace};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How long a dedupe key counts.
pub(crate) const DEDUPE_MS: i64 = 72 * 3_600_000;

/// Where `meta` keeps the slots that throttles have given.
pub(crate) const PACE: &str = "pace";

/// Where `meta` keeps the counters of experiments.
pub(crate) const EXPERIMENTS: &str = "experiments";

/// What was loaded.
pub(crate) struct Loaded {
    pub resident: Resident,
    pub routes: Routes,
    pub desk: Desk,
    pub seen: FxHashMap<u128, Instant>,
    pub seen_order: VecDeque<(Instant, u128)>,
    pub meta: BTreeMap<String, Vec<u8>>,
    pub now: Instant,
}

#[derive(Default)]
struct Raw {
    now: Instant,
    meta: BTreeMap<String, Vec<u8>>,
    images: BTreeMap<[u8; 32], Vec<u8>>,
    deployments: Vec<Deployment>,
    states: Vec<ContactState>,
    outbox: Vec<OutboxRow>,
    seen: VecDeque<(Instant, u128)>,
    resident: Resident,
}

impl Raw {
    fn take(&mut self, item: LoadItem) {
        match item {
            LoadItem::Progress(_, now) => self.now = now,
            LoadItem::Meta(key, value) => {
                self.meta.insert(key, value);
            }
            LoadItem::Program(hash, image) => {
                self.images.insert(hash, image);
            }
            LoadItem::Deployment(deployment) => self.deployments.push(*deployment),
            LoadItem::Switches(switches) => self.resident.switches = switches,
            LoadItem::Contact(state) => self.states.push(*state),
            LoadItem::Quarantined(uid, reason) => {
                tracing::error!(contact = uid.0, reason, "a row of the store is damaged and was set aside");
                self.resident.quarantined.push((uid, reason));
            }
            LoadItem::Identity(kind, key, uid) => {
                self.resident.senders.insert((kind, key), uid);
            }
            LoadItem::Redirect(loser, winner) => {
                self.resident.redirects.insert(loser, winner);
            }
            LoadItem::Outbox(row) => self.outbox.push(*row),
            LoadItem::Seen(key, at) => self.seen.push_back((at, dedupe_key(&key))),
        }
    }
    fn link(&self, hash: &[u8; 32]) -> Result<Option<Arc<Linked>>, EngineError> {
        let Some(deployment) = self.deployments.iter().rev().find(|known| known.program == *hash) else { return Ok(None) };
        let image = self.images.get(hash).ok_or_else(|| EngineError::Program("its bytes are missing".to_owned()))?;
        let program: Program = decode(image).map_err(|error| EngineError::Program(error.to_string()))?;
        if crate::bytecode::program_hash(&program) != *hash {
            return Err(EngineError::Program("its bytes do not match its hash".to_owned()));
        }
        Ok(Some(Arc::new(Linked::new(Arc::new(program), deployment.clone()))))
    }
}

/// Loads a store.
pub(crate) fn load(store: &mut dyn Store, rules: DeskRules, clock_now: Instant) -> Result<Loaded, EngineError> {
    let mut raw = Raw::default();
    store.load(clock_now.plus_millis(-DEDUPE_MS), &mut |item| raw.take(item))?;
    let mut routes = Routes::default();
    let running = match raw.deployments.last().map(|deployment| deployment.program) {
        Some(hash) => raw.link(&hash)?,
        None => None,
    };
    for row in &raw.outbox {
        if running.as_ref().is_some_and(|linked| linked.deployment.program != row.effect.program)
            && let Some(older) = raw.link(&row.effect.program)?
        {
            routes.keep(older);
        }
    }
    let now = raw.now.max(clock_now);
    let mut resident = std::mem::take(&mut raw.resident);
    if let Some(bytes) = raw.meta.get(PACE) {
        resident.pace = decode_pace(bytes)?;
    }
    if let Some(bytes) = raw.meta.get(EXPERIMENTS) {
        resident.experiments = decode_experiments(bytes)?;
    }
    if let Some(bytes) = raw.meta.get(ERASED) {
        resident.erased = Tally::decode(bytes)?;
    }
    resident.builtins = running.as_ref().map(|linked| Builtins::new(linked)).unwrap_or_default();
    resident.contacts.reserve(raw.states.len());
    for mut state in raw.states {
        // Timers are not stored: they follow from the state.
        let wake = running.as_ref().and_then(|linked| next_wake(linked, &resident.switches, &mut state, now));
        resident.install(Arc::new(state), wake);
    }
    let mut desk = Desk::new(rules);
    if let Some(running) = &running {
        for row in raw.outbox {
            let lane = lane_of(&routes.of(running, &row.effect), &row.effect);
            desk.install(lane, row, now);
        }
    }
    resident.linked = running;
    let seen = raw.seen.iter().map(|(at, key)| (*key, *at)).collect();
    Ok(Loaded { resident, routes, desk, seen, seen_order: raw.seen, meta: raw.meta, now })
}

impl Resident {
    /// All contacts, by number.
    pub fn uids(&self) -> Vec<crate::machine::state::ContactUid> {
        let mut uids: Vec<_> = self.contacts.keys().copied().collect();
        uids.sort_unstable();
        uids
    }
    /// A contact in memory.
    pub fn person(&self, uid: crate::machine::state::ContactUid) -> Option<&Person> {
        self.contacts.get(&self.canonical(uid))
    }
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
