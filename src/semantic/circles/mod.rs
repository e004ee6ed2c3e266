//! Circles in which no time passes: campaigns and point rules that start each other at one instant.
//!
//! A chain of instantaneous effects over 100 per contact is cut by the engine; here it is told before. Not here: segments that read each
//! other (`resolve`), and loops inside a campaign (`flow`).

mod effects;
mod graph;
mod problems;

use super::hir::Project;
use crate::diagnostics::Diagnostic;
use graph::{Graph, Node, Turn};

/// Finds every group of campaigns and rules that lead back to themselves; each is told once.
pub(super) fn check(project: &Project) -> Vec<Diagnostic> {
    let graph = Graph::of(project);
    let mut findings = Vec::new();
    for turns in graph.circles() {
        let labels: Vec<_> = turns.iter().map(|turn| (turn.span, word(project, turn))).collect();
        let has_rule = turns.iter().any(|turn| matches!(turn.from, Node::Rule(_)));
        if graph.is_endless(&turns) {
            findings.push(problems::endless(&labels));
        } else if has_rule {
            findings.push(problems::rule_feeds_itself(&labels));
        } else {
            findings.push(problems::circle(&labels));
        }
    }
    findings
}

/// What a turn starts, for its label.
fn word(project: &Project, turn: &Turn) -> String {
    match turn.to {
        Node::Campaign(at) => project.campaigns.get(at).map_or_else(String::new, |campaign| format!("starts {:?}", campaign.name)),
        Node::Rule(_) => "gives points by a rule".to_owned(),
    }
}
