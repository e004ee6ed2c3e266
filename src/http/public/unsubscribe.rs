//! Leaving: a page with a button, and the one click of RFC 8058. Only POST unsubscribes; nothing filters it.

use super::hits::no_such_link;
use crate::bytecode::MessageEvent;
use crate::content::{TokenKind, TokenPayload, page as page_of};
use crate::daemon::api::{ContactKey, MessageHit, Submission, SubmissionKind};
use crate::http::app::App;
use crate::http::body::{self, OTHER_BYTES};
use crate::http::problem::Problem;
use crate::machine::state::{ContactUid, EffectId};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

/// `GET /u/{token}`: the page. It changes nothing, since scanners follow every link.
pub async fn page(State(app): State<App>, Path(text): Path<String>) -> Result<Response, Problem> {
    app.tokens.decode(&text, TokenKind::Unsubscribe).ok_or_else(no_such_link)?;
    let form = "<h1>Unsubscribe</h1><p>Press the button, and these messages stop at once.</p>\
        <form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\"><button type=\"submit\">Unsubscribe</button></form>";
    Ok(html(form))
}

/// `POST /u/{token}`: leaves. A second time it says the same.
pub async fn leave(State(app): State<App>, Path(text): Path<String>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let token = app.tokens.decode(&text, TokenKind::Unsubscribe).ok_or_else(no_such_link)?;
    let TokenPayload::Unsubscribe { topic } = token.payload else { return Err(no_such_link()) };
    // Form or multipart, `List-Unsubscribe=One-Click` or the page's button: the address alone says what is meant.
    body::read(&headers, body, OTHER_BYTES).await?;
    let hit = MessageHit {
        effect: EffectId(token.effect_id),
        event: MessageEvent::Unsubscribed,
        detail: None,
        is_machine: false,
        topic: (topic != 0).then_some(topic),
    };
    let contact = ContactKey::of(ContactUid(token.contact_uid));
    app.submit(vec![Submission::new(contact, SubmissionKind::Message(hit))]).await?;
    Ok(html("<h1>You are unsubscribed</h1><p>These messages have stopped. There is nothing else to do.</p>"))
}

fn html(inside: &str) -> Response {
    super::page::ours(page_of("Unsubscribe", inside))
}
