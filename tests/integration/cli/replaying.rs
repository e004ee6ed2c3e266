//! `campc replay`: the program that ran makes no difference, and another one the difference it must.

use crate::bench::{Daemon, Folder};
use serde_json::Value;

const PROJECT: &str = r#"project "Acme" { timezone "Europe/Berlin" from "a@acme.example" address "1 Street" }
contact { plan: enum("free", "pro") = "free" }
event signed_up
event purchase { amount: number }
segment hot = plan == "pro" and points > 10
points {
  on opened(any email) +5
  on visited("/pricing") +10
  decay 50% per 20d
}
email welcome { subject "Welcome" body "See https://acme.example/start" }
email again { subject "Again" body "See https://acme.example/start" }
email plain { subject "Plain" body "See https://acme.example/start" }
email loud { subject "LOUD" body "See https://acme.example/start" }
email thanks { subject "Thanks" body "See https://acme.example/start" }
campaign "Greet" {
  published
  when signed_up
  exit when purchase
  send between 09:00 and 17:00
  email welcome
  if opened(welcome) within 3d then email thanks
  else email again
}
campaign "Hot" {
  published
  when segment hot
  wait 1d
  notify "sales@acme.example" "A hot one"
}
campaign "Try" {
  published
  when signed_up
  wait 2h
  experiment {
    variant "plain" 40% { email plain }
    variant "loud" 40% { email loud }
    winner by opened after 2d
  }
}
"#;

const BROWSER: (&str, &str) = ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36");

/// Twelve people over ten days: some open, some visit, some buy, two become one.
fn lived() -> Folder {
    let folder = Folder::new();
    folder.write("main.camp", PROJECT);
    let daemon = Daemon::start(&folder);
    for person in 0..12 {
        let plan = if person % 2 == 0 { "pro" } else { "free" };
        daemon.send("/v1/identify", &format!(r#"{{"userId":"u{person}","traits":{{"email":"p{person}@x.example","plan":"{plan}"}}}}"#));
        daemon.send("/v1/track", &format!(r#"{{"userId":"u{person}","event":"Signed Up"}}"#));
        daemon.idle();
        daemon.advance("7h");
    }
    for person in [0, 2, 3, 5] {
        open_all(&folder, &daemon, person);
        daemon.advance("90min");
    }
    for person in [2, 4, 6] {
        daemon.send("/v1/page", &format!(r#"{{"userId":"u{person}","properties":{{"path":"/pricing"}}}}"#));
    }
    daemon.send("/v1/track", r#"{"userId":"u7","event":"purchase","properties":{"amount":5}}"#);
    // A visitor turns out to be somebody who is known.
    daemon.send("/v1/page", r#"{"anonymousId":"a1","properties":{"path":"/pricing"}}"#);
    daemon.idle();
    daemon.advance("1h");
    daemon.send("/v1/identify", r#"{"userId":"u8","anonymousId":"a1","traits":{"plan":"pro"}}"#);
    daemon.send("/v1/page", r#"{"userId":"u8","properties":{"path":"/pricing"}}"#);
    daemon.idle();
    daemon.advance("6d");
    open_all(&folder, &daemon, 9);
    daemon.idle();
    assert_eq!(daemon.stop(), 0);
    folder
}

/// Somebody opens everything that has been sent to them.
fn open_all(folder: &Folder, daemon: &Daemon, person: usize) {
    let to = format!("p{person}@x.example");
    for entry in folder.outbox().iter().filter(|entry| entry["to"] == to.as_str()) {
        let mail = folder.mail(entry);
        let Some(start) = mail.find("/t/o/") else { continue };
        let path: String = mail[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || "/-_.".contains(*c)).collect();
        assert_eq!(daemon.request(("GET", &path), &[BROWSER], b"").status, 200);
    }
    daemon.idle();
}

fn replay(folder: &Folder, more: &[&str]) -> (i32, Value) {
    let ran = folder.run(&[&["replay", "--format", "json"], more].concat());
    assert!(ran.code == 0 || ran.code == 3, "{ran:?}");
    (ran.code, serde_json::from_str(&ran.out).unwrap())
}

fn message<'r>(report: &'r Value, name: &str) -> &'r Value {
    report["messages"].as_array().unwrap().iter().find(|message| message["message"] == name).unwrap_or_else(|| panic!("{report:#}"))
}

#[test]
fn the_program_that_ran_makes_no_difference() {
    let folder = lived();
    let (code, report) = replay(&folder, &[]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!((report["people"].as_u64(), report["merged"].as_u64(), report["is_the_running_program"].as_bool()), (Some(12), Some(1), Some(true)));
    let was: u64 = report["messages"].as_array().unwrap().iter().map(|message| message["was"].as_u64().unwrap()).sum();
    assert_eq!(report["same"].as_u64(), Some(was));
    for name in ["email welcome", "email thanks", "email again", "email plain", "email loud", "notify notify"] {
        assert!(message(&report, name)["was"].as_u64().unwrap() > 0, "{report:#}");
    }
    let human = folder.run(&["replay"]);
    assert!(human.out.contains(&format!("no difference: {was} sendings are the same")), "{human:?}");
    let (code, one) = replay(&folder, &["--contact", "p2@x.example"]);
    assert_eq!((code, one["people"].as_u64()), (0, Some(1)), "{one:#}");
}

#[test]
fn a_message_that_is_taken_out_is_gone_and_a_new_one_is_new() {
    let folder = lived();
    folder.write(
        "main.camp",
        PROJECT.replace("  else email again\n", "  else sms \"Hello\"\n").replace("then email thanks", "then notify \"a@acme.example\" \"Read\""),
    );
    let (code, report) = replay(&folder, &[]);
    assert_eq!(code, 3);
    let again = message(&report, "email again");
    assert_eq!((again["would_be"].as_u64(), again["gone"].as_u64()), (Some(0), again["was"].as_u64()));
    let thanks = message(&report, "email thanks");
    assert_eq!(thanks["gone"], thanks["was"]);
    // Nobody has a number, so no text would have left.
    assert!(report["messages"].as_array().unwrap().iter().all(|message| !message["message"].as_str().unwrap().starts_with("sms")));
    assert_eq!(message(&report, "email welcome")["gone"], 0);
    let person = &report["differing"][0];
    assert!(person["to"].as_str().unwrap().ends_with("@x.example"), "{person}");
    assert_eq!(person["differences"][0]["was_at"].as_str().map(str::len), Some("2026-01-05 09:00:00".len()));
}

#[test]
fn a_shorter_wait_moves_what_follows_and_opens_follow_their_mail() {
    let folder = lived();
    folder.write("main.camp", PROJECT.replace("within 3d", "within 2d"));
    let (code, report) = replay(&folder, &[]);
    assert_eq!(code, 3);
    let again = message(&report, "email again");
    assert_eq!(again["moved"], again["was"], "{report:#}");
    assert_eq!(message(&report, "email welcome")["moved"], 0);
    let human = folder.run(&["replay"]);
    assert_eq!(human.code, 3);
    assert!(human.out.contains("~ email again → "), "{}", human.out);
    assert_eq!(folder.run(&["replay", "-o", "replay.html"]).code, 3);
    let page = folder.read("replay.html");
    assert!(page.starts_with("<!doctype html>") && !page.contains("<script"));
}

#[test]
fn what_a_longer_wait_moves_behind_the_last_event_is_moved_and_not_gone() {
    let folder = lived();
    folder.write("main.camp", PROJECT.replace("within 3d", "within 9d"));
    let (code, report) = replay(&folder, &[]);
    assert_eq!(code, 3);
    let again = message(&report, "email again");
    assert!(again["moved"].as_u64().unwrap() > 0 && again["new"] == 0, "{report:#}");
}

#[test]
fn a_store_is_read_beside_its_daemon() {
    let folder = lived();
    let daemon = Daemon::start(&folder);
    daemon.idle();
    assert_eq!(replay(&folder, &[]).0, 0);
    assert_eq!(replay(&folder, &["--contact", "u4"]).0, 0);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn what_is_not_there_is_told_of() {
    let empty = Folder::project("welcome");
    assert_eq!(Daemon::start(&empty).stop(), 0);
    let ran = empty.run(&["replay"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("no event is recorded in the store"), "{}", ran.err);
    let folder = Folder::new();
    folder.write("main.camp", PROJECT);
    let ran = folder.run(&["replay"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("there is no store at"), "{}", ran.err);
    assert_eq!(folder.run(&["replay", "--since", "ever"]).code, 2);
}
