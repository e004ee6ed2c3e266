//! The samples: good ones are clean, bad ones report exactly their lines.

use super::{good_samples, parse, samples, tree};
use campc::{
    base::FileId,
    diagnostics::Sink,
    syntax::{self, Tok},
};
use proptest::prelude::*;

#[test]
fn good_samples_have_no_findings() {
    let all = good_samples();
    assert!(all.len() >= 24, "{}", all.len());
    for (path, text) in all {
        let parsed = parse(&text);
        assert!(parsed.findings.is_empty(), "{path:?}: {:?}", parsed.findings);
    }
}

/// The first line of a bad sample names the lines: all before the bracket, none but those in it.
#[test]
fn bad_samples_report_their_lines() {
    for (path, text) in samples("bad") {
        let first = text.lines().next().unwrap();
        let numbers = |s: &str| -> Vec<u32> { s.split(|c: char| !c.is_ascii_digit()).filter_map(|x| x.parse().ok()).collect() };
        let got = parse(&text).lines();
        if first.starts_with("// checker findings on lines:") {
            assert!(got.is_empty(), "{path:?}: {got:?}");
            continue;
        }
        let list = first.strip_prefix("// syntax errors on lines:").unwrap();
        let (must, may) = list.split_once('(').unwrap_or((list, ""));
        let (must, may) = (numbers(must), numbers(may));
        let lost: Vec<_> = must.iter().filter(|l| !got.contains(l)).collect();
        let extra: Vec<_> = got.iter().filter(|l| !must.contains(l) && !may.contains(l)).collect();
        assert!(lost.is_empty() && extra.is_empty(), "{path:?}: lost {lost:?}, extra {extra:?}");
    }
}

#[test]
fn line_breaks_mean_nothing() {
    for (path, text) in good_samples() {
        let lexed = syntax::lex(FileId(0), &text, &mut Sink::new());
        let words: Vec<&str> = lexed.tokens.iter().map(|t| text.get(t.start as usize..t.end as usize).unwrap()).collect();
        let laid_out = tree(&text);
        assert_eq!(tree(&words.join(" ")), laid_out, "{path:?}");
        assert_eq!(tree(&words.join("\n")), laid_out, "{path:?}");
    }
}

/// Editing a good file anywhere must not take the reader down, nor make findings that cannot be drawn.
fn survives(text: &str) {
    let parsed = parse(text);
    let view = campc::diagnostics::View::new(&parsed.sources);
    let shown = campc::diagnostics::terminal::render(&parsed.findings, &view, campc::diagnostics::terminal::Paint::Plain);
    let lines = campc::diagnostics::json::render(&parsed.findings, &view);
    assert_eq!((shown.is_empty(), lines.lines().count()), (parsed.findings.is_empty(), parsed.findings.len()));
    let length = u32::try_from(text.len()).unwrap();
    for finding in &parsed.findings {
        assert!(finding.primary.span.start <= finding.primary.span.end && finding.primary.span.end <= length, "{finding:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_mutation_of_a_sample_is_read(which in 0usize..24, cuts in prop::collection::vec((0.0f64..1.0, 0usize..12, "[ -~{}()\"é\\n]{0,4}"), 1..5)) {
        let all = good_samples();
        let mut text: Vec<char> = all.get(which % all.len()).unwrap().1.chars().collect();
        for (at, drop, insert) in cuts {
            let at = (at * text.len() as f64) as usize;
            let end = (at + drop).min(text.len());
            text.splice(at..end, insert.chars());
        }
        survives(&text.into_iter().collect::<String>());
    }

    #[test]
    fn any_order_of_tokens_is_read(words in prop::collection::vec(0usize..400, 1..60)) {
        let (_, text) = good_samples().swap_remove(4);
        let lexed = syntax::lex(FileId(0), &text, &mut Sink::new());
        let word = |n: &usize| lexed.tokens.get(n % lexed.tokens.len()).map(|t| text.get(t.start as usize..t.end as usize).unwrap()).unwrap();
        survives(&words.iter().map(word).collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn any_text_is_read(text in "\\PC{0,200}") {
        survives(&text);
    }
}

#[test]
fn every_word_list_is_of_keywords() {
    for words in [syntax::RESERVED, syntax::STATEMENT, syntax::FREE] {
        assert!(words.iter().all(|w| syntax::Kw::lookup(w).is_some_and(|k| k.as_str() == *w)));
    }
    let lexed = syntax::lex(FileId(0), "in last 3d", &mut Sink::new());
    assert_eq!(lexed.tokens.first().map(|t| t.tok), Some(Tok::Kw(syntax::Kw::InLast)));
    assert!(syntax::FUSED.contains(&"in last"));
}
