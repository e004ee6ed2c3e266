//! Who starts whom at one instant.

use super::effects::{self, Change, Effect, number};
use crate::base::Span;
use crate::bytecode::GroupId;
use crate::lang::Value;
use crate::semantic::hir::{Campaign, EventPattern, Project, Reenter, TriggerKind};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A campaign or a point rule, by its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    Campaign(usize),
    Rule(usize),
}

/// One starts another.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub from: Node,
    pub to: Node,
    pub span: Span,
    change: Change,
    is_certain: bool,
}

/// Who starts whom.
pub(super) struct Graph<'p> {
    project: &'p Project,
    /// What each campaign does at once, and whether it then has ended.
    effects: Vec<(Vec<Effect>, bool)>,
    turns: BTreeMap<Node, Vec<Turn>>,
}

impl<'p> Graph<'p> {
    pub(super) fn of(project: &'p Project) -> Graph<'p> {
        let effects: Vec<(Vec<Effect>, bool)> = project.campaigns.iter().map(effects::of).collect();
        let mut graph = Graph { project, effects, turns: BTreeMap::new() };
        graph.link();
        graph
    }

    fn link(&mut self) {
        let mut turns: BTreeMap<Node, Vec<Turn>> = BTreeMap::new();
        let listeners = Listeners::of(self.project);
        for (at, (effects, _)) in self.effects.iter().enumerate() {
            for effect in effects {
                let from = Node::Campaign(at);
                for (to, is_asked) in listeners.of_change(self.project, &effect.change) {
                    let turn = Turn { from, to, span: effect.span, change: effect.change.clone(), is_certain: effect.is_certain && !is_asked };
                    turns.entry(from).or_default().push(turn);
                }
            }
        }
        for (at, rule) in self.project.rules.iter().enumerate() {
            let change = Change::AddPoints(rule.group, number(&rule.amount));
            let is_certain = rule.predicate.is_none() && rule.cap.is_none();
            for (to, is_asked) in listeners.of_change(self.project, &change) {
                let turn = Turn { from: Node::Rule(at), to, span: rule.span, change: change.clone(), is_certain: is_certain && !is_asked };
                turns.entry(Node::Rule(at)).or_default().push(turn);
            }
        }
        self.turns = turns;
    }

    /// A shortest circle through each node that is not on one found before.
    pub(super) fn circles(&self) -> Vec<Vec<Turn>> {
        let mut told: Vec<Node> = Vec::new();
        let mut circles = Vec::new();
        for start in self.turns.keys() {
            if told.contains(start) {
                continue;
            }
            let Some(circle) = self.circle_through(*start) else { continue };
            told.extend(circle.iter().map(|turn| turn.from));
            // Who writes the field that started it puts a value right, and comes round once.
            let is_idle = |turn: &Turn| !self.repeats(turn, &circle) || (matches!(turn.change, Change::Set(..)) && !self.is_endless(&circle));
            if circle.len() > 1 || !circle.iter().all(is_idle) {
                circles.push(circle);
            }
        }
        circles
    }

    /// By breadth: the first way back is a shortest one.
    fn circle_through(&self, start: Node) -> Option<Vec<Turn>> {
        let mut reached: BTreeMap<Node, &Turn> = BTreeMap::new();
        let mut open = vec![start];
        while !open.is_empty() {
            let mut next = Vec::new();
            for node in open {
                for turn in self.turns.get(&node).into_iter().flatten() {
                    if turn.to == start {
                        return Some(self.way_to(turn, start, &reached));
                    }
                    if let Entry::Vacant(place) = reached.entry(turn.to) {
                        place.insert(turn);
                        next.push(turn.to);
                    }
                }
            }
            open = next;
        }
        None
    }

    fn way_to(&self, last: &Turn, start: Node, reached: &BTreeMap<Node, &Turn>) -> Vec<Turn> {
        let mut way = vec![last.clone()];
        let mut at = last.from;
        while at != start {
            let Some(turn) = reached.get(&at) else { break };
            way.push((*turn).clone());
            at = turn.from;
        }
        way.reverse();
        way
    }

    /// Whether nothing stops it: everybody goes round, and each turn starts the next every time.
    pub(super) fn is_endless(&self, circle: &[Turn]) -> bool {
        circle.iter().all(|turn| turn.is_certain && self.repeats(turn, circle) && self.comes_again(turn.from))
    }

    fn comes_again(&self, node: Node) -> bool {
        let Node::Campaign(at) = node else { return true };
        let (Some(campaign), Some((_, has_ended))) = (self.project.campaigns.get(at), self.effects.get(at)) else { return false };
        let is_again = campaign.is_restarting || (*has_ended && matches!(campaign.reenter, Reenter::Always));
        is_again && campaign.only_if.is_empty() && campaign.exits.is_empty()
    }

    /// Whether the change is one every time round. What is already so changes nothing, unless something on the way undoes it.
    fn repeats(&self, turn: &Turn, circle: &[Turn]) -> bool {
        let on_the_way = |is_undoing: &dyn Fn(&Change) -> bool| {
            circle.iter().any(|turn| match turn.from {
                Node::Campaign(at) => self.effects.get(at).is_some_and(|(effects, _)| effects.iter().any(|effect| is_undoing(&effect.change))),
                Node::Rule(_) => false,
            })
        };
        let reaches = matches!(turn.to, Node::Campaign(at) if self.project.campaigns.get(at).is_some_and(only_reaches));
        match &turn.change {
            Change::Enroll(_) | Change::Emit(_) => true,
            Change::Tag(tag) => on_the_way(&|change| matches!(change, Change::Untag(other) if other == tag)),
            Change::Untag(tag) => on_the_way(&|change| matches!(change, Change::Tag(other) if other == tag)),
            Change::AddToList(list) => on_the_way(&|change| *change == Change::RemoveFromList(*list)),
            Change::RemoveFromList(list) => on_the_way(&|change| *change == Change::AddToList(*list)),
            Change::Subscribe(topic) => on_the_way(&|change| *change == Change::Unsubscribe(*topic)),
            Change::Unsubscribe(topic) => on_the_way(&|change| *change == Change::Subscribe(*topic)),
            Change::Set(_, None) => true,
            Change::Set(field, Some(value)) => {
                on_the_way(&|change| matches!(change, Change::Set(other, written) if other == field && written.as_ref() != Some(value)))
            }
            Change::AddPoints(group, _) | Change::SetPoints(group, _) if reaches => on_the_way(&|change| is_lowering(change, *group)),
            Change::AddPoints(_, amount) => amount.is_none_or(|amount| amount != 0.0),
            Change::SetPoints(group, _) => on_the_way(&|change| matches!(change, Change::AddPoints(other, _) if other == group)),
        }
    }
}

fn is_lowering(change: &Change, group: GroupId) -> bool {
    match change {
        Change::AddPoints(other, amount) => *other == group && amount.is_none_or(|amount| amount < 0.0),
        Change::SetPoints(other, _) => *other == group,
        _ => false,
    }
}

/// Whether no score but a crossing starts it.
fn only_reaches(campaign: &Campaign) -> bool {
    !campaign.triggers.iter().any(|trigger| matches!(trigger.kind, TriggerKind::PointsChanged { .. }))
}

/// Who listens to anything that a campaign can do, so that a large project is not searched for every step.
struct Listeners<'p> {
    triggers: Vec<(usize, &'p TriggerKind)>,
    rules: Vec<(usize, &'p EventPattern, bool)>,
}

impl<'p> Listeners<'p> {
    fn of(project: &'p Project) -> Listeners<'p> {
        let is_change = |kind: &TriggerKind| match kind {
            TriggerKind::Event { pattern, .. } => matches!(pattern, EventPattern::Custom(_)),
            TriggerKind::ListEntered(_)
            | TriggerKind::ListLeft(_)
            | TriggerKind::Tagged(_)
            | TriggerKind::Untagged(_)
            | TriggerKind::FieldChanged { .. }
            | TriggerKind::PointsChanged { .. }
            | TriggerKind::PointsReached { .. }
            | TriggerKind::Subscribed(_)
            | TriggerKind::Unsubscribed(_) => true,
            _ => false,
        };
        let all = project.campaigns.iter().enumerate().flat_map(|(at, campaign)| campaign.triggers.iter().map(move |trigger| (at, &trigger.kind)));
        let rules = project.rules.iter().enumerate().map(|(at, rule)| (at, &rule.pattern, rule.predicate.is_some()));
        Listeners { triggers: all.filter(|(_, kind)| is_change(kind)).collect(), rules: rules.collect() }
    }

    /// Those that a change starts, and whether they ask for more than it.
    fn of_change(&self, project: &Project, change: &Change) -> Vec<(Node, bool)> {
        let mut found = Vec::new();
        if let Change::Enroll(campaign) = change
            && project.campaigns.get(campaign.index()).is_some()
        {
            found.push((Node::Campaign(campaign.index()), false));
        }
        for (at, kind) in &self.triggers {
            if let Some(is_asked) = starts(change, kind) {
                found.push((Node::Campaign(*at), is_asked));
            }
        }
        if let Change::Emit(event) = change {
            let matching = self.rules.iter().filter(|(_, pattern, _)| **pattern == EventPattern::Custom(*event));
            found.extend(matching.map(|(at, _, is_asked)| (Node::Rule(*at), *is_asked)));
        }
        found
    }
}

/// Whether a change starts such a trigger, and then whether the trigger asks for more than it.
fn starts(change: &Change, kind: &TriggerKind) -> Option<bool> {
    let when = |is_it: bool, is_asked: bool| is_it.then_some(is_asked);
    match (change, kind) {
        (Change::Emit(event), TriggerKind::Event { pattern, predicate }) => when(*pattern == EventPattern::Custom(*event), predicate.is_some()),
        (Change::Tag(tag), TriggerKind::Tagged(wanted)) | (Change::Untag(tag), TriggerKind::Untagged(wanted)) => when(tag == wanted, false),
        (Change::AddToList(list), TriggerKind::ListEntered(wanted)) | (Change::RemoveFromList(list), TriggerKind::ListLeft(wanted)) => {
            when(list == wanted, false)
        }
        (Change::Subscribe(topic), TriggerKind::Subscribed(wanted)) | (Change::Unsubscribe(topic), TriggerKind::Unsubscribed(wanted)) => {
            when(topic == wanted, false)
        }
        (Change::Set(field, value), TriggerKind::FieldChanged { field: wanted, from, to }) => {
            let fits = fits(value.as_ref(), to.as_ref());
            when(field == wanted && fits != Some(false), from.is_some() || fits.is_none())
        }
        (Change::AddPoints(group, _) | Change::SetPoints(group, _), TriggerKind::PointsChanged { group: wanted }) => when(group == wanted, false),
        (Change::AddPoints(group, amount), TriggerKind::PointsReached { group: wanted, .. }) => {
            when(group == wanted && amount.is_none_or(|amount| amount > 0.0), amount.is_none())
        }
        // A number below the mark crosses it from above, which is no reaching.
        (Change::SetPoints(group, to), TriggerKind::PointsReached { group: wanted, at_least }) => {
            when(group == wanted && to.is_none_or(|to| to >= *at_least), true)
        }
        _ => None,
    }
}

/// Whether a written value is the one that is waited for; `None` where that is not known.
fn fits(written: Option<&Value>, wanted: Option<&Value>) -> Option<bool> {
    match (written, wanted) {
        (_, None) => Some(true),
        (Some(written), Some(wanted)) => Some(written == wanted),
        (None, Some(_)) => None,
    }
}
