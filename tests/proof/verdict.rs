//! What must hold after a history, whatever went wrong in it; and what a history came to, for comparing it with the same one undisturbed.

use super::fault::{Answer, Seen};
use super::script::{Event, Who};
use super::world::{HOUR_MS, World, address, people, user, who_of};
use campc::daemon::api::JournalLine;
use campc::store::{OutboxFilter, PageRequest};
use std::collections::{BTreeMap, BTreeSet};

/// Words of the journal that an outage may add to or take away from.
const OF_THE_WAY: [&str; 5] = ["handed over", "waiting", "held", "failed", "problem"];

/// What a provider takes within this time of the decision moves no timer.
const QUICK_MS: i64 = 60_000;

/// What does not hold; empty is good.
pub fn broken_promises(world: &World) -> Vec<String> {
    let mut broken = Vec::new();
    accepted_is_durable_once(world, &mut broken);
    attempts_have_a_reason(world, &mut broken);
    unsubscribe_wins(world, &mut broken);
    nothing_is_early(world, &mut broken);
    everything_came_to_its_end(world, &mut broken);
    broken
}

fn accepted_is_durable_once(world: &World, broken: &mut Vec<String>) {
    let Some(reader) = world.reader() else { return broken.push("the store cannot be read".to_owned()) };
    let mut logged: BTreeMap<String, u32> = BTreeMap::new();
    for event in reader.events(None, PageRequest::ALL).unwrap_or_default() {
        if let Some(id) = event.message_id {
            *logged.entry(id).or_default() += 1;
        }
    }
    for (id, event) in world.heard.events.iter().filter(|(_, event)| !world.heard.erased.contains_key(&who_of(event))) {
        match logged.get(id) {
            Some(1) => {}
            Some(times) => broken.push(format!("{id} {event:?} stands {times} times in the log")),
            None => broken.push(format!("{id} {event:?} was acknowledged and is lost")),
        }
    }
    for uid in &world.heard.erased_uids {
        let left = reader.events(Some(*uid), PageRequest::ALL).map_or(0, |events| events.len())
            + reader.journal(*uid, PageRequest::ALL).map_or(0, |lines| lines.len());
        if left > 0 {
            broken.push(format!("{left} events and journal lines of an erased contact are left"));
        }
    }
    for who in people().filter(|who| !world.heard.erased.contains_key(who)) {
        let pings = world.heard.events.values().filter(|event| matches!(event, Event::Ping(of, _) if *of == who)).count();
        let seen = field(world, who, "seen").unwrap_or(0.0);
        if (seen - pings as f64).abs() > 0.1 {
            broken.push(format!("{} sent {pings} pings, and {seen} were counted", user(who)));
        }
    }
}

fn field(world: &World, who: Who, name: &str) -> Option<f64> {
    let engine = world.engine();
    engine.contact(engine.resolve(&user(who))?)?.fields.get(name)?.as_f64()
}

fn by_effect(world: &World) -> BTreeMap<[u8; 20], Vec<Seen>> {
    let mut found: BTreeMap<[u8; 20], Vec<Seen>> = BTreeMap::new();
    for seen in world.provider.seen.lock().unwrap().iter() {
        found.entry(seen.effect).or_default().push(seen.clone());
    }
    found
}

fn attempts_have_a_reason(world: &World, broken: &mut Vec<String>) {
    for attempts in by_effect(world).values() {
        for pair in attempts.windows(2) {
            let [former, later] = pair else { continue };
            if later.bytes != former.bytes {
                broken.push(format!("{} to {}: attempt {} has other bytes than attempt {}", later.message, later.to, later.attempt, former.attempt));
            }
            if later.attempt <= former.attempt {
                broken.push(format!("{} to {}: attempt {} came after attempt {}", later.message, later.to, later.attempt, former.attempt));
            }
            if former.answer == Answer::Taken && former.life == later.life {
                let told = |seen: &Seen| format!("attempt {} at {} in life {}, {:?}", seen.attempt, seen.at.to_rfc3339(), seen.life, seen.answer);
                broken.push(format!("{} to {} was taken, and sent again: {}, then {}", later.message, later.to, told(former), told(later)));
            }
        }
    }
    // One message of a step goes to a person once; those that come again have effects of their own entries.
    let mut welcomes: BTreeMap<(String, String), BTreeSet<[u8; 20]>> = BTreeMap::new();
    for (effect, attempts) in by_effect(world) {
        for seen in attempts.iter().filter(|seen| ["welcome", "reminder", "nudge"].contains(&seen.message.as_str())) {
            welcomes.entry((seen.to.clone(), seen.message.clone())).or_default().insert(effect);
        }
    }
    for ((to, message), effects) in welcomes.into_iter().filter(|(_, effects)| effects.len() > 1) {
        // A device that was somebody before it was named is welcomed at no address, so one welcome an address it is.
        broken.push(format!("{message} went to {to} as {} different effects", effects.len()));
    }
}

fn unsubscribe_wins(world: &World, broken: &mut Vec<String>) {
    for (who, at) in &world.heard.unsubscribed {
        for seen in world.provider.seen.lock().unwrap().iter() {
            if seen.to == address(*who) && !seen.is_transactional && seen.at > *at {
                broken.push(format!("{} to {} left {} min after the unsubscribe", seen.message, seen.to, seen.at.millis_since(*at) / 60_000));
            }
        }
    }
    for (who, at) in &world.heard.erased {
        for seen in world.provider.seen.lock().unwrap().iter() {
            if seen.to == address(*who) && seen.at > *at {
                broken.push(format!("{} to {} left after the erasure", seen.message, seen.to));
            }
        }
    }
}

fn nothing_is_early(world: &World, broken: &mut Vec<String>) {
    let first = |to: &str, message: &str| {
        let seen = world.provider.seen.lock().unwrap();
        seen.iter().find(|seen| seen.to == to && seen.message == message).map(|seen| seen.at)
    };
    for who in people() {
        let to = address(who);
        if let (Some(welcome), Some(reminder)) = (first(&to, "welcome"), first(&to, "reminder"))
            && reminder.millis_since(welcome) < 72 * HOUR_MS - QUICK_MS
        {
            broken.push(format!("the reminder to {to} came {} h after the welcome", reminder.millis_since(welcome) / HOUR_MS));
        }
        if let (Some(reminder), Some(nudge)) = (first(&to, "reminder"), first(&to, "nudge"))
            && nudge.millis_since(reminder) < 48 * HOUR_MS - QUICK_MS
        {
            broken.push(format!("the nudge to {to} came {} h after the reminder", nudge.millis_since(reminder) / HOUR_MS));
        }
    }
}

fn everything_came_to_its_end(world: &World, broken: &mut Vec<String>) {
    let engine = world.engine();
    for campaign in engine.campaigns().unwrap_or_default().iter().filter(|campaign| campaign.inside > 0) {
        broken.push(format!("{} contacts are still in \"{}\"", campaign.inside, campaign.name));
    }
    for row in engine.put_aside() {
        broken.push(format!("{} {} was put aside: {}", row.kind, row.what, row.error));
    }
    broken.extend((engine.now() < world.now()).then(|| format!("the clock stands at {}", engine.now().to_rfc3339())));
    for (uid, contact) in engine.contact_ids(None).into_iter().filter_map(|uid| Some((uid, engine.contact(uid)?))) {
        let name = contact.user_id.or(contact.anonymous_ids.first().cloned()).unwrap_or_else(|| uid.to_text().into());
        let told = |line: &JournalLine| {
            format!("  {} {} {} {} {}", line.at, line.campaign.as_deref().unwrap_or_default(), line.step.as_deref().unwrap_or_default(), line.what, line.why)
        };
        for enrollment in contact.enrollments {
            let wakes = enrollment.wakes_at.unwrap_or_else(|| "never".to_owned());
            let (status, step, campaign, since) = (enrollment.status, enrollment.step, enrollment.campaign, enrollment.since);
            broken.push(format!("{name} is {status} at {step} of {campaign} since {since}, until {wakes}"));
            broken.extend(engine.journal(uid).unwrap_or_default().iter().map(told));
        }
    }
    let filter = OutboxFilter { contact: None, campaign: None, status: None, page: PageRequest::ALL };
    let rows = world.reader().and_then(|reader| reader.outbox(&filter).ok()).unwrap_or_default();
    for (_, row) in rows.iter().filter(|(_, row)| row.state.status.is_open()) {
        broken.push(format!("a message stays {}: {:?} to {}", row.state.status.word(), row.message, row.recipient()));
    }
}

/// What a history came to, person by person: facts, memberships, and what campaigns did; without the way there.
pub fn outcome(world: &World) -> Vec<String> {
    let engine = world.engine();
    let mut lines = Vec::new();
    for who in people().filter(|who| !world.heard.erased.contains_key(who)) {
        let Some(uid) = engine.resolve(&user(who)) else { continue };
        let Some(contact) = engine.contact(uid) else { continue };
        lines.push(format!("{} points {} tags {:?} in {:?} seen {:?}", user(who), contact.points, contact.tags, contact.segments, contact.fields.get("seen")));
        let mut journal: Vec<String> = engine
            .journal(uid)
            .unwrap_or_default()
            .into_iter()
            .filter(|line| !OF_THE_WAY.contains(&line.what.as_str()))
            .map(|line| format!("{} {} / {} / {}", user(who), line.campaign.unwrap_or_default(), line.step.unwrap_or_default(), line.what))
            .collect();
        journal.sort();
        lines.extend(journal);
    }
    lines
}

/// Everything the provider saw, in one text: two runs of one seed must agree on it.
pub fn transcript(world: &World) -> String {
    let mut seen: Vec<String> = world
        .provider
        .seen
        .lock()
        .unwrap()
        .iter()
        .map(|seen| format!("{} {} {} {} {}", seen.at.0, seen.message, seen.to, seen.attempt, data(&seen.effect)))
        .collect();
    seen.sort();
    format!("{}\n{}", outcome(world).join("\n"), seen.join("\n"))
}

fn data(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first differences of two outcomes.
pub fn differences(disturbed: &[String], undisturbed: &[String]) -> Vec<String> {
    let count = |lines: &[String]| {
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for line in lines {
            *counts.entry(line.clone()).or_default() += 1;
        }
        counts
    };
    let (disturbed, undisturbed) = (count(disturbed), count(undisturbed));
    let keys: BTreeSet<&String> = disturbed.keys().chain(undisturbed.keys()).collect();
    keys.into_iter()
        .filter_map(|key| {
            let (with, without) = (disturbed.get(key).unwrap_or(&0), undisturbed.get(key).unwrap_or(&0));
            (with != without).then(|| format!("{with} times with faults, {without} without: {key}"))
        })
        .collect()
}
