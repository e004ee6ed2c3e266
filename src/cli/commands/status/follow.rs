//! What happens, as it happens: the daemon's stream of events as lines; after a break it is taken up again.

use super::DataFormat;
use crate::cli::context::{print, remark};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::reach::{Door, Part, StorePlace};
use crate::diagnostics::terminal::{Paint, printable};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// How long to wait before the daemon is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Follows until the process is stopped.
///
/// # Errors
/// Where no daemon runs at the beginning.
pub async fn follow(place: &StorePlace, (format, paint): (DataFormat, Paint)) -> Outcome {
    let Some(mut door) = Door::to_daemon(place).await else {
        return Err(Failure::failed("no daemon runs on this store, so nothing happens; start one with `campc run`"));
    };
    loop {
        let mut reader = Reader::default();
        // The end of a stream and a broken one are the same to who follows: the daemon is sought again.
        let _ = door
            .stream("/v1/events/stream", |part| {
                if let Part::Bytes(bytes) = part {
                    reader.take(bytes, |name, data| print(&shown((name, data), (format, paint))));
                }
                Ok(())
            })
            .await;
        remark("the daemon has gone; waiting for it to come back");
        door = loop {
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
            }
            if let Some(door) = Door::to_daemon(place).await {
                break door;
            }
        };
        remark("it is back");
    }
}

/// Takes server-sent events apart.
#[derive(Default)]
struct Reader {
    rest: Vec<u8>,
    event: String,
}

impl Reader {
    fn take(&mut self, bytes: &[u8], mut tell: impl FnMut(&str, &Json)) {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            if let Some(name) = line.strip_prefix("event: ") {
                self.event = name.to_string();
            } else if let Some(data) = line.strip_prefix("data: ").and_then(|data| serde_json::from_str(data).ok()) {
                tell(&self.event, &data);
            }
        }
    }
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json.get(key).and_then(Json::as_str).unwrap_or("")
}

fn shown((name, data): (&str, &Json), (format, paint): (DataFormat, Paint)) -> String {
    match format {
        DataFormat::Json if data.get("type").is_some() => format!("{data}\n"),
        DataFormat::Json => format!("{}\n", json!({ "type": name, "data": data })),
        DataFormat::Human => human((name, data), paint),
    }
}

/// One readable line: who, where, what, why. It is the contact's id that is told, not what the person is called.
fn human((name, data): (&str, &Json), paint: Paint) -> String {
    let line = match name {
        "journal" => {
            let line = data.get("line").cloned().unwrap_or(Json::Null);
            let at = text(&line, "at").get(..19).unwrap_or("").replacen('T', " ", 1);
            // What comes from contacts must not steer the terminal; our own colours are the only escapes.
            let own = |key: &str| printable(text(&line, key));
            let parts = [at, text(data, "contact").to_string(), own("campaign"), toned(text(&line, "what"), paint), own("step"), own("why")];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
        }
        "delivery" => format!("{}  message {}  {}", text(data, "contact"), text(data, "effect_id"), toned(text(data, "status"), paint)),
        "deployed" => format!("deployment no. {} runs", data.get("seq").and_then(Json::as_u64).unwrap_or(0)),
        "clock" => format!("the clock stands at {}", text(data, "now")),
        "missed" => format!("{} lines were missed: they came faster than they could be shown", data.get("count").and_then(Json::as_u64).unwrap_or(0)),
        _ => return String::new(),
    };
    line + "\n"
}

fn toned(word: &str, paint: Paint) -> String {
    let code = match word {
        "enrolled" | "sent" | "accepted" | "goal" => "32",
        "failed" | "problem" | "dead" | "unknown" => "31",
        "not enrolled" | "skipped" | "held" | "cancelled" | "suppressed" => "33",
        _ => return word.to_string(),
    };
    if paint == Paint::Colored { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let stream = b": listening\n\nevent: journal\ndata: {\"type\":\"journal\",\"contact\":\"k1\",\"line\":{\"at\":\"2026-03-02T10:00:00Z\",\"campaign\":\"Welcome\",\"what\":\"sent\",\"step\":\"email welcome\",\"why\":\"\"}}\n\n: still here\n\nevent: clock\ndata: {\"type\":\"clock\",\"now\":\"2026-03-02T10:00:00Z\"}\n\n";
        for size in [1, 7, 64, stream.len()] {
            let (mut reader, mut lines) = (Reader::default(), String::new());
            for part in stream.chunks(size) {
                reader.take(part, |name, data| lines += &human((name, data), Paint::Plain));
            }
            assert_eq!(lines, "2026-03-02 10:00:00  k1  Welcome  sent  email welcome\nthe clock stands at 2026-03-02T10:00:00Z\n");
        }
    }
}
