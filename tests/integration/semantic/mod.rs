//! Names, types, time and paths: source in, short findings out.

mod cases;
mod pages;
mod samples;
mod trees;

use campc::base::{FileId, Sources};
use campc::bytecode::ProjectInfo;
use campc::diagnostics::{Diagnostic, Sink};
use campc::semantic::{self, Input, ReferenceKind, SourceFile, hir, join_path, references};
use campc::syntax::{self, ast};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A checked project with its findings.
pub struct Checked {
    pub project: hir::Project,
    pub findings: Vec<Diagnostic>,
    pub sources: Sources,
}

/// Where the samples are.
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples")
}

/// Checks files given by path and text; other files they name are read from `folder`.
pub fn check_files(files: &[(&str, &str)], folder: &Path) -> Checked {
    let mut sources = Sources::default();
    let mut sink = Sink::new();
    let mut trees: Vec<(FileId, ast::File, bool)> = Vec::new();
    let mut assets: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut pending: Vec<(String, String)> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let mut at = 0;
    while let Some((path, text)) = pending.get(at).cloned() {
        at += 1;
        let id = sources.add(path.clone(), text.clone());
        let mut own = Sink::new();
        let tree = syntax::parse(id, &text, &mut own);
        let is_broken = own.has_errors();
        sink.extend(own.into_sorted());
        for reference in references(&tree) {
            let Some(full) = join_path(&path, &reference.path) else { continue };
            let Ok(bytes) = std::fs::read(folder.join(&full)) else { continue };
            match reference.kind {
                ReferenceKind::Source => {
                    if !pending.iter().any(|(known, _)| *known == full) {
                        pending.push((full, String::from_utf8(bytes).expect("a text")));
                    }
                }
                ReferenceKind::Template | ReferenceKind::Attachment | ReferenceKind::Holidays => {
                    assets.insert(full, bytes);
                }
            }
        }
        trees.push((id, tree, is_broken));
    }
    for (path, bytes) in &assets {
        if let Ok(text) = String::from_utf8(bytes.clone()) {
            sources.add(path.clone(), text);
        }
    }
    let parsed: Vec<SourceFile> = trees.iter().map(|(id, tree, is_broken)| SourceFile { id: *id, tree, is_broken: *is_broken }).collect();
    let defaults = ProjectInfo::default();
    let input = Input { files: &parsed, sources: &sources, assets: &assets, defaults: &defaults };
    let project = semantic::analyze(&input, &mut sink);
    Checked { project, findings: sink.into_sorted(), sources }
}

/// Checks one text.
pub fn check(text: &str) -> Checked {
    check_files(&[("main.camp", text)], &samples())
}

/// The findings, a line each: `E0301 14:14 title`.
pub fn short(checked: &Checked) -> String {
    checked
        .findings
        .iter()
        .map(|finding| {
            let source = checked.sources.get(finding.primary.span.file).expect("a known file");
            let at = source.position(finding.primary.span.start);
            let path = if source.path == "main.camp" { String::new() } else { format!("{} ", source.path) };
            format!("{path}{}:{} {} {}\n", at.line, at.column, finding.code, finding.title)
        })
        .collect()
}

/// What every small case stands on.
pub const BASE: &str = r#"project "Acme" { timezone "America/Toronto" from "Ana <ana@acme.example>" address "1 King St W, Toronto ON" }
contact { plan: enum("free", "pro") = "free"  age: number  nickname: text = "friend"  vip: bool = false  birthday: date  ends: datetime  tags_seen: list(text) }
event purchase { sku: text, amount: number }
event logged_in
form webinar { company: text }
list newsletter
topic news "News"
segment hot = points > 50
email welcome { subject "Welcome" body "Hello." }
email reminder { subject "Again" body "Hello." }
sms short "Hello. Reply STOP to opt out."
webhook crm { url "https://acme.example/x" secret env("S") }
campaign "Everything is used" { when enrolled email welcome wait 1d email reminder sms short webhook crm }
"#;

/// The findings of a case written behind [`BASE`]; lines count from the case's first.
pub fn case(text: &str) -> String {
    let lines = BASE.lines().count();
    let checked = check(&format!("{BASE}{text}"));
    short(&checked)
        .lines()
        .map(|line| match line.split_once(':') {
            Some((number, rest)) => match number.parse::<usize>() {
                Ok(number) => format!("{}:{rest}\n", number as isize - lines as isize),
                Err(_) => format!("{line}\n"),
            },
            None => format!("{line}\n"),
        })
        .collect()
}
