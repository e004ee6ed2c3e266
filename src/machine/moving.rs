//! When an answer that depends on time changes next.

use crate::lang::Instant;

/// How far ahead a change is looked for: forty years.
const HORIZON_MS: i64 = 40 * 366 * 86_400_000;

/// The first instant after `now` at which `answer` is no longer what it is now, for an `answer` that changes at most once up to the
/// horizon. `guess` is tried first. `None` where it stays.
pub fn next_change<T: PartialEq>(now: Instant, guess: Option<Instant>, mut answer: impl FnMut(Instant) -> T) -> Option<Instant> {
    let today = answer(now);
    if let Some(guess) = guess {
        for candidate in [guess, guess.plus_millis(1)] {
            if candidate > now && answer(candidate) != today && (candidate.plus_millis(-1) == now || answer(candidate.plus_millis(-1)) == today) {
                return Some(candidate);
            }
        }
    }
    let (mut same, mut step) = (now, 1_000_i64);
    let mut changed = loop {
        let probe = now.plus_millis(step);
        if answer(probe) != today {
            break probe;
        }
        same = probe;
        if step >= HORIZON_MS {
            return None;
        }
        step = (step * 4).min(HORIZON_MS);
    };
    while changed.millis_since(same) > 1 {
        let middle = same.plus_millis(changed.millis_since(same) / 2);
        if answer(middle) == today { same = middle } else { changed = middle }
    }
    Some(changed)
}

/// The earlier of two instants, of which either may be missing.
#[must_use]
pub fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
