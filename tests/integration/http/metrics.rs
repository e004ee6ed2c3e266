//! The page of metrics: every line of it is in the format, and nothing of a person stands in it.

use crate::bench::{Daemon, Folder};
use std::collections::{BTreeMap, BTreeSet};

fn page(daemon: &Daemon) -> String {
    let reply = daemon.request(("GET", "/metrics"), &[], b"");
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").unwrap().starts_with("application/openmetrics-text; version=1.0.0"), "{}", reply.head);
    String::from_utf8(reply.body).unwrap()
}

/// `name{labels} value` taken apart.
fn sample(line: &str) -> (String, Vec<(String, String)>, f64) {
    let (head, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let (name, labels) = match head.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}').unwrap_or_else(|| panic!("no end of labels: {line}"))),
        None => (head, ""),
    };
    assert!(name.starts_with("campc_") && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{line}");
    let pairs = labels.split("\",").filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
        (key.to_string(), value.trim_end_matches('"').to_string())
    });
    (name.to_string(), pairs.collect(), value.parse().unwrap_or_else(|_| panic!("no number: {line}")))
}

#[test]
fn every_line_is_a_comment_or_a_sample_of_a_described_metric() {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start(&folder);
    daemon.send("/v1/identify", r#"{"userId":"u1","traits":{"email":"ana@x.example"}}"#);
    daemon.send("/v1/track", r#"{"userId":"u1","event":"Signed Up"}"#);
    daemon.send("/v1/track", r#"{"userId":"u1","event":"Nobody Knows"}"#);
    daemon.advance("3d");
    let text = page(&daemon);
    assert!(text.ends_with("# EOF\n"));
    let (mut kinds, mut helped, mut samples) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(kinds.insert(name.to_string(), kind.to_string()).is_none(), "told twice: {line}");
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty() && helped.insert(name.to_string()), "{line}");
        } else {
            let (name, labels, value) = sample(line);
            assert!(value.is_finite() && value >= 0.0, "{line}");
            let base = ["_total", "_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end).filter(|base| kinds.contains_key(*base)));
            assert!(kinds.contains_key(base.unwrap_or(&name)), "not described: {line}");
            samples.insert((name, labels), value);
        }
    }
    assert_eq!(kinds.keys().collect::<BTreeSet<_>>(), helped.iter().collect(), "each has a type and a help text");
    let of = |name: &str, labels: &[(&str, &str)]| {
        let labels: Vec<(String, String)> = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        *samples.get(&(name.to_string(), labels)).unwrap_or_else(|| panic!("no {name}:\n{text}"))
    };
    assert_eq!(of("campc_contacts", &[]), 1.0);
    assert_eq!(of("campc_undeclared_total", &[]), 1.0);
    assert_eq!(of("campc_inputs_total", &[("kind", "track")]), 2.0);
    assert_eq!(of("campc_attempts_settled_total", &[("lane", "email/marketing"), ("outcome", "accepted")]), 2.0);
    assert_eq!(of("campc_http_requests_total", &[("route", "/v1/track"), ("status", "2xx")]), 2.0);
    assert!(of("campc_commit_seconds_count", &[]) >= 3.0 && of("campc_batch_inputs_count", &[]) >= 3.0);
    assert_eq!(of("campc_timer_lateness_seconds_count", &[]), of("campc_wakes_total", &[]));
    assert!(of("campc_process_resident_bytes", &[]) > 1_000_000.0 && of("campc_store_bytes", &[]) > 0.0 && of("campc_disk_free_bytes", &[]) > 0.0);
    // T24: labels are words of ours.
    let allowed = ["kind", "lane", "outcome", "route", "status", "le"];
    for (name, labels) in samples.keys() {
        assert!(labels.iter().all(|(key, _)| allowed.contains(&key.as_str())), "{name} {labels:?}");
    }
}
