//! Whether the server lives, and whether it takes more.

use super::app::{App, submit_problem};
use super::problem::Problem;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The routes for machines that watch.
pub fn routes() -> Router<App> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready)).route("/metrics", get(super::metrics::show))
}

async fn alive() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], "{\"status\":\"ok\"}").into_response()
}

async fn ready(State(app): State<App>) -> Result<Response, Problem> {
    app.engine.check_readiness().map_err(|error| submit_problem(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], "{\"status\":\"ready\"}").into_response())
}
