//! `campc outbox` and `campc store events`, with and without a daemon, and the routes behind them.

use crate::bench::{Daemon, Folder};
use serde_json::Value as Json;

/// A project whose mail relay is not there, so that a message waits.
fn waiting() -> (Folder, Daemon, String) {
    let folder = Folder::project("welcome");
    let settings = folder.read("camp.toml");
    let kept: Vec<&str> = settings.lines().filter(|line| !line.contains("[email]")).collect();
    folder.write("camp.toml", format!("{}\n[email]\nurl = \"smtp://127.0.0.1:1\"\n", kept.join("\n")));
    let daemon = Daemon::start(&folder);
    daemon.send("/v1/identify", r#"{"userId":"u1","traits":{"email":"ana@x.example","firstName":"Ana"}}"#);
    assert_eq!(daemon.send("/v1/track", r#"{"userId":"u1","event":"Signed Up"}"#).status, 200);
    daemon.idle();
    let effects = daemon.admin("GET", "/v1/outbox?status=queued", "").json();
    let id = effects["items"][0]["effect_id"].as_str().unwrap_or_else(|| panic!("{effects}")).to_owned();
    (folder, daemon, id)
}

#[test]
fn what_waits_is_listed_and_settled_with_and_without_a_daemon() {
    let (folder, daemon, id) = waiting();
    let with = folder.run(&["outbox", "list", "--lane", "email/marketing"]);
    assert!(with.code == 0 && with.out.starts_with(&format!("{id}  queued     email/marketing  welcome to ana@x.example, attempt 1")), "{}", with.out);
    assert_eq!(folder.run(&["outbox", "list", "--lane", "push"]).out, "nothing is there\n");
    assert_eq!(folder.run(&["outbox", "retry", &id]).out, "1 effect is tried again\n");
    daemon.idle();
    assert_eq!(daemon.admin("GET", &format!("/v1/outbox/{id}"), "").json()["attempt"], 2);
    assert_eq!(folder.run(&["outbox", "retry", "nothing"]).code, 1);
    assert_eq!(folder.run(&["outbox", "retry"]).code, 2);
    assert_eq!(daemon.stop(), 0);
    let dropped = folder.run(&["outbox", "drop", &id]);
    assert_eq!((dropped.code, dropped.out.as_str()), (0, format!("{id} is given up\n").as_str()), "{}", dropped.err);
    let dead = folder.run(&["outbox", "list", "--dead", "--format", "json"]);
    let line: Json = serde_json::from_str(dead.out.lines().next().unwrap()).unwrap();
    assert_eq!((line["status"].as_str(), line["reason"].as_str()), (Some("dead"), Some("dropped by the operator")));
    let why = folder.run(&["why", "u1"]);
    assert!(why.out.contains("dropped") && why.out.contains("retried"), "{}", why.out);
}

#[test]
fn routes_of_the_outbox_say_what_they_do_not_know() {
    let (_folder, daemon, id) = waiting();
    assert_eq!(daemon.admin("GET", "/v1/outbox?status=lost", "").problem(), "unknown-status");
    assert_eq!(daemon.admin("GET", "/v1/messages?status=lost", "").problem(), "unknown-status", "the same list by its other name");
    assert_eq!(daemon.admin("GET", "/v1/outbox/nothing", "").status, 404);
    assert_eq!(daemon.admin("POST", "/v1/outbox/retry", r#"{"status":"dead"}"#).json()["settled"], 0);
    assert_eq!(daemon.admin("POST", "/v1/outbox/retry", r#"{"status":"queued"}"#).json()["settled"], 1);
    daemon.idle();
    assert_eq!(daemon.admin("POST", &format!("/v1/outbox/{id}/drop"), "").status, 200);
    assert_eq!(daemon.admin("POST", &format!("/v1/outbox/{id}/drop"), "").status, 200, "what is dead leaves the list of the dead");
    assert_eq!(daemon.admin("POST", &format!("/v1/outbox/{id}/retry"), "").problem(), "settled");
    assert_eq!(daemon.admin("GET", "/v1/quarantine", "").json()["items"].as_array().unwrap().len(), 0);
    assert_eq!(daemon.admin("POST", "/v1/quarantine/7/retry", "").status, 404);
    assert_eq!(daemon.send("/v1/outbox/retry", "{}").status, 403, "a write key only writes");
}

#[test]
fn nothing_is_put_aside_in_a_healthy_store() {
    let (folder, daemon, _) = waiting();
    assert_eq!(folder.run(&["store", "events", "--quarantined"]).out, "nothing is put aside\n");
    assert_eq!(folder.run(&["store", "events", "retry", "3"]).code, 1);
    assert_eq!(folder.run(&["store", "events"]).code, 2);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(folder.run(&["store", "events", "--quarantined"]).code, 0);
}

#[test]
fn a_rate_that_cannot_be_read_is_a_finding() {
    let folder = Folder::project("welcome");
    folder.write("camp.toml", format!("{}\n[sms]\nprovider = \"none\"\nrate = \"fast\"\n", folder.read("camp.toml")));
    let ran = folder.run(&["run", "--listen", "127.0.0.1:0"]);
    assert!(ran.code == 2 && ran.err.contains("sms.rate"), "{} {}", ran.code, ran.err);
}
