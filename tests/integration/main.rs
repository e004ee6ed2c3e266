//! The one integration binary: every test goes through the front door.
#![allow(missing_docs)]

mod bench;
mod bytecode;
mod cli;
mod content;
mod deliver;
mod http;
mod lower;
mod stubs;
mod semantic;
mod syntax;
mod templates;
mod tidy;
