//! The steps of one campaign as blocks: what stands in which arm of which step, and by what two steps are alike.

use super::squeeze::squeeze;
use crate::bytecode::{CampaignId, Program, StepDef, StepId, StepKind};
use std::collections::BTreeMap;

/// A step of a campaign.
#[derive(Debug)]
pub(super) struct Node<'p> {
    /// Its number in the program.
    pub id: StepId,
    /// The step itself.
    pub def: &'p StepDef,
    /// The step around it, by its number in the tree.
    pub parent: Option<usize>,
    /// The arm of that step.
    pub arm: String,
    /// Kind and target: `email welcome`.
    pub target: String,
    /// Its own text and that of all inside, as far as equality goes.
    pub text: String,
    /// Its own text.
    pub head: String,
}

impl Node<'_> {
    /// What ordinals count: kind and target.
    pub fn equals_key(&self) -> (StepKind, &str) {
        (self.def.kind, &self.target)
    }
    /// What an anchor of this step is worth.
    pub fn weight(&self) -> u32 {
        let is_block = match self.def.kind {
            StepKind::Reach
            | StepKind::Decision
            | StepKind::Await
            | StepKind::Timeline
            | StepKind::Repeat
            | StepKind::Parallel
            | StepKind::Split
            | StepKind::Experiment
            | StepKind::Sequence => true,
            StepKind::Email | StepKind::Sms | StepKind::Push | StepKind::Webhook | StepKind::Notify | StepKind::Wait | StepKind::Change | StepKind::Stop => {
                false
            }
        };
        if is_block || self.target.contains(' ') { 2 } else { 1 }
    }
}

/// A block of steps: the number of the step around it, and the arm.
pub(super) type BlockKey = (Option<usize>, String);

/// The steps of a campaign.
#[derive(Debug)]
pub(super) struct Tree<'p> {
    /// In source order.
    pub nodes: Vec<Node<'p>>,
    /// The blocks, each with its steps in source order.
    pub blocks: BTreeMap<BlockKey, Vec<usize>>,
}

impl<'p> Tree<'p> {
    /// The tree of a campaign: by the program's outline, or by its paths, which say nearly as much.
    pub fn new(program: &'p Program, campaign: CampaignId, by: Nesting) -> Tree<'p> {
        let mut tree = Tree { nodes: Vec::new(), blocks: BTreeMap::new() };
        let mut numbers: BTreeMap<StepId, usize> = BTreeMap::new();
        let ids = program.campaigns.get(campaign.index()).map_or(&[][..], |def| def.steps.as_slice());
        for id in ids {
            let Some(def) = program.steps.get(id.index()) else { continue };
            let node = node((program, by), (*id, def), &numbers);
            tree.blocks.entry((node.parent, node.arm.clone())).or_default().push(tree.nodes.len());
            numbers.insert(*id, tree.nodes.len());
            tree.nodes.push(node);
        }
        tree
    }
    /// Sends of a message that has another name now (`was`) are alike under that one.
    pub fn rename(&mut self, renames: &BTreeMap<String, String>) {
        for node in &mut self.nodes {
            let Some(now) = renames.get(&node.target) else { continue };
            for text in [&mut node.text, &mut node.head] {
                if *text == node.target {
                    text.clone_from(now);
                }
            }
            node.target.clone_from(now);
        }
    }
    /// A step by its name, else by its path (`#1` may be left out).
    pub fn find(&self, text: &str) -> Option<usize> {
        let by_name = self.nodes.iter().position(|node| node.def.name.as_deref() == Some(text));
        let plain = text.strip_suffix("#1").unwrap_or(text);
        by_name.or_else(|| self.nodes.iter().position(|node| node.def.path.as_ref() == plain))
    }
    /// The arms of a step, or of the campaign itself.
    pub fn arms(&self, of: Option<usize>) -> impl Iterator<Item = &BlockKey> {
        self.blocks.keys().filter(move |(parent, _)| *parent == of)
    }
}

/// What sends of renamed messages were called, and are called: `email hello` and `email welcome`.
pub(super) fn renames(next: &Program) -> BTreeMap<String, String> {
    let renamed = next.messages.iter().filter_map(|message| Some((message, message.was.as_ref()?, message.name.as_ref()?)));
    renamed.map(|(message, was, name)| (format!("{} {was}", message.channel.word()), format!("{} {name}", message.channel.word()))).collect()
}

/// How it is known what stands in what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nesting {
    Outline,
    Paths,
}

impl Nesting {
    /// Both sides must be known in one way: an image that was made before there were outlines has paths alone.
    pub fn of(programs: [&Program; 2]) -> Nesting {
        let has_outline = |program: &Program| program.outline.steps.len() == program.steps.len();
        if programs.into_iter().all(has_outline) { Nesting::Outline } else { Nesting::Paths }
    }
}

fn node<'p>((program, by): (&'p Program, Nesting), (id, def): (StepId, &'p StepDef), numbers: &BTreeMap<StepId, usize>) -> Node<'p> {
    let outline = program.outline.steps.get(id.index()).filter(|outline| by == Nesting::Outline && !outline.target.is_empty());
    match outline {
        Some(outline) => Node {
            id,
            def,
            parent: outline.parent.and_then(|parent| numbers.get(&parent).copied()),
            arm: outline.arm.to_string(),
            target: outline.target.to_string(),
            text: squeeze(&def.text),
            head: squeeze(&outline.head),
        },
        None => {
            let (arm, last) = def.path.rsplit_once('/').unwrap_or(("", &def.path));
            let target = last.split_once('#').map_or(last, |(target, _)| target);
            let text = squeeze(&def.text);
            Node { id, def, parent: None, arm: arm.to_owned(), target: target.to_owned(), head: text.clone(), text }
        }
    }
}
