//! Sending: from the step to the effect, what is held and released, and what became of it.

use super::context::{Context, FactChange, HappeningKind, Line};
use super::holds::{Asking, Held, Permission};
use super::outcome::{EffectKind, What};
use super::{DeliveryOutcome, MessageHappening};
use crate::bytecode::{BuiltinField, Fact, MessageContent, MessageDef, MessageEvent, SendDef, SendId};
use crate::lang::{Instant, Value};
use crate::machine::state::{ConsentState, EffectId, EnrollmentUid, Hold, SendRecord, SendStatus, Slot, Standing, StandingKind, Suppression, Tie};
use crate::machine::{Change, ConsentTarget, Entry, Evaluator, SendFlow, builtin_text, stable};
use std::sync::Arc;

/// How many sendings are remembered of one contact.
const SENDS_LIMIT: usize = 1_000;
/// Why nothing leaves for those who only are measured.
pub(super) const HOLDOUT: &str = "holdout";

impl<'a> Context<'a> {
    /// A send step is reached.
    pub fn begin_send(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, send: SendId) -> SendFlow {
        let Some((def, message)) = self.send_def(send) else { return SendFlow::GoOn(None) };
        if self.was_done(uid, def.step) {
            return SendFlow::GoOn(None);
        }
        let Some(effect) = self.effect_id_of(uid, def) else { return SendFlow::GoOn(None) };
        if self.is_held_out(uid) {
            // Taken back before it was anything: the atoms of a message that was never meant to leave are false, all of them.
            self.remember_send(uid, (def, message), effect, SendStatus::Cancelled(Arc::from(HOLDOUT)));
            self.note(uid, Some(self.step_uid(def.step)), What::Skipped, HOLDOUT);
            return SendFlow::GoOn(None);
        }
        if self.is_contended(message) {
            self.remember_send(uid, (def, message), effect, SendStatus::Held);
            return SendFlow::Held { effect, due: Some(self.now), hold: Hold::default() };
        }
        match self.permission(evaluator, Asking { uid, effect, message, hold: Hold::default() }) {
            Permission::Go { to } => {
                self.remember_send(uid, (def, message), effect, SendStatus::Sent);
                self.emit_send(evaluator, uid, (def, message), &to);
                SendFlow::GoOn(Some(effect))
            }
            Permission::Skip(reason) => {
                self.remember_send(uid, (def, message), effect, SendStatus::Skipped(Arc::from(reason)));
                self.skip(evaluator, uid, effect, reason);
                SendFlow::GoOn(None)
            }
            Permission::Unreachable(reason) => {
                self.remember_send(uid, (def, message), effect, SendStatus::Skipped(Arc::from(reason)));
                self.skip(evaluator, uid, effect, reason);
                SendFlow::Unreachable
            }
            Permission::Hold(held) => {
                self.remember_send(uid, (def, message), effect, SendStatus::Held);
                self.held_because = held.why;
                SendFlow::Held { effect, due: held.due, hold: held.hold }
            }
        }
    }

    /// A held send may leave: exit, consent, suppression and everything that holds it are looked at again, with facts as of now.
    pub fn release(&mut self, evaluator: &mut Evaluator, line: Line, (send, pc): (SendId, usize)) {
        let outer = self.running.replace(line);
        let released = self.release_at(evaluator, line, send);
        self.running = outer;
        if let Some((last_send, is_unreachable)) = released {
            self.go_on(evaluator, line, &Entry { pc: pc + 1, last_send, is_unreachable, ..Entry::default() });
        }
    }

    /// What became of a held send: it left, it was skipped (and why that was no fault of the way to the contact), or it is held on (`None`).
    fn release_at(&mut self, evaluator: &mut Evaluator, line: Line, send: SendId) -> Option<(Option<EffectId>, bool)> {
        let uid = line.enrollment;
        let (def, message) = self.send_def(send)?;
        let effect = self.effect_id_of(uid, def)?;
        let hold = match self.thread(line)?.standing.kind {
            StandingKind::Held { hold, .. } => hold,
            _ => Hold::default(),
        };
        match self.permission(evaluator, Asking { uid, effect, message, hold }) {
            Permission::Go { to } => {
                let (now, seq) = (self.now, self.seq);
                if let Some(record) = self.send_record(effect) {
                    record.status = SendStatus::Sent;
                    record.at = now;
                    record.seq = seq;
                }
                self.emit_send(evaluator, uid, (def, message), &to);
                Some((Some(effect), false))
            }
            Permission::Skip(reason) => {
                self.skip_held(evaluator, uid, effect, reason);
                Some((None, false))
            }
            Permission::Unreachable(reason) => {
                self.skip_held(evaluator, uid, effect, reason);
                Some((None, true))
            }
            Permission::Hold(held) => {
                self.hold_again(line, &held);
                None
            }
        }
    }

    fn skip_held(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, effect: EffectId, reason: &'static str) {
        if let Some(record) = self.send_record(effect) {
            record.status = SendStatus::Skipped(Arc::from(reason));
        }
        self.skip(evaluator, uid, effect, reason);
    }

    /// A held send stays held, for another reason perhaps.
    fn hold_again(&mut self, line: Line, held: &Held) {
        let Some(standing) = self.thread_mut(line).map(|thread| &mut thread.standing) else { return };
        let was_due = std::mem::replace(&mut standing.due, held.due);
        let step = standing.step;
        if let StandingKind::Held { hold, .. } = &mut standing.kind {
            *hold = held.hold;
        }
        if let Some(due) = held.due
            && was_due != held.due
        {
            let why = super::steps::held_until(held.why, &self.clock_text(due));
            self.note(line.enrollment, Some(step), What::Held, why);
        }
    }

    /// A throttle has given a held send its slot.
    pub fn accept_slot(&mut self, evaluator: &mut Evaluator, effect: EffectId, at: Instant) {
        let found = self.state.enrollments.iter_mut().find_map(|enrollment| {
            let uid = enrollment.uid;
            let thread = enrollment.threads.iter_mut().find(|thread| is_held(&thread.standing, effect))?;
            Some((Line { enrollment: uid, thread: thread.id }, &mut thread.standing))
        });
        let Some((line, standing)) = found else { return };
        standing.due = Some(at);
        let step = standing.step;
        if let StandingKind::Held { hold, .. } = &mut standing.kind {
            hold.slot = Slot::At(at);
        }
        if at > self.now {
            let why = super::steps::held_until("throttle", &self.clock_text(at));
            return self.note(line.enrollment, Some(step), What::Held, why);
        }
        self.resume(evaluator, line, super::settle::Resume::Due);
    }

    fn effect_id_of(&self, uid: EnrollmentUid, def: &SendDef) -> Option<EffectId> {
        let kind = EffectKind::Message { message: def.message, to: Arc::from(""), cc: Vec::new(), bcc: Vec::new(), variant: None };
        self.make_effect(uid, def.step, (kind, Arc::default()), true).map(|effect| effect.id)
    }

    fn send_def(&self, send: SendId) -> Option<(&'a SendDef, &'a MessageDef)> {
        let def = self.linked.program.sends.get(send.index())?;
        Some((def, self.linked.program.messages.get(def.message.index())?))
    }

    fn remember_send(&mut self, uid: EnrollmentUid, (def, message): (&SendDef, &MessageDef), effect: EffectId, status: SendStatus) {
        let Some(campaign) = self.enrollment(uid).map(|enrollment| enrollment.campaign) else { return };
        let deployment = &self.linked.deployment;
        let record = SendRecord {
            effect,
            enrollment: uid,
            campaign,
            step: self.step_uid(def.step),
            message: stable(&deployment.messages, def.message.index()),
            channel: message.channel,
            topic: message.topic.map(|topic| stable(&deployment.topics, topic.index())),
            frames: self.view_here(uid).frames.to_vec(),
            is_marketing: !message.is_transactional,
            at: self.now,
            seq: self.seq,
            status,
            is_exited: false,
            delivered: None,
            opened: Vec::new(),
            clicked: Vec::new(),
            replied: Vec::new(),
            bounced: None,
            unsubscribed: None,
            complained: None,
        };
        self.state.sends.push(record);
        if self.state.sends.len() > SENDS_LIMIT {
            self.state.sends.remove(0);
        }
    }

    fn send_record(&mut self, effect: EffectId) -> Option<&mut SendRecord> {
        self.state.sends.iter_mut().rev().find(|record| record.effect == effect)
    }

    fn emit_send(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, (def, message): (&SendDef, &MessageDef), to: &Arc<str>) {
        let frozen = self.freeze(evaluator, uid, (&message.variables, &def.params));
        let variant = builtin_text(self.linked, self.state, BuiltinField::Locale).and_then(|locale| message.variant_for(&locale));
        let (cc, bcc) = match message.content_of(variant) {
            MessageContent::Email { cc, bcc, .. } => (cc.clone(), bcc.clone()),
            MessageContent::Sms { .. } | MessageContent::Push { .. } => (None, None),
        };
        let cc: Vec<Arc<str>> = cc.iter().filter_map(|recipient| self.recipient(evaluator, uid, recipient)).collect();
        let bcc: Vec<Arc<str>> = bcc.iter().filter_map(|recipient| self.recipient(evaluator, uid, recipient)).collect();
        let kind = EffectKind::Message { message: def.message, to: to.clone(), cc, bcc, variant };
        let Some(effect) = self.make_effect(uid, def.step, (kind, frozen), message.is_transactional) else { return };
        let why: Arc<str> = Arc::from(format!("{} {}", message.channel.word(), message.name.as_deref().unwrap_or("(inline)")));
        self.note(uid, effect.step, What::Sent, why);
        let id = effect.id;
        self.out.effects.push(effect);
        self.tell_message(evaluator, id, MessageEvent::Sent, None);
    }

    fn skip(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, effect: EffectId, reason: &'static str) {
        let step = self.state.sends.iter().rev().find(|record| record.effect == effect).map(|record| record.step);
        self.note(uid, step, What::Skipped, reason);
        self.tell_message(evaluator, effect, MessageEvent::Skipped, None);
    }

    /// Takes back a send that has not left.
    pub fn cancel_send(&mut self, effect: EffectId, reason: &str) {
        let Some((uid, step)) = self.send_record(effect).map(|record| {
            record.status = SendStatus::Cancelled(Arc::from(reason));
            (record.enrollment, record.step)
        }) else {
            return;
        };
        self.note(uid, Some(step), What::Cancelled, reason);
    }

    /// Something happened to a sending: triggers, point rules, segments and decisions hear of it.
    fn tell_message(&mut self, evaluator: &mut Evaluator, effect: EffectId, event: MessageEvent, detail: Option<Arc<str>>) {
        self.outside(|context| context.tell_message_outside(evaluator, effect, (event, detail)));
    }

    fn tell_message_outside(&mut self, evaluator: &mut Evaluator, effect: EffectId, (event, detail): (MessageEvent, Option<Arc<str>>)) {
        let Some(send) = self.send_record(effect).cloned() else { return };
        self.measure_message(effect, send.step, event);
        self.happen(HappeningKind::Message { event, send: Box::new(send), detail });
        let change = FactChange { fact: Fact::Message(event), name: self.cause.input.clone(), old: Value::Unset, new: Value::Unset };
        self.after_event(evaluator, vec![change]);
    }

    /// Opens, clicks, replies, bounces, unsubscribes.
    pub fn accept_message(&mut self, evaluator: &mut Evaluator, happening: &MessageHappening, happened: Instant) {
        let Some(record) = self.send_record(happening.effect).cloned() else { return };
        let name = self.message_sent(&record).and_then(|def| def.name.clone());
        self.set_cause(Arc::from(format!("{}({})", happening.event.word(), name.as_deref().unwrap_or(record.channel.word()))));
        // What a provider or a scanner does is no sign of life.
        let is_their_doing = match happening.event {
            MessageEvent::Opened | MessageEvent::Clicked | MessageEvent::Replied | MessageEvent::Unsubscribed | MessageEvent::Complained => true,
            MessageEvent::Delivered | MessageEvent::Bounced | MessageEvent::Failed | MessageEvent::Sent | MessageEvent::Skipped => false,
        };
        if is_their_doing && !happening.is_machine {
            self.seen(evaluator);
        }
        let counts = !happening.is_machine || (happening.event == MessageEvent::Opened && self.linked.program.project.machine_opens_count);
        if !counts {
            return;
        }
        if happening.event == MessageEvent::Clicked && record.opened.is_empty() {
            // A click implies an open.
            self.record_message(&MessageHappening { event: MessageEvent::Opened, detail: None, ..happening.clone() }, happened);
            self.tell_message(evaluator, happening.effect, MessageEvent::Opened, None);
        }
        self.record_message(happening, happened);
        self.tell_message(evaluator, happening.effect, happening.event, happening.detail.clone());
        self.follow_message(evaluator, happening, &record);
    }

    /// The contact has left a channel by an answer to a sending.
    pub fn tell_unsubscribed(&mut self, evaluator: &mut Evaluator, effect: EffectId, happened: Instant) {
        let happening = MessageHappening { effect, event: MessageEvent::Unsubscribed, detail: None, is_machine: false, topic: None };
        self.record_message(&happening, happened);
        self.tell_message(evaluator, effect, MessageEvent::Unsubscribed, None);
    }

    /// An enrollment that began at this very instant was there before: what it asks for counts.
    fn remember_tie(&mut self, happening: &MessageHappening, at: Instant) {
        let began = |instant: Instant| self.state.enrollments.iter().chain(&self.state.ended).any(|enrollment| enrollment.has_begun_at(instant));
        if !began(at) {
            return;
        }
        let mut ties: Vec<Tie> = self.state.ties.iter().filter(|tie| began(tie.at)).copied().collect();
        ties.push(Tie { effect: happening.effect, event: happening.event, at, seq: self.seq });
        self.state.ties = ties;
    }

    fn record_message(&mut self, happening: &MessageHappening, at: Instant) {
        let detail = happening.detail.clone().unwrap_or_default();
        if self.send_record(happening.effect).is_some() {
            self.remember_tie(happening, at);
        }
        let Some(record) = self.send_record(happening.effect) else { return };
        match happening.event {
            MessageEvent::Delivered => record.delivered = record.delivered.or(Some(at)),
            MessageEvent::Opened => record.opened.push(at),
            MessageEvent::Clicked => record.clicked.push((at, detail)),
            MessageEvent::Replied => record.replied.push((at, detail)),
            MessageEvent::Bounced => record.bounced = record.bounced.or(Some(at)),
            MessageEvent::Unsubscribed => record.unsubscribed = record.unsubscribed.or(Some(at)),
            MessageEvent::Complained => record.complained = record.complained.or(Some(at)),
            MessageEvent::Failed => record.status = SendStatus::Failed(detail),
            MessageEvent::Sent | MessageEvent::Skipped => {}
        }
    }

    /// What a bounce, a complaint or an unsubscribe means for consent.
    fn follow_message(&mut self, evaluator: &mut Evaluator, happening: &MessageHappening, record: &SendRecord) {
        let change = match happening.event {
            MessageEvent::Bounced => Change::Suppress(record.channel, Some(Suppression::HardBounce)),
            MessageEvent::Complained => Change::Suppress(record.channel, Some(Suppression::Complaint)),
            MessageEvent::Unsubscribed => {
                let topic = happening.topic.or_else(|| record.topic.and_then(|id| self.linked.topic(id)));
                let target = topic.map_or(ConsentTarget::Channel(record.channel), ConsentTarget::Topic);
                Change::Consent(target, ConsentState::Withdrawn)
            }
            MessageEvent::Sent
            | MessageEvent::Skipped
            | MessageEvent::Delivered
            | MessageEvent::Opened
            | MessageEvent::Clicked
            | MessageEvent::Replied
            | MessageEvent::Failed => return,
        };
        self.apply(evaluator, &[change]);
    }

    /// The operator has an effect tried again: what was given up is a sending once more.
    pub fn requeued(&mut self, effect: EffectId) {
        self.set_cause(Arc::from("operator"));
        if let Some(record) = self.send_record(effect) {
            record.status = SendStatus::Sent;
        }
    }

    /// What came of an attempt.
    pub fn accept_result(&mut self, evaluator: &mut Evaluator, effect: EffectId, outcome: &DeliveryOutcome) {
        match outcome {
            DeliveryOutcome::Accepted { at, decided_at } => self.accept_hand_over(effect, (*at, *decided_at)),
            DeliveryOutcome::Permanent { reason, is_hard_bounce } => {
                if self.fail(evaluator, effect, reason) {
                    self.bounce(evaluator, effect, *is_hard_bounce);
                }
            }
            DeliveryOutcome::Dead { reason } => {
                self.fail(evaluator, effect, reason);
            }
            DeliveryOutcome::Answer { record } => self.accept_answer(evaluator, effect, record.clone()),
        }
    }

    /// What was refused at the hand-over has bounced; the address is to blame only where the provider says so.
    fn bounce(&mut self, evaluator: &mut Evaluator, effect: EffectId, is_hard: bool) {
        let happening = MessageHappening { effect, event: MessageEvent::Bounced, detail: None, is_machine: false, topic: None };
        if is_hard {
            return self.accept_message(evaluator, &happening, self.now);
        }
        self.record_message(&happening, self.now);
        self.tell_message(evaluator, effect, MessageEvent::Bounced, None);
    }

    /// A sending has failed for good. Whether it was a message.
    fn fail(&mut self, evaluator: &mut Evaluator, effect: EffectId, reason: &Arc<str>) -> bool {
        let Some((uid, step)) = self.send_record(effect).map(|record| {
            record.status = SendStatus::Failed(reason.clone());
            (record.enrollment, record.step)
        }) else {
            let waits = self.state.enrollments.iter().find(|e| e.threads.iter().any(|t| t.standing.kind == StandingKind::Answer { effect })).map(|e| e.uid);
            if waits.is_some() {
                self.accept_answer(evaluator, effect, Arc::new([(Arc::from("ok"), Value::Bool(false))].into()));
            }
            return false;
        };
        self.note(uid, Some(step), What::Failed, reason.clone());
        self.tell_message(evaluator, effect, MessageEvent::Failed, Some(reason.clone()));
        true
    }

    /// A webhook answered a step with `as`.
    fn accept_answer(&mut self, evaluator: &mut Evaluator, effect: EffectId, record: Arc<crate::lang::Record>) {
        use crate::bytecode::Op;
        let lines = self.state.enrollments.iter().flat_map(|e| e.threads.iter().map(|thread| (e.uid, thread)));
        let mut found = lines
            .filter(|(_, thread)| thread.standing.kind == StandingKind::Answer { effect })
            .map(|(uid, thread)| (Line { enrollment: uid, thread: thread.id }, (thread.standing.step, thread.standing.ordinal)));
        let Some((line, place)) = found.next_back() else { return };
        let code = self.code_of(line.enrollment);
        let Some(pc) = code.place_pc(place.0, place.1) else { return };
        if let Op::Webhook(step, _) = code.op(pc)
            && let Some(slot) = code.program.webhook_steps.get(step.index()).and_then(|def| def.answer)
        {
            self.capture(line.enrollment, slot, record);
        }
        self.go_on(evaluator, line, &Entry { pc: pc + 1, ..Entry::default() });
    }
}

/// Whether a standing is that of a held send.
fn is_held(standing: &Standing, wanted: EffectId) -> bool {
    matches!(&standing.kind, StandingKind::Held { effect, .. } if *effect == wanted)
}
