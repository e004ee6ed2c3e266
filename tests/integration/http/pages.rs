//! The pages behind `preferences_url` and `view_url`.

use crate::bench::{Daemon, Folder};

const SOURCE: &str = r#"
project "Acme & Sons" { timezone "UTC" from "Ana <ana@acme.example>" address "1 King St W, Toronto ON" }
topic news "News & offers"
topic tips "Tips" opt in
event signed_up
event again
email welcome {
  topic news
  subject "Hello"
  body """
  Hello {{ contact.first_name | default('there') }}.

  [In the browser]({{ view_url }}) or [what you get]({{ preferences_url }}) or [away]({{ unsubscribe_url }}).
  """
}
email tip { topic tips subject "Tip" body "A tip." }
push ping { title "Hi <b>" body "There." }
campaign "Welcome" { published when signed_up email welcome push ping }
campaign "Again" { published when again reenter always email welcome email tip }
"#;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn after_a_mail() -> (Folder, Daemon, String) {
    let folder = Folder::new();
    folder.write("camp.toml", "[project]\nname = \"acme\"\npublic_url = \"https://mail.acme.example\"\n");
    folder.write("main.camp", SOURCE);
    let daemon = Daemon::start_with(&folder, &["run", ".", "--clock", "manual", "--listen", "127.0.0.1:0"]);
    let context = r#""context":{"device":{"token":"d-1","type":"ios"}}"#;
    daemon.send("/v1/identify", &format!(r#"{{"userId":"u1","traits":{{"email":"a@x.example","first_name":"Bo <i>"}},{context}}}"#));
    daemon.send("/v1/track", r#"{"userId":"u1","event":"signed_up"}"#);
    daemon.idle();
    let mail = folder.outbox().into_iter().find(|entry| entry["channel"] == "email").unwrap();
    let text = folder.mail(&mail);
    (folder, daemon, text)
}

fn link(mail: &str, prefix: &str) -> String {
    let start = mail.find(prefix).unwrap_or_else(|| panic!("no {prefix} in {mail}"));
    mail[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || "/-_.".contains(*c)).collect()
}

fn text(daemon: &Daemon, method: &str, path: &str, body: &str) -> (u16, String) {
    let reply = daemon.request((method, path), &[FORM], body.as_bytes());
    (reply.status, String::from_utf8(reply.body).unwrap())
}

#[test]
fn a_message_is_shown_as_it_was_sent_also_under_another_program() {
    let (folder, daemon, mail) = after_a_mail();
    let path = link(&mail, "/v/");
    let (status, page) = text(&daemon, "GET", &path, "");
    assert_eq!(status, 200);
    assert!(page.contains("Hello Bo &lt;i&gt;.") && page.contains("/u/"), "{page}");
    // What came later does not change what was sent.
    daemon.send("/v1/identify", r#"{"userId":"u1","traits":{"first_name":"Eve"}}"#);
    daemon.idle();
    assert_eq!(daemon.stop(), 0);
    folder.write("main.camp", SOURCE.replace("Hello {{", "Goodbye {{"));
    let daemon = Daemon::start_with(&folder, &["run", ".", "--clock", "manual", "--listen", "127.0.0.1:0"]);
    let (status, later) = text(&daemon, "GET", &path, "");
    assert_eq!((status, later), (200, page));
    assert_eq!(text(&daemon, "GET", "/v/nothing", "").0, 404);
    assert_eq!(text(&daemon, "GET", &path.replace("/v/", "/p/"), "").0, 404, "a token is for one thing");
}

#[test]
fn the_preference_page_shows_how_things_stand_and_saves() {
    let (folder, daemon, mail) = after_a_mail();
    let path = link(&mail, "/p/");
    let (status, page) = text(&daemon, "GET", &path, "");
    assert_eq!(status, 200);
    for part in [
        "<h1>Acme &amp; Sons</h1>",
        "value=\"news\" checked> News &amp; offers",
        "value=\"tips\"> Tips",
        "value=\"email\" checked> Email",
        "value=\"push\" checked",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("Text messages"), "no number, nothing to ask");
    let consent = || daemon.admin("GET", "/v1/contacts/u1", "").json()["consent"].clone();
    assert_eq!((consent()["email"].clone(), consent()["topics"]["news"].clone()), ("none".into(), "none".into()), "looking changes nothing");
    let (status, saved) = text(&daemon, "POST", &path, "channel=email&channel=push&topic=tips");
    assert_eq!(status, 200);
    assert!(saved.contains("Saved.") && saved.contains("value=\"news\"> News") && saved.contains("value=\"tips\" checked"), "{saved}");
    assert_eq!((consent()["topics"]["news"].clone(), consent()["topics"]["tips"].clone()), ("withdrawn".into(), "given".into()));
    assert_eq!(consent()["email"], "none", "what nobody touched gets no record");
    let before = folder.outbox().len();
    daemon.send("/v1/track", r#"{"userId":"u1","event":"again"}"#);
    daemon.idle();
    let sent: Vec<_> = folder.outbox()[before..].iter().map(|entry| entry["message"].clone()).collect();
    assert_eq!(sent, ["tip"]);
    // A channel that was left is re-opened by the contact's own word.
    text(&daemon, "POST", &path, "topic=news");
    assert_eq!(consent()["email"], "withdrawn");
    text(&daemon, "POST", &path, "channel=email&topic=news");
    assert_eq!(consent()["email"], "given");
    assert_eq!(text(&daemon, "POST", "/p/nothing", "").0, 404);
}

#[test]
fn a_push_goes_to_the_device_and_a_device_belongs_to_one_contact() {
    let (folder, daemon, _mail) = after_a_mail();
    let push = folder.outbox().into_iter().find(|entry| entry["channel"] == "push").unwrap();
    assert_eq!((push["to"].as_str(), push["message"].as_str()), (Some("d-1"), Some("ping")));
    assert!(folder.read(&format!("outbox/{}", push["file"].as_str().unwrap())).contains("Hi <b>"));
    daemon.send("/v1/identify", r#"{"userId":"u2","traits":{"email":"b@x.example"},"context":{"device":{"token":"d-1"}}}"#);
    daemon.send("/v1/identify", r#"{"userId":"u3","traits":{"email":"c@x.example"}}"#);
    for user in ["u2", "u3"] {
        daemon.send("/v1/track", &format!(r#"{{"userId":"{user}","event":"signed_up"}}"#));
    }
    daemon.idle();
    let pushes: Vec<_> = folder.outbox().into_iter().filter(|entry| entry["channel"] == "push").map(|entry| entry["to"].clone()).collect();
    assert_eq!(pushes, ["d-1", "d-1"], "the second is of the new owner; who has no device gets none");
}
