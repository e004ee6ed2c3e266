//! The README's example: it has no findings, and its tests pass.

use campc::compiler::{Workspace, analyze, compile_with_tests};
use campc::sim::{TestSuite, run_test};

const README: &str = include_str!("../../README.md");

#[test]
fn the_example_checks_and_its_tests_pass() {
    let example = README.split_once("```camp\n").and_then(|(_, rest)| rest.split_once("```")).map(|(example, _)| example).expect("an example");
    let mut workspace = Workspace::of_source("main.camp", example);
    assert_eq!(workspace.missing(), Vec::<String>::new(), "the example stands alone");
    let analysis = analyze(&workspace);
    let findings: Vec<String> = analysis.findings.iter().map(|finding| format!("{} {}", finding.code, finding.title)).collect();
    assert_eq!(findings, Vec::<String>::new());
    let (program, blocks) = compile_with_tests(&analysis).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let suite = TestSuite::new(program, blocks).expect("its templates");
    assert!(!analysis.project.tests.is_empty());
    for (number, test) in analysis.project.tests.iter().enumerate() {
        let report = run_test(&suite, number, test);
        if let Some(failure) = report.failure {
            panic!("{}: expected {}, instead {}\n{}", report.name, failure.expected, failure.happened, failure.story(&analysis.sources));
        }
    }
}

#[test]
fn it_fits_on_a_page() {
    let example = README.split("```").nth(1).expect("an example");
    assert!(example.lines().count() <= 66, "{} lines", example.lines().count());
}
