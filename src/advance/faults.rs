//! Faults: an enrollment that the machine breaks on stands still, on the record, and everybody else goes on. The operator lets it go on
//! from where it stood, once the program is mended, or ends it.

use super::context::{Context, Line};
use super::gather::first_line;
use super::outcome::{FaultNote, What};
use crate::bytecode::CampaignDef;
use crate::machine::state::{EnrollmentUid, StandingKind, StepUid};
use crate::machine::{Entry, Evaluator, Fault};
use std::sync::Arc;

/// What the operator does with an enrollment that stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reviving {
    /// It goes on from where it stood, on the program it is in; what it waited for is asked anew.
    GoOn,
    /// It ends.
    End,
}

impl Context<'_> {
    /// The machine broke on a line: it stands still with all it waited for.
    pub fn fault(&mut self, line: Line, fault: Fault) {
        let Some(standing) = self.thread_mut(line).map(|thread| &mut thread.standing) else { return };
        let was = std::mem::replace(&mut standing.kind, StandingKind::Running);
        standing.kind = StandingKind::Faulted { was: Box::new(was) };
        let step = self.at_step.filter(|step| *step != StepUid(0));
        self.note(line.enrollment, step, What::Faulted, fault.describe());
        let campaign = self.enrollment(line.enrollment).map(|enrollment| enrollment.campaign);
        let cause = self.cause.input.clone();
        self.out.faults.push(FaultNote { enrollment: line.enrollment, campaign, step, cause, error: Arc::from(fault.describe()) });
    }

    /// The operator's word on an enrollment that stands still: it is faulted, or a deploy had no place for it.
    pub fn revive(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, how: Reviving) {
        let faulted: Vec<Line> = self.lines(uid).into_iter().filter(|line| self.is_faulted(*line)).collect();
        if faulted.is_empty() {
            return self.settle_aside(uid, how);
        }
        if how == Reviving::End {
            return self.end(uid, What::Stopped, Arc::from("dropped by the operator"));
        }
        for line in faulted {
            self.go_on_from_fault(evaluator, line);
        }
    }

    fn is_faulted(&self, line: Line) -> bool {
        self.thread(line).is_some_and(|thread| matches!(thread.standing.kind, StandingKind::Faulted { .. }))
    }

    fn go_on_from_fault(&mut self, evaluator: &mut Evaluator, line: Line) {
        let Some(standing) = self.thread_mut(line).map(|thread| &mut thread.standing) else { return };
        if let StandingKind::Faulted { was } = std::mem::replace(&mut standing.kind, StandingKind::Running) {
            standing.kind = *was;
        }
        // Time and conditions that have come meanwhile are looked at as on every other line.
        self.is_forced = true;
        let has_begun = standing_has_place(self, line);
        let entry = self.campaign_of(line.enrollment).map(|(_, def): (_, &CampaignDef)| def.entry.index());
        if let Some(pc) = entry.filter(|_| !has_begun && line == first_line(line.enrollment)) {
            self.go_on(evaluator, line, &Entry { pc, ..Entry::default() });
        }
    }
}

fn standing_has_place(context: &Context<'_>, line: Line) -> bool {
    context.standing(line).is_some_and(|standing| context.place_pc((standing.step, standing.ordinal)).is_some())
}
