//! A source file in canonical layout, proved to say what it said before.
//!
//! Not here: the layout (`format`), and reading and writing files, which is the shell's.

use super::problems;
use super::sources::read_text;
use crate::base::{FileId, Sources};
use crate::diagnostics::{Diagnostic, Sink};
use crate::format::{format, is_same};
use crate::syntax::parse_with_tokens;

/// What comes of formatting a file.
#[derive(Clone, Debug)]
pub enum Formatted {
    /// It is in canonical layout already.
    Unchanged,
    /// Its bytes in canonical layout; byte order mark and kind of line ends are as they were.
    Changed(Vec<u8>),
    /// It could not be read whole, and stays as it is: its text, and what is wrong.
    Broken(Sources, Vec<Diagnostic>),
    /// We failed: the result would not have said the same. The file must stay as it is.
    Differs,
}

/// Formats the bytes of the file shown as `path`.
#[must_use]
pub fn format_source(path: &str, bytes: &[u8]) -> Formatted {
    let mut sources = Sources::default();
    let text = match read_text(bytes) {
        Ok(text) => text,
        Err(valid_bytes) => {
            let file = sources.add(path, "");
            return Formatted::Broken(sources, vec![problems::not_utf8(file, valid_bytes)]);
        }
    };
    let mut sink = Sink::new();
    let (tree, tokens) = parse_with_tokens(FileId(0), text, &mut sink);
    if sink.has_errors() {
        sources.add(path, text);
        return Formatted::Broken(sources, sink.into_sorted());
    }
    let mut formatted = format(text, &tree, &tokens);
    if has_windows_lines(text) {
        formatted = formatted.replace('\n', "\r\n");
    }
    if formatted == text {
        return Formatted::Unchanged;
    }
    let mut found = Sink::new();
    let (after, _) = parse_with_tokens(FileId(0), &formatted, &mut found);
    if found.has_errors() || !is_same((text, &tree), (&formatted, &after)) {
        return Formatted::Differs;
    }
    let mark = bytes.len() - text.len();
    Formatted::Changed([bytes.get(..mark).unwrap_or(&[]), formatted.as_bytes()].concat())
}

/// Whether most lines end in `\r\n`.
fn has_windows_lines(text: &str) -> bool {
    let lines = text.bytes().filter(|byte| *byte == b'\n').count();
    text.matches("\r\n").count() * 2 > lines
}
