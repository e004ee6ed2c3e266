//! The page of metrics, in the text format that Prometheus reads: the engine's counters, and how things stand at this moment.
//!
//! Labels are words of ours alone; nothing of a contact, an address or a request can become one.

use super::app::App;
use super::problem::Problem;
use super::process::{Usage, free_bytes};
use crate::daemon::reports::StatusView;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;
use tracing::Instrument;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LaneLabel {
    lane: String,
}

/// Counts an answer by its route, as the router writes it, and the class of its status; its span has no path, since tokens and addresses
/// stand in paths.
pub async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::debug_span!("request", route, method = method_word(request.method()));
    let answer = async {
        let response = next.run(request).await;
        tracing::debug!(status = response.status().as_u16(), "answered");
        response
    };
    let response = answer.instrument(span).await;
    app.engine.metrics().answered(&route, response.status().as_u16());
    response
}

/// A method may be any word that a client likes; only those that routes have are told.
fn method_word(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 6] =
        [(Method::GET, "GET"), (Method::POST, "POST"), (Method::PUT, "PUT"), (Method::DELETE, "DELETE"), (Method::HEAD, "HEAD"), (Method::OPTIONS, "OPTIONS")];
    KNOWN.iter().find(|(known, _)| known == method).map_or("other", |(_, word)| *word)
}

pub async fn show(State(app): State<App>) -> Result<Response, Problem> {
    let status = app.read(|engine| engine.status()).await?;
    let mut registry = Registry::with_prefix("campc");
    register_status(&mut registry, &status);
    register_lanes(&mut registry, &status);
    register_process(&mut registry, &app);
    let mut out = String::new();
    let written = app.engine.metrics().write(&mut out).and_then(|()| encode_registry(&mut out, &registry)).and_then(|()| encode_eof(&mut out));
    written.map_err(|error| {
        tracing::error!(%error, "the metrics cannot be written");
        Problem::internal()
    })?;
    Ok(([(header::CONTENT_TYPE, TEXT)], out).into_response())
}

fn seconds(millis: i64) -> f64 {
    // Exact up to a quarter of a million years.
    f64::from(u32::try_from(millis / 1_000).unwrap_or(u32::MAX)) + f64::from(i32::try_from(millis % 1_000).unwrap_or(0)) / 1_000.0
}

fn register_status(registry: &mut Registry, status: &StatusView) {
    registry.register("contacts", "Contacts", ConstGauge::new(status.contacts));
    registry.register("enrollments", "Enrollments that have not ended", ConstGauge::new(status.enrollments));
    registry.register("deployment", "The number of the running deployment", ConstGauge::new(u64::from(status.deployment)));
    registry.register("timer_late_seconds", "How late the oldest timer is that is due", ConstGauge::new(seconds(status.late_ms)));
    let quarantined = u64::try_from(status.quarantined.len()).unwrap_or(u64::MAX);
    registry.register("quarantined_contacts", "Contacts whose stored row is damaged", ConstGauge::new(quarantined));
    let paused = status.campaigns.iter().filter(|campaign| campaign.status == "paused").count();
    registry.register("paused_campaigns", "Campaigns that are paused", ConstGauge::new(u64::try_from(paused).unwrap_or(u64::MAX)));
    let outbox = Family::<StatusLabel, Gauge<u64, AtomicU64>>::default();
    for (status, count) in &status.outbox {
        outbox.get_or_create(&StatusLabel { status }).set(*count);
    }
    registry.register("outbox", "Open effects, by status", outbox);
}

/// Hosts of webhooks are one lane here: a host may be written by a template.
fn register_lanes(registry: &mut Registry, status: &StatusView) {
    let waiting = Family::<LaneLabel, Gauge<u64, AtomicU64>>::default();
    let under_way = Family::<LaneLabel, Gauge<u64, AtomicU64>>::default();
    let broken = Family::<LaneLabel, Gauge<u64, AtomicU64>>::default();
    let late = Family::<LaneLabel, Gauge<f64, AtomicU64>>::default();
    for lane in &status.lanes {
        let word = if lane.lane.starts_with("webhook/") { "webhook" } else { lane.lane.as_str() };
        let label = LaneLabel { lane: word.to_owned() };
        waiting.get_or_create(&label).inc_by(lane.queued);
        under_way.get_or_create(&label).inc_by(lane.in_flight);
        broken.get_or_create(&label).inc_by(u64::from(lane.is_broken));
        let known = late.get_or_create(&label);
        known.set(known.get().max(if lane.queued > 0 { seconds(lane.late_ms) } else { 0.0 }));
    }
    registry.register("queue_waiting", "Effects that wait for their hand-over, by lane", waiting);
    registry.register("queue_under_way", "Attempts under way, by lane", under_way);
    registry.register("queue_late_seconds", "How long ago the oldest waiting effect should have left, by lane", late);
    registry.register("breaker_open", "Lanes that are held since their provider fails", broken);
}

fn register_process(registry: &mut Registry, app: &App) {
    if let Some(usage) = Usage::now() {
        registry.register("process_resident_bytes", "Memory of the process", ConstGauge::new(usage.resident_bytes));
        registry.register("process_cpu_seconds", "Processor time of the process", ConstCounter::new(usage.cpu_seconds));
    }
    if let Some(path) = app.store_path() {
        if let Ok(data) = std::fs::metadata(path) {
            registry.register("store_bytes", "Size of the store's file", ConstGauge::new(data.len()));
        }
        if let Some(free) = free_bytes(path) {
            registry.register("disk_free_bytes", "Free space on the store's disk", ConstGauge::new(free));
        }
    }
}
