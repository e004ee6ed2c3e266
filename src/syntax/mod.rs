//! From text to surface tree: tokens, trivia, balance, grammar.
//!
//! [`parse`] reads a file and never fails; [`lex`] gives tokens to tools. Not here: what names mean; that is `semantic`.

pub mod ast;
mod balance;
mod build;
mod explain;
mod lex;
mod limits;
mod literal;
mod parse;
mod problems;
mod text;
mod token;

pub use lex::{Lexed, lex};
pub use limits::{MAX_FINDINGS, MAX_NESTING, MAX_SOURCE_BYTES};
pub use parse::{parse, parse_with_tokens};
pub use token::{FREE, FUSED, Kw, RESERVED, STATEMENT, Tok, Token};
