//! The lines of `migrate` that a plan offers: for each step that somebody stands at and that has no place, the most similar one.

use super::mapping::{Fate, Mapping};
use super::problems::quoted;
use super::tree::{Node, Tree};
use crate::bytecode::{StepId, StepKind};
use std::collections::BTreeSet;

/// A step that somebody stands at and that has no place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stuck {
    pub step: StepId,
    pub here: u64,
}

/// A whole `migrate` block for steps of one campaign, in their order.
pub(super) fn offer((old, new): (&Tree<'_>, &Tree<'_>), mapping: &Mapping, stuck: &[Stuck]) -> Option<String> {
    let mut given: BTreeSet<StepId> = BTreeSet::new();
    let mut lines: Vec<(String, String)> = Vec::new();
    for Stuck { step, here } in stuck {
        let node = old.nodes.iter().find(|node| node.id == *step)?;
        let from = quoted(node.def.identity());
        let to = best((old, new), mapping, node, &given);
        given.extend(to.map(|to| to.id));
        let line = to.map_or_else(|| format!("from {from} stop"), |to| format!("from {from} to {}", quoted(to.def.identity())));
        let what = match to {
            None => "ends for them",
            Some(to) if to.def.kind == StepKind::Wait && node.def.kind == StepKind::Wait => "keeps the time already waited",
            Some(_) => "goes on there at once",
        };
        lines.push((line, format!("{here} here; {what}")));
    }
    if lines.is_empty() {
        return None;
    }
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    let body: String = lines.iter().map(|(line, note)| format!("  {line:width$}   // {note}\n")).collect();
    Some(format!("migrate {{\n{body}}}"))
}

/// The step that is most like one that has no place.
fn best<'t>((old, new): (&Tree<'_>, &'t Tree<'_>), mapping: &Mapping, node: &Node<'_>, given: &BTreeSet<StepId>) -> Option<&'t Node<'t>> {
    let find = |id: StepId| new.nodes.iter().find(|other| other.id == id);
    if let Fate::Ambiguous(candidates) = mapping.fate(node.id) {
        // Each of several equals has its own, as far as they go.
        let fresh: Vec<StepId> = candidates.iter().copied().filter(|id| !given.contains(id)).collect();
        let pool = if fresh.is_empty() { candidates } else { &fresh };
        let same = pool.iter().copied().find(|id| find(*id).is_some_and(|other| other.text == node.text));
        return same.or_else(|| pool.first().copied()).and_then(find);
    }
    // The step itself is there, and nobody waits at it any more: they come to it now.
    if let Some(own) = mapping.fate(node.id).target() {
        return find(own);
    }
    let is_taken = |id: StepId| mapping.origins.get(id.index()).is_some_and(Option::is_some) || given.contains(&id);
    let likeness = |other: &Node<'_>| strsim::normalized_levenshtein(&other.head, &node.head);
    let free = new.nodes.iter().filter(|other| other.def.kind == node.def.kind && !is_taken(other.id));
    let alike = free.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    alike.or_else(|| follower(old, mapping, node).and_then(find))
}

/// The step of the new program that comes next for one who stands at a step that is gone.
fn follower(old: &Tree<'_>, mapping: &Mapping, node: &Node<'_>) -> Option<StepId> {
    let mut here = Some(node);
    // Outwards, block by block; a parent has a smaller number, so this ends.
    while let Some(node) = here {
        let row = old.blocks.get(&(node.parent, node.arm.clone()))?;
        let behind = row.iter().filter_map(|at| old.nodes.get(*at)).filter(|other| other.id > node.id);
        if let Some(next) = behind.filter_map(|other| mapping.fate(other.id).target()).next() {
            return Some(next);
        }
        here = node.parent.and_then(|parent| old.nodes.get(parent));
    }
    None
}
