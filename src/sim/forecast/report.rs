//! The report of a forecast: names in place of numbers, in the order of the source. What all renderings show.

use super::run::Scene;
use super::tally::{CampaignTally, MANY, StepTally, Tally};
use crate::bytecode::{Channel, StepId, StepKind};
use serde::Serialize;

/// A count by a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The word.
    pub what: String,
    /// How often.
    pub count: u64,
}

/// A step, and how many came through.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// Its identity: its name, or else its path.
    pub step: String,
    /// How deep it stands in others.
    pub depth: usize,
    /// What kind: `email`, `wait`, `decision` …
    pub kind: &'static str,
    /// Where it stands in the source.
    pub source: String,
    /// How often an enrollment came to it.
    pub arrived: u64,
    /// How many stand there when time is up.
    pub waiting: u64,
    /// How many ended there.
    pub left: u64,
    /// How many took the green path; of a decision alone.
    pub green: Option<u64>,
    /// How many took the red one.
    pub red: Option<u64>,
    /// Which way decisions, splits and experiments went.
    pub decided: Vec<Counted>,
    /// Messages that left.
    pub sent: u64,
    /// Webhooks and notices that left.
    pub called: u64,
    /// Messages that did not, and why.
    pub skipped: Vec<Counted>,
    /// Messages that were held for a time, and what held them.
    pub held: Vec<Counted>,
    /// Messages that failed, and why.
    pub failed: Vec<Counted>,
    /// Messages that were taken back, and why.
    pub cancelled: Vec<Counted>,
}

/// A campaign.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CampaignReport {
    /// Its name.
    pub campaign: String,
    /// Whether it is published; a draft enrols nobody.
    pub is_published: bool,
    /// Enrollments that began.
    pub enrolled: u64,
    /// How often one began anew.
    pub restarted: u64,
    /// Enrolments that were refused, and why.
    pub not_enrolled: Vec<Counted>,
    /// Enrollments that are still under way when time is up.
    pub inside: u64,
    /// Enrollments that ended, and how.
    pub ended: Vec<Counted>,
    /// Goals that were reached.
    pub goals: Vec<Counted>,
    /// Minutes from enrolment to the last step, of half of those who finished.
    pub finished_median_minutes: Option<u32>,
    /// Of nine in ten.
    pub finished_p90_minutes: Option<u32>,
    /// Its steps in source order.
    pub steps: Vec<StepReport>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageReport {
    /// Its name; of an inline one, campaign and step.
    pub message: String,
    /// `email`, `sms`, `push`
    pub channel: &'static str,
    /// How many left.
    pub sent: u64,
    /// How many were opened.
    pub opened: u64,
    /// Clicked.
    pub clicked: u64,
    /// Answered.
    pub replied: u64,
    /// How many left its topic or channel by it.
    pub unsubscribed: u64,
    /// How many addresses did not exist.
    pub bounced: u64,
    /// How many complained.
    pub complained: u64,
    /// Sends by day, as many as the report has days.
    pub by_day: Vec<u64>,
}

/// A day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DayReport {
    /// Its date, by the project's clock.
    pub date: String,
    /// Mails that left.
    pub email: u64,
    /// Texts.
    pub sms: u64,
    /// Push messages.
    pub push: u64,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SegmentReport {
    /// Its name.
    pub segment: String,
    /// How often somebody entered it.
    pub entered: u64,
    /// Left it.
    pub left: u64,
    /// How many are in it when time is up.
    pub members: u64,
}

/// The hour in which most leaves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeakReport {
    /// Its start, by the project's clock.
    pub hour: String,
    /// How many messages leave in it.
    pub sends: u64,
}

/// The whole of a forecast.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The project's name.
    pub project: String,
    /// The project's zone.
    pub timezone: String,
    /// The first day.
    pub from: String,
    /// How many days.
    pub days: usize,
    /// What the numbers of chance follow from.
    pub seed: u64,
    /// How many contacts there are at the end.
    pub contacts: u64,
    /// How many were there at the start.
    pub contacts_at_start: u64,
    /// What was made up, since nobody said it.
    pub made_up: Vec<String>,
    /// What contacts share, so that all of them ran in one order of time.
    pub shared: Vec<&'static str>,
    /// Messages that left, by channel.
    pub email: u64,
    /// Texts.
    pub sms: u64,
    /// Push messages.
    pub push: u64,
    /// Webhooks.
    pub webhooks: u64,
    /// Notices to the team.
    pub notices: u64,
    /// When most leaves.
    pub peak: Option<PeakReport>,
    /// The campaigns in source order.
    pub campaigns: Vec<CampaignReport>,
    /// The messages in source order.
    pub messages: Vec<MessageReport>,
    /// The days.
    pub by_day: Vec<DayReport>,
    /// Sends by weekday (from Monday) and hour, each by the contact's own clock.
    pub by_week_hour: Vec<Vec<u64>>,
    /// Contacts by how many messages they got, from none on; the last stands for that many or more.
    pub messages_per_contact: Vec<u64>,
    /// The segments.
    pub segments: Vec<SegmentReport>,
    /// What an operator should look at.
    pub problems: Vec<Counted>,
}

impl Report {
    /// The report of what was counted; with a name, of that campaign's part of campaigns alone.
    #[must_use]
    pub fn new(scene: &Scene, tally: &Tally) -> Report {
        let program = &scene.linked.program;
        let period = scene.period;
        Report {
            project: program.project.name.to_string(),
            timezone: scene.linked.zone.name().to_owned(),
            from: scene.linked.zone.date(period.from).to_string(),
            days: scene.days.len(),
            seed: scene.seed,
            contacts: tally.contacts,
            contacts_at_start: scene.known(),
            made_up: made_up(scene),
            shared: scene.shares(),
            email: tally.sent_by(scene, Channel::Email),
            sms: tally.sent_by(scene, Channel::Sms),
            push: tally.sent_by(scene, Channel::Push),
            webhooks: tally.webhooks,
            notices: tally.notices,
            peak: peak(scene, tally),
            campaigns: program.campaigns.iter().zip(&tally.campaigns).enumerate().map(|(at, (_, found))| campaign(scene, at, (found, tally))).collect(),
            messages: messages(scene, tally),
            by_day: days(scene, tally),
            by_week_hour: tally.week.chunks(24).map(<[u64]>::to_vec).collect(),
            messages_per_contact: tally.per_contact.clone(),
            segments: program
                .segments
                .iter()
                .zip(&tally.segments)
                .map(|(def, found)| SegmentReport { segment: def.name.to_string(), entered: found.entered, left: found.left, members: found.members })
                .collect(),
            problems: counted(&tally.problems),
        }
    }
    /// The same with one campaign alone; false where there is none of that name.
    pub fn keep(&mut self, campaign: &str) -> bool {
        self.campaigns.retain(|known| known.campaign == campaign);
        !self.campaigns.is_empty()
    }
    /// The names of its campaigns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.campaigns.iter().map(|known| known.campaign.as_str())
    }
    /// All messages that left.
    #[must_use]
    pub fn sends(&self) -> u64 {
        self.email + self.sms + self.push
    }
    /// One JSON object.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }
    /// How many messages the last of [`Self::messages_per_contact`] stands for, or more.
    #[must_use]
    pub fn many() -> usize {
        MANY
    }
}

fn made_up(scene: &Scene) -> Vec<String> {
    let all = scene.behaviour.made_up.iter();
    // People of a file are nobody's invention.
    all.filter(|line| scene.population.is_made_up() || line.starts_with("events") || line.starts_with("visits") || line.contains("messages")).cloned().collect()
}

fn counted(words: &super::tally::Words) -> Vec<Counted> {
    words.sorted().into_iter().map(|(what, count)| Counted { what, count }).collect()
}

fn peak(scene: &Scene, tally: &Tally) -> Option<PeakReport> {
    let sends = tally.hours.iter().copied().max().filter(|most| *most > 0)?;
    let hour = tally.hours.iter().position(|count| *count == sends)?;
    let at = scene.period.from.plus_millis(i64::try_from(hour).unwrap_or(0) * 3_600_000);
    let text = scene.linked.zone.format(at);
    Some(PeakReport { hour: text.get(..16).unwrap_or(&text).to_owned(), sends })
}

fn campaign(scene: &Scene, at: usize, (found, tally): (&CampaignTally, &Tally)) -> CampaignReport {
    let program = &scene.linked.program;
    let def = program.campaigns.get(at);
    let steps = scene.steps_of(at).iter().filter_map(|id| step(scene, *id, tally.steps.get(id.index())?)).collect();
    CampaignReport {
        campaign: def.map(|def| def.name.to_string()).unwrap_or_default(),
        is_published: def.is_some_and(|def| def.is_published),
        enrolled: found.enrolled,
        restarted: found.restarted,
        not_enrolled: counted(&found.refused),
        inside: found.inside,
        ended: counted(&found.ended),
        goals: counted(&found.goals),
        finished_median_minutes: found.finished_in.quantile((1, 2)),
        finished_p90_minutes: found.finished_in.quantile((9, 10)),
        steps,
    }
}

fn step(scene: &Scene, id: StepId, found: &StepTally) -> Option<StepReport> {
    let program = &scene.linked.program;
    let def = program.steps.get(id.index())?;
    let decided = counted(&found.decided);
    let is_decision = def.kind == StepKind::Decision;
    let is_red = |word: &str| word == "no" || word == "the time was up";
    let side = |wants_red: bool| decided.iter().filter(|word| is_red(&word.what) == wants_red).map(|word| word.count).sum::<u64>();
    Some(StepReport {
        step: def.identity().to_string(),
        depth: def.path.matches('/').count(),
        kind: kind_word(def.kind),
        source: program.describe(def.span),
        arrived: found.arrived,
        waiting: found.waiting,
        left: found.left,
        green: is_decision.then(|| side(false)),
        red: is_decision.then(|| side(true)),
        sent: found.sent,
        called: found.called,
        skipped: counted(&found.skipped),
        held: counted(&found.held),
        failed: counted(&found.failed),
        cancelled: counted(&found.cancelled),
        decided,
    })
}

fn messages(scene: &Scene, tally: &Tally) -> Vec<MessageReport> {
    let program = &scene.linked.program;
    let name = |index: usize| {
        let send = program.sends.iter().find(|send| send.message.index() == index);
        let step = send.and_then(|send| program.steps.get(send.step.index()));
        let campaign = step.and_then(|step| program.campaigns.get(step.campaign.index()));
        match (campaign, step) {
            (Some(campaign), Some(step)) => format!("{} / {}", campaign.name, step.identity()),
            _ => "(inline)".to_owned(),
        }
    };
    let one = |(index, (def, found)): (usize, (&crate::bytecode::MessageDef, &super::tally::MessageTally))| MessageReport {
        message: def.name.as_ref().map_or_else(|| name(index), ToString::to_string),
        channel: def.channel.word(),
        sent: found.sent,
        opened: found.opened,
        clicked: found.clicked,
        replied: found.replied,
        unsubscribed: found.unsubscribed,
        bounced: found.bounced,
        complained: found.complained,
        by_day: tally.days.iter().filter_map(|day| day.get(index).copied()).collect(),
    };
    program.messages.iter().zip(&tally.messages).enumerate().map(one).collect()
}

fn days(scene: &Scene, tally: &Tally) -> Vec<DayReport> {
    let program = &scene.linked.program;
    let by = |day: &[u64], channel: Channel| program.messages.iter().zip(day).filter(|(def, _)| def.channel == channel).map(|(_, count)| count).sum();
    let all = scene.days.iter().zip(&tally.days);
    all.map(|((date, _), day)| DayReport { date: date.to_string(), email: by(day, Channel::Email), sms: by(day, Channel::Sms), push: by(day, Channel::Push) })
        .collect()
}

fn kind_word(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Email => "email",
        StepKind::Sms => "sms",
        StepKind::Push => "push",
        StepKind::Reach => "reach",
        StepKind::Webhook => "webhook",
        StepKind::Notify => "notify",
        StepKind::Wait => "wait",
        StepKind::Decision => "decision",
        StepKind::Await => "await",
        StepKind::Timeline => "timeline",
        StepKind::Repeat => "repeat",
        StepKind::Parallel => "parallel",
        StepKind::Split => "split",
        StepKind::Experiment => "experiment",
        StepKind::Change => "change",
        StepKind::Sequence => "sequence",
        StepKind::Stop => "stop",
    }
}

/// `12,345`
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `34.5%` of a whole; nothing of none.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    format!("{:.1}%", super::values::real(part) * 100.0 / super::values::real(whole))
}

/// `3d 4h`, `2h 5min`
pub(super) fn length(minutes: u32) -> String {
    let (days, hours, rest) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    match (days, hours, rest) {
        (0, 0, rest) => format!("{rest}min"),
        (0, hours, 0) => format!("{hours}h"),
        (0, hours, rest) => format!("{hours}h {rest}min"),
        (days, 0, _) => format!("{days}d"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}
