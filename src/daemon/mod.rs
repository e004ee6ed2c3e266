//! Layer 10: the running engine: one thread that batches, advances and commits; resident states; timers; the outbox; deploys; the clock.
//!
//! [`Engine`] is the handle that doors hold. Programs come in compiled: the compiler is never called from here.

mod accept;
pub mod api;
mod batch;
mod batcher;
mod body;
mod clock;
mod commit;
mod courier;
mod deploy;
mod desk;
mod engine;
mod erasing;
mod identity;
mod ingest;
mod keys;
mod load;
mod metrics;
mod options;
mod patch;
mod people;
mod pipeline;
mod plan;
mod recorded;
pub mod reports;
mod resident;
mod routes;
mod seen;
mod settle;
mod shared;
mod suppressions;
mod tally;
mod view;
mod view_contact;
mod view_now;
mod view_status;

pub use crate::migrate::{Depth as PlanDepth, FinishOnOld, Permits as PlanPermits};
pub use clock::{Clock, ManualClock, RealClock};
pub use courier::{Carrier, Carrying};
pub use engine::{Engine, TokenKind};
pub use load::CLOCK;
pub use metrics::{Counter, Metrics, lane_word};
pub use options::{EngineOptions, LinkOptions, OnUnknown, UnknownPolicy};
pub use plan::PlanAsk;
pub use recorded::{LogReader, submission_of};
pub use suppressions::SuppressionGround;

/// Bytes nobody can guess, fetched for many at once: each call of the system costs as much as an id.
#[derive(Debug, Default)]
pub(crate) struct Entropy {
    bytes: Vec<u8>,
    fetched: usize,
}

impl Entropy {
    /// The next bytes.
    pub fn take<const N: usize>(&mut self) -> [u8; N] {
        if self.bytes.len() < N {
            // A batch of one asks for little, one of a thousand seldom.
            self.fetched = (2 * self.fetched).clamp(64, 4_096);
            self.bytes.resize(self.fetched, 0);
            fill(&mut self.bytes);
        }
        let rest = self.bytes.len().saturating_sub(N);
        let mut taken = [0; N];
        taken.iter_mut().zip(self.bytes.drain(rest..)).for_each(|(slot, byte)| *slot = byte);
        taken
    }
}

/// Bytes nobody can guess. The system's source cannot fail on the systems we run on; if it did, ids would be equal and clash, not be lost.
fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

fn fill(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        tracing::error!(%error, "the system gives no randomness");
    }
}
