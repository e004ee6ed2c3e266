//! Deploys: a compiled program becomes the running one, or the one before it does again; how far the roll-over is.

use super::{json, read_json};
use crate::bytecode::{DecodeError, Program, decode, verify};
use crate::daemon::api::{DeployOptions, EngineError, Refusal, RollingOn};
use crate::http::app::{App, engine_problem};
use crate::http::body;
use crate::http::problem::Problem;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use std::sync::Arc;

/// A program with its attachments may be so large.
pub(super) const PROGRAM_BYTES: usize = 64 * 1024 * 1024;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/deploy", post(deploy))
        .route("/v1/roll-back", post(roll_back))
        .route("/v1/roll-over", post(roll).get(show))
        .layer(DefaultBodyLimit::max(PROGRAM_BYTES))
}

/// The operator's choices, as one JSON text: a query has no lists.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choices {
    options: String,
}

impl Choices {
    pub(super) fn read(&self) -> Result<DeployOptions, Problem> {
        if self.options.is_empty() {
            return Ok(DeployOptions::default());
        }
        serde_json::from_str(&self.options).map_err(|error| Problem::bad_request("bad-options", format!("`options` is no JSON of a deploy: {error}")))
    }
}

async fn deploy(State(app): State<App>, Query(choices): Query<Choices>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let options = choices.read()?;
    let program = loaded(&body::read(&headers, body, PROGRAM_BYTES).await?)?;
    let deployed = app.engine.deploy_with(program, options).await;
    json(&deployed.map_err(|error| engine_problem(&error))?)
}

/// Loads and verifies a program: this process is the worker that is to run it. A program that another version of `campc` compiled may be
/// more than it knows.
///
/// # Errors
/// E2203 where it cannot; 400 where the bytes are none of a program, or not all of them.
pub(super) fn loaded(bytes: &[u8]) -> Result<Arc<Program>, Problem> {
    let unknown = |error: &dyn std::fmt::Display| {
        let version = env!("CARGO_PKG_VERSION");
        let text = format!("the daemon (campc {version}) could not load the program: {error}; nothing has changed: let the same campc compile it and run it");
        engine_problem(&EngineError::Refused(Refusal { code: "E2203", text }))
    };
    let program = decode(bytes).map_err(|error| match error {
        DecodeError::Magic | DecodeError::Checksum | DecodeError::TooLarge | DecodeError::Sections => Problem::bad_request("no-program", error.to_string()),
        DecodeError::Version { .. }
        | DecodeError::UnknownSection(_)
        | DecodeError::MissingSection(_)
        | DecodeError::UnknownOp { .. }
        | DecodeError::Table(_) => unknown(&error),
    })?;
    let verified = verify(program).map_err(|findings| unknown(&findings.first().map_or_else(String::new, ToString::to_string)))?;
    Ok(verified.program().clone())
}

async fn roll_back(State(app): State<App>, Query(choices): Query<Choices>) -> Result<Response, Problem> {
    let deployed = app.engine.roll_back(choices.read()?).await;
    json(&deployed.map_err(|error| engine_problem(&error))?)
}

#[derive(Deserialize)]
struct Rolling {
    rolling: String,
}

async fn roll(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let Rolling { rolling } = read_json(&headers, body).await?;
    let on = match rolling.as_str() {
        "hold" => RollingOn::Hold,
        "continue" => RollingOn::Continue,
        _ => return Err(Problem::unprocessable("rolling", "`rolling` is `hold` or `continue`")),
    };
    json(&app.engine.roll(on).await.map_err(|error| engine_problem(&error))?)
}

async fn show(State(app): State<App>) -> Result<Response, Problem> {
    json(&app.engine.roll_over())
}
