//! Points that decay: a share goes in a rhythm that begins when there are points, and ends when there are none.

use super::context::Context;
use super::outcome::What;
use crate::bytecode::{DecayDef, GroupId};
use crate::lang::{Duration, Instant, Value, add_duration};
use crate::machine::state::{Fade, StableId};
use crate::machine::{Evaluator, stable};
use std::sync::Arc;

/// What is left of points below this is nothing.
const LEAST_POINTS: f64 = 0.01;

impl Context<'_> {
    /// The points of a group have changed: a rhythm begins with the first and ends with the last of them.
    pub fn follow_points(&mut self, group: GroupId, (old, new): (f64, f64)) {
        let id = stable(&self.linked.deployment.groups, group.index());
        if new == 0.0 {
            self.state.fades.retain(|(known, _), _| *known != id);
        } else if old == 0.0 {
            self.begin_fades(group, id);
        }
    }

    fn begin_fades(&mut self, group: GroupId, id: StableId) {
        let decays: &[DecayDef] = self.linked.program.groups.get(group.index()).map_or(&[], |def| def.decays.as_slice());
        for (line, decay) in decays.iter().enumerate() {
            let line = u32::try_from(line).unwrap_or(u32::MAX);
            if decay.share > 0.0 && !self.state.fades.contains(&(id, line)) {
                let due = self.fade_due(self.now, decay.per, 1);
                self.state.fades.insert((id, line), Fade { since: self.now, passes: 0, due });
            }
        }
    }

    /// The `passes`-th end of a rhythm: counted from its beginning, so that months do not drift.
    fn fade_due(&self, since: Instant, per: Duration, passes: u32) -> Instant {
        let whole = Duration {
            months: per.months.saturating_mul(passes),
            days: per.days.saturating_mul(passes),
            business_days: per.business_days.saturating_mul(passes),
            millis: per.millis.saturating_mul(u64::from(passes)),
        };
        add_duration(since, whole, &self.zone, &self.linked.holidays)
    }

    /// A share goes.
    pub fn fade(&mut self, evaluator: &mut Evaluator, line: (StableId, u32), at: Instant) {
        let Some((group, decay)) = self.decay_of(line) else {
            self.state.fades.remove(&line);
            return;
        };
        let Some(mut fade) = self.state.fades.get(&line).copied() else { return };
        fade.passes = fade.passes.saturating_add(1);
        fade.due = self.fade_due(fade.since, decay.per, fade.passes.saturating_add(1));
        if fade.due <= at {
            // The line has another length since a deploy: the rhythm begins anew.
            fade = Fade { since: at, passes: 0, due: self.fade_due(at, decay.per, 1).max(at.plus_millis(1)) };
        }
        self.state.fades.insert(line, fade);
        let old = self.state.points.get(&line.0).copied().unwrap_or(0.0);
        let left = old * (1.0 - decay.share);
        let left = if left.abs() < LEAST_POINTS { 0.0 } else { left };
        self.set_cause(Arc::from("decay"));
        let mut changes = Vec::new();
        self.set_points_fact(group, left, &mut changes);
        if let Some(change) = changes.first() {
            let why = format!("{} {} → {}", change.name, Value::Number(old), Value::Number(left));
            self.note_contact(What::Changed, why);
        }
        self.after_changes(evaluator, changes);
    }

    fn decay_of(&self, (group, line): (StableId, u32)) -> Option<(GroupId, DecayDef)> {
        let index = self.linked.deployment.groups.iter().position(|known| *known == group)?;
        let def = self.linked.program.groups.get(index)?;
        let decay = def.decays.get(usize::try_from(line).ok()?)?;
        Some((GroupId::from_index(index), decay.clone()))
    }

    /// Under a new program: lines that are gone stop, lines that are new begin now.
    pub fn recompute_fades(&mut self) {
        let gone: Vec<(StableId, u32)> = self.state.fades.iter().map(|(line, _)| *line).filter(|line| self.decay_of(*line).is_none()).collect();
        for line in gone {
            self.state.fades.remove(&line);
        }
        for index in 0..self.linked.program.groups.len() {
            let id = stable(&self.linked.deployment.groups, index);
            if self.state.points.get(&id).is_some_and(|points| *points != 0.0) {
                self.begin_fades(GroupId::from_index(index), id);
            }
        }
    }
}
