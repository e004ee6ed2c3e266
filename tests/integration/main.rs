//! The one integration binary: every test goes through the front door.
#![allow(missing_docs)]

mod bytecode;
mod content;
mod deliver;
mod lower;
mod stubs;
mod semantic;
mod syntax;
mod templates;
mod tidy;
