//! The lexer: a text as tokens, and beside them its comments. It never stops: what is wrong is a finding, and the nearest sensible
//! token takes its place.
//!
//! Not here: whether brackets match (`balance.rs`), or nesting (`limits.rs`).

use super::{
    ast::{Comment, Doc},
    limits, literal, problems, text,
    token::{Kw, Tok, Token},
};
use crate::{
    base::{FileId, Span},
    diagnostics::{Diagnostic, Sink},
};
use logos::Logos;
use std::sync::Arc;

/// A text as tokens, with what is beside them.
#[derive(Clone, Debug, Default)]
pub struct Lexed {
    /// The tokens, in order, words fused.
    pub tokens: Vec<Token>,
    /// Every comment, in order.
    pub comments: Vec<Comment>,
    /// Doc comments by the offset of the token they stand before, in order.
    pub docs: Vec<(u32, Doc)>,
    /// Where a lexical error may have upset what follows, in order.
    pub upset: Vec<u32>,
    /// Where strings begin that are never closed.
    pub unclosed: Vec<u32>,
}

/// Reads `text`; lexical findings go to `sink`.
pub fn lex(file: FileId, text: &str, sink: &mut Sink) -> Lexed {
    let has_hidden = text.bytes().any(is_hidden_byte);
    let mut reader = Reader { file, text, sink, out: Lexed::default(), pending_doc: None, reported: 0, stray_end: 0, has_hidden };
    reader.run();
    let mut out = reader.out;
    fuse(text, &mut out.tokens);
    out
}

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    sink: &'a mut Sink,
    out: Lexed,
    pending_doc: Option<(Span, String)>,
    reported: usize,
    /// Where the last stray character ended: those right behind it are the same finding.
    stray_end: u32,
    /// Whether there may be characters that cannot be seen.
    has_hidden: bool,
}

/// A byte with which a character begins that cannot be seen, among others.
fn is_hidden_byte(byte: u8) -> bool {
    (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0)) || matches!(byte, 0x7f | 0xc2 | 0xe2)
}

/// Control characters, and those that turn the direction of what follows: what is read is not what is there.
fn is_hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\0')) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl<'a> Reader<'a> {
    fn run(&mut self) {
        let mut lexer = Tok::lexer(self.text);
        while let Some(tok) = lexer.next() {
            let span = lexer.span();
            match tok {
                Ok(Tok::Quote) => {
                    let extent = text::extent(self.text.get(span.start..).unwrap_or(""));
                    lexer.bump(extent.len.saturating_sub(span.len()));
                    self.string(self.at(span.start, span.start + extent.len), extent.is_closed);
                }
                Ok(Tok::SlashStar) => {
                    let rest = lexer.remainder();
                    let len = rest.find("*/").map_or(rest.len(), |at| at + 2);
                    lexer.bump(len);
                    self.report(problems::block_comment(self.at(span.start, lexer.span().end)));
                }
                Ok(tok) => self.token(tok, self.at(span.start, span.end)),
                Err(()) => self.stray(self.at(span.start, span.end)),
            }
        }
    }

    fn at(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    fn push(&mut self, tok: Tok, span: Span) {
        if let Some((doc_span, text)) = self.pending_doc.take() {
            self.out.docs.push((span.start, Doc { span: doc_span, text: Arc::from(text) }));
        }
        self.out.tokens.push(Token { tok, start: span.start, end: span.end });
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or("")
    }

    fn token(&mut self, tok: Tok, span: Span) {
        match tok {
            Tok::Comment => self.comment(span),
            Tok::Number | Tok::Percent => self.checked(tok, span, |t| literal::number(t.trim_end_matches('%')).is_some(), problems::number_too_large),
            Tok::Duration => self.checked(tok, span, |t| literal::duration(t).is_some(), problems::number_too_large),
            Tok::Date => self.checked(tok, span, |t| literal::date(t).is_some(), problems::no_such_day),
            Tok::Time => self.checked(tok, span, |t| literal::time(t).is_some(), problems::no_such_time),
            Tok::DateTime => self.date_time(span),
            Tok::BadNumber => {
                let finding = problems::bad_number(self.slice(span), span);
                self.upset(finding, span);
                self.push(Tok::Number, span);
            }
            Tok::ForeignWord => {
                let finding = problems::foreign_word(self.slice(span), span);
                self.upset(finding, span);
                self.push(Tok::Ident, span);
            }
            Tok::SingleQuoted => {
                let finding = problems::single_quotes(self.slice(span), span);
                self.report(finding);
                self.push(Tok::Text, span);
            }
            Tok::AndAnd => self.instead(Tok::Kw(Kw::And), span),
            Tok::OrOr => self.instead(Tok::Kw(Kw::Or), span),
            Tok::Bang => self.instead(Tok::Kw(Kw::Not), span),
            Tok::Diamond => self.instead(Tok::Ne, span),
            Tok::TripleEq => self.instead(Tok::Eq, span),
            Tok::Semicolon => self.report(problems::semicolon(span)),
            Tok::HashComment => self.report(problems::hash_comment(span)),
            other => self.push(other, span),
        }
    }

    /// A token whose text may have no value.
    fn checked(&mut self, tok: Tok, span: Span, is_good: fn(&str) -> bool, problem: fn(&str, Span) -> Diagnostic) {
        if !is_good(self.slice(span)) {
            let finding = problem(self.slice(span), span);
            self.report(finding);
        }
        self.push(tok, span);
    }

    fn date_time(&mut self, span: Span) {
        let slice = self.slice(span);
        let (day, time_at) = literal::split_date_time(slice);
        let time = slice.get(time_at..).unwrap_or("");
        if literal::date(day).is_none() {
            let end = span.range().start + day.len();
            let finding = problems::no_such_day(day, self.at(span.range().start, end));
            self.report(finding);
        } else if literal::time(time).is_none() {
            let finding = problems::no_such_time(time, self.at(span.range().start + time_at, span.range().end));
            self.report(finding);
        }
        self.push(Tok::DateTime, span);
    }

    /// A sign of another language whose meaning is clear.
    fn instead(&mut self, tok: Tok, span: Span) {
        let ours = match tok {
            Tok::Kw(word) => word.as_str(),
            Tok::Ne => "!=",
            _ => "==",
        };
        let finding = problems::other_sign(self.slice(span), ours, span);
        self.report(finding);
        self.push(tok, span);
    }

    /// The first character of a text or comment that cannot be seen.
    fn hidden(&mut self, span: Span) {
        if !self.has_hidden {
            return;
        }
        if let Some((at, c)) = self.slice(span).char_indices().find(|(_, c)| is_hidden(*c)) {
            let start = span.range().start + at;
            let finding = problems::hidden_character(c, self.at(start, start + c.len_utf8()));
            self.report(finding);
        }
    }

    fn string(&mut self, span: Span, is_closed: bool) {
        self.hidden(span);
        let slice = self.slice(span);
        let is_block = slice.starts_with("\"\"\"");
        if !is_closed {
            let finding = if is_block { problems::unclosed_block(self.at(span.range().start, span.range().start + 3)) } else { problems::unclosed_text(span) };
            self.out.unclosed.push(span.start);
            self.upset(finding, span);
        } else if !is_block && slice.contains('\\') {
            let escapes = text::decode(slice, span.start).bad_escapes;
            let found: Vec<_> = escapes
                .into_iter()
                .map(|range| {
                    problems::unknown_escape(slice.get(range.clone()).unwrap_or(""), self.at(span.range().start + range.start, span.range().start + range.end))
                })
                .collect();
            found.into_iter().for_each(|finding| self.report(finding));
        }
        self.push(Tok::Text, span);
    }

    fn stray(&mut self, span: Span) {
        if span.start != self.stray_end || span.start == 0 {
            let finding = problems::stray_character(self.slice(span), span);
            self.upset(finding, span);
        }
        self.stray_end = span.end;
    }

    fn upset(&mut self, finding: Diagnostic, span: Span) {
        self.out.upset.push(span.start);
        self.report(finding);
    }

    fn report(&mut self, finding: Diagnostic) {
        self.reported += 1;
        if self.reported <= limits::MAX_FINDINGS {
            self.sink.push(finding);
        }
    }

    fn comment(&mut self, span: Span) {
        let slice = self.slice(span).trim_end();
        let span = Span::new(self.file, span.range().start, span.range().start + slice.len());
        self.hidden(span);
        // `////…` is a ruler, not documentation.
        let doc = slice.strip_prefix("///").filter(|rest| !rest.starts_with('/')).map(|rest| rest.strip_prefix(' ').unwrap_or(rest));
        let before = self.text.get(..span.range().start).unwrap_or("");
        let is_own_line = before.trim_end_matches([' ', '\t']).chars().next_back().is_none_or(|c| matches!(c, '\n' | '\r'));
        let is_doc = doc.is_some();
        if let Some(line) = doc {
            self.pending_doc = Some(match self.pending_doc.take() {
                Some((first, text)) => (first.to(span), text + "\n" + line),
                None => (span, line.to_string()),
            });
        }
        self.out.comments.push(Comment { span, is_doc, is_own_line });
    }
}

/// Makes one token of words that belong together: `15 minutes`, `3 business days`, `in last`; in place.
fn fuse(text: &str, tokens: &mut Vec<Token>) {
    let mut kept = 0;
    let mut at = 0;
    while let Some(&token) = tokens.get(at) {
        let mut taken = 1;
        let mut made = token;
        if token.tok == Tok::Number {
            if let Some((tok, count)) = unit_after(text, tokens, at) {
                taken = count;
                let end = tokens.get(at + count - 1).map_or(token.end, |last| last.end);
                made = Token { tok, start: token.start, end };
            }
        } else if let Tok::Kw(word) = token.tok {
            let is_property = kept > 0 && tokens.get(kept - 1).is_some_and(|t| t.tok == Tok::Dot);
            let next = tokens.get(at + 1).filter(|_| !is_property);
            if word == Kw::At && next.is_some_and(|t| t.tok == Tok::Text) {
                made.tok = Tok::AtAddress;
            } else if matches!(word, Kw::Expect | Kw::If | Kw::In)
                && let Some(second) = next.filter(|t| is_word(t.tok))
                && let Some(both) = Kw::fuse(word, text.get(to_usize(second.start)..to_usize(second.end)).unwrap_or(""))
            {
                made = Token { tok: Tok::Kw(both), start: token.start, end: second.end };
                taken = 2;
            }
        }
        if let Some(slot) = tokens.get_mut(kept) {
            *slot = made;
        }
        kept += 1;
        at += taken;
    }
    tokens.truncate(kept);
}

/// The unit after a whole number: as whole words, on one line, and not before `:` (a field called `day`).
fn unit_after(text: &str, tokens: &[Token], at: usize) -> Option<(Tok, usize)> {
    let slice = |token: &Token| text.get(to_usize(token.start)..to_usize(token.end)).unwrap_or("");
    let number = tokens.get(at)?;
    let unit = tokens.get(at + 1).filter(|t| is_word(t.tok))?;
    let same_line = |a: &Token, b: &Token| text.get(to_usize(a.end)..to_usize(b.start)).is_some_and(|gap| gap.bytes().all(|c| c == b' ' || c == b'\t'));
    let is_key = |after: usize| tokens.get(after).is_some_and(|t| t.tok == Tok::Colon);
    if !slice(number).bytes().all(|c| c.is_ascii_digit()) || !same_line(number, unit) {
        return None;
    }
    if literal::UNIT_WORDS.contains(&slice(unit)) && !is_key(at + 2) {
        return Some((Tok::Duration, 2));
    }
    let day = tokens.get(at + 2)?;
    let is_business = slice(unit) == "business" && matches!(slice(day), "day" | "days") && same_line(unit, day) && !is_key(at + 3);
    is_business.then_some((Tok::BusinessDays, 3))
}

fn is_word(tok: Tok) -> bool {
    matches!(tok, Tok::Ident | Tok::Kw(_))
}

/// An offset as an index.
pub(super) fn to_usize(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
