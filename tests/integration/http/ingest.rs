//! Segment's API: keys, limits at their edges, encodings, batches.

use crate::bench::{Daemon, Folder};
use std::io::Write;

fn daemon() -> (Folder, Daemon) {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start(&folder);
    (folder, daemon)
}

/// A track of exactly `bytes` bytes.
fn track_of(bytes: usize) -> String {
    let texts: Vec<String> = (0..bytes / 4_200).map(|i| format!("\"p{i}\":\"{}\"", "x".repeat(4_000))).collect();
    let body = format!("{{\"type\":\"track\",\"userId\":\"u\",\"event\":\"e\",\"properties\":{{{}}}", texts.join(","));
    format!("{body}{}}}", " ".repeat(bytes - body.len() - 1))
}

#[test]
fn who_may_come_in() {
    let (_folder, daemon) = daemon();
    let body = r#"{"userId":"u","event":"e"}"#;
    let with = |value: &str| daemon.request(("POST", "/v1/track"), &[("Authorization", value)], body.as_bytes()).status;
    assert_eq!(with(&daemon.basic()), 200);
    assert_eq!(with(&format!("Bearer {}", daemon.write_key)), 200);
    assert_eq!(with("Bearer wrong"), 401);
    assert_eq!(with("Basic !!!"), 401);
    assert_eq!(daemon.request(("POST", "/v1/track"), &[], body.as_bytes()).status, 401);
    let in_body = format!(r#"{{"userId":"u","event":"e","writeKey":"{}"}}"#, daemon.write_key);
    assert_eq!(daemon.request(("POST", "/v1/track"), &[], in_body.as_bytes()).status, 200);
    let in_batch = format!(r#"{{"batch":[{{"type":"track","userId":"u","event":"e"}}],"writeKey":"{}"}}"#, daemon.write_key);
    assert_eq!(daemon.request(("POST", "/v1/batch"), &[], in_batch.as_bytes()).status, 200);
    let empty = r#"{"userId":"u","event":"e","writeKey":""}"#;
    assert_eq!(daemon.request(("POST", "/v1/track"), &[], empty.as_bytes()).status, 401);
    for (method, path) in
        [("GET", "/v1/contacts"), ("GET", "/v1/campaigns"), ("GET", "/v1/segments"), ("GET", "/v1/messages"), ("GET", "/v1/clock"), ("POST", "/v1/idle")]
    {
        assert_eq!(daemon.request((method, path), &[("Authorization", &daemon.basic())], b"").status, 403, "{path}");
        assert_eq!(daemon.request((method, path), &[], b"").status, 401, "{path}");
        assert_eq!(daemon.admin(method, path, "").status, 200, "{path}");
    }
}

#[test]
fn every_path_of_every_call_is_served() {
    let (_folder, daemon) = daemon();
    let calls = [
        ("identify", "i", r#"{"userId":"u","traits":{}}"#),
        ("track", "t", r#"{"userId":"u","event":"e"}"#),
        ("page", "p", r#"{"anonymousId":"a","properties":{"path":"/x"}}"#),
        ("screen", "s", r#"{"userId":"u","name":"Home"}"#),
        ("group", "g", r#"{"userId":"u","groupId":"g"}"#),
        ("alias", "a", r#"{"userId":"u","previousId":"old"}"#),
        ("batch", "b", r#"{"batch":[]}"#),
    ];
    for (name, short, body) in calls {
        for path in [format!("/v1/{name}"), format!("/v1/{short}"), format!("/api/public/apps/{name}")] {
            let reply = daemon.send(&path, body);
            assert_eq!((reply.status, reply.json()), (200, serde_json::json!({ "success": true })), "{path}");
            assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        }
    }
    let preflight = daemon.request(("OPTIONS", "/v1/batch"), &[("Origin", "https://shop.example")], b"");
    assert_eq!((preflight.status, preflight.header("access-control-max-age")), (204, Some("86400")));
    let get = daemon.request(("GET", "/v1/track"), &[], b"");
    assert_eq!((get.status, get.problem().as_str()), (405, "method-not-allowed"));
    assert_eq!(daemon.request(("GET", "/nowhere"), &[], b"").problem(), "not-found");
}

#[test]
fn a_single_call_may_have_32_kib_and_no_byte_more() {
    let (_folder, daemon) = daemon();
    assert_eq!(daemon.send("/v1/track", &track_of(32 * 1024)).status, 200);
    let over = daemon.send("/v1/track", &track_of(32 * 1024 + 1));
    assert_eq!((over.status, over.problem().as_str()), (413, "too-large"));
    let body = track_of(40_000);
    let head = format!("POST /v1/track HTTP/1.1\r\nHost: c\r\nConnection: close\r\nAuthorization: {}\r\nTransfer-Encoding: chunked\r\n\r\n", daemon.basic());
    let chunked = format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    assert_eq!(daemon.raw(chunked.as_bytes()).status, 413, "without a length too");
}

#[test]
fn a_batch_may_have_512_kib_and_500_events() {
    let (_folder, daemon) = daemon();
    let item = r#"{"type":"track","userId":"u","event":"e"}"#;
    let batch = |count: usize| format!("{{\"batch\":[{}]}}", vec![item; count].join(","));
    assert_eq!(daemon.send("/v1/batch", &batch(500)).status, 200);
    assert_eq!(daemon.send("/v1/batch", &batch(501)).status, 413);
    let padded = |bytes: usize| {
        let body = batch(1);
        format!("{}{}", body, " ".repeat(bytes - body.len()))
    };
    assert_eq!(daemon.send("/v1/batch", &padded(512 * 1024)).status, 200);
    assert_eq!(daemon.send("/v1/batch", &padded(512 * 1024 + 1)).status, 413);
    let big = track_of(32 * 1024 + 1);
    let reply = daemon.send("/v1/batch", &format!("{{\"batch\":[{item},{big}]}}"));
    assert_eq!((reply.status, &reply.json()["rejected"][0]["index"], &reply.json()["rejected"][0]["reason"]), (200, &1.into(), &"too_large".into()));
}

#[test]
fn what_is_no_json_is_told_so_with_its_place() {
    let (_folder, daemon) = daemon();
    let raw = daemon.request(("POST", "/v1/track"), &[("Authorization", &daemon.basic())], b"{\"userId\":\"\xff\"}");
    assert_eq!((raw.status, raw.problem().as_str()), (400, "not-utf8"));
    assert!(raw.json()["detail"].as_str().unwrap().contains("byte 11"), "{}", raw.json());
    assert_eq!(daemon.send("/v1/track", "{").problem(), "not-json");
    assert_eq!(daemon.send("/v1/track", "[1]").status, 400);
    let nested = |depth: usize| format!("{{\"userId\":\"u\",\"event\":\"e\",\"properties\":{{\"p\":{}1{}}}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(daemon.send("/v1/track", &nested(62)).status, 200);
    assert_eq!(daemon.send("/v1/track", &nested(63)).problem(), "too-deep");
}

#[test]
fn ids_keys_texts_and_lists_have_their_limits() {
    let (_folder, daemon) = daemon();
    let status = |body: String| daemon.send("/v1/track", &body).status;
    let user = |id: String| format!("{{\"userId\":\"{id}\",\"event\":\"e\"}}");
    assert_eq!(status(user("u".repeat(255))), 200);
    assert_eq!(status(user("u".repeat(256))), 400);
    assert_eq!(status(user(String::new())), 400);
    assert_eq!(status(user("a\\u0007".to_string())), 400);
    assert_eq!(status("{\"userId\":17,\"event\":\"e\"}".to_string()), 200);
    let with = |properties: String| format!("{{\"userId\":\"u\",\"event\":\"e\",\"properties\":{properties}}}");
    let keys = |count: usize| with(format!("{{{}}}", (0..count).map(|i| format!("\"k{i}\":1")).collect::<Vec<_>>().join(",")));
    assert_eq!(status(keys(255)), 200);
    assert_eq!(status(keys(256)), 400);
    assert_eq!(status(with(format!("{{\"{}\":1}}", "k".repeat(255)))), 200);
    assert_eq!(status(with(format!("{{\"{}\":1}}", "k".repeat(256)))), 400);
    assert_eq!(status(with(format!("{{\"t\":\"{}\"}}", "x".repeat(8_192)))), 200);
    assert_eq!(status(with(format!("{{\"t\":\"{}\"}}", "x".repeat(8_193)))), 400);
    let list = |count: usize| with(format!("{{\"l\":[{}]}}", vec!["1"; count].join(",")));
    assert_eq!(status(list(1_000)), 200);
    assert_eq!(status(list(1_001)), 400);
}

#[test]
fn gzip_is_read_within_the_same_limits_and_nothing_else_is() {
    let (_folder, daemon) = daemon();
    let packed = |text: &[u8]| {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    };
    let send = |encoding: &str, body: &[u8]| {
        let key = daemon.basic();
        daemon.request(
            ("POST", "/v1/batch"),
            &[("Authorization", &key), ("Content-Encoding", encoding), ("Content-Type", "application/x-www-form-urlencoded")],
            body,
        )
    };
    let batch = r#"{"batch":[{"type":"track","userId":"u","event":"e"}]}"#;
    assert_eq!(send("gzip", &packed(batch.as_bytes())).json()["success"], true);
    assert_eq!(send("gzip", batch.as_bytes()).problem(), "bad-gzip");
    assert_eq!(send("br", batch.as_bytes()).status, 415);
    let bomb = packed(&vec![b' '; 64 * 1024 * 1024]);
    assert_eq!(send("gzip", &bomb).status, 413);
}

#[test]
fn a_batch_tells_what_it_did_not_take_and_takes_the_rest() {
    let (_folder, daemon) = daemon();
    let items = r#"{"batch":[{"type":"identify","userId":"u1","traits":{"email":"a@x.example"}},{"type":"track","event":"e","messageId":"m1"},{"type":"shout","userId":"u"},7]}"#;
    let reply = daemon.send("/v1/batch", items);
    assert_eq!(reply.status, 200);
    let rejected = reply.json()["rejected"].clone();
    let reasons: Vec<&str> = rejected.as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["no_identity", "unknown_type", "bad_shape"]);
    assert_eq!(rejected[0]["messageId"], "m1");
    assert_eq!(daemon.admin("GET", "/v1/contacts/u1", "").status, 200);
    let none = daemon.send("/v1/batch", r#"{"batch":[{"type":"track","event":"e"}]}"#);
    assert_eq!((none.status, &none.json()["success"]), (400, &false.into()));
    assert_eq!(daemon.send("/v1/track", r#"{"event":"e"}"#).problem(), "no-identity");
}

#[test]
fn the_same_message_id_counts_once() {
    let (folder, daemon) = daemon();
    daemon.send("/v1/identify", r#"{"userId":"u1","traits":{"email":"a@x.example"}}"#);
    for _ in 0..3 {
        let body = r#"{"userId":"u1","event":"signed_up","messageId":"once"}"#;
        assert_eq!(daemon.send("/v1/track", body).json()["success"], true);
    }
    daemon.idle();
    assert_eq!(folder.outbox().len(), 1);
    assert_eq!(daemon.admin("GET", "/v1/status", "").json()["counters"]["duplicates"], 2);
}

#[test]
fn an_address_gives_its_country_and_keeps_the_rest() {
    let folder = Folder::project("welcome");
    let source = folder.read("main.camp");
    folder.write("main.camp", format!("{source}\ncontact {{ address_city: text }}\n"));
    let daemon = Daemon::start(&folder);
    let traits = r#"{"address":{"city":"Toronto","country":"Canada","postalCode":"M5V"},"company":{"name":"Acme","size":3}}"#;
    assert_eq!(daemon.send("/v1/identify", &format!(r#"{{"userId":"u1","traits":{traits}}}"#)).status, 200);
    let shown = daemon.admin("GET", "/v1/contacts/u1", "").json();
    assert_eq!((shown["fields"]["country"].as_str(), shown["fields"]["address_city"].as_str()), (Some("Canada"), Some("Toronto")), "{shown}");
    assert_eq!(shown["traits"]["address"]["postalCode"], "M5V", "{shown}");
    assert_eq!(shown["traits"]["company"]["name"], "Acme", "{shown}");
}
