//! What is counted. Every count is a sum, so that the counts of several threads add up to the same, in whichever order.

use super::run::Scene;
use crate::advance::{JournalEntry, What};
use crate::bytecode::{CampaignId, Channel, MessageEvent, MessageId, SegmentId, StepId};
use crate::lang::Instant;
use crate::machine::state::ContactState;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// How many messages a contact gets are told apart up to here.
pub(super) const MANY: usize = 30;
const HOUR_MS: i64 = 3_600_000;

/// Counts by a word.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Words(Vec<(Arc<str>, u64)>);

impl Words {
    /// Counts a word.
    pub fn add(&mut self, word: &Arc<str>) {
        self.add_many(word, 1);
    }
    fn add_many(&mut self, word: &Arc<str>, count: u64) {
        match self.0.iter_mut().find(|(known, _)| Arc::ptr_eq(known, word) || known == word) {
            Some((_, known)) => *known += count,
            None => self.0.push((word.clone(), count)),
        }
    }
    fn join(&mut self, other: &Words) {
        other.0.iter().for_each(|(word, count)| self.add_many(word, *count));
    }
    /// All words, the most frequent first.
    pub fn sorted(&self) -> Vec<(String, u64)> {
        let mut all: Vec<(String, u64)> = self.0.iter().map(|(word, count)| (word.to_string(), *count)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }
}

/// Lengths of time, to the minute.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lengths(FxHashMap<u32, u64>);

impl Lengths {
    fn add(&mut self, millis: i64) {
        *self.0.entry(u32::try_from(millis / 60_000).unwrap_or(u32::MAX)).or_default() += 1;
    }
    fn join(&mut self, other: &Lengths) {
        for (minutes, count) in &other.0 {
            *self.0.entry(*minutes).or_default() += count;
        }
    }
    /// The minutes within which that share of them lies; none where there are none.
    pub fn quantile(&self, share: (u64, u64)) -> Option<u32> {
        let mut all: Vec<(u32, u64)> = self.0.iter().map(|(minutes, count)| (*minutes, *count)).collect();
        all.sort_unstable();
        let total: u64 = all.iter().map(|(_, count)| count).sum();
        let wanted = (total * share.0).div_ceil(share.1).max(1);
        let mut seen = 0;
        all.into_iter().find_map(|(minutes, count)| {
            seen += count;
            (seen >= wanted).then_some(minutes)
        })
    }
}

/// The counts of a campaign.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CampaignTally {
    pub enrolled: u64,
    pub restarted: u64,
    pub refused: Words,
    pub ended: Words,
    pub goals: Words,
    pub inside: u64,
    pub finished_in: Lengths,
}

/// The counts of a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct StepTally {
    pub arrived: u64,
    pub waited: u64,
    pub decided: Words,
    pub sent: u64,
    pub skipped: Words,
    pub held: Words,
    pub failed: Words,
    pub cancelled: Words,
    pub called: u64,
    pub waiting: u64,
    pub left: u64,
}

/// The counts of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct MessageTally {
    pub sent: u64,
    pub opened: u64,
    pub clicked: u64,
    pub replied: u64,
    pub unsubscribed: u64,
    pub bounced: u64,
    pub complained: u64,
}

/// The counts of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct SegmentTally {
    pub entered: u64,
    pub left: u64,
    pub members: u64,
}

/// Everything that is counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Contacts that were there or came in.
    pub contacts: u64,
    /// Inputs that the engine was given.
    pub inputs: u64,
    pub(super) campaigns: Vec<CampaignTally>,
    pub(super) steps: Vec<StepTally>,
    pub(super) messages: Vec<MessageTally>,
    pub(super) segments: Vec<SegmentTally>,
    /// Sends by day and message.
    pub(super) days: Vec<Vec<u64>>,
    /// Sends by hour since the start.
    pub(super) hours: Vec<u64>,
    /// Sends by weekday and hour of the contact's own clock.
    pub(super) week: Vec<u64>,
    /// Contacts by how many messages they got.
    pub(super) per_contact: Vec<u64>,
    pub(super) webhooks: u64,
    pub(super) notices: u64,
    pub(super) problems: Words,
}

impl Tally {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(scene: &Scene) -> Tally {
        let program = &scene.linked.program;
        let hours = usize::try_from(scene.period.until.millis_since(scene.period.from) / HOUR_MS + 1).unwrap_or(1);
        Tally {
            campaigns: vec![CampaignTally::default(); program.campaigns.len()],
            steps: vec![StepTally::default(); program.steps.len()],
            messages: vec![MessageTally::default(); program.messages.len()],
            segments: vec![SegmentTally::default(); program.segments.len()],
            days: vec![vec![0; program.messages.len()]; scene.days.len()],
            hours: vec![0; hours],
            week: vec![0; 7 * 24],
            per_contact: vec![0; MANY + 1],
            ..Tally::default()
        }
    }

    /// Adds what another has counted in the same scene.
    pub fn join(&mut self, other: &Tally) {
        self.contacts += other.contacts;
        self.inputs += other.inputs;
        self.webhooks += other.webhooks;
        self.notices += other.notices;
        self.problems.join(&other.problems);
        for (mine, theirs) in self.campaigns.iter_mut().zip(&other.campaigns) {
            mine.enrolled += theirs.enrolled;
            mine.restarted += theirs.restarted;
            mine.inside += theirs.inside;
            mine.refused.join(&theirs.refused);
            mine.ended.join(&theirs.ended);
            mine.goals.join(&theirs.goals);
            mine.finished_in.join(&theirs.finished_in);
        }
        for (mine, theirs) in self.steps.iter_mut().zip(&other.steps) {
            mine.join(theirs);
        }
        for (mine, theirs) in self.messages.iter_mut().zip(&other.messages) {
            mine.sent += theirs.sent;
            mine.opened += theirs.opened;
            mine.clicked += theirs.clicked;
            mine.replied += theirs.replied;
            mine.unsubscribed += theirs.unsubscribed;
            mine.bounced += theirs.bounced;
            mine.complained += theirs.complained;
        }
        for (mine, theirs) in self.segments.iter_mut().zip(&other.segments) {
            mine.entered += theirs.entered;
            mine.left += theirs.left;
            mine.members += theirs.members;
        }
        self.days.iter_mut().zip(&other.days).for_each(|(mine, theirs)| add(mine, theirs));
        add(&mut self.hours, &other.hours);
        add(&mut self.week, &other.week);
        add(&mut self.per_contact, &other.per_contact);
    }

    /// A line of a journal.
    pub(super) fn hear(&mut self, scene: &Scene, entry: &JournalEntry) {
        let linked = &scene.linked;
        let campaign = entry.campaign.and_then(|id| linked.campaign(id));
        let step = entry.step.and_then(|uid| linked.step(uid));
        match entry.what {
            What::Enrolled => self.on_campaign(campaign, |tally| tally.enrolled += 1),
            What::Restarted => self.on_campaign(campaign, |tally| tally.restarted += 1),
            What::NotEnrolled => self.on_campaign(campaign, |tally| tally.refused.add(&entry.why)),
            What::Goal => self.on_campaign(campaign, |tally| tally.goals.add(&entry.why)),
            What::Finished | What::Stopped | What::Exited => {
                let word = scene.ending(entry.what, &entry.why);
                self.on_campaign(campaign, |tally| tally.ended.add(&word));
                self.on_step(step, |tally| tally.left += 1);
            }
            What::Waiting => self.on_step(step, |tally| tally.waited += 1),
            What::Decided => self.on_step(step, |tally| tally.decided.add(&entry.why)),
            What::Held => {
                let word = scene.holding(&entry.why);
                self.on_step(step, |tally| tally.held.add(&word));
            }
            What::Sent => self.on_step(step, |tally| tally.sent += 1),
            What::Called | What::Notified => self.on_step(step, |tally| tally.called += 1),
            What::Skipped => self.on_step(step, |tally| tally.skipped.add(&entry.why)),
            What::Failed => self.on_step(step, |tally| tally.failed.add(&entry.why)),
            What::Cancelled => self.on_step(step, |tally| tally.cancelled.add(&entry.why)),
            What::Problem => self.problems.add(&entry.why),
            What::EnteredSegment | What::LeftSegment => {
                if let Some(segment) = scene.segment_of(&entry.why) {
                    let is_in = entry.what == What::EnteredSegment;
                    self.on_segment(segment, |tally| if is_in { tally.entered += 1 } else { tally.left += 1 });
                }
            }
            What::Faulted => self.problems.add(&entry.why),
            What::Changed | What::Merged | What::Moved | What::HandedOver => {}
            What::LateResult | What::Quarantined | What::Retried | What::Dropped => {}
        }
    }

    /// A step was come to.
    pub(super) fn reach(&mut self, step: StepId) {
        self.on_step(Some(step), |tally| tally.arrived += 1);
    }

    /// How long an enrollment took that has finished.
    pub(super) fn finish(&mut self, campaign: CampaignId, millis: i64) {
        self.on_campaign(Some(campaign), |tally| tally.finished_in.add(millis));
    }

    /// A message left; `hour_of_week` by the contact's own clock.
    pub(super) fn send(&mut self, scene: &Scene, message: MessageId, (now, hour_of_week): (Instant, usize)) {
        if let Some(tally) = self.messages.get_mut(message.index()) {
            tally.sent += 1;
        }
        let day = scene.day_of(now);
        if let Some(count) = self.days.get_mut(day).and_then(|day| day.get_mut(message.index())) {
            *count += 1;
        }
        let hour = usize::try_from(now.millis_since(scene.period.from) / HOUR_MS).unwrap_or(0);
        self.hours.get_mut(hour).into_iter().for_each(|count| *count += 1);
        self.week.get_mut(hour_of_week).into_iter().for_each(|count| *count += 1);
    }

    /// Something happened to a message.
    pub(super) fn happen(&mut self, message: MessageId, event: MessageEvent) {
        let Some(tally) = self.messages.get_mut(message.index()) else { return };
        match event {
            MessageEvent::Opened => tally.opened += 1,
            MessageEvent::Clicked => tally.clicked += 1,
            MessageEvent::Replied => tally.replied += 1,
            MessageEvent::Unsubscribed => tally.unsubscribed += 1,
            MessageEvent::Bounced => tally.bounced += 1,
            MessageEvent::Complained => tally.complained += 1,
            MessageEvent::Sent | MessageEvent::Skipped | MessageEvent::Delivered | MessageEvent::Failed => {}
        }
    }

    /// How a contact stands when time is up.
    pub(super) fn close(&mut self, scene: &Scene, state: &ContactState, messages: usize) {
        let linked = &scene.linked;
        self.contacts += 1;
        if let Some(count) = self.per_contact.get_mut(messages.min(MANY)) {
            *count += 1;
        }
        for enrollment in &state.enrollments {
            self.on_campaign(linked.campaign(enrollment.campaign), |tally| tally.inside += 1);
            for thread in &enrollment.threads {
                self.on_step(linked.step(thread.standing.step), |tally| tally.waiting += 1);
            }
        }
        for (segment, _) in state.segments.iter() {
            if let Some(segment) = linked.segment(*segment) {
                self.on_segment(segment, |tally| tally.members += 1);
            }
        }
    }

    /// How many messages of a channel left.
    pub(super) fn sent_by(&self, scene: &Scene, channel: Channel) -> u64 {
        let all = scene.linked.program.messages.iter().zip(&self.messages);
        all.filter(|(def, _)| def.channel == channel).map(|(_, tally)| tally.sent).sum()
    }

    fn on_campaign(&mut self, campaign: Option<CampaignId>, run: impl FnOnce(&mut CampaignTally)) {
        if let Some(tally) = campaign.and_then(|id| self.campaigns.get_mut(id.index())) {
            run(tally);
        }
    }
    fn on_step(&mut self, step: Option<StepId>, run: impl FnOnce(&mut StepTally)) {
        if let Some(tally) = step.and_then(|id| self.steps.get_mut(id.index())) {
            run(tally);
        }
    }
    fn on_segment(&mut self, segment: SegmentId, run: impl FnOnce(&mut SegmentTally)) {
        if let Some(tally) = self.segments.get_mut(segment.index()) {
            run(tally);
        }
    }
}

impl StepTally {
    fn join(&mut self, other: &StepTally) {
        self.arrived += other.arrived;
        self.waited += other.waited;
        self.sent += other.sent;
        self.called += other.called;
        self.waiting += other.waiting;
        self.left += other.left;
        self.decided.join(&other.decided);
        self.skipped.join(&other.skipped);
        self.held.join(&other.held);
        self.failed.join(&other.failed);
        self.cancelled.join(&other.cancelled);
    }
}

fn add(mine: &mut [u64], theirs: &[u64]) {
    mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
}
