//! The walk over a campaign's paths.

use super::atoms::atoms;
use super::path::Path;
use super::problems;
use crate::bytecode::{MessageEvent, StepId};
use crate::diagnostics::Diagnostic;
use crate::semantic::check::ends;
use crate::semantic::hir::{Campaign, Expr, Project, Step, StepKind};

/// Walks one campaign.
pub(super) fn campaign(project: &Project, campaign: &Campaign, findings: &mut Vec<Diagnostic>) {
    let mut walk = Walk { project, findings };
    let mut path = Path::default();
    walk.steps(&campaign.steps, &mut path);
    // An exit is listened to at every step: it is enough that the campaign sends the message somewhere.
    let mut anywhere = Path::default();
    walk.everything(&campaign.steps, &mut anywhere);
    anywhere.doubt();
    for condition in campaign.exits.iter().map(|exit| &exit.condition).chain(campaign.goals.iter().map(|goal| &goal.condition)) {
        walk.never_sent(condition, &anywhere);
    }
}

struct Walk<'p, 'f> {
    project: &'p Project,
    findings: &'f mut Vec<Diagnostic>,
}

impl Walk<'_, '_> {
    fn steps(&mut self, steps: &[Step], path: &mut Path) {
        let mut ended = None;
        for step in steps {
            if let Some(by) = ended.take() {
                self.findings.push(problems::never_runs(step.header.span, by));
            }
            self.step(step, path);
            if ends(std::slice::from_ref(step)) {
                ended = Some(step.header.span);
            }
        }
    }

    fn step(&mut self, step: &Step, path: &mut Path) {
        match &step.kind {
            StepKind::Send { message, .. } => {
                if let Some(known) = self.project.messages.get(message.index()) {
                    path.send(step.header.id, *message, known.channel);
                }
            }
            StepKind::Reach(arms) => {
                let mut sent = Path::default();
                for arm in arms {
                    self.step(arm, &mut sent);
                }
                sent.doubt();
                *path = std::mem::take(path).both(&sent);
                path.mark_step(step.header.id);
            }
            StepKind::Wait { .. } | StepKind::WaitBetween { .. } | StepKind::WaitUntil(_) => path.pass(),
            StepKind::WaitFor { condition, .. } => {
                self.asked(condition, path);
                path.pass();
            }
            StepKind::Webhook { answer: Some(_), .. } => path.pass(),
            StepKind::Decide { .. } => self.decide(step, path),
            StepKind::Await { arms, deadline } => {
                for arm in arms {
                    self.asked(&arm.condition, path);
                }
                path.pass();
                let bodies: Vec<&[Step]> = arms.iter().map(|arm| arm.body.as_slice()).chain(deadline.iter().map(|(_, body)| body.as_slice())).collect();
                self.one_of(&bodies, path);
            }
            StepKind::Timeline { arms, .. } => {
                path.pass();
                for arm in arms {
                    // An arm that is past on arrival is skipped.
                    self.one_of(&[&arm.body, &[]], path);
                    path.pass();
                }
            }
            StepKind::Split(arms) => self.one_of(&arms.iter().map(|arm| arm.body.as_slice()).collect::<Vec<_>>(), path),
            StepKind::Experiment { variants, .. } => self.one_of(&variants.iter().map(|variant| variant.body.as_slice()).collect::<Vec<_>>(), path),
            StepKind::Repeat { every, until, body, .. } => self.repeat(step, (every.is_some(), until.as_ref(), body), path),
            StepKind::Parallel(branches) => self.parallel(branches, path),
            StepKind::Do { body, .. } => self.steps(body, path),
            StepKind::Webhook { answer: None, .. }
            | StepKind::Notify { .. }
            | StepKind::Set { .. }
            | StepKind::Clear { .. }
            | StepKind::AddItem { .. }
            | StepKind::RemoveItem { .. }
            | StepKind::AddPoints { .. }
            | StepKind::SetPoints { .. }
            | StepKind::Tag(_)
            | StepKind::Untag(_)
            | StepKind::AddToList(_)
            | StepKind::RemoveFromList(_)
            | StepKind::Subscribe(_)
            | StepKind::Unsubscribe(_)
            | StepKind::Enroll(_)
            | StepKind::Leave(_)
            | StepKind::Emit { .. }
            | StepKind::Mute(_)
            | StepKind::Stop(_)
            | StepKind::Error => {}
        }
    }

    fn decide(&mut self, step: &Step, path: &mut Path) {
        let StepKind::Decide { condition, deadline, then_, else_ } = &step.kind else { return };
        let is_told = self.asked(condition, path);
        if deadline.is_some() {
            path.pass();
        } else if !is_told {
            self.check_time(condition, (then_, else_), path);
        }
        self.one_of(&[then_, else_], path);
    }

    /// A decision on a message that was sent this very moment.
    fn check_time(&mut self, condition: &Expr, (then_, else_): (&[Step], &[Step]), path: &Path) {
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
    fn asked(&mut self, condition: &Expr, path: &Path) -> bool {
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

    fn never_sent(&mut self, condition: &Expr, path: &Path) -> bool {
        let mut is_told = false;
        for atom in atoms(condition) {
            if path.find(atom.target).is_none() && !is_open(atom.target) {
                self.findings.push(problems::never_sent(atom.span));
                is_told = true;
            }
        }
        is_told
    }

    /// One of several ways is taken; one that ends leads nowhere.
    fn one_of(&mut self, bodies: &[&[Step]], path: &mut Path) {
        let mut out: Option<Path> = None;
        for body in bodies {
            let mut inner = path.clone();
            self.steps(body, &mut inner);
            if !ends(body) {
                out = Some(match out {
                    Some(known) => known.either(&inner),
                    None => inner,
                });
            }
        }
        if let Some(out) = out {
            *path = out;
        }
    }

    fn repeat(&mut self, step: &Step, (has_rhythm, until, body): (bool, Option<&Expr>, &[Step]), path: &mut Path) {
        if !has_rhythm && !takes_time(body) {
            self.findings.push(problems::no_time_in_loop(step.header.span));
        }
        // From the second pass on, what the body sends lies behind it.
        let mut before = path.clone();
        let mut sent = Path::default();
        self.everything(body, &mut sent);
        sent.doubt();
        sent.pass();
        before = before.both(&sent);
        if let Some(until) = until {
            self.never_sent(until, &before);
        }
        let entered = path.clone();
        let mut inner = before;
        self.steps(body, &mut inner);
        inner.pass();
        *path = entered.either(&inner);
    }

    fn parallel(&mut self, branches: &[Vec<Step>], path: &mut Path) {
        let mut others = Path::default();
        for branch in branches {
            self.everything(branch, &mut others);
        }
        others.doubt();
        let mut out = path.clone();
        for branch in branches {
            let mut inner = path.clone().both(&others);
            self.steps(branch, &mut inner);
            let mut sent = Path::default();
            self.everything(branch, &mut sent);
            out = out.both(&sent);
        }
        *path = out;
    }

    /// All that is sent somewhere in these steps, without findings.
    fn everything(&self, steps: &[Step], path: &mut Path) {
        for step in steps {
            if let StepKind::Send { message, .. } = &step.kind
                && let Some(known) = self.project.messages.get(message.index())
            {
                path.send(step.header.id, *message, known.channel);
            }
            if matches!(step.kind, StepKind::Reach(_)) {
                path.mark_step(step.header.id);
            }
            for body in bodies(step) {
                self.everything(body, path);
            }
        }
    }
}

/// A step whose number is not known: a sequence checked by itself.
fn is_open(target: &crate::bytecode::MessageTarget) -> bool {
    matches!(target, crate::bytecode::MessageTarget::Step(StepId(u32::MAX)))
}

/// The blocks directly inside a step.
pub(crate) fn bodies(step: &Step) -> Vec<&[Step]> {
    match &step.kind {
        StepKind::Reach(arms) => vec![arms],
        StepKind::Decide { then_, else_, .. } => vec![then_, else_],
        StepKind::Await { arms, deadline } => arms.iter().map(|arm| arm.body.as_slice()).chain(deadline.iter().map(|(_, body)| body.as_slice())).collect(),
        StepKind::Timeline { arms, .. } => arms.iter().map(|arm| arm.body.as_slice()).collect(),
        StepKind::Split(arms) => arms.iter().map(|arm| arm.body.as_slice()).collect(),
        StepKind::Experiment { variants, .. } => variants.iter().map(|variant| variant.body.as_slice()).collect(),
        StepKind::Repeat { body, .. } | StepKind::Do { body, .. } => vec![body],
        StepKind::Parallel(branches) => branches.iter().map(Vec::as_slice).collect(),
        _ => Vec::new(),
    }
}

/// Whether time passes on every way through these steps, or they end.
fn takes_time(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Wait { .. } | StepKind::WaitBetween { .. } | StepKind::WaitUntil(_) | StepKind::WaitFor { .. } => true,
        StepKind::Await { .. } | StepKind::Timeline { .. } | StepKind::Stop(_) | StepKind::Error => true,
        StepKind::Webhook { answer, .. } => answer.is_some(),
        StepKind::Decide { deadline, then_, else_, .. } => deadline.is_some() || (takes_time(then_) && takes_time(else_)),
        StepKind::Split(arms) => arms.iter().all(|arm| takes_time(&arm.body)),
        StepKind::Experiment { variants, .. } => variants.iter().all(|variant| takes_time(&variant.body)),
        StepKind::Repeat { every, body, .. } => every.is_some() || takes_time(body),
        StepKind::Parallel(branches) => branches.iter().any(|branch| takes_time(branch)),
        StepKind::Do { body, .. } => takes_time(body),
        _ => false,
    })
}
