//! Counters of what the engine did since it started: plain atomics, read by status and metrics pages.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident)+) => {
        /// The counters.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $($(#[$doc])* pub $name: Counter,)+
        }
        impl Metrics {
            /// All of them by name.
            #[must_use]
            pub fn snapshot(&self) -> BTreeMap<&'static str, u64> {
                BTreeMap::from([$((stringify!($name), self.$name.get()),)+])
            }
        }
    };
}

/// One counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.add(1);
    }
    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
    /// So many more.
    pub fn add_len(&self, count: usize) {
        self.add(u64::try_from(count).unwrap_or(u64::MAX));
    }
    /// How many.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

counters! {
    /// Submissions that were taken.
    accepted
    /// Submissions whose dedupe key was known.
    duplicates
    /// Submissions that were not taken.
    rejected
    /// Calls that were turned away because too much waited.
    busy
    /// Events that nobody declared.
    undeclared
    /// Values that did not convert to their declared type.
    type_errors
    /// Contacts that came into being.
    created
    /// Contacts that went up in another one.
    merged
    /// Addresses that two known users share.
    shared_addresses
    /// Timers that were run.
    wakes
    /// Committed batches.
    commits
    /// Commits that failed.
    commit_failures
    /// Attempts begun.
    attempts
    /// Effects the provider took.
    delivered
    /// Effects refused for good.
    failed
    /// Attempts that are to be made again.
    retried
    /// Attempts whose outcome is unknown.
    unknown
    /// Inputs that were put aside because they cannot be committed.
    quarantined
}
