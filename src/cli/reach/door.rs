//! The admin API, over a socket where a daemon answers, else within this process.

use super::notice::Notice;
use super::store::StorePlace;
use crate::cli::engine::{open_engine, open_nothing};
use crate::cli::failure::{Exit, Failure};
use crate::cli::project::Project;
use crate::cli::runtime::block_on;
use crate::content::KeyRing;
use crate::daemon::Engine;
use crate::http::{App, Keys, Sites, router};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::Value as Json;
use std::time::Duration;

/// A daemon that does not say it lives within this time is taken for gone.
const PATIENCE: Duration = Duration::from_secs(2);
/// The token of requests that never leave the process.
const INNER_TOKEN: &str = "within";

/// What a route answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; null where it is no JSON.
    pub json: Json,
}

impl Answer {
    /// Whether it is a success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
    /// The body of a success.
    ///
    /// # Errors
    /// The problem's own words; exit 1 for what is not there or failed.
    pub fn ok(self) -> Result<Json, Failure> {
        if self.is_success() {
            return Ok(self.json);
        }
        let detail = self.json.get("detail").and_then(Json::as_str).unwrap_or("the daemon gave no reason");
        Err(match self.status {
            401 => Failure::usage(detail),
            // Findings are said in whole.
            _ if detail.starts_with("error[") => Failure::rendered(Exit::Failed, detail),
            _ => Failure::failed(detail),
        })
    }
}

/// A way to the admin API.
pub enum Door {
    /// A daemon runs.
    Daemon {
        /// What it told.
        notice: Notice,
        /// Speaks HTTP.
        client: reqwest::Client,
    },
    /// Nobody runs: the store is open here.
    Here {
        /// The routes.
        service: TowerToHyperService<Router>,
        /// The engine behind them.
        engine: Engine,
    },
}

impl Door {
    /// Reaches the store of a project.
    ///
    /// # Errors
    /// Where there is no store yet, or it cannot be opened.
    pub async fn open(project: &Project, store: Option<&str>) -> Result<Door, Failure> {
        let place = StorePlace::find(project, store)?;
        if let Some(door) = Door::to_daemon(&place).await {
            return Ok(door);
        }
        if !place.exists() {
            return Err(Failure::failed(format!("there is no store at {}; `campc run` makes it", place.path.display())));
        }
        Door::here(open_engine(project, &place)?)
    }

    /// To a project that has no store yet: what is asked is answered, and nothing is kept.
    ///
    /// # Errors
    /// Never in practice.
    pub fn to_nothing(project: &Project) -> Result<Door, Failure> {
        Door::here(open_nothing(project)?)
    }

    fn here(engine: Engine) -> Result<Door, Failure> {
        let keys = Keys::new(&[], &[INNER_TOKEN.to_string()]);
        // No link is followed within the process, so its tokens are never read.
        let tokens = KeyRing::new(&[INNER_TOKEN]).ok_or_else(|| Failure::usage("no key"))?;
        let app = App::new(engine.clone(), keys, tokens, Sites::default());
        Ok(Door::Here { service: TowerToHyperService::new(router(app)), engine })
    }

    /// The daemon that runs on the store, if one answers.
    pub async fn to_daemon(place: &StorePlace) -> Option<Door> {
        let notice = Notice::read(&place.notice_path())?;
        let client = reqwest::Client::builder().no_proxy().build().ok()?;
        let alive = client.get(format!("http://{}/healthz", notice.listen)).timeout(PATIENCE).send().await.ok()?;
        alive.status().is_success().then_some(Door::Daemon { notice, client })
    }

    /// Asks a route.
    ///
    /// # Errors
    /// Where nobody answers.
    pub async fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.call(Method::GET, path, Vec::new()).await
    }

    /// Sends a body to a route.
    ///
    /// # Errors
    /// Where nobody answers.
    pub async fn post(&self, path: &str, body: String) -> Result<Answer, Failure> {
        self.call(Method::POST, path, body.into_bytes()).await
    }

    /// Sends bytes to a route, such as a compiled program.
    ///
    /// # Errors
    /// Where nobody answers.
    pub async fn send(&self, path: &str, body: Vec<u8>) -> Result<Answer, Failure> {
        self.call(Method::POST, path, body).await
    }

    /// Deletes what a route stands for.
    ///
    /// # Errors
    /// Where nobody answers.
    pub async fn delete(&self, path: &str) -> Result<Answer, Failure> {
        self.call(Method::DELETE, path, Vec::new()).await
    }

    /// Reads a route whose answer has no bound: `take` is given its parts as they come, first the number of lines that is announced.
    ///
    /// # Errors
    /// Where nobody answers, the route refuses, or `take` does.
    pub async fn stream(&self, path: &str, mut take: impl FnMut(Part<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        match self {
            Door::Daemon { notice, client } => {
                let gone = |error: reqwest::Error| Failure::usage(format!("the daemon on {} does not answer: {error}", notice.listen));
                let request = client.get(format!("http://{}{path}", notice.listen)).bearer_auth(&notice.admin_token);
                let mut response = request.send().await.map_err(gone)?;
                if !response.status().is_success() {
                    let status = response.status().as_u16();
                    let bytes = response.bytes().await.map_err(gone)?;
                    return Answer { status, json: serde_json::from_slice(&bytes).unwrap_or(Json::Null) }.ok().map(drop);
                }
                take(Part::Count(count_of(response.headers())))?;
                while let Some(bytes) = response.chunk().await.map_err(gone)? {
                    take(Part::Bytes(&bytes))?;
                }
                Ok(())
            }
            Door::Here { service, .. } => {
                let response = within(service, Method::GET, (path, Vec::new())).await?;
                if !response.status().is_success() {
                    return answer_of(response).await?.ok().map(drop);
                }
                take(Part::Count(count_of(response.headers())))?;
                let mut body = response.into_body();
                while let Some(frame) = body.frame().await {
                    let frame = frame.map_err(|error| Failure::usage(error.to_string()))?;
                    if let Ok(bytes) = frame.into_data() {
                        take(Part::Bytes(&bytes))?;
                    }
                }
                Ok(())
            }
        }
    }

    async fn call(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Answer, Failure> {
        match self {
            Door::Daemon { notice, client } => {
                let request = client.request(method, format!("http://{}{path}", notice.listen)).bearer_auth(&notice.admin_token).body(body);
                let gone = |error: reqwest::Error| Failure::usage(format!("the daemon on {} does not answer: {error}", notice.listen));
                let response = request.send().await.map_err(gone)?;
                let status = response.status().as_u16();
                let bytes = response.bytes().await.map_err(gone)?;
                Ok(Answer { status, json: serde_json::from_slice(&bytes).unwrap_or(Json::Null) })
            }
            Door::Here { service, .. } => {
                let response = within(service, method, (path, body)).await?;
                answer_of(response).await
            }
        }
    }

    /// Lets what was begun end. A daemon goes on by itself.
    pub async fn close(self) {
        match self {
            Door::Daemon { .. } => {}
            Door::Here { engine, .. } => engine.drain(Duration::from_secs(10)).await,
        }
    }
}

/// A part of a streamed answer.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// How many lines are to come, if that is announced.
    Count(Option<u64>),
    /// The next bytes; lines may be cut anywhere.
    Bytes(&'a [u8]),
}

fn count_of(headers: &axum::http::HeaderMap) -> Option<u64> {
    headers.get(crate::http::COUNT_HEADER)?.to_str().ok()?.parse().ok()
}

async fn within(service: &TowerToHyperService<Router>, method: Method, (path, body): (&str, Vec<u8>)) -> Result<axum::response::Response, Failure> {
    let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {INNER_TOKEN}"));
    let request = request.body(Body::from(body)).map_err(|error| Failure::usage(error.to_string()))?;
    match service.call(request).await {
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

async fn answer_of(response: axum::response::Response) -> Result<Answer, Failure> {
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.map_err(|error| Failure::usage(error.to_string()))?.to_bytes();
    Ok(Answer { status, json: serde_json::from_slice(&bytes).unwrap_or(Json::Null) })
}

/// What a route below `/v1/contacts/CONTACT` answers; `route` is what follows, such as `/journal`.
///
/// # Errors
/// Where there is no such contact, or no store.
pub fn contact_answer((project, store): (&Project, Option<&str>), (contact, route): (&str, &str)) -> Result<Json, Failure> {
    block_on(async {
        let door = Door::open(project, store).await?;
        let answer = door.get(&format!("/v1/contacts/{}{route}", encoded(contact))).await;
        door.close().await;
        answer?.ok()
    })
}

/// One segment of a path, escaped.
#[must_use]
pub fn encoded(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}
