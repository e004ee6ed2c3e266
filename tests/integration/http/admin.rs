//! The admin API.

use crate::bench::{Daemon, Folder};
use serde_json::json;

fn daemon(recipe: &str) -> (Folder, Daemon) {
    let folder = Folder::project(recipe);
    let daemon = Daemon::start(&folder);
    (folder, daemon)
}

#[test]
fn a_contact_is_made_changed_and_shown() {
    let (_folder, daemon) = daemon("hot-leads");
    let made = daemon.admin("PUT", "/v1/contacts/ana@x.example", r#"{"fields":{"first_name":"Ana","country":"Canada"},"tags":["a","b"]}"#);
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_str().unwrap().to_string();
    let changed = daemon.admin("PUT", &format!("/v1/contacts/{id}"), r#"{"tags":["c"],"fields":{"first_name":null}}"#);
    assert_eq!(changed.status, 200);
    let view = daemon.admin("GET", "/v1/contacts/ana%40x.example", "").json();
    assert_eq!(
        (&view["id"], &view["tags"], &view["fields"]["first_name"], &view["fields"]["country"]),
        (&json!(id), &json!(["c"]), &json!(null), &json!("Canada"))
    );
    assert_eq!(daemon.admin("PUT", "/v1/contacts/u1", r#"{"segments":["x"]}"#).status, 422);
    assert_eq!(daemon.admin("PUT", "/v1/contacts/u1", "[]").status, 400);
    assert_eq!(daemon.admin("GET", "/v1/contacts/nobody", "").problem(), "not-found");
    let list = daemon.admin("GET", "/v1/contacts?q=ana", "").json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(daemon.admin("DELETE", &format!("/v1/contacts/{id}"), "").status, 200, "why may be left out");
    assert_eq!(daemon.admin("GET", &format!("/v1/contacts/{id}"), "").status, 404);
}

#[test]
fn segments_are_left_and_entered_by_hand() {
    let (_folder, daemon) = daemon("hot-leads");
    daemon.admin("PUT", "/v1/contacts/u1", "{}");
    let path = "/v1/segments/Canada%20Hot%20Leads/contacts";
    assert_eq!(daemon.admin("PUT", &format!("{path}/u1"), "").status, 200);
    assert_eq!(daemon.admin("GET", path, "").json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(daemon.admin("DELETE", &format!("{path}/u1"), "").status, 200);
    assert_eq!(daemon.admin("GET", path, "").json()["items"].as_array().unwrap().len(), 0);
    assert_eq!(daemon.admin("GET", "/v1/segments/nothing/contacts", "").status, 404);
    assert_eq!(daemon.admin("GET", "/v1/segments", "").json()[0]["name"], "Canada Hot Leads");
}

#[test]
fn campaigns_are_listed_paused_and_entered() {
    let (_folder, daemon) = daemon("welcome");
    daemon.admin("PUT", "/v1/contacts/u1", r#"{"email":"a@x.example"}"#);
    assert_eq!(daemon.admin("GET", "/v1/campaigns", "").json()[0]["status"], "live");
    assert_eq!(daemon.admin("POST", "/v1/campaigns/Welcome/pause", "").json()["status"], "paused");
    assert_eq!(daemon.admin("POST", "/v1/campaigns/Welcome/resume", "").json()["status"], "live");
    assert_eq!(daemon.admin("POST", "/v1/campaigns/Nothing/pause", "").status, 404);
    assert_eq!(daemon.admin("POST", "/v1/campaigns/Welcome/enroll", r#"{"contact":"u1"}"#).status, 200);
    assert_eq!(daemon.admin("POST", "/v1/campaigns/Welcome/enroll", r#"{"contact":"u2"}"#).status, 404);
    daemon.idle();
    let detail = daemon.admin("GET", "/v1/campaigns/Welcome", "").json();
    assert_eq!((&detail["inside"], detail["steps"].as_array().unwrap().is_empty()), (&json!(1), false));
    let messages = daemon.admin("GET", "/v1/messages?contact=u1", "").json();
    assert_eq!((&messages["items"][0]["message"], &messages["items"][0]["status"]), (&json!("welcome"), &json!("accepted")), "{messages}");
    let journal = daemon.admin("GET", "/v1/contacts/u1/journal", "").json();
    assert_eq!(journal[0]["what"], "enrolled", "{journal}");
    for key in ["at", "campaign", "enrollment", "step", "what", "why", "cause", "source"] {
        assert!(journal[0].get(key).is_some(), "{key}");
    }
}

#[test]
fn the_clock_goes_forward_and_never_back() {
    let (_folder, daemon) = daemon("welcome");
    daemon.advance("1d");
    let back = daemon.admin("POST", "/v1/clock/advance", r#"{"to":"2001-01-01T00:00:00Z"}"#);
    assert_eq!((back.status, back.problem().as_str()), (422, "clock-back"));
    assert_eq!(daemon.admin("POST", "/v1/clock/advance", r#"{"by":"soon"}"#).status, 422);
    assert_eq!(daemon.admin("POST", "/v1/clock/advance", "{}").status, 422);
    assert_eq!(daemon.admin("POST", "/v1/clock/advance", r#"{"to":"2099-01-01T00:00:00Z"}"#).json()["now"], "2099-01-01T00:00:00Z");
}

#[test]
fn lines_of_contacts_are_taken_as_they_come() {
    let (_folder, daemon) = daemon("welcome");
    let lines = "{\"email\":\"a@x.example\"}\n\nnothing\n{\"segments\":[],\"email\":\"b@x.example\"}\n{\"type\":\"identify\",\"userId\":\"u3\",\"traits\":{\"email\":\"c@x.example\"}}";
    let report = daemon.admin("POST", "/v1/contacts/import", lines).json();
    assert_eq!((&report["accepted"], &report["rejected_count"]), (&json!(2), &json!(2)), "{report}");
    let bad: Vec<u64> = report["rejected"].as_array().unwrap().iter().map(|row| row["line"].as_u64().unwrap()).collect();
    assert_eq!(bad, [3, 4]);
    assert_eq!(daemon.admin("GET", "/v1/contacts/u3", "").status, 200);
}

#[test]
fn health_and_metrics_are_open() {
    let (_folder, daemon) = daemon("welcome");
    for path in ["/healthz", "/readyz", "/metrics", "/camp.js"] {
        assert_eq!(daemon.request(("GET", path), &[], b"").status, 200, "{path}");
    }
    let metrics = daemon.request(("GET", "/metrics"), &[], b"");
    assert!(String::from_utf8(metrics.body).unwrap().contains("campc_contacts 0"));
}

#[test]
fn an_operator_is_told_what_a_contact_cannot_take_and_nothing_changes() {
    let (_folder, daemon) = daemon("hot-leads");
    for (parts, said) in [
        (r#"{"email":"not an address"}"#, "email: "),
        (r#"{"timezone":"Mars/Olympus"}"#, "timezone: "),
        (r#"{"points":"many"}"#, "points: "),
        (r#"{"tags":"vip"}"#, "tags: "),
        (r#"{"lists":["nowhere"]}"#, "there is no list \"nowhere\""),
        (r#"{"fields":{"shoe_size":43}}"#, "fields: shoe_size is not declared"),
        (r#"{"fields":{"country":{"code":"CA"}}}"#, "fields: country: "),
        (r#"{"colour":"red"}"#, "colour: a contact has no such key"),
        (r#"{"phone":"call me"}"#, "field phone: "),
        (r#"{"consent":{"topics":{"nowhere":"given"}}}"#, "there is no topic \"nowhere\""),
        (r#"{"consent":{"email":"perhaps"}}"#, "consent email: "),
    ] {
        let answer = daemon.admin("PUT", "/v1/contacts/u1", parts);
        assert_eq!((answer.status, answer.problem().as_str()), (422, "bad-contact"), "{parts}: {answer:?}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(said), "{parts}: {answer:?}");
    }
    assert_eq!(daemon.admin("PUT", "/v1/contacts/u7", "{}").status, 201);
    let other = daemon.admin("PUT", "/v1/contacts/u7", r#"{"user_id":"u8"}"#);
    assert_eq!((other.status, other.problem().as_str()), (422, "bad-contact"), "a PUT makes nobody another: {other:?}");
    let same = daemon.admin("GET", "/v1/contacts/u7", "").json();
    let again = json!({ "id": same["id"], "user_id": "u7", "fields": same["fields"], "consent": same["consent"] });
    assert_eq!(daemon.admin("PUT", "/v1/contacts/u7", &again.to_string()).status, 200, "what it shows it takes");
    // Every fault is named at once.
    let answer = daemon.admin("PUT", "/v1/contacts/u1", r#"{"email":"x","points":"y"}"#);
    assert!(["email: ", "points: "].iter().all(|said| answer.json()["detail"].as_str().unwrap().contains(said)), "{answer:?}");
    assert_eq!(daemon.admin("GET", "/v1/contacts/u1", "").status, 404, "nobody was made");
}

#[test]
fn a_visitor_is_found_by_the_anonymous_id() {
    let (_folder, daemon) = daemon("hot-leads");
    assert_eq!(daemon.send("/v1/page", r#"{"anonymousId":"visitor-1","properties":{"path":"/pricing"}}"#).status, 200);
    daemon.idle();
    let visitor = daemon.admin("GET", "/v1/contacts/visitor-1", "").json();
    assert_eq!(visitor["anonymous_ids"], json!(["visitor-1"]));
    assert_eq!(daemon.admin("GET", "/v1/contacts/visitor-1/journal", "").status, 200);
}
