//! Contacts: one, many, the journal of one, and setting what is known of one.

use super::near::{no_campaign, no_contact};
use super::{find_contact, json, json_with, only, read_json};
use crate::daemon::Engine;
use crate::daemon::api::{AsideCommand, ContactFilter, ContactKey, ContactView, EngineError, SubmissionKind};
use crate::http::app::{App, engine_problem};
use crate::http::problem::Problem;
use crate::http::rows::{key_of_text, upsert};
use crate::lang::{Zone, from_json, normalize_email};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/contacts", get(list))
        .route("/v1/contacts/{id}", get(show).put(put).delete(erase))
        .route("/v1/contacts/{id}/journal", get(journal))
        .route("/v1/contacts/{id}/now", get(now))
        .route("/v1/contacts/{id}/export", get(dossier))
        .route("/v1/contacts/{id}/release", post(release))
        .route("/v1/contacts/{id}/end", post(end))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    segment: Option<String>,
    step: Option<String>,
    q: Option<String>,
    cursor: Option<String>,
    limit: usize,
}

async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Result<Response, Problem> {
    let ListQuery { segment, step, q, cursor, limit } = query;
    let filter = ContactFilter { segment, step, query: q, cursor, limit };
    json(&app.engine.contacts(&filter))
}

async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let uid = find_contact(&app, &id)?;
    json(&app.engine.contact(uid).ok_or_else(|| no_contact(&app.engine, &id))?)
}

async fn journal(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let uid = find_contact(&app, &id)?;
    json(&app.read(move |engine| engine.journal(uid)).await?)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NowQuery {
    campaign: Option<String>,
}

/// Where the contact stands; with a campaign also what would bring it in.
async fn now(State(app): State<App>, Path(id): Path<String>, Query(query): Query<NowQuery>) -> Result<Response, Problem> {
    let uid = find_contact(&app, &id)?;
    let view = app.engine.standing(uid, query.campaign.as_deref()).map_err(|error| match error {
        EngineError::Unknown(_) => no_campaign(&app.engine, query.campaign.as_deref().unwrap_or_default()),
        EngineError::Store(_)
        | EngineError::Commit(_)
        | EngineError::NothingDeployed
        | EngineError::Program(_)
        | EngineError::NotDeployable(_)
        | EngineError::Settled(_)
        | EngineError::Refused(_)
        | EngineError::RealClock
        | EngineError::ClockBack { .. }
        | EngineError::Closed => engine_problem(&error),
    })?;
    json(&view.ok_or_else(|| no_contact(&app.engine, &id))?)
}

/// Everything that is known of the contact.
async fn dossier(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let uid = find_contact(&app, &id)?;
    let found = app.read(move |engine| engine.dossier(uid)).await?;
    json(&found.ok_or_else(|| no_contact(&app.engine, &id))?)
}

/// What is kept of an erasure for which nobody said why.
const NO_REASON: &str = "no reason given";

#[derive(Default, Deserialize)]
#[serde(default)]
struct EraseQuery {
    reason: String,
}

/// Erases the contact. Why is worth saying, since somebody will ask.
async fn erase(State(app): State<App>, Path(id): Path<String>, Query(query): Query<EraseQuery>) -> Result<Response, Problem> {
    let reason = Some(query.reason.trim()).filter(|reason| !reason.is_empty()).unwrap_or(NO_REASON);
    let uid = find_contact(&app, &id)?;
    app.engine.erase_because(uid, reason).await.map_err(|error| engine_problem(&error))?;
    json(&serde_json::json!({ "erased": uid.to_text() }))
}

/// In which campaign what was put aside is settled; in all where none is named.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AsideBody {
    campaign: Option<String>,
}

async fn release(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    settle_aside(&app, &id, (read_json(&headers, body).await?, AsideCommand::Release)).await
}

async fn end(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    settle_aside(&app, &id, (read_json(&headers, body).await?, AsideCommand::End)).await
}

/// The operator's word on what deploys have put aside of a contact.
async fn settle_aside(app: &App, id: &str, (AsideBody { campaign }, command): (AsideBody, AsideCommand)) -> Result<Response, Problem> {
    let uid = find_contact(app, id)?;
    app.engine.settle_aside(uid, campaign.as_deref(), command).await.map_err(|error| engine_problem(&error))?;
    json(&app.engine.contact(uid).ok_or_else(|| no_contact(&app.engine, id))?)
}

async fn put(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let map: Map<String, Json> = read_json(&headers, body).await?;
    let mut problems = contact_problems(&app.engine, &map);
    problems.extend(app.engine.resolve(&id).and_then(|uid| app.engine.contact(uid)).map(|known| other_keys(&known, &map)).unwrap_or_default());
    if !problems.is_empty() {
        return Err(Problem::unprocessable("bad-contact", problems.join("; ")));
    }
    let known = app.engine.resolve(&id);
    let key = known.map_or_else(|| key_of_text(&id), ContactKey::of);
    let submission = upsert(key, map, 0).map_err(|error| Problem::unprocessable("bad-contact", error.to_string()))?;
    let accepted = only(app.submit(vec![submission]).await?)?;
    let status = if accepted.is_new_contact { StatusCode::CREATED } else { StatusCode::OK };
    let uid = accepted.contact.or(known).ok_or_else(Problem::internal)?;
    json_with(status, &app.engine.contact(uid).ok_or_else(Problem::internal)?)
}

/// Keys that say the contact is another one: a PUT changes a contact, it makes no two of them one.
fn other_keys(known: &ContactView, map: &Map<String, Json>) -> Vec<String> {
    let text = |key: &str| map.get(key).and_then(Json::as_str);
    let id = text("id").filter(|id| *id != known.id.as_str()).map(|id| format!("id: this contact is {}, not {id}", known.id));
    let user = text("user_id").zip(known.user_id.as_deref()).filter(|(said, own)| said != own);
    let user = user.map(|(said, own)| format!("user_id: this contact is {own:?}, not {said:?}; an alias makes two contacts one"));
    id.into_iter().chain(user).collect()
}

/// What the contact cannot take. Senders are never told, since nobody reads their answers; an operator and an import are, and nothing is
/// changed.
pub(super) fn contact_problems(engine: &Engine, map: &Map<String, Json>) -> Vec<String> {
    let zone = engine.zone();
    let Some(linked) = engine.linked() else { return Vec::new() };
    let mut problems = Vec::new();
    let texts = |value: &Json| value.is_null() || value.as_array().is_some_and(|items| items.iter().all(Json::is_string));
    for (key, value) in map {
        match key.as_str() {
            "email" if !value.is_null() && value.as_str().and_then(normalize_email).is_none() => problems.push(format!("email: {value} is no address")),
            "timezone" if !value.is_null() && value.as_str().and_then(Zone::find).is_none() => {
                problems.push(format!("timezone: {value} is no IANA name, such as America/Toronto"));
            }
            "points" if !(value.is_null() || value.is_number()) => problems.push(format!("points: {value} is not a number")),
            "tags" | "lists" | "devices" if !texts(value) => problems.push(format!("{key}: {value} is not a list of texts")),
            "lists" => {
                let named = value.as_array().into_iter().flatten().filter_map(Json::as_str);
                let unknown = named.filter(|name| !linked.program.lists.iter().any(|list| *list.name == **name));
                problems.extend(unknown.map(|name| format!("lists: there is no list {name:?}")));
            }
            "fields" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    match linked.field_named(name).and_then(|id| linked.program.fields.get(id.index())) {
                        None => problems.push(format!("fields: {name} is not declared")),
                        Some(def) => problems.extend(from_json(value, &def.ty, &zone).err().map(|error| format!("fields: {name}: {error}"))),
                    }
                }
            }
            "phone" | "consent" | "created_at" => {
                let one = SubmissionKind::Upsert([(key.clone(), value.clone())].into_iter().collect());
                problems.extend(engine.misfits(&one));
            }
            "id" | "user_id" | "anonymous_ids" | "email" | "timezone" | "points" | "tags" | "devices" | "traits" | "segments" | "enrollments"
            | "muted_until" | "last_seen_at" => {}
            _ => problems.push(format!("{key}: a contact has no such key")),
        }
    }
    problems
}
