//! Where code can go on behind an operation: for those who ask what may still come.

use super::table::Flow;
use super::{Pc, Program};

impl Program {
    /// The operations that may come next behind `pc`, whatever is decided there; none at an end.
    #[must_use]
    pub fn behind(&self, pc: Pc) -> Vec<Pc> {
        let next = Pc(pc.0.saturating_add(1));
        let Some(op) = self.code.get(pc.index()) else { return Vec::new() };
        match op.flow() {
            Flow::Next => vec![next],
            Flow::Jump(target) => vec![target],
            Flow::Branch(target, _) => vec![next, target],
            Flow::Listen(listen) => {
                let listen = self.listens.get(listen.index());
                listen.map(|known| known.arms.iter().map(|arm| arm.target).chain(known.deadline.map(|(_, target)| target)).collect()).unwrap_or_default()
            }
            Flow::Arms(arms) => self.arms.get(arms.index()).map(|arms| arms.targets.clone()).unwrap_or_default(),
            Flow::Timeline(timeline) => {
                let timeline = self.timelines.get(timeline.index());
                timeline.map(|known| known.arms.iter().map(|arm| arm.target).chain([known.end]).collect()).unwrap_or_default()
            }
            Flow::Return | Flow::End => Vec::new(),
        }
    }
}
