//! One contact of a forecast: what comes to it, in order of time, and what the engine makes of it.

use super::behaviour::Delay;
use super::chance::{Chance, Stream, contact_number};
use super::run::{Population, Scene, Shared};
use super::tally::Tally;
use super::values::{Days, text_of, whole};
use crate::advance::{Change, ConsentTarget, Effect, EffectKind, Input, InputKind, MessageHappening, Outcome, What, advance, redeploy};
use crate::bytecode::{Channel, MessageEvent, MessageId};
use crate::lang::{Instant, Record, Value, Weekday, Zone};
use crate::machine::state::{ConsentState, ContactState, ContactUid, EffectId, EnrollmentUid};
use crate::machine::zone_of;
use crate::sim::answers::{Bounce, answered, refused};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// What a provider says of an address that does not exist.
const NO_MAILBOX: &str = "the address does not exist";
/// How long a provider takes to say so, or that it has delivered.
const PROVIDER_MS: i64 = 5_000;

/// What comes to a contact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Coming {
    /// It comes into being.
    Born,
    /// It does something of its own accord: the number of the habit.
    Habit(u32),
    /// Something happens to a message.
    Message(EffectId, MessageId, MessageEvent, Option<Arc<str>>),
    /// The address of a message does not exist.
    Bounce(EffectId, MessageId),
    /// A webhook answers.
    Answer(EffectId, bool),
}

/// A habit of contacts, by its number: everything that comes by itself now and then.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Habit {
    Event(usize),
    Visit(usize),
    Field(usize),
    Tag(usize),
    List(usize),
    Topic(usize),
    Enrolment(usize),
}

impl Scene {
    /// The habit of a number, and how often it comes a day.
    fn habit(&self, number: u32) -> Option<(Habit, f64)> {
        let behaviour = &self.behaviour;
        let mut at = usize::try_from(number).ok()?;
        let counts = [
            behaviour.events.len(),
            behaviour.visits.len(),
            behaviour.fields.len(),
            behaviour.tags.len(),
            behaviour.lists.len(),
            behaviour.topics.len(),
            behaviour.enrolments.len(),
        ];
        let kind = counts.iter().position(|count| {
            let is_here = at < *count;
            if !is_here {
                at -= count;
            }
            is_here
        })?;
        Some(match kind {
            0 => (Habit::Event(at), behaviour.events.get(at)?.per_day),
            1 => (Habit::Visit(at), behaviour.visits.get(at)?.1),
            2 => (Habit::Field(at), behaviour.fields.get(at)?.changes_per_day),
            3 => (Habit::Tag(at), behaviour.tags.get(at)?.per_day),
            4 => (Habit::List(at), behaviour.lists.get(at)?.per_day),
            5 => (Habit::Topic(at), behaviour.topics.get(at)?.per_day),
            _ => (Habit::Enrolment(at), behaviour.enrolments.get(at)?.1),
        })
    }

    /// What a habit does to its contact now.
    fn doing(&self, habit: Habit, chance: &mut Chance) -> Option<InputKind> {
        let behaviour = &self.behaviour;
        let around = (self.period.from, &self.linked.zone);
        Some(match habit {
            Habit::Event(at) => {
                let habit = behaviour.events.get(at)?;
                let values = habit.properties.iter().map(|(name, draw)| (name.clone(), draw.value(chance, around)));
                let properties: Record = values.filter(|(_, value)| value.is_set()).collect();
                InputKind::Event { event: habit.event, properties: Arc::new(properties), changes: Vec::new() }
            }
            Habit::Visit(at) => InputKind::Visited { path: behaviour.visits.get(at)?.0.clone(), properties: Arc::default() },
            Habit::Field(at) => {
                let habit = behaviour.fields.get(at)?;
                InputKind::Changed(vec![Change::SetField(habit.field, habit.draw.value(chance, around))])
            }
            Habit::Tag(at) => InputKind::Changed(vec![Change::Tag(behaviour.tags.get(at)?.what.clone())]),
            Habit::List(at) => InputKind::Changed(vec![Change::AddToList(behaviour.lists.get(at)?.what)]),
            Habit::Topic(at) => InputKind::Changed(vec![Change::Consent(ConsentTarget::Topic(behaviour.topics.get(at)?.what), ConsentState::Given)]),
            Habit::Enrolment(at) => InputKind::Enroll(behaviour.enrolments.get(at)?.0),
        })
    }
}

/// One contact on its way.
pub(super) struct Person {
    contact: u64,
    state: ContactState,
    zone: Zone,
    /// Whether the zone may be another one now.
    is_unplaced: bool,
    days: Days,
    wake: Option<Instant>,
    /// What is to come, in order of time; of one instant, in the order in which it was known.
    coming: BinaryHeap<Reverse<(Instant, u32, Coming)>>,
    numbered: u32,
    /// Each habit's chance and where its clock stands.
    habits: Vec<(u32, Chance, f64)>,
    begun: Vec<(EnrollmentUid, u32, Instant)>,
    messages: usize,
}

impl Person {
    /// A contact that comes in at an instant.
    pub fn new(scene: &Scene, contact: u64, arrives: Instant) -> Person {
        let mut person = Person {
            contact,
            state: ContactState::default(),
            zone: scene.linked.zone.clone(),
            is_unplaced: true,
            days: scene.calendar.clone(),
            wake: None,
            coming: BinaryHeap::new(),
            numbered: 0,
            habits: Vec::new(),
            begun: Vec::new(),
            messages: 0,
        };
        person.expect(arrives, Coming::Born);
        person
    }

    /// When something comes to it next, before the end; what is due comes behind what happens at that instant.
    pub fn next_at(&self, scene: &Scene) -> Option<Instant> {
        let coming = self.coming.peek().map(|Reverse((at, ..))| *at);
        coming.into_iter().chain(self.wake).min().filter(|at| *at < scene.period.until)
    }

    /// Takes what comes next. False: nothing comes any more.
    pub fn step(&mut self, scene: &Scene, shared: &mut Shared, tally: &mut Tally) -> bool {
        let Some(now) = self.next_at(scene) else { return false };
        if self.coming.peek().is_some_and(|Reverse((at, ..))| *at == now) {
            if let Some(Reverse((_, _, coming))) = self.coming.pop() {
                self.take(scene, (shared, tally), (now, coming));
            }
        } else {
            self.feed(scene, (shared, tally), (now, &Input::new(InputKind::Wake)));
            // All that was due has been done; what says otherwise is looked at again a moment later, not for ever now.
            self.wake = self.wake.map(|at| at.max(now.plus_millis(1)));
        }
        true
    }

    /// Time is up: how it stands is counted.
    pub fn close(self, scene: &Scene, tally: &mut Tally) {
        tally.close(scene, &self.state, self.messages);
    }

    fn expect(&mut self, at: Instant, coming: Coming) {
        self.numbered += 1;
        self.coming.push(Reverse((at, self.numbered, coming)));
    }

    fn take(&mut self, scene: &Scene, counted: (&mut Shared, &mut Tally), (now, coming): (Instant, Coming)) {
        let (shared, tally) = counted;
        match coming {
            Coming::Born => self.be_born(scene, (shared, tally), now),
            Coming::Habit(number) => self.act(scene, (shared, tally), (now, number)),
            Coming::Message(effect, message, event, detail) => {
                tally.happen(message, event);
                let happening = MessageHappening { effect, event, detail, is_machine: false, topic: None };
                self.feed(scene, (shared, tally), (now, &Input::new(InputKind::Message(happening))));
            }
            Coming::Bounce(effect, message) => {
                tally.happen(message, MessageEvent::Bounced);
                self.feed(scene, (shared, tally), (now, &refused(effect, Arc::from(NO_MAILBOX), Bounce::Hard)));
            }
            Coming::Answer(effect, is_ok) => {
                let status = if is_ok { 200 } else { 500 };
                self.feed(scene, (shared, tally), (now, &answered(effect, status, Value::Unset)));
            }
        }
    }

    /// Those who are there at the start are known already: they fire no trigger, and are members whose campaign goes live.
    fn be_born(&mut self, scene: &Scene, (shared, tally): (&mut Shared, &mut Tally), now: Instant) {
        let uid = ContactUid(contact_number(scene.seed, self.contact));
        self.state = ContactState { uid, created_at: now, accepted_at: now, ..ContactState::default() };
        let is_known = self.contact < scene.known();
        let input = Input { is_quiet: is_known, ..Input::new(InputKind::Created { changes: scene.first_facts(self.contact, now) }) };
        self.feed(scene, (shared, tally), (now, &input));
        if is_known && !scene.linked.deployment.existing.is_empty() {
            let outcome = redeploy(&scene.linked, &scene.switches, (&mut self.state, &mut shared.existing), now);
            self.follow(scene, (shared, tally), (now, outcome));
        }
        self.days = Days::new(now, &self.zone);
        let place = self.days.place(&scene.behaviour.hours, (now, &self.zone));
        for number in 0.. {
            let Some((_, per_day)) = scene.habit(number) else { break };
            if per_day > 0.0 {
                let mut chance = Chance::of_contact(scene.seed, self.contact, Stream::Habit(number));
                let first = place + chance.gap_days(per_day);
                self.habits.push((number, chance, first));
                self.expect_habit(scene, number);
            }
        }
    }

    fn expect_habit(&mut self, scene: &Scene, number: u32) {
        let Some((_, _, place)) = self.habits.iter().find(|(known, ..)| *known == number) else { return };
        let at = self.days.at(&scene.behaviour.hours, *place);
        // What would come behind the end need not be remembered.
        if at < scene.period.until {
            self.expect(at, Coming::Habit(number));
        }
    }

    fn act(&mut self, scene: &Scene, (shared, tally): (&mut Shared, &mut Tally), (now, number): (Instant, u32)) {
        let Some((habit, per_day)) = scene.habit(number) else { return };
        let Some((_, chance, place)) = self.habits.iter_mut().find(|(known, ..)| *known == number) else { return };
        let kind = scene.doing(habit, chance);
        *place += chance.gap_days(per_day);
        self.expect_habit(scene, number);
        self.is_unplaced |= matches!(habit, Habit::Field(_));
        if let Some(kind) = kind {
            self.feed(scene, (shared, tally), (now, &Input::new(kind)));
        }
    }

    fn feed(&mut self, scene: &Scene, (shared, tally): (&mut Shared, &mut Tally), (now, input): (Instant, &Input)) {
        tally.inputs += 1;
        let outcome = advance(&scene.linked, &scene.switches, &mut self.state, input, now);
        if std::mem::take(&mut self.is_unplaced) {
            self.zone = zone_of(&scene.linked, &self.state);
        }
        self.follow(scene, (shared, tally), (now, outcome));
    }

    /// Carries out what came of an input, as the daemon does.
    fn follow(&mut self, scene: &Scene, (shared, tally): (&mut Shared, &mut Tally), (now, outcome): (Instant, Outcome)) {
        self.wake = outcome.next_wake;
        for step in &outcome.reached {
            scene.linked.step(*step).into_iter().for_each(|step| tally.reach(step));
        }
        for entry in &outcome.journal {
            tally.hear(scene, entry);
            self.time(scene, tally, entry);
        }
        for effect in &outcome.effects {
            self.hand_over(scene, tally, (now, effect));
        }
        for request in &outcome.requests {
            let slot = shared.books.slot(&scene.linked, request, now);
            self.feed(scene, (shared, tally), (now, &slot));
        }
        for note in outcome.experiments {
            if let Some(answer) = shared.books.note(&scene.linked, (self.state.uid.0, note), now) {
                self.feed(scene, (shared, tally), (now, &answer));
            }
        }
    }

    /// How long enrollments take.
    fn time(&mut self, scene: &Scene, tally: &mut Tally, entry: &crate::advance::JournalEntry) {
        let (Some(uid), Some(campaign)) = (entry.enrollment, entry.campaign) else { return };
        match entry.what {
            What::Enrolled => self.begun.push((uid, campaign, entry.at)),
            What::Restarted => {
                if let Some(begun) = self.begun.iter_mut().rev().find(|(_, known, _)| *known == campaign) {
                    begun.0 = uid;
                }
            }
            What::Finished | What::Stopped | What::Exited => {
                let Some(at) = self.begun.iter().position(|(known, ..)| *known == uid) else { return };
                let (_, _, began) = self.begun.swap_remove(at);
                if let (What::Finished, Some(campaign)) = (entry.what, scene.linked.campaign(campaign)) {
                    tally.finish(campaign, entry.at.millis_since(began));
                }
            }
            What::NotEnrolled
            | What::Waiting
            | What::Decided
            | What::Held
            | What::Sent
            | What::Skipped
            | What::Failed
            | What::Cancelled
            | What::Changed
            | What::EnteredSegment
            | What::LeftSegment
            | What::Problem
            | What::Merged
            | What::Called
            | What::Notified
            | What::HandedOver
            | What::Faulted
            | What::Quarantined
            | What::Retried
            | What::Dropped
            | What::LateResult
            | What::Moved
            | What::Goal => {}
        }
    }

    /// An effect leaves at once; what people do with it is decided by the sending alone.
    fn hand_over(&mut self, scene: &Scene, tally: &mut Tally, (now, effect): (Instant, &Effect)) {
        match &effect.kind {
            EffectKind::Message { message, .. } => {
                self.messages += 1;
                let (date, time) = self.zone.local(now);
                let hour = usize::from(Weekday::of(date).number()) * 24 + usize::try_from(time.0 / 3_600_000).unwrap_or(0);
                tally.send(scene, *message, (now, hour));
                self.react(scene, (now, effect.id, *message));
            }
            EffectKind::Webhook { webhook, wants_answer, .. } => {
                tally.webhooks += 1;
                if let (true, Some(habit)) = (*wants_answer, scene.behaviour.webhooks.get(webhook.index())) {
                    let mut chance = Chance::of_effect(scene.seed, effect.id);
                    let is_ok = chance.happens(habit.ok);
                    let at = later(now, habit.answer_after, &mut chance);
                    self.expect(at, Coming::Answer(effect.id, is_ok));
                }
            }
            EffectKind::Notify { .. } => tally.notices += 1,
        }
    }

    fn react(&mut self, scene: &Scene, (now, effect, message): (Instant, EffectId, MessageId)) {
        let Some(habit) = scene.behaviour.messages.get(message.index()) else { return };
        let channel = scene.linked.program.messages.get(message.index()).map_or(Channel::Email, |def| def.channel);
        let mut chance = Chance::of_effect(scene.seed, effect);
        if chance.happens(habit.bounce) {
            return self.expect(now.plus_millis(PROVIDER_MS), Coming::Bounce(effect, message));
        }
        if scene.hears_delivered {
            self.expect(now.plus_millis(PROVIDER_MS), Coming::Message(effect, message, MessageEvent::Delivered, None));
        }
        // A text is read where it arrives; everything else must be opened first.
        let read_at = match channel {
            Channel::Sms => Some(now),
            Channel::Email | Channel::Push => chance.happens(habit.open).then(|| later(now, habit.open_after, &mut chance)),
        };
        let Some(read_at) = read_at else { return };
        if channel != Channel::Sms {
            self.expect(read_at, Coming::Message(effect, message, MessageEvent::Opened, None));
        }
        if chance.happens(habit.click) {
            let link = text_of(&habit.links, &mut chance);
            let at = later(read_at, habit.click_after, &mut chance);
            self.expect(at, Coming::Message(effect, message, MessageEvent::Clicked, Some(link)));
        }
        if chance.happens(habit.reply) {
            let text = text_of(&habit.replies, &mut chance);
            let at = later(read_at, habit.reply_after, &mut chance);
            self.expect(at, Coming::Message(effect, message, MessageEvent::Replied, Some(text)));
        }
        for (share, event) in [(habit.unsubscribe, MessageEvent::Unsubscribed), (habit.complain, MessageEvent::Complained)] {
            if chance.happens(share) {
                let at = later(read_at, habit.click_after, &mut chance);
                self.expect(at, Coming::Message(effect, message, event, None));
            }
        }
    }
}

fn later(at: Instant, delay: Delay, chance: &mut Chance) -> Instant {
    at.plus_millis(whole(chance.around(delay.median_ms, delay.spread)).max(1))
}

impl Population {
    /// Whether the contacts are made up.
    pub(super) fn is_made_up(&self) -> bool {
        matches!(self, Population::MadeUp(_))
    }
}
