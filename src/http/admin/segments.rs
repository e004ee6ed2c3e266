//! Segments: the list, who is in one, and adding or removing somebody by hand, which sticks.

use super::near::no_segment;
use super::{find_contact, json, only};
use crate::daemon::api::{ContactFilter, ContactKey, Submission, SubmissionKind};
use crate::http::app::App;
use crate::http::problem::Problem;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, put};
use serde::Deserialize;
use std::sync::Arc;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/segments", get(list))
        .route("/v1/segments/{name}/contacts", get(members))
        .route("/v1/segments/{name}/contacts/{id}", put(add).delete(remove))
}

async fn list(State(app): State<App>) -> Result<Response, Problem> {
    json(&app.read(|engine| Ok::<_, crate::store::StoreError>(engine.segments())).await?)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PageQuery {
    cursor: Option<String>,
    limit: usize,
}

/// Whether the running program has a segment.
pub(super) fn has_segment(app: &App, name: &str) -> bool {
    app.engine.linked().is_some_and(|linked| linked.program.segments.iter().any(|def| *def.name == *name))
}

async fn members(State(app): State<App>, Path(name): Path<String>, Query(query): Query<PageQuery>) -> Result<Response, Problem> {
    let filter = ContactFilter { segment: Some(name), cursor: query.cursor, limit: query.limit, ..ContactFilter::default() };
    let named = filter.segment.as_deref().unwrap_or_default();
    if !has_segment(&app, named) {
        return Err(no_segment(&app.engine, named));
    }
    json(&app.engine.contacts(&filter))
}

async fn add(State(app): State<App>, Path((name, id)): Path<(String, String)>) -> Result<Response, Problem> {
    set(&app, (name, id), true).await
}

async fn remove(State(app): State<App>, Path((name, id)): Path<(String, String)>) -> Result<Response, Problem> {
    set(&app, (name, id), false).await
}

async fn set(app: &App, (name, id): (String, String), is_member: bool) -> Result<Response, Problem> {
    let uid = find_contact(app, &id)?;
    let kind = SubmissionKind::OverrideSegment(Arc::from(name), Some(is_member));
    only(app.submit(vec![Submission::new(ContactKey::of(uid), kind)]).await?)?;
    json(&serde_json::json!({ "success": true, "contact": uid.to_text() }))
}
