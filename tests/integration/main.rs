//! The one integration binary: every test goes through the front door.
#![allow(missing_docs)]

mod bytecode;
mod compiler;
mod lower;
mod content;
mod daemon;
mod deliver;
mod semantic;
mod store;
mod stubs;
mod syntax;
mod templates;
mod tidy;
