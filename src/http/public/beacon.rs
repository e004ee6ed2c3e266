//! The pixel's beacon: events of web pages without a key, and so without anything that a stranger must not set.

use crate::content::TokenKind;
use crate::daemon::api::{ContactKey, Submission, SubmissionKind};
use crate::http::app::App;
use crate::http::body::{self, BATCH_BYTES, SINGLE_BYTES};
use crate::http::cors;
use crate::http::depth;
use crate::http::ingest::{Call, Item, Refusal, Surroundings, not_json};
use crate::http::problem::Problem;
use crate::machine::state::ContactUid;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, json};
use std::collections::BTreeSet;

/// Items of one beacon.
const MAX_ITEMS: usize = 50;
/// Never set by a page, whatever `public_fields` says.
const PROTECTED: [&str; 9] = ["id", "email", "phone", "user_id", "userId", "points", "consent", "created_at", "createdAt"];

#[derive(Deserialize)]
struct Beacon<'a> {
    #[serde(borrow)]
    batch: Vec<&'a RawValue>,
    /// The click token of the landing page's address: it ties the browser to the contact.
    #[serde(default)]
    ct: Option<String>,
}

/// `POST /t/e`
pub async fn take(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    cors::open(taken(&app, &headers, body).await)
}

async fn taken(app: &App, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
    let _place = app.admit_request()?;
    let bytes = body::read(headers, body, BATCH_BYTES).await?;
    let text = body::utf8(&bytes)?;
    if depth::is_too_deep(text) {
        return Err(Problem::bad_request("too-deep", format!("the JSON nests deeper than {} levels", depth::MAX_DEPTH)));
    }
    let beacon: Beacon<'_> = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    if beacon.batch.len() > MAX_ITEMS {
        return Err(Problem::too_large(format!("a beacon may hold {MAX_ITEMS} items")));
    }
    let around = Surroundings { received: app.engine.now(), context: None, sent_at: None, key_seed: app.key_seed };
    let read = beacon.batch.iter().map(|raw| read_item(raw.get(), &around, &app.sites.public_fields));
    let mut submissions: Vec<Submission> = read.filter_map(Result::ok).collect();
    let tie = tie(app, beacon.ct.as_deref(), submissions.first());
    if let Some(tie) = tie {
        submissions.insert(0, tie);
    }
    if !submissions.is_empty() {
        app.submit(submissions).await?;
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], json!({ "success": true }).to_string()).into_response())
}

fn read_item(raw: &str, around: &Surroundings<'_>, public_fields: &BTreeSet<String>) -> Result<Submission, Refusal> {
    if raw.len() > SINGLE_BYTES {
        return Err(Refusal::new("too_large", "an event may have 32 KiB"));
    }
    let item: Item = serde_json::from_str(raw).map_err(|error| Refusal::new("bad_shape", error.to_string()))?;
    let call = item.call(None)?;
    match call {
        Call::Page | Call::Track | Call::Identify => {}
        Call::Screen | Call::Group | Call::Alias => return Err(Refusal::new("unknown_type", "a page sends page, track and identify")),
    }
    let mut submission = item.into_submission(call, raw, around)?;
    // A stranger may say who they are not: the user id of a page is not believed.
    submission.contact.user_id = None;
    if submission.contact.anonymous_id.is_none() {
        return Err(Refusal::new("no_identity", "a page needs an anonymousId"));
    }
    if let SubmissionKind::Identify { traits } = &mut submission.kind {
        traits.retain(|name, _| public_fields.contains(name) && !PROTECTED.contains(&name.as_str()));
    }
    Ok(submission)
}

/// The submission that makes the browser of `first` the contact of a click token, if both are there.
fn tie(app: &App, token: Option<&str>, first: Option<&Submission>) -> Option<Submission> {
    let token = app.tokens.decode(token?, TokenKind::Click)?;
    let anonymous_id = first?.contact.anonymous_id.clone();
    let contact = ContactKey { uid: Some(ContactUid(token.contact_uid)), anonymous_id, ..ContactKey::default() };
    Some(Submission::new(contact, SubmissionKind::Identify { traits: Map::new() }))
}
