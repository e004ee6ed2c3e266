//! Which step of a new program carries on which of the running one: rules, names, blocks from the top down, moved sends, in this order.

use super::anchors::{Anchors, anchors};
use super::mapping::{CampaignMapping, Choices, Fate, How, Mapping};
use super::rules::{Rule, Rules, Sides, rules};
use super::tree::{BlockKey, Nesting, Tree, renames};
use crate::bytecode::{CampaignId, Program, StepDef, StepId, StepKind, campaign_hash};
use crate::machine::state::StepUid;
use crate::machine::{Deployment, IdKind};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Aligns the program that runs, with its identities, and a new one.
#[must_use]
pub fn align(running: (&Program, &Deployment), next: &Program, choices: &Choices<'_>) -> Mapping {
    let (program, deployment) = running;
    let mut mapping = Mapping {
        campaigns: vec![CampaignMapping { to: None, is_changed: true }; program.campaigns.len()],
        fates: vec![Fate::Gone; program.steps.len()],
        origins: vec![None; next.steps.len()],
        ..Mapping::default()
    };
    for (at, def) in next.campaigns.iter().enumerate() {
        let id = deployment.registry.carried(IdKind::Campaign, &def.name, def.was.as_ref());
        let Some(former) = id.and_then(|id| deployment.campaigns.iter().position(|known| *known == id)) else { continue };
        let (former, campaign) = (CampaignId::from_index(former), CampaignId::from_index(at));
        let nesting = Nesting::of([program, next]);
        let (mut old, new) = (Tree::new(program, former, nesting), Tree::new(next, campaign, nesting));
        old.rename(&renames(next));
        let sides = Sides { running: (program, deployment, former), next: (next, campaign), old: &old, new: &new };
        let is_changed = campaign_hash(program, former) != campaign_hash(next, campaign);
        if let Some(known) = mapping.campaigns.get_mut(former.index()) {
            *known = CampaignMapping { to: Some(campaign), is_changed };
        }
        align_campaign(&sides, choices, &mut mapping);
    }
    if let Some(back_to) = choices.back_to {
        let is_free = |uid: &StepUid| !deployment.steps.contains(uid);
        mapping.regained = mapping.origins.iter().enumerate().map(|(at, _)| back_to.steps.get(at).copied().filter(is_free)).collect();
    }
    mapping
}

/// Aligns one campaign and writes down what came of it.
fn align_campaign(sides: &Sides<'_, '_>, choices: &Choices<'_>, mapping: &mut Mapping) {
    let Rules { rules, late, findings } = if choices.back_to.is_some() { Rules::default() } else { rules(sides) };
    mapping.findings.extend(findings);
    mapping.late.extend(late);
    let lineage = same_lineage(sides, choices);
    let aligned = Aligning::new((sides.old, sides.new), (&rules, Reserve::Kept), &lineage).run();
    // The right side of a rule may be another step's own place as well; a rule does not take that away.
    let natural = (!rules.is_empty()).then(|| Aligning::new((sides.old, sides.new), (&rules, Reserve::Open), &lineage).run());
    for (number, node) in sides.old.nodes.iter().enumerate() {
        let mut fate = aligned.fate(number);
        if let (Found::Gone | Found::Torn(_), Some(Found::At(to, how))) = (&fate, natural.as_ref().map(|natural| natural.fate(number)))
            && rules.iter().any(|(_, right)| *right == Some(to))
        {
            fate = Found::At(to, how);
        }
        let id = |number: usize| sides.new.nodes.get(number).map(|node| node.id);
        let fate = match fate {
            Found::At(to, how) => id(to).map_or(Fate::Gone, |to| Fate::Mapped { to, how }),
            Found::Stopped => Fate::Stopped,
            Found::Torn(candidates) => Fate::Ambiguous(candidates.into_iter().filter_map(id).collect()),
            Found::Gone => Fate::Gone,
        };
        if let Some(known) = mapping.fates.get_mut(node.id.index()) {
            *known = fate;
        }
    }
    inherit(sides, mapping);
    mapping.renamed_kinds.extend(renamed_kinds(sides, &rules));
}

/// A step carries on the one that was found to be it, and only else the first that a rule leads to it.
fn inherit(sides: &Sides<'_, '_>, mapping: &mut Mapping) {
    for is_rule in [false, true] {
        for node in &sides.old.nodes {
            let Fate::Mapped { to, how } = *mapping.fate(node.id) else { continue };
            if let Some(origin) = mapping.origins.get_mut(to.index()).filter(|origin| origin.is_none())
                && (how == How::Rule) == is_rule
            {
                *origin = Some(node.id);
            }
        }
    }
}

/// Steps that a rule does not cover and whose name stands for another kind of step now.
fn renamed_kinds(sides: &Sides<'_, '_>, rules: &[Rule]) -> Vec<(StepId, StepId)> {
    let mut found = Vec::new();
    for (number, node) in sides.old.nodes.iter().enumerate().filter(|(number, _)| !rules.iter().any(|(from, _)| from == number)) {
        let Some(name) = &node.def.name else { continue };
        let other = sides.new.nodes.iter().find(|other| other.def.name.as_ref() == Some(name) && !is_same_kind(node.def, other.def));
        found.extend(other.map(|other| (sides.old.nodes.get(number).map_or(node.id, |node| node.id), other.id)));
    }
    found
}

/// For a roll-back: pairs of one lineage.
fn same_lineage(sides: &Sides<'_, '_>, choices: &Choices<'_>) -> Vec<(usize, usize)> {
    let Some(back_to) = choices.back_to else { return Vec::new() };
    let (_, deployment, _) = sides.running;
    let uid = |steps: &[StepUid], id: StepId| steps.get(id.index()).copied();
    let uids: BTreeMap<_, usize> = sides.new.nodes.iter().enumerate().filter_map(|(at, node)| Some((uid(&back_to.steps, node.id)?, at))).collect();
    let pairs = sides.old.nodes.iter().enumerate();
    pairs.filter_map(|(at, node)| Some((at, *uids.get(&uid(&deployment.steps, node.id)?)?))).collect()
}

/// Whether one step may carry on the other under one name.
fn is_same_kind(a: &StepDef, b: &StepDef) -> bool {
    let class = |kind: StepKind| match kind {
        // `reach`, `notify`, `do` and `stop` are the rest.
        StepKind::Reach | StepKind::Notify | StepKind::Sequence | StepKind::Stop => StepKind::Stop,
        StepKind::Email
        | StepKind::Sms
        | StepKind::Push
        | StepKind::Webhook
        | StepKind::Wait
        | StepKind::Decision
        | StepKind::Await
        | StepKind::Timeline
        | StepKind::Repeat
        | StepKind::Parallel
        | StepKind::Split
        | StepKind::Experiment
        | StepKind::Change => kind,
    };
    class(a.kind) == class(b.kind)
}

/// What was found out about an old step.
#[derive(Clone, Debug)]
enum Found {
    At(usize, How),
    Stopped,
    Torn(Vec<usize>),
    Gone,
}

/// Whether the right sides of rules are kept for their left sides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reserve {
    Kept,
    Open,
}

/// An alignment of two trees under way.
struct Aligning<'t> {
    old: &'t Tree<'t>,
    new: &'t Tree<'t>,
    /// By old step.
    found: Vec<Option<Found>>,
    /// New steps that are somebody's already.
    taken: BTreeSet<usize>,
    /// Old steps that rules lead somewhere.
    ruled: BTreeSet<usize>,
    todo: VecDeque<(BlockKey, BlockKey)>,
}

impl<'t> Aligning<'t> {
    fn new((old, new): (&'t Tree<'t>, &'t Tree<'t>), (rules, reserve): (&[Rule], Reserve), lineage: &[(usize, usize)]) -> Aligning<'t> {
        let mut aligning = Aligning { old, new, found: vec![None; old.nodes.len()], taken: BTreeSet::new(), ruled: BTreeSet::new(), todo: VecDeque::new() };
        for (from, to) in rules {
            aligning.set(*from, to.map_or(Found::Stopped, |to| Found::At(to, How::Rule)));
            aligning.ruled.insert(*from);
            if reserve == Reserve::Kept {
                aligning.taken.extend(to);
            }
        }
        for (from, to) in lineage {
            aligning.pair(*from, *to, How::Name);
        }
        aligning
    }

    fn run(mut self) -> Aligning<'t> {
        self.names();
        self.arms(None, None);
        let known: Vec<(usize, usize)> = (0..self.old.nodes.len()).filter_map(|at| Some((at, self.partner(at)?))).collect();
        known.into_iter().for_each(|(from, to)| self.arms(Some(from), Some(to)));
        while let Some((left, right)) = self.todo.pop_front() {
            self.block(&left, &right);
        }
        self.torn_inside();
        self.moved_sends();
        self
    }

    fn fate(&self, number: usize) -> Found {
        self.found.get(number).cloned().flatten().unwrap_or(Found::Gone)
    }
    fn set(&mut self, number: usize, found: Found) {
        if let Some(known) = self.found.get_mut(number) {
            *known = Some(found);
        }
    }
    fn pair(&mut self, from: usize, to: usize, how: How) {
        self.set(from, Found::At(to, how));
        self.taken.insert(to);
    }
    fn partner(&self, number: usize) -> Option<usize> {
        match self.found.get(number) {
            Some(Some(Found::At(to, _))) => Some(*to),
            Some(Some(Found::Stopped | Found::Torn(_) | Found::Gone) | None) | None => None,
        }
    }
    fn is_open(&self, number: usize) -> bool {
        self.found.get(number).is_some_and(Option::is_none)
    }

    fn names(&mut self) {
        for (from, node) in self.old.nodes.iter().enumerate() {
            let Some(name) = node.def.name.as_deref().filter(|_| self.is_open(from)) else { continue };
            let same =
                |other: usize| self.new.nodes.get(other).is_some_and(|other| other.def.name.as_deref() == Some(name) && is_same_kind(node.def, other.def));
            if let Some(to) = (0..self.new.nodes.len()).find(|to| same(*to)).filter(|to| !self.taken.contains(to)) {
                self.pair(from, to, How::Name);
            } else if self.new.nodes.iter().any(|other| other.def.name.as_deref() == Some(name) && !is_same_kind(node.def, other.def)) {
                // The name is another step's now; nothing else may guess what has become of this one.
                self.set(from, Found::Gone);
            }
        }
    }

    /// The arms of two steps that belong together are aligned in turn, each with that of its label.
    fn arms(&mut self, from: Option<usize>, to: Option<usize>) {
        for (_, arm) in self.old.arms(from) {
            let (left, right) = ((from, arm.clone()), (to, arm.clone()));
            if self.new.blocks.contains_key(&right) && !self.todo.contains(&(left.clone(), right.clone())) {
                self.todo.push_back((left, right));
            }
        }
    }

    fn block(&mut self, left: &BlockKey, right: &BlockKey) {
        let steps = |tree: &'t Tree<'t>, key: &BlockKey| tree.blocks.get(key).cloned().unwrap_or_default();
        let (lefts, rights) = (steps(self.old, left), steps(self.new, right));
        let anchored = anchors(lefts.len(), rights.len(), &|i, j| self.weight(at(&lefts, i), at(&rights, j)));
        for (i, j) in &anchored.certain {
            self.join((at(&lefts, *i), at(&rights, *j)), How::Anchor);
        }
        for (i, partners) in anchored.torn.iter().enumerate().filter(|(_, partners)| !partners.is_empty()) {
            let candidates = partners.iter().map(|j| at(&rights, *j)).collect();
            self.set(at(&lefts, i), Found::Torn(candidates));
        }
        self.gaps((&lefts, &rights), &anchored);
        self.leftovers(&lefts, &rights);
    }

    /// Two steps are the same from now on, and their arms belong together.
    fn join(&mut self, (from, to): (usize, usize), how: How) {
        if self.partner(from) != Some(to) {
            self.pair(from, to, how);
            self.arms(Some(from), Some(to));
        }
    }

    /// What it is worth to take two steps for the same. The whole text counts most; of a step with arms its own text counts as well.
    fn weight(&self, from: usize, to: usize) -> u32 {
        let (Some(old), Some(new)) = (self.old.nodes.get(from), self.new.nodes.get(to)) else { return 0 };
        if let Some(partner) = self.partner(from) {
            return if partner == to && !self.ruled.contains(&from) { 2 * old.weight() } else { 0 };
        }
        if !self.is_open(from) || self.taken.contains(&to) || old.equals_key() != new.equals_key() {
            return 0;
        }
        match (old.text == new.text, old.head == new.head) {
            (true, _) => 2 * old.weight(),
            (false, true) => 2 * old.weight() - 1,
            (false, false) => 0,
        }
    }

    /// Between two anchors an ordinal is trusted where as many equals stand as before, in the gap and in the whole block.
    fn gaps(&mut self, (lefts, rights): (&[usize], &[usize]), anchored: &Anchors) {
        let (mut i, mut j) = (0, 0);
        let wanted: BTreeSet<usize> = anchored.torn.iter().flatten().map(|j| at(rights, *j)).collect();
        let end = (lefts.len(), rights.len());
        for (next_i, next_j) in anchored.certain.iter().copied().chain([end]) {
            let (gap_left, gap_right) = (lefts.get(i..next_i).unwrap_or(&[]), rights.get(j..next_j).unwrap_or(&[]));
            for key in self.keys(gap_left) {
                let (in_left, in_right) = (self.left_of(gap_left, &key), self.right_of(gap_right, &key));
                let is_trusted = in_left.len() == in_right.len() && self.equals(lefts, rights, &key);
                let is_torn = in_right.iter().any(|to| wanted.contains(to)) || !in_left.iter().all(|from| self.is_open(*from));
                if is_trusted && !is_torn {
                    in_left.into_iter().zip(in_right).for_each(|pair| self.join(pair, How::Ordinal));
                }
            }
            (i, j) = (next_i + 1, next_j + 1);
        }
    }

    fn keys(&self, steps: &[usize]) -> BTreeSet<(u8, String)> {
        steps.iter().filter(|from| self.is_open(**from)).filter_map(|from| self.old.nodes.get(*from)).map(|node| key_of(node.equals_key())).collect()
    }
    /// Old steps of a row that are equal and belong to none yet, the torn ones among them.
    fn left_of(&self, row: &[usize], key: &(u8, String)) -> Vec<usize> {
        let is_free = |from: &usize| matches!(self.found.get(*from), Some(None | Some(Found::Torn(_))));
        row.iter().copied().filter(|from| is_free(from) && self.old.nodes.get(*from).is_some_and(|node| key_of(node.equals_key()) == *key)).collect()
    }
    fn right_of(&self, row: &[usize], key: &(u8, String)) -> Vec<usize> {
        row.iter().copied().filter(|to| !self.taken.contains(to) && self.new.nodes.get(*to).is_some_and(|node| key_of(node.equals_key()) == *key)).collect()
    }
    /// Whether a block has as many equals as before, those apart that a name or rule has settled.
    fn equals(&self, lefts: &[usize], rights: &[usize], key: &(u8, String)) -> bool {
        let settled = |how: How| matches!(how, How::Name | How::Rule);
        let is_settled = |from: usize| match self.found.get(from) {
            Some(Some(Found::At(_, how))) => settled(*how),
            Some(Some(Found::Stopped)) => true,
            Some(Some(Found::Torn(_) | Found::Gone) | None) | None => false,
        };
        let kept: BTreeSet<usize> = (0..self.old.nodes.len()).filter(|from| is_settled(*from)).filter_map(|from| self.partner(from)).collect();
        let old = lefts.iter().filter(|from| !is_settled(**from) && self.old.nodes.get(**from).is_some_and(|node| key_of(node.equals_key()) == *key));
        let new = rights.iter().filter(|to| !kept.contains(to) && self.new.nodes.get(**to).is_some_and(|node| key_of(node.equals_key()) == *key));
        old.count() == new.count()
    }

    /// One that is left while an equal is left could be that one.
    fn leftovers(&mut self, lefts: &[usize], rights: &[usize]) {
        for from in lefts {
            let Some(node) = self.old.nodes.get(*from) else { continue };
            let candidates = self.right_of(rights, &key_of(node.equals_key()));
            if self.is_open(*from) {
                self.set(*from, if candidates.is_empty() { Found::Gone } else { Found::Torn(candidates) });
            } else if let Some(Some(Found::Torn(known))) = self.found.get_mut(*from) {
                known.extend(candidates);
                known.sort_unstable();
                known.dedup();
            }
        }
    }

    /// What stands inside a step that could be either of several could be in either of them.
    fn torn_inside(&mut self) {
        for number in 0..self.old.nodes.len() {
            let Some(node) = self.old.nodes.get(number).filter(|_| self.is_open(number)) else { continue };
            let around = node.parent.map(|parent| self.fate(parent));
            let Some(Found::Torn(parents)) = around else { continue };
            let blocks = parents.into_iter().filter_map(|parent| self.new.blocks.get(&(Some(parent), node.arm.clone())));
            let candidates: Vec<usize> = blocks.flat_map(|row| self.right_of(row, &key_of(node.equals_key()))).collect();
            self.set(number, if candidates.is_empty() { Found::Gone } else { Found::Torn(candidates) });
        }
    }

    /// A send that is the only one left of its message, here and there, is the same: nobody gets it twice.
    fn moved_sends(&mut self) {
        let is_send = |def: &StepDef| matches!(def.kind, StepKind::Email | StepKind::Sms | StepKind::Push);
        let key = |node: &super::tree::Node<'_>| {
            // An inline message is known by its text.
            let text = if node.target.contains(' ') { String::new() } else { node.text.clone() };
            (key_of(node.equals_key()), text)
        };
        let mut left: BTreeMap<_, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (from, node) in self.old.nodes.iter().enumerate().filter(|(_, node)| is_send(node.def)) {
            if matches!(self.found.get(from), Some(None | Some(Found::Gone | Found::Torn(_)))) {
                left.entry(key(node)).or_default().0.push(from);
            }
        }
        for (to, node) in self.new.nodes.iter().enumerate().filter(|(to, node)| is_send(node.def) && !self.taken.contains(to)) {
            left.entry(key(node)).or_default().1.push(to);
        }
        for (olds, news) in left.into_values() {
            if let ([from], [to]) = (olds.as_slice(), news.as_slice()) {
                self.pair(*from, *to, How::Moved);
            }
        }
    }
}

fn at(row: &[usize], index: usize) -> usize {
    row.get(index).copied().unwrap_or(usize::MAX)
}

/// Kind and target as something that has an order.
fn key_of((kind, target): (StepKind, &str)) -> (u8, String) {
    let number = match kind {
        StepKind::Email => 0,
        StepKind::Sms => 1,
        StepKind::Push => 2,
        StepKind::Reach => 3,
        StepKind::Webhook => 4,
        StepKind::Notify => 5,
        StepKind::Wait => 6,
        StepKind::Decision => 7,
        StepKind::Await => 8,
        StepKind::Timeline => 9,
        StepKind::Repeat => 10,
        StepKind::Parallel => 11,
        StepKind::Split => 12,
        StepKind::Experiment => 13,
        StepKind::Change => 14,
        StepKind::Sequence => 15,
        StepKind::Stop => 16,
    };
    (number, target.to_owned())
}
