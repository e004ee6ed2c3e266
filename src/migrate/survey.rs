//! One look at every contact: who stands where, what would happen at once, which values fit. Everything that counts is counted here.

use super::captured::{Readers, converts};
use super::landing::{Crossing, Landing, land};
use super::mapping::{Fate, How};
use super::planning::Question;
use crate::advance::{Bringing, What, lost, redeploy};
use crate::base::Code;
use crate::bytecode::{CampaignId, FieldId, SegmentId, StepId};
use crate::lang::Instant;
use crate::machine::state::{AsideKind, ContactState, Enrollment, SendStatus, StableId, StandingKind, StepUid};
use crate::machine::{Evaluator, View, stable, zone_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// At each standing place the move is tried on so many contacts.
const TRIED: u64 = 1_000;

/// Who finishes on an older version for longer is told of: ninety days.
const LONG_MS: i64 = 90 * 86_400_000;

/// A step and how many stand there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    pub here: u64,
    pub tried: u64,
    pub due: u64,
}

impl Counted {
    /// How many of all become due at once, as far as those who were tried show it.
    pub fn due_at_once(&self) -> u64 {
        if self.tried == 0 { 0 } else { u64::try_from(u128::from(self.due) * u128::from(self.here) / u128::from(self.tried)).unwrap_or(u64::MAX) }
    }
}

/// All that was counted.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub contacts: u64,
    /// Contacts inside, by stable campaign.
    pub inside: FxHashMap<StableId, u64>,
    /// Of them those whom an earlier deploy has not put aside already.
    pub bound: FxHashMap<StableId, u64>,
    /// By standing step of the running program.
    pub steps: FxHashMap<StepUid, Counted>,
    /// By campaign and phrase of the exit: those who end at once, of those tried, and how many were tried.
    pub exits: BTreeMap<StableId, BTreeMap<String, u64>>,
    pub tried: FxHashMap<StableId, u64>,
    /// By campaign: those of them whom the deploy would strand, though their step is there.
    pub stranded: FxHashMap<StableId, u64>,
    /// Contacts whose branches do not go together, by campaign and the step they stand at.
    pub apart: BTreeMap<(StableId, StepId), u64>,
    /// Contacts at a step that is there, but at a place of it that is not, by campaign and step.
    pub placeless: BTreeMap<(StableId, StepId), u64>,
    /// Contacts at a step of the new program who lack what is read from there on.
    pub lacking: BTreeMap<(StableId, StepId, String), u64>,
    /// Contacts inside who have had the message of a send, by the send's step.
    pub had: FxHashMap<StepUid, u64>,
    /// By segment of the new program: who comes in, who goes out.
    pub segments: BTreeMap<usize, (u64, u64)>,
    /// By step of an older version: enrollments that an earlier deploy has put aside there.
    pub aside: FxHashMap<StepUid, u64>,
    /// By campaign: enrollments that have been finishing on an older version for long, and since when the first.
    pub lingering: BTreeMap<StableId, (u64, Instant)>,
    /// By field of the new program: values, and those that do not fit.
    pub fields: BTreeMap<usize, (u64, u64)>,
}

/// What is looked at, worked out once.
pub(super) struct Surveyor<'s> {
    pub crossing: Crossing<'s>,
    pub question: &'s Question<'s>,
    /// Campaigns that change, by stable id.
    pub changed: FxHashSet<StableId>,
    /// Segments whose members may change.
    pub segments: Vec<SegmentId>,
    /// Fields whose type changes.
    pub fields: Vec<FieldId>,
    pub readers: FxHashMap<StableId, Readers<'s>>,
    /// The standing places of the new program.
    pub places: FxHashSet<(StepId, u16)>,
    pub survey: Survey,
    pub evaluator: Evaluator,
}

impl Surveyor<'_> {
    /// Looks at one contact.
    pub fn look(&mut self, state: &ContactState) {
        self.survey.contacts += 1;
        self.segments(state);
        self.fields(state);
        self.lingering(state);
        self.aside(state);
        count(&mut self.survey.inside, state.enrollments.iter());
        count(&mut self.survey.bound, state.enrollments.iter().filter(|enrollment| is_bound(state, enrollment)));
        let mut here: Vec<StepUid> = Vec::new();
        let changing: Vec<&Enrollment> = self.changing(state).collect();
        for enrollment in changing {
            self.enrollment(enrollment);
            let threads = enrollment.threads.iter().filter(|thread| enrollment.gathering.is_none() && !stands_still(&thread.standing.kind));
            here.extend(threads.map(|thread| thread.standing.step));
        }
        if here.is_empty() {
            return;
        }
        here.sort_unstable();
        here.dedup();
        self.sends(state);
        here.iter().for_each(|step| self.survey.steps.entry(*step).or_default().here += 1);
        let is_enough =
            |step: &StepUid| self.question.depth == super::planning::Depth::Sample && self.survey.steps.get(step).is_some_and(|counted| counted.tried >= TRIED);
        if !here.iter().all(is_enough) {
            self.attempt(state);
        }
    }

    /// The enrollments that the deploy concerns.
    fn changing<'e>(&self, state: &'e ContactState) -> impl Iterator<Item = &'e Enrollment> + use<'e, '_> {
        state.enrollments.iter().filter(|enrollment| self.changed.contains(&enrollment.campaign) && is_bound(state, enrollment))
    }

    /// Who stands where an earlier deploy has put them aside.
    fn aside(&mut self, state: &ContactState) {
        for enrollment in state.enrollments.iter().filter(|enrollment| !is_bound(state, enrollment)) {
            let mut steps: Vec<StepUid> = enrollment.threads.iter().map(|thread| thread.standing.step).collect();
            steps.sort_unstable();
            steps.dedup();
            steps.into_iter().for_each(|step| *self.survey.aside.entry(step).or_default() += 1);
        }
    }

    /// Who has been finishing on an older version for long.
    fn lingering(&mut self, state: &ContactState) {
        for (uid, aside) in state.asides.iter().filter(|(_, aside)| aside.kind == AsideKind::Finishing) {
            let is_long = self.question.now.millis_since(aside.since) > LONG_MS;
            if let Some(enrollment) = state.enrollments.iter().find(|known| is_long && known.uid == *uid) {
                let counted = self.survey.lingering.entry(enrollment.campaign).or_insert((0, aside.since));
                *counted = (counted.0 + 1, counted.1.min(aside.since));
            }
        }
    }

    /// What concerns one enrollment alone.
    fn enrollment(&mut self, enrollment: &Enrollment) {
        if enrollment.threads.len() > 1 {
            for (thread, landing) in enrollment.threads.iter().zip(land(&self.crossing, enrollment)) {
                if landing == Landing::Nowhere(Code::E2104)
                    && let Some(step) = self.crossing.running.step(thread.standing.step)
                {
                    *self.survey.apart.entry((enrollment.campaign, step)).or_default() += 1;
                }
            }
        }
        if enrollment.gathering.is_some() {
            return;
        }
        for thread in &enrollment.threads {
            let Some(step) = self.crossing.running.step(thread.standing.step) else { continue };
            if let Fate::Mapped { to, how } = self.crossing.mapping.fate(step)
                && *how != How::Rule
                && !self.places.contains(&(*to, thread.standing.ordinal))
            {
                *self.survey.placeless.entry((enrollment.campaign, step)).or_default() += 1;
            }
        }
        let Some(readers) = self.readers.get_mut(&enrollment.campaign).filter(|readers| !readers.is_idle()) else { return };
        for thread in &enrollment.threads {
            let fate = self.crossing.running.step(thread.standing.step).map(|step| self.crossing.mapping.fate(step));
            let Some(to) = fate.and_then(Fate::target) else { continue };
            for name in readers.lacking(enrollment, to) {
                *self.survey.lacking.entry((enrollment.campaign, to, name.clone())).or_default() += 1;
            }
        }
    }

    /// Which sends those inside have had.
    fn sends(&mut self, state: &ContactState) {
        let mut had: Vec<StepUid> = Vec::new();
        for send in state.sends.iter().filter(|send| self.changed.contains(&send.campaign)) {
            let is_inside = state.enrollments.iter().any(|enrollment| enrollment.uid == send.enrollment);
            let is_out = match send.status {
                SendStatus::Sent => true,
                SendStatus::Held | SendStatus::Skipped(_) | SendStatus::Failed(_) | SendStatus::Cancelled(_) => false,
            };
            if is_inside && is_out {
                had.push(send.step);
            }
        }
        had.sort_unstable();
        had.dedup();
        had.into_iter().for_each(|step| *self.survey.had.entry(step).or_default() += 1);
    }

    /// Moves a copy of the contact, and looks at what is different then.
    fn attempt(&mut self, state: &ContactState) {
        let (mut moved, mut bringing) = (state.clone(), Bringing::default());
        let now = self.question.now;
        let outcome = redeploy(self.crossing.next, self.question.switches, (&mut moved, &mut bringing), now);
        let changing: Vec<&Enrollment> = self.changing(state).filter(|enrollment| enrollment.gathering.is_none()).collect();
        for enrollment in changing {
            *self.survey.tried.entry(enrollment.campaign).or_default() += 1;
            let exit = outcome.journal.iter().find(|entry| entry.enrollment == Some(enrollment.uid) && entry.what == What::Exited);
            if let Some(exit) = exit {
                *self.survey.exits.entry(enrollment.campaign).or_default().entry(exit.why.to_string()).or_default() += 1;
            }
            let is_stranded = moved.is_stranded(enrollment.uid) && lost(self.crossing.next, enrollment).is_none();
            *self.survey.stranded.entry(enrollment.campaign).or_default() += u64::from(is_stranded);
            let after = moved.enrollments.iter().find(|known| known.uid == enrollment.uid);
            for thread in &enrollment.threads {
                let is_due = match after.map(|after| after.thread(thread.id)) {
                    Some(Some(later)) => {
                        !self.is_there(thread.standing.step, later.standing.step) || is_newly_due(thread.standing.due, later.standing.due, now)
                    }
                    // It has gone on to its end, or ended by an exit, which is another matter.
                    Some(None) => true,
                    None => exit.is_none() && !outcome.journal.iter().any(|entry| entry.enrollment == Some(enrollment.uid) && entry.what == What::Stopped),
                };
                let is_held = matches!(thread.standing.kind, StandingKind::Held { .. } | StandingKind::Stranded | StandingKind::Faulted { .. });
                let counted = self.survey.steps.entry(thread.standing.step).or_default();
                counted.tried += 1;
                counted.due += u64::from(is_due && !is_held);
            }
        }
    }

    /// Whether one who stood at a step of the running program stands where that is in the new one.
    fn is_there(&self, before: StepUid, after: StepUid) -> bool {
        let to = self.crossing.running.step(before).and_then(|step| self.crossing.mapping.fate(step).target());
        let place = to.and_then(|to| self.crossing.next.deployment.steps.get(to.index()));
        before == after || place == Some(&after)
    }

    /// Who would come into a segment, and who would go out.
    fn segments(&mut self, state: &ContactState) {
        if self.segments.is_empty() {
            return;
        }
        let next = self.crossing.next;
        let mut shown = state.clone();
        let zone = zone_of(next, state);
        for segment in &self.segments {
            let Some(def) = next.program.segments.get(segment.index()) else { continue };
            let id = stable(&next.deployment.segments, segment.index());
            let view = View { linked: next, state: &shown, zone: &zone, now: self.question.now, as_of: None, enrollment: None, frames: &[], event: None };
            let by_predicate = self.evaluator.is_true(&view, def.predicate);
            let is_in = state.segment_overrides.get(&id).copied().unwrap_or(by_predicate);
            let was_in = state.segments.contains(&id);
            let counted = self.survey.segments.entry(segment.index()).or_default();
            match (was_in, is_in) {
                (false, true) => {
                    counted.0 += 1;
                    // Segments that read this one look at the new members.
                    shown.segments.insert(id, crate::machine::state::Membership { since: self.question.now });
                }
                (true, false) => {
                    counted.1 += 1;
                    shown.segments.remove(&id);
                }
                (true, true) | (false, false) => {}
            }
        }
    }

    /// Which stored values fit the new types.
    fn fields(&mut self, state: &ContactState) {
        let next = self.crossing.next;
        for field in &self.fields {
            let Some(def) = next.program.fields.get(field.index()) else { continue };
            let Some(value) = state.fields.get(&stable(&next.deployment.fields, field.index())).filter(|value| value.is_set()) else { continue };
            let counted = self.survey.fields.entry(field.index()).or_default();
            counted.0 += 1;
            counted.1 += u64::from(!converts(value, &def.ty, &next.zone));
        }
    }
}

fn is_newly_due(before: Option<Instant>, after: Option<Instant>, now: Instant) -> bool {
    after.is_some_and(|due| due <= now) && before.is_none_or(|due| due > now)
}

/// The campaigns of the new program with those that they carry on.
pub(super) fn campaign_pairs(crossing: &Crossing<'_>) -> Vec<(CampaignId, CampaignId)> {
    let mapped = crossing.mapping.campaigns.iter().enumerate();
    mapped.filter_map(|(at, mapping)| Some((CampaignId::from_index(at), mapping.to?))).collect()
}

/// Whether an enrollment goes by the running program: what an earlier deploy has put aside finishes on its own, or is stranded already.
fn is_bound(state: &ContactState, enrollment: &Enrollment) -> bool {
    state.aside(enrollment.uid).is_none_or(|aside| aside.kind == AsideKind::Resting)
}

/// Counts the contact once for each campaign.
fn count<'e>(counts: &mut FxHashMap<StableId, u64>, enrollments: impl Iterator<Item = &'e Enrollment>) {
    let mut campaigns: Vec<StableId> = enrollments.map(|enrollment| enrollment.campaign).collect();
    campaigns.sort_unstable();
    campaigns.dedup();
    campaigns.iter().for_each(|campaign| *counts.entry(*campaign).or_default() += 1);
}

/// Nothing goes on for such a line until an operator or a deploy settles it.
fn stands_still(kind: &StandingKind) -> bool {
    matches!(kind, StandingKind::Stranded | StandingKind::Faulted { .. })
}
