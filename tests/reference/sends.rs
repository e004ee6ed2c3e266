//! A message on its way: address, suppression, consent, windows; *Time* 8 to 10, 13 and 16.

use super::person::{Arm, Event, Fate, Happened, Person, Sending, Wait};
use super::{Mutant, channel_index};
use campc::advance::What;
use campc::bytecode::{BuiltinField, CampaignId, Channel, MessageEvent, MessageId};
use campc::lang::{Instant, Record, Weekday, Window, local_instant};
use campc::semantic::hir::Step;

impl<'p> Person<'p> {
    /// Sends a message; false where it is held, so that the enrollment waits.
    pub fn send(&mut self, (id, thread): (usize, usize), step: &'p Step, message: MessageId, instead: Option<Arm<'p>>) -> bool {
        let Some(index) = self.enrollment(id) else { return false };
        let channel = self.world.project.messages[message.index()].channel;
        let send = self.sends.len();
        self.sends.push(Sending { message, channel, step: step.header.id, fate: Fate::Held, at: self.now });
        self.enrollments[index].path.push(send);
        self.enrollments[index].threads[thread].path.push(send);
        let campaign = self.enrollments[index].campaign;
        if self.obstacle(message).is_some() {
            self.hand_over(campaign, send);
            return true;
        }
        match self.opens(campaign, message) {
            Some(at) if at <= self.now => {
                self.hand_over(campaign, send);
                true
            }
            until => {
                self.enrollments[index].threads[thread].wait = Some(Wait::Held { send, until, instead });
                false
            }
        }
    }

    /// Hands it over, or says why not: all is asked again, as of now.
    pub fn hand_over(&mut self, campaign: CampaignId, send: usize) {
        let (message, step) = (self.sends[send].message, self.sends[send].step);
        let obstacle = self.obstacle(message);
        self.sends[send].at = self.now;
        self.sends[send].fate = if obstacle.is_some() { Fate::Skipped } else { Fate::Sent };
        let (what, event) = if obstacle.is_some() { (What::Skipped, MessageEvent::Skipped) } else { (What::Sent, MessageEvent::Sent) };
        self.log(what, Some(campaign), Some(step), obstacle.unwrap_or(""));
        // What the engine does itself is no input: it has no place of its own in the order of acceptance.
        let event = Event { what: Happened::Message(event, send), properties: Record::new(), detail: None, happened: self.now, seq: self.seq };
        self.events.push(event);
        self.refresh_segments();
    }

    /// Why it must not go to this contact at all.
    pub fn obstacle(&self, message: MessageId) -> Option<&'static str> {
        let def = &self.world.project.messages[message.index()];
        let address = match def.channel {
            Channel::Email => BuiltinField::Email,
            Channel::Sms => BuiltinField::Phone,
            Channel::Push => BuiltinField::Id,
        };
        if !self.field(self.world.builtin(address)).is_set() {
            return Some("no address");
        }
        if def.channel == Channel::Email && self.bounced {
            return Some("hard bounce");
        }
        if def.channel == Channel::Email && self.complained {
            return Some("complaint");
        }
        if def.is_transactional || self.world.mutant == Mutant::NoConsent {
            return None;
        }
        let own = self.channels[channel_index(def.channel)];
        let is_open = match def.topic {
            Some(topic) => own != Some(false) && self.topic_passes(topic),
            None => own.unwrap_or(def.channel == Channel::Email && !self.world.project.info.is_email_opt_in),
        };
        (!is_open).then_some("no consent")
    }

    /// The first moment from now on at which the campaign's windows are all open.
    fn opens(&self, campaign: CampaignId, message: MessageId) -> Option<Instant> {
        let windows = &self.campaign(campaign).windows;
        if self.world.project.messages[message.index()].is_transactional || self.world.mutant == Mutant::NoWindow {
            return Some(self.now);
        }
        let is_open = |at: Instant| windows.iter().all(|window| self.is_open(window, at));
        let starts = windows.iter().flat_map(|window| self.openings(window));
        starts.map(|(start, _)| start).chain([self.now]).filter(|at| *at >= self.now && is_open(*at)).min()
    }

    fn is_open(&self, window: &Window, at: Instant) -> bool {
        self.openings(window).iter().any(|(start, end)| *start <= at && at < *end)
    }

    /// Its intervals from yesterday to a month ahead, the days naming the start.
    fn openings(&self, window: &Window) -> Vec<(Instant, Instant)> {
        let zone = window.zone_for(&self.zone());
        let today = zone.date(self.now);
        let days = (-2..32).map(|day| today.plus_days(day)).filter(|date| window.days.contains(Weekday::of(*date)));
        days.map(|date| {
            let end = if window.to <= window.from { date.plus_days(1) } else { date };
            (local_instant(date, window.from, &zone), local_instant(end, window.to, &zone))
        })
        .collect()
    }

    /// What is held is planned anew: a zone may have changed.
    pub fn replan_held(&mut self, (id, thread): (usize, usize), send: usize, planned: Option<Instant>, instead: Option<Arm<'p>>) -> bool {
        let Some(index) = self.enrollment(id) else { return false };
        let until = self.opens(self.enrollments[index].campaign, self.sends[send].message);
        // At the planned moment itself it is a timer's turn.
        if until == planned || planned == Some(self.now) {
            return false;
        }
        if until.is_some_and(|until| until <= self.now) {
            self.release(id, thread, send);
            return true;
        }
        self.enrollments[index].threads[thread].wait = Some(Wait::Held { send, until, instead });
        false
    }

    /// Lets go of what is held.
    pub fn release(&mut self, id: usize, thread: usize, send: usize) {
        let Some(index) = self.enrollment(id) else { return };
        self.enrollments[index].threads[thread].wait = None;
        self.hand_over(self.enrollments[index].campaign, send);
        self.run(id, thread);
    }
}
