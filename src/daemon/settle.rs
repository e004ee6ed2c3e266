//! What comes of attempts: the row's next status, and, where the enrollment must hear of it, an input.

use super::batch::Work;
use super::courier::Settlement;
use super::options::{OnUnknown, UnknownPolicy};
use crate::advance::{Change, ConsentTarget, DeliveryOutcome, EffectKind, Input, InputKind};
use crate::bytecode::Channel;
use crate::deliver::{Advice, Lane, Outcome, WebhookAnswer, backoff, status_of};
use crate::lang::{Instant, Record, Type, Value, Zone, from_json};
use crate::machine::state::{ConsentState, EffectId};
use crate::proof::{Mutant, Point, is_planted, reach};
use crate::store::OutboxStatus;
use std::sync::Arc;
use std::time::Duration;

/// An acceptance within this time of the decision changes nothing for the enrollment.
const QUICK_MS: i64 = 60_000;

impl Work<'_> {
    /// Takes the result of an attempt in.
    pub fn settle(&mut self, settlement: &Settlement, policy: UnknownPolicy) {
        self.released.push(settlement.lane.clone());
        let Some((contact, attempt, wants_answer, decided_at, channel)) = self.facts_of(settlement.effect) else { return };
        if attempt != settlement.attempt || self.row_status(settlement.effect) != Some(OutboxStatus::Claimed) {
            return;
        }
        let id = settlement.effect;
        self.around.metrics.settled(&settlement.lane, &settlement.result.outcome);
        reach(Point::ResultDecided);
        match &settlement.result.outcome {
            Outcome::Accepted { provider_id } => {
                self.around.metrics.delivered.one();
                self.change_row(id, |state| {
                    state.status = OutboxStatus::Accepted;
                    state.lease_until = None;
                    state.handed_over_at = Some(settlement.at);
                    state.provider_id = provider_id.as_deref().map(Arc::from);
                });
                if wants_answer {
                    self.tell(id, DeliveryOutcome::Answer { record: answer_record(true, settlement.result.answer.as_ref()) });
                } else if settlement.at.millis_since(decided_at) > QUICK_MS {
                    self.tell(id, DeliveryOutcome::Accepted { at: settlement.at });
                }
            }
            Outcome::Permanent { reason, hard_bounce } => {
                self.around.metrics.failed.one();
                let reason: Arc<str> = Arc::from(reason.as_str());
                self.close(id, OutboxStatus::Failed, &reason);
                match (&settlement.result.answer, wants_answer) {
                    (Some(answer), true) => self.tell(id, DeliveryOutcome::Answer { record: answer_record(false, Some(answer)) }),
                    (Some(_) | None, _) => self.tell(id, DeliveryOutcome::Permanent { reason, is_hard_bounce: *hard_bounce }),
                }
            }
            Outcome::Temporary { reason, retry_after } => self.try_again(id, (&settlement.lane, reason), *retry_after),
            Outcome::Unknown { reason } => {
                self.around.metrics.unknown.one();
                self.unknown(id, (&settlement.lane, reason), policy.of(channel));
            }
        }
        if settlement.result.advice == Some(Advice::OptedOut) {
            let withdrawn = Change::Consent(ConsentTarget::Channel(Channel::Sms), ConsentState::Withdrawn);
            self.step(self.canonical(contact), &Input::new(InputKind::Changed(vec![withdrawn])));
        }
    }

    fn facts_of(&self, id: EffectId) -> Option<(crate::machine::state::ContactUid, u32, bool, Instant, &'static str)> {
        let row = match self.rows.get(&id) {
            Some(staged) => &staged.row,
            None => &self.desk.get(id)?.row,
        };
        let wants_answer = match &row.effect.kind {
            EffectKind::Webhook { wants_answer, .. } => *wants_answer,
            EffectKind::Message { .. } | EffectKind::Notify { .. } => false,
        };
        Some((row.effect.contact, row.state.attempt, wants_answer, row.effect.decided_at, row.channel))
    }

    /// The hand-over of a queued effect is due: it has expired, or the machine looks again.
    pub fn hand_over(&mut self, id: EffectId) {
        let Some((contact, expires_at)) = self.desk.get(id).map(|open| (open.row.effect.contact, open.row.expires_at)) else { return };
        if self.row_status(id) != Some(OutboxStatus::Queued) {
            return;
        }
        let contact = self.canonical(contact);
        if expires_at <= self.around.now && !is_planted(Mutant::UnboundedRetry) {
            self.give_up(id, "expired");
        } else if is_planted(Mutant::NoSecondLook) {
            self.attempt(id);
        } else if self.state(contact).is_some() {
            self.step(contact, &Input::new(InputKind::HandOver(id)));
            reach(Point::HandOverClaimed);
        } else {
            self.close(id, OutboxStatus::Suppressed, &Arc::from("erased"));
        }
    }

    /// After a restart: nobody knows what came of an attempt that was under way.
    pub fn recover(&mut self, id: EffectId, policy: UnknownPolicy) {
        let Some((lane, channel)) = self.desk.get(id).map(|open| (open.lane.clone(), open.row.channel)) else { return };
        self.around.metrics.unknown.one();
        self.unknown(id, (&lane, "the process ended during the attempt"), policy.of(channel));
    }

    fn unknown(&mut self, id: EffectId, (lane, reason): (&Lane, &str), policy: OnUnknown) {
        match policy {
            OnUnknown::Resend => self.try_again(id, (lane, reason), None),
            // What may have arrived counts as sent: the enrollment has gone on already.
            OnUnknown::Hold => self.change_row(id, |state| {
                state.status = OutboxStatus::Unknown;
                state.lease_until = None;
                state.reason = Some(Arc::from(reason));
            }),
        }
    }

    /// Queues another attempt, with the same content, or gives up.
    fn try_again(&mut self, id: EffectId, (lane, reason): (&Lane, &str), retry_after: Option<Duration>) {
        let now = self.around.now;
        let attempt = self.facts_of(id).map_or(0, |(_, attempt, ..)| attempt);
        let endless = is_planted(Mutant::UnboundedRetry).then_some(Duration::from_secs(86_400));
        let Some(pause) = endless.or_else(|| backoff(lane, attempt, &id.0)) else {
            self.change_row(id, |state| state.reason = Some(Arc::from(reason)));
            return self.give_up(id, "attempts exhausted");
        };
        self.around.metrics.retried.one();
        if let Some(pause) = retry_after {
            self.desk.pause_lane(lane, later(now, pause), now);
        }
        let not_before = later(now, retry_after.unwrap_or(pause));
        self.change_row(id, |state| {
            state.status = OutboxStatus::Queued;
            state.lease_until = None;
            state.not_before = Some(not_before);
            state.reason = Some(Arc::from(reason));
        });
    }

    /// Gives an effect up: it is never sent late.
    pub fn give_up(&mut self, id: EffectId, reason: &str) {
        let reason: Arc<str> = Arc::from(reason);
        self.around.metrics.failed.one();
        let wants_answer = self.facts_of(id).is_some_and(|(_, _, wants_answer, ..)| wants_answer);
        let last_reason = self.row_reason(id);
        self.close(id, OutboxStatus::Dead, &reason);
        if wants_answer {
            // What was answered last, every attempt having failed.
            let answer = last_reason.and_then(|reason| status_of(&reason)).map(|status| WebhookAnswer { status, body: None });
            return self.tell(id, DeliveryOutcome::Answer { record: answer_record(false, answer.as_ref()) });
        }
        self.tell(id, DeliveryOutcome::Dead { reason });
    }

    fn close(&mut self, id: EffectId, status: OutboxStatus, reason: &Arc<str>) {
        self.change_row(id, |state| {
            state.status = status;
            state.lease_until = None;
            state.not_before = None;
            state.reason = Some(reason.clone());
        });
    }

    /// The contact hears of it.
    fn tell(&mut self, id: EffectId, outcome: DeliveryOutcome) {
        let Some((contact, attempt, ..)) = self.facts_of(id) else { return };
        let contact = self.canonical(contact);
        self.step(contact, &Input::new(InputKind::Result { effect: id, attempt, outcome }));
    }
}

fn later(now: Instant, pause: Duration) -> Instant {
    now.plus_millis(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
}

/// `ok status body` of a webhook's answer.
fn answer_record(is_ok: bool, answer: Option<&WebhookAnswer>) -> Arc<Record> {
    let mut record = Record::new();
    record.insert(Arc::from("ok"), Value::Bool(is_ok));
    if let Some(answer) = answer {
        record.insert(Arc::from("status"), Value::Number(f64::from(answer.status)));
        let body = answer.body.as_ref().and_then(|body| from_json(body, &Type::Any, &Zone::utc()).ok());
        record.insert(Arc::from("body"), body.unwrap_or_default());
    }
    Arc::new(record)
}
