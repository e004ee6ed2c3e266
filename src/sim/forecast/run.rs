//! Runs contacts through a program: ranges of them, each by itself, or all in one order of time where they share something.

use super::behaviour::Behaviour;
use super::person::Person;
use super::tally::Tally;
use super::values::Days;
use crate::advance::{Bringing, Change, Switches, What};
use crate::bytecode::{BuiltinField, Channel, Fact, MessageEvent, Program, SegmentId, StepId};
use crate::lang::{Date, Instant};
use crate::machine::{Deployment, Linked};
use crate::sim::answers::Books;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::Arc;

/// The time that is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its start; the program goes live.
    pub from: Instant,
    /// Its end, the first instant after it.
    pub until: Instant,
}

/// Who the contacts are.
#[derive(Clone, Debug)]
pub enum Population {
    /// So many, made up.
    MadeUp(u64),
    /// These; each with the facts it comes into being with. All are there when it begins.
    Given(Vec<Vec<Change>>),
}

/// Everything that a forecast runs on.
#[derive(Debug)]
pub struct Scene {
    pub(super) linked: Linked,
    pub(super) switches: Switches,
    pub(super) behaviour: Behaviour,
    pub(super) population: Population,
    pub(super) period: Period,
    pub(super) seed: u64,
    /// The days of the period, by the project's clock: date and first instant.
    pub(super) days: Vec<(Date, Instant)>,
    pub(super) calendar: Days,
    /// Whether anybody hears of deliveries.
    pub(super) hears_delivered: bool,
    /// Whether anybody asks for numbers, or sends to them.
    pub(super) uses_phones: bool,
    endings: FxHashMap<(u8, Arc<str>), Arc<str>>,
    holdings: [Arc<str>; 5],
    segments: FxHashMap<Arc<str>, SegmentId>,
}

/// What all contacts share: the slots of throttles, the counters of experiments, the pace of existing members.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub books: Books,
    pub existing: Bringing,
}

impl Scene {
    /// A program goes live at the start of a period.
    #[must_use]
    pub fn new(program: Arc<Program>, (behaviour, population): (Behaviour, Population), (period, seed): (Period, u64)) -> Scene {
        let hash = crate::bytecode::program_hash(&program);
        let deployment = Deployment::next(&program, hash, period.from, None);
        let linked = Linked::new(program, deployment);
        let words = ["window", "muted", "cap", "throttle", "paused"].map(Arc::from);
        let compared = super::compared::Compared::of(&linked.program);
        let hears_delivered = compared.happenings.contains(&MessageEvent::Delivered);
        let is_asked_for = linked.builtin(BuiltinField::Phone).is_some_and(|field| compared.facts.contains(&Fact::Field(field)));
        let uses_phones = is_asked_for || linked.program.messages.iter().any(|message| message.channel == Channel::Sms);
        Scene {
            days: days(&linked, period),
            calendar: Days::new(period.from, &linked.zone),
            switches: Switches { is_tracing: true, ..Switches::default() },
            endings: endings(&linked.program),
            holdings: words,
            segments: linked
                .program
                .segments
                .iter()
                .enumerate()
                .map(|(at, def)| (Arc::from(format!("segment {:?}", def.name)), SegmentId::from_index(at)))
                .collect(),
            hears_delivered,
            uses_phones,
            linked,
            behaviour,
            population,
            period,
            seed,
        }
    }
    /// How many contacts there are.
    #[must_use]
    pub fn contacts(&self) -> u64 {
        match &self.population {
            Population::MadeUp(count) => *count,
            Population::Given(people) => u64::try_from(people.len()).unwrap_or(u64::MAX),
        }
    }
    /// Why contacts cannot be run one by one; none where they can.
    #[must_use]
    pub fn shares(&self) -> Vec<&'static str> {
        let program = &self.linked.program;
        let live = || program.campaigns.iter().filter(|campaign| campaign.is_published);
        let mut shared = Vec::new();
        if live().any(|campaign| campaign.sending.throttle.is_some()) || !program.policy.throttles.is_empty() {
            shared.push("a throttle");
        }
        if !program.experiments.is_empty() {
            shared.push("an experiment");
        }
        if live().flat_map(|campaign| &campaign.triggers).any(|trigger| trigger.existing.as_ref().is_some_and(|existing| existing.every_ms > 0)) {
            shared.push("the pace of existing members");
        }
        shared
    }
    /// Whether all contacts run in one order of time, since they share something.
    #[must_use]
    pub fn is_in_one_order(&self) -> bool {
        !self.shares().is_empty()
    }
    /// Runs a range of contacts, each by itself, and counts.
    pub fn run_range(&self, contacts: Range<u64>, tally: &mut Tally) {
        for contact in contacts {
            let Some(arrives) = self.arrival(contact) else { continue };
            let mut books = Shared::default();
            let mut person = Person::new(self, contact, arrives);
            while person.step(self, &mut books, tally) {}
            person.close(self, tally);
        }
    }
    /// Runs all contacts in one order of time; of one instant, in the order of their numbers.
    #[must_use]
    pub fn run_in_one_order(&self) -> Tally {
        let mut tally = Tally::new(self);
        let mut books = Shared::default();
        let mut people: FxHashMap<u64, Person> = FxHashMap::default();
        let mut next: BinaryHeap<Reverse<(Instant, u64)>> =
            (0..self.contacts()).filter_map(|contact| Some(Reverse((self.arrival(contact)?, contact)))).collect();
        while let Some(Reverse((at, contact))) = next.pop() {
            let person = people.entry(contact).or_insert_with(|| Person::new(self, contact, at));
            person.step(self, &mut books, &mut tally);
            match person.next_at(self) {
                Some(at) => next.push(Reverse((at, contact))),
                // Nothing more comes: what is left of it is counted, and its memory goes.
                None => people.remove(&contact).into_iter().for_each(|person| person.close(self, &mut tally)),
            }
        }
        tally
    }

    /// The day of an instant, from 0.
    pub(super) fn day_of(&self, at: Instant) -> usize {
        self.days.partition_point(|(_, start)| *start <= at).saturating_sub(1)
    }
    /// How an enrollment ended, in a word that is allocated once.
    pub(super) fn ending(&self, what: What, why: &Arc<str>) -> Arc<str> {
        let kind = kind_of(what);
        self.endings.get(&(kind, why.clone())).cloned().unwrap_or_else(|| Arc::from(ending_text(what.word(), why)))
    }
    /// What held a send.
    pub(super) fn holding(&self, why: &str) -> Arc<str> {
        let [window, muted, cap, throttle, paused] = &self.holdings;
        let known = [("muted", muted), ("cap", cap), ("throttle", throttle), ("paused", paused)];
        known.into_iter().find(|(word, _)| why.starts_with(word)).map_or(window, |(_, word)| word).clone()
    }
    /// The segment of a journal's words.
    pub(super) fn segment_of(&self, why: &str) -> Option<SegmentId> {
        self.segments.get(why).copied()
    }
    /// The campaign of a step.
    pub(super) fn steps_of(&self, campaign: usize) -> &[StepId] {
        self.linked.program.campaigns.get(campaign).map_or(&[], |def| def.steps.as_slice())
    }
}

fn kind_of(what: What) -> u8 {
    u8::from(what == What::Stopped) + 2 * u8::from(what == What::Exited)
}

fn ending_text(word: &str, why: &str) -> String {
    if why.is_empty() { word.to_owned() } else { format!("{word}: {why}") }
}

/// The words of the ends that a program's text foresees.
fn endings(program: &Program) -> FxHashMap<(u8, Arc<str>), Arc<str>> {
    let mut words = FxHashMap::default();
    let empty: Arc<str> = Arc::from("");
    for what in [What::Finished, What::Stopped, What::Exited] {
        words.insert((kind_of(what), empty.clone()), Arc::from(what.word()));
    }
    for exit in program.campaigns.iter().flat_map(|campaign| &campaign.exits) {
        if let Some(block) = program.blocks.get(exit.condition.index()) {
            words.insert((kind_of(What::Exited), block.text.clone()), Arc::from(ending_text(What::Exited.word(), &block.text)));
        }
    }
    words
}

fn days(linked: &Linked, period: Period) -> Vec<(Date, Instant)> {
    let mut days = Vec::new();
    let mut date = linked.zone.date(period.from);
    loop {
        let start = linked.zone.day_start(date);
        if start >= period.until {
            return days;
        }
        days.push((date, start));
        date = date.plus_days(1);
    }
}
