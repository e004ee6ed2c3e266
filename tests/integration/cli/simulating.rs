//! `campc simulate`: the same seed tells the same, its sums hold, nothing leaves outside of windows, and bad behaviour files are told of.

use crate::bench::Folder;
use serde_json::Value;

const PROJECT: &str = r#"project "Acme" { timezone "America/Toronto" from "a@acme.example" address "1 Street" }
contact { plan: enum("free", "pro") = "free" }
event purchase { sku: text, amount: number }
segment hot = country == "Canada" and points > 50
points {
  on opened(any email) +5
  on visited("/pricing") +20
}
email welcome { subject "Welcome" body "See https://acme.example/start" }
email reminder { subject "Still there?" body "See https://acme.example/start" }
email offer { subject "An offer" body "See https://acme.example/offer" }
campaign "Welcome" {
  published
  when contact created
  exit when purchase
  goal "bought" = purchase
  send between 09:00 and 18:00 on weekdays
  email welcome
  if opened(welcome) within 3d then email offer
  else email reminder
  wait 2d
  tag "welcomed"
}
campaign "Hot" {
  published
  when segment hot
  notify "sales@acme.example" "A hot one"
}
"#;

const BEHAVIOUR: &str = r#"[contacts]
new_share = 0.8
[fields.country]
values = { Canada = 1, Germany = 1 }
[fields.timezone]
values = { "America/Vancouver" = 1, "Europe/Berlin" = 1 }
[email]
open = "50%"
click = 0.2
bounce = 0.05
open_after = { median = "2h", spread = 3 }
[events.purchase]
per_day = 0.02
[events.purchase.properties.amount]
median = 40
[visits]
"/pricing" = 0.2
"#;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("main.camp", PROJECT);
    folder.write("behaviour.toml", BEHAVIOUR);
    folder
}

fn simulate(folder: &Folder, more: &[&str]) -> String {
    let args = ["simulate", "--contacts", "600", "--behaviour", "behaviour.toml", "--from", "2026-03-02"];
    let ran = folder.run(&[&args, more].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.out
}

fn report(folder: &Folder, more: &[&str]) -> Value {
    serde_json::from_str(&simulate(folder, &[more, &["--format", "json"]].concat())).unwrap()
}

fn sum(words: &Value) -> u64 {
    words.as_array().unwrap().iter().map(|word| word["count"].as_u64().unwrap()).sum()
}

#[test]
fn the_same_seed_tells_the_same_on_one_thread_and_on_two() {
    let folder = folder();
    for format in ["json", "human", "html", "csv"] {
        let one = simulate(&folder, &["--format", format, "--threads", "1"]);
        assert_eq!(one, simulate(&folder, &["--format", format, "--threads", "2"]), "{format}");
    }
    assert_ne!(simulate(&folder, &["--format", "json"]), simulate(&folder, &["--format", "json", "--seed", "8"]));
}

#[test]
fn who_is_enrolled_is_still_inside_or_has_ended() {
    let report = report(&folder(), &[]);
    for campaign in report["campaigns"].as_array().unwrap() {
        let enrolled = campaign["enrolled"].as_u64().unwrap();
        assert!(enrolled > 0, "{campaign}");
        assert_eq!(enrolled, campaign["inside"].as_u64().unwrap() + sum(&campaign["ended"]), "{campaign}");
        for step in campaign["steps"].as_array().unwrap() {
            let count = |key: &str| step[key].as_u64().unwrap();
            assert!(count("arrived") >= count("waiting") + count("left"), "{step}");
            if let (Some(green), Some(red)) = (step["green"].as_u64(), step["red"].as_u64()) {
                assert_eq!(count("arrived"), green + red + count("waiting") + count("left"), "{step}");
            }
        }
    }
    let messages: u64 = report["messages"].as_array().unwrap().iter().map(|message| message["sent"].as_u64().unwrap()).sum();
    let by_day: u64 = report["by_day"].as_array().unwrap().iter().map(|day| day["email"].as_u64().unwrap()).sum();
    let by_hour: u64 = report["by_week_hour"].as_array().unwrap().iter().flat_map(|day| day.as_array().unwrap()).map(|count| count.as_u64().unwrap()).sum();
    assert_eq!((messages, messages), (by_day, by_hour));
    let per_contact = report["messages_per_contact"].as_array().unwrap().iter();
    assert_eq!(report["contacts"].as_u64().unwrap(), per_contact.map(|count| count.as_u64().unwrap()).sum::<u64>());
}

#[test]
fn nothing_leaves_outside_of_its_window_by_the_contacts_own_clock() {
    let report = report(&folder(), &[]);
    for (day, hours) in report["by_week_hour"].as_array().unwrap().iter().enumerate() {
        for (hour, count) in hours.as_array().unwrap().iter().enumerate() {
            let is_open = day < 5 && (9..18).contains(&hour);
            assert!(is_open || count == 0, "day {day}, hour {hour}: {count}");
        }
    }
    assert!(report["campaigns"][0]["steps"][0]["held"][0]["count"].as_u64().unwrap() > 0);
}

#[test]
fn who_is_known_at_the_start_fires_no_trigger_and_is_asked_by_including_existing() {
    let folder = folder();
    folder.write("behaviour.toml", "[contacts]\nnew_share = 0\n[events.purchase]\nper_day = 0\n[visits]\n[points.default]\nfrom = 60\nto = 60\n");
    let quiet = report(&folder, &[]);
    assert_eq!((quiet["contacts_at_start"].as_u64(), quiet["campaigns"][0]["enrolled"].as_u64()), (Some(600), Some(0)));
    assert_eq!(quiet["campaigns"][1]["enrolled"], 0);
    folder.write("main.camp", PROJECT.replace("when segment hot", "when segment hot including existing"));
    let live = report(&folder, &[]);
    assert_eq!(live["campaigns"][1]["enrolled"], live["segments"][0]["members"]);
    assert!(live["campaigns"][1]["enrolled"].as_u64().unwrap() > 0);
}

#[test]
fn a_throttle_lets_no_more_leave_than_it_says_and_the_report_says_what_is_shared() {
    let folder = folder();
    folder.write("main.camp", PROJECT.replace("  exit when purchase\n", "  throttle 5 per hour\n"));
    let report = report(&folder, &["--threads", "2"]);
    assert_eq!(report["shared"][0], "a throttle");
    assert!(report["peak"]["sends"].as_u64().unwrap() <= 6, "{}", report["peak"]);
}

#[test]
fn the_winner_of_an_experiment_follows_from_what_everybody_does() {
    let folder = Folder::new();
    folder.write(
        "main.camp",
        r#"project "Acme" { timezone "UTC" from "a@acme.example" address "1 Street" }
email plain { subject "Plain" body "See https://acme.example/start" }
email loud { subject "LOUD" body "See https://acme.example/start" }
campaign "Try" {
  published
  when contact created
  experiment {
    variant "plain" 20% { email plain }
    variant "loud" 20% { email loud }
    winner by opened after 5d
  }
}
"#,
    );
    folder.write("behaviour.toml", "[contacts]\nnew_share = 1\n[messages.plain]\nopen = 0.1\n[messages.loud]\nopen = 0.9\n");
    let report = report(&folder, &[]);
    let sent = |at: usize| report["messages"][at]["sent"].as_u64().unwrap();
    assert!(sent(1) > sent(0) * 5, "{}", report["messages"]);
    assert_eq!(report["shared"][0], "an experiment");
}

#[test]
fn a_bad_behaviour_file_is_told_of_key_by_key_with_its_line() {
    let folder = folder();
    folder.write(
        "behaviour.toml",
        "[email]\nopn = 0.4\nclick = 1.4\n[fields.plan]\nvalues = { fre = 1 }\n[fields.contry]\nvalues = { a = 1 }\n[events.purchase]\nper_day = \"often\"\n[awake]\nfrom = \"7\"\n",
    );
    let ran = folder.run(&["simulate", "--behaviour", "behaviour.toml"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    let expected = [
        "behaviour.toml:2:1: error: `email.opn` is no key of a behaviour file; did you mean `open`?",
        "behaviour.toml:3:9: error: `email.click` is 1.4; a share lies between 0 and 1, or is written \"35%\"",
        "behaviour.toml:5:12: error: `fields.plan.values.fre`: there is no value of enum(\"free\", \"pro\") \"fre\" in the program; did you mean \"free\"?",
        "behaviour.toml:6:9: error: `fields.contry`: there is no field \"contry\" in the program; did you mean \"country\"?",
        "behaviour.toml:9:11: error: `events.purchase.per_day` must be a number; this is a text",
        "behaviour.toml:11:8: error: `awake.from` is \"7\"; a time of day is written \"07:30\"",
    ];
    assert_eq!(ran.err.lines().collect::<Vec<_>>(), expected);
    folder.write("behaviour.toml", "[email\n");
    let ran = folder.run(&["simulate", "--behaviour", "behaviour.toml"]);
    assert!(ran.err.starts_with("behaviour.toml:1:7: error: this is no TOML"), "{}", ran.err);
}

#[test]
fn contacts_of_a_file_are_those_of_an_import() {
    let folder = folder();
    folder.write("people.csv", "email,country,points\na@x.example,Canada,60\nb@x.example,Germany,60\nbad row\n");
    folder.write("main.camp", PROJECT.replace("when segment hot", "when segment hot including existing"));
    let ran = folder.run(&["simulate", "--population", "people.csv", "--behaviour", "behaviour.toml", "--from", "2026-03-02", "--format", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["contacts"], 2);
    assert!(report["campaigns"][1]["enrolled"].as_u64().unwrap() >= 1);
    assert!(ran.err.contains("people.csv, line 4: 1 cells under 3 headers"), "{}", ran.err);
}

#[test]
fn without_a_file_behaviour_is_made_up_so_that_something_happens_and_the_report_says_so() {
    let ran = folder().run(&["simulate", "--contacts", "500", "--from", "2026-03-02"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("made up, values of fields: country"), "{}", ran.out);
    assert!(!ran.out.contains("Hot\n  0 enrolled"), "{}", ran.out);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    assert!(ran.err.contains("contacts/s"), "{}", ran.err);
}

#[test]
fn a_draft_is_run_where_that_is_asked_for() {
    let folder = folder();
    folder.write("main.camp", PROJECT.replace("  published\n", ""));
    let ran = folder.run(&["simulate", "--contacts", "200", "--from", "2026-03-02"]);
    assert!(ran.err.contains("--drafts runs them as if they were"), "{}", ran.err);
    assert!(ran.out.contains("nothing is sent"), "{}", ran.out);
    assert!(report(&folder, &["--drafts"])["email"].as_u64().unwrap() > 0);
}

#[test]
fn a_forecast_looks_like_this() {
    insta::assert_snapshot!(simulate(&folder(), &["--format", "human"]));
}

#[test]
fn the_page_stands_alone() {
    let folder = folder();
    simulate(&folder, &["-o", "forecast.html"]);
    let page = folder.read("forecast.html");
    assert!(page.starts_with("<!doctype html>"));
    for outside in ["http://", "https://", "<script", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn an_argument_that_does_not_do_is_told_of() {
    let folder = folder();
    let error = |args: &[&str]| {
        let ran = folder.run(&[&["simulate"], args].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
        ran.err
    };
    assert!(error(&["--for", "soon"]).contains("--for \"soon\" is no length of time; write 30d, 2w or 3mo"));
    assert!(error(&["--from", "monday"]).contains("--from \"monday\" is no date"));
    assert!(error(&["--campaign", "Welcom"]).contains("did you mean \"Welcome\"?"));
    assert!(error(&["--contacts", "0"]).contains("--contacts 0"));
    assert!(error(&["--behaviour", "none.toml"]).contains("cannot read"));
}
