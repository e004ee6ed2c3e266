//! Layer 8: the very `advance` of the daemon on a virtual clock, for `test` blocks.
//!
//! Not here: stores, sockets, real clocks. Nothing leaves the machine.

mod expect;
mod literal;
mod report;
mod runner;
mod world;

pub use report::{Failure, TestReport};
pub use runner::{TestSuite, run_test};
