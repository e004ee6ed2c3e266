//! The suppression list: shown, added to, lifted.

use super::{json, read_json};
use crate::bytecode::Channel;
use crate::daemon::SuppressionGround;
use crate::http::app::{App, engine_problem};
use crate::http::problem::Problem;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{delete, get};
use serde::Deserialize;
use serde_json::json as object;

pub fn routes() -> Router<App> {
    Router::new().route("/v1/suppressions", get(list).post(add)).route("/v1/suppressions/{address}", delete(lift))
}

async fn list(State(app): State<App>) -> Result<Response, Problem> {
    json(&app.read(|engine| Ok::<_, crate::store::StoreError>(engine.suppressions())).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddBody {
    address: String,
    channel: Option<Channel>,
    reason: Option<String>,
}

async fn add(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let wanted: AddBody = read_json(&headers, body).await?;
    let ground = ground(wanted.reason.as_deref().unwrap_or("manual"))?;
    app.engine.suppress((&wanted.address, wanted.channel), ground).await.map_err(|error| engine_problem(&error))?;
    json(&object!({ "success": true }))
}

fn ground(word: &str) -> Result<SuppressionGround, Problem> {
    SuppressionGround::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = SuppressionGround::ALL.iter().map(|ground| ground.word()).collect();
        Problem::unprocessable("bad-reason", format!("{word:?} is no reason; write one of {}", words.join(", ")))
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LiftQuery {
    reason: Option<String>,
}

async fn lift(State(app): State<App>, Path(address): Path<String>, Query(query): Query<LiftQuery>) -> Result<Response, Problem> {
    let named = query.reason.as_deref().map(ground).transpose()?;
    app.engine.lift_suppression(&address, named).await.map_err(|error| engine_problem(&error))?;
    json(&object!({ "success": true }))
}
