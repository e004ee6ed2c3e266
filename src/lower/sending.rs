//! Rules of sending: the project's policy, and what a campaign's header says of its messages. `reach` stands here too.

use super::context::Lowering;
use crate::bytecode::{Assembler, CappedDef, LimitDef, PolicyDef, SendingRules, ThrottleDef};
use crate::semantic::hir;

impl Lowering<'_> {
    pub(super) fn policy(&mut self) {
        let policy = &self.project.policy;
        self.builder.program.policy = PolicyDef {
            quiet_hours: policy.quiet_hours.clone(),
            limits: policy.limits.iter().map(limit).collect(),
            throttles: policy.throttles.iter().map(throttle).collect(),
        };
    }

    pub(super) fn sending(&mut self, campaign: &hir::Campaign) -> SendingRules {
        SendingRules {
            limits: campaign.limits.iter().map(limit).collect(),
            capped: campaign
                .capped
                .as_ref()
                .map(|capped| CappedDef { is_waiting: capped.is_waiting, up_to: capped.up_to.as_ref().map(|length| self.block(length)) }),
            throttle: campaign.throttle.as_ref().map(throttle),
            holdout: campaign.holdout,
            priority: campaign.priority.map_or(0, thousandths),
        }
    }

    /// The arms are tried one after the other; the first that finds a way to the contact is the last.
    pub(super) fn reach(&mut self, code: &mut Assembler, arms: &[hir::Step]) {
        let end = code.label();
        for arm in arms {
            self.step(code, arm);
            code.reached_jump(end);
        }
        code.bind(end);
    }
}

fn limit(limit: &hir::Limit) -> LimitDef {
    LimitDef { count: limit.count, what: limit.what, per: limit.per, is_waiting: limit.is_waiting }
}

fn throttle(throttle: &hir::Throttle) -> ThrottleDef {
    ThrottleDef { count: throttle.pace.count, per: throttle.pace.per, is_doubling: throttle.is_doubling }
}

/// A priority is compared and nothing else: three places behind the point are plenty.
fn thousandths(priority: f64) -> i64 {
    let text = format!("{:.0}", priority * 1_000.0);
    text.parse().unwrap_or(if priority > 0.0 { i64::MAX } else { i64::MIN })
}
