//! The pages of `docs/reference`: every example compiles without a finding, its tests pass, and every fault is found; every page is reached.

use campc::compiler::{Analysis, Workspace, analyze, compile_with_tests};
use campc::sim::{TestSuite, run_test};
use std::path::{Path, PathBuf};

/// What stands before an example without a project of its own; the index says so.
const PROJECT: &str = r#"project "Acme" {
  timezone "America/Toronto"
  from "Ana at Acme <ana@acme.example>"
  address "1 King St W, Toronto ON"
}
"#;

struct Example {
    place: String,
    /// The finding that it is there to show.
    fault: Option<String>,
    text: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference")
}

fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<(String, String)> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    pages.sort();
    pages
}

fn examples((name, text): &(String, String)) -> Vec<Example> {
    let mut found = Vec::new();
    let mut open: Option<Example> = None;
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) if info.split(' ').next() == Some("camp") => {
                let fault = info.strip_prefix("camp fault ").map(str::to_owned);
                open = Some(Example { place: format!("{name}:{}", number + 1), fault, text: String::new() });
            }
            (Some(_), Some("")) => found.extend(open.take()),
            (Some(example), _) => example.text += &format!("{line}\n"),
            (None, _) => {}
        }
    }
    assert!(open.is_none(), "{name}: an example is not closed");
    found
}

fn analysis(example: &Example) -> Analysis {
    let text = if example.text.contains("project \"") { example.text.clone() } else { format!("{PROJECT}{}", example.text) };
    let mut workspace = Workspace::of_source("main.camp", &text);
    workspace.missing().iter().for_each(|path| workspace.set_absent(path));
    analyze(&workspace)
}

/// What is wrong with an example.
fn faults(example: &Example) -> Vec<String> {
    let analysis = analysis(example);
    if let Some(wanted) = &example.fault {
        let found: Vec<&str> = analysis.findings.iter().map(|finding| finding.code.as_str()).collect();
        let is_found = found.contains(&wanted.as_str());
        return if is_found { Vec::new() } else { vec![format!("{}: {wanted} was not found, but {found:?}", example.place)] };
    }
    // A fragment may declare more than it uses.
    let is_unused = |code: &str| code.starts_with("W08");
    let findings = analysis.findings.iter().filter(|finding| !is_unused(finding.code.as_str()));
    let mut faults: Vec<String> =
        findings.map(|finding| format!("{}: {} {} {}", example.place, analysis.sources.describe(finding.primary.span), finding.code, finding.title)).collect();
    if faults.is_empty() {
        match compile_with_tests(&analysis) {
            Ok((program, blocks)) => faults.extend(failures(example, &analysis, &TestSuite::new(program, blocks).unwrap())),
            Err(findings) => faults.extend(findings.iter().map(|finding| format!("{}: {} {}", example.place, finding.code, finding.title))),
        }
    }
    faults
}

fn failures(example: &Example, analysis: &Analysis, suite: &TestSuite) -> Vec<String> {
    let tests = analysis.project.tests.iter().enumerate();
    tests
        .filter_map(|(number, test)| {
            let failure = run_test(suite, number, test).failure?;
            let story = failure.story(&analysis.sources);
            Some(format!("{}: {}: expected {}, {}\n{story}", example.place, test.name, failure.expected, failure.happened))
        })
        .collect()
}

#[test]
fn every_example_of_the_reference_compiles_and_its_tests_pass() {
    let examples: Vec<Example> = pages().iter().flat_map(examples).collect();
    let faults: Vec<String> = examples.iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(examples.len() >= 50, "only {} examples", examples.len());
}

#[test]
fn the_index_leads_to_every_page_and_no_link_is_dead() {
    let pages = pages();
    let index = &pages.iter().find(|(name, _)| name == "README.md").unwrap().1;
    for (name, text) in &pages {
        assert!(name == "README.md" || index.contains(&format!("({name})")), "the index does not lead to {name}");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|target| !target.contains(':')) {
            assert!(folder().join(target).exists(), "{name} leads to {target}, which is not there");
        }
    }
}
