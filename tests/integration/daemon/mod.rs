//! The engine, in process: a small program, a manual clock, a carrier that does what a test says.

mod asides;
mod changes;
mod delivering;
mod deploying;
mod edits;
mod flow;
mod holding;
mod identities;
mod people;
mod pipeline;
pub mod rig;
mod rolling;
mod running;
mod sending;
mod timing;
