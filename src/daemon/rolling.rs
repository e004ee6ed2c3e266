//! The roll-over: after a deploy every contact comes under the running program, some with each batch, and whoever is touched before that
//! first. How far it is stands on each contact; the rest is here to find the others without looking through all of them.

use super::api::RollOver;
use crate::advance::Bringing;
use crate::machine::Linked;
use crate::machine::state::{Aside, AsideKind, ContactState, ContactUid, EnrollmentUid};
use crate::store::StoreError;
use std::collections::BTreeSet;

/// Contacts that are brought under a new program with one batch.
pub(crate) const SLICE: usize = 256;
/// Where `meta` keeps how far the roll-over is.
pub(crate) const ROLL_OVER: &str = "roll_over";

/// A roll-over, under way or done.
#[derive(Debug, Default)]
pub(crate) struct Rolling {
    /// Who is still to be brought, the next one last.
    queue: Vec<ContactUid>,
    pub bringing: Bringing,
    pub progress: RollOver,
    /// The deployments whose code enrollments follow that were put aside.
    pub needed: BTreeSet<u32>,
    /// The engine is closing: the rest comes at the next start.
    pub is_stopped: bool,
}

impl Rolling {
    /// A roll-over of contacts, in this order.
    pub fn new(mut contacts: Vec<ContactUid>, bringing: Bringing, progress: RollOver) -> Rolling {
        contacts.reverse();
        Rolling { queue: contacts, bringing, progress, needed: BTreeSet::new(), is_stopped: false }
    }
    /// Whether something is to be done now.
    pub fn is_under_way(&self) -> bool {
        !self.is_stopped && self.progress.finished.is_none() && !self.bringing.is_resting && self.progress.seq > 0
    }
    /// The next contacts; they are taken off.
    pub fn take(&mut self) -> Vec<ContactUid> {
        if !self.is_under_way() {
            return Vec::new();
        }
        let rest = self.queue.len().saturating_sub(SLICE);
        let mut slice = self.queue.split_off(rest);
        slice.reverse();
        slice
    }
    /// Who is still to be brought.
    pub fn left(&self) -> usize {
        self.queue.len()
    }
    /// One that could not be brought for want of the store comes again.
    pub fn put_back(&mut self, contact: ContactUid) {
        self.queue.push(contact);
    }
    /// Whether all that were to be brought have been.
    pub fn is_through(&self) -> bool {
        self.is_under_way() && self.queue.is_empty()
    }
}

/// What bringing contacts has come to, in one batch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Brought {
    pub contacts: u64,
    pub moved: u64,
    pub ended: u64,
    pub finishing: u64,
    pub stranded: u64,
}

impl Brought {
    /// Counts a contact that has just been brought; before it had these enrollments.
    pub fn count(&mut self, before: &[EnrollmentUid], after: &ContactState) {
        let rests = |(_, aside): (&EnrollmentUid, &Aside)| aside.kind == AsideKind::Resting;
        self.contacts += u64::from(!after.asides.iter().any(rests));
        for uid in before {
            let number = match (after.enrollments.iter().any(|known| known.uid == *uid), after.aside(*uid).map(|aside| &aside.kind)) {
                (false, _) => &mut self.ended,
                (true, None) => &mut self.moved,
                (true, Some(AsideKind::Finishing)) => &mut self.finishing,
                (true, Some(AsideKind::Stranded(_))) => &mut self.stranded,
                (true, Some(AsideKind::Resting)) => continue,
            };
            *number += 1;
        }
    }
    /// How far the roll-over is with this.
    pub fn add_to(&self, progress: &RollOver) -> RollOver {
        RollOver {
            contacts: progress.contacts + self.contacts,
            moved: progress.moved + self.moved,
            ended: progress.ended + self.ended,
            finishing: progress.finishing + self.finishing,
            stranded: progress.stranded + self.stranded,
            ..progress.clone()
        }
    }
}

/// Where a roll-over is, as the store keeps it.
pub(crate) fn encode_progress(progress: &RollOver) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(progress).map_err(|error| StoreError::Other(Box::new(error)))
}

/// The same, read.
pub(crate) fn decode_progress(bytes: &[u8]) -> Result<RollOver, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Damaged(format!("how far the roll-over is: {error}")))
}

/// The deployments whose code the enrollments of a contact follow, besides the running one.
pub(crate) fn needed_by<'s>(state: &'s ContactState, linked: &Linked) -> impl Iterator<Item = u32> + 's {
    let own = (state.deployment != linked.deployment.seq && !state.enrollments.is_empty()).then_some(state.deployment);
    state.asides.iter().map(|(_, aside)| aside.deployment).chain(own)
}
