//! Two contacts turn out to be one person: history unites, the stricter consent holds, no message comes twice.

use super::Switches;
use super::addresses::{AddressNote, address_field};
use super::context::{Context, HappeningKind};
use super::outcome::{JournalEntry, Outcome, What};
use crate::bytecode::{Channel, Fact, FieldId, GroupId, Reenter, SegmentId};
use crate::lang::{Instant, Value};
use crate::machine::state::{ConsentState, ContactState, Enrollment, EnrollmentUid, Frame, SendRecord, SendStatus, SortedMap, StableId, StepUid, Suppression};
use crate::machine::{Evaluator, Linked, builtin_text, passes_of, stable};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An enrollment that went up in another one of the same campaign.
struct Absorbed {
    enrollment: Enrollment,
    /// The one that goes on; none: the person has been through the campaign, and it lets nobody come again.
    into: Option<EnrollmentUid>,
}

/// Merges `loser` into `winner`. Of each field the winner's value holds where it has one. Memberships are asked once, afterwards;
/// a membership that neither had is entered, and points that neither had are reached, by an edge like any other.
#[must_use]
pub fn merge(linked: &Linked, switches: &Switches, (winner, loser): (&mut ContactState, &ContactState), now: Instant) -> Outcome {
    let mut evaluator = Evaluator::default();
    let mut loser = loser.clone();
    renumber(winner, &mut loser);
    let points_before = most_points(winner, &loser);
    let fields_before = winner.fields.clone();
    unite_facts(winner, &loser);
    let left = unite_consent(linked, winner, &loser);
    winner.history.unite(&loser.history);
    winner.sends.extend(loser.sends.iter().cloned());
    winner.sends.sort_by_key(|send| (send.at, send.seq));
    let absorbed = unite_enrollments(linked, winner, &loser);
    loser.asides.iter().for_each(|(uid, aside)| drop(winner.asides.insert(*uid, aside.clone())));
    unite_plans(winner, &loser);
    let mut context = Context::new(linked, switches, winner, now);
    context.out.addresses = left;
    context.set_cause(Arc::from("merge"));
    context.note_contact(What::Merged, format!("with {}", loser.uid.to_text()));
    absorbed.iter().for_each(|absorbed| context.absorb(absorbed));
    for segment in 0..linked.program.segments.len() {
        context.refresh_segment(&mut evaluator, SegmentId::from_index(segment), &[]);
    }
    context.tell_points(&points_before);
    context.follow_fields(&fields_before, &loser);
    context.is_forced = true;
    context.settle(&mut evaluator);
    context.finish(&mut evaluator)
}

impl Context<'_> {
    /// What an enrollment held is taken back; what it has sent counts as the other's.
    fn absorb(&mut self, Absorbed { enrollment, into }: &Absorbed) {
        let of_it = |send: &&mut crate::machine::state::SendRecord| send.enrollment == enrollment.uid;
        let mut held = Vec::new();
        for send in self.state.sends.iter_mut().filter(of_it) {
            send.enrollment = into.unwrap_or(enrollment.uid);
            if send.status == SendStatus::Held {
                held.push(send.effect);
            }
        }
        for effect in held {
            self.cancel_send(effect, "merged");
        }
        let cause = self.cause.clone();
        let why = if into.is_some() { "the other enrollment is further on" } else { "the person has been through the campaign" };
        let (campaign, why) = (Some(enrollment.campaign), Arc::from(why));
        self.write(JournalEntry { at: self.now, campaign, enrollment: Some(enrollment.uid), step: None, what: What::Merged, why, cause });
    }

    /// What waits for a date, a window or a clock follows the facts that are the person's now, whosever it was.
    fn follow_fields(&mut self, before: &SortedMap<StableId, Value>, loser: &ContactState) {
        for index in 0..self.linked.program.fields.len() {
            let id = stable(&self.linked.deployment.fields, index);
            let now = self.state.fields.get(&id);
            if before.get(&id) != now || loser.fields.get(&id) != now {
                self.dirty.push(Fact::Field(FieldId::from_index(index)));
            }
        }
    }

    /// Points that neither of the two had are an upward crossing.
    fn tell_points(&mut self, before: &SortedMap<StableId, f64>) {
        for index in 0..self.linked.program.groups.len() {
            let id = stable(&self.linked.deployment.groups, index);
            let (old, new) = (before.get(&id).copied().unwrap_or(0.0), self.state.points.get(&id).copied().unwrap_or(0.0));
            if new > old {
                self.happen(HappeningKind::Points { group: GroupId::from_index(index), old, new });
            }
        }
    }
}

fn most_points(winner: &ContactState, loser: &ContactState) -> SortedMap<StableId, f64> {
    let mut most = winner.points.clone();
    for (group, points) in loser.points.iter() {
        let mine = most.entry(*group);
        *mine = mine.max(*points);
    }
    most
}

/// The two contacts' orders become one: by the times of what happened, each contact's own order kept.
fn renumber(winner: &mut ContactState, loser: &mut ContactState) {
    let (mine, theirs) = (marks(winner), marks(loser));
    let mut all: Vec<(Instant, u8, u64)> = mine.into_iter().map(|(seq, at)| (at, 0, seq)).chain(theirs.into_iter().map(|(seq, at)| (at, 1, seq))).collect();
    all.sort_unstable();
    let mut numbers: [BTreeMap<u64, u64>; 2] = [BTreeMap::new(), BTreeMap::new()];
    let mut next = 0;
    for (_, whose, seq) in all {
        next += 1;
        if let Some(map) = numbers.get_mut(usize::from(whose)) {
            map.insert(seq, next);
        }
    }
    let [mine, theirs] = numbers;
    apply_numbers(winner, &mine);
    apply_numbers(loser, &theirs);
    winner.next_seq = next + 1;
}

/// The numbers that a contact's memory uses, each with a time that never runs backwards.
fn marks(state: &ContactState) -> BTreeMap<u64, Instant> {
    let mut marks: BTreeMap<u64, Instant> = BTreeMap::new();
    let mut mark = |seq: u64, at: Instant| {
        let known = marks.entry(seq).or_insert(at);
        *known = (*known).max(at);
    };
    for (_, entries) in state.history.iter() {
        entries.iter().for_each(|entry| mark(entry.seq, entry.happened));
    }
    state.sends.iter().for_each(|send| mark(send.seq, send.at));
    state.ties.iter().for_each(|tie| mark(tie.seq, tie.at));
    for enrollment in state.enrollments.iter().chain(&state.ended) {
        mark(enrollment.started_seq, enrollment.started);
        for frame in enrollment.threads.iter().flat_map(|thread| &thread.frames) {
            if let Frame::Pass { started, started_seq, .. } = frame {
                mark(*started_seq, *started);
            }
        }
    }
    let mut latest = Instant::FAR_PAST;
    for at in marks.values_mut() {
        latest = latest.max(*at);
        *at = latest;
    }
    marks
}

fn apply_numbers(state: &mut ContactState, numbers: &BTreeMap<u64, u64>) {
    let renumber = |seq: &mut u64| *seq = numbers.get(seq).copied().unwrap_or(*seq);
    state.history.entries_mut().for_each(|entry| renumber(&mut entry.seq));
    for frame in state.sends.iter_mut().flat_map(|send| &mut send.frames) {
        renumber_frame(frame, &renumber);
    }
    state.sends.iter_mut().for_each(|send| renumber(&mut send.seq));
    state.ties.iter_mut().for_each(|tie| renumber(&mut tie.seq));
    for enrollment in state.enrollments.iter_mut().chain(&mut state.ended) {
        renumber(&mut enrollment.started_seq);
        enrollment.threads.iter_mut().flat_map(|thread| &mut thread.frames).for_each(|frame| renumber_frame(frame, &renumber));
    }
}

fn renumber_frame(frame: &mut Frame, renumber: &impl Fn(&mut u64)) {
    if let Frame::Pass { started_seq, .. } = frame {
        renumber(started_seq);
    }
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
    unite_points(winner, loser);
    for (segment, is_in) in loser.segment_overrides.iter() {
        if !winner.segment_overrides.contains(segment) {
            winner.segment_overrides.insert(*segment, *is_in);
        }
    }
    // The person has been in where either was: staying in is no entering.
    for (segment, theirs) in loser.segments.iter() {
        let since = winner.segments.get(segment).map_or(theirs.since, |mine| mine.since.min(theirs.since));
        winner.segments.insert(*segment, crate::machine::state::Membership { since });
    }
}

fn unite_points(winner: &mut ContactState, loser: &ContactState) {
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
    for (step, part) in loser.experiments.iter() {
        if !winner.experiments.contains(step) {
            winner.experiments.insert(*step, part.clone());
        }
    }
}

/// The stricter consent holds. A bounce goes with its address: returns the addresses that bounced and are nobody's now.
fn unite_consent(linked: &Linked, winner: &mut ContactState, loser: &ContactState) -> Vec<AddressNote> {
    for channel in [Channel::Email, Channel::Sms, Channel::Push] {
        let stricter = stricter(winner.consent.channel(channel), loser.consent.channel(channel));
        *winner.consent.channel_mut(channel) = stricter;
    }
    for (topic, theirs) in loser.consent.topics.iter() {
        let mine = winner.consent.topic(*topic);
        winner.consent.topics.insert(*topic, stricter(mine, *theirs));
    }
    let mut left = Vec::new();
    for (channel, reason, since) in &loser.consent.suppressed {
        let address = |state: &ContactState| address_field(*channel).and_then(|field| builtin_text(linked, state, field));
        match address(loser) {
            Some(bounced) if *reason == Suppression::HardBounce && address(winner).as_ref() != Some(&bounced) => {
                left.push(AddressNote::Left(*channel, bounced));
            }
            Some(_) | None => winner.consent.suppressed.push((*channel, *reason, *since)),
        }
    }
    left
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

/// Whether a campaign takes a person once.
fn is_once(linked: &Linked, campaign: StableId) -> bool {
    let def = linked.campaign(campaign).and_then(|id| linked.program.campaigns.get(id.index()));
    def.is_some_and(|def| matches!(def.reenter, Reenter::Never))
}

/// Whether one has been through a campaign.
fn has_ended(state: &ContactState, campaign: StableId) -> bool {
    state.past.get(&campaign).is_some_and(|past| past.ended.is_some())
}

/// Of each campaign the further-advanced enrollment survives with its identity; of two that are equal, the older. One that has ended is
/// further than any that goes on.
fn unite_enrollments(linked: &Linked, winner: &mut ContactState, loser: &ContactState) -> Vec<Absorbed> {
    let mut absorbed = Vec::new();
    let once: Vec<StableId> = loser.past.iter().map(|(campaign, _)| *campaign).filter(|campaign| is_once(linked, *campaign)).collect();
    for campaign in once.into_iter().filter(|campaign| has_ended(loser, *campaign)) {
        // What the other has had does not come again.
        let sends = &winner.sends;
        for mine in winner.enrollments.iter_mut().filter(|mine| mine.campaign == campaign) {
            let theirs = loser.sends.iter().filter(|send| send.campaign == campaign && is_sent(&send.status));
            mine.done_elsewhere.extend(sent_besides(theirs, sends.iter().filter(|send| send.enrollment == mine.uid)));
        }
    }
    for theirs in &loser.enrollments {
        let Some(at) = winner.enrollments.iter().position(|mine| mine.campaign == theirs.campaign && mine.key == theirs.key) else {
            if is_once(linked, theirs.campaign) && has_ended(winner, theirs.campaign) {
                absorbed.push(Absorbed { enrollment: theirs.clone(), into: None });
            } else {
                winner.enrollments.push(theirs.clone());
            }
            continue;
        };
        let mine = winner.enrollments.remove(at);
        let is_further = (theirs.executed.len(), mine.started) > (mine.executed.len(), theirs.started);
        let (mut survivor, gone) = if is_further { (theirs.clone(), mine) } else { (mine, theirs.clone()) };
        super::gather::unite_gatherings(&mut survivor, &gone);
        let of = |uid: EnrollmentUid| winner.sends.iter().filter(move |send| send.enrollment == uid && is_sent(&send.status));
        survivor.done_elsewhere.extend(sent_besides(of(gone.uid), of(survivor.uid)));
        let goals_twice = unite_goals(&mut survivor, &gone);
        let past = winner.past.entry(survivor.campaign);
        for goal in goals_twice {
            // Both had counted it; it is one enrollment now.
            let times = past.goals.entry(goal);
            *times = times.saturating_sub(1);
        }
        absorbed.push(Absorbed { into: Some(survivor.uid), enrollment: gone });
        winner.enrollments.insert(at, survivor);
    }
    winner.enrollments.sort_by_key(|enrollment| enrollment.started);
    winner.ended.extend(loser.ended.iter().cloned());
    for (campaign, theirs) in loser.past.iter() {
        let mine = winner.past.entry(*campaign);
        // Both have come in: the next one is another still.
        mine.entries = mine.entries.saturating_add(theirs.entries);
        mine.held_out.entries = mine.held_out.entries.saturating_add(theirs.held_out.entries);
        mine.each.extend(theirs.each.iter().copied());
        mine.each.sort_unstable();
        mine.each.dedup();
        for (goal, times) in theirs.goals.iter() {
            let mine = mine.goals.entry(goal.clone());
            *mine = mine.saturating_add(*times);
        }
        for (goal, times) in theirs.held_out.goals.iter() {
            let mine = mine.held_out.goals.entry(goal.clone());
            *mine = mine.saturating_add(*times);
        }
        if theirs.ended > mine.ended {
            mine.ended = theirs.ended;
            mine.end = theirs.end.clone();
        }
    }
    absorbed
}

/// What has left of theirs and not of mine: of a loop, what a pass has sent is another message than what the next one sends.
fn sent_besides<'a>(theirs: impl Iterator<Item = &'a SendRecord>, mine: impl Iterator<Item = &'a SendRecord>) -> Vec<StepUid> {
    let mine: Vec<&SendRecord> = mine.collect();
    let is_mine = |send: &SendRecord| mine.iter().any(|own| own.step == send.step && passes_of(&own.frames) == passes_of(&send.frames));
    theirs.filter(|send| !is_mine(send)).map(|send| send.step).collect()
}

fn is_sent(status: &SendStatus) -> bool {
    matches!(status, SendStatus::Sent | SendStatus::Failed(_))
}

/// The goals of both; returns those that both have reached.
fn unite_goals(survivor: &mut Enrollment, gone: &Enrollment) -> Vec<Arc<str>> {
    let mut twice = Vec::new();
    for (goal, at) in &gone.goals {
        if survivor.goals.iter().any(|(known, _)| known == goal) {
            twice.push(goal.clone());
        } else {
            survivor.goals.push((goal.clone(), *at));
        }
    }
    survivor.entered = survivor.entered.min(gone.entered);
    twice
}

/// What is still to come for either comes for the one.
fn unite_plans(winner: &mut ContactState, loser: &ContactState) {
    winner.missed.extend(loser.missed.iter().cloned());
    winner.missed.sort_by_key(|missed| missed.at);
    winner.ties.extend(loser.ties.iter().copied());
    for (line, existing) in loser.existing.iter() {
        if !winner.existing.contains(line) {
            winner.existing.insert(*line, *existing);
        }
    }
    // What either has had does not come again.
    winner.broadcasts_until = winner.broadcasts_until.max(loser.broadcasts_until);
    winner.dates_until = winner.dates_until.max(loser.dates_until);
}
