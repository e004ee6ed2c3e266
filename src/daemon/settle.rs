//! What comes of attempts: the row's next status, and, where the enrollment must hear of it, an input.

use super::batch::Work;
use super::courier::{Found, Settlement};
use super::options::OnUnknown;
use crate::advance::{Cause, Change, ConsentTarget, DeliveryOutcome, Effect, Input, InputKind, JournalEntry, What};
use crate::bytecode::Channel;
use crate::deliver::{Advice, Lane, Outcome, WebhookAnswer, backoff, status_of};
use crate::lang::{Instant, Record, Type, Value, Zone, from_json};
use crate::machine::state::{ConsentState, ContactUid, EffectId};
use crate::proof::{Mutant, Point, is_planted, reach};
use crate::store::{JournalRow, OutboxRow, OutboxStatus};
use std::sync::Arc;
use std::time::Duration;

/// An acceptance within this time of the decision changes nothing for the enrollment.
const QUICK_MS: i64 = 60_000;
/// A provider that is asked about a lost message knows it by then.
pub(crate) const ASK_AFTER_MS: i64 = 600_000;
/// How long a lane rests whose provider says that it is overloaded, at most.
const REST: Duration = Duration::from_secs(60);
/// Why a message that the provider does not know is sent once more.
const NOT_KNOWN: &str = "the provider does not know it";

impl Work<'_> {
    /// The row of an open effect, as this batch has left it.
    fn open_row(&self, id: EffectId) -> Option<&OutboxRow> {
        match self.rows.get(&id) {
            Some(staged) => Some(&staged.row),
            None => self.desk.get(id).map(|open| &open.row),
        }
    }

    /// Takes the result of an attempt in.
    pub fn settle(&mut self, settlement: &Settlement) {
        let id = settlement.effect;
        self.around.metrics.settled(&settlement.lane, &settlement.result.outcome);
        let Some(row) = self.open_row(id).cloned() else { return self.note_late(settlement) };
        let is_accepted = matches!(settlement.result.outcome, Outcome::Accepted { .. });
        // An acceptance that was given up for lost tells what was not known; anything else that comes late changes nothing.
        let counts = row.state.attempt == settlement.attempt && (row.state.status == OutboxStatus::Claimed || is_accepted);
        if !counts {
            return self.note_late(settlement);
        }
        reach(Point::ResultDecided);
        match &settlement.result.outcome {
            Outcome::Accepted { provider_id } => self.accept_result((id, &row), settlement, provider_id.as_deref()),
            Outcome::Permanent { reason, hard_bounce } => {
                self.around.metrics.failed.one();
                let reason: Arc<str> = Arc::from(reason.as_str());
                self.close(id, OutboxStatus::Failed, &reason);
                match (&settlement.result.answer, row.wants_answer()) {
                    (Some(answer), true) => self.tell(id, DeliveryOutcome::Answer { record: answer_record(false, Some(answer)) }),
                    (Some(_) | None, _) => self.tell(id, DeliveryOutcome::Permanent { reason, is_hard_bounce: *hard_bounce }),
                }
            }
            Outcome::Temporary { reason, retry_after } => self.delay(id, settlement, (reason, *retry_after)),
            Outcome::Unknown { reason } => {
                self.around.metrics.unknown.one();
                self.unknown(id, (&settlement.lane, reason));
            }
        }
        if settlement.result.advice == Some(Advice::OptedOut) {
            let withdrawn = Change::Consent(ConsentTarget::Channel(Channel::Sms), ConsentState::Withdrawn);
            self.step(self.canonical(row.effect.contact), &Input::new(InputKind::Changed(vec![withdrawn])));
        }
    }

    fn accept_result(&mut self, (id, row): (EffectId, &OutboxRow), settlement: &Settlement, provider_id: Option<&str>) {
        self.around.metrics.delivered.one();
        let at = settlement.at;
        self.change_row(id, |state| {
            state.status = OutboxStatus::Accepted;
            state.lease_until = None;
            state.not_before = None;
            state.handed_over_at = Some(at);
            state.provider_id = provider_id.map(Arc::from);
        });
        if row.wants_answer() {
            self.tell(id, DeliveryOutcome::Answer { record: answer_record(true, settlement.result.answer.as_ref()) });
        } else if at.millis_since(row.effect.decided_at) > QUICK_MS {
            self.tell(id, DeliveryOutcome::Accepted { at, decided_at: row.effect.decided_at });
        }
    }

    /// Refused before it was complete: another attempt, later. What the provider says of itself holds for its whole lane.
    fn delay(&mut self, id: EffectId, settlement: &Settlement, (reason, retry_after): (&str, Option<Duration>)) {
        if settlement.result.advice == Some(Advice::DisableEndpoint) {
            self.disable(id);
        }
        self.try_again(id, (&settlement.lane, reason), (retry_after, settlement.result.advice == Some(Advice::SlowDown)));
    }

    /// The endpoint of an effect wants no more calls, until the next deploy or the operator's word.
    fn disable(&mut self, id: EffectId) {
        let Some(name) = self.open_row(id).and_then(|row| row.message.clone()) else { return };
        let mut disabled = self.desk.disabled().clone();
        let is_new = disabled.insert(name.clone());
        self.desk.set_disabled(disabled.clone());
        self.disabled = Some(disabled);
        if is_new {
            tracing::warn!(webhook = name.as_ref(), "an endpoint answered 410: it is not called again until the next deploy or `campc outbox retry`");
        }
    }

    /// What came of an older attempt is written down, and changes nothing.
    fn note_late(&mut self, settlement: &Settlement) {
        let known = self.open_row(settlement.effect).map(|row| row.effect.clone());
        let effect = known.or_else(|| self.around.reader.effect(settlement.effect, Some(settlement.contact)).ok().flatten().map(|row| row.effect));
        if let Some(effect) = effect {
            let why = format!("attempt {}: {}", settlement.attempt, outcome_text(&settlement.result.outcome));
            self.note_effect(&effect, (What::LateResult, "delivery"), why);
        }
    }

    /// A line about an effect on its contact's journal.
    pub fn note_effect(&mut self, effect: &Effect, (what, cause): (What, &str), why: String) {
        let contact = self.canonical(effect.contact);
        if self.state(contact).is_none() {
            return;
        }
        let cause = Cause { input: Arc::from(cause), fact: None };
        let (campaign, enrollment, step) = (effect.campaign, effect.enrollment, effect.step);
        let entry = JournalEntry { at: self.around.now, campaign, enrollment, step, what, why: Arc::from(why), cause };
        self.batch.journal.push(JournalRow { contact, entry });
    }

    /// The effects of a contact that wait for their hand-over, as this batch has left them.
    pub fn waiting_of(&self, contact: ContactUid) -> Vec<EffectId> {
        self.desk.of_contact(contact).into_iter().filter(|id| self.row_status(*id) == Some(OutboxStatus::Queued)).collect()
    }

    /// The hand-over of a queued effect is due: it has expired, or the machine looks again.
    pub fn hand_over(&mut self, id: EffectId) {
        let Some(row) = self.open_row(id).cloned() else { return };
        let now = self.around.now;
        match row.state.status {
            OutboxStatus::Unknown if row.wants_answer() => return self.give_up(id, "expired"),
            OutboxStatus::Queued => {}
            OutboxStatus::Unknown
            | OutboxStatus::Claimed
            | OutboxStatus::Accepted
            | OutboxStatus::Failed
            | OutboxStatus::Suppressed
            | OutboxStatus::Dead
            | OutboxStatus::Cancelled => return,
        }
        if row.state.not_before == Some(Instant::FAR_FUTURE) {
            // It waited for its campaign: its expiry stood still.
            let left_ms = row.state.expires_at.millis_since(Instant::FAR_FUTURE);
            self.change_row(id, |state| {
                state.not_before = None;
                state.expires_at = now.plus_millis(left_ms);
            });
        } else if row.state.expires_at <= now {
            if is_planted(Mutant::UnboundedRetry) {
                return self.change_row(id, |state| state.expires_at = now.plus_millis(86_400_000));
            }
            return self.give_up(id, "expired");
        }
        let contact = self.canonical(row.effect.contact);
        if is_planted(Mutant::NoSecondLook) {
            self.attempt(id);
        } else if self.state(contact).is_some() {
            let waiting = self.waiting_of(row.effect.contact);
            self.step(contact, &Input { waiting, ..Input::new(InputKind::HandOver { effect: id }) });
            reach(Point::HandOverClaimed);
        } else {
            self.close(id, OutboxStatus::Suppressed, &Arc::from("erased"));
        }
    }

    /// Nobody knows what came of an attempt that was under way: the process ended, or its lease has.
    pub fn lose(&mut self, id: EffectId, reason: &str) {
        if self.row_status(id) != Some(OutboxStatus::Claimed) {
            return;
        }
        let Some(lane) = self.desk.get(id).map(|open| open.lane.clone()) else { return };
        self.around.metrics.unknown.one();
        self.unknown(id, (&lane, reason));
    }

    /// Nothing was heard of an attempt within its lease.
    pub fn lapse(&mut self, id: EffectId) {
        let Some((lane, attempt)) = self.desk.get(id).map(|open| (open.lane.clone(), open.row.state.attempt)) else { return };
        if self.row_status(id) == Some(OutboxStatus::Claimed) {
            self.lapsed.push((lane, id, attempt));
            self.lose(id, "nothing was heard of the attempt within its lease");
        }
    }

    /// The answer was lost. Another attempt carries the same key; where the provider honours keys, only for as long as it does.
    fn unknown(&mut self, id: EffectId, (lane, reason): (&Lane, &str)) {
        let Some(row) = self.open_row(id).cloned() else { return };
        let now = self.around.now;
        let providers = self.around.providers;
        let key_ends = if lane.channel() == "email" { providers.email_keys } else { None };
        let key_ends = key_ends.map(|lifetime| later(row.effect.decided_at, lifetime));
        let pause = backoff(lane, row.state.attempt, &id.0).unwrap_or(Duration::ZERO);
        let may_resend = key_ends.is_none_or(|end| later(now, pause) <= end);
        if providers.on_unknown.of(row.channel) == OnUnknown::Resend && may_resend {
            return self.try_again(id, (lane, reason), (None, false));
        }
        // What may have arrived counts as sent, as of the attempt.
        let attempted_at = row.state.lease_until.map_or(now, |lease| lease.plus_millis(-super::batch::LEASE_MS));
        let is_asked_about = providers.answers_about_sms && row.channel == "sms" && row.state.reason.as_deref() != Some(NOT_KNOWN);
        self.change_row(id, |state| {
            state.status = OutboxStatus::Unknown;
            state.lease_until = None;
            state.not_before = is_asked_about.then(|| attempted_at.plus_millis(ASK_AFTER_MS));
            state.handed_over_at = Some(attempted_at);
            state.reason = Some(Arc::from(reason));
        });
        if !row.wants_answer() && attempted_at.millis_since(row.effect.decided_at) > QUICK_MS {
            self.tell(id, DeliveryOutcome::Accepted { at: attempted_at, decided_at: row.effect.decided_at });
        }
    }

    /// What the provider says of a message whose answer was lost.
    pub fn reconcile(&mut self, id: EffectId, found: &Found) {
        if self.row_status(id) != Some(OutboxStatus::Unknown) {
            return;
        }
        let Some(effect) = self.open_row(id).map(|row| row.effect.clone()) else { return };
        let now = self.around.now;
        match found {
            Found::Taken { provider_id } => {
                self.around.metrics.delivered.one();
                self.change_row(id, |state| {
                    state.status = OutboxStatus::Accepted;
                    state.not_before = None;
                    state.provider_id = provider_id.as_deref().map(Arc::from);
                });
                self.note_effect(&effect, (What::HandedOver, "delivery"), "the provider has it".to_owned());
            }
            Found::Missing => {
                self.around.metrics.retried.one();
                self.change_row(id, |state| {
                    state.status = OutboxStatus::Queued;
                    state.not_before = None;
                    state.handed_over_at = None;
                    state.reason = Some(Arc::from(NOT_KNOWN));
                });
                self.note_effect(&effect, (What::Retried, "delivery"), NOT_KNOWN.to_owned());
            }
            Found::NobodyKnows => self.change_row(id, |state| state.not_before = Some(now.plus_millis(ASK_AFTER_MS))),
        }
    }

    /// Queues another attempt, with the same content, or gives up.
    fn try_again(&mut self, id: EffectId, (lane, reason): (&Lane, &str), (retry_after, is_overloaded): (Option<Duration>, bool)) {
        let now = self.around.now;
        let Some((attempt, was_missing)) = self.open_row(id).map(|row| (row.state.attempt, row.state.reason.as_deref() == Some(NOT_KNOWN))) else { return };
        let endless = is_planted(Mutant::UnboundedRetry).then_some(Duration::from_secs(86_400));
        let Some(pause) = endless.or_else(|| backoff(lane, attempt, &id.0)) else {
            self.change_row(id, |state| state.reason = Some(Arc::from(reason)));
            return self.give_up(id, "attempts exhausted");
        };
        self.around.metrics.retried.one();
        if let Some(rest) = retry_after.or_else(|| is_overloaded.then(|| pause.min(REST))) {
            self.desk.pause_lane(lane, later(now, rest));
        }
        let not_before = later(now, retry_after.unwrap_or(pause));
        // That it was sent again because the provider did not know it stays known: once is enough.
        let reason = if was_missing { NOT_KNOWN } else { reason };
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
        let Some((wants_answer, last_reason)) = self.open_row(id).map(|row| (row.wants_answer(), row.state.reason.clone())) else { return };
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
        let Some((contact, attempt)) = self.open_row(id).map(|row| (row.effect.contact, row.state.attempt)) else { return };
        let contact: ContactUid = self.canonical(contact);
        self.step(contact, &Input::new(InputKind::Result { effect: id, attempt, outcome }));
    }
}

fn later(now: Instant, pause: Duration) -> Instant {
    now.plus_millis(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
}

fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted { .. } => "accepted".to_owned(),
        Outcome::Temporary { reason, .. } => format!("refused for now: {reason}"),
        Outcome::Permanent { reason, .. } => format!("refused: {reason}"),
        Outcome::Unknown { reason } => format!("unknown: {reason}"),
    }
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
