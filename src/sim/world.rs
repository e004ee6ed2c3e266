//! The little world of one test: a clock, a few contacts, everything that was sent, and what happened in which order.

use super::answers::{Books, Bounce, answered, refused};
use super::coverage::Trace;
use super::report::{Happened, Moment};
use crate::advance::{
    AddressNote, Change, ConsentTarget, Effect, EffectKind, EffectUpdate, ExperimentNote, Input, InputKind, JournalEntry, Outcome, Switches, What,
    address_field, advance, inherited,
};
use crate::base::Span;
use crate::bytecode::{BuiltinField, Channel, FieldId, MessageId, WebhookId};
use crate::content::{Composer, Outgoing};
use crate::lang::{Instant, Value, Weekday, Zone, to_json};
use crate::machine::state::{ConsentState, ContactState, ContactUid, StepUid, Suppression};
use crate::machine::{Linked, builtin_text, zone_of};
use std::sync::Arc;

/// What kind of thing was sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SentKind {
    Message { channel: Channel, message: MessageId },
    Webhook { webhook: WebhookId, body: serde_json::Value },
    Notify,
}

/// Something that left.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub at: Instant,
    pub contact: usize,
    pub kind: SentKind,
    pub step: Option<StepUid>,
    pub to: String,
    /// Everything it says, for `containing`.
    pub text: String,
    pub is_consumed: bool,
}

/// Something for the timeline: cheap to note, spelled out only where a test fails.
#[derive(Clone, Debug)]
pub(super) enum Told {
    /// A line of the test, and whom it is about.
    Line(Option<usize>, Span),
    /// The journal line of a contact.
    Entry(usize, usize),
    /// Something that is on no journal.
    Note(usize, Arc<str>),
}

/// A contact of the test.
pub(super) struct Person {
    pub name: Option<Arc<str>>,
    pub state: ContactState,
    pub wake: Option<Instant>,
    pub journal: Vec<JournalEntry>,
    pub is_there: bool,
    /// Whom the contact went up in.
    pub merged_into: Option<usize>,
}

/// The world of one test.
pub(super) struct World<'a> {
    pub linked: &'a Linked,
    pub composer: &'a Composer,
    pub switches: Switches,
    pub books: Books,
    pub now: Instant,
    pub zone: Zone,
    pub people: Vec<Person>,
    pub sent: Vec<Sent>,
    /// Addresses that bounced and that nobody has now.
    pub bounced: Vec<(Channel, Arc<str>)>,
    /// What webhooks answer: status and body.
    pub answers: Vec<(WebhookId, u16, Value)>,
    pub timeline: Vec<(Instant, Told)>,
    /// What was reached, where the switches say that it is traced.
    pub trace: Trace,
}

impl World<'_> {
    /// A contact comes into being: reachable, with every consent, unless `values` say otherwise.
    pub fn create(&mut self, index: usize, values: Vec<(FieldId, Value)>) {
        let name = self.people.get(index).and_then(|person| person.name.clone()).unwrap_or_else(|| Arc::from("contact"));
        let mut changes: Vec<Change> = [Channel::Email, Channel::Sms, Channel::Push]
            .into_iter()
            .map(|channel| Change::Consent(ConsentTarget::Channel(channel), ConsentState::Given))
            .collect();
        let has = |field: FieldId| values.iter().any(|(known, _)| *known == field);
        let made_up = [
            (BuiltinField::Email, format!("{name}@contact.example")),
            // Outside +1, so that no legal hours apply to a number nobody wrote.
            (BuiltinField::Phone, format!("+4915100000{index:03}")),
        ];
        for (builtin, address) in made_up {
            if let Some(field) = self.linked.builtin(builtin).filter(|field| !has(*field)) {
                changes.push(Change::SetField(field, Value::text(address)));
            }
        }
        changes.push(Change::AddDevice(Arc::from(format!("device-{name}"))));
        changes.extend(values.into_iter().map(|(field, value)| Change::SetField(field, value)));
        if let Some(person) = self.people.get_mut(index) {
            person.state = ContactState { uid: ContactUid(u64::try_from(index).unwrap_or(0) + 1), ..ContactState::default() };
            person.is_there = true;
        }
        self.feed(index, &Input::new(InputKind::Created { changes }));
    }

    /// The contact that carries a number on: itself, or the one it went up in.
    pub fn canonical(&self, index: usize) -> usize {
        let mut current = index;
        for _ in 0..self.people.len() {
            match self.people.get(current).and_then(|person| person.merged_into) {
                Some(next) => current = next,
                None => break,
            }
        }
        current
    }

    /// Gives a contact an input now, and carries out what follows.
    pub fn feed(&mut self, index: usize, input: &Input) {
        let index = self.canonical(index);
        let Some(person) = self.people.get_mut(index).filter(|person| person.is_there) else { return };
        let outcome = advance(self.linked, &self.switches, &mut person.state, input, self.now);
        self.take(index, outcome);
    }

    /// Takes over what came of an input.
    pub fn take(&mut self, index: usize, outcome: Outcome) {
        if self.switches.is_tracing {
            outcome.reached.iter().for_each(|step| self.trace.reach(*step));
            outcome.journal.iter().for_each(|entry| self.trace.hear(entry.step, entry.what, &entry.why));
        }
        if let Some(person) = self.people.get_mut(index) {
            // Membership and enrolment tell the story; every fact would drown it.
            let from = person.journal.len();
            let worth_telling = outcome.journal.iter().enumerate().filter(|(_, entry)| entry.what != What::Changed);
            self.timeline.extend(worth_telling.map(|(number, entry)| (entry.at, Told::Entry(index, from + number))));
            person.wake = outcome.next_wake;
            person.journal.extend(outcome.journal);
        }
        for effect in &outcome.effects {
            self.carry_out(index, effect);
        }
        for request in &outcome.requests {
            let slot = self.books.slot(self.linked, request, self.now);
            self.feed(index, &slot);
        }
        for note in outcome.experiments {
            self.take_note(index, note);
        }
        outcome.addresses.iter().for_each(|note| self.take_address(index, note));
        debug_assert!(
            outcome.updates.iter().all(|update| !matches!(update, EffectUpdate::Postponed(..) | EffectUpdate::Parked(_))),
            "nothing is queued in a test"
        );
    }

    /// Others who have the same address follow, as a daemon's do.
    fn take_address(&mut self, index: usize, note: &AddressNote) {
        match note {
            AddressNote::Left(channel, address) => self.bounced.push((*channel, address.clone())),
            AddressNote::Gained(channel) => {
                let own = self.address(index, *channel);
                let mut changes = Vec::new();
                if self.bounced.iter().any(|(known, address)| known == channel && Some(address) == own.as_ref()) {
                    changes.push(Change::Suppress(*channel, Some(Suppression::HardBounce)));
                }
                for other in self.others(index, *channel) {
                    let (Some(holder), Some(new)) = (self.people.get(other), self.people.get(index)) else { continue };
                    changes.extend(inherited(self.linked, *channel, (&holder.state, &new.state)));
                }
                if !changes.is_empty() {
                    self.feed(index, &Input::new(InputKind::Changed(changes)));
                }
            }
            AddressNote::Lost(change) => {
                let mut others: Vec<usize> = note.channels().into_iter().flat_map(|channel| self.others(index, channel)).collect();
                others.sort_unstable();
                others.dedup();
                for other in others {
                    self.feed(other, &Input::new(InputKind::Changed(vec![change.clone()])));
                }
            }
        }
    }

    fn address(&self, index: usize, channel: Channel) -> Option<Arc<str>> {
        let person = self.people.get(index).filter(|person| person.is_there)?;
        builtin_text(self.linked, &person.state, address_field(channel)?)
    }

    fn others(&self, index: usize, channel: Channel) -> Vec<usize> {
        let Some(own) = self.address(index, channel) else { return Vec::new() };
        (0..self.people.len()).filter(|other| *other != index && self.address(*other, channel).as_ref() == Some(&own)).collect()
    }

    fn take_note(&mut self, index: usize, note: ExperimentNote) {
        let Some(uid) = self.people.get(index).map(|person| person.state.uid) else { return };
        if let Some(answer) = self.books.note(self.linked, (uid.0, note), self.now) {
            self.feed(index, &answer);
        }
    }

    fn carry_out(&mut self, index: usize, effect: &Effect) {
        let email = self.people.get(index).and_then(|person| crate::machine::builtin_text(self.linked, &person.state, BuiltinField::Email));
        match self.composer.effect(self.linked, effect, email.as_deref()) {
            Ok(outgoing) => {
                let sent = self.record(index, effect, &outgoing);
                self.sent.push(sent);
                self.answer(index, effect);
            }
            Err(error) => {
                self.timeline.push((self.now, Told::Note(index, Arc::from(format!("template: {error}")))));
                self.feed(index, &refused(effect.id, Arc::from(error.reason()), Bounce::None));
            }
        }
    }

    fn record(&self, contact: usize, effect: &Effect, outgoing: &Outgoing) -> Sent {
        let kind = match &effect.kind {
            EffectKind::Message { message, .. } => {
                let channel = self.linked.program.messages.get(message.index()).map_or(Channel::Email, |def| def.channel);
                SentKind::Message { channel, message: *message }
            }
            EffectKind::Webhook { webhook, body, object, .. } => {
                // What the step says is what a test looks at; with a body of its own, that.
                let shown = body.as_ref().or(object.as_ref()).map_or(serde_json::Value::Null, to_json);
                SentKind::Webhook { webhook: *webhook, body: shown }
            }
            EffectKind::Notify { .. } => SentKind::Notify,
        };
        Sent { at: self.now, contact, kind, step: effect.step, to: outgoing.to(), text: text_of(outgoing), is_consumed: false }
    }

    fn answer(&mut self, index: usize, effect: &Effect) {
        let EffectKind::Webhook { webhook, wants_answer: true, .. } = &effect.kind else { return };
        let given = self.answers.iter().find(|(known, ..)| known == webhook);
        let (status, body) = given.map_or((200, Value::Unset), |(_, status, body)| (*status, body.clone()));
        self.feed(index, &answered(effect.id, status, body));
    }

    /// Moves the clock to `to` and does all that is due before it.
    pub fn move_clock(&mut self, to: Instant) {
        while let Some((at, index)) = self.next_wake().filter(|(at, _)| *at < to) {
            self.now = self.now.max(at);
            self.feed(index, &Input::new(InputKind::Wake));
        }
        self.now = self.now.max(to);
    }

    /// Does all that is due at this very instant.
    pub fn flush(&mut self) {
        let mut rounds = 0;
        while let Some((_, index)) = self.next_wake().filter(|(at, _)| *at <= self.now) {
            self.feed(index, &Input::new(InputKind::Wake));
            rounds += 1;
            if rounds > 100_000 {
                return;
            }
        }
    }

    fn next_wake(&self) -> Option<(Instant, usize)> {
        self.people.iter().enumerate().filter(|(_, person)| person.is_there).filter_map(|(index, person)| Some((person.wake?, index))).min()
    }

    /// The story so far: of one contact with the lines that are about nobody, or of all.
    pub fn story(&self, of: Option<usize>) -> Vec<Moment> {
        let is_meant = |told: &Told| match told {
            Told::Line(who, _) => who.is_none() || of.is_none() || *who == of,
            Told::Entry(who, _) | Told::Note(who, _) => of.is_none_or(|of| of == *who),
        };
        self.timeline.iter().filter(|(_, told)| is_meant(told)).filter_map(|(at, told)| self.moment(*at, told)).collect()
    }

    fn moment(&self, at: Instant, told: &Told) -> Option<Moment> {
        let (who, happened) = match told {
            Told::Line(who, span) => (*who, Happened::Line(*span)),
            Told::Entry(who, number) => (Some(*who), self.entry(self.people.get(*who)?.journal.get(*number)?)),
            Told::Note(who, text) => (Some(*who), Happened::Note(text.clone())),
        };
        let person = who.and_then(|who| self.people.get(who));
        let zone = person.map_or_else(|| self.zone.clone(), |person| zone_of(self.linked, &person.state));
        let contact = person.and_then(|person| person.name.clone());
        Some(Moment { at, local: wall_clock(&zone, at), zone: Arc::from(zone.name()), contact, happened })
    }

    fn entry(&self, entry: &JournalEntry) -> Happened {
        let program = &self.linked.program;
        let campaign = entry.campaign.and_then(|id| self.linked.campaign(id)).and_then(|id| program.campaigns.get(id.index()));
        let step = entry.step.and_then(|uid| self.linked.step(uid)).and_then(|id| program.steps.get(id.index()));
        Happened::Entry {
            campaign: campaign.map(|def| def.name.clone()),
            step: step.map(|def| def.identity().clone()),
            what: entry.what,
            why: entry.why.clone(),
        }
    }
}

/// `Mon 2026-03-02 10:00:00`
fn wall_clock(zone: &Zone, at: Instant) -> String {
    let day = match Weekday::of(zone.date(at)) {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    };
    format!("{day} {}", zone.format(at))
}

fn text_of(outgoing: &Outgoing) -> String {
    match outgoing {
        Outgoing::Email(email) | Outgoing::Notify(email) => format!("{}\n{}\n{}", email.subject, email.text, email.html.as_deref().unwrap_or("")),
        Outgoing::Sms(sms) => sms.text.clone(),
        Outgoing::Push(push) => format!("{}\n{}", push.title, push.body),
        Outgoing::Webhook(call) => String::from_utf8_lossy(&call.body).into_owned(),
    }
}
