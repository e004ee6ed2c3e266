//! Every route by every kind of key: who may in, who may not, and that no route was forgotten.

use crate::bench::{Daemon, Folder};
use campc::http::{Guard, ROUTES};
use std::collections::{BTreeMap, BTreeSet};

const CANARY: &str = "nothing-is-called-so";

/// A path of a pattern, with something in each of its places.
fn path_of(pattern: &str) -> String {
    let parts = pattern.split('/').map(|part| if part.starts_with('{') { CANARY } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn t14_every_route_asks_for_the_key_it_needs() {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start(&folder);
    let bearer = |key: &str| format!("Bearer {key}");
    let keys = [
        ("none", None),
        ("unknown", Some(bearer("who-knows"))),
        ("empty", Some("Bearer ".to_string())),
        ("write as basic", Some(daemon.basic())),
        ("write as bearer", Some(bearer(&daemon.write_key))),
        ("admin", Some(bearer(&daemon.admin_token))),
    ];
    let mut asserted = 0;
    for route in ROUTES {
        for (kind, header) in &keys {
            if (route.method, route.path) == ("GET", "/v1/events/stream") && *kind == "admin" {
                // It is let in, and never ends.
                continue;
            }
            let headers: Vec<(&str, &str)> = header.iter().map(|value| ("Authorization", value.as_str())).collect();
            let body: &[u8] = match route.guard {
                Guard::Admin => b"",
                Guard::Open | Guard::Writer if route.path.ends_with("/batch") || ["/v1/b", "/v1/m"].contains(&route.path) => b"{\"batch\":[]}",
                Guard::Open | Guard::Writer => b"{}",
            };
            let status = daemon.request((route.method, &path_of(route.path)), &headers, body).status;
            let is_write = kind.starts_with("write");
            let is_right = match (route.guard, *kind) {
                (Guard::Open, _) => status != 401 && status != 403,
                (Guard::Admin, "admin") => status != 401 && status != 403 && status != 405,
                (Guard::Admin, _) if is_write => status == 403,
                (Guard::Admin, _) => status == 401,
                (Guard::Writer, _) if is_write => status != 401 && status != 403 && status != 405,
                (Guard::Writer, _) => status == 401,
            };
            assert!(is_right, "{} {} with {kind}: {status}", route.method, route.path);
            asserted += 1;
        }
    }
    assert_eq!(asserted, ROUTES.len() * keys.len() - 1, "all pairs but the endless one");
}

#[test]
fn the_table_of_routes_is_the_router() {
    let folder = Folder::project("welcome");
    let daemon = Daemon::start(&folder);
    let mut by_path: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for route in ROUTES {
        assert!(by_path.entry(route.path).or_default().insert(route.method), "{} {} stands twice", route.method, route.path);
    }
    for (path, methods) in by_path {
        // Which methods a path takes is what it says to one that it does not take.
        let refused = daemon.admin("PATCH", &path_of(path), "");
        assert_eq!(refused.status, 405, "{path}");
        let told: BTreeSet<&str> = refused.header("allow").unwrap().split(',').map(str::trim).filter(|method| !matches!(*method, "HEAD" | "OPTIONS")).collect();
        assert_eq!(told, methods, "{path}");
    }
    // No route stands in the sources that the table does not have.
    let mut written = BTreeSet::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(entry).unwrap();
                written.extend(text.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_string()));
            }
        }
    }
    let known: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
    let missing: Vec<&String> = written.iter().filter(|path| !known.contains(path.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
