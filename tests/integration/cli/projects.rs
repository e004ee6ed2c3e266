//! New projects, the compiled file, explain, completions, and the project file.

use crate::bench::{Folder, finished};

#[test]
fn every_recipe_checks_tests_and_builds_at_once() {
    let list = Folder::new().run(&["new", "--recipe", "list"]);
    assert_eq!(list.code, 0);
    let recipes: Vec<&str> = list.out.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(recipes.len() >= 4, "{recipes:?}");
    for recipe in recipes {
        let folder = Folder::project(recipe);
        let check = folder.run(&["check", "--deny", "warnings"]);
        assert_eq!(check.code, 0, "{recipe}: {check:?}");
        let test = folder.run(&["test"]);
        assert_eq!(test.code, 0, "{recipe}: {test:?}");
        assert!(test.out.lines().last().unwrap().contains(" passed, 0 failed; "), "{}", test.out);
        assert_eq!(folder.run(&["build", "-o", "out.campb"]).code, 0, "{recipe}");
        let listing = folder.run(&["disasm", "out.campb"]);
        assert_eq!(listing.code, 0);
        assert!(listing.out.contains("campaign"), "{}", listing.out);
        assert!(folder.read(".gitignore").contains("camp.db*"));
    }
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let folder = Folder::new();
    folder.write("mine.txt", "mine");
    let ran = folder.run(&["new", "."]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("not empty"), "{}", ran.err);
    assert!(!folder.path().join("camp.toml").exists());
    assert_eq!(folder.run(&["new", "x", "--recipe", "nothing"]).code, 2);
}

#[test]
fn explain_prints_a_page_and_refuses_what_it_does_not_know() {
    let folder = Folder::new();
    let page = folder.run(&["explain", "e1002"]);
    assert_eq!(page.code, 0);
    assert!(page.out.starts_with("# E1002"), "{}", page.out);
    let unknown = folder.run(&["explain", "E9999"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (2, ""));
}

#[test]
fn completions_know_the_commands() {
    let ran = Folder::new().run(&["completions", "bash"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("send-test"));
}

#[test]
fn usage_errors_exit_with_two() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["no-such-command"]).code, 2);
    assert_eq!(folder.run(&["check", "--format", "sarif"]).code, 2);
    assert_eq!(folder.run(&["check", "not-there.camp"]).code, 2);
    assert_eq!(folder.run(&["check"]).code, 2, "there is no .camp file");
    assert_eq!(folder.run(&["disasm", "not-there.campb"]).code, 2);
    assert_eq!(folder.run(&["--help"]).code, 0);
}

#[test]
fn a_file_that_is_no_program_is_refused() {
    let folder = Folder::new();
    folder.write("x.campb", "nothing of the kind");
    assert_eq!(folder.run(&["disasm", "x.campb"]).code, 1);
}

#[test]
fn unknown_keys_of_the_project_file_are_findings_with_the_near_one() {
    let folder = Folder::project("welcome");
    folder.write("camp.toml", "[project]\nname = \"acme\"\n\n[email]\nrat = \"50/s\"\n");
    let ran = folder.run(&["check", "--format", "short"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.out, "camp.toml:5:1: error[E1002]: camp.toml has no key `rat` in [email]\n");
    let human = folder.run(&["check"]);
    assert!(human.out.contains("did you mean `rate`?"), "{}", human.out);
    let run = folder.run(&["run"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("E1002"), "{}", run.err);
}

#[test]
fn a_missing_variable_is_named_with_its_key_and_line_where_it_is_used() {
    let folder = Folder::project("welcome");
    folder.write("camp.toml", "[email]\nurl = \"${CAMP_TEST_NO_SUCH_URL}\"\n");
    assert_eq!(folder.run(&["check"]).code, 0);
    assert_eq!(folder.run(&["test"]).code, 0);
    assert_eq!(folder.run(&["build"]).code, 0);
    let run = folder.run(&["run", "--listen", "127.0.0.1:0"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("email.url") && run.err.contains("CAMP_TEST_NO_SUCH_URL") && run.err.contains("camp.toml:2:"), "{}", run.err);
}

#[test]
fn a_daemon_others_can_reach_wants_keys() {
    let folder = Folder::project("welcome");
    let run = folder.run(&["run", "--listen", "0.0.0.0:0"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("server.write_keys"), "{}", run.err);
}

#[test]
fn a_webhooks_secret_must_be_there_unless_webhooks_go_to_files() {
    let folder = Folder::project("points-to-crm");
    folder.write("camp.toml", "[webhooks]\nprovider = \"http\"\n");
    let run = finished(folder.command(&["run", "--listen", "127.0.0.1:0"]).env_remove("CRM_SECRET"));
    assert_eq!(run.code, 2);
    assert!(run.err.contains("CRM_SECRET") && run.err.contains("crm"), "{}", run.err);
}
