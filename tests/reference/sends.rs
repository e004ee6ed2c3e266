//! A message on its way: address, suppression, consent, windows, quiet hours, mutes, caps; *Time* 8 to 10, 13 and 16, and rulings 22, 28.

use super::person::{Arm, Event, Fate, Frame, Happened, Person, Sending, Wait};
use super::{Mutant, channel_index};
use campc::advance::What;
use campc::bytecode::{BuiltinField, CampaignId, Channel, MessageEvent, MessageId, Period};
use campc::lang::{Date, Instant, Record, Value, Weekday, Window, add_duration, local_instant};
use campc::semantic::hir::{Limit, Step};
use std::cmp::Reverse;

/// What a message may do at an instant.
enum Permission {
    Leave,
    Skip(&'static str),
    /// Not before then; for a cap or for another reason.
    Hold {
        until: Option<Instant>,
        is_capped: bool,
    },
}

impl<'p> Person<'p> {
    /// Sends a message; false where it is held, so that the enrollment waits.
    pub fn send(&mut self, (id, thread): (usize, usize), step: &'p Step, message: MessageId, instead: Option<Arm<'p>>) -> bool {
        let Some(index) = self.enrollment(id) else { return false };
        let channel = self.world.project.messages[message.index()].channel;
        let campaign = self.enrollments[index].campaign;
        let passes = self.enrollments[index].threads[thread].frames.iter().filter_map(|frame| match frame {
            Frame::Repeat(.., passes) => Some(*passes),
            Frame::Block(..) | Frame::Reach(..) | Frame::Arm(..) => None,
        });
        let passes: Vec<u32> = passes.collect();
        let done = self.enrollments[index].done_elsewhere.iter().position(|known| *known == (step.header.id, passes.clone()));
        if let Some(done) = done.filter(|_| self.world.mutant != Mutant::SentTwice) {
            self.enrollments[index].done_elsewhere.remove(done);
            self.log(What::Skipped, Some(campaign), Some(step.header.id), "already sent before the merge");
            return true;
        }
        if self.enrollments[index].is_held_out && self.world.mutant != Mutant::NoHoldout {
            self.enrollments[index].threads[thread].is_unreachable = false;
            self.log(What::Skipped, Some(campaign), Some(step.header.id), "holdout");
            return true;
        }
        let send = self.sends.len();
        let is_channel = matches!(self.enrollments[index].threads[thread].frames.last(), Some(Frame::Reach(..)));
        let reach = step.header.outline.parent.filter(|_| is_channel);
        self.sends.push(Sending {
            message,
            channel,
            step: step.header.id,
            reach,
            fate: Fate::Held,
            at: self.now,
            campaign,
            capped_since: None,
            passes,
            slot: None,
        });
        self.enrollments[index].path.push(send);
        self.enrollments[index].threads[thread].path.push(send);
        if self.is_shared(message) && self.may_others_want_it(id) {
            // Others may want the same place at this instant: they come forward first.
            self.enrollments[index].threads[thread].wait = Some(Wait::Place { send, instead });
            return false;
        }
        self.try_to_leave((id, thread), send, instead)
    }

    /// Whether there is anybody else, or may be in a moment: else nothing holds the message, and that is no wait.
    fn may_others_want_it(&self, id: usize) -> bool {
        let is_inside = self.enrollments.iter().any(|enrollment| !enrollment.is_over && enrollment.id != id);
        is_inside || !self.starts.is_empty() || self.edges.iter().any(|edge| self.may_trigger(edge))
    }

    /// Whether a limit of the policy counts it.
    pub fn is_shared(&self, message: MessageId) -> bool {
        let def = &self.world.project.messages[message.index()];
        !def.is_transactional && self.world.project.policy.limits.iter().any(|limit| limit.what.counts(def.channel))
    }

    /// Leaves, or is skipped (true), or is held.
    fn try_to_leave(&mut self, (id, thread): (usize, usize), send: usize, instead: Option<Arm<'p>>) -> bool {
        let Some(index) = self.enrollment(id) else { return false };
        let message = self.sends[send].message;
        match self.permission((id, thread), send) {
            Permission::Leave => match self.slot(send) {
                _ if self.world.project.messages[message.index()].is_transactional => self.hand_over(send, None),
                Some(slot) if slot <= self.now => self.hand_over(send, None),
                slot => {
                    if slot.is_none() {
                        self.queueing.push((id, thread, send));
                    }
                    self.enrollments[index].threads[thread].wait = Some(Wait::Held { send, until: slot, instead });
                    return false;
                }
            },
            Permission::Skip(reason) => {
                self.enrollments[index].threads[thread].is_unreachable = self.obstacle(message).is_some();
                self.hand_over(send, Some(reason));
                return true;
            }
            Permission::Hold { until, is_capped } => {
                let since = self.sends[send].capped_since.unwrap_or(self.now);
                self.sends[send].capped_since = is_capped.then_some(since);
                self.enrollments[index].threads[thread].wait = Some(Wait::Held { send, until, instead });
                return false;
            }
        }
        if let Some(index) = self.enrollment(id) {
            self.enrollments[index].threads[thread].is_unreachable = false;
        }
        true
    }

    fn permission(&self, (id, thread): (usize, usize), send: usize) -> Permission {
        let Sending { message, campaign, capped_since, .. } = self.sends[send].clone();
        if let Some(reason) = self.obstacle(message) {
            return Permission::Skip(reason);
        }
        if self.world.project.messages[message.index()].is_transactional {
            return Permission::Leave;
        }
        let opens = self.opens(campaign, self.now);
        if opens.is_none() {
            // In this contact's zone no window is ever open.
            return Permission::Skip("expired");
        }
        if opens != Some(self.now) {
            return Permission::Hold { until: opens, is_capped: false };
        }
        let limits = self.limits(campaign, message);
        let full: Vec<(&Limit, bool, bool)> = limits.iter().copied().filter(|(limit, is_own, _)| !self.has_room(limit, *is_own, campaign, self.now)).collect();
        if full.is_empty() || self.world.mutant == Mutant::NoCap {
            return Permission::Leave;
        }
        if full.iter().any(|(.., is_waiting)| !is_waiting) {
            return Permission::Skip("cap");
        }
        // `capped wait up to D` is about a cap of the policy.
        let up_to = self.campaign(campaign).capped.as_ref().and_then(|capped| capped.up_to.as_ref()).filter(|_| full.iter().any(|(_, is_own, _)| !is_own));
        let since = capped_since.unwrap_or(self.now);
        let patience = up_to.and_then(|length| match self.value(length, self.asker(id, Some(thread)), self.now) {
            Value::Duration(length) => Some(add_duration(since, length, &self.zone(), &self.world.holidays)),
            _ => None,
        });
        if patience.is_some_and(|end| end <= self.now) {
            return Permission::Skip("cap");
        }
        match (self.room_of_all(campaign, &limits), patience) {
            (Some(room), end) => Permission::Hold { until: Some(end.map_or(room, |end| end.min(room))), is_capped: true },
            (None, Some(end)) => Permission::Hold { until: Some(end), is_capped: true },
            (None, None) => Permission::Skip("cap"),
        }
    }

    /// The limits that count a message; whether each is the campaign's own, and whether it waits.
    fn limits(&self, campaign: CampaignId, message: MessageId) -> Vec<(&'p Limit, bool, bool)> {
        let channel = self.world.project.messages[message.index()].channel;
        let project = self.world.project;
        let def = &project.campaigns[campaign.index()];
        let own = def.limits.iter().map(|limit| (limit, true, limit.is_waiting));
        let shared = project.policy.limits.iter().map(|limit| (limit, false, def.capped.as_ref().map_or(limit.is_waiting, |capped| capped.is_waiting)));
        own.chain(shared).filter(|(limit, ..)| limit.what.counts(channel)).collect()
    }

    /// Whether one more may leave at an instant.
    fn has_room(&self, limit: &Limit, is_own: bool, campaign: CampaignId, at: Instant) -> bool {
        let counted = self.sends.iter().filter(|send| {
            send.fate == Fate::Sent
                && !self.world.project.messages[send.message.index()].is_transactional
                && limit.what.counts(send.channel)
                && (!is_own || send.campaign == campaign)
                && self.is_same_unit(&limit.per, send.at, at)
        });
        counted.count() < usize::try_from(limit.count).unwrap_or(usize::MAX)
    }

    /// Whether a hand-over of then still counts.
    fn is_same_unit(&self, per: &Period, then: Instant, at: Instant) -> bool {
        let zone = self.zone();
        let (a, b) = (zone.date(then), zone.date(at));
        let week = |date: Date| date.plus_days(-i32::from(Weekday::of(date).number()));
        let month = |date: Date| (date.parts().0, date.parts().1);
        match per {
            Period::Hour => (a, zone.local(then).1.0 / 3_600_000) == (b, zone.local(at).1.0 / 3_600_000),
            Period::Day => a == b,
            Period::Week => week(a) == week(b),
            Period::Month => month(a) == month(b),
            Period::Year => a.parts().0 == b.parts().0,
            Period::Campaign => true,
            Period::Rolling(length) => at < add_duration(then, *length, &zone, &self.world.holidays),
        }
    }

    /// The first instant from now on at which everything is open and every limit has room: looked for where anything can change.
    fn room_of_all(&self, campaign: CampaignId, limits: &[(&Limit, bool, bool)]) -> Option<Instant> {
        let zone = self.zone();
        let today = zone.date(self.now);
        let midnights = (1..800).map(|day| zone.day_start(today.plus_days(day)));
        let ends = limits.iter().flat_map(|(limit, ..)| {
            self.sends.iter().filter_map(|send| match limit.per {
                Period::Rolling(length) => Some(add_duration(send.at, length, &zone, &self.world.holidays)),
                _ => None,
            })
        });
        let mut candidates: Vec<Instant> = midnights.chain(ends).filter(|at| *at > self.now).collect();
        candidates.sort_unstable();
        candidates.into_iter().find_map(|at| {
            let open = self.opens(campaign, at)?;
            limits.iter().all(|(limit, is_own, _)| self.has_room(limit, *is_own, campaign, open)).then_some(open)
        })
    }

    /// Hands it over, or skips it.
    fn hand_over(&mut self, send: usize, obstacle: Option<&'static str>) {
        let Sending { step, campaign, .. } = self.sends[send];
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
        let has_address = match def.channel {
            Channel::Email => self.field(self.world.builtin(BuiltinField::Email)).is_set(),
            Channel::Sms => self.field(self.world.builtin(BuiltinField::Phone)).is_set(),
            Channel::Push => self.has_device,
        };
        if !has_address {
            return Some("no address");
        }
        if def.channel == Channel::Email && self.bounced.contains(&self.field(self.world.builtin(BuiltinField::Email))) {
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
            None => own.unwrap_or(def.channel == Channel::Push || (def.channel == Channel::Email && !self.world.project.info.is_email_opt_in)),
        };
        (!is_open).then_some("no consent")
    }

    /// The first moment from an instant on at which all windows are open, no quiet hours are on, and nobody has asked for quiet.
    fn opens(&self, campaign: CampaignId, from: Instant) -> Option<Instant> {
        let windows = &self.campaign(campaign).windows;
        let quiet = &self.world.project.policy.quiet_hours;
        if self.world.mutant == Mutant::NoWindow {
            return Some(from);
        }
        let muted = self.muted_until.filter(|until| *until > from && self.world.mutant != Mutant::NoMute);
        let is_quiet = |at: Instant| self.world.mutant != Mutant::NoQuiet && quiet.iter().any(|window| self.is_in(window, at));
        let is_open = |at: Instant| windows.iter().all(|window| self.is_in(window, at)) && !is_quiet(at) && muted.is_none_or(|until| until <= at);
        if is_open(from) {
            return Some(from);
        }
        let around = [Some(from), muted].into_iter().flatten();
        let ends_of = |at: Instant| {
            let starts = windows.iter().flat_map(move |window| self.stretches(window, at, -2..32)).map(|(start, _)| start);
            starts.chain(quiet.iter().flat_map(move |window| self.stretches(window, at, -2..32)).map(|(_, end)| end))
        };
        let mut all: Vec<Instant> = around.flat_map(ends_of).chain(muted).filter(|at| *at > from).collect();
        all.sort_unstable();
        all.into_iter().find(|at| is_open(*at))
    }

    fn is_in(&self, window: &Window, at: Instant) -> bool {
        self.stretches(window, at, -2..2).iter().any(|(start, end)| *start <= at && at < *end)
    }

    /// Its intervals on the days around an instant, the days naming the start.
    fn stretches(&self, window: &Window, around: Instant, days: std::ops::Range<i32>) -> Vec<(Instant, Instant)> {
        let zone = window.zone_for(&self.zone());
        let today = zone.date(around);
        let days = days.map(|day| today.plus_days(day)).filter(|date| window.days.contains(Weekday::of(*date)));
        days.map(|date| {
            let end = if window.to <= window.from { date.plus_days(1) } else { date };
            (local_instant(date, window.from, &zone), local_instant(end, window.to, &zone))
        })
        .collect()
    }

    /// What is held is planned anew where the zone has changed: true where it left or was skipped.
    pub fn replan_held(&mut self, (id, thread): (usize, usize), send: usize, (planned, instead): (Option<Instant>, Option<Arm<'p>>)) -> bool {
        // At the planned moment itself it is a timer's turn.
        if !self.is_zone_new || planned == Some(self.now) {
            return false;
        }
        self.release((id, thread), send, instead)
    }

    /// Looks again whether what is held may leave; false where it is held on.
    pub fn release(&mut self, (id, thread): (usize, usize), send: usize, instead: Option<Arm<'p>>) -> bool {
        let Some(index) = self.enrollment(id) else { return false };
        self.enrollments[index].threads[thread].wait = None;
        if !self.try_to_leave((id, thread), send, instead) {
            return false;
        }
        self.run(id, thread);
        true
    }

    /// Gives one place of a shared limit: to the higher priority, then to the older enrollment. False where nobody wants one.
    pub fn award(&mut self) -> bool {
        let wanting = self.enrollments.iter().flat_map(|e| {
            e.threads.iter().enumerate().filter_map(move |(number, thread)| match thread.wait {
                Some(Wait::Place { send, instead }) => Some((e.campaign, e.id, number, send, instead)),
                _ => None,
            })
        });
        let priority = |campaign: CampaignId| if self.world.mutant == Mutant::NoPriority { 0 } else { self.campaign(campaign).priority.unwrap_or(0.0) as i64 };
        let first = wanting.min_by_key(|(campaign, id, thread, ..)| (Reverse(priority(*campaign)), *id, self.place(*id, *thread)));
        let Some((_, id, thread, send, instead)) = first else { return false };
        self.release((id, thread), send, instead);
        true
    }
}
