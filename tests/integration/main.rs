//! The one integration binary: every test goes through the front door.
#![allow(missing_docs)]

mod bytecode;
mod compiler;
mod lower;
mod content;
mod deliver;
mod stubs;
mod semantic;
mod syntax;
mod templates;
