//! Broadcasts: each contact has its own moment, and is asked at that moment.

use super::context::{Context, Start};
use super::outcome::{JournalEntry, What};
use crate::bytecode::{CampaignId, IfPast, Recurrence, Trigger, TriggerKind, TriggerZone};
use crate::lang::{Date, Instant, TimeOfDay, Weekday, Zone, days_in_month, local_instant};
use crate::machine::{Evaluator, TriggerKey};

/// A moment of a broadcast for this contact.
enum Moment {
    At(Instant),
    /// It was past when the campaign went live, and the line says to skip.
    Skipped(Instant),
}

impl Moment {
    fn at(&self) -> Instant {
        match self {
            Moment::At(at) | Moment::Skipped(at) => *at,
        }
    }
}

impl Context<'_> {
    /// The next moment of any broadcast for this contact.
    pub fn next_broadcast(&self, evaluator: &mut Evaluator) -> Option<Instant> {
        if let Some(known) = self.moments.get() {
            return known;
        }
        let next = self.next_moment(evaluator);
        self.moments.set(Some(next));
        next
    }

    fn next_moment(&self, evaluator: &mut Evaluator) -> Option<Instant> {
        self.linked.triggers(TriggerKey::Time).iter().filter_map(|(campaign, index)| self.moment(evaluator, *campaign, *index)).map(|moment| moment.at()).min()
    }

    /// Asks every broadcast whose moment is `at`.
    pub fn run_broadcasts(&mut self, evaluator: &mut Evaluator, at: Instant) {
        let due: Vec<(CampaignId, usize, bool)> = self
            .linked
            .triggers(TriggerKey::Time)
            .iter()
            .filter_map(|(campaign, index)| {
                let moment = self.moment(evaluator, *campaign, *index)?;
                (moment.at() <= at).then_some((*campaign, *index, matches!(moment, Moment::Skipped(_))))
            })
            .collect();
        self.state.broadcasts_until = at;
        self.moments.set(None);
        self.state.dates_until = self.state.dates_until.max(at);
        for (campaign, index, is_skipped) in due {
            let Some(trigger) = self.trigger(campaign, index) else { continue };
            if let TriggerKind::Every { audience, .. } | TriggerKind::At { audience, .. } = &trigger.kind
                && !evaluator.is_true(&self.view_of(None), *audience)
            {
                continue;
            }
            if is_skipped {
                let cause = self.cause.clone();
                let id = self.campaign_id(campaign);
                self.write(JournalEntry { at: self.now, campaign: Some(id), enrollment: None, step: None, what: What::NotEnrolled, why: "past".into(), cause });
            } else {
                self.starts.push_back(Start { campaign, trigger: trigger.text.clone(), capture: None, cause: self.cause.clone() });
            }
        }
    }

    fn trigger(&self, campaign: CampaignId, index: usize) -> Option<&'_ Trigger> {
        self.linked.program.campaigns.get(campaign.index())?.triggers.get(index)
    }

    /// The first moment that has not been looked at yet.
    fn moment(&self, evaluator: &mut Evaluator, campaign: CampaignId, index: usize) -> Option<Moment> {
        let live_since = self.live_since(campaign.index())?;
        let seen = self.state.broadcasts_until;
        match &self.trigger(campaign, index)?.kind {
            TriggerKind::Every { recurrence, at, zone, .. } => {
                let zone = self.trigger_zone(zone);
                // A moment before the campaign went live was never its own.
                let after = seen.max(live_since.plus_millis(-1));
                next_occurrence(recurrence, *at, &zone, after).map(Moment::At)
            }
            TriggerKind::At { date, time, zone, if_past, .. } => {
                let zone = self.trigger_zone(zone);
                let moment = one_moment(*date, (*time, &zone), live_since, *if_past);
                // A moment before the contact was there is not its own, unless it was there when the campaign went live.
                let is_own = local_instant(*date, *time, &zone) >= self.born() || self.born() <= live_since;
                (moment.at() > seen && is_own).then_some(moment)
            }
            TriggerKind::FieldDate { .. } => {
                let after = self.state.dates_until.max(live_since.plus_millis(-1));
                self.date_moment(evaluator, &self.trigger(campaign, index)?.kind, after).map(Moment::At)
            }
            TriggerKind::SegmentEntered(_)
            | TriggerKind::SegmentLeft(_)
            | TriggerKind::ListEntered(_)
            | TriggerKind::ListLeft(_)
            | TriggerKind::Event { .. }
            | TriggerKind::Tagged(_)
            | TriggerKind::Untagged(_)
            | TriggerKind::FieldChanged { .. }
            | TriggerKind::PointsChanged { .. }
            | TriggerKind::PointsReached { .. }
            | TriggerKind::ContactCreated
            | TriggerKind::Subscribed(_)
            | TriggerKind::Unsubscribed(_)
            | TriggerKind::Enrolled => None,
        }
    }

    /// When the engine first knew the contact: a broadcast's moment before that was not its own.
    fn born(&self) -> Instant {
        self.state.accepted_at
    }

    fn trigger_zone(&self, zone: &TriggerZone) -> Zone {
        match zone {
            TriggerZone::Project => self.linked.zone.clone(),
            TriggerZone::Contact => self.zone.clone(),
            TriggerZone::Named(name) => Zone::find(name).unwrap_or_else(Zone::utc),
        }
    }
}

/// The moment of a one-off broadcast for those whose clock is `zone`'s.
fn one_moment(date: Date, (time, zone): (TimeOfDay, &Zone), live_since: Instant, if_past: IfPast) -> Moment {
    let at = local_instant(date, time, zone);
    if at >= live_since {
        return Moment::At(at);
    }
    match if_past {
        IfPast::Now => Moment::At(live_since),
        IfPast::NextDay => Moment::At(crate::lang::next_clock(live_since, time, zone)),
        IfPast::Skip => Moment::Skipped(live_since),
    }
}

fn next_month(year: i16, month: i8) -> (i16, i8) {
    if month < 12 { (year, month + 1) } else { (year.saturating_add(1), 1) }
}

/// The first occurrence after `after`.
fn next_occurrence(recurrence: &Recurrence, time: TimeOfDay, zone: &Zone, after: Instant) -> Option<Instant> {
    let today = zone.date(after);
    let first_after = |date: Date| Some(local_instant(date, time, zone)).filter(|at| *at > after);
    match recurrence {
        Recurrence::Days(days) => (0..9).map(|day| today.plus_days(day)).filter(|date| days.contains(Weekday::of(*date))).find_map(first_after),
        Recurrence::MonthDay(day) => {
            let (year, month, _) = today.parts();
            let months = [(year, month), next_month(year, month), next_month(next_month(year, month).0, next_month(year, month).1)];
            let day_of = |(year, month)| Date::new(year, month, i8::try_from(*day).unwrap_or(31).min(days_in_month(year, month)));
            months.into_iter().filter_map(day_of).find_map(first_after)
        }
    }
}
