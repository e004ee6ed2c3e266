//! The manual clock, the wait for idleness, and how things stand.

use super::{json, read_json};
use crate::daemon::Engine;
use crate::http::app::{App, engine_problem};
use crate::http::problem::Problem;
use crate::lang::{Duration, Instant, add_duration, parse_date_time};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json as object;

pub fn routes() -> Router<App> {
    Router::new().route("/v1/clock", get(show)).route("/v1/clock/advance", post(advance)).route("/v1/idle", post(idle)).route("/v1/status", get(status))
}

fn clock_json(engine: &Engine) -> serde_json::Value {
    object!({ "now": engine.now().to_rfc3339(), "clock": if engine.is_clock_manual() { "manual" } else { "real" } })
}

async fn show(State(app): State<App>) -> Result<Response, Problem> {
    json(&clock_json(&app.engine))
}

/// A hundred years: further, calendars end.
const LONGEST_MOVE_MS: i64 = 100 * 366 * 86_400_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceBody {
    by: Option<String>,
    to: Option<String>,
}

async fn advance(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let wanted: AdvanceBody = read_json(&headers, body).await?;
    let to = target(&app.engine, &wanted)?;
    app.engine.advance_clock(to).await.map_err(|error| engine_problem(&error))?;
    json(&clock_json(&app.engine))
}

/// Days, weeks and months are the project's calendar's; business days know its holidays.
fn target(engine: &Engine, wanted: &AdvanceBody) -> Result<Instant, Problem> {
    let unreadable = |detail: String| Problem::unprocessable("bad-time", detail);
    let zone = engine.zone();
    match (&wanted.by, &wanted.to) {
        (Some(by), None) => {
            let duration = Duration::parse(by).ok_or_else(|| unreadable(format!("{by:?} is no duration; write 90s, 15min, 4h, 3d, 2w, 1mo")))?;
            if duration.approximate_millis() > LONGEST_MOVE_MS {
                return Err(unreadable(format!("{by:?} is further than the clock goes at once: a hundred years")));
            }
            let holidays = engine.linked().map(|linked| linked.holidays.clone()).unwrap_or_default();
            Ok(add_duration(engine.now(), duration, &zone, &holidays))
        }
        (None, Some(to)) => parse_date_time(to, &zone).ok_or_else(|| unreadable(format!("{to:?} is no moment; write 2026-12-24T09:00:00Z"))),
        (Some(_), Some(_)) | (None, None) => Err(unreadable("give either `by`, a duration, or `to`, a moment".to_string())),
    }
}

async fn idle(State(app): State<App>) -> Result<Response, Problem> {
    app.engine.idle().await;
    json(&object!({ "idle": true }))
}

async fn status(State(app): State<App>) -> Result<Response, Problem> {
    json(&app.read(|engine| engine.status()).await?)
}
