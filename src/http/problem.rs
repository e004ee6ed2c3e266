//! Errors as RFC 9457 problem JSON, with types that never change.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value as Json, json};

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    status: StatusCode,
    /// The stable name; the `type` is `urn:campc:problem:NAME`.
    name: &'static str,
    title: &'static str,
    detail: String,
    extra: Map<String, Json>,
    retry_after_seconds: Option<u32>,
}

impl Problem {
    /// A problem of that status, stable name and title; `detail` says what is wrong here and what to do.
    #[must_use]
    pub fn new(status: StatusCode, (name, title): (&'static str, &'static str), detail: impl Into<String>) -> Problem {
        Problem { status, name, title, detail: detail.into(), extra: Map::new(), retry_after_seconds: None }
    }
    /// 400: the request's body is not what the route takes.
    #[must_use]
    pub fn bad_request(name: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, (name, "The request cannot be read"), detail)
    }
    /// 401: no key, or none that is known.
    #[must_use]
    pub fn unauthorized(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, ("unauthorized", "A key is needed"), detail)
    }
    /// 403: the key may not do this.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, ("forbidden", "This key may not do that"), detail)
    }
    /// 404: no such thing.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, ("not-found", "There is nothing here"), detail)
    }
    /// 409: the state of things forbids it.
    #[must_use]
    pub fn conflict(name: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, (name, "Not in this state"), detail)
    }
    /// 413: more than the route takes.
    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, ("too-large", "The request is too large"), detail)
    }
    /// 422: readable, but it makes no sense here.
    #[must_use]
    pub fn unprocessable(name: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, (name, "The request cannot be carried out"), detail)
    }
    /// 503: try again.
    #[must_use]
    pub fn unavailable(name: &'static str, detail: impl Into<String>, retry_after_seconds: u32) -> Problem {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, (name, "Not now"), detail);
        Problem { retry_after_seconds: Some(retry_after_seconds), ..problem }
    }
    /// 500: a fault of ours.
    #[must_use]
    pub fn internal() -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ("internal", "A fault of the server"), "this is a bug in campc; the server's log says more")
    }
    /// Adds a member.
    #[must_use]
    pub fn with(mut self, key: &str, value: Json) -> Problem {
        self.extra.insert(key.to_string(), value);
        self
    }
    /// Its status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": format!("urn:campc:problem:{}", self.name),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(members) = body.as_object_mut() {
            members.extend(self.extra);
        }
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer, Basic realm=\"campc\""));
        }
        if self.status == StatusCode::PAYLOAD_TOO_LARGE || self.status == StatusCode::REQUEST_TIMEOUT {
            // What is left of the body is not read: the connection cannot be used again.
            response.headers_mut().insert(HeaderName::from_static("connection"), HeaderValue::from_static("close"));
        }
        response
    }
}
