//! Campaigns: the list, one with its steps, and the operator's switches.

use super::{json, only, read_json};
use crate::daemon::api::{ContactKey, Submission, SubmissionKind};
use crate::http::app::{App, engine_problem};
use crate::http::problem::Problem;
use crate::http::rows::key_of_text;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use std::sync::Arc;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/campaigns", get(list))
        .route("/v1/campaigns/{name}", get(show))
        .route("/v1/campaigns/{name}/pause", post(pause))
        .route("/v1/campaigns/{name}/resume", post(resume))
        .route("/v1/campaigns/{name}/enroll", post(enroll))
}

async fn list(State(app): State<App>) -> Result<Response, Problem> {
    json(&app.read(|engine| engine.campaigns()).await?)
}

async fn show(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Problem> {
    detail(&app, name).await
}

async fn detail(app: &App, name: String) -> Result<Response, Problem> {
    let found = app.read(move |engine| engine.campaign(&name)).await?;
    json(&found.ok_or_else(|| Problem::not_found("the running program has no campaign of that name"))?)
}

async fn pause(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Problem> {
    app.engine.pause(&name).await.map_err(|error| engine_problem(&error))?;
    detail(&app, name).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResumeQuery {
    catch_up: bool,
}

async fn resume(State(app): State<App>, Path(name): Path<String>, Query(query): Query<ResumeQuery>) -> Result<Response, Problem> {
    let resumed = if query.catch_up { app.engine.catch_up(&name).await } else { app.engine.resume(&name).await };
    resumed.map_err(|error| engine_problem(&error))?;
    detail(&app, name).await
}

#[derive(Deserialize)]
struct EnrollBody {
    contact: String,
}

async fn enroll(State(app): State<App>, Path(name): Path<String>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let EnrollBody { contact } = read_json(&headers, body).await?;
    let Some(uid) = app.engine.resolve(&contact) else {
        return Err(Problem::not_found(format!("no contact has that {}", kind_of_key(&key_of_text(&contact)))));
    };
    let submission = Submission::new(ContactKey::of(uid), SubmissionKind::Enroll(Arc::from(name)));
    only(app.submit(vec![submission]).await?)?;
    json(&serde_json::json!({ "success": true, "contact": uid.to_text() }))
}

fn kind_of_key(key: &ContactKey) -> &'static str {
    if key.email.is_some() {
        "email"
    } else if key.phone.is_some() {
        "phone"
    } else {
        "id or user id"
    }
}
