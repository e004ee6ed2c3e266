//! A message in the browser, as it was sent.

use super::hits::no_such_link;
use super::page;
use crate::content::{TokenKind, view_page};
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::machine::state::{ContactUid, EffectId};
use axum::extract::{Path, State};
use axum::response::Response;

/// `GET /v/{token}`
pub async fn show(State(app): State<App>, Path(text): Path<String>) -> Result<Response, Problem> {
    let token = app.tokens.decode(&text, TokenKind::View).ok_or_else(no_such_link)?;
    let message = app.read(move |engine| engine.outgoing(EffectId(token.effect_id), Some(ContactUid(token.contact_uid)))).await?;
    message.as_ref().and_then(view_page).map(page::message).ok_or_else(no_such_link)
}
