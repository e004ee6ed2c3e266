//! Conditions outside of steps: segments, triggers, point rules, and the header lines of campaigns.

use super::problems;
use crate::diagnostics::Diagnostic;
use crate::semantic::flow::is_after_the_end;
use crate::semantic::flow::problems::{after_the_end, always_holds, never_holds};
use crate::semantic::hir::{Campaign, Expr, ExprKind, Project, TriggerKind};
use crate::semantic::reason::{Held, Reason, Verdict, is_anchored};

/// Looks at every condition of a project that is no step's.
pub(super) fn check(project: &Project, findings: &mut Vec<Diagnostic>) {
    let look = Look { project, reason: Reason::new(project) };
    look.segments(findings);
    for rule in &project.rules {
        look.parts(rule.predicate.iter(), findings);
    }
    for campaign in &project.campaigns {
        look.triggers(campaign, findings);
        look.parts(campaign.updates.iter().filter_map(|update| update.predicate.as_ref()), findings);
        look.header(campaign, findings);
    }
}

struct Look<'p> {
    project: &'p Project,
    reason: Reason<'p>,
}

impl<'p> Look<'p> {
    fn segments(&self, findings: &mut Vec<Diagnostic>) {
        for segment in &self.project.segments {
            for (span, verdict) in self.reason.faults(&segment.condition, &[]) {
                findings.push(match (verdict, span == segment.condition.span) {
                    (Verdict::Never, true) => problems::nobody(span, &segment.name),
                    (Verdict::Always, true) => problems::everybody(span, &segment.name),
                    (Verdict::Never, false) => never_holds(span, None),
                    (Verdict::Always, false) => always_holds(span, None),
                });
            }
        }
    }

    fn parts<'e>(&self, conditions: impl Iterator<Item = &'e Expr>, findings: &mut Vec<Diagnostic>) {
        for condition in conditions {
            self.told(condition, findings);
        }
    }

    /// Whether something was found.
    fn told(&self, condition: &Expr, findings: &mut Vec<Diagnostic>) -> bool {
        let faults = self.reason.faults(condition, &[]);
        findings.extend(faults.iter().map(|(span, verdict)| match verdict {
            Verdict::Never => never_holds(*span, None),
            Verdict::Always => always_holds(*span, None),
        }));
        !faults.is_empty()
    }

    fn triggers(&self, campaign: &Campaign, findings: &mut Vec<Diagnostic>) {
        for trigger in &campaign.triggers {
            match &trigger.kind {
                TriggerKind::Event { predicate: Some(condition), .. } | TriggerKind::Every { audience: condition, .. } => {
                    self.parts([condition].into_iter(), findings)
                }
                TriggerKind::At { audience, .. } => {
                    self.parts([audience].into_iter(), findings);
                    if is_after_the_end(campaign, &trigger.kind) {
                        findings.push(after_the_end(trigger.span, campaign.name_span));
                    }
                }
                _ => {}
            }
        }
    }

    fn header(&self, campaign: &'p Campaign, findings: &mut Vec<Diagnostic>) {
        let before = findings.len();
        self.parts(campaign.only_if.iter(), findings);
        for exit in &campaign.exits {
            // Of `stay while P` the tree holds `not P`.
            let is_not = exit.is_stay_while;
            for (span, verdict) in self.reason.faults(&exit.condition, &[]) {
                let is_whole = span == exit.condition.span;
                findings.push(match verdict {
                    Verdict::Never if is_whole => problems::never_exits(exit.span, is_not),
                    Verdict::Always if is_whole => problems::exits_at_once(exit.span, is_not),
                    Verdict::Never => never_holds(span, None),
                    Verdict::Always => always_holds(span, None),
                });
            }
        }
        for goal in &campaign.goals {
            for (span, verdict) in self.reason.faults(&goal.condition, &[]) {
                findings.push(match verdict {
                    Verdict::Never if span == goal.condition.span => problems::never_reached(goal.span),
                    Verdict::Never => never_holds(span, None),
                    Verdict::Always => always_holds(span, None),
                });
            }
        }
        // One fault, one finding: what holds never by itself contradicts everything.
        if findings.len() == before {
            self.entry(campaign, findings);
        }
    }

    /// Whether anybody passes the header when a trigger fires.
    fn entry(&self, campaign: &'p Campaign, findings: &mut Vec<Diagnostic>) {
        let plain = |condition: &&'p Expr| !is_anchored(condition);
        let mut held: Vec<Held<'p>> = campaign.only_if.iter().filter(plain).map(|condition| (condition, true)).collect();
        held.extend(campaign.exits.iter().map(|exit| &exit.condition).filter(plain).map(|condition| (condition, false)));
        if held.len() > 1 && self.reason.is_impossible(&held) {
            let (first, second) = self.clash(&held);
            findings.push(problems::nobody_enters(second, first));
            return;
        }
        for trigger in &campaign.triggers {
            let Some(condition) = trigger_condition(self.project, &trigger.kind) else { continue };
            let mut all = vec![condition];
            all.extend(&held);
            if all.len() > 1 && !self.reason.is_impossible(&[condition]) && self.reason.is_impossible(&all) {
                let (_, second) = self.clash(&all);
                findings.push(problems::nobody_enters(second, trigger.span));
            }
        }
    }

    /// Two of several conditions that exclude each other, or the first and the last.
    fn clash(&self, held: &[Held<'p>]) -> (crate::base::Span, crate::base::Span) {
        for (at, one) in held.iter().enumerate() {
            if let Some(other) = held.iter().skip(at + 1).find(|other| self.reason.is_impossible(&[*one, **other])) {
                return (one.0.span, other.0.span);
            }
        }
        let span = |fact: Option<&Held<'p>>| fact.map_or(crate::base::Span::new(crate::base::FileId(0), 0, 0), |(condition, _)| condition.span);
        (span(held.first()), span(held.last()))
    }
}

/// What holds of whoever a trigger enrols.
fn trigger_condition<'p>(project: &'p Project, kind: &'p TriggerKind) -> Option<Held<'p>> {
    let held = |condition: &'p Expr, is_held: bool| (!matches!(condition.kind, ExprKind::Error)).then_some((condition, is_held));
    match kind {
        TriggerKind::SegmentEntered { segment, .. } => held(&project.segments.get(segment.index())?.condition, true),
        TriggerKind::SegmentLeft(segment) => held(&project.segments.get(segment.index())?.condition, false),
        TriggerKind::Every { audience, .. } | TriggerKind::At { audience, .. } => held(audience, true),
        _ => None,
    }
}
