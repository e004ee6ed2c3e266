//! What a send may do now: who can be reached, and what holds a marketing message (pause, windows, quiet hours, `mute`, caps, throttle).
//!
//! All holds are looked at together: a held message leaves at the first instant at which every one of them lets it through.

use super::caps::Cap;
use super::context::Context;
use super::outcome::SlotRequest;
use super::settle::CAMPAIGN_ENDED;
use crate::bytecode::{BuiltinField, CampaignDef, Channel, MessageContent, MessageDef, Recipient};
use crate::lang::{Days, Instant, TimeOfDay, Value, Window, WindowZone, Zone};
use crate::machine::state::{ConsentState, EffectId, EnrollmentUid, Hold, Slot, Suppression};
use crate::machine::{Evaluator, builtin_text, topic_passes};
use std::sync::Arc;

/// A slot of a throttle counts this long after its time; later the send queues anew, so that an outage is no burst.
const SLOT_GRACE_MS: i64 = 60_000;

/// Zones in which numbers begin with +1.
const AMERICAN_ZONES: [&str; 35] = [
    "America/Adak",
    "America/Anchorage",
    "America/Barbados",
    "America/Boise",
    "America/Chicago",
    "America/Denver",
    "America/Detroit",
    "America/Edmonton",
    "America/Glace_Bay",
    "America/Goose_Bay",
    "America/Halifax",
    "America/Indiana/Indianapolis",
    "America/Iqaluit",
    "America/Jamaica",
    "America/Juneau",
    "America/Kentucky/Louisville",
    "America/Los_Angeles",
    "America/Moncton",
    "America/Montreal",
    "America/Nassau",
    "America/New_York",
    "America/Phoenix",
    "America/Port_of_Spain",
    "America/Puerto_Rico",
    "America/Regina",
    "America/Santo_Domingo",
    "America/St_Johns",
    "America/Toronto",
    "America/Vancouver",
    "America/Whitehorse",
    "America/Winnipeg",
    "America/Yellowknife",
    "Atlantic/Bermuda",
    "Pacific/Guam",
    "Pacific/Honolulu",
];

/// What a send may do now.
pub(super) enum Permission {
    Go {
        to: Arc<str>,
    },
    Skip(&'static str),
    /// There is no way to the contact: no address, no consent, suppressed.
    Unreachable(&'static str),
    Hold(Held),
}

/// Until when, and why.
pub(super) struct Held {
    /// Unknown for a pause, and while a throttle is asked.
    pub due: Option<Instant>,
    pub why: &'static str,
    pub hold: Hold,
}

impl Held {
    fn until(due: Instant, why: &'static str) -> Permission {
        Permission::Hold(Held { due: Some(due), why, hold: Hold::default() })
    }
}

/// The send that asks.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub uid: EnrollmentUid,
    pub effect: EffectId,
    pub message: &'a MessageDef,
    pub hold: Hold,
}

impl Context<'_> {
    /// What a send may do at this instant.
    pub fn permission(&mut self, evaluator: &mut Evaluator, asking: Asking<'_>) -> Permission {
        let Asking { uid, message, .. } = asking;
        let Some((campaign, def)) = self.campaign_of(uid) else { return Permission::Skip(CAMPAIGN_ENDED) };
        if !self.is_acting(campaign) {
            return Permission::Hold(Held { due: None, why: "paused", hold: Hold::default() });
        }
        if self.switches.channels_off.contains(&message.channel) {
            return Permission::Unreachable("channel off");
        }
        let Some(to) = self.address(evaluator, uid, message) else { return Permission::Unreachable("no address") };
        if let Some(reason) = self.consent_refusal(message) {
            return Permission::Unreachable(reason);
        }
        if message.is_transactional {
            return Permission::Go { to };
        }
        match self.open_from(def, (message.channel, &to), self.now) {
            Some(at) if at == self.now => {}
            Some(at) => return Held::until(at, if self.state.muted_until > Some(self.now) { "muted" } else { "" }),
            // A window that never opens is the checker's finding; here it must not hold for ever.
            None => return Permission::Skip("expired"),
        }
        match self.cap(evaluator, def, (asking, &to)) {
            Cap::Free => self.slot(def, asking, to),
            Cap::Skip => Permission::Skip("cap"),
            Cap::Wait { due, since } => Permission::Hold(Held { due: Some(due), why: "cap", hold: Hold { capped_since: Some(since), slot: Slot::None } }),
        }
    }

    /// All that holds it but a throttle has let it through.
    fn slot(&mut self, def: &CampaignDef, asking: Asking<'_>, to: Arc<str>) -> Permission {
        if def.sending.throttle.is_none() && self.current.program.policy.throttles.is_empty() {
            return Permission::Go { to };
        }
        match asking.hold.slot {
            Slot::At(at) if at <= self.now && self.now.millis_since(at) <= SLOT_GRACE_MS => Permission::Go { to },
            Slot::At(at) if at > self.now => Permission::Hold(Held { due: Some(at), why: "throttle", hold: asking.hold }),
            Slot::At(_) | Slot::Asked | Slot::None => {
                let campaign = self.enrollment(asking.uid).map_or(0, |enrollment| enrollment.campaign);
                self.out.requests.push(SlotRequest { effect: asking.effect, campaign });
                Permission::Hold(Held { due: None, why: "throttle", hold: Hold { slot: Slot::Asked, ..asking.hold } })
            }
        }
    }

    /// The first instant from `from` on at which windows, quiet hours and `mute` let a marketing message through.
    pub fn open_from(&self, def: &CampaignDef, (channel, to): (Channel, &str), from: Instant) -> Option<Instant> {
        let legal = self.legal_windows(channel, to);
        let quiet = &self.current.program.policy.quiet_hours;
        let mut at = self.state.muted_until.map_or(from, |until| until.max(from));
        // Each round moves on to a later opening; windows of a week meet within a fortnight or never.
        for _ in 0..64 {
            let opened = def.windows.iter().chain(&legal).try_fold(at, |at, window| window.next_open(at, &self.zone))?;
            let next = quiet.iter().try_fold(opened, |at, quiet| quiet.next_closed(at, &self.zone))?;
            if next == at {
                return Some(at);
            }
            at = next;
        }
        None
    }

    /// Marketing SMS to +1 leave from 08:00 to 21:00 at the called party's place: by the contact's zone, else the project's if that is one of
    /// the number's country, else at every place of the country.
    fn legal_windows(&self, channel: Channel, to: &str) -> Vec<Window> {
        if channel != Channel::Sms || !to.starts_with("+1") || self.switches.ignore_legal_hours {
            return Vec::new();
        }
        let window = |zone| Window { from: hour(8), to: hour(21), days: Days::ALL, zone };
        let has_zone = builtin_text(self.linked, self.state, BuiltinField::Timezone).is_some_and(|name| Zone::find(&name).is_some());
        if has_zone || AMERICAN_ZONES.contains(&self.linked.zone.name()) {
            return vec![window(WindowZone::Contact)];
        }
        ["America/St_Johns", "Pacific/Honolulu"].map(|name| window(WindowZone::Named(name.to_owned()))).to_vec()
    }

    fn address(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, message: &MessageDef) -> Option<Arc<str>> {
        match &message.content {
            MessageContent::Email { to: Some(recipient), .. } => self.recipient(evaluator, uid, recipient),
            MessageContent::Email { to: None, .. } => self.email(),
            MessageContent::Sms { .. } => self.phone(),
            MessageContent::Push { .. } => self.state.devices.last().cloned(),
        }
    }

    pub fn recipient(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, recipient: &Recipient) -> Option<Arc<str>> {
        match recipient {
            Recipient::Address(address) => Some(address.clone()),
            Recipient::Value(block) => match evaluator.value(&self.view_here(uid), *block) {
                Ok(Value::Text(text)) if !text.is_empty() => Some(text),
                Ok(_) | Err(_) => None,
            },
        }
    }

    /// Why consent or suppression forbids a message, if they do.
    pub fn consent_refusal(&self, message: &MessageDef) -> Option<&'static str> {
        self.refusal_of((message.channel, message.topic.and_then(|topic| self.topic_now(topic))), message.is_transactional)
    }

    fn refusal_of(&self, (own_channel, topic): (Channel, Option<crate::bytecode::TopicId>), is_transactional: bool) -> Option<&'static str> {
        let consent = &self.state.consent;
        match consent.suppression(own_channel) {
            Some(Suppression::HardBounce) => return Some("hard bounce"),
            Some(Suppression::Complaint) => return Some("complaint"),
            None => {}
        }
        if is_transactional {
            return None;
        }
        let channel = consent.channel(own_channel);
        let passes = match (topic, channel) {
            (_, ConsentState::Withdrawn) => false,
            (Some(topic), _) => topic_passes(self.current, self.state, topic),
            (None, ConsentState::Given) => true,
            (None, ConsentState::None | ConsentState::Pending) => match own_channel {
                Channel::Email => !self.current.program.project.is_email_opt_in,
                Channel::Sms => false,
                Channel::Push => true,
            },
        };
        (!passes).then_some("no consent")
    }
}

fn hour(hour: u8) -> TimeOfDay {
    TimeOfDay::new(hour, 0, 0).unwrap_or(TimeOfDay::MIDNIGHT)
}
