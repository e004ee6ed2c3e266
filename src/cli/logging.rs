//! Logs and traces of the daemon: text or JSON on stderr, spans to a collector where that is built in and asked for.
//!
//! No line and no span holds what a contact is called or reached by: what we log names numbers of contacts and effects, and of the libraries
//! beneath us only what they say at `info` and above is let through, since below that they print what passes through them.

use super::failure::Failure;
use std::io::IsTerminal;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What logs are set up with.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// How often `-v` was given.
    pub verbosity: u8,
    /// How lines look.
    pub format: LogFormat,
    /// Where spans go: the address of an OpenTelemetry collector, as `http://127.0.0.1:4318`.
    pub otlp: Option<String>,
}

/// Hands spans on that wait, when it is dropped.
#[derive(Debug, Default)]
pub struct LogGuard {
    #[cfg(feature = "otel")]
    spans: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

type Boxed = Box<dyn Layer<Registry> + Send + Sync>;

/// Lets logs begin. `CAMPC_LOG` says more than `-v` does: `CAMPC_LOG=campc::deliver=trace`.
///
/// # Errors
/// Spans are asked for and cannot be sent.
pub fn install(options: &LogOptions) -> Result<LogGuard, Failure> {
    let level = match options.verbosity {
        0 => "warn",
        1 => "campc=info,warn",
        2 => "campc=debug,info",
        _ => "campc=trace,info",
    };
    let filter = EnvFilter::try_from_env("CAMPC_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let lines: Boxed = match options.format {
        LogFormat::Text => {
            let is_terminal = std::io::stderr().is_terminal();
            fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(is_terminal)
                .with_target(false)
                .with_filter(filter)
                .with_filter(filter_fn(is_ours_or_plain))
                .boxed()
        }
        LogFormat::Json => {
            let layer = fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(std::io::stderr);
            layer.with_filter(filter).with_filter(filter_fn(is_ours_or_plain)).boxed()
        }
    };
    let (spans, guard) = spans(options.otlp.as_deref())?;
    // Set before by an embedding test: then that one stays.
    let _ = tracing_subscriber::registry().with(std::iter::once(lines).chain(spans).collect::<Vec<Boxed>>()).try_init();
    Ok(guard)
}

/// Whether a line may be let through: our own, or one that a library says to everybody.
fn is_ours_or_plain(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "campc" || metadata.target().starts_with("campc::") || *metadata.level() <= Level::INFO
}

#[cfg(feature = "otel")]
fn spans(otlp: Option<&str>) -> Result<(Option<Boxed>, LogGuard), Failure> {
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
    use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
    let Some(address) = otlp else { return Ok((None, LogGuard::default())) };
    let base = address.trim_end_matches('/');
    let endpoint = if base.ends_with("/v1/traces") { base.to_owned() } else { format!("{base}/v1/traces") };
    let built = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(endpoint).build();
    let exporter = built.map_err(|error| Failure::usage(format!("--otlp {address:?}: {error}")))?;
    let resource = Resource::builder().with_service_name("campc").build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let ours = filter_fn(|metadata| metadata.target() == "campc" || metadata.target().starts_with("campc::"));
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("campc")).with_filter(ours).boxed();
    Ok((Some(layer), LogGuard { spans: Some(provider) }))
}

#[cfg(not(feature = "otel"))]
fn spans(otlp: Option<&str>) -> Result<(Option<Boxed>, LogGuard), Failure> {
    match otlp {
        None => Ok((None, LogGuard::default())),
        Some(_) => Err(Failure::usage("--otlp: this campc is built without OpenTelemetry; build it with `cargo build --release --features otel`")),
    }
}

#[cfg(feature = "otel")]
impl Drop for LogGuard {
    fn drop(&mut self) {
        if let Some(provider) = self.spans.take()
            && let Err(error) = provider.shutdown()
        {
            super::context::remark(&format!("warning: the last spans did not reach their collector: {error}"));
        }
    }
}
