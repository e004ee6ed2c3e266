//! What a plan finds in one campaign: who stands where there is no place, who could get a message again, what looks like a rename.

use super::mapping::{Fate, How};
use super::messages::{ALIKE, likeness, sent_by, text_of};
use super::offer::{Stuck, offer};
use super::plan::CampaignPlan;
use super::planning::{Making, is_standing_kind};
use super::problems::{self, Finding, Nameless, Place};
use super::tree::{Nesting, Node, Tree, renames};
use crate::bytecode::{CampaignId, Program, StepId};
use crate::machine::stable;

/// Adds the findings of a campaign that is in both programs.
pub(super) fn campaign_findings(making: &Making<'_>, (old, new): (CampaignId, CampaignId), made: &mut CampaignPlan) {
    let (running, next) = (&making.crossing.running.program, &making.crossing.next.program);
    let nesting = Nesting::of([running, next]);
    let (mut old_tree, new_tree) = (Tree::new(running, old, nesting), Tree::new(next, new, nesting));
    old_tree.rename(&renames(next));
    let search = Search { making, old: &old_tree, new: &new_tree, old_id: old, campaign: made.campaign.clone(), source: source_of(next, new) };
    let stuck = search.stuck();
    if making.question.permits.finish_on_old.is_some() {
        made.finishes_on_old = stuck.iter().map(|stuck| stuck.here).sum();
    } else {
        made.findings.extend(search.stuck_findings(&stuck));
    }
    made.findings.extend(search.apart());
    made.findings.extend(search.lacking());
    made.findings.extend(search.again());
    made.findings.extend(search.renames());
    made.findings.extend(search.nameless(&stuck));
    // What forbids the deploy stands first, and the rest in the order in which it was found.
    made.findings.sort_by_key(|finding| !finding.is_error());
}

fn source_of(program: &Program, campaign: CampaignId) -> String {
    program.campaigns.get(campaign.index()).map(|def| program.describe(def.span)).unwrap_or_default()
}

struct Search<'s> {
    making: &'s Making<'s>,
    old: &'s Tree<'s>,
    new: &'s Tree<'s>,
    old_id: CampaignId,
    campaign: String,
    source: String,
}

impl Search<'_> {
    fn place(&self, step: StepId, here: u64) -> Place<'_> {
        Place { running: &self.making.crossing.running.program, campaign: &self.campaign, step, here }
    }
    fn next(&self) -> &Program {
        &self.making.crossing.next.program
    }
    fn stable(&self) -> u32 {
        stable(&self.making.crossing.running.deployment.campaigns, self.old_id.index())
    }
    fn placeless(&self, step: StepId) -> u64 {
        self.making.survey.placeless.get(&(self.stable(), step)).copied().unwrap_or(0)
    }

    /// Steps that somebody stands at and that have no place.
    fn stuck(&self) -> Vec<Stuck> {
        let mut stuck = Vec::new();
        for node in &self.old.nodes {
            let here = match self.making.crossing.mapping.fate(node.id) {
                Fate::Ambiguous(_) | Fate::Gone => self.making.counted(node.id).here,
                Fate::Mapped { how, .. } if *how != How::Rule => self.placeless(node.id),
                Fate::Mapped { .. } | Fate::Stopped => 0,
            };
            if here > 0 {
                stuck.push(Stuck { step: node.id, here });
            }
        }
        stuck
    }

    /// A finding for each; the first shows the block that settles all of them.
    fn stuck_findings(&self, stuck: &[Stuck]) -> Vec<Finding> {
        let mapping = self.making.crossing.mapping;
        let mut block = offer((self.old, self.new), mapping, stuck);
        let mut findings = Vec::new();
        for Stuck { step, here } in stuck {
            let (place, block) = (self.place(*step, *here), block.take());
            let other_kind = mapping.renamed_kinds.iter().find(|(from, _)| from == step);
            findings.push(match (other_kind, mapping.fate(*step)) {
                (Some((_, to)), _) => problems::another_kind(&place, (self.next(), *to), block),
                (None, Fate::Ambiguous(candidates)) => problems::ambiguous(&place, &self.equals(*step), (self.next(), candidates), block),
                (None, Fate::Gone) => problems::gone(&place, block),
                (None, Fate::Mapped { .. } | Fate::Stopped) => problems::no_wait(&place, block),
            });
        }
        findings
    }

    /// The steps of the running version that are equal to one, with it, and how many stand at each. What has its place is none of them.
    fn equals(&self, step: StepId) -> Vec<(StepId, u64)> {
        let Some(node) = self.old.nodes.iter().find(|node| node.id == step) else { return Vec::new() };
        let row = self.old.blocks.get(&(node.parent, node.arm.clone())).into_iter().flatten().filter_map(|at| self.old.nodes.get(*at));
        let is_open = |other: &&Node<'_>| self.making.crossing.mapping.fate(other.id).target().is_none();
        row.filter(|other| other.equals_key() == node.equals_key()).filter(is_open).map(|other| (other.id, self.making.counted(other.id).here)).collect()
    }

    /// One line goes on, the others stop.
    fn apart(&self) -> Vec<Finding> {
        let campaign = self.stable();
        let steps: Vec<(StepId, u64)> =
            self.making.survey.apart.iter().filter(|((known, _), _)| *known == campaign).map(|((_, step), here)| (*step, *here)).collect();
        let stops: Vec<String> = steps
            .iter()
            .skip(1)
            .filter_map(|(step, here)| {
                let node = self.old.nodes.iter().find(|node| node.id == *step)?;
                Some(format!("  from {} stop   // {here} here; their other branch goes on\n", problems::quoted(node.def.identity())))
            })
            .collect();
        let mut block = (!stops.is_empty()).then(|| format!("migrate {{\n{}}}", stops.concat()));
        steps.iter().map(|(step, here)| problems::apart(&self.place(*step, *here), block.take())).collect()
    }

    fn lacking(&self) -> Vec<Finding> {
        let campaign = self.stable();
        let found = self.making.survey.lacking.iter().filter(|((known, _, _), _)| *known == campaign);
        found.map(|((_, step, name), here)| problems::lacking((self.next(), &self.campaign), *step, name, *here)).collect()
    }

    /// New sends of a message that a send which is gone has sent to people who are still inside.
    fn again(&self) -> Vec<Finding> {
        let (running, mapping) = (&self.making.crossing.running, self.making.crossing.mapping);
        let identity = |linked: &crate::machine::Linked, step: StepId| {
            let message = sent_by(&linked.program, step)?;
            linked.deployment.messages.get(message.index()).copied()
        };
        let mut findings = Vec::new();
        for node in self.old.nodes.iter().filter(|node| matches!(mapping.fate(node.id), Fate::Gone | Fate::Ambiguous(_))) {
            let had = self.making.had(node.id);
            let Some(message) = identity(running, node.id).filter(|_| had > 0) else { continue };
            let is_new = |step: StepId| mapping.origins.get(step.index()).is_some_and(Option::is_none);
            let again = self.new.nodes.iter().find(|other| is_new(other.id) && identity(self.making.crossing.next, other.id) == Some(message));
            if let Some(again) = again {
                let (from, to) = (problems::quoted(node.def.identity()), problems::quoted(again.def.identity()));
                let block = format!("migrate {{\n  from {from} to {to}   // {had} have had it, none gets it again\n}}");
                findings.push(problems::again(&self.place(node.id, had), (self.next(), again.id), Some(block)));
            }
        }
        findings
    }

    /// A send that is gone and a new one that say nearly the same.
    fn renames(&self) -> Vec<Finding> {
        let (running, mapping) = (&self.making.crossing.running.program, self.making.crossing.mapping);
        let mut findings = Vec::new();
        for node in self.old.nodes.iter().filter(|node| matches!(mapping.fate(node.id), Fate::Gone)) {
            let Some(text) = sent_by(running, node.id).map(|message| text_of(running, message)) else { continue };
            let new =
                self.new.nodes.iter().filter(|other| mapping.origins.get(other.id.index()).is_some_and(Option::is_none) && other.def.kind == node.def.kind);
            let alike = new.filter_map(|other| {
                let other_text = text_of(self.next(), sent_by(self.next(), other.id)?);
                (other.target != node.target).then(|| (likeness(&text, &other_text), other))
            });
            if let Some((likeness, other)) = alike.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness >= ALIKE) {
                let source = self.next().describe(other.def.span);
                findings.push(problems::nearly_same(&self.campaign, (&node.target, &other.target), likeness, source));
            }
        }
        findings
    }

    /// Steps without a name, with equals beside them, at which somebody stands. What is stuck has its own finding.
    fn nameless(&self, stuck: &[Stuck]) -> Option<Finding> {
        let mut steps: Vec<Nameless> = Vec::new();
        for node in self.old.nodes.iter().filter(|node| node.def.name.is_none() && is_standing_kind(node.def.kind)) {
            let here = self.making.counted(node.id).here;
            let to = self.making.crossing.mapping.fate(node.id).target();
            let to = to.and_then(|to| self.new.nodes.iter().find(|other| other.id == to)).filter(|other| other.def.name.is_none());
            let Some(to) = to.filter(|_| here > 0 && !stuck.iter().any(|known| known.step == node.id)) else { continue };
            let row = self.new.blocks.get(&(to.parent, to.arm.clone())).into_iter().flatten().filter_map(|at| self.new.nodes.get(*at));
            let equals = row.filter(|other| other.equals_key() == to.equals_key() && other.def.name.is_none()).count();
            if equals > 1 {
                let head = self.next().outline.steps.get(to.id.index()).map_or(&to.def.text, |outline| &outline.head).to_string();
                let name = self.free_name(&to.target, &steps);
                steps.push(Nameless { identity: to.def.identity().to_string(), head, name, here });
            }
        }
        (!steps.is_empty()).then(|| problems::nameless(&self.campaign, &steps, self.source.clone()))
    }

    /// A name that no step of the campaign has, and that is offered to none so far.
    fn free_name(&self, target: &str, offered: &[Nameless]) -> String {
        let word: String = target.chars().take_while(char::is_ascii_lowercase).collect();
        let is_free =
            |name: &String| !self.new.nodes.iter().any(|node| node.def.name.as_deref() == Some(name)) && !offered.iter().any(|known| known.name == *name);
        (1..).map(|number: u32| format!("{word}_{number}")).find(is_free).unwrap_or(word)
    }
}
