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
mod deaths;
mod deploy;
mod desk;
mod engine;
mod erasing;
mod identity;
mod ingest;
mod keys;
mod lane;
mod load;
mod metrics;
mod options;
mod outbox;
mod patch;
mod people;
mod pipeline;
mod plan;
mod poison;
mod randomness;
mod recorded;
pub mod reports;
mod resident;
mod routes;
mod seen;
mod settle;
mod shared;
mod suppressions;
mod tally;
mod units;
mod upkeep;
mod view;
mod view_contact;
mod view_now;
mod view_status;
mod words;

pub use crate::migrate::{Depth as PlanDepth, FinishOnOld, Permits as PlanPermits};
pub use clock::{Clock, ManualClock, RealClock};
pub use courier::{Carrier, Carrying, Found};
pub use engine::{Engine, TokenKind};
pub use load::CLOCK;
pub use metrics::{Counter, Metrics, lane_word};
pub use options::{EngineOptions, LinkOptions, OnUnknown, Sending, UnknownPolicy};
pub use plan::PlanAsk;
pub use randomness::{Randomness, SeededRandomness, SystemRandomness};
pub use recorded::{LogReader, submission_of};
pub use suppressions::SuppressionGround;
