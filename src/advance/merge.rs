//! Two contacts turn out to be one person: history unites, the stricter consent holds, no message comes twice.

use super::Switches;
use super::context::Context;
use super::outcome::{Outcome, What};
use crate::bytecode::{Channel, SegmentId};
use crate::lang::Instant;
use crate::machine::state::{ConsentState, ContactState, Enrollment};
use crate::machine::{Evaluator, Linked};
use std::sync::Arc;

/// Merges `loser` into `winner`. Of each field the winner's value holds where it has one. Memberships are asked once, afterwards;
/// entering by a merge is an edge like any other.
#[must_use]
pub fn merge(linked: &Linked, switches: &Switches, (winner, loser): (&mut ContactState, &ContactState), now: Instant) -> Outcome {
    let mut evaluator = Evaluator::default();
    unite_facts(winner, loser);
    unite_consent(winner, loser);
    winner.history.unite(&loser.history);
    winner.sends.extend(loser.sends.iter().cloned());
    winner.sends.sort_by_key(|send| send.at);
    unite_enrollments(winner, loser);
    winner.next_seq = winner.next_seq.max(loser.next_seq);
    let mut context = Context::new(linked, switches, winner, now);
    context.set_cause(Arc::from("merge"));
    context.note_contact(What::Merged, format!("with {}", loser.uid.to_text()));
    for segment in 0..linked.program.segments.len() {
        context.refresh_segment(&mut evaluator, SegmentId::from_index(segment), &[]);
    }
    context.is_forced = true;
    context.settle(&mut evaluator);
    context.finish(&mut evaluator)
}

fn unite_facts(winner: &mut ContactState, loser: &ContactState) {
    winner.created_at = winner.created_at.min(loser.created_at);
    winner.accepted_at = winner.accepted_at.min(loser.accepted_at);
    winner.last_seen_at = winner.last_seen_at.max(loser.last_seen_at);
    winner.user_id = winner.user_id.clone().or_else(|| loser.user_id.clone());
    for id in &loser.anonymous_ids {
        if !winner.anonymous_ids.contains(id) {
            winner.anonymous_ids.push(id.clone());
        }
    }
    for (field, value) in loser.fields.iter() {
        if !winner.fields.get(field).is_some_and(crate::lang::Value::is_set) {
            winner.fields.insert(*field, value.clone());
        }
    }
    for (name, value) in &loser.traits {
        winner.traits.entry(name.clone()).or_insert_with(|| value.clone());
    }
    for tag in &loser.tags {
        if let Err(at) = winner.tags.binary_search(tag) {
            winner.tags.insert(at, tag.clone());
        }
    }
    winner.muted_until = winner.muted_until.max(loser.muted_until);
    for device in &loser.devices {
        if !winner.devices.contains(device) {
            winner.devices.insert(0, device.clone());
        }
    }
    for list in &loser.lists {
        if let Err(at) = winner.lists.binary_search(list) {
            winner.lists.insert(at, *list);
        }
    }
    for (group, points) in loser.points.iter() {
        *winner.points.entry(*group) += points;
    }
    for (line, fade) in loser.fades.iter() {
        // Of two rhythms the older goes on.
        match winner.fades.get_mut(line) {
            Some(mine) if mine.since <= fade.since => {}
            Some(mine) => *mine = *fade,
            None => {
                winner.fades.insert(*line, *fade);
            }
        }
    }
    for (rule, theirs) in loser.rule_uses.iter() {
        let mine = winner.rule_uses.entry(*rule);
        mine.last = mine.last.max(theirs.last);
        mine.campaigns.extend(theirs.campaigns.iter().copied());
    }
    for (segment, is_in) in loser.segment_overrides.iter() {
        if !winner.segment_overrides.contains(segment) {
            winner.segment_overrides.insert(*segment, *is_in);
        }
    }
}

fn unite_consent(winner: &mut ContactState, loser: &ContactState) {
    for channel in [Channel::Email, Channel::Sms, Channel::Push] {
        let stricter = stricter(winner.consent.channel(channel), loser.consent.channel(channel));
        *winner.consent.channel_mut(channel) = stricter;
    }
    for (topic, theirs) in loser.consent.topics.iter() {
        let mine = winner.consent.topic(*topic);
        winner.consent.topics.insert(*topic, stricter(mine, *theirs));
    }
    winner.consent.suppressed.extend(loser.consent.suppressed.iter().copied());
}

/// A withdrawal beats a record, a record beats none.
fn stricter(a: ConsentState, b: ConsentState) -> ConsentState {
    let rank = |state: ConsentState| match state {
        ConsentState::None => 0,
        ConsentState::Given => 1,
        ConsentState::Pending => 2,
        ConsentState::Withdrawn => 3,
    };
    if rank(a) >= rank(b) { a } else { b }
}

/// Of each campaign the further-advanced enrollment survives with its identity; of two that are equal, the older.
fn unite_enrollments(winner: &mut ContactState, loser: &ContactState) {
    let advanced = |enrollment: &Enrollment| enrollment.executed.len();
    for theirs in &loser.enrollments {
        match winner.enrollments.iter_mut().find(|mine| mine.campaign == theirs.campaign && mine.key == theirs.key) {
            Some(mine) => {
                let is_further = advanced(theirs) > advanced(mine) || (advanced(theirs) == advanced(mine) && theirs.started < mine.started);
                if is_further {
                    *mine = theirs.clone();
                }
            }
            None => winner.enrollments.push(theirs.clone()),
        }
    }
    winner.enrollments.sort_by_key(|enrollment| enrollment.started);
    for (campaign, theirs) in loser.past.iter() {
        let mine = winner.past.entry(*campaign);
        mine.entries = mine.entries.max(theirs.entries);
        mine.each.extend(theirs.each.iter().copied());
        mine.each.sort_unstable();
        mine.each.dedup();
        if theirs.ended > mine.ended {
            mine.ended = theirs.ended;
            mine.end = theirs.end.clone();
        }
    }
}
