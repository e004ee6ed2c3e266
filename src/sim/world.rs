//! The little world of one test: a clock, a few contacts, and everything that was sent.

use crate::advance::{
    Change, ConsentTarget, DeliveryOutcome, Effect, EffectKind, EffectUpdate, Input, InputKind, JournalEntry, Outcome, Switches, What, advance,
};
use crate::bytecode::{BuiltinField, Channel, FieldId, MessageId, WebhookId};
use crate::content::{Composer, Outgoing};
use crate::lang::{Instant, Record, Value, Zone, to_json};
use crate::machine::Linked;
use crate::machine::state::{ConsentState, ContactState, ContactUid, StepUid};
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

/// A contact of the test.
pub(super) struct Person {
    pub name: Option<Arc<str>>,
    pub state: ContactState,
    pub wake: Option<Instant>,
    pub journal: Vec<JournalEntry>,
    pub is_there: bool,
}

/// The world of one test.
pub(super) struct World<'a> {
    pub linked: &'a Linked,
    pub composer: &'a Composer,
    pub switches: Switches,
    pub now: Instant,
    pub zone: Zone,
    pub people: Vec<Person>,
    pub sent: Vec<Sent>,
    /// What webhooks answer: status and body.
    pub answers: Vec<(WebhookId, u16, Value)>,
    pub timeline: Vec<(Instant, String)>,
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
        changes.extend(values.into_iter().map(|(field, value)| Change::SetField(field, value)));
        if let Some(person) = self.people.get_mut(index) {
            person.state = ContactState { uid: ContactUid(u64::try_from(index).unwrap_or(0) + 1), ..ContactState::default() };
            person.is_there = true;
        }
        self.feed(index, &Input::new(InputKind::Created { changes }));
    }

    /// Gives a contact an input now, and carries out what follows.
    pub fn feed(&mut self, index: usize, input: &Input) {
        let Some(person) = self.people.get_mut(index).filter(|person| person.is_there) else { return };
        let outcome = advance(self.linked, &self.switches, &mut person.state, input, self.now);
        self.take(index, outcome);
    }

    /// Takes over what came of an input.
    pub fn take(&mut self, index: usize, outcome: Outcome) {
        for entry in &outcome.journal {
            self.tell(index, entry);
        }
        if let Some(person) = self.people.get_mut(index) {
            person.wake = outcome.next_wake;
            person.journal.extend(outcome.journal);
        }
        for effect in &outcome.effects {
            self.carry_out(index, effect);
        }
        debug_assert!(outcome.updates.iter().all(|update| !matches!(update, EffectUpdate::Postponed(..))), "nothing is queued in a test");
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
                self.timeline.push((self.now, format!("template: {error}")));
                let outcome = DeliveryOutcome::Permanent { reason: Arc::from(error.reason()), is_hard_bounce: false };
                self.feed(index, &Input::new(InputKind::Result { effect: effect.id, attempt: 1, outcome }));
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
        let record: Record =
            [(Arc::from("ok"), Value::Bool((200..300).contains(&status))), (Arc::from("status"), Value::Number(f64::from(status))), (Arc::from("body"), body)]
                .into();
        let outcome = DeliveryOutcome::Answer { record: Arc::new(record) };
        self.feed(index, &Input::new(InputKind::Result { effect: effect.id, attempt: 1, outcome }));
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

    fn tell(&mut self, index: usize, entry: &JournalEntry) {
        // Membership and enrolment tell the story; every fact would drown it.
        if matches!(entry.what, What::Changed) {
            return;
        }
        let name = self.people.get(index).and_then(|person| person.name.clone()).unwrap_or_else(|| Arc::from("contact"));
        let campaign = entry
            .campaign
            .and_then(|id| self.linked.campaign(id))
            .and_then(|id| self.linked.program.campaigns.get(id.index()))
            .map(|def| format!("  {}", def.name))
            .unwrap_or_default();
        let step = entry
            .step
            .and_then(|uid| self.linked.step(uid))
            .and_then(|id| self.linked.program.steps.get(id.index()))
            .map(|def| format!("  {}", def.identity()))
            .unwrap_or_default();
        let why = if entry.why.is_empty() { String::new() } else { format!("  {}", entry.why) };
        self.timeline.push((entry.at, format!("{name}{campaign}{step}  {}{why}", entry.what.word())));
    }

    /// The story so far, a line each.
    pub fn story(&self) -> Vec<String> {
        self.timeline.iter().map(|(at, line)| format!("{}  {line}", self.zone.format(*at))).collect()
    }
}

fn text_of(outgoing: &Outgoing) -> String {
    match outgoing {
        Outgoing::Email(email) | Outgoing::Notify(email) => format!("{}\n{}\n{}", email.subject, email.text, email.html.as_deref().unwrap_or("")),
        Outgoing::Sms(sms) => sms.text.clone(),
        Outgoing::Push(push) => format!("{}\n{}", push.title, push.body),
        Outgoing::Webhook(call) => String::from_utf8_lossy(&call.body).into_owned(),
    }
}
