//! The lines of `migrate`: which still have work to do, and which name nothing.

use super::mapping::LateMove;
use super::problems::{self, Finding};
use super::tree::Tree;
use crate::base::Span;
use crate::bytecode::{CampaignId, MigrationDef, Program};
use crate::machine::{Deployment, stable};

/// A line that has work to do: a step of the running program, and the step where one goes on; none: one stops.
pub(super) type Rule = (usize, Option<usize>);

/// Both sides of a campaign.
pub(super) struct Sides<'p, 't> {
    pub running: (&'p Program, &'p Deployment, CampaignId),
    pub next: (&'p Program, CampaignId),
    pub old: &'t Tree<'p>,
    pub new: &'t Tree<'p>,
}

/// What the lines of a campaign come to.
#[derive(Default)]
pub(super) struct Rules {
    /// Those with work to do in the running program.
    pub rules: Vec<Rule>,
    /// Those about a step that an earlier version had: for whom a deploy has put aside there.
    pub late: Vec<LateMove>,
    /// What is to be said of those that have none.
    pub findings: Vec<Finding>,
}

/// The rules of a campaign, and the findings about those that are none.
pub(super) fn rules(sides: &Sides<'_, '_>) -> Rules {
    let (next, campaign) = sides.next;
    let mut read_so_far = Rules::default();
    let Some(def) = next.campaigns.get(campaign.index()) else { return read_so_far };
    let spans = next.outline.rules.get(campaign.index()).map_or(&[][..], Vec::as_slice);
    for (at, line) in def.migrations.iter().enumerate() {
        let written = (next, def.name.as_ref(), spans.get(at).copied());
        match read(sides, line, written) {
            Ok((from, _)) if read_so_far.rules.iter().any(|(known, _)| *known == from) => {}
            Ok(rule) => read_so_far.rules.push(rule),
            Err(finding) => {
                read_so_far.late.extend(late(sides, line, &finding));
                read_so_far.findings.push(*finding);
            }
        }
    }
    read_so_far
}

/// A line about a step that is no more: whoever finishes there on an older version, or is stranded, is led by it.
fn late(sides: &Sides<'_, '_>, line: &MigrationDef, finding: &Finding) -> Option<LateMove> {
    let (running, deployment, campaign) = sides.running;
    let is_applied = running.campaigns.get(campaign.index()).is_some_and(|def| def.migrations.contains(line));
    let from = deployment.registry.last_step(stable(&deployment.campaigns, campaign.index()), &line.from);
    let from = from.filter(|step| !is_applied && !deployment.steps.contains(step))?;
    let to = match &line.to {
        Some(to) => Some(sides.new.nodes.get(sides.new.find(to)?)?.id),
        None => None,
    };
    Some(LateMove { from, to, campaign: finding.campaign.clone(), step: line.from.to_string(), title: finding.title.clone() })
}

fn read(sides: &Sides<'_, '_>, line: &MigrationDef, written: (&Program, &str, Option<Span>)) -> Result<Rule, Box<Finding>> {
    let (running, deployment, campaign) = sides.running;
    let applied = running.campaigns.get(campaign.index()).is_some_and(|def| def.migrations.contains(line));
    if applied {
        return Err(Box::new(problems::rule_is_done(written, line)));
    }
    let Some(from) = sides.old.find(&line.from) else {
        // What was once a step here and is none now was settled by an earlier deploy.
        let was_here = deployment.registry.last_step(stable(&deployment.campaigns, campaign.index()), &line.from).is_some();
        return Err(Box::new(if was_here { problems::rule_is_done(written, line) } else { problems::no_such_left(written, line, sides.old) }));
    };
    match &line.to {
        None => Ok((from, None)),
        Some(to) => sides.new.find(to).map(|to| (from, Some(to))).ok_or_else(|| Box::new(problems::no_such_right(written, line, to))),
    }
}
