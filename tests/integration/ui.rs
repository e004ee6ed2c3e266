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

/// The sources below a folder, each with the projects they make: a folder with a `camp.toml` is one, else each file is one.
fn projects(top: &Path) -> Vec<Vec<PathBuf>> {
    let mut found: Vec<Vec<PathBuf>> = Vec::new();
    let mut open = vec![(top.to_path_buf(), None::<usize>)];
    while let Some((folder, project)) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let project = if paths.iter().any(|path| path.ends_with("camp.toml")) {
            found.push(Vec::new());
            Some(found.len() - 1)
        } else {
            project
        };
        for path in paths {
            if path.is_dir() {
                open.push((path, project));
            } else if path.extension().is_some_and(|extension| extension == "camp") {
                match project.and_then(|at| found.get_mut(at)) {
                    Some(files) => files.push(path),
                    None => found.push(vec![path]),
                }
            }
        }
    }
    found.retain(|files| !files.is_empty());
    found
}

/// What is written as it should be gives no finding: no false alarm on the examples.
#[test]
fn the_examples_give_no_findings() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut told = String::new();
    for files in projects(&examples) {
        let mut workspace = Workspace::new();
        for file in &files {
            let path = file.strip_prefix(&examples).expect("a file of the examples").to_string_lossy().into_owned();
            workspace.add_root(&path, std::fs::read(file).expect("an example"));
        }
        loop {
            let missing = workspace.missing();
            if missing.is_empty() {
                break;
            }
            for path in missing {
                match std::fs::read(examples.join(&path)) {
                    Ok(bytes) => workspace.add_file(&path, bytes),
                    Err(_) => workspace.set_absent(&path),
                }
            }
        }
        let analysis = analyze(&workspace);
        told += &short::render(&analysis.findings, &View::new(&analysis.sources));
    }
    assert_eq!(told, "");
}
