//! The samples of the specification: the good ones are free of errors, of the bad one exactly the listed lines are found.

use super::{check_files, samples, short};
use campc::base::{Code, Severity};

fn sample(name: &str) -> super::Checked {
    let text = std::fs::read_to_string(samples().join(name)).expect("a sample");
    check_files(&[(name, &text)], &samples())
}

#[test]
fn good_samples_have_no_errors() {
    let mut names: Vec<String> = std::fs::read_dir(samples())
        .expect("the samples")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".camp"))
        .collect();
    names.sort();
    assert!(names.len() >= 23);
    let mut told = String::new();
    for name in names {
        let checked = sample(&name);
        let number: u32 = name.get(..2).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let may_warn = (2..=13).contains(&number);
        let is_fault = |finding: &campc::diagnostics::Diagnostic| finding.severity() == Severity::Error || !may_warn;
        if checked.findings.iter().any(is_fault) {
            told.push_str(&short(&checked));
        }
    }
    assert_eq!(told, "");
}

#[test]
fn the_bad_sample_has_exactly_its_listed_errors() {
    let text = std::fs::read_to_string(samples().join("bad/10_checker.camp")).expect("the sample");
    let checked = check_files(&[("main.camp", &text)], &samples());
    let listed: Vec<u32> = text
        .lines()
        .next()
        .and_then(|line| line.split_once(": "))
        .map(|(_, numbers)| numbers.split_whitespace().map(|n| n.parse().expect("a number")).collect())
        .expect("the list");
    let mut found: Vec<u32> = checked
        .findings
        .iter()
        // A header line behind the steps works as it stands, so it is a warning with a certain fix.
        .filter(|finding| finding.severity() == Severity::Error || finding.code == Code::W0505)
        .map(|finding| checked.sources.get(finding.primary.span.file).expect("the file").position(finding.primary.span.start).line)
        .collect();
    found.dedup();
    assert_eq!(found, listed, "{}", short(&checked));
}

#[test]
fn files_with_syntax_errors_get_those_alone_but_count() {
    let broken = "list newsletter\nsegment x = nowhere == 3\nsegment y = points > > 5\n";
    let whole = "segment z = in list newsletter\n";
    let checked = check_files(&[("a.camp", broken), ("b.camp", whole)], &samples());
    assert!(checked.findings.iter().all(|finding| finding.code.as_str().starts_with("E01") || finding.code.as_str().starts_with("E02")), "{}", short(&checked));
}
