//! What a contact wants to hear, and how: a form that shows how things stand, and takes their word.
//!
//! Only POST changes anything, and only what the form turns round: a topic nobody touched gets no record.

use super::hits::no_such_link;
use super::page;
use crate::bytecode::{BuiltinField, Channel, TopicId};
use crate::content::{Choice, Preferences, TokenKind, preferences_page};
use crate::daemon::api::{ConsentKey, ContactKey, Submission, SubmissionKind};
use crate::http::app::App;
use crate::http::body::{self, OTHER_BYTES};
use crate::http::problem::Problem;
use crate::machine::state::{ConsentState, ContactState, ContactUid};
use crate::machine::{Linked, builtin_text, topic_passes};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use std::sync::Arc;

/// A box of the form, and what it is about.
struct Line {
    key: ConsentKey,
    choice: Choice,
}

/// `GET /p/{token}`
pub async fn page(State(app): State<App>, Path(text): Path<String>) -> Result<Response, Problem> {
    let contact = contact_of(&app, &text)?;
    show(&app, contact, Saved::No)
}

/// `POST /p/{token}`
pub async fn save(State(app): State<App>, Path(text): Path<String>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let contact = contact_of(&app, &text)?;
    let bytes = body::read(&headers, body, OTHER_BYTES).await?;
    let ticked: Vec<(String, String)> = url::form_urlencoded::parse(&bytes).into_owned().collect();
    let (_, lines) = lines_of(&app, contact)?;
    let changed = lines.into_iter().filter_map(|line| {
        let name = match line.key {
            ConsentKey::Channel(_) => "channel",
            ConsentKey::Topic(_) => "topic",
        };
        let is_ticked = ticked.iter().any(|(field, value)| field == name && *value == line.choice.value);
        let state = if is_ticked { ConsentState::Given } else { ConsentState::Withdrawn };
        (is_ticked != line.choice.is_on).then_some((line.key, state))
    });
    let changed: Vec<(ConsentKey, ConsentState)> = changed.collect();
    if !changed.is_empty() {
        app.submit(vec![Submission::new(ContactKey::of(contact), SubmissionKind::Consent(changed))]).await?;
    }
    show(&app, contact, Saved::Yes)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Saved {
    Yes,
    No,
}

fn contact_of(app: &App, text: &str) -> Result<ContactUid, Problem> {
    let token = app.tokens.decode(text, TokenKind::Preferences).ok_or_else(no_such_link)?;
    Ok(ContactUid(token.contact_uid))
}

fn show(app: &App, contact: ContactUid, saved: Saved) -> Result<Response, Problem> {
    let (project, lines) = lines_of(app, contact)?;
    let mut preferences = Preferences { project, is_saved: saved == Saved::Yes, ..Preferences::default() };
    for Line { key, choice } in lines {
        match key {
            ConsentKey::Channel(_) => preferences.channels.push(choice),
            ConsentKey::Topic(_) => preferences.topics.push(choice),
        }
    }
    Ok(page::ours(preferences_page(&preferences)))
}

/// The project's name and the boxes, as things stand.
fn lines_of(app: &App, contact: ContactUid) -> Result<(String, Vec<Line>), Problem> {
    let (Some(linked), Some(state)) = (app.engine.linked(), app.engine.state(contact)) else { return Err(no_such_link()) };
    let channels = channels_of(&linked, &state).into_iter().map(|(channel, title, is_on)| Line {
        key: ConsentKey::Channel(channel),
        choice: Choice { value: channel.word().to_owned(), title: title.to_owned(), is_on },
    });
    let topics = linked.program.topics.iter().enumerate().map(|(index, topic)| Line {
        key: ConsentKey::Topic(topic.name.clone()),
        choice: Choice { value: topic.name.to_string(), title: topic.title.to_string(), is_on: topic_passes(&linked, &state, TopicId::from_index(index)) },
    });
    let lines = channels.chain(topics).collect();
    let name: &Arc<str> = &linked.program.project.name;
    Ok((if name.is_empty() { "Preferences".to_owned() } else { name.to_string() }, lines))
}

/// The ways the contact can be written to; of those without an address nothing is asked.
fn channels_of(linked: &Linked, state: &ContactState) -> Vec<(Channel, &'static str, bool)> {
    let has = |field: BuiltinField| builtin_text(linked, state, field).is_some();
    let is_open = |channel: Channel, without_record: bool| match state.consent.channel(channel) {
        ConsentState::Given => true,
        ConsentState::Withdrawn | ConsentState::Pending => false,
        ConsentState::None => without_record,
    };
    let email = has(BuiltinField::Email).then(|| (Channel::Email, "Email", is_open(Channel::Email, !linked.program.project.is_email_opt_in)));
    let sms = has(BuiltinField::Phone).then(|| (Channel::Sms, "Text messages", is_open(Channel::Sms, false)));
    let push = (!state.devices.is_empty()).then(|| (Channel::Push, "Notifications on your devices", is_open(Channel::Push, true)));
    [email, sms, push].into_iter().flatten().collect()
}
