//! How the pages behind links are served: never kept, never framed, without scripts.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// What a page of ours may load.
const OURS: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";
/// What a message may load: pictures and styles from anywhere, as in a mail program; no scripts, no forms.
const MESSAGE: &str =
    "default-src 'none'; img-src * data:; style-src * 'unsafe-inline'; font-src *; media-src *; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// A page of ours.
pub fn ours(html: String) -> Response {
    serve(html, OURS)
}

/// A message, shown in a browser.
pub fn message(html: String) -> Response {
    serve(html, MESSAGE)
}

fn serve(html: String, policy: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, html).into_response()
}
