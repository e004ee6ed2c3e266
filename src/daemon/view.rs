//! Journals, campaigns, messages and status as the API shows them, from what is durable and what is resident.

use super::api::{CampaignDetail, CampaignView, CauseView, GoalView, JournalLine, MessageFilter, MessageView, Page, QuarantineView, StepView, UndeclaredEvent};
use super::counting::{Counted, counted};
use super::resident::Resident;
use super::routes::lane_of;
use super::shared::Shared;
use crate::advance::{JournalEntry, What};
use crate::bytecode::{CampaignDef, GoalDef, StepKind};
use crate::deliver::Lane;
use crate::lang::{Instant, Value, Zone, to_json};
use crate::machine::Linked;
use crate::machine::state::{ContactUid, StableId, StepUid};
use crate::store::{CountRecord, JournalRecord, OutboxFilter, OutboxRow, OutboxStatus, PageRequest, QuarantineRow, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many there are on a page, unless something else is asked.
const PAGE: usize = 100;

/// A contact's journal, with those of the contacts that went up in it.
pub(crate) fn journal(shared: &Shared, contact: ContactUid) -> Result<Vec<JournalLine>, StoreError> {
    let (uids, zone) = {
        let resident = shared.read();
        let uid = resident.canonical(contact);
        let mut uids: Vec<ContactUid> = resident.redirects.keys().copied().filter(|loser| resident.canonical(*loser) == uid).collect();
        uids.push(uid);
        let zone = match (resident.state(uid), resident.linked.as_ref()) {
            (Some(state), Some(linked)) => resident.builtins.zone(&state, linked),
            (Some(_) | None, _) => Zone::utc(),
        };
        (uids, zone)
    };
    let mut records = Vec::new();
    for uid in uids {
        records.extend(shared.reader.journal(uid, PageRequest::ALL)?);
    }
    records.sort_by_key(|record| (record.at, record.position));
    Ok(records.into_iter().map(|record| line_of_record(record, &zone)).collect())
}

fn line_of_record(record: JournalRecord, zone: &Zone) -> JournalLine {
    let cause = cause(&record.what, record.cause, record.fact.as_ref());
    JournalLine {
        at: zone.format_rfc3339(record.at),
        campaign: record.campaign_name,
        enrollment: record.enrollment.map(|uid| uid.to_text()),
        step: record.step_identity,
        what: record.what,
        why: record.why,
        cause,
        source: record.source.unwrap_or_default(),
        instant: record.at,
        local_time: zone.format(record.at),
    }
}

/// Of a refusal the fact is its condition, with what it read; else it is a fact that changed.
fn cause(what: &str, input: String, fact: Option<&(Arc<str>, Value, Value)>) -> CauseView {
    if let Some((condition, _, Value::Record(facts))) = fact.filter(|_| what == What::NotEnrolled.word()) {
        let facts = facts.iter().map(|(name, value)| (name.to_string(), to_json(value))).collect();
        return CauseView { input, condition: Some(condition.to_string()), facts: Some(facts), ..CauseView::default() };
    }
    let (condition, facts) = (None, None);
    CauseView {
        condition,
        facts,
        input,
        fact: fact.map(|(name, _, _)| name.to_string()),
        old: fact.map(|(_, old, _)| to_json(old)),
        new: fact.map(|(_, _, new)| to_json(new)),
    }
}

/// A line that has just been written, named by the running program.
pub(crate) fn line_of_entry(resident: &Resident, entry: &JournalEntry) -> JournalLine {
    let linked = resident.linked.as_ref();
    let campaign = linked.and_then(|linked| linked.program.campaigns.get(linked.campaign(entry.campaign?)?.index()));
    let step = linked.and_then(|linked| linked.program.steps.get(linked.step(entry.step?)?.index()));
    let span = step.map(|step| step.span).or_else(|| campaign.map(|campaign| campaign.span));
    let zone = linked.map_or_else(Zone::utc, |linked| linked.zone.clone());
    JournalLine {
        at: zone.format_rfc3339(entry.at),
        campaign: campaign.map(|campaign| campaign.name.to_string()),
        enrollment: entry.enrollment.map(|uid| uid.to_text()),
        step: step.map(|step| step.identity().to_string()),
        what: entry.what.word().to_owned(),
        why: entry.why.to_string(),
        cause: cause(entry.what.word(), entry.cause.input.to_string(), entry.cause.fact.as_ref()),
        source: linked.zip(span).map(|(linked, span)| linked.program.describe(span)).unwrap_or_default(),
        instant: entry.at,
        local_time: zone.format(entry.at),
    }
}

/// `live`, `paused`, `draft`, `not active`.
pub(crate) fn campaign_status(resident: &Resident, (def, id): (&CampaignDef, StableId), now: Instant) -> &'static str {
    let is_active = def.active_from.is_none_or(|from| from <= now) && def.active_until.is_none_or(|until| now < until);
    match (def.is_published, resident.switches.paused.contains(&id), is_active) {
        (false, _, _) => "draft",
        (true, true, _) => "paused",
        (true, false, false) => "not active",
        (true, false, true) => "live",
    }
}

/// A line of the list of campaigns.
pub(crate) fn campaign_view(resident: &Resident, linked: &Linked, (def, id): (&CampaignDef, StableId), counted: &Counted, now: Instant) -> CampaignView {
    let status = campaign_status(resident, (def, id), now);
    let inside = counted.inside.get(&id).copied().unwrap_or(0);
    let count = counted.tally.of(id);
    let entered = count.entered.max(inside);
    let goal_view = |goal: &GoalDef| GoalView {
        name: goal.name.clone().or_else(|| Some(linked.program.blocks.get(goal.condition.index())?.text.clone())).unwrap_or_default(),
        reached: count.goals.get(&goal.key).copied().unwrap_or(0),
        held_out: count.goals_held_out.get(&goal.key).copied().unwrap_or(0),
    };
    let goals = def.goals.iter().map(goal_view).collect();
    CampaignView {
        name: def.name.clone(),
        status,
        inside,
        entered,
        ended: entered - inside,
        held_out: count.held_out,
        goals,
        source: linked.program.describe(def.span),
    }
}

/// All campaigns.
pub(crate) fn campaigns(shared: &Shared) -> Result<Vec<CampaignView>, StoreError> {
    let counted = counted(shared);
    let resident = shared.read();
    let Some(linked) = resident.linked.as_ref() else { return Ok(Vec::new()) };
    let defs = linked.program.campaigns.iter().zip(linked.deployment.campaigns.iter().copied());
    Ok(defs.map(|entry| campaign_view(&resident, linked, entry, &counted, shared.clock.now())).collect())
}

/// A campaign with its steps.
pub(crate) fn campaign(shared: &Shared, name: &str) -> Result<Option<CampaignDetail>, StoreError> {
    let counts = shared.reader.journal_counts()?;
    let counted = counted(shared);
    let resident = shared.read();
    let Some(linked) = resident.linked.as_ref() else { return Ok(None) };
    let mut defs = linked.program.campaigns.iter().zip(linked.deployment.campaigns.iter().copied());
    let Some((def, id)) = defs.find(|(def, _)| def.name.as_ref() == name) else { return Ok(None) };
    let campaign = campaign_view(&resident, linked, (def, id), &counted, shared.clock.now());
    let step_view = |step: &crate::bytecode::StepId| {
        let (def, uid) = (linked.program.steps.get(step.index())?, linked.deployment.steps.get(step.index())?);
        Some(StepView {
            step: def.identity().clone(),
            kind: kind_word(def.kind),
            here: counted.here.get(uid).copied().unwrap_or(0),
            counts: counts_of(&counts, *uid),
            source: linked.program.describe(def.span),
        })
    };
    let steps = def.steps.iter().filter_map(step_view).collect();
    let (stranded, finishing_on_old) = (counted.asides.stranded(linked, Some(id)), counted.asides.finishing(linked, Some(id)));
    Ok(Some(CampaignDetail { campaign, steps, stranded, finishing_on_old }))
}

fn counts_of(counts: &[CountRecord], step: StepUid) -> BTreeMap<String, u64> {
    counts.iter().filter(|record| record.step == Some(step)).map(|record| (record.what.clone(), record.count)).collect()
}

fn kind_word(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Email => "email",
        StepKind::Sms => "sms",
        StepKind::Push => "push",
        StepKind::Reach => "reach",
        StepKind::Webhook => "webhook",
        StepKind::Notify => "notify",
        StepKind::Wait => "wait",
        StepKind::Decision => "decision",
        StepKind::Await => "await",
        StepKind::Timeline => "timeline",
        StepKind::Repeat => "repeat",
        StepKind::Parallel => "parallel",
        StepKind::Split => "split",
        StepKind::Experiment => "experiment",
        StepKind::Change => "change",
        StepKind::Sequence => "sequence",
        StepKind::Stop => "stop",
    }
}

/// Sends with their status, oldest first.
pub(crate) fn messages(shared: &Shared, filter: &MessageFilter) -> Result<Page<MessageView>, StoreError> {
    let nothing = Page { items: Vec::new(), cursor: None };
    let campaign = match &filter.campaign {
        Some(name) => match campaign_id(shared, name) {
            Some(id) => Some(id),
            None => return Ok(nothing),
        },
        None => None,
    };
    let status = match filter.status.as_deref() {
        Some(word) => match OutboxStatus::from_word(word) {
            Some(status) => Some(status),
            None => return Ok(nothing),
        },
        None => None,
    };
    let limit = if filter.limit == 0 { PAGE } else { filter.limit };
    let after = filter.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let page = PageRequest { after, limit: u32::try_from(limit).unwrap_or(u32::MAX) };
    let rows = shared.reader.outbox(&OutboxFilter { contact: filter.contact, campaign, status, page })?;
    let cursor = if rows.len() == limit { rows.last().map(|(position, _)| position.to_string()) } else { None };
    let resident = shared.read();
    let views = rows.iter().map(|(_, row)| message_view(&resident, row));
    // Lanes are no column: of a page only those are shown that are meant, and the cursor goes on behind it.
    Ok(Page { items: views.filter(|view| filter.lane.as_ref().is_none_or(|lane| *lane == view.lane)).collect(), cursor })
}

/// The lane of an effect; a webhook of an older program is looked for by its name.
fn lane_text(resident: &Resident, row: &OutboxRow) -> String {
    let Some(linked) = resident.linked.as_ref() else { return row.channel.to_owned() };
    if row.effect.program == linked.deployment.program {
        return lane_of(linked, &row.effect).to_string();
    }
    match row.channel {
        "webhook" => {
            let def = linked.program.webhooks.iter().find(|def| Some(&def.name) == row.message.as_ref());
            let url = def.and_then(|def| linked.program.templates.get(def.url.index()));
            url.map_or(Lane::Webhook("".into()), |url| Lane::of_webhook(&url.source)).to_string()
        }
        "push" | "notify" => row.channel.to_owned(),
        channel => format!("{channel}/{}", if row.effect.is_transactional { "transactional" } else { "marketing" }),
    }
}

/// When an effect is given up; of one that waits for its campaign, if that went on now.
fn expires_at(row: &OutboxRow) -> Instant {
    let is_parked = row.state.status == OutboxStatus::Queued && row.state.not_before == Some(Instant::FAR_FUTURE);
    if is_parked { row.effect.decided_at.plus_millis(row.state.expires_at.millis_since(Instant::FAR_FUTURE)) } else { row.state.expires_at }
}

/// One send.
pub(crate) fn message(shared: &Shared, id: crate::machine::state::EffectId) -> Result<Option<MessageView>, StoreError> {
    let row = shared.reader.effect(id, None)?;
    Ok(row.map(|row| message_view(&shared.read(), &row)))
}

fn campaign_id(shared: &Shared, name: &str) -> Option<StableId> {
    let linked = shared.linked()?;
    linked.deployment.registry.find(crate::machine::IdKind::Campaign, name)
}

fn message_view(resident: &Resident, row: &OutboxRow) -> MessageView {
    let effect = &row.effect;
    let state = resident.state(effect.contact);
    let record = state.as_ref().and_then(|state| state.sends.iter().find(|send| send.effect == effect.id));
    let text = |at: Instant| at.to_rfc3339();
    let some = |text: &Arc<str>| (!text.is_empty()).then(|| text.clone());
    MessageView {
        effect_id: effect.id.to_text(),
        contact: resident.canonical(effect.contact).to_text(),
        campaign: some(&effect.campaign_name),
        step: some(&effect.step_identity),
        channel: row.channel.to_owned(),
        lane: lane_text(resident, row),
        message: row.message.as_ref().map(ToString::to_string),
        to: row.recipient().to_owned(),
        status: row.state.status.word(),
        attempt: row.state.attempt,
        decided_at: text(effect.decided_at),
        handed_over_at: row.state.handed_over_at.map(text),
        next_attempt_at: row.state.not_before.filter(|at| row.state.status == OutboxStatus::Queued && *at != Instant::FAR_FUTURE).map(text),
        expires_at: text(expires_at(row)),
        reason: row.state.reason.as_ref().map(ToString::to_string),
        provider_id: row.state.provider_id.as_ref().map(ToString::to_string),
        delivered_at: record.and_then(|record| record.delivered).map(text),
        opened_at: record.and_then(|record| record.opened.first().copied()).map(text),
        clicked_at: record.and_then(|record| record.clicked.first().map(|(at, _)| *at)).map(text),
        bounced_at: record.and_then(|record| record.bounced).map(text),
        unsubscribed_at: record.and_then(|record| record.unsubscribed).map(text),
    }
}

/// Inputs that were put aside.
pub(crate) fn put_aside(shared: &Shared) -> Vec<QuarantineView> {
    let resident = shared.read();
    let linked = resident.linked.as_ref();
    let campaign = |id: StableId| linked.and_then(|linked| Some(linked.program.campaigns.get(linked.campaign(id)?.index())?.name.clone()));
    let step = |uid: StepUid| linked.and_then(|linked| Some(linked.program.steps.get(linked.step(uid)?.index())?.identity().clone()));
    let view = |row: &QuarantineRow| QuarantineView {
        id: row.id,
        at: row.at.to_rfc3339(),
        contact: row.contact.map(|uid| resident.canonical(uid).to_text()),
        kind: row.kind.clone(),
        what: row.what.clone(),
        error: row.error.clone(),
        program: data_encoding::HEXLOWER.encode(&row.program),
        campaign: row.campaign.and_then(campaign),
        step: row.step.and_then(step),
        body: serde_json::from_str(&row.body).unwrap_or_default(),
    };
    resident.put_aside.values().map(view).collect()
}

/// Events that nobody declared.
pub(crate) fn undeclared_events(shared: &Shared) -> Result<Vec<UndeclaredEvent>, StoreError> {
    let records = shared.reader.undeclared_events()?;
    Ok(records.into_iter().map(|record| UndeclaredEvent { name: record.name, count: record.count, last_at: record.last_at.to_rfc3339() }).collect())
}
