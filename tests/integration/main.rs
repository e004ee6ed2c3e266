//! The one integration binary: every test goes through the front door, source in, text out.
#![allow(missing_docs)]

mod syntax;
//! Integration tests: one binary, a module a layer; through the public interface only.

mod content;
mod deliver;
mod stubs;
mod templates;
