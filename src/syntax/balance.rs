//! Brackets, and cutting a broken file at its declarations. Only files with errors come here: layout never changes what a correct file
//! means, it only keeps an error inside its declaration.

use super::{
    lex::to_usize,
    token::{Kw, Tok, Token},
};
use std::ops::Range;

/// A stretch of tokens with its brackets put right, and what was wrong with them.
pub(super) struct Balanced {
    /// The tokens: stray closers left out, missing `}` put at the end.
    pub tokens: Vec<Token>,
    /// Closers without an opener.
    pub stray: Vec<Token>,
    /// The `{` that is most likely the one never closed.
    pub open_brace: Option<Token>,
    /// `(` and `[` never closed, each with the offset at which that was clear.
    pub open_parens: Vec<(Token, u32)>,
}

struct Open {
    token: Token,
    indent: usize,
}

/// Matches the brackets of `tokens`.
pub(super) fn balance(text: &str, tokens: &[Token]) -> Balanced {
    let mut out = Balanced { tokens: Vec::with_capacity(tokens.len()), stray: Vec::new(), open_brace: None, open_parens: Vec::new() };
    let mut open: Vec<Open> = Vec::new();
    let mut suspect: Option<Token> = None;
    for token in tokens {
        if token.tok.closer().is_some() {
            open.push(Open { token: *token, indent: indent(text, token.start).0 });
        } else if token.tok.is_closer() {
            let Some(opener) = close(&mut open, token, &mut out.open_parens) else {
                out.stray.push(*token);
                continue;
            };
            let (column, is_first) = indent(text, token.start);
            // A brace that stands further left than the line of its opener was meant for another one.
            if is_first && column < opener.indent && suspect.is_none() {
                suspect = Some(opener.token);
            }
        }
        out.tokens.push(*token);
    }
    let end = tokens.last().map_or(0, |t| t.end);
    while let Some(Open { token, .. }) = open.pop() {
        if token.tok == Tok::LBrace {
            out.open_brace = suspect.or(out.open_brace).or(Some(token));
            out.tokens.push(Token { tok: Tok::RBrace, start: end, end });
        } else {
            out.open_parens.push((token, end));
        }
    }
    out
}

/// The opener that `closer` belongs to, taken off the stack with the parentheses above it, which are never closed.
fn close(open: &mut Vec<Open>, closer: &Token, unclosed: &mut Vec<(Token, u32)>) -> Option<Open> {
    let at = open.iter().rposition(|o| o.token.tok.closer() == Some(closer.tok) || (o.token.tok == Tok::LBrace && closer.tok != Tok::RBrace))?;
    // A parenthesis does not reach across a brace.
    if open.get(at).is_some_and(|o| o.token.tok.closer() != Some(closer.tok)) {
        return None;
    }
    unclosed.extend(open.drain(at + 1..).map(|o| (o.token, closer.start)));
    open.pop()
}

/// How far the line of `offset` is indented, and whether nothing but blanks stands before it.
fn indent(text: &str, offset: u32) -> (usize, bool) {
    // Lines of machine-made files can be very long; beyond this nothing is indentation.
    const FAR: usize = 400;
    let offset = to_usize(offset);
    let bytes = text.as_bytes().get(offset.saturating_sub(FAR)..offset).unwrap_or(&[]);
    let line = bytes.rsplit(|b| *b == b'\n').next().unwrap_or(&[]);
    let blanks = line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    (blanks, blanks == line.len())
}

/// The stretches of `tokens` that begin at a declaration word at the start of a line.
pub(super) fn cut(text: &str, tokens: &[Token]) -> Vec<Range<usize>> {
    let mut starts = vec![0];
    let mut depth: usize = 0;
    for (at, token) in tokens.iter().enumerate() {
        let is_column_0 = to_usize(token.start).checked_sub(1).is_none_or(|before| text.as_bytes().get(before) == Some(&b'\n'));
        if at > 0 && is_column_0 && begins_declaration(tokens, at, depth) {
            starts.push(at);
            depth = 0;
        }
        if token.tok == Tok::LBrace {
            depth += 1;
        } else if token.tok == Tok::RBrace {
            depth = depth.saturating_sub(1);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([tokens.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).filter(|range| !range.is_empty()).collect()
}

/// Inside a block, a word that is also a step's begins a declaration only where the step could not go on so.
fn begins_declaration(tokens: &[Token], at: usize, depth: usize) -> bool {
    let tok = |n: usize| tokens.get(at + n).map(|t| t.tok);
    let is_name = |tok: Option<Tok>| matches!(tok, Some(Tok::Ident | Tok::Kw(_)));
    let Some(Tok::Kw(word)) = tok(0) else { return false };
    match word {
        Kw::Project
        | Kw::Use
        | Kw::Contact
        | Kw::Event
        | Kw::Form
        | Kw::Segment
        | Kw::List
        | Kw::Topic
        | Kw::Policy
        | Kw::Sequence
        | Kw::Campaign
        | Kw::Test => true,
        Kw::Email | Kw::Push => depth == 0 || (is_name(tok(1)) && matches!(tok(2), Some(Tok::LBrace | Tok::Kw(Kw::Was)))),
        Kw::Sms => depth == 0 || (is_name(tok(1)) && matches!(tok(2), Some(Tok::Text | Tok::LBrace | Tok::Kw(Kw::Was)))),
        Kw::Webhook => depth == 0 || (is_name(tok(1)) && tok(2) == Some(Tok::LBrace) && tok(4) != Some(Tok::Colon)),
        Kw::Points => depth == 0 || tok(1) == Some(Tok::LBrace) || tok(2) == Some(Tok::LBrace),
        _ => false,
    }
}
