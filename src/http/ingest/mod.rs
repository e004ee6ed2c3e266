//! Segment's HTTP API: single calls and batches, taken when they are durable and not before.
//!
//! Not here: what events and traits mean to the running program.

mod context;
mod item;
mod limits;

pub use item::{Call, Item, Surroundings};
pub use limits::{Refusal, check_object};

use super::app::App;
use super::body::{self, BATCH_BYTES, SINGLE_BYTES};
use super::problem::Problem;
use super::{cors, depth};
use crate::daemon::api::{Accepted, Submission};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// Events of one batch.
const MAX_EVENTS: usize = 500;

/// The routes of the write key.
pub fn routes() -> Router<App> {
    let calls = [(Call::Identify, "i"), (Call::Track, "t"), (Call::Page, "p"), (Call::Screen, "s"), (Call::Group, "g"), (Call::Alias, "a")];
    let mut router = Router::new();
    for (call, short) in calls {
        let paths = [format!("/v1/{}", call.word()), format!("/v1/{short}"), format!("/api/public/apps/{}", call.word())];
        for path in paths {
            router = router.route(&path, with_preflight(post(move |state, headers, body| single(call, state, headers, body))));
        }
    }
    for path in ["/v1/batch", "/v1/b", "/v1/m", "/api/public/apps/batch"] {
        router = router.route(path, with_preflight(post(batch)));
    }
    router
}

fn with_preflight(route: MethodRouter<App>) -> MethodRouter<App> {
    route.options(cors::preflight)
}

async fn single(call: Call, State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    cors::open(take_single(call, &app, &headers, body).await)
}

async fn batch(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    cors::open(take_batch(&app, &headers, body).await)
}

/// The JSON text of a request, its depth looked at.
fn json_text(bytes: &[u8]) -> Result<&str, Problem> {
    let text = body::utf8(bytes)?;
    if depth::is_too_deep(text) {
        return Err(Problem::bad_request("too-deep", format!("the JSON nests deeper than {} levels", depth::MAX_DEPTH)));
    }
    // A list would be read by the order of its entries, which no sender means.
    match text.trim_start().chars().next() {
        Some('{') => Ok(text),
        Some('[') => Err(Problem::bad_request("not-json", "the body must be a JSON object, and this is a list".to_owned())),
        Some(_) | None => Err(Problem::bad_request("not-json", "the body must be a JSON object".to_owned())),
    }
}

/// What a parser says, as a problem.
pub fn not_json(error: &serde_json::Error) -> Problem {
    Problem::bad_request("not-json", format!("the body is not the JSON this route takes: {error}"))
}

async fn take_single(call: Call, app: &App, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
    let _place = app.admit_request()?;
    let bytes = body::read(headers, body, SINGLE_BYTES).await?;
    let text = json_text(&bytes)?;
    let item: Item = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    app.keys.admit_writer(headers, item.write_key.as_ref().and_then(Json::as_str))?;
    let around = Surroundings { received: app.engine.now(), context: None, sent_at: None, key_seed: app.key_seed };
    let taken = item.call(Some(call)).and_then(|call| item.into_submission(call, text, &around));
    let submission = taken.map_err(|refusal| refused_call(&refusal))?;
    let accepted = app.submit(vec![submission]).await?;
    if let Some(rejection) = accepted.into_iter().find_map(|one| one.rejection) {
        return Err(refused_call(&Refusal::new(rejection.reason, rejection.detail)));
    }
    Ok(success(&[]))
}

fn refused_call(refusal: &Refusal) -> Problem {
    let name = match refusal.reason {
        "no_identity" => "no-identity",
        "too_large" | "too_many_keys" => "item-too-large",
        _ => "bad-item",
    };
    let list = json!([{ "index": 0, "reason": refusal.reason, "detail": refusal.detail }]);
    Problem::bad_request(name, refusal.detail.clone()).with("success", false.into()).with("rejected", list)
}

/// A batch as it comes; its items stay text until each is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch<'a> {
    #[serde(borrow)]
    batch: Vec<&'a RawValue>,
    #[serde(default)]
    context: Option<Map<String, Json>>,
    #[serde(default)]
    sent_at: Option<Json>,
    #[serde(default)]
    write_key: Option<Json>,
}

/// An item that was not taken.
struct Rejected {
    index: usize,
    message_id: Option<String>,
    refusal: Refusal,
}

async fn take_batch(app: &App, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
    let _place = app.admit_request()?;
    let bytes = body::read(headers, body, BATCH_BYTES).await?;
    let text = json_text(&bytes)?;
    let batch: Batch<'_> = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    app.keys.admit_writer(headers, batch.write_key.as_ref().and_then(Json::as_str))?;
    let count = batch.batch.len();
    if count > MAX_EVENTS {
        return Err(Problem::too_large(format!("the batch holds {count} events; {MAX_EVENTS} are taken")).with("limit_events", MAX_EVENTS.into()));
    }
    let around = Surroundings { received: app.engine.now(), context: batch.context.as_ref(), sent_at: batch.sent_at.as_ref(), key_seed: app.key_seed };
    let (taken, mut rejected) = read_items(&batch.batch, &around);
    let (indices, submissions): (Vec<usize>, Vec<Submission>) = taken.into_iter().unzip();
    let ids: Vec<Option<Arc<str>>> = submissions.iter().map(|one| one.message_id.clone()).collect();
    let accepted = if submissions.is_empty() { Vec::new() } else { app.submit(submissions).await? };
    rejected.extend(engine_rejections(accepted, indices.into_iter().zip(ids)));
    rejected.sort_by_key(|one| one.index);
    let list: Vec<Json> = rejected.iter().map(rejected_json).collect();
    if count > 0 && rejected.len() == count {
        let detail = "none of the batch's items could be taken; `rejected` says why of each";
        return Err(Problem::bad_request("all-rejected", detail).with("success", false.into()).with("rejected", list.into()));
    }
    Ok(success(&list))
}

fn read_items(items: &[&RawValue], around: &Surroundings<'_>) -> (Vec<(usize, Submission)>, Vec<Rejected>) {
    let mut taken = Vec::with_capacity(items.len());
    let mut rejected = Vec::new();
    for (index, raw) in items.iter().enumerate() {
        match read_item(raw.get(), around) {
            Ok(submission) => taken.push((index, submission)),
            Err((message_id, refusal)) => rejected.push(Rejected { index, message_id, refusal }),
        }
    }
    (taken, rejected)
}

fn read_item(raw: &str, around: &Surroundings<'_>) -> Result<Submission, (Option<String>, Refusal)> {
    if raw.len() > SINGLE_BYTES {
        return Err((None, Refusal::new("too_large", "an event may have 32 KiB")));
    }
    if !raw.starts_with('{') {
        return Err((None, Refusal::new("bad_shape", "an item must be a JSON object")));
    }
    let item: Item = serde_json::from_str(raw).map_err(|error| (None, Refusal::new("bad_shape", format!("not an object of Segment's API: {error}"))))?;
    let taken = item.call(None).and_then(|call| item.into_submission(call, raw, around));
    // Read again, seldom: who is refused is told by its own key.
    taken.map_err(|refusal| (serde_json::from_str::<Item>(raw).ok().and_then(|item| item.message_id_text()), refusal))
}

fn engine_rejections(accepted: Vec<Accepted>, items: impl Iterator<Item = (usize, Option<Arc<str>>)>) -> Vec<Rejected> {
    let pairs = accepted.into_iter().zip(items);
    let rejected = pairs.filter_map(|(one, (index, message_id))| {
        let rejection = one.rejection?;
        Some(Rejected { index, message_id: message_id.map(|id| id.to_string()), refusal: Refusal::new(rejection.reason, rejection.detail) })
    });
    rejected.collect()
}

fn rejected_json(one: &Rejected) -> Json {
    json!({ "index": one.index, "messageId": one.message_id, "reason": one.refusal.reason, "detail": one.refusal.detail })
}

/// `{"success": true}`, with what was not taken.
fn success(rejected: &[Json]) -> Response {
    let body = if rejected.is_empty() { json!({ "success": true }) } else { json!({ "success": true, "rejected": rejected }) };
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
