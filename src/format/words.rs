//! Tokens as they are written: fused ones taken apart, durations and times in their short form.
//!
//! Not here: blocks of text, whose indentation depends on where they come to stand (`layout.rs`).

use crate::syntax::{Tok, Token};
use std::borrow::Cow;
use unicode_width::UnicodeWidthStr;

/// A word of the output.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    /// What it is; both words of a fused keyword are that keyword.
    pub tok: Tok,
    /// First byte in the source.
    pub start: u32,
    /// One past its last byte in the source.
    pub end: u32,
    /// What is written.
    pub text: Cow<'a, str>,
    /// Columns; of a text over several lines those of its first.
    pub width: u32,
    /// Whether it is a `"""…"""` over several lines.
    pub is_block: bool,
    /// Whether it stands on another line of the source than the word before.
    pub is_first: bool,
}

/// The words of `text`.
pub(super) fn words<'a>(text: &'a str, tokens: &[Token]) -> Vec<Word<'a>> {
    let mut words = Vec::with_capacity(tokens.len() + 8);
    for token in tokens {
        let slice = text.get(offset(token.start)..offset(token.end)).unwrap_or("");
        match token.tok {
            Tok::Kw(_) => keyword(slice, token, &mut words),
            Tok::Text => words.push(literal(slice, token)),
            Tok::Duration => words.push(word(token, duration(slice))),
            Tok::BusinessDays => words.push(word(token, business_days(slice))),
            Tok::Time => words.push(word(token, time(slice))),
            Tok::DateTime => words.push(word(token, date_time(slice))),
            _ => words.push(word(token, Cow::Borrowed(slice))),
        }
    }
    let mut end = 0;
    for word in &mut words {
        word.is_first = text.get(end..offset(word.start)).is_some_and(|between| between.contains('\n'));
        end = offset(word.end);
    }
    words
}

fn offset(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// The columns of a text on one line.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn word<'a>(token: &Token, text: Cow<'a, str>) -> Word<'a> {
    let width = small(width(&text));
    Word { tok: token.tok, start: token.start, end: token.end, text, width, is_block: false, is_first: false }
}

/// A keyword; of two that are read as one each, for a comment may stand between them.
fn keyword<'a>(slice: &'a str, token: &Token, words: &mut Vec<Word<'a>>) {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (Some(first), Some(last)) = (slice.find(|c| !is_letter(c)), slice.rfind(|c| !is_letter(c))) else {
        words.push(word(token, Cow::Borrowed(slice)));
        return;
    };
    let (head, tail) = (slice.get(..first).unwrap_or(""), slice.get(last + 1..).unwrap_or(""));
    words.push(word(&Token { end: token.start + small(head.len()), ..*token }, Cow::Borrowed(head)));
    words.push(word(&Token { start: token.end - small(tail.len()), ..*token }, Cow::Borrowed(tail)));
}

fn literal<'a>(slice: &'a str, token: &Token) -> Word<'a> {
    match slice.find('\n') {
        Some(at) => Word { width: small(width(slice.get(..at).unwrap_or("").trim_end())), is_block: true, ..word(token, Cow::Borrowed(slice)) },
        None => word(token, Cow::Borrowed(slice)),
    }
}

/// `15m` and `15 minutes` as `15min`; what is in short form stays borrowed.
fn duration(slice: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(slice.len());
    let mut rest = slice;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (count, tail) = rest.split_at_checked(digits).unwrap_or((rest, ""));
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, after) = tail.split_at_checked(letters).unwrap_or((tail, ""));
        if unit.is_empty() {
            return Cow::Borrowed(slice);
        }
        out.push_str(count);
        out.push_str(short_unit(unit));
        rest = after;
    }
    if out == slice { Cow::Borrowed(slice) } else { Cow::Owned(out) }
}

fn short_unit(unit: &str) -> &str {
    match unit {
        "second" | "seconds" => "s",
        "m" | "minute" | "minutes" => "min",
        "hour" | "hours" => "h",
        "day" | "days" => "d",
        "week" | "weeks" => "w",
        "month" | "months" => "mo",
        "year" | "years" => "y",
        other => other,
    }
}

/// `3   business day` as `3 business days`.
fn business_days(slice: &str) -> Cow<'_, str> {
    let count = slice.split_whitespace().next().unwrap_or("");
    let out = format!("{count} business day{}", if count == "1" { "" } else { "s" });
    if out == slice { Cow::Borrowed(slice) } else { Cow::Owned(out) }
}

/// `9:00` as `09:00`.
fn time(slice: &str) -> Cow<'_, str> {
    if slice.find(':') == Some(1) { Cow::Owned(format!("0{slice}")) } else { Cow::Borrowed(slice) }
}

/// `2026-12-24T9:00` as `2026-12-24 09:00`.
fn date_time(slice: &str) -> Cow<'_, str> {
    const DAY: usize = "2026-12-24".len();
    let (day, rest) = slice.split_at_checked(DAY).unwrap_or((slice, ""));
    let out = format!("{day} {}", time(rest.trim_start_matches([' ', '\t', 'T'])));
    if out == slice { Cow::Borrowed(slice) } else { Cow::Owned(out) }
}
