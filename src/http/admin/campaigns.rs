//! Campaigns: the list, one with its steps, and the operator's switches.

use super::near::{no_campaign, no_contact};
use super::{json, only, read_json};
use crate::daemon::api::{ContactKey, EngineError, Submission, SubmissionKind};
use crate::http::app::{App, engine_problem};
use crate::http::problem::Problem;
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
    let wanted = name.clone();
    let found = app.read(move |engine| engine.campaign(&name)).await?;
    json(&found.ok_or_else(|| no_campaign(&app.engine, &wanted))?)
}

/// A switch that could not be thrown: most often there is no such campaign, and a near one was meant.
fn not_switched(app: &App, name: &str, error: &EngineError) -> Problem {
    match error {
        EngineError::Unknown(_) => no_campaign(&app.engine, name),
        EngineError::Store(_)
        | EngineError::Commit(_)
        | EngineError::NothingDeployed
        | EngineError::Program(_)
        | EngineError::NotDeployable(_)
        | EngineError::Refused(_)
        | EngineError::RealClock
        | EngineError::Settled(_)
        | EngineError::ClockBack { .. }
        | EngineError::Closed => engine_problem(error),
    }
}

async fn pause(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Problem> {
    app.engine.pause(&name).await.map_err(|error| not_switched(&app, &name, &error))?;
    detail(&app, name).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResumeQuery {
    catch_up: bool,
}

async fn resume(State(app): State<App>, Path(name): Path<String>, Query(query): Query<ResumeQuery>) -> Result<Response, Problem> {
    let resumed = if query.catch_up { app.engine.catch_up(&name).await } else { app.engine.resume(&name).await };
    resumed.map_err(|error| not_switched(&app, &name, &error))?;
    detail(&app, name).await
}

#[derive(Deserialize)]
struct EnrollBody {
    contact: String,
}

async fn enroll(State(app): State<App>, Path(name): Path<String>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let EnrollBody { contact } = read_json(&headers, body).await?;
    let uid = app.engine.resolve(&contact).ok_or_else(|| no_contact(&app.engine, &contact))?;
    if !app.engine.linked().is_some_and(|linked| linked.program.campaigns.iter().any(|def| *def.name == *name)) {
        return Err(no_campaign(&app.engine, &name));
    }
    let submission = Submission::new(ContactKey::of(uid), SubmissionKind::Enroll(Arc::from(name)));
    only(app.submit(vec![submission]).await?)?;
    json(&serde_json::json!({ "success": true, "contact": uid.to_text() }))
}
