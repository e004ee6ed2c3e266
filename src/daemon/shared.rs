//! What the batching thread and everybody else share.

use super::api::StreamEvent;
use super::clock::Clock;
use super::counting::Counting;
use super::desk::Census;
use super::metrics::Metrics;
use super::options::Sending;
use super::resident::Resident;
use crate::machine::Linked;
use crate::store::{StoreError, StoreReader};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What is shared.
pub(crate) struct Shared {
    pub resident: RwLock<Resident>,
    pub reader: Arc<dyn StoreReader>,
    pub clock: Arc<dyn Clock>,
    pub metrics: Metrics,
    /// Whether effects are handed over.
    pub sending: Sending,
    pub stream: tokio::sync::broadcast::Sender<Arc<StreamEvent>>,
    /// Submissions that wait for their commit, and their bytes.
    pub waiting: AtomicUsize,
    pub waiting_bytes: AtomicUsize,
    pub is_closing: AtomicBool,
    /// The last commit found the disk full.
    pub is_short_of_space: AtomicBool,
    /// The next number of what is put aside.
    pub numbers: AtomicU64,
    /// Why the engine can go on no more.
    pub failure: tokio::sync::watch::Sender<Option<Arc<StoreError>>>,
    /// Endpoints that are not called, as of the last commit.
    pub disabled_endpoints: Mutex<Vec<Arc<str>>>,
    /// What was counted over everybody, when somebody asked last.
    pub counting: Mutex<Counting>,
    /// Open effects as numbers, as of the last commit.
    pub outbox_census: Mutex<Census>,
}

impl Shared {
    pub fn read(&self) -> RwLockReadGuard<'_, Resident> {
        // States are replaced whole, after their commit; a panic elsewhere leaves none half changed.
        self.resident.read().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn write(&self) -> RwLockWriteGuard<'_, Resident> {
        self.resident.write().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn linked(&self) -> Option<Arc<Linked>> {
        self.read().linked.clone()
    }
    pub fn census(&self) -> MutexGuard<'_, Census> {
        self.outbox_census.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn leave_queue(&self, items: usize, bytes: usize) {
        self.waiting.fetch_sub(items, Ordering::AcqRel);
        self.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
    }
}
