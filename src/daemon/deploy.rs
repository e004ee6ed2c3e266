//! Operating the engine: starting, deploying, pausing, erasing, the operator's word on effects.

use super::api::{Deployed, EngineError, StrandedPlace, Stranding, StreamEvent};
use super::batch::{Surroundings, Work};
use super::batcher::Batcher;
use super::ingest::EventNames;
use super::load::CLOCK;
use super::options::Sending;
use super::poison::BatchError;
use super::resident::Resident;
use super::units::Unit;
use crate::advance::{Pacing, Switching, redeploy};
use crate::bytecode::{CampaignId, Program, encode, program_hash};
use crate::machine::state::{ContactUid, Enrollment, Standing, StandingKind};
use crate::machine::{Deployment, IdKind, Linked};
use crate::migrate::{Choices, Crossing, Landing, align, land};
use crate::proof::{Point, reach};
use crate::store::{Batch, CampaignLabel, DeployRecord, StepLabel, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Contacts that are brought under a new program in one transaction.
const ROLL_OVER: usize = 256;
/// The value of `meta` that says under which deployment all contacts are.
const ROLLED_OVER: &str = "rolled_over";

impl Batcher {
    /// Lets time and deliveries begin. What was under way when the process ended is unknown now.
    pub(super) fn start(&mut self) -> Result<(), EngineError> {
        let Some(linked) = self.shared.linked() else { return Err(EngineError::NothingDeployed) };
        // A deploy whose roll-over was cut short goes on.
        if self.rolled_over()? != linked.deployment.seq {
            self.roll_over(&linked)?;
        }
        if self.courier.is_some() && self.shared.sending == Sending::AsStored {
            let lost = self.desk.claimed();
            for chunk in lost.chunks(1_000) {
                let units: Vec<Unit> = chunk.iter().map(|id| Unit::Recover(*id)).collect();
                self.run_units(units, Vec::new());
            }
            self.land();
            let switches = self.shared.read().switches.clone();
            self.desk.begin_sending(&switches);
        }
        // Commands on a store whose daemon has stopped keep to the clock it ran on.
        self.store.set_meta(&[(CLOCK, if self.shared.clock.is_manual() { b"manual" } else { b"real" })])?;
        self.is_started = true;
        Ok(())
    }

    fn rolled_over(&self) -> Result<u32, StoreError> {
        let bytes = self.shared.reader.meta(ROLLED_OVER)?;
        Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes))
    }

    /// Makes `program` the running one, if it is not yet and everybody in flight has a place in it.
    pub(super) fn deploy(&mut self, program: &Arc<Program>) -> Result<Deployed, EngineError> {
        let hash = program_hash(program);
        let running = self.shared.linked();
        if let Some(running) = running.as_ref().filter(|running| running.deployment.program == hash) {
            return Ok(Deployed { seq: running.deployment.seq, is_new: false, moved: 0 });
        }
        let now = self.shared.clock.now();
        let mapping = running.as_ref().map(|running| align((&running.program, &running.deployment), program, &Choices::default())).unwrap_or_default();
        let lineage = running.as_ref().map(|running| (&running.deployment, mapping.lineage(&running.deployment)));
        let deployment = Deployment::next(program, hash, now, lineage.as_ref().map(|(former, lineage)| (*former, lineage)));
        let linked = Arc::new(Linked::new(program.clone(), deployment));
        let stranding = running.as_ref().map(|running| stranding(&self.shared.read(), &Crossing { running, next: &linked, mapping: &mapping }));
        let stranding = stranding.unwrap_or_default();
        if !stranding.places.is_empty() {
            return Err(EngineError::NotDeployable(stranding));
        }
        let record = deploy_record(&linked, running.as_ref().map(|running| running.deployment.program));
        reach(Point::DeployBegun);
        self.store.deploy(&record, &Batch { now, deployment: linked.deployment.seq, ..Batch::default() })?;
        reach(Point::DeployWritten);
        if let Some(running) = running {
            self.routes.keep(running);
        }
        self.names = EventNames::new(&linked);
        let mut resident = self.shared.write();
        resident.run(linked.clone());
        self.desk.redeployed(&linked);
        let moved = resident.states().map(|state| state.enrollments.len()).sum::<usize>();
        drop(resident);
        // An endpoint that wanted no more calls is tried anew.
        self.enable(BTreeSet::clear)?;
        reach(Point::RollOverBegun);
        self.roll_over(&linked)?;
        reach(Point::DeployDone);
        let _ = self.shared.stream.send(Arc::new(StreamEvent::Deployed { seq: linked.deployment.seq }));
        Ok(Deployed { seq: linked.deployment.seq, is_new: true, moved: u64::try_from(moved).unwrap_or(u64::MAX) })
    }

    /// Brings every contact under the running program, some in each transaction; what is done twice changes nothing.
    fn roll_over(&mut self, linked: &Arc<Linked>) -> Result<(), EngineError> {
        let (uids, mut pacing) = {
            let resident = self.shared.read();
            let mut uids = resident.uids();
            // Members who come in at a pace come in the order in which they were known.
            if !linked.deployment.existing.is_empty() {
                uids.sort_by_key(|uid| (resident.state(*uid).map(|state| state.accepted_at), *uid));
            }
            (uids, Pacing::behind(resident.states()))
        };
        for chunk in uids.chunks(ROLL_OVER) {
            self.with_work(|work| {
                let now = work.around.now;
                for uid in chunk {
                    work.step_with(*uid, |linked, switches, state| redeploy(linked, switches, (state, &mut pacing), now));
                }
            })?;
            reach(Point::RollOverBatch);
        }
        reach(Point::RollOverDone);
        self.store.set_meta(&[(ROLLED_OVER, &linked.deployment.seq.to_be_bytes())])?;
        Ok(())
    }

    /// Pauses or resumes a campaign; everybody inside looks at what is due, and on resume those who would have come in meanwhile.
    pub(super) fn switch(&mut self, campaign: &str, switching: Switching) -> Result<(), EngineError> {
        let linked = self.shared.linked().ok_or(EngineError::NothingDeployed)?;
        let index = linked.program.campaigns.iter().position(|def| def.name.as_ref() == campaign);
        let found = index.and_then(|index| Some((CampaignId::from_index(index), linked.deployment.campaigns.get(index).copied()?)));
        let (campaign, id) = found.ok_or_else(|| EngineError::Unknown(format!("there is no campaign \"{campaign}\"")))?;
        let mut switches = self.shared.read().switches.clone();
        if switching == Switching::Paused {
            switches.paused.insert(id);
        } else {
            switches.paused.remove(&id);
        }
        reach(Point::SwitchBegun);
        self.store.set_switches(&switches)?;
        reach(Point::SwitchWritten);
        let mut resident = self.shared.write();
        resident.switches = switches;
        let concerned = resident.inside(id);
        drop(resident);
        if switching != Switching::Paused {
            self.desk.resume(id);
        }
        for chunk in concerned.chunks(1_000) {
            let units: Vec<Unit> = chunk.iter().map(|uid| Unit::Switch(*uid, campaign, switching)).collect();
            self.run_units(units, Vec::new());
        }
        self.land();
        reach(Point::SwitchDone);
        Ok(())
    }

    /// Runs something that is no input, and commits it.
    pub(super) fn with_work(&mut self, run: impl FnOnce(&mut Work<'_>)) -> Result<(), EngineError> {
        let shared = self.shared.clone();
        let resident = shared.read();
        let linked = resident.linked.clone().ok_or(EngineError::NothingDeployed)?;
        let around = Surroundings {
            resident: &resident,
            pending: None,
            linked: &linked,
            switches: &resident.switches,
            names: &self.names,
            routes: &self.routes,
            metrics: &shared.metrics,
            reader: self.reader.as_ref(),
            seen: &self.seen,
            randomness: self.randomness.as_ref(),
            country: self.country,
            providers: self.providers,
            numbers: &shared.numbers,
            now: shared.clock.now(),
        };
        let mut work = Work::new(around, &mut self.desk);
        // What the operator asks for may meet the very input that breaks the engine.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&mut work))) {
            work.abandon(&[]);
            return Err(BatchError::of_panic(panic).into());
        }
        let done = Self::commit(self.store.as_mut(), work, Vec::new())?;
        drop(resident);
        self.install(done);
        Ok(())
    }
}

/// Who stands where the new program has no place for them.
fn stranding(resident: &Resident, crossing: &Crossing<'_>) -> Stranding {
    let mut lost: BTreeMap<(String, String, &'static str, String), BTreeSet<ContactUid>> = BTreeMap::new();
    for state in resident.states() {
        for enrollment in &state.enrollments {
            for (thread, landing) in enrollment.threads.iter().zip(land(crossing, enrollment)) {
                let Landing::Nowhere(code) = landing else { continue };
                // Who is faulted stands still in any case, until the operator looks.
                if !matches!(thread.standing.kind, StandingKind::Stranded | StandingKind::Faulted { .. }) {
                    let (campaign, step, source) = describe(crossing.running, enrollment, &thread.standing);
                    lost.entry((campaign, step, code.as_str(), source)).or_default().insert(state.uid);
                }
            }
        }
    }
    let place = |((campaign, step, code, source), contacts): ((String, String, &'static str, String), BTreeSet<ContactUid>)| StrandedPlace {
        code,
        campaign,
        step,
        source,
        contacts: u64::try_from(contacts.len()).unwrap_or(u64::MAX),
    };
    Stranding { places: lost.into_iter().map(place).collect() }
}

fn describe(running: &Linked, enrollment: &Enrollment, standing: &Standing) -> (String, String, String) {
    let campaign = running.deployment.registry.name_of(IdKind::Campaign, enrollment.campaign).map(ToString::to_string).unwrap_or_default();
    let step = running.step(standing.step).and_then(|id| running.program.steps.get(id.index()));
    match step {
        Some(step) => (campaign, step.identity().to_string(), running.program.describe(step.span)),
        None => (campaign, String::new(), String::new()),
    }
}

fn deploy_record(linked: &Linked, from: Option<[u8; 32]>) -> DeployRecord {
    let (program, deployment) = (&linked.program, &linked.deployment);
    let campaign_of = |index: usize| deployment.campaigns.get(index).copied().unwrap_or(0);
    let steps = program.steps.iter().zip(&deployment.steps).map(|(step, uid)| StepLabel {
        step: *uid,
        campaign: campaign_of(step.campaign.index()),
        identity: step.identity().clone(),
        source: program.describe(step.span),
    });
    let campaigns = program.campaigns.iter().enumerate().map(|(index, campaign)| CampaignLabel {
        campaign: campaign_of(index),
        name: campaign.name.clone(),
        source: program.describe(campaign.span),
    });
    DeployRecord { deployment: Arc::new(deployment.clone()), from, image: encode(program), steps: steps.collect(), campaigns: campaigns.collect() }
}
