//! The second mode of the lexer: the inside of a string, from its quote to its end, and its value with the way back to the source.
//!
//! Not here: what a template means; only where its regions begin and end.

use super::ast::{TemplateKind, TemplateSegment, TextForm};
use logos::Logos;
use std::{ops::Range, sync::Arc};

/// A piece of the inside of a `"…"`.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    #[regex(r#"[^"\\\n]+"#)]
    Plain,
    #[regex(r#"\\u\{[^}"\n]*\}"#)]
    Unicode,
    #[regex(r"\\[^\n]", priority = 1)]
    Escape,
    #[token("\"")]
    End,
    #[token("\n")]
    LineEnd,
}

/// A piece of a template.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    #[regex(r"[^{]+")]
    Plain,
    #[token("{", priority = 1)]
    Brace,
    #[token("{{")]
    Expression,
    #[token("{%")]
    Statement,
    #[token("{#")]
    Comment,
}

/// Where a string ends, seen from its opening quote.
pub(super) struct Extent {
    /// Length in bytes, quotes included.
    pub len: usize,
    /// Whether its closing quote is there.
    pub is_closed: bool,
}

/// The extent of the string that `rest` begins with.
pub(super) fn extent(rest: &str) -> Extent {
    if let Some(inside) = rest.strip_prefix("\"\"\"") {
        return match inside.find("\"\"\"") {
            Some(at) => Extent { len: at + 6, is_closed: true },
            None => Extent { len: rest.len(), is_closed: false },
        };
    }
    let inside = rest.get(1..).unwrap_or("");
    for (piece, range) in Piece::lexer(inside).spanned() {
        match piece {
            Ok(Piece::End) => return Extent { len: range.end + 1, is_closed: true },
            Ok(Piece::LineEnd) => return Extent { len: unclosed(inside, range.start) + 1, is_closed: false },
            Ok(Piece::Plain | Piece::Unicode | Piece::Escape) | Err(()) => {}
        }
    }
    Extent { len: unclosed(inside, inside.len()) + 1, is_closed: false }
}

/// An unclosed string ends with its line, but not with the brackets at the line's end: `campaign "A {` opens a block.
fn unclosed(inside: &str, end: usize) -> usize {
    inside.get(..end).unwrap_or("").trim_end_matches([' ', '\t', '\r', '{', '}', '(', ')', ',']).len()
}

/// A string's value.
pub(super) struct Decoded {
    pub value: Arc<str>,
    pub form: TextForm,
    pub runs: Arc<[(u32, u32)]>,
    /// Escapes without a meaning, as byte ranges of the literal.
    pub bad_escapes: Vec<Range<usize>>,
}

/// The value of a literal that stands at source offset `start`.
pub(super) fn decode(literal: &str, start: u32) -> Decoded {
    if let Some(inside) = literal.strip_prefix("\"\"\"") {
        return decode_block(inside.strip_suffix("\"\"\"").unwrap_or(inside), start.saturating_add(3));
    }
    if let Some(inside) = literal.strip_prefix('\'') {
        return plain(inside.strip_suffix('\'').unwrap_or(inside), start);
    }
    let inside = literal.get(1..).unwrap_or("");
    if !inside.contains('\\') {
        return plain(inside.strip_suffix('"').unwrap_or(inside), start);
    }
    decode_line(inside, start)
}

fn plain(inside: &str, start: u32) -> Decoded {
    Decoded { value: Arc::from(inside), form: TextForm::Line, runs: Arc::from([(0, start.saturating_add(1))]), bad_escapes: Vec::new() }
}

fn decode_line(inside: &str, start: u32) -> Decoded {
    let mut value = String::with_capacity(inside.len());
    let mut runs = vec![(0, start.saturating_add(1))];
    let mut bad_escapes = Vec::new();
    for (piece, range) in Piece::lexer(inside).spanned() {
        let slice = inside.get(range.clone()).unwrap_or("");
        match piece {
            Ok(Piece::Plain) => value.push_str(slice),
            Ok(Piece::Escape | Piece::Unicode) => {
                match unescape(slice) {
                    Some(c) => value.push(c),
                    None => {
                        bad_escapes.push(range.start + 1..range.end + 1);
                        value.push_str(slice);
                    }
                }
                runs.push((small(value.len()), start.saturating_add(1 + small(range.end))));
            }
            Ok(Piece::End | Piece::LineEnd) => break,
            Err(()) => {}
        }
    }
    Decoded { value: Arc::from(value), form: TextForm::Line, runs: Arc::from(runs), bad_escapes }
}

fn unescape(escape: &str) -> Option<char> {
    match escape {
        "\\\"" => Some('"'),
        "\\\\" => Some('\\'),
        "\\n" => Some('\n'),
        "\\t" => Some('\t'),
        other => {
            let digits = other.strip_prefix("\\u{")?.strip_suffix('}')?;
            u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).filter(|c| *c != '\0')
        }
    }
}

/// Takes off the line break after the opening quotes, the last line if it is blank, and the common indentation. There are no escapes.
fn decode_block(inside: &str, start: u32) -> Decoded {
    let is_blank = |line: &str| line.trim().is_empty();
    let mut lines: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    for line in inside.split_inclusive('\n') {
        lines.push((at, line));
        at += line.len();
    }
    let opens_with_break = lines.first().is_some_and(|(_, line)| line.ends_with('\n') && is_blank(line));
    let first = usize::from(opens_with_break);
    if lines.len() > first && lines.last().is_some_and(|(_, line)| !line.ends_with('\n') && is_blank(line)) {
        lines.pop();
    }
    let body = lines.get(first..).unwrap_or(&[]);
    let indent_of = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    // A text that begins right after the quotes has its first line's indentation nowhere: it does not count.
    let counted = body.iter().skip(usize::from(!opens_with_break)).filter(|(_, line)| !is_blank(line));
    let indent = counted.map(|(_, line)| indent_of(line)).min().unwrap_or(0);
    let mut value = String::with_capacity(inside.len());
    let mut runs = Vec::with_capacity(body.len());
    for (i, (offset, line)) in body.iter().enumerate() {
        let cut = if i == 0 && !opens_with_break { 0 } else { indent.min(indent_of(line)) };
        runs.push((small(value.len()), start.saturating_add(small(offset + cut))));
        let kept = line.get(cut..).unwrap_or("");
        match kept.strip_suffix("\r\n") {
            Some(text) => {
                value.push_str(text);
                value.push('\n');
            }
            None => value.push_str(kept),
        }
    }
    if runs.is_empty() {
        runs.push((0, start));
    }
    Decoded { value: Arc::from(value), form: TextForm::Block, runs: Arc::from(runs), bad_escapes: Vec::new() }
}

/// The template regions of a value; none where there is nothing but text.
pub(super) fn segments(value: &str) -> Arc<[TemplateSegment]> {
    if !value.contains('{') {
        return Arc::default();
    }
    let mut out: Vec<TemplateSegment> = Vec::new();
    let mut text_from = 0;
    let mut lexer = Mark::lexer(value);
    while let Some(mark) = lexer.next() {
        let (kind, close) = match mark {
            Ok(Mark::Expression) => (TemplateKind::Expression, "}}"),
            Ok(Mark::Statement) => (TemplateKind::Statement, "%}"),
            Ok(Mark::Comment) => (TemplateKind::Comment, "#}"),
            Ok(Mark::Plain | Mark::Brace) | Err(()) => continue,
        };
        let from = lexer.span().start;
        // A region that is never closed reaches to the end; the template's own check says so.
        let rest = lexer.remainder();
        lexer.bump(rest.find(close).map_or(rest.len(), |at| at + close.len()));
        if from > text_from {
            out.push(TemplateSegment { kind: TemplateKind::Literal, range: small(text_from)..small(from) });
        }
        text_from = lexer.span().end;
        out.push(TemplateSegment { kind, range: small(from)..small(text_from) });
    }
    if !out.is_empty() && text_from < value.len() {
        out.push(TemplateSegment { kind: TemplateKind::Literal, range: small(text_from)..small(value.len()) });
    }
    Arc::from(out)
}

/// An offset within a file; files are limited far below 4 GiB.
fn small(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
