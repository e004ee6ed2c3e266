//! Camp: a language for marketing campaigns, and the engine that runs them.
//!
//! The layers, from the bottom up, and what each may import, stand in `docs/ARCHITECTURE.md`; a test enforces the table.

pub mod base;
pub mod lang;
pub mod bytecode;
pub mod diagnostics;
pub mod library;
pub mod syntax;
pub mod template;
pub mod semantic;
pub mod lower;
