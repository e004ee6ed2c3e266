//! Everything below `examples/`: no finding, not even a warning, and every `test` block passes.

use crate::bench::finished;
use crate::language::workspace;
use campc::compiler::{Formatted, analyze, compile_with_tests, format_source};
use campc::sim::{TestSuite, run_test};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// What is wrong with a file that stands alone.
fn faults(path: &Path) -> Vec<String> {
    let analysis = analyze(&workspace(path));
    let name = path.strip_prefix(root()).unwrap().display().to_string();
    let mut faults: Vec<String> = analysis
        .findings
        .iter()
        .map(|finding| format!("{name}: {}: {} {}", analysis.sources.describe(finding.primary.span), finding.code, finding.title))
        .collect();
    if analysis.has_errors() {
        return faults;
    }
    let (program, blocks) = match compile_with_tests(&analysis) {
        Ok(compiled) => compiled,
        Err(findings) => {
            faults.extend(findings.iter().map(|finding| format!("{name}: {} {}", finding.code, finding.title)));
            return faults;
        }
    };
    if analysis.project.tests.is_empty() {
        faults.push(format!("{name}: has no test"));
    }
    let suite = TestSuite::new(program, blocks).unwrap();
    for (number, test) in analysis.project.tests.iter().enumerate() {
        if let Some(failure) = run_test(&suite, number, test).failure {
            let at = analysis.sources.describe(failure.span);
            faults.push(format!("{at}: {}: expected {}, {}\n{}", test.name, failure.expected, failure.happened, failure.story(&analysis.sources)));
        }
    }
    faults
}

/// The files below `folder` that are projects by themselves.
fn alone(folder: &str) -> Vec<PathBuf> {
    entries(&root().join(folder)).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "camp")).collect()
}

#[test]
fn the_tour_has_no_finding_and_its_tests_pass() {
    let files = alone("tour");
    let faults: Vec<String> = files.iter().flat_map(|path| faults(path)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for (number, path) in files.iter().enumerate() {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(&format!("{:02}_", number + 1)), "{name}: the tour is numbered without gaps");
    }
}

#[test]
fn the_recipes_have_no_finding_and_their_tests_pass() {
    let faults: Vec<String> = alone("recipes").iter().flat_map(|path| faults(path)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_projects_have_no_finding_and_their_tests_pass() {
    for folder in entries(&root()).into_iter().filter(|folder| folder.join("camp.toml").is_file()) {
        let run = |args: &[&str]| finished(Command::new(env!("CARGO_BIN_EXE_campc")).arg("--project").arg(&folder).args(args));
        let check = run(&["check", "--deny", "warnings"]);
        assert_eq!(check.code, 0, "{}: {check:?}", folder.display());
        let test = run(&["test"]);
        assert_eq!(test.code, 0, "{}: {}{}", folder.display(), test.out, test.err);
        assert!(!test.out.contains(" 0 passed"), "{}: {}", folder.display(), test.out);
    }
}

#[test]
fn every_example_is_laid_out_as_the_formatter_does_it() {
    let mut folders = vec![root()];
    let mut changed = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".camp") && !matches!(format_source(&name, &std::fs::read(&path).unwrap()), Formatted::Unchanged) {
                changed.push(name);
            }
        }
    }
    assert!(changed.is_empty(), "run `campc fmt` on {changed:?}");
}
