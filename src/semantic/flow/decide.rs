//! Decisions on a path: whether what they ask can have happened, had time to happen, and can come out both ways.

use super::atoms::atoms;
use super::path::Path;
use super::problems;
use super::trail::Elapsed;
use super::walk::{Walk, bodies, is_open};
use crate::bytecode::{Aggregate, MessageEvent};
use crate::semantic::hir::{AwaitArm, EventPattern, Expr, ExprKind, HistoryWindow, Step, StepKind};
use crate::semantic::reason::{Held, Verdict};

impl<'p> Walk<'p, '_> {
    pub(super) fn decide(&mut self, step: &'p Step, path: &mut Path<'p>) {
        let StepKind::Decide { condition, deadline, then_, else_ } = &step.kind else { return };
        let is_told = self.asked(condition, path) || self.comes_out_one_way(condition, path, (then_, else_));
        if !is_told {
            self.check_opens(condition, (then_, else_));
        }
        let (mut on_then, mut on_else) = (path.clone(), path.clone());
        if let Some(deadline) = deadline {
            let elapsed = Elapsed::of_expr(&deadline.duration);
            on_then.pass(elapsed.up_to());
            on_else.pass(elapsed);
        } else if !is_told {
            self.check_time(condition, (then_, else_), path);
            if !path.trail.has_begun
                && let Some(span) = since_the_start(condition)
            {
                self.findings.push(problems::asked_at_the_start(span));
            }
        }
        on_then.trail.learn(condition, true);
        on_else.trail.learn(condition, false);
        self.ways(vec![(then_, on_then), (else_, on_else)], path);
    }

    pub(super) fn wait_for(&mut self, condition: &'p Expr, deadline: Option<&'p Expr>, path: &mut Path<'p>) {
        if !self.asked(condition, path) {
            self.comes_out_one_way(condition, path, (&[], &[]));
        }
        path.pass(deadline.map_or(Elapsed::UNKNOWN, |deadline| Elapsed::of_expr(deadline).up_to()));
        if deadline.is_none() {
            path.trail.learn(condition, true);
        }
    }

    pub(super) fn await_step(&mut self, arms: &'p [AwaitArm], deadline: Option<&'p (Expr, Vec<Step>)>, path: &mut Path<'p>) {
        let elapsed = deadline.map_or(Elapsed::UNKNOWN, |(length, _)| Elapsed::of_expr(length));
        let mut ways: Vec<(&'p [Step], Path<'p>)> = Vec::new();
        for arm in arms {
            if !self.asked(&arm.condition, path) {
                self.comes_out_one_way(&arm.condition, path, (&arm.body, &[]));
            }
            let mut inner = path.clone();
            inner.pass(elapsed.up_to());
            inner.trail.learn(&arm.condition, true);
            ways.push((&arm.body, inner));
        }
        if let Some((_, body)) = deadline {
            let mut inner = path.clone();
            inner.pass(elapsed);
            ways.push((body, inner));
        }
        path.pass(elapsed.up_to());
        self.ways(ways, path);
    }

    /// Whether a condition, or a part of it, never or always holds here.
    fn comes_out_one_way(&mut self, condition: &'p Expr, path: &Path<'p>, (on_holds, on_fails): (&[Step], &[Step])) -> bool {
        // What its caller's rules say is nothing of the sequence's own.
        let always: &[Held<'p>] = if self.inside.is_none() { &self.always } else { &[] };
        let given = path.trail.given(self.project, always);
        let faults = self.reason.faults(condition, &given);
        for (span, verdict) in &faults {
            // The condition alone, or what was asked before: who reads the finding wants to see it.
            let is_alone = self.reason.faults(condition, &[]).contains(&(*span, *verdict));
            let because = if is_alone { None } else { given.iter().find(|fact| self.reason.faults(condition, &[**fact]).contains(&(*span, *verdict))) };
            let because = because.map(|(fact, _)| fact.span);
            let (finding, dead) = match verdict {
                Verdict::Never => (problems::never_holds(*span, because), on_holds),
                Verdict::Always => (problems::always_holds(*span, because), on_fails),
            };
            let dead = dead.first().filter(|_| *span == condition.span);
            self.findings.push(match dead {
                Some(step) => finding.with_label(step.header.span, "never runs"),
                None => finding,
            });
        }
        !faults.is_empty()
    }

    /// Opens are hidden by mail programs: who seems not to have opened should lose nothing by it.
    fn check_opens(&mut self, condition: &Expr, (then_, else_): (&[Step], &[Step])) {
        let mut is_negated = None;
        if !is_of_opens(condition, false, &mut is_negated) || self.project.info.machine_opens_count {
            return;
        }
        let arm = if is_negated == Some(true) { then_ } else { else_ };
        if let Some(step) = first_loss(arm) {
            self.findings.push(problems::opens_alone(condition.span, step.header.span));
        }
    }

    /// A decision on a message that was sent this very moment.
    fn check_time(&mut self, condition: &Expr, (then_, else_): (&[Step], &[Step]), path: &Path<'p>) {
        let is_answer = |event: MessageEvent| match event {
            MessageEvent::Delivered
            | MessageEvent::Opened
            | MessageEvent::Clicked
            | MessageEvent::Replied
            | MessageEvent::Bounced
            | MessageEvent::Unsubscribed
            | MessageEvent::Complained => true,
            MessageEvent::Sent | MessageEvent::Skipped | MessageEvent::Failed => false,
        };
        let found = atoms(condition);
        let Some(atom) = found.iter().find(|atom| is_answer(atom.event) && path.find(atom.target).is_some_and(|mark| mark.is_fresh)) else { return };
        let wait = |steps: &[Step]| steps.iter().position(|step| matches!(step.kind, StepKind::Wait { .. }));
        let arm = if atom.is_negated { then_ } else { else_ };
        match (wait(arm), arm.first()) {
            (Some(at), Some(first)) if at > 0 && !atom.is_negated => {
                if let Some(wait) = arm.get(at) {
                    self.findings.push(problems::step_before_wait(atom.span, first.header.span, wait));
                }
            }
            (Some(_) | None, _) => self.findings.push(problems::no_time(atom.span)),
        }
    }

    /// Whether the messages asked about were sent; true where a finding was made.
    pub(super) fn asked(&mut self, condition: &Expr, path: &Path<'p>) -> bool {
        if self.never_sent(condition, path) {
            return true;
        }
        for atom in atoms(condition) {
            // `sent` and `skipped` ask exactly this.
            let is_asking = matches!(atom.event, MessageEvent::Sent | MessageEvent::Skipped);
            if !is_asking && path.find(atom.target).is_some_and(|mark| !mark.is_certain) {
                self.findings.push(problems::sent_on_some_paths(atom.span));
                return true;
            }
        }
        false
    }

    pub(super) fn never_sent(&mut self, condition: &Expr, path: &Path<'p>) -> bool {
        let mut is_told = false;
        for atom in atoms(condition) {
            if path.find(atom.target).is_none() && !is_open(atom.target) {
                self.findings.push(problems::never_sent(atom.span));
                is_told = true;
            }
        }
        is_told
    }
}

/// A question whether something has happened since the enrollment began.
fn since_the_start(condition: &Expr) -> Option<crate::base::Span> {
    match &condition.kind {
        ExprKind::Not(inner) => since_the_start(inner),
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().find_map(since_the_start),
        ExprKind::History(history) => {
            let is_message = matches!(history.pattern, EventPattern::Message { .. });
            (!is_message && history.aggregate == Aggregate::Exists && matches!(history.window, HistoryWindow::Anchor)).then_some(condition.span)
        }
        _ => None,
    }
}

/// Whether a condition asks whether something was opened, and nothing else; all of one sign.
fn is_of_opens(condition: &Expr, is_under_not: bool, is_negated: &mut Option<bool>) -> bool {
    match &condition.kind {
        ExprKind::Not(inner) => is_of_opens(inner, !is_under_not, is_negated),
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().all(|part| is_of_opens(part, is_under_not, is_negated)),
        ExprKind::History(history) => {
            let is_open = history.aggregate == Aggregate::Exists && matches!(&history.pattern, EventPattern::Message { event: MessageEvent::Opened, .. });
            is_open && *is_negated.get_or_insert(is_under_not) == is_under_not
        }
        _ => false,
    }
}

/// The first step that takes something from the contact.
fn first_loss(steps: &[Step]) -> Option<&Step> {
    steps.iter().find_map(|step| match &step.kind {
        StepKind::Unsubscribe(_) | StepKind::RemoveFromList(_) | StepKind::Untag(_) | StepKind::Clear { .. } | StepKind::Stop(_) | StepKind::Leave(_) => {
            Some(step)
        }
        _ => bodies(step).into_iter().find_map(first_loss),
    })
}
