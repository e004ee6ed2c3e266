//! The facade: a text to its surface tree. It never fails: what cannot be read is an error node and a finding.

use super::{
    ast::{Decl, File},
    balance,
    build::{Build, Failure, Stopped},
    explain::{self, Context},
    lex::{self, Lexed},
    limits, problems,
    token::Token,
};
use crate::{
    base::{FileId, LineIndex, Span},
    diagnostics::{Diagnostic, Sink},
};
use lalrpop_util::ParseError;

#[allow(clippy::all, clippy::pedantic, unused, missing_docs, non_snake_case, unused_qualifications)]
mod grammar {
    include!(concat!(env!("OUT_DIR"), "/camp.rs"));
}

/// Errors of one declaration beyond this are not looked for.
const MAX_ERRORS: usize = 50;

/// Reads `text` as the file `file`. Findings, lexical and syntactic, go to `sink`; the tree is whole even where there are some.
pub fn parse(file: FileId, text: &str, sink: &mut Sink) -> File {
    parse_with_tokens(file, text, sink).0
}

/// As [`parse`], with the tokens that the tree was made of: for the formatter.
pub fn parse_with_tokens(file: FileId, text: &str, sink: &mut Sink) -> (File, Vec<Token>) {
    let span = Span::new(file, 0, text.len());
    let empty = |comments| (File { span, decls: Vec::new(), comments }, Vec::new());
    if text.len() > limits::MAX_SOURCE_BYTES {
        sink.push(problems::file_too_large(span.at_start(), limits::MAX_SOURCE_BYTES));
        return empty(Vec::new());
    }
    if let Some(at) = text.bytes().position(|b| b == 0) {
        sink.push(problems::nul(Span::new(file, at, at + 1)));
        return empty(Vec::new());
    }
    let lexed = lex::lex(file, text, sink);
    if let Some(token) = limits::too_deep(&lexed.tokens) {
        sink.push(problems::too_deep(Span { file, start: token.start, end: token.end }, limits::MAX_NESTING));
        return empty(lexed.comments);
    }
    // Nearly every file is right: the first run stops at an error and keeps nothing of it.
    let mut build = Build::new(file, text, &lexed.docs, 0);
    let decls = match run(&mut build, &lexed.tokens) {
        Ok(decls) => decls,
        Err(_) => Broken { file, text, lexed: &lexed, lines: LineIndex::new(text), sink, reported: 0 }.parse(),
    };
    (File { span, decls, comments: lexed.comments }, lexed.tokens)
}

fn run(build: &mut Build, tokens: &[Token]) -> Result<Vec<Decl>, Failure> {
    let tokens = tokens.iter().map(|t| Ok::<_, Stopped>((t.start, t.tok, t.end)));
    grammar::FileParser::new().parse(build, tokens)
}

/// A file with syntax errors, read declaration by declaration.
struct Broken<'a> {
    file: FileId,
    text: &'a str,
    lexed: &'a Lexed,
    lines: LineIndex,
    sink: &'a mut Sink,
    reported: usize,
}

impl Broken<'_> {
    fn parse(mut self) -> Vec<Decl> {
        let tokens = &self.lexed.tokens;
        let mut decls = Vec::new();
        for range in balance::cut(self.text, tokens) {
            let piece = tokens.get(range).unwrap_or(&[]);
            if self.reported < limits::MAX_FINDINGS {
                decls.extend(self.piece(piece));
            } else {
                let (start, end) = ends(piece);
                decls.push(Decl::Error(Span { file: self.file, start, end }));
            }
        }
        decls
    }

    /// One declaration; its findings are those of the parser and of its brackets, at most one a line.
    fn piece(&mut self, tokens: &[Token]) -> Vec<Decl> {
        let (start, end) = ends(tokens);
        let balanced = balance::balance(self.text, tokens);
        let mut build = Build::new(self.file, self.text, &self.lexed.docs, MAX_ERRORS);
        let (decls, last) = match run(&mut build, &balanced.tokens) {
            Ok(decls) => (decls, None),
            Err(failure) => (vec![Decl::Error(Span { file: self.file, start, end })], Some(failure)),
        };
        let context = Context { file: self.file, text: self.text, tokens: &balanced.tokens, end };
        let is_user = |failure: &Failure| matches!(failure, ParseError::User { .. });
        let mut open_parens = balanced.open_parens.clone();
        let mut findings: Vec<Diagnostic> = Vec::new();
        for failure in build.errors.iter().chain(last.as_ref().filter(|f| !is_user(f))) {
            let at = explain::location(failure);
            // An `else` after another error has only lost its `if` by that.
            if !findings.is_empty() && explain::is_at_else(failure) {
                continue;
            }
            // An error behind a parenthesis that is never closed is that parenthesis's.
            match open_parens.iter().position(|(open, until)| open.start < at && at <= *until && explain::expects(failure, "\")\"")) {
                Some(index) => {
                    let (open, _) = open_parens.remove(index);
                    findings.push(problems::unclosed_bracket(&context.found(open), context.at(open), None));
                }
                None => findings.push(explain::explain(failure, &context)),
            }
        }
        // In a text that is never closed there may be any bracket.
        if !self.lexed.unclosed.iter().any(|at| (start..=end).contains(at)) {
            findings.extend(
                open_parens.iter().take(limits::MAX_FINDINGS).map(|(open, _)| problems::unclosed_bracket(&context.found(*open), context.at(*open), None)),
            );
            let end = Span { file: self.file, start: end, end };
            findings.extend(balanced.open_brace.map(|open| problems::unclosed_bracket("{", context.at(open), Some(end))));
            findings.extend(balanced.stray.iter().take(limits::MAX_FINDINGS).map(|token| problems::stray_bracket(&context.found(*token), context.at(*token))));
        }
        self.report(findings);
        decls
    }

    /// Leaves out the echoes: what stands on or just below the line of a lexical error that upset the reading, and the second on a line.
    fn report(&mut self, mut findings: Vec<Diagnostic>) {
        findings.sort_by_key(|f| f.primary.span);
        let mut last_line = None;
        for finding in findings {
            let line = self.lines.line(finding.primary.span.start);
            let upset = &self.lexed.upset;
            let before = upset.partition_point(|at| *at < self.lines.line_start(line.saturating_sub(1)));
            let is_echo = upset.get(before).is_some_and(|at| self.lines.line(*at) <= line);
            if !is_echo && last_line.replace(line) != Some(line) {
                self.reported += 1;
                self.sink.push(finding);
            }
        }
    }
}

fn ends(tokens: &[Token]) -> (u32, u32) {
    (tokens.first().map_or(0, |t| t.start), tokens.last().map_or(0, |t| t.end))
}
