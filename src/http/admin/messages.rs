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
pub(super) struct ListQuery {
    contact: Option<String>,
    campaign: Option<String>,
    status: Option<String>,
    lane: Option<String>,
    cursor: Option<String>,
    limit: usize,
}

/// The sends that a query asks for; those of the outbox are the same.
pub(super) async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Result<Response, Problem> {
    let contact = match &query.contact {
        Some(key) => Some(find_contact(&app, key)?),
        None => None,
    };
    if let Some(word) = &query.status {
        super::outbox::status(word)?;
    }
    let ListQuery { campaign, status, lane, cursor, limit, .. } = query;
    let filter = MessageFilter { contact, campaign, status, lane, cursor, limit };
    json(&app.read(move |engine| engine.messages(&filter)).await?)
}
