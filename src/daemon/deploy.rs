//! Operating the engine: starting, deploying, pausing, erasing, the operator's word on effects.

use super::api::{Deployed, EngineError, Refusal, RollOver, RollingOn, StreamEvent};
use super::batch::{Surroundings, Work};
use super::batcher::Batcher;
use super::ingest::EventNames;
use super::load::CLOCK;
use super::options::Sending;
use super::poison::BatchError;
use super::rolling::{ROLL_OVER, Rolling, encode_progress};
use super::survey::DeployRequest;
use super::units::Unit;
use crate::advance::{Bringing, is_behind};
use crate::bytecode::encode;
use crate::machine::Linked;
use crate::machine::state::ContactUid;
use crate::proof::{Point, reach};
use crate::store::{Batch, CampaignLabel, DeployRecord, StepLabel};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

impl Batcher {
    /// Lets time and deliveries begin. What was under way when the process ended is unknown now.
    pub(super) fn start(&mut self) -> Result<(), EngineError> {
        if self.shared.linked().is_none() {
            return Err(EngineError::NothingDeployed);
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
        self.finish_switching();
        // Commands on a store whose daemon has stopped keep to the clock it ran on.
        self.store.set_meta(&[(CLOCK, if self.shared.clock.is_manual() { b"manual" } else { b"real" })])?;
        self.is_started = true;
        Ok(())
    }

    /// Makes a program the running one. The row of the deployment is the only switch; contacts follow in the roll-over.
    pub(super) fn deploy(&mut self, request: &DeployRequest) -> Result<Deployed, EngineError> {
        let running = self.shared.linked();
        if let Some(running) = running.as_ref().filter(|running| running.deployment.program == request.hash) {
            return Ok(Deployed { seq: running.deployment.seq, is_new: false, moved: 0 });
        }
        self.check_base(request, running.as_deref())?;
        let now = self.shared.clock.now();
        let deployment = request.deployment(running.as_deref(), now);
        let linked = Linked::new(request.program.clone(), deployment);
        let record = deploy_record(&linked, running.as_ref().map(|running| running.deployment.program));
        reach(Point::DeployBegun);
        self.store.deploy(&record, &Batch { now, deployment: linked.deployment.seq, ..Batch::default() })?;
        reach(Point::DeployWritten);
        let former = running.iter().flat_map(|running| running.former().iter().cloned().chain([running.clone()])).collect();
        let linked = Arc::new(linked.with_former(former));
        if let Some(running) = running {
            self.routes.keep(running);
        }
        self.names = EventNames::new(&linked);
        self.switch_to(&linked, request);
        self.desk.redeployed(&linked);
        // An endpoint that wanted no more calls is tried anew.
        self.enable(BTreeSet::clear)?;
        reach(Point::RollOverBegun);
        // A small store is under the new program before anybody asks.
        let slice: Vec<Unit> = self.rolling.take().into_iter().map(Unit::Bring).collect();
        self.run_units(slice, Vec::new());
        self.land();
        self.look_at_roll_over();
        reach(Point::DeployDone);
        let _ = self.shared.stream.send(Arc::new(StreamEvent::Deployed { seq: linked.deployment.seq }));
        Ok(Deployed { seq: linked.deployment.seq, is_new: true, moved: request.in_flight })
    }

    fn check_base(&self, request: &DeployRequest, running: Option<&Linked>) -> Result<(), EngineError> {
        let base = running.map(|running| running.deployment.program);
        if base != request.base {
            let text = "another deploy came first, so that this plan is of another time: run `campc plan` again and look at what it says now".to_owned();
            return Err(EngineError::Refused(Refusal { code: "E2201", text }));
        }
        let left = self.rolling.left();
        if self.rolling.progress.seq > 0 && self.rolling.progress.finished.is_none() && request.back_to.is_none() {
            let how = if self.rolling.bringing.is_resting {
                "it rests: `campc deploy --continue` lets it go on"
            } else {
                "wait until `campc status` says that it is done"
            };
            let text = format!("{left} contacts are still to come under the last deploy; {how}, or take it back with `campc deploy --rollback`");
            return Err(EngineError::Refused(Refusal { code: "E2202", text }));
        }
        Ok(())
    }

    /// Everybody who reads sees the new program from here on.
    fn switch_to(&mut self, linked: &Arc<Linked>, request: &DeployRequest) {
        let mut resident = self.shared.write();
        resident.run(linked.clone());
        let mut contacts = resident.uids();
        // Members who come in at a pace come in the order in which they were known.
        if !linked.deployment.existing.is_empty() {
            let known: FxHashSet<ContactUid> = request.order.iter().copied().collect();
            contacts.retain(|uid| !known.contains(uid));
            contacts.splice(..0, request.order.iter().copied());
        }
        let bringing = Bringing { pacing: request.pacing.clone(), is_resting: false };
        let progress = RollOver { seq: linked.deployment.seq, began: linked.deployment.at, ..RollOver::default() };
        resident.roll_over = progress.clone();
        self.rolling = Rolling::new(contacts, bringing, progress);
    }

    /// Everybody is under the running program: that is recorded, and programs that nobody follows any more are let go.
    pub(super) fn look_at_roll_over(&mut self) {
        if !self.rolling.is_through() {
            return;
        }
        self.land();
        if !self.rolling.is_through() {
            // The last ones could not be written, and come again.
            return;
        }
        reach(Point::RollOverDone);
        let finished = RollOver { finished: Some(self.shared.clock.now()), ..self.rolling.progress.clone() };
        let kept = encode_progress(&finished).and_then(|bytes| self.store.set_meta(&[(ROLL_OVER, &bytes)]));
        if let Err(error) = kept {
            // Nobody is left to be brought: the next start finds that out by itself.
            tracing::error!(%error, "the end of the roll-over could not be written");
        }
        let mut resident = self.shared.write();
        resident.roll_over = finished.clone();
        self.rolling.progress = finished;
        if let Some(linked) = &resident.linked
            && linked.former().iter().any(|older| !self.rolling.needed.contains(&older.deployment.seq))
        {
            let former = linked.former().iter().filter(|older| self.rolling.needed.contains(&older.deployment.seq)).cloned().collect();
            let lighter = Linked::new(linked.program.clone(), linked.deployment.clone()).with_former(former);
            resident.linked = Some(Arc::new(lighter));
        }
    }

    /// Lets the roll-over rest, or go on.
    pub(super) fn roll(&mut self, on: RollingOn) -> Result<RollOver, EngineError> {
        let linked = self.shared.linked().ok_or(EngineError::NothingDeployed)?;
        let is_resting = on == RollingOn::Hold;
        if self.rolling.progress.finished.is_some() || self.rolling.bringing.is_resting == is_resting {
            return Ok(self.rolling.progress.clone());
        }
        let progress = RollOver { is_resting, ..self.rolling.progress.clone() };
        self.store.set_meta(&[(ROLL_OVER, &encode_progress(&progress)?)])?;
        self.rolling.bringing.is_resting = is_resting;
        self.rolling.progress = progress.clone();
        let mut resident = self.shared.write();
        resident.roll_over = progress.clone();
        if !is_resting {
            let behind = resident.uids().into_iter().filter(|uid| resident.open(*uid).is_some_and(|state| is_behind(&linked, &state, false)));
            let bringing = std::mem::take(&mut self.rolling.bringing);
            let needed = std::mem::take(&mut self.rolling.needed);
            self.rolling = Rolling::new(behind.collect(), bringing, progress.clone());
            self.rolling.needed = needed;
        }
        Ok(progress)
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
        let mut work = Work::new(around, (&mut self.desk, &mut self.rolling));
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
