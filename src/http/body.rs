//! Reads request bodies: bounded while they come and while they inflate, cut off when they come too slowly.

use super::problem::Problem;
use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// A single Segment call.
pub const SINGLE_BYTES: usize = 32 * 1024;
/// A batch of Segment calls.
pub const BATCH_BYTES: usize = 512 * 1024;
/// Every other body.
pub const OTHER_BYTES: usize = 1024 * 1024;
/// A body may pause so long.
const IDLE: Duration = Duration::from_secs(10);
/// A request may take so long in all.
const WHOLE: Duration = Duration::from_secs(30);
/// Of a body that is too large, so much more is read and thrown away, so that the sender hears the answer.
const DRAINED_BYTES: usize = 4 * 1024 * 1024;

/// The whole body, inflated, at most `limit` bytes.
///
/// # Errors
/// 408 where it comes too slowly, 413 where it is larger, 415 for an encoding other than gzip, 400 where gzip is broken.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let is_gzip = is_gzip(headers)?;
    let raw = collect(body, limit).await?;
    if is_gzip { inflate(&raw, limit) } else { Ok(raw) }
}

/// The body as text.
///
/// # Errors
/// As [`read`], and 400 with the place where it is not UTF-8.
pub fn utf8(bytes: &[u8]) -> Result<&str, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Problem::bad_request("not-utf8", format!("the body is not UTF-8: byte {} is the first that does not fit", error.valid_up_to())))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Whether the body is gzip.
///
/// # Errors
/// 415 for another encoding.
pub fn is_gzip(headers: &HeaderMap) -> Result<bool, Problem> {
    let Some(encoding) = headers.get(header::CONTENT_ENCODING) else { return Ok(false) };
    let word = encoding.to_str().unwrap_or("").trim().to_ascii_lowercase();
    match word.as_str() {
        "" | "identity" => Ok(false),
        "gzip" | "x-gzip" => Ok(true),
        _ => {
            let what = ("unsupported-encoding", "This encoding is not read");
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what, "send the body as it is, or with `Content-Encoding: gzip`"))
        }
    }
}

fn over(limit: usize) -> Problem {
    Problem::too_large(format!("the body is larger than {} KiB, which is all this route takes", limit / 1024)).with("limit_bytes", limit.into())
}

fn too_slow(what: &str) -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, ("too-slow", "The request came too slowly"), what)
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut reader = BodyReader::new(body);
    let mut all = BytesMut::new();
    while let Some(part) = reader.next().await? {
        if all.len() + part.len() > limit {
            drain(&mut reader, part.len()).await;
            return Err(over(limit));
        }
        all.extend_from_slice(&part);
    }
    Ok(all.freeze())
}

async fn drain(reader: &mut BodyReader, already: usize) {
    let mut seen = already;
    while seen < DRAINED_BYTES {
        match reader.next().await {
            Ok(Some(part)) => seen += part.len(),
            Ok(None) | Err(_) => return,
        }
    }
}

/// The parts of a body as they come, each within the time a sender has.
pub struct BodyReader {
    body: Body,
    end: Option<Instant>,
}

impl BodyReader {
    /// Reads a body that must be whole within 30 s.
    #[must_use]
    pub fn new(body: Body) -> BodyReader {
        BodyReader { body, end: Some(Instant::now() + WHOLE) }
    }
    /// Reads a stream that may go on for as long as it does not pause.
    #[must_use]
    pub fn streaming(body: Body) -> BodyReader {
        BodyReader { body, end: None }
    }
    /// The next part; none at the end.
    ///
    /// # Errors
    /// 408 where it comes too slowly, 400 where the connection breaks.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let frame = timeout(IDLE, poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)));
            let heard = match self.end {
                Some(end) => timeout_at(end, frame).await.map_err(|_| too_slow("a request may take 30 s in all"))?,
                None => frame.await,
            };
            match heard.map_err(|_| too_slow("nothing of the body came for 10 s"))? {
                None => return Ok(None),
                Some(Err(error)) => return Err(Problem::bad_request("broken-body", format!("the body broke off: {error}"))),
                Some(Ok(frame)) => {
                    if let Ok(part) = frame.into_data() {
                        return Ok(Some(part));
                    }
                }
            }
        }
    }
}

/// Inflates at most `limit` bytes.
fn inflate(raw: &[u8], limit: usize) -> Result<Bytes, Problem> {
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut out = Vec::with_capacity(raw.len().saturating_mul(4).min(limit));
    MultiGzDecoder::new(raw)
        .take(bound)
        .read_to_end(&mut out)
        .map_err(|error| Problem::bad_request("bad-gzip", format!("the body says it is gzip, but cannot be inflated: {error}")))?;
    if out.len() > limit { Err(over(limit)) } else { Ok(Bytes::from(out)) }
}
