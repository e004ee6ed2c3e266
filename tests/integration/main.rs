//! The one integration binary: every test goes through the front door.
#![allow(missing_docs)]

#[path = "../reference/mod.rs"]
mod oracle;
#[cfg(feature = "proof")]
#[path = "../proof/mod.rs"]
mod proof;

mod agreement;
mod bench;
mod bytecode;
mod cli;
mod committing;
mod compiler;
mod content;
mod daemon;
mod deliver;
mod delivery;
mod examples;
mod format;
mod fuzz;
mod graph;
mod http;
mod language;
mod lower;
mod migrate;
#[cfg(feature = "proof")]
mod proven;
mod readme;
mod reference;
mod semantic;
mod store;
mod stubs;
mod syntax;
mod templates;
mod threats;
mod tidy;
mod ui;
mod zones;
