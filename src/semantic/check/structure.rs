//! `timeline`, `split`, `experiment`, `repeat`.

use super::campaign::Frame;
use super::{Checker, literals, problems};
use crate::base::Span;
use crate::lang::{Duration, Type};
use crate::semantic::hir::{Expr, Share, SplitArm, Step, StepKind, TimelineArm, Variant, WinnerMeasure};
use crate::syntax::ast;

/// Shares are written by hand: a rounding of the last digit is no fault.
const SHARE_TOLERANCE: f64 = 1e-9;

impl Checker<'_, '_> {
    pub(super) fn timeline(&mut self, timeline: &ast::Timeline, frame: &mut Frame<'_>) -> Option<StepKind> {
        let anchor = self.date_value(&timeline.anchor);
        let mut arms = Vec::new();
        for arm in &timeline.arms {
            let ast::TimelineArm::At { span, offset, at, body } = arm else { continue };
            let (shift, is_before) = match offset {
                Some(offset) => (self.fixed_length(&offset.length), offset.side == ast::Side::Before),
                None => (Duration::ZERO, false),
            };
            let body = self.block(body, frame);
            arms.push(TimelineArm { shift, is_before, is_on_the_day: offset.is_none(), at: at.map(literals::time), body, span: *span });
        }
        Some(StepKind::Timeline { anchor: anchor?, is_again_when_moved: timeline.again_when_moved.is_some(), arms })
    }

    pub(super) fn split(&mut self, arms: &[ast::SplitArm], span: Span, frame: &mut Frame<'_>) -> StepKind {
        let mut total = 0.0;
        let mut other: Option<Span> = None;
        let mut checked = Vec::new();
        for arm in arms {
            let share = match &arm.share {
                Some(share) => {
                    let part = self.share(share);
                    total += part;
                    Share::Part(part)
                }
                None => {
                    if let Some(first) = other.replace(arm.span) {
                        self.report(problems::line_twice(arm.span, first));
                    }
                    Share::Else
                }
            };
            let label = arm.label.as_ref().map(|label| label.text.clone());
            let body = self.block(&arm.body, frame);
            checked.push(SplitArm { share, label, body, span: arm.span });
        }
        let is_over = total > 1.0 + SHARE_TOLERANCE;
        let is_short = other.is_none() && total < 1.0 - SHARE_TOLERANCE;
        if is_over || is_short {
            self.report(problems::shares(first_word(span, "split"), total * 100.0));
        }
        StepKind::Split(checked)
    }

    pub(super) fn experiment(&mut self, experiment: &ast::Experiment, span: Span, frame: &mut Frame<'_>) -> StepKind {
        let mut variants: Vec<Variant> = Vec::new();
        let mut total = 0.0;
        for variant in &experiment.variants {
            let share = variant.share.as_ref().map(|share| self.share(share));
            total += share.unwrap_or(0.0);
            if let Some(first) = variants.iter().find(|known| known.name == variant.name.text).map(|known| known.span) {
                let finding = crate::semantic::resolve::problems::declared_twice("variant", &variant.name.text, variant.name.span, first);
                self.report(finding);
            }
            let body = self.block(&variant.body, frame);
            variants.push(Variant { name: variant.name.text.clone(), share, body, span: variant.span });
        }
        if total > 1.0 + SHARE_TOLERANCE {
            self.report(problems::shares(first_word(span, "experiment"), total * 100.0));
        }
        let with = variants.iter().find(|variant| variant.share.is_some()).map(|variant| variant.span);
        if let (Some(with), Some(without)) = (with, variants.iter().find(|variant| variant.share.is_none()).map(|variant| variant.span)) {
            self.report(problems::some_shares(first_word(without, "variant"), first_word(with, "variant")));
        }
        let Some(winner) = &experiment.winner else {
            self.report(problems::no_winner(first_word(span, "experiment")));
            return StepKind::Error;
        };
        let measure = self.measure(winner, frame);
        let after = self.length(&winner.after);
        if matches!(measure, WinnerMeasure::Opened | WinnerMeasure::Clicked) && !variants.iter().any(|variant| sends(&variant.body)) {
            self.report(problems::nothing_to_open(winner.measure.span, &winner.measure.text));
        }
        StepKind::Experiment { variants, measure, after }
    }

    fn measure(&mut self, winner: &ast::Winner, frame: &Frame<'_>) -> WinnerMeasure {
        match (winner.measure.text.as_ref(), &winner.goal) {
            ("opened", None) => WinnerMeasure::Opened,
            ("clicked", None) => WinnerMeasure::Clicked,
            ("goal", None) => match frame.goals {
                [_] => WinnerMeasure::Goal(0),
                [] => {
                    self.report(problems::no_goal(winner.measure.span));
                    WinnerMeasure::Error
                }
                [first, ..] => {
                    self.report(problems::which_goal(winner.measure.span, first.span));
                    WinnerMeasure::Error
                }
            },
            ("goal", Some(name)) => match frame.goals.iter().position(|goal| goal.name.as_ref() == Some(&name.value)) {
                Some(at) => WinnerMeasure::Goal(at),
                None => {
                    let known: Vec<&str> = frame.goals.iter().filter_map(|goal| goal.name.as_deref()).collect();
                    self.report(problems::unknown_goal(name.span, &name.value, known.into_iter()));
                    WinnerMeasure::Error
                }
            },
            _ => {
                self.report(problems::unknown_measure(winner.measure.span, &winner.measure.text));
                WinnerMeasure::Error
            }
        }
    }

    pub(super) fn repeat(&mut self, repeat: &ast::Repeat, frame: &mut Frame<'_>) -> StepKind {
        let times: Expr = self.typed(&repeat.times, &Type::Number, "a number");
        let every = repeat.every.as_ref().map(|length| self.length(length));
        let until = repeat.until.as_ref().map(|condition| self.condition(condition));
        let body = self.block(&repeat.body, frame);
        StepKind::Repeat { times, every, until, body }
    }
}

/// Whether a message is sent somewhere in these steps. Sequences that are not expanded yet may send.
fn sends(steps: &[Step]) -> bool {
    steps.iter().any(|step| {
        let is_send = matches!(step.kind, StepKind::Send { .. } | StepKind::Reach(_) | StepKind::Error);
        is_send || crate::semantic::flow::bodies(step).into_iter().any(sends)
    })
}

/// The first word of a step: a label on the whole block would hide the block.
fn first_word(span: Span, word: &str) -> Span {
    Span { end: span.end.min(span.start.saturating_add(u32::try_from(word.len()).unwrap_or(0))), ..span }
}
