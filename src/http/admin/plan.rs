//! What a deploy would change: takes a compiled program, answers the plan. Changes nothing.

use super::deploy::{Choices, PROGRAM_BYTES, loaded};
use super::json;
use crate::daemon::api::DeployOptions;
use crate::daemon::{PlanAsk, PlanDepth};
use crate::http::app::App;
use crate::http::body;
use crate::http::problem::Problem;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;

pub fn routes() -> Router<App> {
    Router::new().route("/v1/plan", post(plan)).layer(DefaultBodyLimit::max(PROGRAM_BYTES))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PlanQuery {
    all: bool,
    finish_on_old: bool,
    /// Of taking the last deploy back; then no program comes with it.
    back: bool,
}

async fn plan(
    State(app): State<App>,
    Query(choices): Query<Choices>,
    Query(query): Query<PlanQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let options = choices.read()?;
    let options = DeployOptions { is_finishing_on_old: options.is_finishing_on_old || query.finish_on_old, ..options };
    let permits = options.permits();
    let depth = if query.all { PlanDepth::All } else { PlanDepth::Sample };
    if query.back {
        return json(&app.read(move |engine| engine.plan_back(depth, permits)).await?);
    }
    let program = loaded(&body::read(&headers, body, PROGRAM_BYTES).await?)?;
    let ask = PlanAsk { program, depth, permits };
    let plan = app.read(move |engine| Ok::<_, crate::daemon::api::EngineError>(engine.plan(&ask))).await?;
    json(&plan)
}
