//! `check` and `test`: formats, scopes, exit codes, fixes.

use crate::bench::Folder;

const GOOD: &str = "event signed_up { plan: text }\nsms hello \"Hello\"\ncampaign \"Hi\" {\n  published\n  when signed_up\n  sms hello\n}\n";
const BAD: &str = "event signed_up { plan: text }\ncampaign \"Hi\" {\n  published\n  when signd_up\n  stop\n}\n";

#[test]
fn findings_go_to_stdout_one_line_each_in_short() {
    let folder = Folder::new();
    folder.write("main.camp", BAD);
    let ran = folder.run(&["check", "--format", "short"]);
    assert_eq!(ran.code, 1);
    let line = ran.out.lines().next().unwrap();
    assert!(line.starts_with("main.camp:4:8: error[E0"), "{line}");
    assert_eq!(ran.err, "");
}

#[test]
fn json_is_one_object_a_line_with_its_place() {
    let folder = Folder::new();
    folder.write("main.camp", BAD);
    let ran = folder.run(&["check", "--format", "json"]);
    let first: serde_json::Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
    assert_eq!((first["path"].as_str(), first["line"].as_u64(), first["column"].as_u64()), (Some("main.camp"), Some(4), Some(8)));
    assert_eq!(first["severity"], "error");
    for key in ["code", "title", "end_line", "end_column", "byte_start", "byte_end", "labels", "help"] {
        assert!(first.get(key).is_some(), "{key}");
    }
}

#[test]
fn paths_are_shown_from_where_the_command_was_called() {
    let folder = Folder::new();
    folder.write("camp.toml", "");
    folder.write("a/main.camp", BAD);
    folder.write("b/here.txt", "");
    let ran = crate::bench::finished(folder.command(&["check", "--format", "short"]).current_dir(folder.path().join("b")));
    assert!(ran.out.starts_with("../a/main.camp:4:8: "), "{}", ran.out);
}

#[test]
fn a_file_of_a_project_is_compiled_with_all_of_it_and_spoken_of_alone() {
    let folder = Folder::new();
    folder.write("camp.toml", "");
    folder.write("events.camp", "event signed_up { plan: text }\n");
    folder.write("hi.camp", "sms hello \"Hello\"\ncampaign \"Hi\" {\n  published\n  when signed_up\n  sms hello\n}\n");
    folder.write("broken.camp", "campaign \"Other\" {\n  published\n  when nothing_known\n  stop\n}\n");
    let alone = folder.run(&["check", "hi.camp", "--format", "short"]);
    assert_eq!((alone.code, alone.out.as_str()), (0, ""), "{alone:?}");
    assert_eq!(folder.run(&["check", "broken.camp"]).code, 1);
    assert_eq!(folder.run(&["check"]).code, 1);
}

#[test]
fn a_lone_file_needs_no_project_and_takes_what_it_uses() {
    let folder = Folder::new();
    folder.write("hi.camp", "use \"shared/events.camp\"\nsms hello \"Hello\"\ncampaign \"Hi\" {\n  published\n  when signed_up\n  sms hello\n}\n");
    folder.write("shared/events.camp", "event signed_up { plan: text }\n");
    folder.write("other.camp", BAD);
    let ran = folder.run(&["check", "hi.camp"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn hidden_folders_and_other_projects_do_not_belong() {
    let folder = Folder::new();
    folder.write("main.camp", GOOD);
    folder.write(".hidden/main.camp", BAD);
    folder.write("other/camp.toml", "");
    folder.write("other/main.camp", BAD);
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_source_from_stdin_stands_for_its_file() {
    let folder = Folder::new();
    folder.write("camp.toml", "");
    folder.write("main.camp", GOOD);
    let ran = folder.run_with_stdin(&["check", "--stdin-path", "main.camp", "--format", "short"], BAD);
    assert_eq!(ran.code, 1);
    assert!(ran.out.starts_with("main.camp:4:8: "), "{}", ran.out);
}

#[test]
fn certain_fixes_are_applied() {
    let folder = Folder::new();
    folder.write("main.camp", "segment rich = points = 100\n");
    let before = folder.run(&["check", "--format", "json"]);
    assert_eq!(before.code, 1, "{before:?}");
    let ran = folder.run(&["check", "--fix"]);
    assert!(folder.read("main.camp").contains("points == 100"), "{ran:?}");
}

#[test]
fn failing_tests_exit_with_one_and_say_what_happened_instead() {
    let folder = Folder::new();
    folder.write("main.camp", format!("{GOOD}test \"right\" {{\n  given contact {{}}\n  signed_up\n  expect sms hello\n}}\ntest \"wrong\" {{\n  given contact {{}}\n  expect sms hello\n}}\n"));
    let ran = folder.run(&["test"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("test result: FAILED. 1 passed, 1 failed; "), "{}", ran.out);
    assert!(ran.out.contains("main.camp:15:"), "{}", ran.out);
    let filtered = folder.run(&["test", "--filter", "^right$"]);
    assert_eq!((filtered.code, filtered.out.contains("test result: ok. 1 passed, 0 failed, 1 filtered out; ")), (0, true));
    let json = folder.run(&["test", "--format", "json"]);
    let last: serde_json::Value = serde_json::from_str(json.out.lines().last().unwrap()).unwrap();
    assert_eq!((last["passed"].as_u64(), last["failed"].as_u64()), (Some(1), Some(1)));
    let junit = folder.run(&["test", "--format", "junit"]);
    assert!(junit.out.contains("tests=\"2\" failures=\"1\""), "{}", junit.out);
    assert_eq!(folder.run(&["test", "--filter", "("]).code, 2);
}

#[test]
fn a_source_with_errors_fails_its_tests_on_stderr() {
    let folder = Folder::new();
    folder.write("main.camp", BAD);
    let ran = folder.run(&["test"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("[E0"), "{}", ran.err);
}
