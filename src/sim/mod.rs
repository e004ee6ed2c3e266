//! Layer 8: the very `advance` of the daemon on a virtual clock, for `test` blocks for [`forecast`]s over many contacts and for [`replay`]s of real ones.
//!
//! Not here: stores, sockets, real clocks. Nothing leaves the machine.

mod answers;
mod coverage;
mod expect;
pub mod forecast;
mod literal;
pub mod replay;
mod report;
mod runner;
mod trace;
mod world;

pub use coverage::{CampaignCoverage, Place, Trace};
pub use report::{Failure, Happened, Moment, TestReport};
pub use runner::{TestSuite, run_test};
pub use trace::{TraceCall, TraceContact, TraceFacts, TraceLine, trace_test, value_text};
