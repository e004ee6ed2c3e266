//! Who the contacts are: made up from the behaviour, or as a file says.

use super::Arriving;
use super::chance::{Chance, Stream};
use super::run::{Population, Scene};
use super::values::real;
use crate::advance::{Change, ConsentTarget};
use crate::bytecode::{BuiltinField, Channel};
use crate::lang::{Instant, Value};
use crate::machine::state::ConsentState;
use std::sync::Arc;

const DAY_MS: f64 = 86_400_000.0;

impl Scene {
    /// How many of the contacts are there when it begins.
    pub(super) fn known(&self) -> u64 {
        let total = self.contacts();
        let new = match self.behaviour.arriving {
            _ if matches!(self.population, Population::Given(_)) => 0,
            Arriving::Share(share) => super::values::whole(real(total) * share + 0.5),
            Arriving::PerDay(rate) => super::values::whole(rate * self.length_days() + 0.5),
        };
        total - u64::try_from(new).unwrap_or(0).min(total)
    }

    /// When a contact comes in; none where it does not come before the end.
    pub(super) fn arrival(&self, contact: u64) -> Option<Instant> {
        let known = self.known();
        if contact < known {
            return Some(self.period.from);
        }
        let mut chance = Chance::of_contact(self.seed, contact, Stream::Arrival);
        let days = match self.behaviour.arriving {
            Arriving::Share(_) => chance.unit() * self.length_days(),
            Arriving::PerDay(rate) => (real(contact - known) + chance.unit()) / rate,
        };
        let at = self.calendar.at(&self.behaviour.hours, days);
        (at < self.period.until).then_some(at.max(self.period.from))
    }

    fn length_days(&self) -> f64 {
        super::values::real(u64::try_from(self.period.until.millis_since(self.period.from)).unwrap_or(0)) / DAY_MS
    }

    /// The facts that a contact comes into being with.
    pub(super) fn first_facts(&self, contact: u64, arrives: Instant) -> Vec<Change> {
        match &self.population {
            Population::MadeUp(_) => self.made_up(contact, arrives),
            Population::Given(people) => usize::try_from(contact).ok().and_then(|at| people.get(at)).cloned().unwrap_or_default(),
        }
    }

    fn made_up(&self, contact: u64, arrives: Instant) -> Vec<Change> {
        let behaviour = &self.behaviour;
        let mut chance = Chance::of_contact(self.seed, contact, Stream::Person);
        let mut changes = self.ways(contact, &mut chance);
        for habit in &behaviour.fields {
            let value = habit.draw.value(&mut chance, (self.period.from, &self.linked.zone));
            if value.is_set() {
                changes.push(Change::SetField(habit.field, value));
            }
        }
        for (group, draw) in &behaviour.points {
            let value = draw.value(&mut chance, (self.period.from, &self.linked.zone));
            changes.extend(value.as_number().map(|points| Change::SetPoints(*group, points)));
        }
        changes.extend(behaviour.tags.iter().filter(|tag| chance.happens(tag.share)).map(|tag| Change::Tag(tag.what.clone())));
        changes.extend(behaviour.lists.iter().filter(|list| chance.happens(list.share)).map(|list| Change::AddToList(list.what)));
        for topic in &behaviour.topics {
            if chance.happens(topic.share) {
                changes.push(Change::Consent(ConsentTarget::Topic(topic.what), ConsentState::Given));
            }
        }
        if contact < self.known() {
            let ago = chance.unit() * behaviour.known_for_days * DAY_MS;
            changes.push(Change::CreatedAt(arrives.plus_millis(-super::values::whole(ago))));
        }
        changes
    }

    /// The ways to a contact: address, number, device, and consent where a channel needs it.
    fn ways(&self, contact: u64, chance: &mut Chance) -> Vec<Change> {
        let reach = &self.behaviour.reach;
        let mut changes = Vec::with_capacity(8);
        let has = [chance.happens(reach.email), chance.happens(reach.phone), chance.happens(reach.device)];
        let has_consented = chance.happens(reach.sms_consent);
        if has[0]
            && let Some(field) = self.linked.builtin(BuiltinField::Email)
        {
            changes.push(Change::SetField(field, Value::text(format!("c{contact}@contact.example"))));
            if self.linked.program.project.is_email_opt_in {
                changes.push(Change::Consent(ConsentTarget::Channel(Channel::Email), ConsentState::Given));
            }
        }
        // What nobody sends by needs no way.
        let sends_by = |channel: Channel| self.linked.program.messages.iter().any(|message| message.channel == channel);
        if has[1]
            && self.uses_phones
            && let Some(field) = self.linked.builtin(BuiltinField::Phone)
        {
            // Outside +1, so that no legal hours apply to a number nobody wrote.
            changes.push(Change::SetField(field, Value::text(format!("+49151{contact:08}"))));
            if has_consented {
                changes.push(Change::Consent(ConsentTarget::Channel(Channel::Sms), ConsentState::Given));
            }
        }
        if has[2] && sends_by(Channel::Push) {
            changes.push(Change::AddDevice(Arc::from(format!("device-{contact}"))));
        }
        changes
    }
}
