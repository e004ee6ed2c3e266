//! When a failed attempt is made again, and after how long an effect is worthless.

use super::lane::Lane;
use std::time::Duration;

const SECOND: u64 = 1;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

const WEBHOOK: &[u64] = &[5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
const TEXT: &[u64] = &[MINUTE, 10 * MINUTE, 30 * MINUTE];
const EMAIL_LONGEST: u64 = 4 * HOUR;

/// Whether an enrollment waits for a webhook's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AnswerWanted {
    Yes,
    No,
}

/// How long to wait after attempt number `attempt` (from 1) failed; `None` when there is no further one. A fifth of jitter to
/// either side, the same every time for the same effect and attempt.
#[must_use]
pub fn backoff(lane: &Lane, attempt: u32, effect_id: &[u8; 20]) -> Option<Duration> {
    let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    let seconds = match lane {
        Lane::Webhook(_) => WEBHOOK.get(index).copied().unwrap_or(24 * HOUR),
        Lane::SmsTransactional | Lane::SmsMarketing | Lane::Push => TEXT.get(index).copied()?,
        Lane::EmailTransactional | Lane::EmailMarketing | Lane::Notify => {
            MINUTE.checked_shl(attempt.saturating_sub(1).min(20)).map_or(EMAIL_LONGEST, |seconds| seconds.min(EMAIL_LONGEST))
        }
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"campc-backoff-1");
    hasher.update(effect_id);
    hasher.update(&attempt.to_be_bytes());
    let [high, low, ..] = *hasher.finalize().as_bytes();
    let per_mille = 800 + u64::from(u16::from_be_bytes([high, low])) * 400 / u64::from(u16::MAX);
    Some(Duration::from_millis(seconds * per_mille))
}

/// How long after its decision an effect is worth sending.
#[must_use]
pub fn expiry(lane: &Lane, answer: AnswerWanted) -> Duration {
    let hours = match (lane, answer) {
        (Lane::Webhook(_), AnswerWanted::Yes) => 24,
        (Lane::Webhook(_), AnswerWanted::No) => 72,
        (Lane::EmailTransactional | Lane::Notify, _) => 72,
        (Lane::EmailMarketing | Lane::SmsMarketing | Lane::Push, _) => 24,
        (Lane::SmsTransactional, _) => 4,
    };
    Duration::from_secs(hours * HOUR)
}
