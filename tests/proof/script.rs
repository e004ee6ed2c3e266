//! Seeded histories: what senders, readers and the operator do, hour by hour.

use super::Random;
use super::project::Source;

/// A person of a history, by number.
pub type Who = usize;

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Events of one request.
    Submit(Vec<Event>),
    /// A former request again, as a sender does that heard no answer.
    Repeat(usize),
    /// The last mail of a person is opened.
    Open(Who),
    /// The last mail of a person is answered by leaving its topic.
    Unsubscribe(Who),
    /// The operator's switch of the campaign "Welcome".
    Pause,
    /// And back.
    Resume,
    /// Another source becomes the running one.
    Deploy(Source),
    /// A device turns out to be a person's.
    Alias(Who),
    /// A person is erased.
    Erase(Who),
    /// Time passes.
    Hours(u32),
}

/// One event of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Identify(Who),
    Gone(Who),
    Bought(Who, u32),
    /// Its number is never given twice.
    Ping(Who, u32),
    Pricing(Who),
    /// A visit of a device that nobody has named yet.
    Stranger(Who),
}

/// People of a history.
pub const PEOPLE: usize = 6;

/// A history of a seed, with so many acts.
pub fn history(seed: u64, acts: usize) -> Vec<Act> {
    let mut random = Random::new(seed);
    let mut history = vec![Act::Submit((0..3).map(Event::Identify).collect())];
    let (mut pings, mut requests, mut is_paused, mut source) = (0, 1, false, Source::First);
    let mut erased: Vec<Who> = Vec::new();
    while history.len() < acts {
        let who = random.below(PEOPLE);
        let act = match random.weighted(&[34, 8, 10, 3, 2, 3, 3, 5, 1, 31]) {
            0 => {
                requests += 1;
                let events = (0..1 + random.below(4)).map(|_| event(&mut random, &mut pings, &erased)).collect();
                Act::Submit(events)
            }
            1 => Act::Repeat(random.below(requests)),
            2 => Act::Open(who),
            3 => Act::Unsubscribe(who),
            4 if !is_paused => {
                is_paused = true;
                Act::Pause
            }
            5 if is_paused => {
                is_paused = false;
                Act::Resume
            }
            6 => {
                source = if source == Source::First { Source::Second } else { Source::First };
                Act::Deploy(source)
            }
            7 => Act::Alias(who),
            8 if !erased.contains(&who) => {
                erased.push(who);
                Act::Erase(who)
            }
            _ => Act::Hours(1 + u32::try_from(random.below(30)).unwrap_or(0)),
        };
        history.push(act);
    }
    if is_paused {
        history.push(Act::Resume);
    }
    // Everything that waits comes to its end.
    history.push(Act::Hours(24 * 60));
    history
}

fn event(random: &mut Random, pings: &mut u32, erased: &[Who]) -> Event {
    // Who was erased stays away: the same name would be another person.
    let mut who = random.below(PEOPLE);
    while erased.contains(&who) && erased.len() < PEOPLE {
        who = (who + 1) % PEOPLE;
    }
    match random.weighted(&[3, 1, 4, 8, 5, 2]) {
        0 => Event::Identify(who),
        1 => Event::Gone(who),
        2 => Event::Bought(who, 1 + u32::try_from(random.below(90)).unwrap_or(0)),
        3 => {
            *pings += 1;
            Event::Ping(who, *pings)
        }
        4 => Event::Pricing(who),
        _ => Event::Stranger(who),
    }
}
