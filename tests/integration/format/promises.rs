//! What the formatter promises, of all samples and of what comes of them with comments and line breaks in any place.

use super::{formatted, is_right, said};
use crate::syntax::good_samples;
use campc::base::FileId;
use campc::diagnostics::Sink;
use campc::syntax::{Token, lex};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Every source of the project that has no syntax errors.
fn sources() -> &'static [(PathBuf, String)] {
    static ALL: OnceLock<Vec<(PathBuf, String)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = good_samples();
        for folder in ["tests/language", "examples"] {
            walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut all);
        }
        all
    })
}

fn walk(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            walk(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "camp") {
            into.push((path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Formats, and holds it to all that is promised.
fn hold(text: &str) -> String {
    let once = formatted(text);
    assert_eq!(said(text), said(&once), "another program, or a comment lost:\n{text}\n---\n{once}");
    let twice = formatted(&once);
    assert_eq!(once, twice, "a second run changed it; the source was\n{text}");
    for line in once.lines() {
        assert_eq!(line, line.trim_end_matches([' ', '\t']), "blanks at the end of a line:\n{once}");
    }
    assert!(!once.contains("\n\n\n") || text.contains("\"\"\""), "two empty lines:\n{once}");
    once
}

#[test]
fn every_source_of_the_project_keeps_its_tree_and_comments_and_a_second_run_changes_nothing() {
    for (_, text) in sources() {
        hold(text);
    }
}

#[test]
fn windows_line_ends_and_the_byte_order_mark_stay() {
    for (_, text) in sources() {
        let there = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        assert_eq!(formatted(&there), format!("\u{feff}{}", formatted(text).replace('\n', "\r\n")));
    }
}

#[test]
fn a_comment_may_stand_between_any_two_words() {
    for (path, text) in sources() {
        let tokens = tokens(text);
        // Each file in a few rounds: a comment at every fourth place, beginning with another one each time.
        for round in 0..4 {
            for comment in ["// here\n", "\n// here\n\n"] {
                let commented = with(text, &tokens, |i| if i % 4 == round { comment } else { "" });
                if is_right(&commented) {
                    hold(&commented);
                } else {
                    panic!("{}: a comment between words is an error", path.display());
                }
            }
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    lex(FileId(0), text, &mut Sink::new()).tokens
}

/// The text with something before each token. Fused tokens are opened at their blank.
fn with<'a>(text: &str, tokens: &[Token], before: impl Fn(usize) -> &'a str) -> String {
    let mut out = String::new();
    let mut at = 0;
    for (i, token) in tokens.iter().enumerate() {
        let (start, end) = (usize::try_from(token.start).unwrap(), usize::try_from(token.end).unwrap());
        out += &text[at..start];
        out += before(i);
        out += &text[start..end];
        at = end;
    }
    out += &text[at..];
    out
}

const BETWEEN: &[&str] = &["", "", "", "", " ", "\n", "\n\n\n", " // c\n", "\n// c\n", "\n\n// c\n\n// d\n", " /// doc\n", "\t"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn layout_of_any_kind_comes_to_the_same_program(file in 0..1000_usize, from in 0..1000_usize, count in 1..120_usize, picks in prop::collection::vec(0..BETWEEN.len(), 120)) {
        let (_, text) = &sources()[file % sources().len()];
        let tokens = tokens(text);
        let from = from % tokens.len();
        let mutated = with(text, &tokens, |i| if i >= from && i < from + count { BETWEEN[picks[i - from]] } else { "" });
        // A line break between a number and its unit makes two words of it.
        if is_right(&mutated) {
            hold(&mutated);
        }
    }
}
