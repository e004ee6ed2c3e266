//! `campc plan` through the real binary: what it prints, its exit codes, with a daemon and without one.

use crate::bench::{Daemon, Folder};

const MESSAGES: &str = "project \"Acme\" { timezone \"UTC\" from \"a@acme.example\" address \"1 King St\" }\n\
    event signed_up\n\
    email one { subject \"One\" transactional body \"Hello, one.\" }\n\
    email two { subject \"Two\" transactional body \"Hello, two.\" }\n";

fn source(steps: &str) -> String {
    format!("{MESSAGES}campaign \"Welcome\" {{\n  published\n  when signed_up\n\n{steps}}}\n")
}

fn started() -> (Folder, Daemon) {
    let folder = Folder::new();
    folder.write("camp.toml", "[project]\nname = \"acme\"\n");
    folder.write("main.camp", source("  email one\n  wait 3d\n  email two\n"));
    let daemon = Daemon::start(&folder);
    daemon.send("/v1/identify", r#"{"userId":"u1","traits":{"email":"ana@x.example"}}"#);
    assert_eq!(daemon.send("/v1/track", r#"{"userId":"u1","event":"signed_up"}"#).status, 200);
    daemon.idle();
    (folder, daemon)
}

#[test]
fn a_plan_prints_what_a_deploy_would_change_and_says_it_in_its_exit_code() {
    let empty = Folder::new();
    empty.write("main.camp", source("  email one\n"));
    assert_eq!(empty.run(&["plan"]).code, 1, "there is no store");
    let (folder, daemon) = started();
    let same = folder.run(&["plan"]);
    assert_eq!((same.code, same.out.as_str()), (0, "nothing changes: the source is what is deployed\n"), "{}", same.err);
    folder.write("main.camp", source("  email one\n  wait 1d\n  email two\n  tag \"welcomed\"\n"));
    let with = folder.run(&["plan"]);
    assert_eq!(with.code, 3, "{with:?}");
    for part in ["campaign \"Welcome\"", "1 contact inside", "~ wait", "3d → 1d", "1 here", "+ tag welcomed", "reached by 1", "= 2 steps unchanged"] {
        assert!(with.out.contains(part), "{part}\n{}", with.out);
    }
    assert!(folder.run(&["--color", "always", "plan"]).out.contains("\u{1b}[33m~\u{1b}[0m"));
    assert_eq!(daemon.stop(), 0);
    let without = folder.run(&["plan", "--all"]);
    assert_eq!((without.code, &without.out), (3, &with.out));
    folder.write("main.camp", format!("{MESSAGES}// nothing else\n"));
    let gone = folder.run(&["plan"]);
    assert_eq!(gone.code, 1);
    assert!(gone.out.contains("error[E2108]: 1 contact is inside campaign \"Welcome\", which no longer exists"), "{}", gone.out);
}

#[test]
fn a_plan_that_forbids_the_deploy_shows_where_and_what_to_paste() {
    let (folder, daemon) = started();
    folder.write("main.camp", source("  email one\n  email two\n"));
    let refused = folder.run(&["plan"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let finding = &refused.out[refused.out.find("error[").unwrap()..];
    let expected = "error[E2103]: 1 contact stands at `wait`, which no longer exists\n  \
        ┌─ main.camp (deployed version):10:3\n  \
        help: say where they go on, or let them finish on the version they are in (`--finish-on-old`); add to the campaign:\n        \
        migrate {\n          from \"wait\" to \"email two\"   // 1 here; goes on there at once\n        }\n";
    assert_eq!(finding, expected);
    assert_eq!(folder.run(&["plan", "--finish-on-old"]).code, 3);
    let json = folder.run(&["plan", "--format", "json", "-o", "it.plan"]);
    let one: serde_json::Value = serde_json::from_str(json.out.lines().next().unwrap()).unwrap();
    assert_eq!((json.code, one["inside"].as_u64(), one["findings"][0]["code"].as_str()), (1, Some(1), Some("E2103")));
    let row = &one["steps"][0];
    assert_eq!((row["old"].as_str(), row["new"].as_str(), row["how"].as_str(), row["here"].as_u64()), (Some("wait"), None, Some("gone"), Some(1)));
    let whole: serde_json::Value = serde_json::from_str(&folder.read("it.plan")).unwrap();
    assert_eq!(whole["campaigns"][0]["campaign"].as_str(), Some("Welcome"));
    assert_eq!(daemon.stop(), 0);
}
