//! From an effect, as `advance` decides it, to what is sent.

use super::compose::{ComposeError, Composer, EffectFacts, Recipients, WebhookInput};
use super::message::Outgoing;
use crate::advance::{Effect, EffectKind};
use crate::lang::Zone;
use crate::machine::{Linked, stable};

impl Composer {
    /// Composes an effect. The same effect gives the same bytes on every attempt.
    ///
    /// # Errors
    /// Where a template fails for this contact, or an address or header comes out wrong.
    pub fn effect(&self, linked: &Linked, effect: &Effect, contact_email: Option<&str>) -> Result<Outgoing, ComposeError> {
        let contact_id = effect.contact.to_text();
        let zone = Zone::find(&effect.zone).unwrap_or_else(Zone::utc);
        let topic = match &effect.kind {
            EffectKind::Message { message, .. } => linked.program.messages.get(message.index()).and_then(|def| def.topic),
            EffectKind::Webhook { .. } | EffectKind::Notify { .. } => None,
        };
        let facts = EffectFacts {
            effect_id: effect.id.0,
            contact_uid: effect.contact.0,
            contact_id: &contact_id,
            contact_email,
            campaign: &effect.campaign_name,
            step: &effect.step_identity,
            topic: topic.map_or(0, |topic| stable(&linked.deployment.topics, topic.index())),
            frozen: &effect.frozen,
            zone: &zone,
            at: effect.decided_at,
            is_transactional: effect.is_transactional,
        };
        match &effect.kind {
            EffectKind::Message { message, to, cc, bcc, variant } => self.message(&facts, (*message, *variant), &Recipients { to, cc, bcc }),
            EffectKind::Webhook { webhook, body, object, wants_answer } => {
                self.webhook(&facts, *webhook, &WebhookInput { body: body.as_ref(), object: object.as_ref(), wants_answer: *wants_answer })
            }
            EffectKind::Notify { notify } => self.notify(&facts, *notify),
        }
    }
}
