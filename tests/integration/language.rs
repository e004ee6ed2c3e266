//! The rules of the language, each with a test in the language itself: `tests/language/*.camp` and the samples, on the virtual clock.

use campc::compiler::{Workspace, analyze, compile_with_tests};
use campc::sim::{TestSuite, run_test};
use std::path::{Path, PathBuf};

/// A file with everything it names.
pub fn workspace(path: &Path) -> Workspace {
    let name = path.file_name().unwrap().to_str().unwrap();
    let mut workspace = Workspace::of_source(name, &std::fs::read_to_string(path).unwrap());
    loop {
        let missing = workspace.missing();
        if missing.is_empty() {
            return workspace;
        }
        for file in missing {
            match std::fs::read(path.parent().unwrap().join(&file)) {
                Ok(bytes) => workspace.add_file(&file, bytes),
                Err(_) => workspace.set_absent(&file),
            }
        }
    }
}

/// Runs the tests of a file; the failures, and how many tests there were.
fn run(path: &Path) -> (Vec<String>, usize) {
    let analysis = analyze(&workspace(path));
    let errors = analysis.errors();
    assert!(errors.is_empty(), "{}: {:#?}", path.display(), errors.iter().map(|e| (e.code, &e.title)).collect::<Vec<_>>());
    let (program, blocks) = match compile_with_tests(&analysis) {
        Ok(compiled) => compiled,
        Err(findings) => panic!("{}: {findings:#?}", path.display()),
    };
    let suite = TestSuite::new(program, blocks).unwrap();
    let tests = &analysis.project.tests;
    let failures = tests
        .iter()
        .enumerate()
        .filter_map(|(number, test)| {
            let report = run_test(&suite, number, test);
            let failure = report.failure?;
            let at = analysis.sources.describe(failure.span);
            Some(format!(
                "{at}: {:?}: expected {}, {}\n    {}",
                test.name,
                failure.expected,
                failure.happened,
                failure.story(&analysis.sources).replace('\n', "\n    ")
            ))
        })
        .collect();
    (failures, tests.len())
}

/// What the only test of a source has come to instead of what it expects.
fn happened(source: &str) -> String {
    let analysis = analyze(&Workspace::of_source("main.camp", source));
    let (program, blocks) = compile_with_tests(&analysis).unwrap();
    let report = run_test(&TestSuite::new(program, blocks).unwrap(), 0, &analysis.project.tests[0]);
    report.failure.unwrap().happened
}

#[test]
fn a_webhooks_own_body_is_exactly_what_is_sent() {
    let told = happened(
        r#"
        project "Acme" { timezone "UTC" }
        webhook crm { url "https://crm.acme.example/x" secret env("CRM_SECRET") body { email: contact.email } }
        campaign "Sync" { when enrolled webhook crm { plan: "pro" } }
        test "t" { given contact { email: "ana@x.example" } enroll in campaign "Sync" expect webhook crm { plan: "pro" } }
        "#,
    );
    assert!(told.contains(r#"webhook crm {"email":"ana@x.example"} at"#), "{told}");
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "camp")).collect();
    files.sort();
    files
}

#[test]
fn every_rule_holds() {
    let mut count = 0;
    let mut failures = Vec::new();
    for file in files("tests/language") {
        let (failed, tests) = run(&file);
        failures.extend(failed);
        count += tests;
    }
    assert!(failures.is_empty(), "{} of {count} failed:\n{}", failures.len(), failures.join("\n\n"));
    assert!(count >= 60, "only {count} tests");
}

#[test]
fn the_tests_of_the_samples_pass() {
    let mut failures = Vec::new();
    for file in files("tests/samples") {
        failures.extend(run(&file).0);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
