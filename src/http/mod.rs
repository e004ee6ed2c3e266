//! Layer 11: the doors over HTTP: ingestion, tracking, the admin API, health.
//!
//! Not here: what inputs do, how messages look, how anything is stored.

pub mod admin;
mod app;
mod body;
mod cors;
mod depth;
mod health;
pub mod ingest;
mod keys;
mod machine;
mod metrics;
mod problem;
mod process;
mod public;
mod rows;
mod server;
mod table;

pub use admin::COUNT_HEADER;
pub use app::App;
pub use keys::Keys;
pub use problem::Problem;
pub use process::free_bytes;
pub use public::Sites;
pub use rows::{RowError, row_submission};
pub use server::{Server, ServerError};
pub use table::{Guard, ROUTES, Route};

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;

/// All routes.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(ingest::routes())
        .merge(admin::routes(&app))
        .merge(public::routes())
        .merge(health::routes())
        .fallback(nothing_here)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(app.clone(), metrics::count))
        .with_state(app)
}

async fn nothing_here() -> impl IntoResponse {
    Problem::not_found("no route has this path")
}

async fn other_method() -> impl IntoResponse {
    let what = ("method-not-allowed", "This route takes another method");
    Problem::new(axum::http::StatusCode::METHOD_NOT_ALLOWED, what, "the `Allow` header says which methods this path takes")
}
