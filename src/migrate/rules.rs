//! The lines of `migrate`: which still have work to do, and which name nothing.

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

/// The rules of a campaign, and the findings about those that are none.
pub(super) fn rules(sides: &Sides<'_, '_>) -> (Vec<Rule>, Vec<Finding>) {
    let (next, campaign) = sides.next;
    let Some(def) = next.campaigns.get(campaign.index()) else { return (Vec::new(), Vec::new()) };
    let spans = next.outline.rules.get(campaign.index()).map_or(&[][..], Vec::as_slice);
    let (mut rules, mut findings): (Vec<Rule>, Vec<Finding>) = (Vec::new(), Vec::new());
    for (at, line) in def.migrations.iter().enumerate() {
        let written = (next, def.name.as_ref(), spans.get(at).copied());
        match read(sides, line, written) {
            Ok((from, _)) if rules.iter().any(|(known, _)| *known == from) => {}
            Ok(rule) => rules.push(rule),
            Err(finding) => findings.push(*finding),
        }
    }
    (rules, findings)
}

fn read(sides: &Sides<'_, '_>, line: &MigrationDef, written: (&Program, &str, Option<Span>)) -> Result<Rule, Box<Finding>> {
    let (running, deployment, campaign) = sides.running;
    let applied = running.campaigns.get(campaign.index()).is_some_and(|def| def.migrations.contains(line));
    if applied {
        return Err(Box::new(problems::rule_is_done(written, line)));
    }
    let Some(from) = sides.old.find(&line.from) else {
        // What was once a step here and is none now was settled by an earlier deploy.
        let was_here = deployment.registry.ever_had(stable(&deployment.campaigns, campaign.index()), &line.from);
        return Err(Box::new(if was_here { problems::rule_is_done(written, line) } else { problems::no_such_left(written, line, sides.old) }));
    };
    match &line.to {
        None => Ok((from, None)),
        Some(to) => sides.new.find(to).map(|to| (from, Some(to))).ok_or_else(|| Box::new(problems::no_such_right(written, line, to))),
    }
}
