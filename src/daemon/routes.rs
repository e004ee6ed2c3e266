//! Which way an effect leaves: its lane, channel, name and expiry. Effects of older programs are read with those programs.

use crate::advance::{Effect, EffectKind};
use crate::bytecode::{Channel, MessageDef, WebhookDef};
use crate::deliver::{AnswerWanted, Lane, expiry};
use crate::machine::Linked;
use crate::store::{OutboxChange, OutboxRow};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The programs that open effects were decided by, besides the running one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    older: FxHashMap<[u8; 32], Arc<Linked>>,
}

impl Routes {
    /// Keeps an older program.
    pub fn keep(&mut self, linked: Arc<Linked>) {
        self.older.insert(linked.deployment.program, linked);
    }
    /// Whether an older program is kept.
    pub fn knows(&self, program: &[u8; 32]) -> bool {
        self.older.contains_key(program)
    }
    /// The program an effect was decided by; the running one where that is not known any more.
    pub fn of(&self, running: &Arc<Linked>, effect: &Effect) -> Arc<Linked> {
        if effect.program == running.deployment.program {
            return running.clone();
        }
        self.older.get(&effect.program).unwrap_or(running).clone()
    }
}

/// The lane and the row of an effect that has just been decided.
pub(crate) fn row_of(linked: &Linked, effect: Effect) -> (Lane, OutboxRow) {
    let lane = lane_of(linked, &effect);
    let (channel, message) = match &effect.kind {
        EffectKind::Message { message, .. } => {
            let def = linked.program.messages.get(message.index());
            (def.map_or("email", |def| def.channel.word()), def.and_then(|def| def.name.clone()))
        }
        EffectKind::Webhook { webhook, .. } => ("webhook", linked.program.webhooks.get(webhook.index()).map(|def| def.name.clone())),
        EffectKind::Notify { .. } => ("notify", None),
    };
    let decided_at = effect.decided_at;
    let mut row = OutboxRow { effect: Arc::new(effect), channel, message, state: OutboxChange::queued(decided_at) };
    row.state.expires_at = decided_at.plus_millis(worth_ms(&lane, &row));
    (lane, row)
}

/// How long an effect is worth sending.
pub(crate) fn worth_ms(lane: &Lane, row: &OutboxRow) -> i64 {
    let answer = if row.wants_answer() { AnswerWanted::Yes } else { AnswerWanted::No };
    i64::try_from(expiry(lane, answer).as_millis()).unwrap_or(i64::MAX)
}

/// The lane of an effect.
pub(crate) fn lane_of(linked: &Linked, effect: &Effect) -> Lane {
    match &effect.kind {
        EffectKind::Message { message, .. } => {
            let channel = linked.program.messages.get(message.index()).map_or(Channel::Email, |def: &MessageDef| def.channel);
            match (channel, effect.is_transactional) {
                (Channel::Email, true) => Lane::EmailTransactional,
                (Channel::Email, false) => Lane::EmailMarketing,
                (Channel::Sms, true) => Lane::SmsTransactional,
                (Channel::Sms, false) => Lane::SmsMarketing,
                (Channel::Push, _) => Lane::Push,
            }
        }
        EffectKind::Webhook { webhook, .. } => {
            // The host is known before the URL is rendered: only paths and queries hold values.
            let url = linked.program.webhooks.get(webhook.index()).and_then(|def: &WebhookDef| linked.program.templates.get(def.url.index()));
            Lane::of_webhook(url.map_or("", |template| template.source.as_ref()))
        }
        EffectKind::Notify { .. } => Lane::Notify,
    }
}
