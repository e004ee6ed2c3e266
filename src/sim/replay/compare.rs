//! What was sent beside what would have been.

use super::past::{PastSend, Story};
use super::person::NewSend;
use crate::lang::Instant;

/// A sending that leaves within this time of the other is at the same time: timers of a busy daemon are a little late.
const SAME_MS: i64 = 300_000;

/// What differs in one sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It was sent, and would not be.
    Gone(PastSend),
    /// It would be sent, and was not.
    New(NewSend),
    /// It would leave at another time.
    Moved(PastSend, NewSend),
    /// It would say something else.
    Changed(PastSend, NewSend),
}

impl Difference {
    /// When: the earlier of the two.
    #[must_use]
    pub fn at(&self) -> Instant {
        match self {
            Difference::Gone(past) => past.at,
            Difference::New(new) => new.at,
            Difference::Moved(past, new) | Difference::Changed(past, new) => past.at.min(new.at),
        }
    }
}

/// What differs for one person between two instants, oldest first. What would leave behind the second one alone has had no time to happen.
#[must_use]
pub fn differences(story: &Story, sends: &[NewSend], (since, until): (Instant, Instant)) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut past: Vec<&PastSend> = story.sends.iter().filter(|send| !send.is_taken_back).collect();
    let mut left: Vec<&NewSend> = Vec::new();
    for new in sends.iter().filter(|send| !send.is_taken_back) {
        match past.iter().position(|old| Some(old.effect) == new.was) {
            Some(at) => found.extend(compare(past.remove(at), new)),
            None => left.push(new),
        }
    }
    // The same words at about the same time are the same, whichever step sends them.
    for new in left {
        let is_same = |old: &&PastSend| old.message == new.message && old.at.millis_since(new.at).abs() <= SAME_MS;
        match past.iter().position(is_same) {
            Some(at) => {
                past.remove(at);
            }
            None if new.at <= until => found.push(Difference::New(new.clone())),
            None => {}
        }
    }
    found.extend(past.into_iter().cloned().map(Difference::Gone));
    found.retain(|difference| difference.at() >= since);
    found.sort_by_key(Difference::at);
    found
}

fn compare(old: &PastSend, new: &NewSend) -> Option<Difference> {
    if old.message != new.message {
        return Some(Difference::Changed(old.clone(), new.clone()));
    }
    (old.at.millis_since(new.at).abs() > SAME_MS).then(|| Difference::Moved(old.clone(), new.clone()))
}
