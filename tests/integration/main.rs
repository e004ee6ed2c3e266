//! Integration tests: one binary, a module a layer; through the public interface only.

mod content;
mod deliver;
mod stubs;
mod templates;
