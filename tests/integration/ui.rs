//! `tests/ui`: sources beside the findings they give, and every page's wrong example as it looks at a terminal.
//!
//! `BLESS_UI=1 cargo nextest run ui` writes what is found now; read the difference before committing it.

use campc::base::ALL_CODES;
use campc::compiler::{Analysis, Workspace, analyze};
use campc::diagnostics::{View, short, terminal};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui")
}

/// Analyses a text whose files lie in a folder.
fn analyzed(name: &str, text: &[u8], beside: &Path) -> Analysis {
    let mut workspace = Workspace::new();
    workspace.defaults.timezone = "UTC".into();
    workspace.add_root(name, text);
    loop {
        let missing = workspace.missing();
        if missing.is_empty() {
            return analyze(&workspace);
        }
        for path in missing {
            match std::fs::read(beside.join(&path)) {
                Ok(bytes) => workspace.add_file(&path, bytes),
                Err(_) => workspace.set_absent(&path),
            }
        }
    }
}

/// Compares with what is written in a file, or writes it.
fn compare(path: &Path, found: &str, told: &mut String) {
    if std::env::var_os("BLESS_UI").is_some() {
        std::fs::write(path, found).expect("the expectation is written");
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected != found {
        told.push_str(&format!("{}\n--- expected\n{expected}--- found\n{found}\n", path.display()));
    }
}

#[test]
fn every_case_gives_exactly_its_findings() {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .expect("the cases")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".camp"))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    let mut told = String::new();
    for name in names {
        let text = std::fs::read(folder().join(&name)).expect("a case");
        let analysis = analyzed(&name, &text, &folder());
        let found = short::render(&analysis.findings, &View::new(&analysis.sources));
        compare(&folder().join(name.replace(".camp", ".txt")), &found, &mut told);
    }
    assert_eq!(told, "");
}

#[test]
fn every_code_has_its_rendering_at_a_terminal() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings");
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let mut told = String::new();
    for (code, _) in ALL_CODES {
        let page = std::fs::read_to_string(pages.join(format!("{code}.md"))).unwrap_or_default();
        let Some((wrong, _)) = page.split_once("```camp\n").and_then(|(_, rest)| rest.split_once("```")) else { continue };
        let analysis = analyzed("main.camp", wrong.as_bytes(), &samples);
        let own: Vec<_> = analysis.findings.iter().filter(|finding| finding.code == *code).cloned().collect();
        if own.is_empty() {
            continue;
        }
        let found = terminal::render(&own, &View::new(&analysis.sources), terminal::Paint::Plain);
        compare(&folder().join(format!("terminal/{code}.txt")), &found, &mut told);
    }
    assert_eq!(told, "");
}
