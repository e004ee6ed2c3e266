//! The operator's switches: a campaign pauses or goes on, and everybody inside looks at what that means for them.
//!
//! The switch itself is one write. Those inside follow in batches, and a batch can fail, or the process end between two: what was thrown
//! is kept in the store until the last of them has followed, and the next process goes on with it.

use super::api::EngineError;
use super::batcher::Batcher;
use super::units::Unit;
use crate::advance::Switching;
use crate::bytecode::CampaignId;
use crate::machine::Linked;
use crate::machine::state::StableId;
use crate::proof::{Point, reach};
use crate::store::StoreError;

/// Where the store keeps the switches that not everybody has followed yet.
pub(crate) const THROWN: &str = "switches_thrown";

/// A switch that was thrown.
pub(crate) type Thrown = (StableId, Switching);

/// The form in which switches are kept.
fn encode_thrown(thrown: &[Thrown]) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(thrown).map_err(|error| StoreError::Other(Box::new(error)))
}

/// The switches that a store keeps.
pub(crate) fn decode_thrown(bytes: &[u8]) -> Result<Vec<Thrown>, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Damaged(format!("the switches that were thrown last: {error}")))
}

fn campaign_of(linked: &Linked, id: StableId) -> Option<CampaignId> {
    linked.deployment.campaigns.iter().position(|known| *known == id).map(CampaignId::from_index)
}

impl Batcher {
    /// Pauses or resumes a campaign; everybody inside looks at what is due, and on resume those who would have come in meanwhile.
    pub(super) fn switch(&mut self, campaign: &str, switching: Switching) -> Result<(), EngineError> {
        let linked = self.shared.linked().ok_or(EngineError::NothingDeployed)?;
        let index = linked.program.campaigns.iter().position(|def| def.name.as_ref() == campaign);
        let id = index.and_then(|index| linked.deployment.campaigns.get(index).copied());
        let id = id.ok_or_else(|| EngineError::Unknown(format!("there is no campaign \"{campaign}\"")))?;
        let mut switches = self.shared.read().switches.clone();
        if switching == Switching::Paused {
            switches.paused.insert(id);
        } else {
            switches.paused.remove(&id);
        }
        reach(Point::SwitchBegun);
        let mut thrown = self.thrown.clone();
        thrown.push((id, switching));
        self.store.set_meta(&[(THROWN, &encode_thrown(&thrown)?)])?;
        self.thrown = thrown;
        self.store.set_switches(&switches)?;
        reach(Point::SwitchWritten);
        self.shared.write().switches = switches;
        if switching != Switching::Paused {
            self.desk.resume(id);
        }
        self.follow(&linked, (id, switching));
        self.land();
        self.look_at_switching();
        reach(Point::SwitchDone);
        Ok(())
    }

    /// Has everybody inside a campaign look at a switch.
    fn follow(&mut self, linked: &Linked, (id, switching): Thrown) {
        let Some(campaign) = campaign_of(linked, id) else { return };
        let concerned = self.shared.read().inside(id);
        for chunk in concerned.chunks(1_000) {
            let units: Vec<Unit> = chunk.iter().map(|uid| Unit::Switch(*uid, campaign, switching)).collect();
            self.run_units(units, Vec::new());
        }
    }

    /// Goes on with what the former process has thrown; whoever has followed then finds nothing to do.
    pub(super) fn finish_switching(&mut self) {
        let Some(linked) = self.shared.linked() else { return };
        for (id, switching) in self.thrown.clone() {
            let is_paused = self.shared.read().switches.paused.contains(&id);
            // The process may have ended before the switch itself was written.
            if is_paused == (switching == Switching::Paused) {
                self.follow(&linked, (id, switching));
            }
        }
        self.land();
        self.look_at_switching();
    }

    /// Everybody has followed: nothing is left to go on with.
    pub(super) fn look_at_switching(&mut self) {
        let is_left = || self.flight.is_some() || self.waiting.again.iter().any(|unit| matches!(unit, Unit::Switch(..)));
        if self.thrown.is_empty() || is_left() || self.failed().is_some() {
            return;
        }
        match encode_thrown(&[]).and_then(|none| self.store.set_meta(&[(THROWN, &none)])) {
            Ok(()) => self.thrown.clear(),
            Err(error) => tracing::error!(%error, "that all have followed the last switch could not be written"),
        }
    }
}
