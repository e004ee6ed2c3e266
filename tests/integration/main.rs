//! The one integration binary: every test goes through the front door.
#![allow(missing_docs)]

mod content;
mod deliver;
mod stubs;
mod syntax;
mod templates;
mod tidy;
