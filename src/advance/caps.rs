//! Caps: how many messages a contact gets, of one campaign (`limit` in its header) or of all (`limit` in the policy).
//!
//! A hand-over counts, a failure gives its count back. Under a limit of the policy several campaigns may want the same place at one
//! instant: their sends are gathered, and the higher priority goes first, then the older enrollment.

use super::context::{Context, Line};
use super::holds::Asking;
use crate::bytecode::{CampaignDef, LimitDef, MessageDef, Op, Period};
use crate::lang::{Date, Duration, Instant, Weekday, add_duration};
use crate::machine::Evaluator;
use crate::machine::state::{SendRecord, SendStatus, StableId, StandingKind};
use std::cmp::Reverse;

/// More rounds than this say that no instant fulfils all limits at once.
const ROUNDS: usize = 512;

/// What the caps say of a send.
pub(super) enum Cap {
    Free,
    Skip,
    Wait { due: Instant, since: Instant },
}

/// A limit that applies to a send, and what it counts.
#[derive(Clone, Copy)]
struct Applied<'a> {
    limit: &'a LimitDef,
    /// The campaign whose messages count; none = all.
    campaign: Option<StableId>,
    /// Whether it is the policy's.
    is_shared: bool,
    is_waiting: bool,
}

/// Priority (the higher first), then the place among the enrollments, then among their threads.
type Rank = (Reverse<i64>, usize, usize);

impl Context<'_> {
    /// Whether the caps let a send through now.
    pub fn cap(&mut self, evaluator: &mut Evaluator, def: &CampaignDef, (asking, to): (Asking<'_>, &str)) -> Cap {
        let applied = self.limits_of(def, asking);
        let full: Vec<Applied<'_>> = applied.iter().copied().filter(|limit| self.free_from(*limit, self.now) != Some(self.now)).collect();
        if full.is_empty() {
            return Cap::Free;
        }
        if full.iter().any(|limit| !limit.is_waiting) {
            return Cap::Skip;
        }
        let since = asking.hold.capped_since.unwrap_or(self.now);
        let is_shared = full.iter().any(|limit| limit.is_shared);
        let up_to = def.sending.capped.as_ref().filter(|_| is_shared).and_then(|capped| capped.up_to);
        let patience = up_to.and_then(|block| match evaluator.value(&self.view_here(asking.uid), block) {
            Ok(crate::lang::Value::Duration(duration)) => Some(self.later(since, duration)),
            Ok(_) | Err(_) => None,
        });
        if patience.is_some_and(|end| end <= self.now) {
            return Cap::Skip;
        }
        match self.free_of_all(def, &applied, (asking, to)) {
            Some(free) => Cap::Wait { due: patience.map_or(free, |end| free.min(end)), since },
            // No day will come on which it may go.
            None => patience.map_or(Cap::Skip, |end| Cap::Wait { due: end, since }),
        }
    }

    fn limits_of<'d>(&self, def: &'d CampaignDef, asking: Asking<'_>) -> Vec<Applied<'d>>
    where
        Self: 'd,
    {
        let campaign = self.enrollment(asking.uid).map(|enrollment| enrollment.campaign);
        let own = def.sending.limits.iter().map(|limit| Applied { limit, campaign, is_shared: false, is_waiting: limit.is_waiting });
        let at_cap = def.sending.capped.as_ref().map(|capped| capped.is_waiting);
        let shared = self.current.program.policy.limits.iter().map(|limit| Applied {
            limit,
            campaign: campaign.filter(|_| limit.per == Period::Campaign),
            is_shared: true,
            is_waiting: at_cap.unwrap_or(limit.is_waiting),
        });
        own.chain(shared).filter(|applied| applied.limit.what.counts(asking.message.channel)).collect()
    }

    /// The first instant at which windows are open and every limit has room, as things stand.
    fn free_of_all(&self, def: &CampaignDef, limits: &[Applied<'_>], (asking, to): (Asking<'_>, &str)) -> Option<Instant> {
        let mut at = self.now;
        for _ in 0..ROUNDS {
            let opened = self.open_from(def, (asking.message.channel, to), at)?;
            let next = limits.iter().try_fold(opened, |at, limit| self.free_from(*limit, at))?;
            if next == at {
                return Some(at);
            }
            at = next;
        }
        None
    }

    /// The first instant from `from` on at which a limit has room; `None` where it never has.
    fn free_from(&self, applied: Applied<'_>, from: Instant) -> Option<Instant> {
        let wanted = usize::try_from(applied.limit.count).unwrap_or(usize::MAX);
        let counted = |send: &&SendRecord| {
            send.is_marketing
                && send.status == SendStatus::Sent
                && applied.limit.what.counts(send.channel)
                && applied.campaign.is_none_or(|campaign| send.campaign == campaign)
        };
        let sends = self.state.sends.iter().filter(counted);
        // When each of them no longer counts.
        let mut ends: Vec<Instant> = sends.filter_map(|send| self.counts_until(applied.limit.per, send.at)).filter(|end| *end > from).collect();
        if ends.len() < wanted {
            return Some(from);
        }
        ends.sort_unstable();
        ends.get(ends.len().checked_sub(wanted)?).copied().filter(|end| *end < Instant::FAR_FUTURE)
    }

    /// The first instant at which a send of `at` no longer counts.
    fn counts_until(&self, per: Period, at: Instant) -> Option<Instant> {
        let date = self.zone.date(at);
        let (year, month, _) = date.parts();
        let first = |year: i16, month: i8| Date::new(year, month, 1).map(|date| self.zone.day_start(date));
        match per {
            Period::Rolling(duration) => Some(self.later(at, duration)),
            Period::Hour => {
                let (_, time) = self.zone.local(at);
                Some(at.plus_millis(3_600_000 - i64::from(time.0 % 3_600_000)))
            }
            Period::Day => Some(self.zone.day_start(date.plus_days(1))),
            Period::Week => Some(self.zone.day_start(date.plus_days(7 - i32::from(Weekday::of(date).number())))),
            Period::Month if month == 12 => first(year.saturating_add(1), 1),
            Period::Month => first(year, month + 1),
            Period::Year => first(year.saturating_add(1), 1),
            Period::Campaign => Some(Instant::FAR_FUTURE),
        }
    }

    fn later(&self, at: Instant, duration: Duration) -> Instant {
        add_duration(at, duration, &self.zone, &self.linked.holidays)
    }

    /// Whether a limit of the policy counts a message: then others may want its place.
    pub fn is_shared(&self, message: &MessageDef) -> bool {
        !message.is_transactional && self.current.program.policy.limits.iter().any(|limit| limit.what.counts(message.channel))
    }

    /// Whether other campaigns may want the place of a message at this very instant, so that it must wait for them to come forward.
    pub fn is_contended(&self, message: &MessageDef) -> bool {
        self.is_shared(message) && (self.state.enrollments.len() > 1 || !self.starts.is_empty() || !self.queue.is_empty())
    }

    /// The rank of a held send among those of one instant, if a limit of the policy counts it: the higher priority first.
    pub fn award_rank(&self, index: usize, thread: usize) -> Option<Reverse<i64>> {
        if self.current.program.policy.limits.is_empty() {
            return None;
        }
        let enrollment = self.state.enrollments.get(index)?;
        let code = self.current.code_of(self.state, enrollment.uid);
        let standing = &enrollment.threads.get(thread)?.standing;
        let StandingKind::Held { .. } = standing.kind else { return None };
        let Op::Send(send) = code.op(code.place_pc(standing.step, standing.ordinal)?) else { return None };
        let message = code.program.messages.get(code.program.sends.get(send.index())?.message.index())?;
        let campaign = code.program.campaigns.get(code.campaign(enrollment.campaign)?.index())?;
        self.is_shared(message).then_some(Reverse(campaign.sending.priority))
    }

    /// Gives the places of shared limits to the sends that were gathered at this instant.
    pub fn award_gathered(&mut self, evaluator: &mut Evaluator) {
        // A limit's places are few; what is still there after this many is looked at again at the next wake.
        for _ in 0..1_000 {
            let Some(line) = self.next_gathered() else { return };
            self.resume(evaluator, line, super::settle::Resume::Due);
            self.settle(evaluator);
        }
    }

    /// The first of the sends that are due and share a limit: by priority, then the older enrollment, then source order.
    fn next_gathered(&self) -> Option<Line> {
        let mut first: Option<(Rank, Line)> = None;
        for (index, enrollment) in self.state.enrollments.iter().enumerate() {
            let code = self.current.code_of(self.state, enrollment.uid);
            if self.state.is_stranded(enrollment.uid) || !code.campaign(enrollment.campaign).is_some_and(|campaign| self.is_acting_in(code, campaign)) {
                continue;
            }
            for (number, thread) in enrollment.threads.iter().enumerate() {
                let is_due = thread.standing.due.is_some_and(|due| due <= self.now);
                if let Some(priority) = self.award_rank(index, number).filter(|_| is_due) {
                    let found = ((priority, index, number), Line { enrollment: enrollment.uid, thread: thread.id });
                    first = Some(first.filter(|known| known.0 <= found.0).unwrap_or(found));
                }
            }
        }
        first.map(|(_, line)| line)
    }
}
