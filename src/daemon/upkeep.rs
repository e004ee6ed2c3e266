//! What is done for the store beside batches: the tables are swept once nobody asks for anything, and events that are too old are let go.
//! Under load the committing thread sweeps a slot for each input, after each commit (`pipeline`).

use super::api::SubmitError;
use super::batcher::{Batcher, Command};
use super::load::DEDUPE_MS;
use crate::lang::Instant;
use crate::store::{StoreError, Sweep, Swept};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Nobody has asked for anything for so long: the sweep may take the thread.
const QUIET: Duration = Duration::from_millis(200);
/// Contacts that are swept before the thread looks again whether somebody asks.
const CONTACTS_AT_ONCE: usize = 500;
/// How long the last sweep may take when the engine ends; what is left is found in the log by the next start.
const LAST_SWEEP: Duration = Duration::from_secs(10);
/// How often old events are looked for.
const FORGET_EVERY_MS: i64 = 600_000;

/// Where the upkeep stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upkeep {
    /// How long events are kept; none is for ever.
    pub keep_ms: Option<i64>,
    rest: Rest,
    forget_at: Instant,
}

/// What is left to be swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// Something, when it is quiet.
    Some,
    /// It is quiet, and more is left.
    More,
}

impl Upkeep {
    /// At the opening nobody knows what a former process has left.
    pub fn new(keep_ms: Option<i64>) -> Upkeep {
        Upkeep { keep_ms: keep_ms.map(|keep| keep.max(DEDUPE_MS)), rest: Rest::Some, forget_at: Instant(i64::MIN) }
    }
    /// Batches come: what they leave is swept when it is quiet again.
    pub fn begin_load(&mut self) {
        self.rest = Rest::Some;
    }
    /// How long the thread may wait for somebody who asks.
    pub fn pause(&self, longest: Duration) -> Duration {
        match self.rest {
            Rest::Nothing => longest,
            Rest::Some => longest.min(QUIET),
            Rest::More => Duration::ZERO,
        }
    }
}

impl Batcher {
    /// Nobody asks for anything.
    pub(super) fn sweep_idle(&mut self) {
        // The store is the committing thread's while it commits.
        if self.flight.is_some() {
            return;
        }
        if self.upkeep.rest != Rest::Nothing {
            let swept = self.store.sweep(Sweep::Contacts(CONTACTS_AT_ONCE));
            self.note_upkeep(swept);
        }
        self.forget_old();
    }
    fn note_upkeep(&mut self, swept: Result<Swept, StoreError>) {
        self.upkeep.rest = match swept {
            Ok(Swept::All) => Rest::Nothing,
            Ok(Swept::More) => Rest::More,
            Err(error) => {
                tracing::warn!(%error, "the tables of the store could not be brought up to its log; it is tried again");
                if error.is_fatal() {
                    self.shared.failure.send_replace(Some(Arc::new(error)));
                }
                Rest::Some
            }
        };
    }
    fn forget_old(&mut self) {
        let Some(keep) = self.upkeep.keep_ms else { return };
        let now = self.shared.clock.now();
        if now < self.upkeep.forget_at {
            return;
        }
        let forgotten = self.store.forget_before(now.plus_millis(-keep));
        if !matches!(forgotten, Ok(Swept::More)) {
            self.upkeep.forget_at = now.plus_millis(FORGET_EVERY_MS);
        }
        if let Err(error) = forgotten {
            self.note_upkeep(Err(error));
        }
    }
    /// Answers everybody who still waits, and ends. An engine that was drained leaves nothing to be swept, if there is time.
    pub(super) fn end(mut self) {
        self.land();
        self.shared.is_closing.store(true, Ordering::Release);
        let failure = self.shared.failure.borrow().clone();
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Submit { reply, .. } = command {
                let error = failure.clone().map_or(SubmitError::Closed, SubmitError::Store);
                let _ = reply.send(Err(error));
            }
        }
        let began = std::time::Instant::now();
        while self.waiting.is_drained && failure.is_none() && self.upkeep.rest != Rest::Nothing && began.elapsed() < LAST_SWEEP {
            let swept = self.store.sweep(Sweep::Contacts(CONTACTS_AT_ONCE));
            let is_failed = swept.is_err();
            self.note_upkeep(swept);
            if is_failed {
                return;
            }
        }
    }
}
