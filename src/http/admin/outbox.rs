//! The outbox and what was put aside: what is there, and the operator's word on it.

use super::{json, read_json};
use crate::daemon::api::{OutboxCommand, OutboxTarget, QuarantineCommand};
use crate::http::app::{App, engine_problem};
use crate::http::problem::Problem;
use crate::machine::state::EffectId;
use crate::store::OutboxStatus;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/outbox", get(super::messages::list))
        .route("/v1/outbox/retry", post(retry_all))
        .route("/v1/outbox/{id}", get(show))
        .route("/v1/outbox/{id}/retry", post(retry))
        .route("/v1/outbox/{id}/drop", post(drop_one))
        .route("/v1/quarantine", get(put_aside))
        .route("/v1/quarantine/{id}/retry", post(retry_aside))
        .route("/v1/quarantine/{id}/drop", post(drop_aside))
}

async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let effect = effect(&id)?;
    let found = app.read(move |engine| engine.message(effect)).await?;
    json(&found.ok_or_else(|| Problem::not_found(format!("there is no effect {id}")))?)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AllBody {
    status: Option<String>,
    lane: Option<String>,
}

/// All effects of unknown fate, or of another status: `{"status": "dead", "lane": "email/marketing"}`.
async fn retry_all(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let AllBody { status: word, lane } = read_json(&headers, body).await?;
    let target = OutboxTarget::All { status: status(word.as_deref().unwrap_or("unknown"))?, lane };
    settle(&app, target, OutboxCommand::Retry).await
}

async fn retry(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    settle(&app, OutboxTarget::One(effect(&id)?), OutboxCommand::Retry).await
}

async fn drop_one(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    settle(&app, OutboxTarget::One(effect(&id)?), OutboxCommand::Drop).await
}

async fn settle(app: &App, target: OutboxTarget, command: OutboxCommand) -> Result<Response, Problem> {
    let count = app.engine.outbox_all(target, command).await.map_err(|error| engine_problem(&error))?;
    json(&serde_json::json!({ "success": true, "settled": count }))
}

fn effect(id: &str) -> Result<EffectId, Problem> {
    EffectId::parse(id).ok_or_else(|| Problem::not_found(format!("{id:?} is no effect id; the outbox lists them: `campc outbox list`, `GET /v1/outbox`")))
}

pub(super) fn status(word: &str) -> Result<OutboxStatus, Problem> {
    let known: Vec<&str> = OutboxStatus::ALL.into_iter().map(OutboxStatus::word).collect();
    OutboxStatus::from_word(word).ok_or_else(|| Problem::bad_request("unknown-status", format!("{word:?} is no status; it is one of {}", known.join(", "))))
}

async fn put_aside(State(app): State<App>) -> Result<Response, Problem> {
    json(&serde_json::json!({ "items": app.engine.put_aside() }))
}

async fn retry_aside(State(app): State<App>, Path(id): Path<u64>) -> Result<Response, Problem> {
    settle_aside(&app, id, QuarantineCommand::Retry).await
}

async fn drop_aside(State(app): State<App>, Path(id): Path<u64>) -> Result<Response, Problem> {
    settle_aside(&app, id, QuarantineCommand::Drop).await
}

async fn settle_aside(app: &App, id: u64, command: QuarantineCommand) -> Result<Response, Problem> {
    app.engine.settle_quarantine(id, command).await.map_err(|error| engine_problem(&error))?;
    json(&serde_json::json!({ "success": true, "id": id }))
}
