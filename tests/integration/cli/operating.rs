//! Operating a running project, as its operator sees it: pauses, why and why not, contacts out and away, how things stand.

use crate::bench::{Daemon, Folder, Ran};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

const SOURCE: &str = r#"project "Acme" {
  timezone "America/Toronto"
  from "Ana at Acme <ana@acme.example>"
  address "1 King St W, Toronto ON"
}

contact {
  plan: enum("free", "pro") = "free"
  company: text
}

event signed_up { source: text }
topic news
list vips

segment "Hot" = points > 50

points { on visited("/pricing") +60 }

email welcome {
  subject "Welcome"
  body "Hello: https://acme.example/start"
}
email later {
  subject "Still there?"
  body "Hello again: https://acme.example/start"
}

campaign "Drip" {
  published
  when signed_up
  email welcome
  wait 1d
  email later
}

campaign "Pro only" {
  published
  when signed_up
  only if plan == "pro"
  wait for visited("/docs") up to 3d
}

campaign "Score" {
  published
  when segment "Hot"
  tag "hot"
  wait 3d
}

campaign "Tagged" {
  published
  when tag "hot"
  wait 3d
}
"#;

fn project() -> Folder {
    let folder = Folder::project("welcome");
    folder.write("main.camp", SOURCE);
    folder
}

fn sign_up(daemon: &Daemon, user: &str) {
    let identify = format!(r#"{{"userId":"{user}","traits":{{"email":"{user}@x.example"}}}}"#);
    assert_eq!(daemon.send("/v1/identify", &identify).status, 200);
    assert_eq!(daemon.send("/v1/track", &format!(r#"{{"userId":"{user}","event":"signed_up"}}"#)).status, 200);
    daemon.idle();
}

fn sends(folder: &Folder) -> Vec<String> {
    let line = |line: &serde_json::Value| format!("{} to {}", line["message"].as_str().unwrap(), line["to"].as_str().unwrap());
    folder.outbox().iter().map(line).collect()
}

fn ok(ran: Ran) -> String {
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.out
}

fn line_with<'a>(text: &'a str, part: &str) -> &'a str {
    text.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no line holds {part:?}:\n{text}"))
}

#[test]
fn a_pause_holds_what_leaves_and_a_resume_lets_it_go_on() {
    let folder = project();
    let daemon = Daemon::start(&folder);
    sign_up(&daemon, "ana");
    let said = ok(folder.run(&["pause", "Drip"]));
    assert!(said.starts_with("\"Drip\" is paused: 1 contact stays inside, nothing leaves, time goes on."), "{said}");
    daemon.advance("2d");
    sign_up(&daemon, "bob");
    assert_eq!(sends(&folder), ["welcome to ana@x.example"], "nothing leaves, nobody enters");
    let why = ok(folder.run(&["why", "bob", "--campaign", "Drip"]));
    assert!(line_with(&why, "not enrolled").contains("paused"), "{why}");
    assert!(line_with(&why, "kept out by").contains("`campc resume` lets it go on"), "{why}");
    let now = ok(folder.run(&["why", "ana", "--now"]));
    assert!(line_with(&now, "Drip").contains("[the campaign is paused: nothing leaves]"), "{now}");
    assert!(ok(folder.run(&["resume", "Drip"])).starts_with("\"Drip\" goes on: "));
    daemon.idle();
    assert_eq!(sends(&folder), ["welcome to ana@x.example", "later to ana@x.example"], "who came during the pause was lost");
}

#[test]
fn who_was_triggered_during_a_pause_is_caught_up_with_when_that_is_asked() {
    let folder = project();
    let daemon = Daemon::start(&folder);
    assert_eq!(folder.run(&["pause", "Drip"]).code, 0);
    sign_up(&daemon, "bob");
    daemon.advance("4h");
    assert!(sends(&folder).is_empty());
    let said = ok(folder.run(&["resume", "--catch-up", "Drip"]));
    assert!(said.contains("who was triggered during the pause was asked again"), "{said}");
    daemon.idle();
    assert_eq!(sends(&folder), ["welcome to bob@x.example"]);
}

#[test]
fn a_pause_survives_a_deploy_and_works_without_a_daemon() {
    let folder = project();
    let daemon = Daemon::start(&folder);
    sign_up(&daemon, "ana");
    assert_eq!(daemon.stop(), 0);
    assert_eq!(folder.run(&["pause", "Drip"]).code, 0, "nobody runs");
    folder.write("main.camp", SOURCE.replace("wait 1d", "wait 2d"));
    let daemon = Daemon::start_with(&folder, &["run", ".", "--clock", "manual", "--listen", "127.0.0.1:0"]);
    daemon.advance("5d");
    assert_eq!(sends(&folder), ["welcome to ana@x.example"]);
    assert!(line_with(&ok(folder.run(&["status"])), "Drip").contains("paused"));
    assert_eq!(folder.run(&["resume", "Drip"]).code, 0);
    daemon.idle();
    assert_eq!(sends(&folder).len(), 2);
}

#[test]
fn names_that_are_nearly_right_are_told() {
    let folder = project();
    let daemon = Daemon::start(&folder);
    sign_up(&daemon, "anastasia");
    for (args, wanted) in [
        (["pause", "Drp"].as_slice(), "there is no campaign \"Drp\"; did you mean \"Drip\"?"),
        (&["resume", "drip"], "did you mean \"Drip\"?"),
        (&["enroll", "Scor", "anastasia"], "did you mean \"Score\"?"),
        (&["why", "anastasa"], "did you mean \"anastasia\"?"),
        (&["why", "anastasia", "--campaign", "Pro onli"], "did you mean \"Pro only\"?"),
        (&["contacts", "show", "anastasia@x.exampel"], "did you mean \"anastasia@x.example\"?"),
        (&["contacts", "export", "--segment", "Hott"], "did you mean \"Hot\"?"),
    ] {
        let ran = folder.run(args);
        assert_eq!(ran.code, 1, "{args:?} {ran:?}");
        assert!(ran.err.contains(wanted), "{args:?} {ran:?}");
    }
}

#[test]
fn why_says_why_in_why_not_and_what_is_waited_for() {
    let folder = project();
    let daemon = Daemon::start(&folder);
    sign_up(&daemon, "ana");
    daemon.send("/v1/page", r#"{"userId":"ana","properties":{"path":"/pricing"}}"#);
    daemon.idle();
    let why = ok(folder.run(&["why", "ana"]));
    let refused = line_with(&why, "not enrolled");
    assert!(refused.contains("Pro only  not enrolled  only if: plan == \"pro\" is false: plan is \"free\" by signed_up"), "{refused}");
    assert!(line_with(&why, "Score  enrolled").contains("segment \"Hot\": points 0 → 60 by visited(\"/pricing\")"), "{why}");
    // A step did it, not the visit that came before.
    assert!(line_with(&why, "Score  changed").contains("tag \"hot\" false → true"), "{why}");
    assert!(line_with(&why, "Tagged  enrolled").ends_with("tag \"hot\" by campaign \"Score\" at tag hot"), "{why}");
    let waiting = line_with(&why, "  Drip  waiting at");
    assert!(waiting.starts_with("  Drip  waiting at wait") && waiting.contains(", until "), "{waiting}");
    let outside = ok(folder.run(&["why", "ana", "--campaign", "Pro only"]));
    assert!(outside.contains("not in \"Pro only\", never has been"), "{outside}");
    assert!(line_with(&outside, "enters by").ends_with("signed_up"), "{outside}");
    assert!(line_with(&outside, "kept out by").ends_with("only if plan == \"pro\" is false: plan is \"free\""), "{outside}");
    daemon.admin("PUT", "/v1/contacts/ana", r#"{"fields":{"plan":"pro"}}"#);
    sign_up(&daemon, "ana");
    let now = ok(folder.run(&["why", "ana", "--now"]));
    assert!(line_with(&now, "Pro only").contains(", listening to visited(\"/docs\")"), "{now}");
    let recent = ok(folder.run(&["why", "ana", "--since", "1h", "--format", "json"]));
    assert!(!recent.is_empty());
    daemon.advance("2d");
    assert_eq!(ok(folder.run(&["why", "ana", "--since", "1h", "--format", "json"])), "", "it is longer ago");
    assert_eq!(folder.run(&["why", "ana", "--since", "lately"]).code, 2);
}

#[test]
fn contacts_come_out_as_they_go_in() {
    let folder = project();
    let daemon = Daemon::start(&folder);
    let body = r#"{"email":"eve@x.example","phone":"+15550100","points":-5,"tags":["a","b"],"lists":["vips"],"fields":{"company":"=HYPERLINK(\"https://evil.example\")","plan":"pro","first_name":"'=1"},"consent":{"sms":"given","topics":{"news":"withdrawn"}}}"#;
    assert_eq!(daemon.admin("PUT", "/v1/contacts/eve", body).status, 201);
    sign_up(&daemon, "ana");
    let csv = ok(folder.run(&["contacts", "export"]));
    assert!(csv.contains("\"'=HYPERLINK(\"\"https://evil.example\"\")\""), "{csv}");
    assert!(csv.contains(",'+15550100,") && csv.contains(",-5,") && csv.contains(",''=1,"), "{csv}");
    assert!(ok(folder.run(&["contacts", "export", "--raw"])).contains("\"=HYPERLINK("), "as it is");
    let ran = folder.run(&["contacts", "export", "-o", "people.csv"]);
    assert!(ran.code == 0 && ran.err.contains("2 contacts written to people.csv"), "{ran:?}");
    assert_eq!(ok(folder.run(&["contacts", "export", "--segment", "Hot", "--format", "jsonl"])), "", "nobody is in it");
    assert_eq!(folder.run(&["contacts", "export", "-o", "people.jsonl"]).code, 0);
    let before = ["ana", "eve"].map(|user| comparable(&daemon, user));
    assert_eq!(daemon.stop(), 0);
    for file in ["people.csv", "people.jsonl"] {
        let other = project();
        other.write(file, folder.read(file));
        let daemon = Daemon::start(&other);
        let ran = other.run(&["contacts", "import", file]);
        assert_eq!(ran.code, 0, "{file}: {ran:?}");
        assert_eq!(["ana", "eve"].map(|user| comparable(&daemon, user)), before, "{file}");
    }
}

/// What an import can bring back: not the number, nor what the store itself notes.
fn comparable(daemon: &Daemon, user: &str) -> serde_json::Value {
    let mut contact = daemon.admin("GET", &format!("/v1/contacts/{user}"), "").json();
    for key in ["id", "created_at", "last_seen_at", "enrollments"] {
        contact.as_object_mut().unwrap().remove(key);
    }
    for key in ["created_at", "last_seen_at"] {
        contact["fields"].as_object_mut().unwrap().remove(key);
    }
    contact
}

#[test]
fn an_erased_contact_is_gone_and_its_address_stays_suppressed() {
    let folder = project();
    let daemon = Daemon::start(&folder);
    sign_up(&daemon, "ana");
    let dossier: serde_json::Value = serde_json::from_str(&ok(folder.run(&["contacts", "export", "ana"]))).unwrap();
    assert_eq!(dossier["contact"]["email"], "ana@x.example");
    for part in ["events", "journal", "messages"] {
        assert!(!dossier[part].as_array().unwrap().is_empty(), "{part}: {dossier}");
    }
    assert_eq!(folder.run(&["contacts", "erase", "ana", "--reason", "asked for it"]).code, 2, "nobody is there to ask");
    assert_eq!(folder.run(&["contacts", "erase", "ana", "--reason", " ", "--yes"]).code, 2);
    let said = ok(folder.run(&["contacts", "erase", "ana@x.example", "--reason", "asked for it", "--yes"]));
    assert!(said.starts_with("erased "), "{said}");
    assert_eq!(folder.run(&["contacts", "show", "ana"]).code, 1);
    daemon.advance("2d");
    assert_eq!(sends(&folder), ["welcome to ana@x.example"], "everything has ended");
    let listed = ok(folder.run(&["contacts", "suppressions", "list"]));
    assert!(listed.starts_with("email  erased ") && !listed.contains("ana@x.example"), "{listed}");
    sign_up(&daemon, "ana");
    assert_eq!(sends(&folder).len(), 1, "the address is known to be erased");
    assert_eq!(daemon.admin("GET", "/v1/contacts/ana", "").json()["consent"]["email"], "withdrawn");
    let status = daemon.admin("GET", "/v1/campaigns/Drip", "").json();
    assert_eq!(status["entered"], 2, "what campaigns count stays: {status}");
    assert_eq!(daemon.stop(), 0);
    let daemon = Daemon::start(&folder);
    assert_eq!(daemon.admin("GET", "/v1/suppressions", "").json().as_array().unwrap().len(), 1);
    assert_eq!(folder.run(&["contacts", "suppressions", "drop", "ana@x.example"]).code, 0);
    assert_eq!(daemon.admin("GET", "/v1/contacts/ana", "").json()["consent"]["email"], "none");
}

#[test]
fn an_address_is_suppressed_by_hand_and_the_list_travels() {
    let folder = project();
    let daemon = Daemon::start(&folder);
    assert_eq!(folder.run(&["contacts", "suppressions", "add", "Bob@X.example"]).code, 0);
    assert_eq!(folder.run(&["contacts", "suppressions", "add", "nobody"]).code, 1);
    assert_eq!(folder.run(&["contacts", "suppressions", "add", "bob@x.example", "--reason", "mood"]).code, 1);
    sign_up(&daemon, "bob");
    assert!(sends(&folder).is_empty());
    let why = ok(folder.run(&["why", "bob", "--campaign", "Drip"]));
    assert!(line_with(&why, "skipped").contains("unsubscribed") || line_with(&why, "skipped").contains("no consent"), "{why}");
    assert_eq!(folder.run(&["contacts", "suppressions", "export", "-o", "s.csv"]).code, 0);
    assert_eq!(folder.run(&["contacts", "suppressions", "drop", "bob@x.example"]).code, 0);
    assert_eq!(ok(folder.run(&["contacts", "suppressions", "list"])), "");
    assert!(ok(folder.run(&["contacts", "suppressions", "import", "s.csv"])).starts_with("1 suppressed, 0 refused"));
    assert!(ok(folder.run(&["contacts", "suppressions", "list"])).contains("manual"));
}

#[test]
fn a_suppression_by_hand_holds_for_its_reason_and_a_complaint_is_lifted_by_its_name_alone() {
    let folder = project();
    let daemon = Daemon::start(&folder);
    sign_up(&daemon, "bob");
    sign_up(&daemon, "eve");
    let at = |reason: &str| folder.run(&["contacts", "suppressions", "add", "bob@x.example", "--reason", reason]).code;
    assert_eq!(at("hard_bounce"), 0);
    daemon.admin("PUT", "/v1/contacts/eve", r#"{"email":"bob@x.example"}"#);
    daemon.advance("2d");
    for who in ["bob", "eve"] {
        let why = ok(folder.run(&["why", who, "--campaign", "Drip"]));
        assert!(line_with(&why, "skipped").contains("hard bounce"), "{why}");
    }
    assert_eq!(at("complaint"), 0);
    let drop = |more: &[&str]| folder.run(&[&["contacts", "suppressions", "drop", "bob@x.example"], more].concat()).code;
    assert_eq!((drop(&[]), drop(&["--reason", "hard_bounce"])), (1, 1));
    assert_eq!(drop(&["--reason", "complaint"]), 0);
    assert_eq!(ok(folder.run(&["contacts", "suppressions", "list"])), "");
    assert_eq!(folder.run(&["contacts", "suppressions", "drop", "nobody@x.example"]).code, 1, "it is not on the list");
}

#[test]
fn an_address_that_bounced_is_known_for_whoever_has_it_next_and_after_a_restart() {
    let folder = project();
    let daemon = Daemon::start(&folder);
    sign_up(&daemon, "bob");
    assert_eq!(folder.run(&["contacts", "suppressions", "add", "bob@x.example", "--reason", "hard_bounce"]).code, 0);
    assert_eq!(folder.run(&["contacts", "suppressions", "drop", "bob@x.example"]).code, 0);
    assert_eq!(daemon.admin("POST", "/v1/suppressions", r#"{"address":"bob@x.example","reason":"hard_bounce"}"#).status, 200);
    daemon.admin("PUT", "/v1/contacts/bob", r#"{"email":"bob.new@x.example"}"#);
    daemon.advance("2d");
    let sent = sends(&folder);
    assert!(sent.iter().any(|line| line.ends_with("to bob.new@x.example")), "{sent:?}");
    assert_eq!(daemon.stop(), 0);
    let daemon = Daemon::start(&folder);
    sign_up(&daemon, "eve");
    daemon.admin("PUT", "/v1/contacts/eve", r#"{"email":"bob@x.example"}"#);
    daemon.advance("2d");
    let why = ok(folder.run(&["why", "eve", "--campaign", "Drip"]));
    assert!(line_with(&why, "skipped").contains("hard bounce"), "{why}");
}

#[test]
fn status_tells_how_things_stand_with_and_without_a_daemon() {
    let folder = project();
    let daemon = Daemon::start(&folder);
    sign_up(&daemon, "ana");
    daemon.send("/v1/track", r#"{"userId":"ana","event":"Never Declared"}"#);
    daemon.advance("3h");
    let with = ok(folder.run(&["status"]));
    assert!(with.starts_with("Acme  running\n") && with.contains("(manual clock)"), "{with}");
    assert!(line_with(&with, "  at wait").trim_end().ends_with('1'), "{with}");
    assert!(line_with(&with, "undeclared").contains("Never Declared (once"), "{with}");
    assert!(line_with(&with, "email/marketing").contains('-'), "{with}");
    assert_eq!(daemon.stop(), 0);
    let without = ok(folder.run(&["status"]));
    assert!(without.starts_with("Acme  not running\n") && without.contains("(manual clock)"), "{without}");
    assert_eq!(line_with(&with, "now "), line_with(&without, "now "), "a stopped store keeps its own time");
    folder.write("main.camp", SOURCE.replace("wait 1d", "wait 2d"));
    assert!(ok(folder.run(&["status"])).contains("the source differs"));
    assert!(!ok(folder.run(&["status", "--color", "auto"])).contains('\u{1b}'));
}

#[test]
fn what_happens_is_followed_line_by_line() {
    let folder = project();
    assert_eq!(folder.run(&["status", "--follow"]).code, 1, "nobody runs");
    let daemon = Daemon::start(&folder);
    let mut child = folder.command(&["status", "--follow", "--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    let daemon = heard_enrolling(daemon, "Drip", &mut lines);
    assert_eq!(daemon.stop(), 0);
    // A restart, elsewhere: the follower comes back by itself.
    let daemon = heard_enrolling(Daemon::start(&folder), "Score", &mut lines);
    assert_eq!(daemon.stop(), 0);
    let _ = child.kill();
    let _ = child.wait();
}

/// Something goes on happening until the follower has heard of it in a campaign.
fn heard_enrolling(daemon: Daemon, campaign: &str, lines: &mut impl Iterator<Item = serde_json::Value>) -> Daemon {
    let is_heard = AtomicBool::new(false);
    let heard = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !is_heard.load(Ordering::Acquire) {
                let user = format!("{campaign}{number}");
                if campaign == "Drip" {
                    sign_up(&daemon, &user);
                } else {
                    daemon.send("/v1/page", &format!(r#"{{"userId":"{user}","properties":{{"path":"/pricing"}}}}"#));
                }
                number += 1;
            }
        });
        let is_it = |line: &serde_json::Value| line["line"]["what"] == "enrolled" && line["line"]["campaign"] == campaign;
        let found = lines.find(is_it);
        is_heard.store(true, Ordering::Release);
        found
    });
    assert!(heard.is_some());
    daemon
}

#[test]
fn g28_nothing_of_an_erased_person_stays_in_the_stores_files() {
    let folder = project();
    let daemon = Daemon::start(&folder);
    let canaries = ["canarymailq7", "canaryuserq7", "canarycompanyq7", "canarysourceq7", "canarypathq7"];
    let [mail, user, company, source, path] = canaries;
    let traits = format!(r#"{{"userId":"{user}","traits":{{"email":"{mail}@x.example","company":"{company}"}}}}"#);
    assert_eq!(daemon.send("/v1/identify", &traits).status, 200);
    assert_eq!(daemon.send("/v1/track", &format!(r#"{{"userId":"{user}","event":"signed_up","properties":{{"source":"{source}"}}}}"#)).status, 200);
    assert_eq!(daemon.send("/v1/page", &format!(r#"{{"userId":"{user}","properties":{{"path":"/{path}"}}}}"#)).status, 200);
    sign_up(&daemon, "bob");
    daemon.advance("2d");
    assert_eq!(folder.run(&["contacts", "erase", user, "--reason", "a test", "--yes"]).code, 0);
    let export = ok(folder.run(&["contacts", "export"]));
    let metrics = String::from_utf8(daemon.request(("GET", "/metrics"), &[], b"").body).unwrap();
    assert_eq!(daemon.stop(), 0);
    let mut texts = vec![("export".to_string(), export.into_bytes()), ("metrics".to_string(), metrics.into_bytes())];
    for entry in std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("camp.db") {
            texts.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
    for (name, bytes) in texts {
        for canary in canaries {
            let is_found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!is_found, "{name} holds {canary}");
        }
    }
}
