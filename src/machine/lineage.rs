//! What steps inherit from those of the former program: their lineage, and the rules of `migrate`.

use super::deployment::{Deployment, Registry, StepMove};
use super::stable;
use super::state::{StableId, StepUid};
use crate::bytecode::{MigrationDef, Program, StepDef, TriggerKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A rule with its left side found in the former program, and its right side in this one.
pub(super) struct Rule {
    from: StepUid,
    /// The step's place in the program's table; none: stop.
    to: Option<usize>,
}

/// The rules of a program that have something to do: those whose left side the former program has, and that it had not itself.
pub(super) fn rules(program: &Program, campaigns: &[StableId], registry: &Registry, previous: Option<(&Deployment, &Program)>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for (index, def) in program.campaigns.iter().enumerate() {
        let campaign = stable(campaigns, index);
        let applied = previous.map_or(&[][..], |(deployment, former)| applied(deployment, former, campaign));
        for migration in def.migrations.iter().filter(|migration| !applied.contains(migration)) {
            let Some(from) = find_former(registry, campaign, &migration.from) else { continue };
            let to = migration.to.as_ref().map(|to| find_step(program, index, to));
            // A right side that is not there is the checker's finding.
            let is_known = rules.iter().any(|rule| rule.from == from);
            match to {
                Some(None) => {}
                Some(Some(to)) if !is_known => rules.push(Rule { from, to: Some(to) }),
                None if !is_known => rules.push(Rule { from, to: None }),
                Some(Some(_)) | None => {}
            }
        }
    }
    rules
}

/// The rules that the former program had: they have done their work.
fn applied<'p>(deployment: &Deployment, former: &'p Program, campaign: StableId) -> &'p [MigrationDef] {
    let index = deployment.campaigns.iter().position(|known| *known == campaign);
    index.and_then(|index| former.campaigns.get(index)).map_or(&[], |def| def.migrations.as_slice())
}

fn plain(text: &str) -> &str {
    text.strip_suffix("#1").unwrap_or(text)
}

fn find_former(registry: &Registry, campaign: StableId, text: &str) -> Option<StepUid> {
    let by = |key: String| registry.steps.get(&(campaign, Arc::from(key))).copied();
    by(format!("as {text}")).or_else(|| by(plain(text).to_owned()))
}

fn find_step(program: &Program, campaign: usize, text: &str) -> Option<usize> {
    let own = |step: &StepDef| step.campaign.index() == campaign;
    let by_name = program.steps.iter().position(|step| own(step) && step.name.as_deref() == Some(text));
    by_name.or_else(|| program.steps.iter().position(|step| own(step) && step.path.as_ref() == plain(text)))
}

/// Gives each step its lineage: what a rule says, else the same name, or the same path, in the same campaign keeps it; another is new.
pub(super) fn steps((program, campaigns): (&Program, &[StableId]), registry: &mut Registry, seq: u32, rules: &[Rule]) -> (Vec<StepUid>, Vec<StepMove>) {
    let taken: BTreeSet<StepUid> = rules.iter().map(|rule| rule.from).collect();
    let mut heirs: BTreeMap<usize, StepUid> = BTreeMap::new();
    for rule in rules {
        if let Some(to) = rule.to {
            heirs.entry(to).or_insert(rule.from);
        }
    }
    let mut alive = BTreeMap::new();
    let mut uids = Vec::with_capacity(program.steps.len());
    for (index, step) in program.steps.iter().enumerate() {
        let campaign = stable(campaigns, step.campaign.index());
        let key = (campaign, step_key(step.name.as_ref(), &step.path));
        let own = registry.steps.get(&key).copied().filter(|uid| !taken.contains(uid));
        let uid = own.or_else(|| heirs.get(&index).copied()).unwrap_or_else(|| new_step_uid(campaign, &key.1, seq));
        alive.insert(key, uid);
        uids.push(uid);
    }
    registry.steps = alive;
    let moves = rules.iter().map(|rule| StepMove { from: rule.from, to: rule.to.and_then(|to| uids.get(to).copied()) }).collect();
    (uids, moves)
}

fn step_key(name: Option<&Arc<str>>, path: &Arc<str>) -> Arc<str> {
    name.map_or_else(|| path.clone(), |name| Arc::from(format!("as {name}")))
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
