//! Whether the server lives, whether it takes more, and its counters.

use super::app::{App, submit_problem};
use super::problem::Problem;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::fmt::Write as _;

/// The routes for machines that watch.
pub fn routes() -> Router<App> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready)).route("/metrics", get(metrics))
}

async fn alive() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], "{\"status\":\"ok\"}").into_response()
}

async fn ready(State(app): State<App>) -> Result<Response, Problem> {
    app.engine.check_load().map_err(|error| submit_problem(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], "{\"status\":\"ready\"}").into_response())
}

async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let status = app.read(|engine| engine.status()).await?;
    let mut out = String::new();
    let mut line = |name: &str, kind: &str, value: u64| {
        // Writing to a string cannot fail.
        let _ = write!(out, "# TYPE campc_{name} {kind}\ncampc_{name} {value}\n");
    };
    line("contacts", "gauge", status.contacts);
    line("enrollments", "gauge", status.enrollments);
    line("deployment", "gauge", u64::from(status.deployment));
    for (name, value) in &status.counters {
        line(&format!("{name}_total"), "counter", *value);
    }
    out += "# TYPE campc_outbox gauge\n";
    for (state, value) in &status.outbox {
        let _ = writeln!(out, "campc_outbox{{status=\"{state}\"}} {value}");
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], out).into_response())
}
