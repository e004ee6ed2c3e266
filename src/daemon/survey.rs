//! Before a deploy: everybody in flight is looked at, some at a time, so that ingestion goes on meanwhile.

use super::api::{DeployOptions, EngineError, Refusal, StrandedPlace, Stranding};
use super::shared::Shared;
use crate::advance::{Pacing, due_at_once, missing_history};
use crate::bytecode::{Program, program_hash};
use crate::lang::Instant;
use crate::machine::state::{ContactState, ContactUid, Enrollment, StableId, StandingKind, StepUid};
use crate::machine::{Deployment, IdKind, Linked, Release, Terms};
use crate::migrate::{Choices, Crossing, Landing, Mapping, align, land, needs_release};
use crate::store::PackedState;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Contacts that are looked at in one go.
const GLANCE: usize = 2_000;

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

/// Looks at everybody in flight.
///
/// # Errors
/// Somebody stands where the new program has no place ([`EngineError::NotDeployable`]).
pub(crate) fn survey(shared: &Shared, (program, back_to): (Arc<Program>, Option<Deployment>), options: DeployOptions) -> Result<DeployRequest, EngineError> {
    let running = shared.linked();
    let hash = program_hash(&program);
    let base = match &options.base {
        Some(hex) => data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok()),
        None => running.as_ref().map(|running| running.deployment.program),
    };
    let terms = Terms { from: base, ..terms(running.as_deref(), &options)? };
    let mut request = DeployRequest { program, hash, base, back_to, in_flight: 0, order: Vec::new(), pacing: Pacing::default(), terms };
    let Some(running) = running.filter(|running| running.deployment.program != hash) else { return Ok(request) };
    let now = shared.clock.now();
    let next = Linked::new(request.program.clone(), request.deployment(Some(&running), now));
    request.terms.history = missing_history(&running, &next);
    let mapping = request.mapping(&running);
    let crossing = Crossing { running: &running, next: &next, mapping: &mapping };
    let mut found = Found::default();
    let (uids, switches) = {
        let resident = shared.read();
        (resident.uids(), resident.switches.clone())
    };
    for chunk in uids.chunks(GLANCE) {
        let packed: Vec<PackedState> = {
            let resident = shared.read();
            chunk.iter().filter_map(|uid| resident.people.get(*uid)?.packed().cloned()).collect()
        };
        // A state that is damaged is set aside when it is loaded.
        for state in packed.iter().filter_map(|packed| packed.open().ok()) {
            found.look(&crossing, &state);
            found.due.extend(due_at_once(&next, &switches, &state, now));
            if !next.deployment.existing.is_empty() {
                found.order.push((state.accepted_at, state.uid));
                request.pacing.follow(&state);
            }
        }
    }
    if !found.stranding.is_empty() && !options.is_finishing_on_old {
        let places = std::mem::take(&mut found.stranding).into_iter().map(stranded_place).collect();
        let stranding = Stranding { places };
        return Err(if request.back_to.is_some() { no_way_back(&stranding) } else { EngineError::NotDeployable(stranding) });
    }
    request.terms.release = found.release(&next, (options.release_per_hour, now))?;
    found.order.sort_unstable();
    request.order = found.order.into_iter().map(|(_, uid)| uid).collect();
    request.in_flight = found.inside.values().sum();
    Ok(request)
}

/// What a look at everybody has shown.
#[derive(Default)]
struct Found {
    stranding: BTreeMap<Place, BTreeSet<ContactUid>>,
    /// Enrollments by campaign.
    inside: BTreeMap<StableId, u64>,
    /// Campaigns and new times of those who become due at once.
    due: Vec<(StableId, Instant)>,
    order: Vec<(Instant, ContactUid)>,
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
            let text = format!(
                "{due} of {} contacts in campaign {name:?} become due at once: choose a pace, such as `campc deploy --release 500-per-hour`",
                inside(first)
            );
            return Err(EngineError::Refused(Refusal { code: "E2205", text }));
        };
        let campaigns: Vec<StableId> = by_campaign.into_keys().collect();
        let dues = self.due.iter().filter(|(campaign, _)| campaigns.contains(campaign)).map(|(_, due)| *due).collect();
        Ok(Some(Release::new(now, per_hour, (campaigns, dues))))
    }
}

/// Campaign, step, code, source.
type Place = (String, String, &'static str, String);

impl Found {
    fn look(&mut self, crossing: &Crossing<'_>, state: &ContactState) {
        for enrollment in &state.enrollments {
            *self.inside.entry(enrollment.campaign).or_default() += 1;
            let is_settled = state.aside(enrollment.uid).is_some() || crossing.next.deployment.terms.ended.contains(&enrollment.campaign);
            if is_settled {
                continue;
            }
            for (thread, landing) in enrollment.threads.iter().zip(land(crossing, enrollment)) {
                let Landing::Nowhere(code) = landing else { continue };
                // Who is faulted stands still in any case, until the operator looks.
                if !matches!(thread.standing.kind, StandingKind::Stranded | StandingKind::Faulted { .. }) {
                    let (campaign, step, source) = describe(crossing.running, enrollment, thread.standing.step);
                    self.stranding.entry((campaign, step, code.as_str(), source)).or_default().insert(state.uid);
                }
            }
        }
    }
}

/// A roll-back that has no place for somebody.
fn no_way_back(stranding: &Stranding) -> EngineError {
    let text = format!(
        "rolling back needs a rule for those who came to what the former version does not have:\n{stranding}\n\
         `--finish-on-old` lets them finish where they are; or deploy the former source with a `migrate` line"
    );
    EngineError::Refused(Refusal { code: "E2204", text })
}

fn stranded_place(((campaign, step, code, source), contacts): (Place, BTreeSet<ContactUid>)) -> StrandedPlace {
    StrandedPlace { code, campaign, step, source, contacts: u64::try_from(contacts.len()).unwrap_or(u64::MAX) }
}

/// What the operator chooses, by lasting identities.
fn terms(running: Option<&Linked>, options: &DeployOptions) -> Result<Terms, EngineError> {
    let find = |kind: IdKind, what: &str, name: &String| {
        let id = running.and_then(|running| running.deployment.registry.find(kind, name));
        id.ok_or_else(|| EngineError::Unknown(format!("there is no {what} \"{name}\"")))
    };
    Ok(Terms {
        is_finishing_on_old: options.is_finishing_on_old,
        ended: options.ended.iter().map(|name| find(IdKind::Campaign, "campaign", name)).collect::<Result<_, _>>()?,
        cleared: options.cleared.iter().map(|name| find(IdKind::Field, "field", name)).collect::<Result<_, _>>()?,
        ..Terms::default()
    })
}

fn describe(running: &Linked, enrollment: &Enrollment, step: StepUid) -> (String, String, String) {
    let campaign = running.deployment.registry.name_of(IdKind::Campaign, enrollment.campaign).map(ToString::to_string).unwrap_or_default();
    let step = running.step(step).and_then(|id| running.program.steps.get(id.index()));
    match step {
        Some(step) => (campaign, step.identity().to_string(), running.program.describe(step.span)),
        None => (campaign, String::new(), String::new()),
    }
}
