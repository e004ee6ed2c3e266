//! Camp: a language for marketing campaigns, and the engine that runs them.
//!
//! The layers, from the bottom up, and what each may import, stand in `docs/ARCHITECTURE.md`; a test enforces the table.

pub mod advance;
pub mod base;
pub mod bytecode;
pub mod cli;
pub mod compiler;
pub mod content;
pub mod daemon;
pub mod deliver;
pub mod diagnostics;
pub mod format;
pub mod graph;
pub mod http;
pub mod lang;
pub mod library;
pub mod lower;
pub mod machine;
pub mod migrate;
pub mod proof;
pub mod semantic;
pub mod sim;
pub mod store;
pub mod syntax;
pub mod template;
