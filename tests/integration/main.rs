//! The one integration binary: every test goes through the front door, source in, text out.
#![allow(missing_docs)]

mod semantic;
mod syntax;
