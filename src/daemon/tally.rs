//! Numbers over people: what campaigns count, of those who are here and of those who were erased, of whom nothing but the numbers is kept.

use crate::machine::state::{ContactState, StableId};
use crate::store::StoreError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where `meta` keeps the numbers of those who were erased.
pub(crate) const ERASED: &str = "erased";

/// What one campaign counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count {
    /// Enrollments that began.
    pub entered: u64,
    /// Of them those that only are measured.
    pub held_out: u64,
    /// By the goal's key: enrollments that have reached it.
    pub goals: BTreeMap<Arc<str>, u64>,
    /// Of them those that only are measured.
    pub goals_held_out: BTreeMap<Arc<str>, u64>,
}

/// What all campaigns count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    campaigns: BTreeMap<StableId, Count>,
}

impl Tally {
    /// Adds what a contact has done.
    pub fn add(&mut self, state: &ContactState) {
        for (campaign, past) in state.past.iter() {
            let count = self.campaigns.entry(*campaign).or_default();
            count.entered += u64::from(past.entries);
            count.held_out += u64::from(past.held_out.entries);
            for (goal, times) in past.goals.iter() {
                *count.goals.entry(goal.clone()).or_default() += u64::from(*times);
            }
            for (goal, times) in past.held_out.goals.iter() {
                *count.goals_held_out.entry(goal.clone()).or_default() += u64::from(*times);
            }
        }
    }
    /// Adds what others have done.
    pub fn add_all(&mut self, other: &Tally) {
        for (campaign, counted) in &other.campaigns {
            let count = self.campaigns.entry(*campaign).or_default();
            count.entered += counted.entered;
            count.held_out += counted.held_out;
            counted.goals.iter().for_each(|(goal, times)| *count.goals.entry(goal.clone()).or_default() += times);
            counted.goals_held_out.iter().for_each(|(goal, times)| *count.goals_held_out.entry(goal.clone()).or_default() += times);
        }
    }
    /// What a campaign counts.
    pub fn of(&self, campaign: StableId) -> Count {
        self.campaigns.get(&campaign).cloned().unwrap_or_default()
    }
    /// The bytes for `meta`.
    pub fn encode(&self) -> Result<Vec<u8>, StoreError> {
        Ok(postcard::to_stdvec(self)?)
    }
    /// Reads them.
    pub fn decode(bytes: &[u8]) -> Result<Tally, StoreError> {
        Ok(postcard::from_bytes(bytes)?)
    }
}
