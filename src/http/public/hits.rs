//! Opens and clicks. The answer never waits for the store; the hit is counted as soon as the store takes it.

use crate::bytecode::MessageEvent;
use crate::content::{Token, TokenKind, TokenPayload};
use crate::daemon::api::{ContactKey, MessageHit, Submission, SubmissionKind};
use crate::http::app::App;
use crate::http::machine::suspicions;
use crate::http::problem::Problem;
use crate::machine::state::{ContactUid, EffectId};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;

/// A transparent image of one pixel.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x21\xf9\x04\x01\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";
/// The answer waits so long for the hit to be durable, then goes without.
const PATIENCE: Duration = Duration::from_millis(500);

/// The same answer for every token that is not ours.
pub fn no_such_link() -> Problem {
    Problem::not_found("this link does not exist")
}

/// `GET /t/o/{token}.gif`
pub async fn open(State(app): State<App>, Path(file): Path<String>, method: Method, headers: HeaderMap) -> Result<Response, Problem> {
    let text = file.strip_suffix(".gif").unwrap_or(&file);
    let token = app.tokens.decode(text, TokenKind::Open).ok_or_else(no_such_link)?;
    record(&app, &token, (MessageEvent::Opened, None), (&method, &headers)).await;
    let headers = [(header::CONTENT_TYPE, "image/gif"), (header::CACHE_CONTROL, "no-store, private, max-age=0")];
    Ok((headers, PIXEL).into_response())
}

/// `GET /t/c/{token}`
pub async fn click(State(app): State<App>, Path(text): Path<String>, method: Method, headers: HeaderMap) -> Result<Response, Problem> {
    let token = app.tokens.decode(&text, TokenKind::Click).ok_or_else(no_such_link)?;
    let TokenPayload::Click { target, .. } = &token.payload else { return Err(no_such_link()) };
    let target = target.clone();
    let location = header::HeaderValue::try_from(app.sites.landing(&target, &text)).map_err(|_| no_such_link())?;
    record(&app, &token, (MessageEvent::Clicked, Some(Arc::from(target.as_str()))), (&method, &headers)).await;
    let mut response = (StatusCode::FOUND, [(header::CACHE_CONTROL, "no-store, private"), (header::REFERRER_POLICY, "no-referrer")]).into_response();
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

async fn record(app: &App, token: &Token, (event, detail): (MessageEvent, Option<Arc<str>>), (method, headers): (&Method, &HeaderMap)) {
    let Some(place) = app.admit_hit() else { return };
    let effect = EffectId(token.effect_id);
    let uid = ContactUid(token.contact_uid);
    let contact = ContactKey::of(uid);
    let (method, headers, app) = (method.clone(), headers.clone(), app.clone());
    let task = tokio::spawn(async move {
        let accepted = app.read(move |engine| engine.effect(effect, Some(uid))).await.ok().flatten().and_then(|row| row.state.handed_over_at);
        let now = app.engine.now();
        let suspect = suspicions(&method, &headers, (accepted, now));
        let hit = MessageHit { effect, event, detail, is_machine: !suspect.is_empty(), topic: None };
        if let Err(problem) = app.submit(vec![Submission::new(contact, SubmissionKind::Message(hit))]).await {
            tracing::warn!(status = problem.status().as_u16(), "a tracking hit was lost");
        }
        drop(place);
    });
    // Whoever opened or clicked does not wait for a slow store; the task goes on by itself.
    let _ = tokio::time::timeout(PATIENCE, task).await;
}
