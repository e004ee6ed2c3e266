//! Imports as JSON Lines: read as they come, in transactions of 500 rows; bad rows are told, the rest goes on.

use super::contacts::contact_problems;
use super::json;
use crate::daemon::Engine;
use crate::daemon::api::{Submission, SubmissionKind};
use crate::http::app::App;
use crate::http::body::{BodyReader, SINGLE_BYTES, is_gzip};
use crate::http::depth;
use crate::http::problem::Problem;
use crate::http::rows::row_submission;
use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use bytes::{Buf, BytesMut};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Rows of one transaction.
const ROWS: usize = 500;
/// Bad rows that are told one by one; of more only the count is.
const TOLD: usize = 1_000;

pub fn routes() -> Router<App> {
    Router::new().route("/v1/contacts/import", post(import))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ImportQuery {
    /// Facts count, triggers do not fire.
    quiet: bool,
}

#[derive(Default, Serialize)]
struct Report {
    accepted: u64,
    rejected_count: u64,
    rejected: Vec<BadRow>,
    #[serde(skip)]
    line: u64,
    #[serde(skip)]
    waiting: Vec<(u64, Submission)>,
}

#[derive(Serialize)]
struct BadRow {
    line: u64,
    reason: String,
}

async fn import(State(app): State<App>, Query(query): Query<ImportQuery>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    if is_gzip(&headers)? {
        return Err(Problem::bad_request("no-gzip", "this route streams; send the lines as they are, without Content-Encoding"));
    }
    let mut report = Report::default();
    let mut reader = BodyReader::streaming(body);
    let mut buffer = BytesMut::new();
    while let Some(part) = reader.next().await? {
        buffer.extend_from_slice(&part);
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let line = buffer.split_to(end);
            buffer.advance(1);
            report.take_line(&line, &app, query.quiet);
            if report.waiting.len() >= ROWS {
                report.flush(&app).await?;
            }
        }
        if buffer.len() > SINGLE_BYTES {
            return Err(Problem::too_large(format!("line {} is longer than 32 KiB; the lines before it are taken", report.line + 1)));
        }
    }
    if !buffer.is_empty() {
        report.take_line(&buffer, &app, query.quiet);
    }
    report.flush(&app).await?;
    json(&report)
}

/// What an import may not do to a contact that is there already: turn withdrawn consent into given, and, where it speaks of single
/// lists (`lists_add`, `lists_remove`), take it out of the others.
fn careful(submission: &mut Submission, engine: &Engine) {
    let SubmissionKind::Upsert(map) = &mut submission.kind else { return };
    let key = &submission.contact;
    let known = [&key.user_id, &key.email, &key.phone].into_iter().flatten().find_map(|text| engine.resolve(text));
    let view = key.uid.or(known).and_then(|uid| engine.contact(uid));
    if let Some(consent) = map.get_mut("consent").and_then(Json::as_object_mut) {
        let now = view.as_ref().map(|view| serde_json::to_value(&view.consent).unwrap_or_default()).unwrap_or_default();
        keep_withdrawn(consent, &now);
        if let Some(topics) = consent.get_mut("topics").and_then(Json::as_object_mut) {
            keep_withdrawn(topics, now.get("topics").unwrap_or(&Json::Null));
        }
    }
    let (add, remove) = (names(map.remove("lists_add")), names(map.remove("lists_remove")));
    if !add.is_empty() || !remove.is_empty() {
        let own = view.map(|view| view.lists.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap_or_default();
        let mut lists: Vec<String> = own.into_iter().filter(|name| !remove.contains(name) && !add.contains(name)).collect();
        lists.extend(add);
        map.insert("lists".to_string(), lists.into());
    }
}

/// An id that another store gave names nobody here: where the row has another key, that one counts.
fn forget_foreign_id(submission: &mut Submission, engine: &Engine) {
    let key = &mut submission.contact;
    let has_other = key.user_id.is_some() || key.email.is_some() || key.phone.is_some();
    if has_other && key.uid.is_some_and(|uid| engine.state(uid).is_none()) {
        key.uid = None;
    }
}

fn keep_withdrawn(wanted: &mut Map<String, Json>, now: &Json) {
    wanted.retain(|key, value| value == "withdrawn" || now.get(key).is_none_or(|state| state != "withdrawn"));
}

fn names(list: Option<Json>) -> Vec<String> {
    list.as_ref().and_then(Json::as_array).into_iter().flatten().filter_map(|name| name.as_str().map(str::to_string)).collect()
}

impl Report {
    fn take_line(&mut self, bytes: &[u8], app: &App, is_quiet: bool) {
        self.line += 1;
        let Ok(text) = std::str::from_utf8(bytes) else { return self.refuse(self.line, "not UTF-8".to_string()) };
        let text = text.trim().trim_start_matches('\u{feff}');
        if text.is_empty() {
            return;
        }
        if text.len() > SINGLE_BYTES {
            return self.refuse(self.line, "longer than 32 KiB".to_string());
        }
        if depth::is_too_deep(text) {
            return self.refuse(self.line, format!("nests deeper than {} levels", depth::MAX_DEPTH));
        }
        match row_submission(text, app.engine.now()) {
            Ok(mut submission) => {
                submission.is_quiet = is_quiet;
                forget_foreign_id(&mut submission, &app.engine);
                careful(&mut submission, &app.engine);
                let problems = match &submission.kind {
                    SubmissionKind::Upsert(map) => contact_problems(&app.engine, map),
                    other => app.engine.misfits(other),
                };
                if problems.is_empty() { self.waiting.push((self.line, submission)) } else { self.refuse(self.line, problems.join("; ")) }
            }
            Err(error) => self.refuse(self.line, error.to_string()),
        }
    }

    async fn flush(&mut self, app: &App) -> Result<(), Problem> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let (lines, submissions): (Vec<u64>, Vec<Submission>) = self.waiting.drain(..).unzip();
        let accepted = app.submit(submissions).await.map_err(|problem| problem.with("lines_taken", self.line_before(&lines).into()))?;
        for (line, one) in lines.into_iter().zip(accepted) {
            match one.rejection {
                Some(rejection) => self.refuse(line, rejection.detail),
                None => self.accepted += 1,
            }
        }
        Ok(())
    }

    fn line_before(&self, lines: &[u64]) -> u64 {
        lines.first().map_or(self.line, |first| first.saturating_sub(1))
    }

    fn refuse(&mut self, line: u64, reason: String) {
        self.rejected_count += 1;
        if self.rejected.len() < TOLD {
            self.rejected.push(BadRow { line, reason });
        }
    }
}
