//! What steps inherit from those of the former program. Which step carries on which is found out by `migrate`.

use super::deployment::{Deployment, Registry, StepMove};
use super::stable;
use super::state::{StableId, StepUid};
use crate::bytecode::{Program, StepId, TriggerKind};
use std::sync::Arc;

/// What the steps of a program inherit from those of the one that ran before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// By step: whose lineage it carries on. One without is new.
    pub heirs: Vec<Option<StepUid>>,
    /// The rules of `migrate`: where those who stand at a step of the former program go on; none: they stop.
    pub moves: Vec<(StepUid, Option<StepId>)>,
}

/// Gives each step its lineage, its forebear's or a new one, and the rules their right sides.
pub(super) fn steps((program, campaigns): (&Program, &[StableId]), registry: &mut Registry, seq: u32, lineage: &Lineage) -> (Vec<StepUid>, Vec<StepMove>) {
    let mut uids = Vec::with_capacity(program.steps.len());
    for (index, step) in program.steps.iter().enumerate() {
        let campaign = stable(campaigns, step.campaign.index());
        let key = step.name.as_ref().map_or_else(|| step.path.clone(), |name| Arc::from(format!("as {name}")));
        let uid = lineage.heirs.get(index).copied().flatten().unwrap_or_else(|| new_step_uid(campaign, &key, seq));
        registry.steps.insert((campaign, key), uid);
        uids.push(uid);
    }
    let moves = lineage.moves.iter().map(|(from, to)| StepMove { from: *from, to: to.and_then(|to| uids.get(to.index()).copied()) });
    let moves = moves.collect();
    (uids, moves)
}

fn new_step_uid(campaign: StableId, key: &str, seq: u32) -> StepUid {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"campc-step-1").update(&campaign.to_be_bytes()).update(&seq.to_be_bytes()).update(key.as_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    StepUid(u64::from_be_bytes(bytes))
}

/// The lines `including existing` of published campaigns, each with the deployment since which it has been live without interruption.
pub(super) fn existing(program: &Program, next: &Deployment, previous: Option<&Deployment>) -> Vec<(StableId, StableId, u32)> {
    let mut lines = Vec::new();
    for (index, def) in program.campaigns.iter().enumerate().filter(|(_, def)| def.is_published) {
        let campaign = stable(&next.campaigns, index);
        for trigger in def.triggers.iter().filter(|trigger| trigger.existing.is_some()) {
            let TriggerKind::SegmentEntered(segment) = &trigger.kind else { continue };
            let segment = stable(&next.segments, segment.index());
            let before = previous.and_then(|previous| previous.existing.iter().find(|(c, s, _)| (*c, *s) == (campaign, segment)));
            lines.push((campaign, segment, before.map_or(next.seq, |(_, _, since)| *since)));
        }
    }
    lines
}
