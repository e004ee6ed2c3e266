//! The admin API. Every route wants an admin token; the check stands before all of them.

mod campaigns;
mod clock;
mod contacts;
mod deploy;
mod export;
mod import;
mod messages;
mod near;
mod outbox;
mod plan;
mod segments;
mod stream;
mod suppressions;

pub use export::COUNT_HEADER;

use super::app::App;
use super::body::{self, OTHER_BYTES};
use super::depth;
use super::ingest::not_json;
use super::problem::Problem;
use crate::daemon::api::Accepted;
use crate::machine::state::ContactUid;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use near::no_contact;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The routes of the admin token.
pub fn routes(app: &App) -> Router<App> {
    Router::new()
        .merge(contacts::routes())
        .merge(import::routes())
        .merge(export::routes())
        .merge(campaigns::routes())
        .merge(segments::routes())
        .merge(deploy::routes())
        .merge(messages::routes())
        .merge(outbox::routes())
        .merge(plan::routes())
        .merge(clock::routes())
        .merge(stream::routes())
        .merge(suppressions::routes())
        .route_layer(from_fn_with_state(app.clone(), admins_only))
}

async fn admins_only(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.keys.admit_admin(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// A JSON answer.
fn json<T: Serialize>(value: &T) -> Result<Response, Problem> {
    json_with(StatusCode::OK, value)
}

/// A JSON answer with a status.
fn json_with<T: Serialize>(status: StatusCode, value: &T) -> Result<Response, Problem> {
    let text = serde_json::to_string(value).map_err(|error| {
        tracing::error!(%error, "an answer could not be written as JSON");
        Problem::internal()
    })?;
    Ok((status, [(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// The body of a request as a typed value.
async fn read_json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    let bytes = body::read(headers, body, OTHER_BYTES).await?;
    let text = body::utf8(&bytes)?;
    if depth::is_too_deep(text) {
        return Err(Problem::bad_request("too-deep", format!("the JSON nests deeper than {} levels", depth::MAX_DEPTH)));
    }
    serde_json::from_str(text).map_err(|error| not_json(&error))
}

/// The contact that an id, user id, email or phone names.
fn find_contact(app: &App, key: &str) -> Result<ContactUid, Problem> {
    app.engine.resolve(key).or_else(|| app.engine.resolve_anonymous(key)).ok_or_else(|| no_contact(&app.engine, key))
}

/// The one answer of a submission of one.
fn only(accepted: Vec<Accepted>) -> Result<Accepted, Problem> {
    let one = accepted.into_iter().next().unwrap_or_default();
    match &one.rejection {
        None => Ok(one),
        Some(rejection) if rejection.reason.starts_with("unknown_") => Err(Problem::not_found(rejection.detail.clone())),
        Some(rejection) => Err(Problem::unprocessable("not-taken", rejection.detail.clone()).with("reason", rejection.reason.into())),
    }
}
