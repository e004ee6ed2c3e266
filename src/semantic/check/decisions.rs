//! `if` and `await`: what is asked once, what is listened to, and the red path's wait.

use super::campaign::Frame;
use super::logic::{Truth, has_plain_history, negated_anchored, negated_history};
use super::scope::{Capture, CaptureKind};
use super::{Checker, problems};
use crate::bytecode::{Aggregate, CaptureDef, SlotId};
use crate::semantic::hir::{AwaitArm, AwaitCapture, Deadline, EventPattern, Expr, ExprKind, Step, StepHeader, StepKind};
use crate::semantic::walk::unparen;
use crate::syntax::ast;

/// The wait that a red path begins with.
struct RedWait<'s> {
    step: &'s ast::Step,
    length: &'s ast::Length,
    then_until: Option<&'s ast::Until>,
}

impl Checker<'_, '_> {
    pub(super) fn decide(&mut self, decision: &ast::If, step: &ast::Step, frame: &mut Frame<'_>) -> StepKind {
        // `if not C within D` waits for C and takes the other path.
        let (asked, is_swapped) = match (&decision.within, &unparen(&decision.condition).kind) {
            (Some(_), ast::ExprKind::Not(inner)) => (inner.as_ref(), true),
            (Some(_) | None, _) => (&decision.condition, false),
        };
        if let Some(within) = &decision.within {
            self.check_joined(&decision.condition, within.span());
        }
        let condition = self.condition(asked);
        let waits = decision.otherwise.as_ref().filter(|_| decision.within.is_none()).and_then(red_wait);
        let has_plain = has_plain_history(&condition);
        match &waits {
            None if decision.within.is_some() => self.report_some(negated_history(&condition).map(problems::negated_within)),
            None => {}
            Some(waits) => {
                let negated = if has_plain { negated_history(&condition) } else { negated_anchored(&condition) };
                self.report_some(negated.map(|negated| problems::negated_on_red_path(negated, waits.step.span)));
            }
        }
        let red = waits.filter(|_| has_plain);
        let (on_then, on_else) = if is_swapped { (Truth::Fails, Truth::Holds) } else { (Truth::Holds, Truth::Fails) };
        let then_ = self.arm(Some(&decision.then), (&condition, on_then), frame);
        let else_ = match &red {
            Some(red) => self.red_path(decision.otherwise.as_ref(), red, &condition, frame),
            None => self.arm(decision.otherwise.as_ref(), (&condition, on_else), frame),
        };
        let deadline = match (&decision.within, &red) {
            (Some(within), _) => Some(Deadline { duration: self.length(within), is_red_path: false, wait: None }),
            (None, Some(red)) => {
                let wait = red.then_until.is_none().then(|| self.step_header(red.step));
                if let Some(wait) = &wait {
                    self.absorbed.insert(wait.id, self.step_header(step).id);
                }
                Some(Deadline { duration: self.length(red.length), is_red_path: true, wait })
            }
            (None, None) => None,
        };
        self.learn_from_arms(decision, &condition, (&then_, &else_));
        if is_swapped {
            return StepKind::Decide { condition, deadline, then_: else_, else_: then_ };
        }
        StepKind::Decide { condition, deadline, then_, else_ }
    }

    /// `if not x is set then stop`: behind it, x is set.
    fn learn_from_arms(&mut self, decision: &ast::If, condition: &Expr, arms: (&[Step], &[Step])) {
        if decision.within.is_some() {
            return;
        }
        if ends(arms.0) {
            self.learn(condition, Truth::Fails);
        } else if ends(arms.1) {
            self.learn(condition, Truth::Holds);
        }
    }

    fn arm(&mut self, arm: Option<&ast::Arm>, (condition, truth): (&Expr, Truth), frame: &mut Frame<'_>) -> Vec<Step> {
        let Some(arm) = arm else { return Vec::new() };
        let known = self.scope.known.clone();
        self.learn(condition, truth);
        let steps = self.arm_body(arm, frame);
        self.scope.known = known;
        steps
    }

    fn arm_body(&mut self, arm: &ast::Arm, frame: &mut Frame<'_>) -> Vec<Step> {
        match arm {
            ast::Arm::Block(block) => self.block(block, frame),
            ast::Arm::Step(step) => {
                let captures = self.scope.captures.len();
                let steps = vec![self.step(step, frame)];
                self.scope.captures.truncate(captures);
                steps
            }
        }
    }

    /// The rest of the red path: without its wait, or with what the wait still waits for.
    fn red_path(&mut self, arm: Option<&ast::Arm>, red: &RedWait<'_>, condition: &Expr, frame: &mut Frame<'_>) -> Vec<Step> {
        let mut steps = self.arm(arm, (condition, Truth::Fails), frame);
        if steps.is_empty() {
            return steps;
        }
        let first = steps.remove(0);
        if let (Some(_), StepKind::Wait { then_until: Some(until), .. }) = (red.then_until, first.kind) {
            let header: StepHeader = first.header;
            steps.insert(0, Step { header, kind: StepKind::WaitUntil(until) });
        }
        steps
    }

    pub(super) fn await_step(&mut self, arms: &[ast::AwaitArm], frame: &mut Frame<'_>) -> StepKind {
        let mut checked = Vec::new();
        let mut deadline: Option<(Expr, Vec<Step>)> = None;
        let mut first_after = None;
        for arm in arms {
            match arm {
                ast::AwaitArm::On { span, condition, capture, body } => {
                    let condition = self.condition(condition);
                    if let Some(negated) = negated_history(&condition) {
                        self.report(problems::waiting_for_nothing(negated));
                    }
                    let captures = self.scope.captures.len();
                    let capture = capture.as_ref().and_then(|name| self.await_capture(name, &condition, frame));
                    let known = self.scope.known.clone();
                    self.learn(&condition, Truth::Holds);
                    let body = self.block(body, frame);
                    self.scope.known = known;
                    self.scope.captures.truncate(captures);
                    checked.push(AwaitArm { condition, capture, body, span: *span });
                }
                ast::AwaitArm::After { span, length, body } => {
                    if let Some(first) = first_after.replace(*span) {
                        self.report(problems::line_twice(*span, first));
                        continue;
                    }
                    let length = self.length(length);
                    deadline = Some((length, self.block(body, frame)));
                }
                ast::AwaitArm::Error(_) => {}
            }
        }
        StepKind::Await { arms: checked, deadline }
    }

    fn await_capture(&mut self, name: &ast::Name, condition: &Expr, frame: &mut Frame<'_>) -> Option<AwaitCapture> {
        let event = match &condition.kind {
            ExprKind::History(history) if history.aggregate == Aggregate::Exists => match history.pattern {
                EventPattern::Custom(event) => Some(event),
                EventPattern::Visited(_) | EventPattern::Message { .. } => None,
            },
            ExprKind::Error => return None,
            _ => None,
        };
        if event.is_none() {
            self.report(problems::nothing_to_name(name.span, &name.text, condition.span));
            return None;
        }
        let slot = SlotId::from_index(frame.captures.len());
        frame.captures.push(CaptureDef { name: name.text.clone(), event });
        let kind = event.map_or(CaptureKind::Opaque, CaptureKind::Event);
        self.scope.captures.push(Capture { name: name.text.clone(), slot, kind, is_sure: true, span: name.span });
        Some(AwaitCapture { slot })
    }
}

/// The plain wait that an arm begins with.
fn red_wait(arm: &ast::Arm) -> Option<RedWait<'_>> {
    let first = match arm {
        ast::Arm::Step(step) => step.as_ref(),
        ast::Arm::Block(block) => crate::semantic::walk::steps_of(&block.items).into_iter().next()?,
    };
    match &first.kind {
        ast::StepKind::Wait { length, then_until } => Some(RedWait { step: first, length, then_until: then_until.as_ref() }),
        _ => None,
    }
}

/// Whether no path leads out behind these steps.
pub(crate) fn ends(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Stop(_) => true,
        StepKind::Decide { then_, else_, .. } => ends(then_) && ends(else_),
        StepKind::Do { body, .. } => ends(body),
        StepKind::Await { arms, deadline } => {
            !arms.is_empty() && arms.iter().all(|arm| ends(&arm.body)) && deadline.as_ref().is_none_or(|(_, body)| ends(body))
        }
        StepKind::Split(arms) => !arms.is_empty() && arms.iter().all(|arm| ends(&arm.body)),
        StepKind::Experiment { variants, .. } => !variants.is_empty() && variants.iter().all(|variant| ends(&variant.body)),
        StepKind::Parallel(branches) => branches.iter().any(|branch| ends(branch)),
        _ => false,
    })
}
