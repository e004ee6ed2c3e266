//! The daemon and the commands on its store, with and without it.

use crate::bench::{Daemon, Folder};

fn sign_up(daemon: &Daemon) {
    let identify = daemon.send("/v1/identify", r#"{"userId":"u1","traits":{"email":"ana@x.example","firstName":"Ana","timezone":"America/Toronto"}}"#);
    assert_eq!(identify.json()["success"], true);
    assert_eq!(daemon.send("/v1/track", r#"{"userId":"u1","event":"Signed Up"}"#).status, 200);
    daemon.idle();
}

#[test]
fn an_event_becomes_a_send_and_time_does_the_rest() {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start(&folder);
    sign_up(&daemon);
    let first = folder.outbox();
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!((first[0]["message"].as_str(), first[0]["to"].as_str(), first[0]["channel"].as_str()), (Some("welcome"), Some("ana@x.example"), Some("email")));
    assert_eq!(folder.run(&["clock", "advance", "3d"]).code, 0);
    let sends: Vec<_> = folder.outbox().iter().map(|line| line["message"].as_str().unwrap().to_string()).collect();
    assert_eq!(sends, ["welcome", "reminder"]);
    let why = folder.run(&["why", "u1"]);
    assert_eq!(why.code, 0);
    assert!(why.out.lines().next().unwrap().ends_with("  Welcome  enrolled  signed_up"), "{}", why.out);
    let json = folder.run(&["why", "ana@x.example", "--campaign", "Welcome", "--format", "json"]);
    let whats: Vec<_> = json.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["what"].as_str().unwrap().to_string()).collect();
    assert_eq!(whats.first().map(String::as_str), Some("enrolled"));
    assert_eq!(whats.last().map(String::as_str), Some("finished"));
    assert_eq!(folder.run(&["why", "nobody"]).code, 1);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn commands_work_with_and_without_the_daemon() {
    let folder = Folder::project("welcome");
    assert_eq!(folder.run(&["status"]).code, 1, "there is no store yet");
    let daemon = Daemon::start(&folder);
    sign_up(&daemon);
    let note = folder.path().join("camp.db.daemon.json");
    assert!(note.exists());
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&note).unwrap().permissions()) & 0o777, 0o600);
    let with = folder.run(&["status", "--format", "json"]);
    assert_eq!(folder.run(&["pause", "Welcome"]).code, 0);
    assert_eq!(folder.run(&["pause", "Nothing"]).code, 1);
    assert_eq!(daemon.stop(), 0);
    assert!(!note.exists());
    let without = folder.run(&["status", "--format", "json"]);
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(read(&with.out)["contacts"], read(&without.out)["contacts"]);
    assert_eq!(read(&without.out)["campaigns"][0]["status"], "paused");
    assert_eq!(folder.run(&["resume", "Welcome"]).code, 0);
    assert_eq!(folder.run(&["contacts", "show", "u1"]).code, 0);
    assert_eq!(folder.run(&["contacts", "show", "u2"]).code, 1);
    assert_eq!(folder.run(&["enroll", "Welcome", "u1"]).code, 0);
    assert_eq!(folder.run(&["enroll", "Nothing", "u1"]).code, 1);
    assert_eq!(folder.run(&["clock"]).code, 1, "the clock needs a daemon");
}

#[test]
fn a_manual_clock_goes_on_where_the_store_stopped() {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start(&folder);
    sign_up(&daemon);
    daemon.advance("2d");
    let before = daemon.admin("GET", "/v1/clock", "").json()["now"].clone();
    assert_eq!(daemon.stop(), 0);
    let daemon = Daemon::start(&folder);
    assert_eq!(daemon.admin("GET", "/v1/clock", "").json()["now"], before);
    daemon.advance("1d");
    assert_eq!(folder.outbox().len(), 2);
}

#[test]
fn findings_keep_a_daemon_from_starting() {
    let folder = Folder::project("welcome");
    folder.write("main.camp", "campaign \"x\" {\n  published\n  when nothing_known\n  stop\n}\n");
    assert_eq!(folder.run(&["run", "--listen", "127.0.0.1:0"]).code, 1);
}

#[test]
fn an_import_takes_the_good_rows_and_puts_the_bad_ones_aside() {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start(&folder);
    folder.write("people.csv", "Mail;First Name;shoe;tags\nana@x.example;Ana;42;vip\n;Nobody;1;\nbob@x.example;Bob\nnot an address;C;1;\n");
    let ran = folder.run(&["contacts", "import", "people.csv", "--map", "Mail=email", "--keep-unknown"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.starts_with("1 imported, 3 rejected"), "{}", ran.out);
    assert!(ran.err.contains("\"shoe\""), "{}", ran.err);
    let rejected = folder.read("people.csv.rejected.csv");
    let lines: Vec<&str> = rejected.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(lines, ["line", "3", "4", "5"], "{rejected}");
    let ana = daemon.admin("GET", "/v1/contacts/ana@x.example", "").json();
    assert_eq!(
        (ana["fields"]["first_name"].as_str(), ana["tags"][0].as_str(), ana["traits"]["shoe"].as_str()),
        (Some("Ana"), Some("vip"), Some("42")),
        "{ana}"
    );
    folder.write("more.jsonl", "{\"email\":\"eve@x.example\",\"fields\":{\"first_name\":\"Eve\"}}\n");
    assert_eq!(folder.run(&["contacts", "import", "more.jsonl"]).code, 0);
    assert_eq!(daemon.stop(), 0);
    folder.write("last.csv", "user_id,email\nu9,nine@x.example\n");
    assert_eq!(folder.run(&["contacts", "import", "last.csv"]).code, 0, "without a daemon too");
    assert_eq!(folder.run(&["contacts", "show", "u9"]).code, 0);
}

#[test]
fn another_encoding_is_named_and_nothing_is_imported() {
    let folder = Folder::project("welcome");
    folder.write("people.csv", b"email,first_name\njose@x.example,Jos\xe9\n");
    let ran = folder.run(&["contacts", "import", "people.csv"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("Windows-1252"), "{}", ran.err);
}

#[test]
fn a_message_is_seen_before_anybody_else_sees_it() {
    let folder = Folder::project("welcome");
    let shown = folder.run(&["preview", "welcome"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(shown.out.contains("Subject: Welcome, Ana"), "{}", shown.out);
    assert_eq!(folder.run(&["preview", "welcome", "-o", "w.html"]).code, 0);
    assert!(folder.read("w.html").contains("<html"));
    assert_eq!(folder.run(&["preview", "welcom"]).code, 1);
    assert_eq!(folder.run(&["send-test", "welcome", "--to", "me@x.example"]).code, 0);
    assert_eq!(folder.outbox()[0]["to"], "me@x.example");
}

#[test]
fn an_empty_key_counts_as_missing() {
    let folder = Folder::project("welcome");
    folder.write("camp.toml", "[server]\nwrite_keys = [\"\"]\nadmin_tokens = [\"\"]\n");
    let daemon = Daemon::start(&folder);
    assert!(!daemon.write_key.is_empty() && !daemon.admin_token.is_empty(), "keys were made");
    let anyone = daemon.raw(b"GET /v1/contacts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \r\nconnection: close\r\n\r\n");
    assert_eq!(anyone.status, 401, "{anyone:?}");
}

#[test]
fn a_store_ahead_of_the_clock_is_warned_of() {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start(&folder);
    daemon.advance("400d");
    assert_eq!(daemon.stop(), 0);
    let daemon = Daemon::start_with(&folder, &["run", "--listen", "127.0.0.1:0"]);
    let (code, said) = daemon.stop_and_read();
    assert_eq!(code, 0);
    assert!(said.contains("warning: the store's time is") && said.contains("ahead of this machine's clock"), "{said}");
}

#[test]
fn an_import_refuses_a_row_whose_value_does_not_fit_whatever_the_format() {
    let folder = Folder::project("welcome");
    folder.write("main.camp", PEOPLE_FIRST);
    folder.write("people.csv", "email,plan,age,points,list:vip\na@x.example,gold,,,\nb@x.example,,old,,\nc@x.example,,,many,\nd@x.example,pro,41,5,yes\n");
    let ran = folder.run(&["contacts", "import", "people.csv", "--format", "json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let said: serde_json::Value = serde_json::from_str(ran.out.trim()).unwrap();
    assert_eq!((&said["imported"], &said["rejected"]), (&1.into(), &3.into()), "{said}");
    let rejected = folder.read("people.csv.rejected.csv");
    assert!(["is not one of", "old", "many"].iter().all(|part| rejected.contains(part)), "{rejected}");
    let lines = [
        r#"{"email":"e@x.example","fields":{"plan":"gold"}}"#,
        r#"{"email":"f@x.example","points":"x"}"#,
        r#"{"email":"g@x.example","plan":"pro"}"#,
        r#"{"email":"h@x.example","lists":["nowhere"]}"#,
        r#"{"type":"identify","userId":"u1","traits":{"age":"old"}}"#,
        r#"{"type":"identify","userId":"u2","traits":{"age":41}}"#,
    ];
    folder.write("people.jsonl", lines.join("\n"));
    let ran = folder.run(&["contacts", "import", "people.jsonl"]);
    assert!(ran.out.starts_with("1 imported, 5 rejected"), "{ran:?}");
    assert_eq!(folder.run(&["contacts", "show", "u1"]).code, 1, "nobody was made of a row that was refused");
    assert_eq!(folder.run(&["contacts", "show", "u2"]).code, 0);
}

const PEOPLE_FIRST: &str = r#"project "Acme" { timezone "UTC" from "Ana <ana@acme.example>" address "1 King St W, Toronto ON" }
contact { plan: enum("free", "pro") = "free"  age: number }
list vip
segment "Grown up" = age >= 18
campaign "Welcome" {
  published
  when segment "Grown up"
  tag "greeted"
}
"#;

#[test]
fn people_may_come_before_the_first_deploy_which_finds_them_as_members() {
    let folder = Folder::project("welcome");
    folder.write("main.camp", PEOPLE_FIRST);
    folder.write("people.csv", "user_id,age\nu1,41\nu2,7\n");
    let ran = folder.run(&["contacts", "export"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    let ran = folder.run(&["plan"]);
    assert_eq!(ran.code, 3, "everything is new: {ran:?}");
    assert!(ran.out.contains("Welcome"), "{ran:?}");
    assert!(!folder.path().join("camp.db").exists(), "a plan makes no store");
    let ran = folder.run(&["contacts", "import", "people.csv"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "2 imported, 0 rejected\n"), "{ran:?}");
    assert_eq!(folder.run(&["plan"]).code, 3);
    let daemon = Daemon::start(&folder);
    daemon.idle();
    let members = daemon.admin("GET", "/v1/segments/Grown%20up/contacts", "").json();
    assert_eq!(members["items"].as_array().map(Vec::len), Some(1), "{members}");
    let shown = daemon.admin("GET", "/v1/contacts/u1", "").json();
    assert_eq!((shown["tags"].as_array().map(Vec::len), shown["fields"]["age"].as_f64()), (Some(0), Some(41.0)), "being in already is no entering: {shown}");
    daemon.admin("PUT", "/v1/contacts/u2", r#"{"fields":{"age":18}}"#);
    daemon.idle();
    assert_eq!(daemon.admin("GET", "/v1/contacts/u2", "").json()["tags"][0], "greeted");
}

#[test]
fn what_an_export_says_of_a_person_an_import_brings_back() {
    let folder = Folder::project("welcome");
    folder.write("main.camp", format!("{PEOPLE_FIRST}\ncontact {{ interests: list(text) }}\n"));
    folder.write("people.csv", "user_id,created_at,interests\nu1,2020-01-01T10:00:00Z,chess; tea\n");
    assert_eq!(folder.run(&["contacts", "import", "people.csv"]).code, 0);
    let shown = |who: &str| -> serde_json::Value { serde_json::from_str(&folder.run(&["contacts", "show", who]).out).unwrap() };
    let u1 = shown("u1");
    assert_eq!((u1["fields"]["created_at"].as_str(), &u1["fields"]["interests"]), (Some("2020-01-01T10:00:00Z"), &serde_json::json!(["chess", "tea"])), "{u1}");
    assert_eq!(folder.run(&["contacts", "export", "-o", "out.csv"]).code, 0);
    let other = Folder::project("welcome");
    other.write("main.camp", folder.read("main.camp"));
    other.write("out.csv", folder.read("out.csv"));
    assert_eq!(other.run(&["contacts", "import", "out.csv"]).code, 0);
    let again: serde_json::Value = serde_json::from_str(&other.run(&["contacts", "show", "u1"]).out).unwrap();
    assert_eq!((&again["fields"]["created_at"], &again["fields"]["interests"]), (&u1["fields"]["created_at"], &u1["fields"]["interests"]), "{again}");
    other.write("more.jsonl", r#"{"user_id":"u2","fields":{"created_at":"2019-05-01T00:00:00Z"}}"#);
    assert_eq!(other.run(&["contacts", "import", "more.jsonl"]).code, 0);
    let u2: serde_json::Value = serde_json::from_str(&other.run(&["contacts", "show", "u2"]).out).unwrap();
    assert_eq!(u2["fields"]["created_at"], "2019-05-01T00:00:00Z", "{u2}");
}

#[test]
fn a_channel_that_is_off_skips_what_would_leave_on_it() {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start_in(&folder, &["run", "--clock", "manual", "--listen", "127.0.0.1:0"], &[("CAMP_EMAIL_PROVIDER", "none")]);
    sign_up(&daemon);
    let why = folder.run(&["why", "u1"]).out;
    assert!(why.lines().any(|line| line.contains("skipped") && line.contains("channel off")), "{why}");
    assert!(!why.contains("  sent  "), "{why}");
}

#[test]
fn a_preview_needs_neither_the_providers_secrets_nor_a_daemon_and_names_the_sender() {
    let folder = Folder::project("welcome");
    let config = folder.read("camp.toml");
    let config = config.replace("127.0.0.1:8025", "127.0.0.1:18025");
    folder.write("camp.toml", format!("{config}\n[email]\nurl = \"${{SMTP_URL_THAT_IS_NOT_SET}}\"\n"));
    let ran = folder.run(&["preview", "welcome"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("From: ") && ran.out.lines().next().unwrap().contains('<'), "{}", ran.out);
    assert!(!ran.out.contains("127.0.0.1:8025"), "links lead to where the daemon listens: {}", ran.out);
}

#[test]
fn a_wrong_duration_is_a_mistake_of_the_caller_and_commands_speak_json() {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start(&folder);
    assert_eq!(folder.run(&["clock", "advance", "x"]).code, 2);
    assert_eq!(folder.run(&["clock", "set", "noon"]).code, 2);
    let json = |args: &[&str]| -> serde_json::Value {
        let ran = folder.run(args);
        serde_json::from_str(ran.out.trim()).unwrap_or_else(|error| panic!("{args:?}: {error}: {ran:?}"))
    };
    assert_eq!(json(&["clock", "--format", "json"])["clock"], "manual");
    assert_eq!(json(&["pause", "Welcome", "--format", "json"])["name"], "Welcome");
    assert_eq!(json(&["resume", "Welcome", "--format", "json"])["name"], "Welcome");
    assert_eq!(daemon.stop(), 0);
    let ran = folder.run(&["run", "--store", "sqlite:///nowhere/at/all/camp.db"]);
    assert!(ran.code == 2 && ran.err.contains("/nowhere/at/all"), "{ran:?}");
}
