//! Every send with its status and timestamps.

use super::{find_contact, json};
use crate::daemon::api::MessageFilter;
use crate::http::app::App;
use crate::http::problem::Problem;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

pub fn routes() -> Router<App> {
    Router::new().route("/v1/messages", get(list))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    contact: Option<String>,
    campaign: Option<String>,
    status: Option<String>,
    lane: Option<String>,
    cursor: Option<String>,
    limit: usize,
}

async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Result<Response, Problem> {
    let contact = match &query.contact {
        Some(key) => Some(find_contact(&app, key)?),
        None => None,
    };
    let filter = MessageFilter { contact, campaign: query.campaign, status: query.status, lane: query.lane, cursor: query.cursor, limit: query.limit };
    json(&app.read(move |engine| engine.messages(&filter)).await?)
}
