//! The hand-over: before an effect that waited is attempted, everything that may stop or hold it is looked at again, with facts as of now.

use super::caps::Cap;
use super::context::{Context, Line};
use super::holds::Asking;
use super::outcome::{EffectUpdate, What};
use super::settle::CAMPAIGN_ENDED;
use crate::bytecode::{CampaignDef, CampaignId, Channel, MessageDef};
use crate::lang::Instant;
use crate::machine::Evaluator;
use crate::machine::state::{EffectId, Hold, SendRecord, SendStatus, StandingKind};
use std::sync::Arc;

/// A hand-over later than this moves what counts from it.
const LATE_MS: i64 = 60_000;

impl Context<'_> {
    /// The hand-over of a queued effect is due: look again.
    pub fn hand_over(&mut self, evaluator: &mut Evaluator, effect: EffectId) {
        let Some(record) = self.state.sends.iter().rev().find(|record| record.effect == effect).cloned() else {
            // Webhooks and notifications leave whatever has become of the enrollment since.
            return self.out.updates.push(EffectUpdate::Attempt(effect));
        };
        let update = self.inside(record.enrollment, |context| context.look_again(evaluator, &record));
        match &update {
            EffectUpdate::Attempt(_) => {
                self.count_from(effect, self.now);
            }
            EffectUpdate::Suppressed(_, reason) | EffectUpdate::Cancelled(_, reason) => {
                let reason = reason.clone();
                if let Some(record) = self.state.sends.iter_mut().rev().find(|record| record.effect == effect) {
                    record.status = SendStatus::Skipped(reason.clone());
                }
                self.note(record.enrollment, Some(record.step), What::Cancelled, reason);
            }
            EffectUpdate::Postponed(_, until) => {
                let why = super::steps::held_until("", &self.clock_text(*until));
                self.note(record.enrollment, Some(record.step), What::Held, why);
            }
            EffectUpdate::Parked(_) => self.note(record.enrollment, Some(record.step), What::Held, "paused"),
        }
        self.out.updates.push(update);
    }

    /// In the order of what stops for good: exit, address and consent, the campaign's end; then what holds.
    fn look_again(&mut self, evaluator: &mut Evaluator, record: &SendRecord) -> EffectUpdate {
        let effect = record.effect;
        if record.is_exited || !matches!(record.status, SendStatus::Sent) {
            return EffectUpdate::Cancelled(effect, Arc::from("exit"));
        }
        let linked = self.linked;
        let message = linked.message(record.message).and_then(|id| linked.program.messages.get(id.index()));
        if let Some(reason) = message.and_then(|message| self.consent_refusal(message)) {
            return EffectUpdate::Suppressed(effect, Arc::from(if reason == "no consent" { "unsubscribed" } else { reason }));
        }
        let campaign = linked.campaign(record.campaign);
        let Some((campaign, def)) = campaign.and_then(|id| Some((id, linked.program.campaigns.get(id.index())?))) else {
            return EffectUpdate::Attempt(effect);
        };
        self.look_at_campaign(evaluator, record, ((campaign, def), message))
    }

    fn look_at_campaign(
        &mut self,
        evaluator: &mut Evaluator,
        record: &SendRecord,
        ((campaign, def), message): ((CampaignId, &CampaignDef), Option<&MessageDef>),
    ) -> EffectUpdate {
        let effect = record.effect;
        if def.active_until.is_some_and(|until| self.now >= until) {
            return EffectUpdate::Cancelled(effect, Arc::from(CAMPAIGN_ENDED));
        }
        if !self.is_acting(campaign) {
            return EffectUpdate::Parked(effect);
        }
        if !record.is_marketing {
            return EffectUpdate::Attempt(effect);
        }
        if self.is_of_control_group(record.campaign) {
            return EffectUpdate::Cancelled(effect, Arc::from("control group"));
        }
        let to = if record.channel == Channel::Sms { self.phone().unwrap_or_default() } else { Arc::default() };
        match self.open_from(def, (record.channel, &to), self.now) {
            Some(at) if at > self.now => return EffectUpdate::Postponed(effect, at),
            Some(_) | None => {}
        }
        match message.map(|message| self.cap_again(evaluator, (def, message, &to), record)) {
            Some(Cap::Skip) => EffectUpdate::Cancelled(effect, Arc::from("cap")),
            Some(Cap::Wait { due, .. }) => EffectUpdate::Postponed(effect, due),
            Some(Cap::Free) | None => EffectUpdate::Attempt(effect),
        }
    }

    /// The caps as they are at a claim: what was handed over counts, and this one not yet, nor what waits behind it.
    fn cap_again(&mut self, evaluator: &mut Evaluator, (def, message, to): (&CampaignDef, &MessageDef, &str), record: &SendRecord) -> Cap {
        let mut lifted = Vec::new();
        for (index, send) in self.state.sends.iter_mut().enumerate() {
            let is_open = send.effect == record.effect || self.waiting.contains(&send.effect);
            if send.status == SendStatus::Sent && is_open {
                send.status = SendStatus::Held;
                lifted.push(index);
            }
        }
        let hold = Hold { capped_since: Some(record.at), ..Hold::default() };
        let cap = self.cap(evaluator, def, (Asking { uid: record.enrollment, effect: record.effect, message, hold }, to));
        for index in lifted {
            if let Some(send) = self.state.sends.get_mut(index) {
                send.status = SendStatus::Sent;
            }
        }
        cap
    }

    /// What a line waits for counts from a send that has not left: then it counts from now on, at the earliest.
    pub fn counts_anew(&mut self, line: Line) -> bool {
        let send = self.standing(line).and_then(|standing| standing.counts_from);
        send.is_some_and(|effect| self.waiting.contains(&effect) && self.count_from(effect, self.now))
    }

    /// A send counts from `at` on, if that is more than a minute later than was thought: caps count it then, and the timers behind it move.
    fn count_from(&mut self, effect: EffectId, at: Instant) -> bool {
        let Some((uid, delay_ms)) = self.state.sends.iter_mut().rev().find(|record| record.effect == effect).and_then(|record| {
            let delay_ms = at.millis_since(record.at);
            if delay_ms <= LATE_MS {
                return None;
            }
            record.at = at;
            Some((record.enrollment, delay_ms))
        }) else {
            return false;
        };
        for thread in self.enrollment_mut(uid).into_iter().flat_map(|enrollment| enrollment.threads.iter_mut()) {
            let standing = &mut thread.standing;
            if standing.counts_from == Some(effect) && matches!(standing.kind, StandingKind::Time | StandingKind::Listen { .. }) {
                standing.due = standing.due.map(|due| due.plus_millis(delay_ms));
            }
        }
        true
    }

    /// The provider has it: what counts from the send counts from then.
    pub fn accept_hand_over(&mut self, effect: EffectId, (at, decided_at): (Instant, Instant)) {
        let Some((uid, step)) = self.state.sends.iter().rev().find(|record| record.effect == effect).map(|record| (record.enrollment, record.step)) else {
            return;
        };
        self.count_from(effect, at);
        let late_ms = at.millis_since(decided_at);
        if late_ms > LATE_MS {
            self.note(uid, Some(step), What::HandedOver, format!("{} s late", late_ms / 1_000));
        }
    }
}
