//! The table of identities, row by row.

use super::people::program;
use super::rig::{Rig, anonymous, both, track, welcome_program};
use campc::daemon::api::{ContactKey, Submission, SubmissionKind};
use campc::machine::state::ContactUid;
use serde_json::json;

async fn seen(rig: &Rig, key: ContactKey) -> ContactUid {
    rig.submit(track(key, "something", json!({}))).await.contact.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_row_of_the_table() {
    let mut rig = Rig::new(welcome_program()).await;
    let user = seen(&rig, ContactKey::user("u1")).await;
    assert_eq!(seen(&rig, ContactKey::user("u1")).await, user);
    let device = seen(&rig, anonymous("a1")).await;
    assert_ne!(device, user);
    // Both known, the device without a user: one person.
    assert_eq!(seen(&rig, both("u1", "a1")).await, user);
    assert_eq!(rig.engine().resolve_anonymous("a1"), Some(user));
    assert_eq!(rig.engine().resolve(&device.to_text()), Some(user), "the losing id redirects");
    // A new device of a known user.
    assert_eq!(seen(&rig, both("u1", "a2")).await, user);
    // A known device, a new user: the device's contact gets the name.
    let device = seen(&rig, anonymous("a3")).await;
    assert_eq!(seen(&rig, both("u3", "a3")).await, device);
    assert_eq!(rig.engine().resolve("u3"), Some(device));
    // A shared device: no merge, the key moves.
    assert_eq!(seen(&rig, both("u1", "a3")).await, user);
    assert_eq!(rig.engine().resolve_anonymous("a3"), Some(user));
    assert_eq!(rig.engine().resolve("u3"), Some(device));
    // Neither known.
    let fresh = seen(&rig, both("u4", "a4")).await;
    assert_eq!((rig.engine().resolve("u4"), rig.engine().resolve_anonymous("a4")), (Some(fresh), Some(fresh)));
    rig.crash().await;
    assert_eq!(rig.engine().resolve_anonymous("a3"), Some(user));
    assert_eq!(rig.engine().resolve(&device.to_text()), Some(device));
    let nobody = rig.submit(track(ContactKey::default(), "x", json!({}))).await;
    assert_eq!(nobody.rejection.unwrap().reason, "no_identity");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_joins_what_its_sender_says_is_one() {
    let rig = Rig::new(welcome_program()).await;
    let alias = |user: &str, previous: &str| Submission::new(ContactKey::user(user), SubmissionKind::Alias { previous_id: previous.into() });
    let first = seen(&rig, ContactKey::user("u1")).await;
    let second = seen(&rig, ContactKey::user("u2")).await;
    rig.submit(alias("u1", "u2")).await;
    assert_eq!((rig.engine().resolve("u2"), rig.engine().resolve(&second.to_text())), (Some(first), Some(first)));
    rig.submit(alias("u1", "unknown")).await;
    assert_eq!(seen(&rig, ContactKey::user("unknown")).await, first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_joins_one_without_a_user_and_leaves_two_users_apart() {
    let rig = Rig::new(welcome_program()).await;
    let subscriber = rig.identify(ContactKey { email: Some("a@x.example".into()), ..ContactKey::default() }, json!({"first_name": "Ana"})).await;
    let user = rig.identify(ContactKey::user("u1"), json!({"email": "A@x.example", "first_name": null})).await;
    assert_eq!(rig.engine().resolve(&subscriber.to_text()), Some(user));
    assert_eq!(rig.engine().contact(user).unwrap().fields["first_name"], "Ana");
    rig.advance(1).await;
    let other = rig.identify(ContactKey::user("u2"), json!({"email": "a@x.example"})).await;
    assert_ne!(other, user);
    assert_eq!(rig.engine().metrics().shared_addresses.get(), 1);
    assert_eq!(rig.engine().resolve("a@x.example"), Some(user), "of two the older");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_nested_traits_fields_take_their_paths_and_the_rest_is_kept() {
    let rig = Rig::new(program("contact { address_city: text  company_site_url: text }")).await;
    let traits = json!({
        "address": {"city": "Turin", "country": "Canada", "postalCode": "M5", "geo": {"lat": 43.7}},
        "company": {"name": "Acme", "site": {"url": "https://acme.example", "pages": 3}},
        "shoe": {"size": 44},
    });
    let ana = rig.identify(ContactKey::user("a"), traits).await;
    let shown = rig.engine().contact(ana).unwrap();
    assert_eq!((&shown.fields["address_city"], &shown.fields["country"]), (&json!("Turin"), &json!("Canada")));
    assert_eq!(shown.fields["company_site_url"], "https://acme.example");
    let kept = json!({"address": {"postalCode": "M5", "geo": {"lat": 43.7}}, "company": {"name": "Acme", "site": {"pages": 3}}, "shoe": {"size": 44}});
    assert_eq!(json!(shown.traits), kept);
}
