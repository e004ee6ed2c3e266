//! Time passes: facts turn, broadcasts go out, timers fire; *Time* 2 and 11.

use super::person::{Edge, Frame, Person, Wait};
use super::values::Asker;
use campc::bytecode::{CampaignId, Recurrence, TriggerZone};
use campc::lang::{Date, Instant, Value, Weekday, Zone, days_in_month, local_instant};
use campc::semantic::hir::TriggerKind;

impl<'p> Person<'p> {
    /// All that is due now: what time has turned, then broadcasts, then timers one after the other.
    pub fn run_due(&mut self) {
        if !self.is_there {
            return;
        }
        while self.fade() {
            self.settle();
        }
        self.end_what_is_over();
        self.refresh_segments();
        self.settle();
        for round in 0.. {
            assert!(round < 5_000, "an instant without end at {:?}: {:?}", self.now, self.enrollments);
            let due = self.timers().into_iter().filter(|(due, ..)| *due <= self.now);
            if let Some((_, id, thread)) = due.min_by_key(|(due, id, thread)| (*due, *id, self.place(*id, *thread))) {
                self.fire_timer(id, thread);
            } else if !self.broadcast() && !self.award() {
                break;
            }
            self.settle();
        }
        self.answer();
    }

    /// Where a line stands in the source, for the order of one instant.
    pub fn place(&self, id: usize, thread: usize) -> (u32, usize) {
        let step = self.enrollment(id).and_then(|index| self.enrollments[index].threads.get(thread)?.step);
        (step.map_or(0, |step| step.0), thread)
    }

    /// Due times with enrollment and thread.
    pub fn timers(&self) -> Vec<(Instant, usize, usize)> {
        let acting = || self.enrollments.iter().filter(|e| !self.paused.contains(&e.campaign));
        let threads = acting().flat_map(|e| e.threads.iter().enumerate().map(move |(number, thread)| (e.id, number, thread)));
        let gatherings = acting().filter_map(|e| Some((e.gathering?.until, e.id, 0)));
        threads
            .filter_map(|(id, number, thread)| {
                let due = match thread.wait.as_ref()? {
                    Wait::Timer(due, _) => Some(*due),
                    Wait::Until(_, _, planned) => *planned,
                    Wait::Listen { due, .. } => *due,
                    Wait::Held { until, .. } => *until,
                    Wait::Gap { until, .. } => Some(*until),
                    Wait::Timeline { arms, .. } => arms.iter().filter(|arm| !arm.is_done && !arm.is_past).filter_map(|arm| arm.planned).min(),
                    Wait::Join(_) | Wait::Answer(_) | Wait::Never | Wait::Place { .. } => None,
                };
                due.map(|due| (due, id, number))
            })
            .chain(gatherings)
            .collect()
    }

    pub fn fire_timer(&mut self, id: usize, thread: usize) {
        let Some(index) = self.enrollment(id) else { return };
        if self.enrollments[index].gathering.take().is_some() {
            return self.run(id, thread);
        }
        if matches!(self.enrollments[index].threads[thread].wait, Some(Wait::Timeline { .. })) {
            if self.run_arms(id, thread) {
                self.run(id, thread);
            }
            return;
        }
        let Some(wait) = self.enrollments[index].threads[thread].wait.take() else { return };
        match wait {
            Wait::Timer(due, Some(until)) => {
                if self.wait_until_public(id, thread, until, due) {
                    self.run(id, thread);
                }
            }
            Wait::Held { send, instead, .. } if self.is_shared(self.sends[send].message) => {
                self.enrollments[index].threads[thread].wait = Some(Wait::Place { send, instead });
            }
            Wait::Held { send, instead, .. } => {
                self.release((id, thread), send, instead);
            }
            Wait::Gap { step, passes, .. } => self.next_pass(id, thread, step, passes),
            Wait::Listen { arms, late, is_decision, .. } => {
                let standing = &mut self.enrollments[index].threads[thread];
                standing.red = arms.first().copied().filter(|_| is_decision);
                standing.frames.push(Frame::Block(late, 0));
                self.run(id, thread);
            }
            Wait::Timer(_, None) | Wait::Until(..) | Wait::Join(_) | Wait::Answer(_) | Wait::Never => self.run(id, thread),
            Wait::Timeline { .. } | Wait::Place { .. } => {}
        }
    }

    /// The next instant before `to` at which something may happen by itself.
    pub fn next_due(&self, to: Instant) -> Option<Instant> {
        let timers = self.timers().into_iter().map(|(due, ..)| due);
        let fades = self.fades.values().map(|fade| fade.due);
        let ends = self.enrollments.iter().filter(|e| !e.is_over).filter_map(|e| self.campaign(e.campaign).active_until);
        timers.chain(ends).chain(fades).chain(self.next_broadcast()).chain(self.next_turn(to)).min()
    }

    /// The next moment of broadcasts and dates that has come; false where none has.
    fn broadcast(&mut self) -> bool {
        let Some(moment) = self.next_broadcast().filter(|moment| *moment <= self.now) else {
            self.broadcasts_until = self.broadcasts_until.max(self.now);
            return false;
        };
        for (campaign, trigger, at, audience) in self.broadcasts() {
            if at == Some(moment) && audience.is_none_or(|audience| self.is_true(audience, Asker::default(), self.now)) {
                self.edges.push_back(Edge::Broadcast(campaign, trigger));
            }
        }
        self.broadcasts_until = moment;
        true
    }

    fn next_broadcast(&self) -> Option<Instant> {
        self.broadcasts().into_iter().filter_map(|(_, _, moment, _)| moment).min()
    }

    /// All broadcasts with their next moment and their audience.
    fn broadcasts(&self) -> Vec<(CampaignId, usize, Option<Instant>, Option<&'p campc::semantic::hir::Expr>)> {
        let after = self.broadcasts_until;
        let mut all = Vec::new();
        for (index, campaign) in self.world.project.campaigns.iter().enumerate() {
            let id = CampaignId(u32::try_from(index).expect("small"));
            for (number, trigger) in campaign.triggers.iter().enumerate() {
                match &trigger.kind {
                    TriggerKind::Every { recurrence, at, zone, audience } => {
                        let zone = self.broadcast_zone(zone);
                        let today = zone.date(after);
                        let dates = (-1..70).map(|day| today.plus_days(day)).filter(|date| is_on(recurrence, *date));
                        let next = dates.map(|date| local_instant(date, *at, &zone)).find(|moment| *moment > after);
                        all.push((id, number, next, Some(audience)));
                    }
                    TriggerKind::At { date, time, zone, audience, .. } => {
                        // A test begins as its program goes live: what was past then is past.
                        let moment = local_instant(*date, *time, &self.broadcast_zone(zone));
                        all.push((id, number, Some(moment).filter(|moment| *moment > after), Some(audience)));
                    }
                    TriggerKind::FieldDate { value, shift, is_before, is_every_year, at } => {
                        let value = self.settled(self.value(value, Asker::default(), self.now));
                        let at = if self.world.mutant == super::Mutant::DatesAtMidnight { None } else { *at };
                        let days = if *is_every_year { self.yearly(&value) } else { vec![value] };
                        let moments = days.iter().filter_map(|day| self.around(day, (*shift, *is_before), at, &self.zone()));
                        all.push((id, number, moments.filter(|moment| *moment > after).min(), None));
                    }
                    _ => {}
                }
            }
        }
        all
    }

    /// The day of a date in its own and in each later year; 29 February falls on the 28th where there is none.
    fn yearly(&self, value: &Value) -> Vec<Value> {
        let zone = self.zone();
        let (date, time) = match value {
            Value::Date(date) => (*date, None),
            Value::DateTime(at) => (zone.date(*at), Some(zone.local(*at).1)),
            _ => return Vec::new(),
        };
        let (first, month, day) = date.parts();
        let (this, ..) = zone.date(self.now).parts();
        let years = (this - 2..this + 4).filter(|year| *year >= first).chain([first]);
        let days = years.filter_map(|year| Date::new(year, month, day.min(days_in_month(year, month))));
        days.map(|date| time.map_or(Value::Date(date), |time| Value::DateTime(local_instant(date, time, &zone)))).collect()
    }

    fn broadcast_zone(&self, zone: &TriggerZone) -> Zone {
        match zone {
            TriggerZone::Project => self.world.zone.clone(),
            TriggerZone::Contact => self.zone(),
            TriggerZone::Named(name) => Zone::find(name).unwrap_or_else(Zone::utc),
        }
    }
}

fn is_on(recurrence: &Recurrence, date: Date) -> bool {
    match recurrence {
        Recurrence::Days(days) => days.contains(Weekday::of(date)),
        Recurrence::MonthDay(day) => {
            let (year, month, today) = date.parts();
            today == i8::try_from(*day).unwrap_or(31).min(days_in_month(year, month))
        }
    }
}
