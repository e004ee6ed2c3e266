//! `campc test`: what it says of tests that fail, and of what no test reaches.

use crate::bench::{Folder, Ran};
use serde_json::Value;

const PROJECT: &str = r#"project "Acme" { timezone "Europe/Berlin" from "a@acme.example" address "1 Street" }
email hello { subject "Hello" body "Hello." }
email again { subject "Still there?" body "Hello again." }
event signed_up
campaign "Greet" {
  published
  when signed_up
  email hello
  if opened(hello) then tag "reader"
  else {
    wait 3d
    email again
    stop "silent"
  }
}
"#;

fn project(tests: &str) -> Folder {
    let folder = Folder::new();
    folder.write("main.camp", format!("{PROJECT}{tests}"));
    folder
}

fn lines(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const TWO_CONTACTS: &str = r#"test "ana reads it" {
  given contact ana { timezone: "America/Toronto" }
  given contact bob { timezone: "Asia/Tokyo" }
  ana: signed_up
  bob: signed_up
  expect email hello to ana
  expect email hello to bob
  after 2h
  ana: opened(hello)
  after 3d
  expect email again to ana
}
"#;

#[test]
fn a_failure_shows_the_line_and_the_story_of_the_contact_by_its_own_clock() {
    let folder = project(TWO_CONTACTS);
    let ran = folder.run(&["test"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let out = &ran.out;
    assert!(out.contains("at main.camp:26:3\n"), "{out}");
    assert!(out.contains("26 |   expect email again to ana\n"), "{out}");
    assert!(out.contains("   |   ^^^^^^^^^^^^^^^^^^^^^^^^^\n"), "{out}");
    assert!(out.contains("expected  email again\n"), "{out}");
    assert!(out.contains("what happened to ana (America/Toronto):\n"), "{out}");
    // Monday 9:00 in Berlin is 3:00 in Toronto.
    assert!(out.contains("Mon 2026-01-05 03:00:00  » ana: signed_up\n"), "{out}");
    assert!(out.contains("Mon 2026-01-05 05:00:00  Greet  if  decided  opened(hello)\n"), "{out}");
    let story = out.split_once("what happened").unwrap().1.split_once("failures:").map_or("", |(story, _)| story);
    assert!(!story.contains("bob"), "{out}");
    assert!(out.contains("test result: FAILED. 0 passed, 1 failed; "), "{out}");
}

#[test]
fn a_filter_that_nothing_passes_is_no_success() {
    let folder = project(TWO_CONTACTS);
    let ran = folder.run(&["test", "--filter", "anna"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
    assert!(ran.err.contains("no test's name matches --filter \"anna\"; there is 1 test"), "{}", ran.err);
    // No tests at all are not the filter's fault.
    let none = project("").run(&["test", "--filter", "anna"]);
    assert_eq!(none.code, 0, "{none:?}");
    assert!(none.err.contains("no `test` blocks"), "{none:?}");
}

const GREEN: &str = r#"test "a reader" {
  given contact { }
  signed_up
  expect email hello
  opened(hello)
  expect has tag "reader"
}
"#;
const RED: &str = r#"test "nobody reads" {
  given contact { }
  signed_up
  expect email hello
  after 3d
  expect email again
  expect stopped "silent"
}
"#;

#[test]
fn coverage_says_which_steps_and_branches_no_test_reaches() {
    let folder = project(GREEN);
    let ran = folder.run(&["test", "--coverage"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("Greet     60 % (3 of 5)  50 % (1 of 2)\n"), "{}", ran.out);
    assert!(ran.out.contains("  main.camp:12:5  branch  Greet: if: else\n"), "{}", ran.out);
    assert!(ran.out.contains("  main.camp:12:5  step    Greet: else/email again\n"), "{}", ran.out);
    assert!(ran.out.contains("  main.camp:13:5  step    Greet: else/stop\n"), "{}", ran.out);
    let all = project(&format!("{GREEN}{RED}")).run(&["test", "--coverage"]);
    assert!(all.out.contains("Greet     100 % (5 of 5)  100 % (2 of 2)\n"), "{}", all.out);
    assert!(!all.out.contains("no test reaches"), "{}", all.out);
}

#[test]
fn coverage_as_json_has_places_and_percent() {
    let ran = project(GREEN).run(&["test", "--coverage", "--format", "json"]);
    let lines = lines(&ran);
    assert_eq!(lines.len(), 3, "{ran:?}");
    assert_eq!((lines[1]["coverage"].as_str(), lines[1]["branches"]["percent"].as_u64()), (Some("Greet"), Some(50)));
    let missing = &lines[1]["missing"][0];
    assert_eq!((missing["kind"].as_str(), missing["path"].as_str(), missing["line"].as_u64()), (Some("branch"), Some("main.camp"), Some(12)));
    assert_eq!(lines[2]["coverage"]["steps"]["percent"].as_u64(), Some(60));
}

#[test]
fn json_tells_the_story_in_parts() {
    let ran = project(TWO_CONTACTS).run(&["test", "--format", "json"]);
    assert_eq!(ran.code, 1);
    let lines = lines(&ran);
    let failure = &lines[0]["failure"];
    assert_eq!((failure["line"].as_u64(), failure["contact"].as_str(), failure["end_column"].as_u64()), (Some(26), Some("ana"), Some(28)));
    let decided = failure["timeline"].as_array().unwrap().iter().find(|moment| moment["what"] == "decided").unwrap();
    assert_eq!(
        (decided["at"].as_str(), decided["campaign"].as_str(), decided["why"].as_str()),
        (Some("2026-01-05T10:00:00Z"), Some("Greet"), Some("opened(hello)"))
    );
    assert_eq!((lines[1]["result"].as_str(), lines[1]["failed"].as_u64()), (Some("FAILED"), Some(1)));
}

#[test]
fn junit_has_a_suite_a_file_and_escapes_names() {
    let folder = project(GREEN);
    folder.write("more.camp", "test \"a <b> & \\\"c\\\"\" {\n  given contact { }\n  expect email hello\n}\n");
    folder.write("camp.toml", "");
    let ran = folder.run(&["test", "--format", "junit"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("<testsuites name=\"campc test\" tests=\"2\" failures=\"1\" errors=\"0\" "), "{}", ran.out);
    assert!(ran.out.contains("<testsuite name=\"main.camp\" tests=\"1\" failures=\"0\""), "{}", ran.out);
    assert!(ran.out.contains("<testcase name=\"a &lt;b&gt; &amp; &quot;c&quot;\" classname=\"more.camp\" file=\"more.camp\" line=\"1\""), "{}", ran.out);
    assert!(ran.out.contains("<failure type=\"expect\" message=\"expected email hello, instead nothing was sent\">"), "{}", ran.out);
}

#[test]
fn many_tests_come_in_the_order_of_the_source() {
    let tests: String = (0..200).map(|n| format!("test \"number {n}\" {{\n  given contact {{ }}\n  signed_up\n  expect email hello\n}}\n")).collect();
    let folder = project(&tests);
    // The whole file twice and one of the folder: each test runs once.
    let ran = folder.run(&["test", "main.camp", "main.camp"]);
    let names: Vec<&str> = ran.out.lines().filter_map(|line| line.strip_prefix("ok    ")).collect();
    let wanted: Vec<String> = (0..200).map(|n| format!("number {n}")).collect();
    assert_eq!(names, wanted);
    assert!(ran.out.contains("test result: ok. 200 passed, 0 failed; "), "{}", ran.out);
}
