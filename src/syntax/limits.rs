//! Limits of what is parsed at all: size, and nesting, which is counted on the tokens so that no tree deeper than it is ever built.

use super::token::{Kw, Tok, Token};

/// The largest source in bytes.
pub const MAX_SOURCE_BYTES: usize = 16 * 1024 * 1024;
/// The deepest nesting of brackets, `if`s, `not`s, signs and chained operators together.
pub const MAX_NESTING: usize = 128;
/// The most conditions that one expression may join with `and` and `or` outside of brackets of its own.
pub const MAX_JOINED: usize = 1_000;

/// Lexical and syntactic findings of one file beyond this many, each, are not looked for.
pub const MAX_FINDINGS: usize = 300;

/// One open bracket and what nests inside it without brackets.
#[derive(Default)]
struct Frame {
    /// `if`s of the present chain (`… then if`, `… else if`).
    ifs: usize,
    /// Operators of the present expression.
    operators: usize,
    /// Conditions that the present expression joins with `and` and `or`: side by side, so they are no nesting.
    joined: usize,
}

impl Frame {
    /// Another expression begins.
    fn begin(&mut self) {
        self.operators = 0;
        self.joined = 0;
    }
    fn weight(&self) -> usize {
        1 + self.ifs + self.operators
    }
}

/// The first token at which nesting is deeper than [`MAX_NESTING`], or an expression longer than [`MAX_JOINED`] conditions.
pub(super) fn too_deep(tokens: &[Token]) -> Option<Token> {
    let mut open: Vec<Frame> = Vec::new();
    let mut outer = 0;
    let mut here = Frame::default();
    let mut previous: Option<Tok> = None;
    for token in tokens {
        if token.tok.closer().is_some() {
            outer += here.weight();
            open.push(std::mem::take(&mut here));
        } else if token.tok.is_closer() {
            if let Some(frame) = open.pop() {
                here = frame;
                outer -= here.weight();
            }
        } else {
            count(&mut here, token.tok, previous);
        }
        if outer + here.weight() > MAX_NESTING || here.joined > MAX_JOINED {
            return Some(*token);
        }
        previous = Some(token.tok);
    }
    None
}

fn count(here: &mut Frame, tok: Tok, previous: Option<Tok>) {
    let after_operand = previous.is_some_and(Tok::ends_operand);
    match tok {
        Tok::Kw(Kw::If) => {
            let is_chained = matches!(previous, Some(Tok::Kw(Kw::Then | Kw::Else)));
            here.ifs = if is_chained { here.ifs + 1 } else { 1 };
            here.begin();
        }
        Tok::Plus | Tok::Minus | Tok::Star | Tok::Slash | Tok::Kw(Kw::Not | Kw::Ever | Kw::InLast) => here.operators += 1,
        Tok::Kw(Kw::And | Kw::Or) => {
            here.operators = 0;
            here.joined += 1;
        }
        Tok::Kw(Kw::Then | Kw::Else) | Tok::Comma | Tok::Assign | Tok::Colon => here.begin(),
        Tok::Dot => {}
        // Two operands side by side: another expression, or another statement, has begun.
        _ if after_operand && !matches!(previous, Some(Tok::Kw(Kw::Not | Kw::InLast))) => here.begin(),
        _ => {}
    }
}
