//! Contacts: one, many, the journal of one, and setting what is known of one.

use super::{find_contact, json, json_with, no_contact, only, read_json};
use crate::daemon::api::{ContactFilter, ContactKey};
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::rows::{key_of_text, upsert};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

pub fn routes() -> Router<App> {
    Router::new().route("/v1/contacts", get(list)).route("/v1/contacts/{id}", get(show).put(put)).route("/v1/contacts/{id}/journal", get(journal))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    segment: Option<String>,
    step: Option<String>,
    q: Option<String>,
    cursor: Option<String>,
    limit: usize,
}

async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Result<Response, Problem> {
    let ListQuery { segment, step, q, cursor, limit } = query;
    let filter = ContactFilter { segment, step, query: q, cursor, limit };
    json(&app.engine.contacts(&filter))
}

async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let uid = find_contact(&app, &id)?;
    json(&app.engine.contact(uid).ok_or_else(no_contact)?)
}

async fn journal(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let uid = find_contact(&app, &id)?;
    json(&app.read(move |engine| engine.journal(uid)).await?)
}

async fn put(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let map: Map<String, Json> = read_json(&headers, body).await?;
    let known = app.engine.resolve(&id);
    let key = known.map_or_else(|| key_of_text(&id), ContactKey::of);
    let submission = upsert(key, map, 0).map_err(|error| Problem::unprocessable("bad-contact", error.to_string()))?;
    let accepted = only(app.submit(vec![submission]).await?)?;
    let status = if accepted.is_new_contact { StatusCode::CREATED } else { StatusCode::OK };
    let uid = accepted.contact.or(known).ok_or_else(Problem::internal)?;
    json_with(status, &app.engine.contact(uid).ok_or_else(Problem::internal)?)
}
