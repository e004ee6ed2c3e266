//! Logs, metrics and traces hold nothing of a person: a run at the loudest level with canaries in every field, and not one of them is found.

use crate::bench::{Daemon, Folder};
use serde_json::json;
use std::fs::File;

const SOURCE: &str = r#"project "Acme" {
  timezone "UTC"
  from "Ana at Acme <ana@acme.example>"
  address "1 King St W, Toronto ON"
}
contact { company: text }
event ordered { note: text, amount: number }
email receipt {
  subject "Thanks, {{ contact.first_name | default('there') }}"
  body "Your note: {{ order.note | default('-') }}: https://acme.example/start"
}
webhook crm {
  url "https://crm.acme.example/hook"
  secret env("CRM_SECRET")
}
campaign "Orders" {
  published
  when ordered as order
  reenter always
  email receipt
  sms "Hello {{ contact.company | default('-') }}"
  webhook crm { note: order.note }
  wait 1d
}
"#;

/// A text that stands nowhere else, for one kind of field.
fn canary(field: &str) -> String {
    format!("canary{field}q7x")
}

#[test]
fn t23_t24_no_log_line_metric_or_url_holds_what_a_contact_is_called() {
    let folder = Folder::project("welcome");
    folder.write("main.camp", SOURCE);
    let log = folder.path().join("log.jsonl");
    let args = ["run", "--clock", "manual", "--listen", "127.0.0.1:0", "--log-format", "json"];
    let daemon = Daemon::of(folder.command(&args).env("CAMPC_LOG", "trace").stderr(File::create(&log).unwrap()));
    let email = format!("{}@x.example", canary("mail"));
    let traits = json!({ "email": email, "phone": "+15557654321", "firstName": canary("first"), "company": canary("company"), "shoe": canary("trait") });
    let context = json!({ "page": { "path": format!("/{}", canary("path")) }, "ip": canary("ip") });
    let identify = json!({ "userId": canary("user"), "anonymousId": canary("anon"), "traits": traits, "context": context });
    assert_eq!(daemon.send("/v1/identify", &identify.to_string()).status, 200);
    let order = json!({ "userId": canary("user"), "event": "ordered", "messageId": canary("message"), "properties": { "note": canary("note"), "amount": canary("amount") } });
    assert_eq!(daemon.send("/v1/track", &order.to_string()).status, 200);
    daemon.send("/v1/track", &json!({ "userId": canary("user"), "event": canary("event"), "properties": { "x": canary("prop") } }).to_string());
    daemon.send("/v1/page", &json!({ "userId": canary("user"), "properties": { "url": format!("https://a.example/{}?q=1", canary("url")) } }).to_string());
    daemon.idle();
    // What cannot be taken is not told of in logs either.
    daemon.send("/v1/track", &format!("{{\"userId\":\"{}", canary("broken")));
    daemon.admin("PUT", &format!("/v1/contacts/{}", canary("user")), &json!({ "email": canary("bad"), "fields": { "nothing": canary("field") } }).to_string());
    daemon.admin(
        "POST",
        "/v1/contacts/import",
        &format!("{{\"email\":\"{}@y.example\",\"fields\":{{\"first_name\":\"{}\"}}}}\nnot json {}\n", canary("import"), canary("name"), canary("line")),
    );
    daemon.admin("GET", &format!("/v1/contacts?q={}", canary("query")), "");
    daemon.admin("GET", &format!("/v1/contacts/{}", canary("nobody")), "");
    daemon.raw(format!("{} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", canary("METHOD")).as_bytes());
    daemon.request(("GET", &format!("/u/{}", canary("token"))), &[("User-Agent", &canary("agent")), ("Cookie", &canary("cookie"))], b"");
    daemon.advance("2d");
    for send in folder.outbox().iter().filter(|send| send["channel"] == "email") {
        let mail = folder.mail(send);
        let link = mail
            .split("http://")
            .find_map(|rest| rest.split_once("/t/c/"))
            .map(|(_, rest)| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect::<String>());
        assert!(link.is_some(), "{mail}");
        // T24: what stands in a link is opaque.
        assert!(!link.as_deref().unwrap_or_default().contains("canary"), "{link:?}");
        daemon.request(("GET", &format!("/t/c/{}", link.unwrap())), &[], b"");
    }
    daemon.admin("DELETE", &format!("/v1/contacts/{}?reason=test", canary("user")), "");
    let metrics = String::from_utf8(daemon.request(("GET", "/metrics"), &[], b"").body).unwrap();
    let (write_key, admin_token) = (daemon.write_key.clone(), daemon.admin_token.clone());
    assert_eq!(daemon.stop(), 0);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.lines().count() > 10, "the run was logged: {log}");
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "not an object: {line}");
    }
    for (name, text) in [("log", &log), ("metrics", &metrics)] {
        for secret in ["canary", "+15557654321", "15557654321", write_key.as_str(), admin_token.as_str()] {
            let found: Vec<&str> = text.lines().filter(|line| line.contains(secret)).collect();
            assert!(found.is_empty(), "{name} holds {secret:?}: {found:?}");
        }
    }
}
