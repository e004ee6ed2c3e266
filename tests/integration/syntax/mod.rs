//! Reading source: samples, shapes, limits, findings and how they are shown.

mod findings;
mod limits;
mod samples;
mod shapes;
mod trivia;

use campc::{
    base::{FileId, Sources},
    diagnostics::{Diagnostic, Sink},
    syntax::{self, ast},
};
use std::{fs, path::PathBuf};

pub struct Parsed {
    pub sources: Sources,
    pub file: FileId,
    pub tree: ast::File,
    pub findings: Vec<Diagnostic>,
}

pub fn parse(text: &str) -> Parsed {
    let mut sources = Sources::default();
    let file = sources.add("main.camp", text);
    let mut sink = Sink::new();
    let tree = syntax::parse(file, &sources.get(file).unwrap().text, &mut sink);
    Parsed { sources, file, tree, findings: sink.into_sorted() }
}

impl Parsed {
    pub fn codes(&self) -> Vec<&'static str> {
        self.findings.iter().map(|f| f.code.as_str()).collect()
    }
    pub fn lines(&self) -> Vec<u32> {
        let source = self.sources.get(self.file).unwrap();
        let mut lines: Vec<u32> = self.findings.iter().map(|f| source.position(f.primary.span.start).line).collect();
        lines.dedup();
        lines
    }
}

/// The tree of a text without findings.
pub fn tree(text: &str) -> String {
    let parsed = parse(text);
    let titles: Vec<_> = parsed.findings.iter().map(|f| format!("{} {}", f.code, f.title)).collect();
    assert!(titles.is_empty(), "{text}\n{titles:?}");
    ast::dump(&parsed.tree)
}

pub fn samples(sub: &str) -> Vec<(PathBuf, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(sub);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|x| x == "camp")).collect();
    files.sort();
    files.into_iter().map(|p| (p.clone(), fs::read_to_string(p).unwrap())).collect()
}

pub fn good_samples() -> Vec<(PathBuf, String)> {
    [samples(""), samples("shared")].concat()
}
