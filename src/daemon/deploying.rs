//! The handle's part in deploys: to a new program, back to the former one, and how far the contacts have followed.

use super::api::{DeployOptions, Deployed, EngineError, Refusal, RollOver, RollingOn};
use super::batcher::Command;
use super::engine::Engine;
use super::plan::{PlanAsk, planned};
use super::survey::survey;
use crate::bytecode::{Program, decode};
use crate::machine::Deployment;
use crate::migrate::{Depth as PlanDepth, Permits, Plan};
use std::sync::Arc;
use std::time::Duration;

impl Engine {
    /// Makes `program` the running one; an unchanged one changes nothing.
    ///
    /// # Errors
    /// Its plan has findings that forbid it ([`EngineError::NotDeployable`]); the store failed.
    pub async fn deploy(&self, program: Arc<Program>) -> Result<Deployed, EngineError> {
        self.deploy_with(program, DeployOptions::default()).await
    }
    /// Makes `program` the running one, with what the operator chooses for that.
    ///
    /// # Errors
    /// As [`Engine::deploy`]; another deploy came first, or is still under way ([`EngineError::Refused`]).
    pub async fn deploy_with(&self, program: Arc<Program>, options: DeployOptions) -> Result<Deployed, EngineError> {
        self.deploy_surveyed((program, None), options).await
    }
    /// Makes the program that ran before the running one again, by the same checks; its steps are who they were.
    ///
    /// # Errors
    /// As [`Engine::deploy_with`]; there was none before; somebody has come to what it does not have ([`EngineError::Refused`]).
    pub async fn roll_back(&self, options: DeployOptions) -> Result<Deployed, EngineError> {
        let (program, deployment) = self.before()?;
        self.deploy_surveyed((program, Some(deployment)), options).await
    }
    /// What taking the last deploy back would change.
    ///
    /// # Errors
    /// There was no program before; the store failed.
    pub fn plan_back(&self, depth: PlanDepth, permits: Permits) -> Result<Plan, EngineError> {
        let (program, deployment) = self.before()?;
        Ok(planned(&self.inner.shared, &PlanAsk { program, depth, permits }, Some(&deployment)))
    }
    /// The program that ran before, with the deployment it had last.
    fn before(&self) -> Result<(Arc<Program>, Deployment), EngineError> {
        let before = self.linked().ok_or(EngineError::NothingDeployed)?.deployment.terms.from;
        let none = || EngineError::Unknown("there is no deploy to take back: this is the first program of the store".to_owned());
        let (image, deployment) = self.inner.shared.reader.deployed(before.ok_or_else(none)?)?.ok_or_else(none)?;
        let program = decode(&image).map_err(|error| {
            let text = format!("this campc cannot load the program that ran before: {error}; nothing has changed");
            EngineError::Refused(Refusal { code: "E2203", text })
        })?;
        Ok((Arc::new(program), deployment))
    }
    async fn deploy_surveyed(&self, target: (Arc<Program>, Option<Deployment>), options: DeployOptions) -> Result<Deployed, EngineError> {
        let shared = self.inner.shared.clone();
        // Everybody is looked at, which must hold nobody up.
        let request = tokio::task::spawn_blocking(move || survey(&shared, target, &options)).await.map_err(|_| EngineError::Closed)??;
        self.ask(|reply| Command::Deploy { request: Box::new(request), reply }).await
    }
    /// Lets the roll-over of the last deploy rest, or go on.
    ///
    /// # Errors
    /// Nothing is deployed; the store failed.
    pub async fn roll(&self, rolling: RollingOn) -> Result<RollOver, EngineError> {
        self.ask(|reply| Command::Roll { rolling, reply }).await
    }
    /// Waits until the last roll-over is done; of one that rests nobody knows when that is, and it is not waited for.
    pub async fn rolled_over(&self) {
        let is_under_way = |roll_over: &RollOver| roll_over.seq > 0 && roll_over.finished.is_none() && !roll_over.is_resting;
        while is_under_way(&self.roll_over()) && self.inner.shared.failure.borrow().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    /// How far the roll-over of the last deploy is.
    #[must_use]
    pub fn roll_over(&self) -> RollOver {
        self.inner.shared.read().roll_over.clone()
    }
}
