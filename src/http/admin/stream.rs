//! Server-sent events of what happens.

use crate::daemon::api::StreamEvent;
use crate::http::app::App;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

/// A comment line so often keeps proxies from closing the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub fn routes() -> Router<App> {
    Router::new().route("/v1/events/stream", get(stream))
}

async fn stream(State(app): State<App>) -> Response {
    let (sender, body) = Channel::<Bytes, Infallible>::new(64);
    tokio::spawn(forward(app.engine.subscribe(), app.closing.subscribe(), sender));
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::new(body)).into_response()
}

/// Passes events on until the reader goes away or the server closes: it must not be waited for.
async fn forward(mut events: Receiver<Arc<StreamEvent>>, mut closing: watch::Receiver<bool>, mut sender: Sender<Bytes, Infallible>) {
    if sender.send_data(Bytes::from_static(b": listening\n\n")).await.is_err() {
        return;
    }
    loop {
        let heard = tokio::select! {
            heard = tokio::time::timeout(KEEP_ALIVE, events.recv()) => heard,
            _ = closing.wait_for(|is_closing| *is_closing) => return,
        };
        let text = match heard {
            Ok(Ok(event)) => event_text(&event),
            Ok(Err(RecvError::Lagged(count))) => format!("event: missed\ndata: {{\"count\":{count}}}\n\n"),
            Ok(Err(RecvError::Closed)) => return,
            Err(_) => ": still here\n\n".to_string(),
        };
        if sender.send_data(Bytes::from(text)).await.is_err() {
            return;
        }
    }
}

fn event_text(event: &StreamEvent) -> String {
    let name = match event {
        StreamEvent::Journal { .. } => "journal",
        StreamEvent::Delivery { .. } => "delivery",
        StreamEvent::Deployed { .. } => "deployed",
        StreamEvent::Clock { .. } => "clock",
    };
    format!("event: {name}\ndata: {}\n\n", serde_json::to_string(event).unwrap_or_default())
}
