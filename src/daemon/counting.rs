//! What is counted over everybody: who is inside, who stands where, who was put aside, what campaigns count, who is in which segment.
//!
//! Counts are remembered page by page of what is held in memory. Asked again, only the pages are opened on which something has changed,
//! and nobody who commits waits for that. Each page is counted as it stands at its own moment.

use super::asides::Asides;
use super::shared::Shared;
use super::tally::Tally;
use crate::machine::state::{ContactState, StableId, StepUid};
use crate::store::PackedState;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    /// Enrollments by campaign.
    pub inside: BTreeMap<StableId, u64>,
    /// Lines by the step they stand at.
    pub here: BTreeMap<StepUid, u64>,
    /// Enrollments that deploys have put aside.
    pub asides: Asides,
    /// What campaigns count.
    pub tally: Tally,
    /// Members by segment.
    pub members: BTreeMap<StableId, u64>,
}

impl Counted {
    fn add(&mut self, state: &ContactState) {
        for enrollment in &state.enrollments {
            *self.inside.entry(enrollment.campaign).or_default() += 1;
            for thread in &enrollment.threads {
                *self.here.entry(thread.standing.step).or_default() += 1;
            }
        }
        for (segment, _) in state.segments.iter() {
            *self.members.entry(*segment).or_default() += 1;
        }
        self.asides.add(state);
        self.tally.add(state);
    }
    fn add_all(&mut self, other: &Counted) {
        other.inside.iter().for_each(|(campaign, number)| *self.inside.entry(*campaign).or_default() += number);
        other.here.iter().for_each(|(step, number)| *self.here.entry(*step).or_default() += number);
        other.members.iter().for_each(|(segment, number)| *self.members.entry(*segment).or_default() += number);
        self.asides.add_all(&other.asides);
        self.tally.add_all(&other.tally);
    }
    /// Enrollments of all campaigns, those included that the running program does not have any more.
    pub fn all_inside(&self) -> u64 {
        self.inside.values().sum()
    }
}

/// The counts of each page, and of which of its states they are.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    pages: Vec<(u64, Counted)>,
}

/// Counts everybody.
pub(crate) fn counted(shared: &Shared) -> Counted {
    let mut counting = shared.counting.lock().unwrap_or_else(PoisonError::into_inner);
    let mut all = Counted::default();
    let mut page = 0;
    while let Some((version, changed)) = look(shared, &counting, page) {
        if let Some(states) = changed {
            let mut counts = Counted::default();
            // A state that is damaged is set aside when it is loaded.
            states.iter().filter_map(|packed| packed.open().ok()).for_each(|state| counts.add(&state));
            match counting.pages.get_mut(page) {
                Some(known) => *known = (version, counts),
                None => counting.pages.push((version, counts)),
            }
        }
        if let Some((_, counts)) = counting.pages.get(page) {
            all.add_all(counts);
        }
        page += 1;
    }
    all.tally.add_all(&shared.read().erased);
    all
}

/// Which of its states a page has, and these if they are not counted yet; none where there is no such page.
fn look(shared: &Shared, counting: &Counting, page: usize) -> Option<(u64, Option<Vec<PackedState>>)> {
    let resident = shared.read();
    let version = resident.people.version(page)?;
    let is_known = counting.pages.get(page).is_some_and(|(known, _)| *known == version);
    Some((version, (!is_known).then(|| resident.people.on_page(page).cloned().collect())))
}
