//! How things stand: campaigns, who stands where, queues, what is late.

use super::counting::{Counted, counted};
use super::reports::{LaneView, StatusView, StepCount};
use super::resident::Resident;
use super::shared::Shared;
use super::view;
use crate::lang::Instant;
use crate::machine::Linked;
use crate::store::StoreError;
use std::sync::PoisonError;

/// How things stand.
pub(crate) fn status(shared: &Shared) -> Result<StatusView, StoreError> {
    let undeclared = view::undeclared_events(shared)?;
    let (outbox, lanes) = {
        let desk = shared.census();
        (desk.by_status.clone(), desk.lanes.iter().map(|(lane, census)| lane_view((lane.to_string(), *census), shared.clock.now())).collect())
    };
    let counted = counted(shared);
    let resident = shared.read();
    let linked = resident.linked.as_ref();
    let now = shared.clock.now();
    let defs = linked.into_iter().flat_map(|linked| linked.program.campaigns.iter().zip(linked.deployment.campaigns.iter().copied()));
    let campaigns: Vec<_> = linked.map_or_else(Vec::new, |linked| defs.map(|entry| view::campaign_view(&resident, linked, entry, &counted, now)).collect());
    let next_due = next_due(&resident);
    Ok(StatusView {
        project: linked.map(|linked| linked.program.project.name.clone()).unwrap_or_default(),
        now: now.to_rfc3339(),
        clock: if shared.clock.is_manual() { "manual" } else { "real" },
        deployment: linked.map_or(0, |linked| linked.deployment.seq),
        program: linked.map(|linked| data_encoding::HEXLOWER.encode(&linked.deployment.program)).unwrap_or_default(),
        deployed_at: linked.map(|linked| linked.deployment.at.to_rfc3339()).unwrap_or_default(),
        contacts: u64::try_from(resident.people.len()).unwrap_or(u64::MAX),
        enrollments: counted.all_inside(),
        quarantined: resident.quarantined.iter().map(|(uid, reason)| format!("{}: {reason}", uid.to_text())).collect(),
        put_aside: u64::try_from(resident.put_aside.len()).unwrap_or(u64::MAX),
        disabled_endpoints: shared.disabled_endpoints.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        next_due: next_due.map(Instant::to_rfc3339),
        late_ms: next_due.map_or(0, |at| now.millis_since(at).max(0)),
        standing: linked.map(|linked| steps(linked, &counted)).unwrap_or_default(),
        stranded: linked.map(|linked| counted.asides.stranded(linked, None)).unwrap_or_default(),
        finishing_on_old: linked.map(|linked| counted.asides.finishing(linked, None)).unwrap_or_default(),
        roll_over: resident.roll_over.clone(),
        campaigns,
        outbox,
        lanes,
        undeclared,
        counters: shared.metrics.snapshot(),
    })
}

fn next_due(resident: &Resident) -> Option<Instant> {
    resident.timers.first().map(|(at, _)| *at)
}

fn lane_view((lane, census): (String, super::desk::LaneCensus), now: Instant) -> LaneView {
    LaneView {
        lane,
        queued: census.queued,
        in_flight: census.in_flight,
        late_ms: census.oldest_due.map_or(0, |at| now.millis_since(at).max(0)),
        is_broken: census.is_broken,
    }
}

/// The steps where somebody stands, in source order.
fn steps(linked: &Linked, counted: &Counted) -> Vec<StepCount> {
    let counted = linked.program.steps.iter().zip(&linked.deployment.steps).filter_map(|(def, uid)| {
        let here = counted.here.get(uid).copied().filter(|here| *here > 0)?;
        let campaign = linked.program.campaigns.get(def.campaign.index())?.name.clone();
        Some(StepCount { campaign, step: def.identity().clone(), here })
    });
    counted.collect()
}
