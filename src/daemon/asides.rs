//! Enrollments that a deploy has put aside: those that finish on the version they are in, and those that are stranded. Who they are, and
//! the operator's word on them.

use super::api::EngineError;
use super::batcher::{Batcher, Command};
use super::engine::Engine;
use super::erasing::PersonCommand;
use super::resident::Resident;
use crate::advance::{Input, InputKind, Reviving};
use crate::lang::Instant;
use crate::machine::state::{AsideKind, ContactState, ContactUid, EnrollmentUid, StableId, StepUid};
use crate::machine::{IdKind, Linked};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Enrollments of one campaign that do not follow the running program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AsideView {
    /// The campaign, as it was called last.
    pub campaign: Arc<str>,
    /// The deployment whose code they are in.
    pub deployment: u32,
    /// Where they stand in that version; of those that finish, wherever they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Arc<str>>,
    /// Why they are stranded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Arc<str>>,
    /// How many.
    pub enrollments: u64,
    /// Since when the first of them is put aside.
    pub since: String,
}

/// What is counted together: campaign, deployment, and of those that are stranded the step and the reason.
type Group = (StableId, u32, Option<(StepUid, Arc<str>)>);

/// Those that are put aside, counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asides {
    groups: BTreeMap<Group, (u64, Instant)>,
}

impl Asides {
    /// Adds those of a contact.
    pub fn add(&mut self, state: &ContactState) {
        for (uid, aside) in state.asides.iter() {
            let Some(enrollment) = state.enrollments.iter().find(|known| known.uid == *uid) else { continue };
            let place = match &aside.kind {
                AsideKind::Finishing => None,
                AsideKind::Stranded(why) => Some((enrollment.threads.first().map_or(StepUid(0), |thread| thread.standing.step), why.clone())),
                AsideKind::Resting => continue,
            };
            let counted = self.groups.entry((enrollment.campaign, aside.deployment, place)).or_insert((0, aside.since));
            *counted = (counted.0 + 1, counted.1.min(aside.since));
        }
    }
    /// Adds those that were counted elsewhere.
    pub fn add_all(&mut self, other: &Asides) {
        for (group, (number, since)) in &other.groups {
            let counted = self.groups.entry(group.clone()).or_insert((0, *since));
            *counted = (counted.0 + number, counted.1.min(*since));
        }
    }
    /// Those that are stranded; of one campaign or of all.
    pub fn stranded(&self, linked: &Linked, campaign: Option<StableId>) -> Vec<AsideView> {
        self.views(linked, |(id, _, place)| place.is_some() && campaign.is_none_or(|wanted| wanted == *id))
    }
    /// Those that finish on the version they are in; of one campaign or of all.
    pub fn finishing(&self, linked: &Linked, campaign: Option<StableId>) -> Vec<AsideView> {
        self.views(linked, |(id, _, place)| place.is_none() && campaign.is_none_or(|wanted| wanted == *id))
    }
    fn views(&self, linked: &Linked, is_wanted: impl Fn(&Group) -> bool) -> Vec<AsideView> {
        let view = |((campaign, deployment, place), (enrollments, since)): (&Group, &(u64, Instant))| AsideView {
            campaign: linked.deployment.registry.name_of(IdKind::Campaign, *campaign).cloned().unwrap_or_default(),
            deployment: *deployment,
            step: place.as_ref().and_then(|(step, _)| step_of(linked, *step)),
            why: place.as_ref().map(|(_, why)| why.clone()),
            enrollments: *enrollments,
            since: since.to_rfc3339(),
        };
        self.groups.iter().filter(|(group, _)| is_wanted(group)).map(view).collect()
    }
}

fn step_of(linked: &Linked, step: StepUid) -> Option<Arc<str>> {
    let code = linked.with_step(step);
    Some(code.program.steps.get(code.step(step)?.index())?.identity().clone())
}

/// The operator's word on what a deploy has put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsideCommand {
    /// What is stranded finishes on the version it is in.
    Release,
    /// What is stranded, or finishes on an older version, ends.
    End,
}

impl Engine {
    /// Settles what deploys have put aside of a contact, in one campaign or in all.
    ///
    /// # Errors
    /// There is no such contact, or nothing of that kind; the store failed.
    pub async fn settle_aside(&self, contact: ContactUid, campaign: Option<&str>, command: AsideCommand) -> Result<(), EngineError> {
        let command = PersonCommand::SettleAside { contact, campaign: campaign.map(Arc::from), command };
        self.ask(|reply| Command::Person { command, reply }).await
    }
}

impl Batcher {
    /// Carries it out.
    pub(super) fn settle_asides(&mut self, contact: ContactUid, campaign: Option<&str>, command: AsideCommand) -> Result<(), EngineError> {
        self.land();
        let (contact, concerned) = concerned(&self.shared.read(), contact, (campaign, command))?;
        let how = match command {
            AsideCommand::Release => Reviving::GoOn,
            AsideCommand::End => Reviving::End,
        };
        self.with_work(|work| {
            for enrollment in &concerned {
                work.step(contact, &Input::new(InputKind::Revive { enrollment: *enrollment, how }));
            }
        })
    }
}

/// The contact, and its enrollments that the word is about.
fn concerned(
    resident: &Resident,
    contact: ContactUid,
    (campaign, command): (Option<&str>, AsideCommand),
) -> Result<(ContactUid, Vec<EnrollmentUid>), EngineError> {
    let linked = resident.linked.as_ref().ok_or(EngineError::NothingDeployed)?;
    let contact = resident.canonical(contact);
    let state = resident.open(contact).ok_or_else(|| EngineError::Unknown(format!("there is no contact {}", contact.to_text())))?;
    let named = campaign.map(|name| linked.deployment.registry.find(IdKind::Campaign, name));
    let is_named = |campaign: StableId| named.is_none_or(|wanted| wanted == Some(campaign));
    let is_meant = |kind: &AsideKind| match (kind, command) {
        (AsideKind::Stranded(_), AsideCommand::Release | AsideCommand::End) | (AsideKind::Finishing, AsideCommand::End) => true,
        (AsideKind::Finishing, AsideCommand::Release) | (AsideKind::Resting, AsideCommand::Release | AsideCommand::End) => false,
    };
    let found = state.enrollments.iter().filter(|enrollment| is_named(enrollment.campaign));
    let found: Vec<EnrollmentUid> = found.map(|enrollment| enrollment.uid).filter(|uid| state.aside(*uid).is_some_and(|aside| is_meant(&aside.kind))).collect();
    if found.is_empty() {
        let place = campaign.map(|name| format!(" in campaign {name:?}")).unwrap_or_default();
        let what = match command {
            AsideCommand::Release => "nothing of this contact is stranded",
            AsideCommand::End => "nothing of this contact is stranded or finishes on an older version",
        };
        return Err(EngineError::Settled(format!("{what}{place}; `campc status` lists who is")));
    }
    Ok((contact, found))
}
