//! Before a deploy: everybody in flight is looked at, some at a time, so that ingestion goes on meanwhile.

use super::api::{DeployOptions, EngineError, Obstacles, Refusal};
use super::plan::with_everybody;
use super::shared::Shared;
use crate::advance::{Pacing, Switches, due_at_once, missing_history};
use crate::bytecode::{Program, program_hash};
use crate::lang::Instant;
use crate::machine::state::{ContactState, ContactUid, StableId};
use crate::machine::{Deployment, IdKind, Linked, Release, Terms};
use crate::migrate::{Choices, Depth, Mapping, Question, align, needs_release, plan, wants_release};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A deploy that has been looked at.
#[derive(Debug)]
pub(crate) struct DeployRequest {
    pub program: Arc<Program>,
    pub hash: [u8; 32],
    /// The program that ran when it was looked at.
    pub base: Option<[u8; 32]>,
    /// The deployment that a roll-back leads to.
    pub back_to: Option<Deployment>,
    /// Enrollments in flight.
    pub in_flight: u64,
    /// Everybody, in the order in which they were known, where that matters.
    pub order: Vec<ContactUid>,
    /// The moments that members of segments have been given.
    pub pacing: Pacing,
    terms: Terms,
}

impl DeployRequest {
    /// The deployment that this makes of its program.
    pub fn deployment(&self, running: Option<&Linked>, now: Instant) -> Deployment {
        let lineage = running.map(|running| (&running.deployment, self.mapping(running).lineage(&running.deployment)));
        let next = Deployment::next(&self.program, self.hash, now, lineage.as_ref().map(|(former, lineage)| (*former, lineage)));
        Deployment { terms: self.terms.clone(), ..next }
    }
    fn mapping(&self, running: &Linked) -> Mapping {
        align((&running.program, &running.deployment), &self.program, &Choices { back_to: self.back_to.as_ref() })
    }
}

/// Plans the deploy over everybody, as `campc plan` does, and works out what the operator's choices come to.
///
/// # Errors
/// The plan has findings that forbid it ([`EngineError::NotDeployable`]); many become due at once, or a choice fits nothing.
pub(crate) fn survey(shared: &Shared, (program, back_to): (Arc<Program>, Option<Deployment>), options: &DeployOptions) -> Result<DeployRequest, EngineError> {
    let running = shared.linked();
    let hash = program_hash(&program);
    let base = match &options.base {
        Some(hex) => data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok()),
        None => running.as_ref().map(|running| running.deployment.program),
    };
    let terms = Terms { from: base, ..terms((running.as_deref(), &program), options)? };
    let mut request = DeployRequest { program, hash, base, back_to, in_flight: 0, order: Vec::new(), pacing: Pacing::default(), terms };
    let Some(running) = running.filter(|running| running.deployment.program != hash) else { return Ok(request) };
    let now = shared.clock.now();
    let next = Linked::new(request.program.clone(), request.deployment(Some(&running), now));
    request.terms.history = missing_history(&running, &next);
    let (uids, switches) = {
        let resident = shared.read();
        (resident.uids(), resident.switches.clone())
    };
    let permits = options.permits();
    let choices = Choices { back_to: request.back_to.as_ref() };
    let (depth, permits) = (Depth::Sample, &permits);
    let question = Question { running: Some(&running), program: &request.program, hash, switches: &switches, now, depth, permits, choices };
    let (mut found, mut pacing) = (Found::default(), Pacing::default());
    let plan = with_everybody(shared, &uids, |states| {
        let seen = states.inspect(|state| {
            found.look((&next, &switches), state, now);
            if !next.deployment.existing.is_empty() {
                found.order.push((state.accepted_at, state.uid));
                pacing.follow(state);
            }
        });
        plan(&question, seen)
    });
    if !plan.is_deployable() {
        let obstacles = Obstacles { findings: plan.all_findings().filter(|finding| finding.is_error()).cloned().collect() };
        return Err(if request.back_to.is_some() { no_way_back(&obstacles) } else { EngineError::NotDeployable(obstacles) });
    }
    request.terms.release = found.release(&next, (options.release_per_hour, now))?;
    found.order.sort_unstable();
    request.order = found.order.into_iter().map(|(_, uid)| uid).collect();
    request.pacing = pacing;
    request.in_flight = found.inside.values().sum();
    Ok(request)
}

/// What a look at everybody has shown, beside the plan.
#[derive(Default)]
struct Found {
    /// Enrollments by campaign.
    inside: BTreeMap<StableId, u64>,
    /// Campaigns and new times of those who become due at once.
    due: Vec<(StableId, Instant)>,
    order: Vec<(Instant, ContactUid)>,
}

impl Found {
    fn look(&mut self, (next, switches): (&Linked, &Switches), state: &ContactState, now: Instant) {
        if state.enrollments.is_empty() {
            return;
        }
        state.enrollments.iter().for_each(|enrollment| *self.inside.entry(enrollment.campaign).or_default() += 1);
        self.due.extend(due_at_once(next, switches, state, now));
    }
}

impl Found {
    /// The turns of those who become due at once, where they are many.
    fn release(&mut self, next: &Linked, (per_hour, now): (Option<u32>, Instant)) -> Result<Option<Release>, EngineError> {
        let mut by_campaign: BTreeMap<StableId, u64> = BTreeMap::new();
        self.due.iter().for_each(|(campaign, _)| *by_campaign.entry(*campaign).or_default() += 1);
        let inside = |campaign: &StableId| self.inside.get(campaign).copied().unwrap_or(0);
        by_campaign.retain(|campaign, due| needs_release(*due, inside(campaign)));
        let Some((first, due)) = by_campaign.iter().next() else { return Ok(None) };
        let Some(per_hour) = per_hour else {
            let name = next.deployment.registry.name_of(IdKind::Campaign, *first).map(ToString::to_string).unwrap_or_default();
            let text = wants_release(&name, (*due, inside(first)));
            return Err(EngineError::Refused(Refusal { code: "E2205", text }));
        };
        let campaigns: Vec<StableId> = by_campaign.into_keys().collect();
        let dues = self.due.iter().filter(|(campaign, _)| campaigns.contains(campaign)).map(|(_, due)| *due).collect();
        Ok(Some(Release::new(now, per_hour, (campaigns, dues))))
    }
}

/// A roll-back that has no place for somebody.
fn no_way_back(obstacles: &Obstacles) -> EngineError {
    let text = format!(
        "rolling back needs a rule for those who came to what the former version does not have:\n{obstacles}\n\
         `--finish-on-old` lets them finish where they are; or deploy the former source with a `migrate` line"
    );
    EngineError::Refused(Refusal { code: "E2204", text })
}

/// What the operator chooses, by lasting identities.
fn terms((running, next): (Option<&Linked>, &Program), options: &DeployOptions) -> Result<Terms, EngineError> {
    let find = |kind: IdKind, what: &str, name: &String| {
        let id = running.and_then(|running| running.deployment.registry.find(kind, name));
        id.ok_or_else(|| EngineError::Unknown(format!("there is no {what} \"{name}\"")))
    };
    if let Some(kept) = options.ended.iter().find(|name| next.campaigns.iter().any(|def| *def.name == ***name)) {
        let text = format!("campaign {kept:?} is in the new program as well, so that nobody has to leave it: `--end` is for a campaign that is gone");
        return Err(EngineError::Settled(text));
    }
    Ok(Terms {
        is_finishing_on_old: options.is_finishing_on_old,
        ended: options.ended.iter().map(|name| find(IdKind::Campaign, "campaign", name)).collect::<Result<_, _>>()?,
        cleared: options.cleared.iter().map(|name| find(IdKind::Field, "field", name)).collect::<Result<_, _>>()?,
        ..Terms::default()
    })
}
