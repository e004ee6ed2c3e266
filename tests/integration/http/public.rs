//! Links in messages: opens, clicks, unsubscribing; and the pixel's beacon.

use crate::bench::{Daemon, Folder, Reply};

const PERSON: (&str, &str) = ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36");

/// A daemon that has sent one mail, and that mail's text.
fn after_a_mail() -> (Folder, Daemon, String) {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start(&folder);
    daemon.send("/v1/identify", r#"{"userId":"u1","traits":{"email":"a@x.example"}}"#);
    daemon.send("/v1/track", r#"{"userId":"u1","event":"signed_up"}"#);
    daemon.idle();
    daemon.advance("1h");
    let mail = folder.mail(&folder.outbox()[0]);
    (folder, daemon, mail)
}

/// The path of the first link with that prefix.
fn link(mail: &str, prefix: &str) -> String {
    let start = mail.find(prefix).unwrap_or_else(|| panic!("no {prefix} in {mail}"));
    mail[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || "/-_.".contains(*c)).collect()
}

fn get(daemon: &Daemon, path: &str) -> Reply {
    daemon.request(("GET", path), &[PERSON], b"")
}

fn whats(daemon: &Daemon) -> String {
    daemon.idle();
    daemon.admin("GET", "/v1/contacts/u1", "").json().to_string()
}

#[test]
fn a_click_leads_to_its_signed_target_and_nowhere_else() {
    let (_folder, daemon, mail) = after_a_mail();
    let path = link(&mail, "/t/c/");
    let reply = get(&daemon, &path);
    assert_eq!((reply.status, reply.header("location")), (302, Some("https://acme.example/start")));
    let elsewhere = get(&daemon, &format!("{path}?url=https://evil.example&target=https://evil.example"));
    assert_eq!(elsewhere.header("location"), Some("https://acme.example/start"));
    let mut forged = path.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'B' } else { 'A' });
    let refused = get(&daemon, &forged.replacen("/t/c/", "/t/c/A", 1));
    assert_eq!((refused.status, refused.header("location")), (404, None));
    assert!(whats(&daemon).contains("engaged"), "the click took the green path");
}

#[test]
fn what_a_machine_clicks_is_no_click() {
    let (_folder, daemon, mail) = after_a_mail();
    let path = link(&mail, "/t/c/");
    assert_eq!(daemon.request(("HEAD", &path), &[PERSON], b"").status, 302);
    assert_eq!(daemon.request(("GET", &path), &[("User-Agent", "curl/8.0")], b"").status, 302);
    assert_eq!(daemon.request(("GET", &path), &[PERSON, ("Sec-Purpose", "prefetch")], b"").status, 302);
    assert!(!whats(&daemon).contains("engaged"));
}

#[test]
fn the_pixel_is_an_image_that_nobody_keeps() {
    let (_folder, daemon, mail) = after_a_mail();
    let reply = get(&daemon, &link(&mail, "/t/o/"));
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("image/gif")));
    assert!(reply.header("cache-control").unwrap().contains("no-store"));
    assert!(reply.body.starts_with(b"GIF89a"));
    assert_eq!(get(&daemon, "/t/o/nothing.gif").status, 404);
}

#[test]
fn only_a_post_unsubscribes_and_it_may_come_twice() {
    let (folder, daemon, mail) = after_a_mail();
    let path = link(&mail, "/u/");
    for _ in 0..3 {
        let page = get(&daemon, &path);
        assert_eq!(page.status, 200);
        assert!(String::from_utf8_lossy(&page.body).contains("<form method=\"post\">"));
        assert_eq!(daemon.request(("HEAD", &path), &[], b"").status, 200);
    }
    let consent = || daemon.admin("GET", "/v1/contacts/u1", "").json()["consent"]["email"].clone();
    assert_eq!(consent(), "none", "looking at the page changes nothing");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    for _ in 0..2 {
        assert_eq!(daemon.request(("POST", &path), &[form], b"List-Unsubscribe=One-Click").status, 200);
    }
    let multipart = ("Content-Type", "multipart/form-data; boundary=b");
    let body = b"--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    assert_eq!(daemon.request(("POST", &path), &[multipart], body).status, 200);
    assert_eq!(consent(), "withdrawn");
    daemon.advance("3d");
    assert_eq!(folder.outbox().len(), 1, "the reminder is not sent");
    assert_eq!(daemon.request(("POST", "/u/nothing"), &[form], b"").status, 404);
}

#[test]
fn a_page_says_nothing_of_whom_it_is_not_sure() {
    let (_folder, daemon, _mail) = after_a_mail();
    let beacon = r#"{"batch":[{"type":"page","anonymousId":"b1","userId":"u1","properties":{"path":"/pricing"}},{"type":"identify","anonymousId":"b1","traits":{"email":"evil@x.example","plan":"pro"}}]}"#;
    let reply = daemon.request(("POST", "/t/e"), &[("Content-Type", "text/plain"), ("Origin", "https://acme.example")], beacon.as_bytes());
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, Some("*")));
    daemon.idle();
    assert_eq!(daemon.admin("GET", "/v1/contacts/evil@x.example", "").status, 404);
    assert_eq!(daemon.admin("GET", "/v1/contacts/u1", "").json()["anonymous_ids"], serde_json::json!([]));
}

#[test]
fn a_clicks_token_makes_the_browser_the_contacts_own() {
    let (_folder, daemon, mail) = after_a_mail();
    let token = link(&mail, "/t/c/").trim_start_matches("/t/c/").to_string();
    let page = |visitor: &str, token: &str| {
        let beacon = format!(r#"{{"batch":[{{"type":"page","anonymousId":"{visitor}","properties":{{"path":"/pricing"}}}}],"ct":"{token}"}}"#);
        assert_eq!(daemon.request(("POST", "/t/e"), &[PERSON], beacon.as_bytes()).status, 200);
        daemon.idle();
    };
    let ids = || daemon.admin("GET", "/v1/contacts/u1", "").json()["anonymous_ids"].clone();
    page("new", &token);
    assert_eq!(ids(), serde_json::json!(["new"]));
    // A token that is not ours ties nothing.
    page("stranger", "AQoCal8");
    assert_eq!(ids(), serde_json::json!(["new"]));
    // A visitor who was seen before goes up in the contact; a person with a name of their own does not, whoever forwarded the mail.
    page("stranger", &token);
    assert_eq!(ids(), serde_json::json!(["new", "stranger"]));
    daemon.send("/v1/identify", r#"{"anonymousId":"ben","traits":{"email":"ben@x.example"}}"#);
    daemon.idle();
    let ben = daemon.admin("GET", "/v1/contacts/ben@x.example", "").json()["id"].clone();
    page("ben", &token);
    assert_eq!(daemon.admin("GET", "/v1/contacts/ben@x.example", "").json()["id"], ben);
    assert_eq!(daemon.admin("GET", "/v1/contacts/u1", "").json()["email"], "a@x.example");
}
