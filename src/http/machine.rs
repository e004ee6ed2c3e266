//! Judges hits that nobody made: scanners, libraries, prefetches, and what comes sooner than a person could.

use crate::lang::Instant;
use axum::http::{HeaderMap, Method, header};

/// Agents that are no person, in lower case. Image proxies of mail services are not among them: a person opened.
const AGENTS: [&str; 34] = [
    "curl/",
    "wget/",
    "python-requests",
    "python-urllib",
    "aiohttp",
    "httpx",
    "go-http-client",
    "java/",
    "okhttp",
    "apache-httpclient",
    "libwww-perl",
    "ruby",
    "node-fetch",
    "axios",
    "undici",
    "php/",
    "guzzlehttp",
    "bot",
    "crawler",
    "spider",
    "slurp",
    "scanner",
    "headless",
    "phantomjs",
    "barracuda",
    "proofpoint",
    "mimecast",
    "symantec",
    "trendmicro",
    "fireeye",
    "safelinks",
    "bingpreview",
    "facebookexternalhit",
    "slackbot",
];

/// Sooner after the provider took the message, nobody can have read it.
const TOO_FAST_MS: i64 = 3_000;

/// Why a hit is suspect, as stable words; empty for a person's.
#[must_use]
pub fn suspicions(method: &Method, headers: &HeaderMap, (accepted, now): (Option<Instant>, Instant)) -> Vec<&'static str> {
    let mut reasons = Vec::new();
    let is_prefetch = ["purpose", "sec-purpose", "x-moz"].iter().any(|name| {
        let value = headers.get(*name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.to_ascii_lowercase().contains("prefetch"))
    });
    if method == Method::HEAD || method == Method::OPTIONS || is_prefetch {
        reasons.push("method");
    }
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("").trim().to_ascii_lowercase();
    if agent.is_empty() || (!agent.contains("googleimageproxy") && AGENTS.iter().any(|known| agent.contains(known))) {
        reasons.push("agent");
    }
    if accepted.is_some_and(|accepted| now.millis_since(accepted) < TOO_FAST_MS) {
        reasons.push("too_fast");
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(agent: &str, method: &Method, age_ms: i64) -> Vec<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, agent.parse().unwrap());
        suspicions(method, &headers, (Some(Instant(0)), Instant(age_ms)))
    }

    #[test]
    fn a_persons_hit_has_no_suspicion() {
        let person = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";
        assert!(of(person, &Method::GET, 3_000).is_empty());
        assert_eq!(of(person, &Method::GET, 2_999), ["too_fast"]);
        assert_eq!(of(person, &Method::HEAD, 9_000), ["method"]);
        assert_eq!(of("", &Method::GET, 9_000), ["agent"]);
        assert_eq!(of("Go-http-client/1.1", &Method::GET, 9_000), ["agent"]);
        assert!(of("Mozilla/5.0 (via ggpht.com GoogleImageProxy)", &Method::GET, 9_000).is_empty());
    }
}
