//! A contact's JSON taken in: its keys are given at once, its facts come as changes.

use super::batch::Work;
use super::body::{body_facts, devices};
use super::ingest::Facts;
use crate::advance::Change;
use crate::machine::state::ContactUid;
use crate::store::IdentityKind;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// The changes that bring a contact to what `body` says of it. Keys are given at once.
pub(crate) fn patch_changes(work: &mut Work<'_>, uid: ContactUid, body: &Map<String, Json>) -> Facts {
    let mut facts = Facts::default();
    if let Some(user) = body.get("user_id").and_then(Json::as_str) {
        set_user(work, uid, user, &mut facts);
    }
    let Some(read) = work.reading(uid).map(|reading| body_facts(&reading, body)) else { return facts };
    facts.changes.extend(read.changes);
    facts.problems.extend(read.problems);
    devices(body).iter().for_each(|device| work.free_device(device, uid));
    facts
}

fn set_user(work: &mut Work<'_>, uid: ContactUid, user: &str, facts: &mut Facts) {
    let user: Arc<str> = Arc::from(user);
    match work.find_key(IdentityKind::User, &user) {
        Some(other) if other != uid => facts.problems.push(format!("user_id: {user} belongs to another contact")),
        Some(_) => {}
        None => {
            work.give_key(IdentityKind::User, &user, uid);
            facts.changes.push(Change::SetUserId(user));
        }
    }
}
