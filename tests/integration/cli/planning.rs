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
    assert_eq!(empty.run(&["plan"]).code, 3, "without a store everything is new");
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

#[test]
fn a_deploy_that_is_refused_says_what_the_plan_says_over_every_door() {
    let (folder, daemon) = started();
    folder.write("main.camp", format!("{MESSAGES}// nothing else\n"));
    let plan = folder.run(&["plan", "--format", "json", "-o", "it.plan"]);
    assert_eq!(plan.code, 1, "{plan:?}");
    let refused = folder.run(&["deploy", "--yes"]);
    assert_eq!(refused.code, 1);
    assert!(refused.out.contains("campaign \"Welcome\"") && !refused.out.contains("error["), "{}", refused.out);
    assert!(refused.err.contains("error[E2108]: 1 contact is inside campaign \"Welcome\", which no longer exists"), "{}", refused.err);
    assert!(refused.err.trim_end().ends_with("nothing was deployed"), "{}", refused.err);
    assert_eq!(folder.run(&["build", "-o", "next.campb"]).code, 0);
    let image = std::fs::read(folder.path().join("next.campb")).unwrap();
    let deploy = |options: &str| {
        let path = format!("/v1/deploy?options={options}");
        daemon.request(("POST", &path), &[("Authorization", &format!("Bearer {}", daemon.admin_token))], &image)
    };
    let answer = deploy("");
    assert_eq!((answer.status, answer.problem().as_str()), (409, "not-deployable"));
    let whole: serde_json::Value = serde_json::from_str(&folder.read("it.plan")).unwrap();
    assert_eq!(answer.json()["findings"], whole["campaigns"][0]["findings"]);
    assert_eq!(deploy("%7B%22finish%22%3Atrue%7D").problem(), "bad-options", "a choice that nobody knows is not left out silently");
    let ended = folder.run(&["plan", "--end", "Welcome"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("1 end by this deploy"), "{}", ended.out);
    assert_eq!(folder.run(&["deploy", "--yes", "--end", "Welcome"]).code, 0);
    daemon.idle();
    assert_eq!(daemon.admin("GET", "/v1/contacts/u1", "").json()["enrollments"].as_array().unwrap().len(), 0);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn values_that_do_not_fit_stop_a_deploy_until_they_are_given_up() {
    let folder = Folder::new();
    folder.write("camp.toml", "[project]\nname = \"acme\"\n");
    let with = |ty: &str| format!("contact {{ plan: {ty} }}\n{}", source("  email one\n  wait 3d\n  email two\n"));
    folder.write("main.camp", with("text"));
    let daemon = Daemon::start(&folder);
    daemon.send("/v1/identify", r#"{"userId":"u1","traits":{"email":"ana@x.example","plan":"gold"}}"#);
    daemon.idle();
    folder.write("main.camp", with("enum(\"free\", \"pro\")"));
    let refused = folder.run(&["deploy", "--yes"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("error[E2106]: 1 of 1 values of `plan` do not fit"), "{}", refused.err);
    assert_eq!(daemon.admin("GET", "/v1/contacts/u1", "").json()["fields"]["plan"], "gold");
    assert_eq!(folder.run(&["plan", "--clear", "plan"]).code, 3);
    assert_eq!(folder.run(&["deploy", "--yes", "--clear", "plan"]).code, 0);
    daemon.idle();
    assert!(daemon.admin("GET", "/v1/contacts/u1", "").json()["fields"]["plan"].is_null());
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn status_lists_who_is_stranded_and_contacts_release_lets_them_go_on() {
    let folder = Folder::new();
    folder.write("camp.toml", "[project]\nname = \"acme\"\n");
    let with = |ty: &str| source("  email one\n  wait 3d\n  email two\n").replace("event signed_up", &format!("event signed_up {{ via: {ty} }}"));
    folder.write("main.camp", with("text").replace("when signed_up", "when signed_up as sign"));
    let daemon = Daemon::start(&folder);
    daemon.send("/v1/identify", r#"{"userId":"u1","traits":{"email":"ana@x.example"}}"#);
    daemon.send("/v1/track", r#"{"userId":"u1","event":"signed_up","properties":{"via":"friend"}}"#);
    daemon.idle();
    folder.write("main.camp", with("number").replace("when signed_up", "when signed_up as sign"));
    let plan = folder.run(&["plan"]);
    assert!(plan.out.contains("1 would be stranded: what they have captured does not fit its new type"), "{plan:?}");
    assert_eq!(folder.run(&["deploy", "--yes"]).code, 0);
    daemon.idle();
    let status = folder.run(&["status"]);
    assert!(status.out.contains("stranded    1 in \"Welcome\" at wait since"), "{}", status.out);
    assert_eq!(daemon.admin("GET", "/v1/campaigns/Welcome", "").json()["stranded"][0]["enrollments"], 1);
    let released = folder.run(&["contacts", "release", "u1", "--campaign", "Welcome"]);
    assert_eq!(released.code, 0, "{released:?}");
    assert_eq!(folder.run(&["contacts", "release", "u1"]).code, 1, "nothing is stranded any more");
    let status = folder.run(&["status"]);
    assert!(status.out.contains("finishing   1 in \"Welcome\" on deployment 1 since"), "{}", status.out);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(folder.run(&["contacts", "end", "u1"]).code, 0, "without a daemon as well");
    assert!(!folder.run(&["status"]).out.contains("finishing"));
}

#[test]
fn a_daemon_that_cannot_load_the_program_says_so_and_runs_on() {
    let (folder, daemon) = started();
    assert_eq!(folder.run(&["build", "-o", "next.campb"]).code, 0);
    let mut image = std::fs::read(folder.path().join("next.campb")).unwrap();
    image[5..7].copy_from_slice(&u16::MAX.to_le_bytes());
    for path in ["/v1/deploy", "/v1/plan"] {
        let answer = daemon.request(("POST", path), &[("Authorization", &format!("Bearer {}", daemon.admin_token))], &image);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (409, Some("E2203")), "{path}: {answer:?}");
        assert!(answer.json()["detail"].as_str().unwrap().contains("nothing has changed"), "{answer:?}");
    }
    assert_eq!(daemon.admin("POST", "/v1/deploy", "no program at all").problem(), "no-program");
    assert_eq!(daemon.admin("GET", "/v1/status", "").json()["deployment"], 1);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_roll_back_shows_what_it_changes_and_who_keeps_it_from_that() {
    let (folder, daemon) = started();
    folder.write("main.camp", source("  email one\n  wait 3d\n  email two\n  wait 9d as more\n"));
    assert_eq!(folder.run(&["deploy", "--yes"]).code, 0);
    assert_eq!(folder.run(&["deploy", "--rollback"]).code, 2, "nobody is there to be asked");
    let back = folder.run(&["deploy", "--rollback", "--yes"]);
    assert!(back.code == 0 && back.out.contains("- more"), "{back:?}");
    assert_eq!(folder.run(&["deploy", "--rollback", "--yes"]).code, 0, "and back again");
    daemon.advance("3d");
    let refused = folder.run(&["deploy", "--rollback", "--yes"]);
    assert!(refused.code == 1 && refused.err.starts_with("error[E2204]") && refused.err.contains("1 contact stands at `more`"), "{refused:?}");
    assert_eq!(folder.run(&["deploy", "--rollback", "--yes", "--finish-on-old"]).code, 0);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_deploy_that_makes_many_due_at_once_wants_a_pace_before_it_asks() {
    let (folder, daemon) = started();
    let crowd: Vec<String> = (0..120).map(|number| format!(r#"{{"type":"track","userId":"c{number}","event":"signed_up"}}"#)).collect();
    assert_eq!(daemon.send("/v1/batch", &format!(r#"{{"batch":[{}]}}"#, crowd.join(","))).status, 200);
    daemon.advance("2d");
    folder.write("main.camp", source("  email one\n  wait 1d\n  email two\n"));
    let plan = folder.run(&["plan"]);
    assert!(plan.code == 3 && plan.out.contains("121 become due at once   needs --release"), "{plan:?}");
    let refused = folder.run(&["deploy"]);
    assert!(refused.code == 1 && refused.err.starts_with("error[E2205]: 121 of 121 contacts in campaign \"Welcome\" become due at once"), "{refused:?}");
    assert_eq!(folder.run(&["build", "-o", "next.campb"]).code, 0);
    let image = std::fs::read(folder.path().join("next.campb")).unwrap();
    let answer = daemon.request(("POST", "/v1/deploy"), &[("Authorization", &format!("Bearer {}", daemon.admin_token))], &image);
    assert_eq!((answer.status, answer.json()["code"].as_str()), (409, Some("E2205")), "over HTTP as well");
    assert_eq!(folder.run(&["deploy", "--yes", "--release", "60-per-hour"]).code, 0);
    daemon.idle();
    let inside = || daemon.admin("GET", "/v1/campaigns/Welcome", "").json()["inside"].as_u64().unwrap();
    daemon.advance("30min");
    assert!((70..110).contains(&inside()), "half an hour of sixty an hour: {}", inside());
    daemon.advance("2h");
    assert_eq!(inside(), 0);
    assert_eq!(daemon.stop(), 0);
}
