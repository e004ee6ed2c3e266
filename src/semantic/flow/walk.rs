//! The walk over a campaign's paths, step by step. Decisions have a file of their own.

use super::path::Path;
use super::problems;
use super::trail::Elapsed;
use super::waits::{until_elapsed, until_moment};
use crate::base::Span;
use crate::bytecode::{FieldId, MessageTarget, StepId};
use crate::diagnostics::Diagnostic;
use crate::semantic::check::ends;
use crate::semantic::hir::{Campaign, Expr, ExprKind, Project, Step, StepKind, TriggerKind, UntilAnchor};
use crate::semantic::reason::{Held, Reason, is_anchored};

/// Walks one campaign.
pub(super) fn campaign<'p>(project: &'p Project, campaign: &'p Campaign, findings: &mut Vec<Diagnostic>) {
    let always: Vec<Held<'p>> = campaign.exits.iter().map(|exit| (&exit.condition, false)).filter(|(condition, _)| !is_anchored(condition)).collect();
    // A broadcast behind the end is told at its trigger.
    let is_late = campaign.triggers.iter().any(|trigger| is_after_the_end(campaign, &trigger.kind));
    let mut walk = Walk { project, campaign, reason: Reason::new(project), always, inside: None, is_late, is_capped: false, findings };
    let mut path = Path::default();
    walk.begin(&mut path);
    walk.steps(&campaign.steps, &mut path);
    // An exit is listened to at every step: it is enough that the campaign sends the message somewhere.
    let mut anywhere = Path::default();
    walk.everything(&campaign.steps, &mut anywhere);
    anywhere.doubt();
    for condition in campaign.exits.iter().map(|exit| &exit.condition).chain(campaign.goals.iter().map(|goal| &goal.condition)) {
        walk.never_sent(condition, &anywhere);
    }
}

/// A walk over one campaign.
pub(super) struct Walk<'p, 'f> {
    pub project: &'p Project,
    pub campaign: &'p Campaign,
    pub reason: Reason<'p>,
    /// What holds at every instant at which nothing has just changed: no exit does.
    pub always: Vec<Held<'p>>,
    /// The outermost `do` whose steps are being walked: its findings belong there.
    pub inside: Option<Span>,
    /// The end of the campaign has been told to come too early.
    is_late: bool,
    /// A cap has been told to be too small.
    pub is_capped: bool,
    pub findings: &'f mut Vec<Diagnostic>,
}

impl<'p> Walk<'p, '_> {
    /// What is known of whoever is enrolled, at that instant.
    fn begin(&self, path: &mut Path<'p>) {
        for condition in self.campaign.only_if.iter().filter(|condition| !is_anchored(condition)) {
            path.trail.learn(condition, true);
        }
        if let [trigger] = self.campaign.triggers.as_slice() {
            match &trigger.kind {
                TriggerKind::SegmentEntered { segment, .. } => {
                    if let Some(segment) = self.project.segments.get(segment.index()) {
                        path.trail.learn(&segment.condition, true);
                    }
                }
                TriggerKind::At { date, time, .. } => path.trail.not_before(super::waits::earliest_ms(*date, *time)),
                _ => {}
            }
        }
        if let Some(from) = self.campaign.active_from {
            path.trail.not_before(from.0);
        }
        if self.campaign.collect.is_some() {
            path.pass(Elapsed::UNKNOWN);
        }
    }

    pub(super) fn steps(&mut self, steps: &'p [Step], path: &mut Path<'p>) {
        let mut ended = None;
        for step in steps {
            if let Some(by) = ended.take() {
                self.findings.push(problems::never_runs(step.header.span, by));
            }
            self.check_end(step, path);
            self.step(step, path);
            if ends(std::slice::from_ref(step)) {
                ended = Some(step.header.span);
            }
        }
    }

    /// Whether the campaign is over before anybody can come here.
    fn check_end(&mut self, step: &Step, path: &Path<'p>) {
        let (Some(until), Some(earliest)) = (self.campaign.active_until, path.trail.not_before_ms) else { return };
        if earliest >= until.0 && !self.is_late {
            self.is_late = true;
            self.findings.push(problems::after_the_end(self.inside.unwrap_or(step.header.span), self.campaign.name_span));
        }
    }

    fn step(&mut self, step: &'p Step, path: &mut Path<'p>) {
        match &step.kind {
            StepKind::Send { message, .. } => self.send(step, *message, path),
            StepKind::Reach(arms) => self.reach(step, arms, path),
            StepKind::Wait { duration, then_until } => {
                path.pass(Elapsed::of_expr(duration));
                if then_until.is_some() {
                    path.pass(Elapsed::UNKNOWN);
                }
            }
            StepKind::WaitBetween { low, high } => {
                let (low, high) = (Elapsed::of_expr(low), Elapsed::of_expr(high));
                path.pass(Elapsed { at_least_ms: low.at_least_ms, at_most_ms: high.at_most_ms });
            }
            StepKind::WaitUntil(until) => {
                if let UntilAnchor::Value { value, .. } = &until.anchor {
                    self.check_is_set(value, path);
                }
                path.pass(until_elapsed(until));
                if let Some(at) = until_moment(until) {
                    path.trail.not_before(at);
                }
            }
            StepKind::WaitFor { condition, deadline } => self.wait_for(condition, deadline.as_ref(), path),
            StepKind::Webhook { answer: Some(_), .. } => path.pass(Elapsed::UNKNOWN),
            StepKind::Decide { .. } => self.decide(step, path),
            StepKind::Await { arms, deadline } => self.await_step(arms, deadline.as_ref(), path),
            StepKind::Timeline { anchor, arms, .. } => {
                self.check_is_set(anchor, path);
                path.pass(Elapsed::UNKNOWN);
                for arm in arms {
                    // An arm that is past on arrival is skipped.
                    self.one_of(&[&arm.body, &[]], path);
                    path.pass(Elapsed::UNKNOWN);
                }
            }
            StepKind::Split(arms) => self.one_of(&arms.iter().map(|arm| arm.body.as_slice()).collect::<Vec<_>>(), path),
            StepKind::Experiment { variants, .. } => self.one_of(&variants.iter().map(|variant| variant.body.as_slice()).collect::<Vec<_>>(), path),
            StepKind::Repeat { every, until, body, .. } => self.repeat(step, (every.is_some(), until.as_ref(), body), path),
            StepKind::Parallel(branches) => self.parallel(branches, path),
            StepKind::Do { body, .. } => self.expanded(step, body, path),
            StepKind::Set { field, .. } => {
                path.trail.set_field(*field);
                path.trail.change(self.project, &step.kind);
            }
            StepKind::Clear { field } => {
                path.trail.change(self.project, &step.kind);
                path.trail.clear_field(*field);
            }
            StepKind::AddItem { .. }
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
            | StepKind::Emit { .. } => path.trail.change(self.project, &step.kind),
            StepKind::Webhook { answer: None, .. } | StepKind::Notify { .. } | StepKind::Mute(_) | StepKind::Stop(_) | StepKind::Error => {}
        }
    }

    fn reach(&mut self, step: &Step, arms: &'p [Step], path: &mut Path<'p>) {
        let mut sent = Path::default();
        for arm in arms {
            if let StepKind::Send { message, .. } = &arm.kind {
                self.check_twice(arm, *message, path);
                if let Some(known) = self.project.messages.get(message.index()) {
                    sent.send(arm.header.id, *message, known.channel);
                }
            }
        }
        sent.doubt();
        path.trail.forget();
        *path = std::mem::take(path).both(&sent);
        path.mark_step(step.header.id);
    }

    /// A sequence's steps: what its caller knows says nothing of the sequence itself.
    fn expanded(&mut self, step: &Step, body: &'p [Step], path: &mut Path<'p>) {
        let outer = self.inside;
        self.inside = outer.or(Some(step.header.span));
        path.trail.forget_all();
        self.steps(body, path);
        path.trail.forget_all();
        self.inside = outer;
    }

    /// A moment that is known to be unset, where nothing in the project can set it.
    fn check_is_set(&mut self, value: &Expr, path: &Path<'p>) {
        let is_unset = |(fact, is_held): &Held<'p>| match (&fact.kind, is_held) {
            (ExprKind::IsSet(asked), false) => is_same_place(asked, value),
            (ExprKind::Not(inner), true) => matches!(&inner.kind, ExprKind::IsSet(asked) if is_same_place(asked, value)),
            _ => false,
        };
        let is_cleared = matches!(value.kind, ExprKind::Field(field) if path.trail.is_cleared(field));
        if !is_cleared && !path.trail.facts().iter().any(is_unset) {
            return;
        }
        let can_be_set = match &value.kind {
            ExprKind::Field(field) => self.project.campaigns.iter().any(|campaign| sets(&campaign.steps, *field)),
            ExprKind::Get(record, _) => matches!(record.kind, ExprKind::Capture(slot) if self.campaign.updates.iter().any(|update| update.slot == slot)),
            _ => true,
        };
        if !can_be_set {
            self.findings.push(problems::never_set(value.span));
        }
    }

    /// One of several ways is taken; one that ends leads nowhere.
    pub(super) fn one_of(&mut self, bodies: &[&'p [Step]], path: &mut Path<'p>) {
        let ways: Vec<(&'p [Step], Path<'p>)> = bodies.iter().map(|body| (*body, path.clone())).collect();
        self.ways(ways, path);
    }

    /// One of several ways is taken, each with what is known on it.
    pub(super) fn ways(&mut self, ways: Vec<(&'p [Step], Path<'p>)>, path: &mut Path<'p>) {
        let mut out: Option<Path<'p>> = None;
        for (body, mut inner) in ways {
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

    fn repeat(&mut self, step: &Step, (has_rhythm, until, body): (bool, Option<&'p Expr>, &'p [Step]), path: &mut Path<'p>) {
        if !has_rhythm && !takes_time(body) {
            self.findings.push(problems::no_time_in_loop(step.header.span));
        }
        // From the second pass on, what the body sends lies behind it.
        let mut before = path.clone();
        let mut sent = Path::default();
        self.everything(body, &mut sent);
        sent.doubt();
        sent.pass(Elapsed::UNKNOWN);
        before = before.both(&sent);
        before.trail.forget();
        if let Some(until) = until {
            self.never_sent(until, &before);
        }
        let entered = path.clone();
        let mut inner = before;
        self.steps(body, &mut inner);
        inner.pass(Elapsed::UNKNOWN);
        *path = entered.either(&inner);
    }

    fn parallel(&mut self, branches: &'p [Vec<Step>], path: &mut Path<'p>) {
        let mut others = Path::default();
        for branch in branches {
            self.everything(branch, &mut others);
        }
        others.doubt();
        path.trail.forget_all();
        let before = path.trail.sendings.len();
        let mut out = path.clone();
        for branch in branches {
            let mut inner = path.clone().both(&others);
            self.steps(branch, &mut inner);
            let mut sent = Path::default();
            self.everything(branch, &mut sent);
            out = out.both(&sent);
            out.trail.both(&inner.trail, before);
        }
        *path = out;
    }

    /// All that is sent somewhere in these steps, without findings.
    pub(super) fn everything(&self, steps: &'p [Step], path: &mut Path<'p>) {
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

/// Whether a broadcast comes when the campaign has ended.
pub(in crate::semantic) fn is_after_the_end(campaign: &Campaign, trigger: &TriggerKind) -> bool {
    match (trigger, campaign.active_until) {
        (TriggerKind::At { date, time, .. }, Some(until)) => super::waits::earliest_ms(*date, *time) >= until.0,
        (_, _) => false,
    }
}

/// Whether two expressions read one field, or one property of one record.
fn is_same_place(a: &Expr, b: &Expr) -> bool {
    match (&a.kind, &b.kind) {
        (ExprKind::Field(a), ExprKind::Field(b)) => a == b,
        (ExprKind::Capture(a), ExprKind::Capture(b)) => a == b,
        (ExprKind::Get(a, name), ExprKind::Get(b, other)) => name == other && is_same_place(a, b),
        _ => false,
    }
}

fn sets(steps: &[Step], field: FieldId) -> bool {
    steps.iter().any(|step| matches!(step.kind, StepKind::Set { field: set, .. } if set == field) || bodies(step).into_iter().any(|body| sets(body, field)))
}

/// A step whose number is not known: a sequence checked by itself.
pub(super) fn is_open(target: &MessageTarget) -> bool {
    matches!(target, MessageTarget::Step(StepId(u32::MAX)))
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
