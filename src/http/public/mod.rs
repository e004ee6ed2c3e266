//! Routes without a key: links in messages, whose tokens are signed, and the pixel script of web pages.

mod beacon;
mod hits;
mod page;
mod preferences;
mod sites;
mod unsubscribe;
mod view;

pub use sites::Sites;

use super::app::App;
use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

/// The public routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/t/o/{file}", get(hits::open))
        .route("/t/c/{token}", get(hits::click))
        .route("/u/{token}", get(unsubscribe::page).post(unsubscribe::leave))
        .route("/p/{token}", get(preferences::page).post(preferences::save))
        .route("/v/{token}", get(view::show))
        .route("/camp.js", get(script))
        .route("/t/e", post(beacon::take).options(super::cors::preflight))
}

/// The pixel script.
const SCRIPT: &str = include_str!("camp.js");

async fn script() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (headers, SCRIPT).into_response()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_pixel_script_stays_small() {
        assert!(super::SCRIPT.len() < 4 * 1024, "{} bytes", super::SCRIPT.len());
    }
}
