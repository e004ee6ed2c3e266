//! Where a contact stands now, what would bring it into a campaign, and all that is known of it.

use super::api::{EngineError, JournalLine, MessageFilter, MessageView};
use super::reports::{CheckView, DossierView, EventView, InsideView, NowView, OutsideView, StandingView, SuppressionView};
use super::resident::Resident;
use super::shared::Shared;
use super::suppressions::SuppressionGround;
use super::{view, view_contact};
use crate::advance::{Check, listens_to, outlook};
use crate::bytecode::{CampaignId, Channel};
use crate::lang::{Instant, Zone, to_json};
use crate::machine::Linked;
use crate::machine::state::{ContactState, ContactUid, Enrollment, Standing, StandingKind, Suppression};
use crate::store::{EventRecord, PageRequest, StoreError};
use serde_json::Value as Json;
use std::sync::Arc;

/// Rows that are read at once.
const PAGE: u32 = 1_000;

/// What the views of one contact are made of.
struct Around<'a> {
    resident: &'a Resident,
    linked: &'a Linked,
    state: &'a ContactState,
    zone: Zone,
    now: Instant,
}

/// Where a contact stands; `campaign` is asked about whether it is in or not.
pub(crate) fn now(shared: &Shared, (contact, campaign): (ContactUid, Option<&str>)) -> Result<Option<NowView>, EngineError> {
    let resident = shared.read();
    let Some(linked) = resident.linked.as_ref() else { return Err(EngineError::NothingDeployed) };
    let Some(state) = resident.state(contact) else { return Ok(None) };
    let state = &state;
    let asked = campaign.map(|name| find_campaign(linked, name)).transpose()?;
    let around = Around { resident: &resident, linked, state, zone: resident.builtins.zone(state, linked), now: shared.clock.now() };
    let is_wanted = |enrollment: &&Enrollment| asked.is_none_or(|id| linked.campaign(enrollment.campaign) == Some(id));
    let inside: Vec<InsideView> = state.enrollments.iter().filter(is_wanted).map(|enrollment| around.inside(enrollment)).collect();
    let outside = asked.filter(|_| inside.is_empty()).and_then(|id| around.outside(id));
    Ok(Some(NowView {
        contact: state.uid.to_text(),
        timezone: around.zone.name().to_owned(),
        now: around.text(around.now),
        muted_until: state.muted_until.filter(|until| *until > around.now).map(|until| around.text(until)),
        inside,
        outside,
    }))
}

fn find_campaign(linked: &Linked, name: &str) -> Result<CampaignId, EngineError> {
    let found = linked.program.campaigns.iter().position(|def| def.name.as_ref() == name).map(CampaignId::from_index);
    found.ok_or_else(|| EngineError::Unknown(format!("there is no campaign \"{name}\"")))
}

impl Around<'_> {
    fn text(&self, at: Instant) -> String {
        self.zone.format_rfc3339(at)
    }

    fn inside(&self, enrollment: &Enrollment) -> InsideView {
        let def = self.linked.campaign(enrollment.campaign).and_then(|id| self.linked.program.campaigns.get(id.index()));
        let standings = match enrollment.gathering {
            Some(gathering) => vec![StandingView {
                step: Arc::from(""),
                status: "gathering",
                since: self.text(gathering.since),
                wakes_at: Some(self.text(gathering.until)),
                listens_to: Vec::new(),
                source: def.map(|def| self.linked.program.describe(def.span)).unwrap_or_default(),
            }],
            None => enrollment.threads.iter().map(|thread| self.standing(&thread.standing)).collect(),
        };
        InsideView {
            campaign: def.map(|def| def.name.clone()).unwrap_or_default(),
            campaign_status: def.map_or("gone", |def| view::campaign_status(self.resident, (def, enrollment.campaign), self.now)),
            enrollment: enrollment.uid.to_text(),
            entered: self.text(enrollment.entered),
            is_held_out: enrollment.is_held_out,
            standings,
        }
    }

    fn standing(&self, standing: &Standing) -> StandingView {
        let step = self.linked.step(standing.step).and_then(|id| self.linked.program.steps.get(id.index()));
        let status = match &standing.kind {
            StandingKind::Time => "waiting",
            StandingKind::Listen { .. } => "listening",
            StandingKind::Until => "following",
            StandingKind::Held { .. } => "held",
            StandingKind::Answer { .. } => "calling",
            StandingKind::Stranded => "stranded",
            StandingKind::Faulted { .. } => "faulted",
            StandingKind::Running | StandingKind::Asked => "waiting",
        };
        StandingView {
            step: step.map(|step| step.identity().clone()).unwrap_or_default(),
            status,
            since: self.text(standing.since),
            wakes_at: standing.due.map(|due| self.text(due)),
            listens_to: listens_to(self.linked, standing),
            source: step.map(|step| self.linked.program.describe(step.span)).unwrap_or_default(),
        }
    }

    fn outside(&self, campaign: CampaignId) -> Option<OutsideView> {
        let def = self.linked.program.campaigns.get(campaign.index())?;
        let id = *self.linked.deployment.campaigns.get(campaign.index())?;
        let outlook = outlook(self.linked, (&self.resident.switches, self.state), campaign, self.now);
        let past = self.state.past.get(&id);
        Some(OutsideView {
            campaign: def.name.clone(),
            campaign_status: view::campaign_status(self.resident, (def, id), self.now),
            entries: past.map_or(0, |past| past.entries),
            ended: past.and_then(|past| past.ended).map(|at| self.text(at)),
            end: past.and_then(|past| past.end.clone()),
            triggers: outlook.triggers.into_iter().map(check_view).collect(),
            checks: outlook.checks.into_iter().map(check_view).collect(),
        })
    }
}

fn check_view(check: Check) -> CheckView {
    let facts = check.facts.iter().map(|(name, value)| (name.to_string(), to_json(value))).collect();
    CheckView { name: check.name, is_met: check.is_met, condition: check.condition, facts }
}

/// All that is known of a contact.
pub(crate) fn dossier(shared: &Shared, contact: ContactUid) -> Result<Option<DossierView>, StoreError> {
    let (contact, suppressed, merged) = {
        let resident = shared.read();
        let uid = resident.canonical(contact);
        let (Some(view), Some(state)) = (view_contact::contact(&resident, uid), resident.state(uid)) else { return Ok(None) };
        let word = |(channel, reason, _): &(Channel, Suppression, Instant)| (channel.word(), suppression_word(*reason));
        let merged: Vec<ContactUid> = resident.redirects.keys().copied().filter(|loser| resident.canonical(*loser) == uid).collect();
        ((uid, view), state.consent.suppressed.iter().map(word).collect(), merged)
    };
    let (uid, view) = contact;
    let mut events = Vec::new();
    let mut messages: Vec<MessageView> = Vec::new();
    for owner in merged.iter().copied().chain([uid]) {
        read_events(shared, owner, &mut events)?;
        read_messages(shared, owner, &mut messages)?;
    }
    events.sort_by_key(|event: &EventRecord| event.id);
    let journal: Vec<JournalLine> = view::journal(shared, uid)?;
    Ok(Some(DossierView {
        exported_at: shared.clock.now().to_rfc3339(),
        contact: view,
        suppressed,
        merged_ids: merged.into_iter().map(ContactUid::to_text).collect(),
        events: events.into_iter().map(event_view).collect(),
        journal,
        messages,
    }))
}

fn suppression_word(reason: Suppression) -> &'static str {
    match reason {
        Suppression::HardBounce => "hard bounce",
        Suppression::Complaint => "complaint",
    }
}

fn read_events(shared: &Shared, owner: ContactUid, into: &mut Vec<EventRecord>) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let page = shared.reader.events(Some(owner), PageRequest { after, limit: PAGE })?;
        let (Some(last), is_last) = (page.last().map(|event| event.position), page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX)) else { return Ok(()) };
        into.extend(page);
        if is_last {
            return Ok(());
        }
        after = last;
    }
}

fn read_messages(shared: &Shared, owner: ContactUid, into: &mut Vec<MessageView>) -> Result<(), StoreError> {
    let mut filter = MessageFilter { contact: Some(owner), limit: usize::try_from(PAGE).unwrap_or(usize::MAX), ..MessageFilter::default() };
    loop {
        let page = view::messages(shared, &filter)?;
        into.extend(page.items);
        match page.cursor {
            Some(cursor) => filter.cursor = Some(cursor),
            None => return Ok(()),
        }
    }
}

fn event_view(event: EventRecord) -> EventView {
    let json = |text: &str| serde_json::from_str(text).unwrap_or(Json::Null);
    EventView {
        accepted_at: event.accepted.to_rfc3339(),
        happened_at: event.happened.map(|at| at.to_rfc3339()),
        kind: event.kind,
        name: event.name,
        message_id: event.message_id,
        properties: json(&event.properties),
        context: event.context.as_deref().map(json),
    }
}

/// All suppressed addresses: of contacts first, then those of the book.
pub(crate) fn suppressions(resident: &Resident) -> Vec<SuppressionView> {
    let mut found = Vec::new();
    for uid in resident.uids() {
        let Some(state) = resident.state(uid).filter(|state| !state.consent.suppressed.is_empty()) else { continue };
        let state = &state;
        for (channel, reason, since) in &state.consent.suppressed {
            let address = match channel {
                Channel::Email => resident.builtins.email_key(state),
                Channel::Sms => resident.builtins.phone_key(state),
                Channel::Push => None,
            };
            let reason = SuppressionGround::from(*reason);
            let (contact, since) = (Some(uid.to_text()), since.to_rfc3339());
            found.push(SuppressionView { channel: channel.word(), reason: reason.word(), since, contact, address, key: None });
        }
    }
    found.extend(resident.suppressions.entries().map(|(key, known)| SuppressionView {
        channel: known.channel.word(),
        reason: known.ground.word(),
        since: known.since.to_rfc3339(),
        contact: None,
        address: None,
        key: Some(data_encoding::HEXLOWER.encode(key)),
    }));
    found
}
