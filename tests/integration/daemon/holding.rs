//! What is held in memory is what is stored: states as bytes, before and after a restart, of this version and of the one before.

use super::rig::{DAY, Rig, both, track, welcome_program};
use campc::daemon::api::ContactKey;
use campc::lang::Instant;
use campc::machine::state::{ContactState, ContactUid};
use campc::store::memory::MemoryStore;
use campc::store::{LoadItem, PackedState, Store, StoreError, decode_state, encode_state};
use serde_json::json;
use std::collections::BTreeMap;

/// The bytes of all contacts of a store.
fn stored(store: &MemoryStore) -> BTreeMap<ContactUid, PackedState> {
    let mut found = BTreeMap::new();
    let mut take = |item| {
        if let LoadItem::Contact(uid, packed) = item {
            found.insert(uid, packed);
        }
    };
    store.clone().load(Instant(0), &mut take).unwrap();
    found
}

async fn some_people(rig: &Rig) -> Vec<ContactUid> {
    let mut people = Vec::new();
    for name in ["a", "b", "c"] {
        let traits = json!({"email": format!("{name}@x.example"), "plan": "pro", "shoe": 44, "address": {"city": "Turin", "floors": [1, 2]}});
        people.push(rig.identify(ContactKey::user(name), traits).await);
    }
    rig.submit(track(both("a", "device 1"), "purchase", json!({"amount": 3}))).await;
    rig.engine().idle().await;
    people
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_and_their_bytes_are_the_same_after_a_restart() {
    let mut rig = Rig::new(welcome_program()).await;
    let people = some_people(&rig).await;
    rig.advance(DAY).await;
    let before: Vec<_> = people.iter().map(|uid| rig.engine().state(*uid).unwrap()).collect();
    let bytes = stored(&rig.store);
    for (uid, state) in people.iter().zip(&before) {
        assert_eq!(bytes[uid], PackedState::pack(state).unwrap(), "what is resident is what is stored");
    }
    rig.crash().await;
    let after: Vec<_> = people.iter().map(|uid| rig.engine().state(*uid).unwrap()).collect();
    assert_eq!(before, after);
    assert_eq!(stored(&rig.store), bytes);
    assert_eq!(rig.engine().resolve("b@x.example"), Some(people[1]));
    assert_eq!(rig.engine().resolve_anonymous("device 1"), Some(people[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_of_version_2_are_read_and_what_is_empty_takes_no_room_since() {
    let rig = Rig::new(welcome_program()).await;
    let people = some_people(&rig).await;
    for uid in people {
        let state = rig.engine().state(uid).unwrap();
        // Version 2 was every part up to the sequence number, one after the other; it knew no deployment, nobody aside and no ties.
        let known = ContactState { deployment: 0, ..state.as_ref().clone() };
        let mut old = vec![2];
        old.extend(postcard::to_stdvec(&known).unwrap());
        assert_eq!(old.split_off(old.len() - 3), [0, 0, 0]);
        assert_eq!(decode_state(&old).unwrap(), known);
        let new = encode_state(&state).unwrap();
        assert_eq!(decode_state(&new).unwrap(), *state);
        assert!(new.len() < old.len(), "{} bytes, {} before", new.len(), old.len());
        for length in 0..new.len() {
            assert!(matches!(decode_state(&new[..length]), Err(StoreError::Damaged(_))), "cut at {length}");
        }
    }
}

#[test]
fn a_state_as_version_2_wrote_it_is_a_fixture() {
    let old = [2, 42, 3, 1, 2, b'u', b'1', 1, 2, b'a', b'1', 20, 22, 0, 1, 7, 3, 3, b'A', b'n', b'a'];
    let mut old = old.to_vec();
    // Traits, tags and lists; consent (email given); the rest is empty but for the number of the next input.
    old.extend([0, 1, 1, b't', 0, 2, 0, 0, 0, 0]);
    old.extend([0; 16]);
    old.extend([0, 0, 5]);
    let state = decode_state(&old).unwrap();
    assert_eq!((state.uid, state.rev, state.user_id.as_deref(), state.next_seq), (ContactUid(42), 3, Some("u1"), 5));
    assert_eq!((state.anonymous_ids.len(), state.created_at, state.accepted_at), (1, Instant(10), Instant(11)));
    assert_eq!(state.fields.get(&7).and_then(|value| value.as_text()), Some("Ana"));
    assert_eq!(state.tags.len(), 1);
}
