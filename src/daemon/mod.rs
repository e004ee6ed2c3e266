//! Layer 10: the running engine: one thread that batches, advances and commits; resident states; timers; the outbox; deploys; the clock.
//!
//! [`Engine`] is the handle that doors hold. Programs come in compiled: the compiler is never called from here.

mod accept;
pub mod api;
mod batch;
mod batcher;
mod clock;
mod commit;
mod courier;
mod deploy;
mod desk;
mod engine;
mod identity;
mod ingest;
mod keys;
mod load;
mod metrics;
mod options;
mod patch;
mod people;
mod pipeline;
mod resident;
mod routes;
mod settle;
mod shared;
mod tally;
mod view;
mod view_contact;

pub use clock::{Clock, ManualClock, RealClock};
pub use courier::{Carrier, Carrying};
pub use engine::{Engine, TokenKind};
pub use metrics::{Counter, Metrics};
pub use options::{EngineOptions, LinkOptions, OnUnknown, UnknownPolicy};

/// Bytes nobody can guess. The system's source cannot fail on the systems we run on; if it did, ids would be equal and clash, not be lost.
fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "the system gives no randomness");
    }
    bytes
}
