//! All contacts as JSON Lines, in the shape that the import takes, streamed: a page is read, sent, and forgotten.

use super::near::no_segment;
use super::segments::has_segment;
use crate::daemon::Engine;
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::machine::state::ContactUid;
use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use serde::Deserialize;
use serde_json::Value as Json;
use std::convert::Infallible;

/// Contacts that are shown at once.
const PAGE: usize = 200;
/// Says how many lines are to come, for progress bars.
pub const COUNT_HEADER: &str = "x-campc-count";

pub fn routes() -> Router<App> {
    Router::new().route("/v1/contacts/export", get(export))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ExportQuery {
    segment: Option<String>,
}

async fn export(State(app): State<App>, Query(query): Query<ExportQuery>) -> Result<Response, Problem> {
    if let Some(name) = &query.segment
        && !has_segment(&app, name)
    {
        return Err(no_segment(&app.engine, name));
    }
    let ids = app.read(move |engine| Ok::<_, crate::store::StoreError>(engine.contact_ids(query.segment.as_deref()))).await?;
    let count = ids.len();
    let (sender, body) = Channel::<Bytes, Infallible>::new(4);
    tokio::spawn(send(app.engine.clone(), ids, sender));
    let mut response = ([(header::CONTENT_TYPE, "application/x-ndjson"), (header::CACHE_CONTROL, "no-store")], Body::new(body)).into_response();
    response.headers_mut().insert(HeaderName::from_static(COUNT_HEADER), HeaderValue::from(count));
    Ok(response)
}

/// Sends page after page until the reader goes away. Who was erased meanwhile is left out.
async fn send(engine: Engine, ids: Vec<ContactUid>, mut sender: Sender<Bytes, Infallible>) {
    for page in ids.chunks(PAGE) {
        let mut lines = Vec::new();
        for view in page.iter().filter_map(|uid| engine.contact(*uid)) {
            // A contact's view is made of texts and numbers: it can always be written.
            let Ok(Json::Object(mut line)) = serde_json::to_value(&view) else { continue };
            // What follows from the program no import takes.
            line.remove("segments");
            line.remove("enrollments");
            lines.extend_from_slice(Json::Object(line).to_string().as_bytes());
            lines.push(b'\n');
        }
        if sender.send_data(Bytes::from(lines)).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
}
