//! From text to surface tree: tokens, trivia, balance, grammar.
//!
//! Not here: what names mean; that is `semantic`.

pub mod ast;
