//! The reference interpreter: the language as its specification reads, over the checked tree, slow and obvious. It shares the vocabulary of `lang`
//! with the machine (values, calendar arithmetic) and nothing else: whoever doubts the machine reads here what was meant.
//!
//! Shared by the tests and by the command `./agree`; no part of the binary. Not here: rendering of texts, deliveries, deploys.
#![allow(dead_code, missing_docs)] // each of the two uses its part

mod clock;
pub mod compare;
mod engine;
mod facts;
pub mod fuzz;
mod history;
pub mod make;
mod merge;
mod pace;
mod pauses;
mod person;
mod sends;
pub mod shrink;
mod steps;
mod timeline;
mod triggers;
mod turns;
mod values;

use campc::bytecode::{BuiltinField, Channel, MessageTarget};
use campc::lang::{Date, Duration, Holidays, Instant, Record, TimeOfDay, Value, Zone, add_duration, local_instant, subtract_duration};
use campc::semantic::hir::{Expectation, Expr, ExprKind, Project, Step, StepKind, Test, TestEventKind, TestMoment, TestStepKind};
use campc::sim::TraceContact;
use person::Person;
use std::cell::RefCell;
use std::sync::Arc;

/// A deliberately planted mistake: the comparison must notice each of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mutant {
    /// No mistake.
    #[default]
    None,
    /// An event exactly at the deadline does not count.
    DeadlineExclusive,
    /// Decisions are looked at before `exit when`.
    ExitAfterDecision,
    /// A condition that holds on arrival is not noticed.
    EdgeNotLevel,
    /// `wait 1d` is 24 hours.
    DaysAreHours,
    /// The triggering event is history of its own enrollment.
    TriggerIsHistory,
    /// A message leaves outside of its window.
    NoWindow,
    /// `x != v` is true of an unset `x`.
    UnsetDiffers,
    /// `reenter` is not asked.
    ReenterAlways,
    /// A click is no open.
    ClickIsNoOpen,
    /// An unsubscribed contact gets mail.
    NoConsent,
    /// `in last D` leaves out what is exactly D old.
    LastExclusive,
    /// A red path's first message leaves though the condition came true while it was held.
    BothArms,
    /// Limits are not asked.
    NoCap,
    /// Messages leave in quiet hours.
    NoQuiet,
    /// A mute holds nothing.
    NoMute,
    /// Of several that want one place, the older enrollment goes first whatever its priority.
    NoPriority,
    /// `reach` sends on its first channel alone.
    ReachFirst,
    /// An arm of a timeline that is past on arrival runs.
    PastArmsRun,
    /// `update` replaces nothing.
    NoUpdate,
    /// The first event that is gathered is the only one.
    NoGathering,
    /// The moment of a date trigger is the start of its day.
    DatesAtMidnight,
    /// Points do not fade.
    NoDecay,
    /// Triggers enrol in a pause.
    NoPause,
    /// What one who went up in another has sent is sent again.
    SentTwice,
    /// Throttles are not asked.
    NoThrottle,
    /// Who is held out gets messages.
    NoHoldout,
}

impl Mutant {
    pub const ALL: [Mutant; 26] = [
        Mutant::DeadlineExclusive,
        Mutant::ExitAfterDecision,
        Mutant::EdgeNotLevel,
        Mutant::DaysAreHours,
        Mutant::TriggerIsHistory,
        Mutant::NoWindow,
        Mutant::UnsetDiffers,
        Mutant::ReenterAlways,
        Mutant::ClickIsNoOpen,
        Mutant::NoConsent,
        Mutant::LastExclusive,
        Mutant::BothArms,
        Mutant::NoCap,
        Mutant::NoQuiet,
        Mutant::NoMute,
        Mutant::NoPriority,
        Mutant::ReachFirst,
        Mutant::PastArmsRun,
        Mutant::NoUpdate,
        Mutant::NoGathering,
        Mutant::DatesAtMidnight,
        Mutant::NoDecay,
        Mutant::NoPause,
        Mutant::SentTwice,
        Mutant::NoThrottle,
        Mutant::NoHoldout,
    ];
}

/// What does not change while a history runs.
pub struct World<'p> {
    pub project: &'p Project,
    pub zone: Zone,
    pub holidays: Holidays,
    pub mutant: Mutant,
    /// Which arm of a share a contact falls in is a hash that the specification leaves open: the comparison says which.
    /// What webhooks answer: number, status, body.
    pub answers: Vec<(usize, u16, Value)>,
    pub choices: &'p [(usize, u32, usize)],
    /// How far the slots of all throttles are given out.
    pub book: RefCell<pace::Book>,
}

impl World<'_> {
    pub fn builtin(&self, field: BuiltinField) -> usize {
        self.project.fields.iter().position(|def| def.builtin == Some(field)).expect("the built-in fields lead the table")
    }
}

/// What a history brings about, by contact.
pub fn interpret(project: &Project, test: &Test, mutant: Mutant, choices: &[(usize, u32, usize)]) -> Vec<TraceContact> {
    let zone = Zone::find(&project.info.timezone).unwrap_or_else(Zone::utc);
    let holidays = project.info.holidays.iter().copied().collect();
    let answers = test.answers.iter().map(|answer| (answer.webhook.index(), answer.status, answer.body.as_ref().map_or(Value::Unset, literal))).collect();
    let world = World { project, zone, holidays, mutant, answers, choices, book: RefCell::default() };
    let test_zone = test.now.as_ref().and_then(|moment| moment.zone.as_deref()).and_then(Zone::find).unwrap_or_else(|| world.zone.clone());
    let now = match &test.now {
        Some(moment) => local_instant(moment.date, moment.time, &test_zone),
        None => local_instant(Date::new(2026, 1, 5).unwrap(), TimeOfDay::new(9, 0, 0).unwrap(), &test_zone),
    };
    let people = (0..test.contacts.len()).map(|index| Person::new(&world, index, now)).collect();
    let mut play = Play { world: &world, test, people, now, zone: test_zone };
    for step in &test.steps {
        play.line(step.who.map(|who| who.index()), &step.kind);
    }
    play.people.into_iter().map(|person| person.trace).collect()
}

/// A history on its way.
struct Play<'p> {
    world: &'p World<'p>,
    test: &'p Test,
    people: Vec<Person<'p>>,
    now: Instant,
    zone: Zone,
}

impl<'p> Play<'p> {
    fn line(&mut self, who: Option<usize>, kind: &'p TestStepKind) {
        let who = who.map(|who| self.canonical(who)).or_else(|| self.people.iter().position(|person| person.is_there)).unwrap_or(0);
        match kind {
            TestStepKind::GivenContact(contact) => self.given(contact.index()),
            TestStepKind::After(duration) => {
                let to = add_duration(self.now, *duration, &self.zone, &self.world.holidays);
                self.move_clock(to);
            }
            TestStepKind::At(moment) => {
                let to = self.moment(moment);
                if to >= self.now {
                    self.move_clock(to);
                }
            }
            TestStepKind::Event(event) => {
                let happened = event.happened_ago.map(|ago| subtract_duration(self.now, ago, &self.zone, &self.world.holidays));
                let happened = happened.unwrap_or(self.now);
                self.with(who, |person| happen(person, &event.kind, happened));
            }
            TestStepKind::Change(change) => self.with(who, |person| person.input_change(change)),
            TestStepKind::Expect(expectation) => self.expect(expectation),
            TestStepKind::ReceiveSms(text) => self.with(who, |person| person.input_sms(text)),
            TestStepKind::Pause(campaign) => self.people.iter_mut().for_each(|person| person.paused.extend([*campaign])),
            TestStepKind::Resume { campaign, is_catching_up } => {
                for who in 0..self.people.len() {
                    self.people[who].paused.remove(campaign);
                    self.with(who, |person| person.input_resumed(*campaign, *is_catching_up));
                }
            }
            TestStepKind::Merge { from, into } => self.merge(from.index(), into.index()),
            TestStepKind::Erase(contact) => {
                let who = self.canonical(contact.index());
                self.people[who].input_erased();
            }
            TestStepKind::ClearDevice => self.with(who, |person| person.has_device = false),
            TestStepKind::Error => {}
        }
    }

    /// Something happens to a contact, if it is there.
    fn with(&mut self, who: usize, then: impl FnOnce(&mut Person<'p>)) {
        let person = &mut self.people[who];
        person.now = self.now;
        if person.is_there {
            then(person);
        }
    }

    /// Who carries a number on: the contact itself, or the one that it went up in.
    fn canonical(&self, who: usize) -> usize {
        self.people[who].merged_into.map_or(who, |into| self.canonical(into))
    }

    fn merge(&mut self, from: usize, into: usize) {
        let (from, into) = (self.canonical(from), self.canonical(into));
        if from == into || !self.people[from].is_there || !self.people[into].is_there {
            return;
        }
        let mut gone = Person::new(self.world, from, self.now);
        std::mem::swap(&mut gone, &mut self.people[from]);
        self.people[from].trace = std::mem::take(&mut gone.trace);
        self.people[from].merged_into = Some(into);
        self.with(into, |person| person.input_merged(gone));
    }

    fn given(&mut self, index: usize) {
        let test = self.test;
        let def = &test.contacts[index];
        let name = def.name.as_deref().unwrap_or("contact").to_owned();
        let values = def.values.iter().map(|(field, value)| (field.index(), literal(value))).collect();
        self.people[index].now = self.now;
        self.people[index].input_created(&name, values);
    }

    fn moment(&self, moment: &TestMoment) -> Instant {
        let zone = moment.zone.as_deref().and_then(Zone::find).unwrap_or_else(|| self.zone.clone());
        local_instant(moment.date, moment.time, &zone)
    }

    fn expect(&mut self, expectation: &Expectation) {
        self.flush();
        if let Expectation::Nothing(duration) = expectation {
            let to = add_duration(self.now, *duration, &self.zone, &self.world.holidays);
            self.move_clock(to);
            self.flush();
        }
        for person in &mut self.people {
            person.snapshot();
        }
    }

    /// All that is due before `to`, then the clock shows `to`.
    fn move_clock(&mut self, to: Instant) {
        let mut rounds = 0;
        while let Some((at, who)) = self.next_due(to).filter(|(at, _)| *at < to) {
            let person = &mut self.people[who];
            person.now = person.now.max(at);
            person.run_due();
            rounds += 1;
            assert!(rounds < 20_000, "time stands still at {at:?}");
        }
        self.now = to;
    }

    /// Whose turn it is next, and when: what all share is taken by who comes first.
    fn next_due(&self, to: Instant) -> Option<(Instant, usize)> {
        let there = self.people.iter().enumerate().filter(|(_, person)| person.is_there);
        there.filter_map(|(who, person)| Some((person.next_due(to)?, who))).min()
    }

    /// All that is due now.
    fn flush(&mut self) {
        let now = self.now;
        for person in &mut self.people {
            person.now = now;
            person.run_due();
        }
    }
}

/// An event of a test.
fn happen(person: &mut Person<'_>, kind: &TestEventKind, happened: Instant) {
    match kind {
        TestEventKind::Custom { event, properties } => {
            let record = match properties.as_ref().map(literal) {
                Some(Value::Record(record)) => record.iter().map(|(key, value)| (key.clone(), person.settled(value.clone()))).collect(),
                _ => Record::new(),
            };
            person.input_event(*event, record, happened);
        }
        TestEventKind::Visited(path) => person.input_visit(path, happened),
        TestEventKind::Message { event, target, url, text, is_machine, is_soft } => {
            if let Some(send) = person.latest_sent(target) {
                person.input_message(send, (*event, url.clone().or_else(|| text.clone())), (*is_machine, *is_soft), happened);
            }
        }
    }
}

/// The value of what is written out.
fn literal(expr: &Expr) -> Value {
    match &expr.kind {
        ExprKind::Literal(value) => value.clone(),
        ExprKind::LocalDateTime(date, time) => Value::LocalDateTime(*date, *time),
        ExprKind::List(items) => Value::List(items.iter().map(literal).collect()),
        ExprKind::Record(entries) => {
            Value::Record(Arc::new(entries.iter().map(|(key, value)| (key.clone(), literal(value))).filter(|(_, value)| value.is_set()).collect()))
        }
        ExprKind::Negate(inner) => literal(inner).as_number().map_or(Value::Unset, |number| Value::Number(-number)),
        _ => Value::Unset,
    }
}

/// Whether a sending is one that the target means.
fn is_target(target: &MessageTarget, send: &person::Sending) -> bool {
    match target {
        MessageTarget::Message(message) => send.message == *message,
        MessageTarget::Step(step) => send.step == *step || send.reach == Some(*step),
        MessageTarget::Latest(channel) => send.channel == *channel,
        MessageTarget::Any(channel) => channel.is_none_or(|channel| send.channel == channel),
    }
}

/// The blocks inside of a step.
fn bodies(kind: &StepKind) -> Vec<&[Step]> {
    match kind {
        StepKind::Split(arms) => arms.iter().map(|arm| arm.body.as_slice()).collect(),
        StepKind::Decide { then_, else_, .. } => vec![then_, else_],
        StepKind::Await { arms, deadline } => arms.iter().map(|arm| arm.body.as_slice()).chain(deadline.iter().map(|(_, body)| body.as_slice())).collect(),
        StepKind::Repeat { body, .. } | StepKind::Do { body, .. } => vec![body],
        StepKind::Parallel(branches) => branches.iter().map(Vec::as_slice).collect(),
        StepKind::Timeline { arms, .. } => arms.iter().map(|arm| arm.body.as_slice()).collect(),
        StepKind::Experiment { variants, .. } => variants.iter().map(|variant| variant.body.as_slice()).collect(),
        StepKind::Reach(arms) => vec![arms],
        _ => Vec::new(),
    }
}

fn channel_index(channel: Channel) -> usize {
    match channel {
        Channel::Email => 0,
        Channel::Sms => 1,
        Channel::Push => 2,
    }
}

/// An exact duration where days are hours: the mistake of [`Mutant::DaysAreHours`].
fn as_hours(duration: Duration) -> Duration {
    let days = u64::from(duration.days);
    Duration { days: 0, millis: duration.millis + days * 86_400_000, ..duration }
}
