//! Deploys: a compiled program becomes the running one, or the one before it does again; how far the roll-over is.

use super::{json, read_json};
use crate::bytecode::{decode, verify};
use crate::daemon::api::{DeployOptions, RollingOn};
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

/// A program with its attachments may be so large.
const PROGRAM_BYTES: usize = 64 * 1024 * 1024;

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
    let bytes = body::read(&headers, body, PROGRAM_BYTES).await?;
    let program = decode(&bytes).map_err(|error| Problem::bad_request("no-program", error.to_string()))?;
    let program = verify(program).map_err(|_| Problem::bad_request("no-program", "the program does not hold together; compile it again"))?;
    let deployed = app.engine.deploy_with(program.program().clone(), options).await;
    json(&deployed.map_err(|error| engine_problem(&error))?)
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
