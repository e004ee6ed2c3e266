//! What a replay tells: person by person, and in sum.

use super::compare::Difference;
use super::past::{PastSend, Story};
use super::person::NewSend;
use crate::lang::{Instant, Zone};
use serde::Serialize;
use std::collections::BTreeMap;

/// One sending that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SendChange {
    /// `gone`, `new`, `moved`, `changed`
    pub difference: &'static str,
    /// What was sent, or would be: `email welcome`.
    pub message: String,
    /// What it would be in its place; of what changed alone.
    pub becomes: Option<String>,
    /// The campaign.
    pub campaign: String,
    /// The step.
    pub step: String,
    /// When it was sent.
    pub was_at: Option<String>,
    /// When it would be.
    pub would_be_at: Option<String>,
}

/// A person for whom something differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonReport {
    /// The contact's id.
    pub contact: String,
    /// Its latest address.
    pub to: String,
    /// What differs, oldest first.
    pub differences: Vec<SendChange>,
}

/// A message over all people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MessageChange {
    /// What is sent: `email welcome`.
    pub message: String,
    /// How often it was sent.
    pub was: u64,
    /// How often it would be.
    pub would_be: u64,
    /// Sendings that would not happen.
    pub gone: u64,
    /// Sendings that did not.
    pub new: u64,
    /// Sendings at another time.
    pub moved: u64,
    /// Sendings that would say something else.
    pub changed: u64,
}

/// A day over all people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayChange {
    /// Its date, by the project's clock.
    pub date: String,
    /// How much was sent.
    pub was: u64,
    /// How much would be.
    pub would_be: u64,
}

/// All of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReplayReport {
    /// The project's name.
    pub project: String,
    /// The project's zone, of all times here.
    pub timezone: String,
    /// From when on sendings are compared.
    pub since: String,
    /// Up to when.
    pub until: String,
    /// Whether the program is the one that runs.
    pub is_the_running_program: bool,
    /// How many people were replayed.
    pub people: u64,
    /// How many of them went up in another since.
    pub merged: u64,
    /// How many sendings are the same.
    pub same: u64,
    /// By message, in the order of the alphabet.
    pub messages: Vec<MessageChange>,
    /// By day.
    pub days: Vec<DayChange>,
    /// Those for whom something differs, by their first difference.
    pub differing: Vec<PersonReport>,
}

/// Gathers what replays come to.
#[derive(Debug)]
pub struct Gathering {
    zone: Zone,
    since: Instant,
    until: Instant,
    people: u64,
    merged: u64,
    same: u64,
    messages: BTreeMap<String, MessageChange>,
    days: BTreeMap<String, (u64, u64)>,
    differing: Vec<(Instant, PersonReport)>,
}

impl ReplayReport {
    /// Begins a report of sendings between two instants.
    #[must_use]
    pub fn gathering(zone: &Zone, (since, until): (Instant, Instant)) -> Gathering {
        let (messages, days, differing) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Gathering { zone: zone.clone(), since, until, people: 0, merged: 0, same: 0, messages, days, differing }
    }
    /// How many sendings differ.
    #[must_use]
    pub fn differences(&self) -> usize {
        self.differing.iter().map(|person| person.differences.len()).sum()
    }
    /// One JSON object.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }
}

impl Gathering {
    /// Takes in what a person's replay came to.
    pub fn add(&mut self, (story, sends): (&Story, &[NewSend]), differences: &[Difference]) {
        self.people += 1;
        self.merged += u64::try_from(story.people.len().saturating_sub(1)).unwrap_or(0);
        let (since, until) = (self.since, self.until);
        for past in story.sends.iter().filter(|send| !send.is_taken_back && send.at >= since) {
            self.message(&past.message).was += 1;
            self.day(past.at).0 += 1;
        }
        for new in sends.iter().filter(|send| !send.is_taken_back && send.at >= since && send.at <= until) {
            self.message(&new.message).would_be += 1;
            self.day(new.at).1 += 1;
        }
        let past = story.sends.iter().filter(|send| !send.is_taken_back && send.at >= since).count();
        let touched = differences.iter().filter(|difference| !matches!(difference, Difference::New(_))).count();
        self.same += u64::try_from(past.saturating_sub(touched)).unwrap_or(0);
        for difference in differences {
            match difference {
                Difference::Gone(past) => self.message(&past.message).gone += 1,
                Difference::New(new) => self.message(&new.message).new += 1,
                Difference::Moved(past, _) => self.message(&past.message).moved += 1,
                Difference::Changed(past, _) => self.message(&past.message).changed += 1,
            }
        }
        if let Some(first) = differences.first() {
            let contact = story.people.first().map(|uid| uid.to_text()).unwrap_or_default();
            let mut addresses = story.sends.iter().map(|send| &send.to).chain(sends.iter().map(|send| &send.to));
            let to = addresses.rfind(|to| !to.is_empty()).map(ToString::to_string).unwrap_or_default();
            let differences = differences.iter().map(|difference| self.change(difference)).collect();
            self.differing.push((first.at(), PersonReport { contact, to, differences }));
        }
    }

    /// The report.
    #[must_use]
    pub fn done(self, (project, is_the_running_program): (&str, bool)) -> ReplayReport {
        let mut differing = self.differing;
        differing.sort_by(|a, b| (a.0, &a.1.contact).cmp(&(b.0, &b.1.contact)));
        ReplayReport {
            project: project.to_owned(),
            timezone: self.zone.name().to_owned(),
            since: self.zone.format(self.since),
            until: self.zone.format(self.until),
            is_the_running_program,
            people: self.people,
            merged: self.merged,
            same: self.same,
            messages: self.messages.into_values().collect(),
            days: self.days.into_iter().map(|(date, (was, would_be))| DayChange { date, was, would_be }).collect(),
            differing: differing.into_iter().map(|(_, person)| person).collect(),
        }
    }

    fn message(&mut self, name: &str) -> &mut MessageChange {
        self.messages.entry(name.to_owned()).or_insert_with(|| MessageChange { message: name.to_owned(), ..MessageChange::default() })
    }
    fn day(&mut self, at: Instant) -> &mut (u64, u64) {
        self.days.entry(self.zone.date(at).to_string()).or_default()
    }

    fn change(&self, difference: &Difference) -> SendChange {
        let (word, past, new): (&'static str, Option<&PastSend>, Option<&NewSend>) = match difference {
            Difference::Gone(past) => ("gone", Some(past), None),
            Difference::New(new) => ("new", None, Some(new)),
            Difference::Moved(past, new) => ("moved", Some(past), Some(new)),
            Difference::Changed(past, new) => ("changed", Some(past), Some(new)),
        };
        let of = |past_text: fn(&PastSend) -> &str, new_text: fn(&NewSend) -> &str| past.map(past_text).or_else(|| new.map(new_text)).unwrap_or("").to_owned();
        SendChange {
            difference: word,
            message: of(|past| &past.message, |new| &new.message),
            becomes: new.filter(|_| word == "changed").map(|new| new.message.to_string()),
            campaign: of(|past| &past.campaign, |new| &new.campaign),
            step: of(|past| &past.step_identity, |new| &new.step_identity),
            was_at: past.map(|past| self.zone.format(past.at)),
            would_be_at: new.map(|new| self.zone.format(new.at)),
        }
    }
}
