//! Release: those whom a deploy makes due at once go on one after the other, in the order of their new times, at a pace.
//!
//! Where each one's turn is follows from a ladder of times that is made before the switch. It is the same whenever he is moved, so a
//! roll-over that was cut short gives the same turns.

use super::state::StableId;
use crate::lang::Instant;
use serde::{Deserialize, Serialize};

/// Rungs of a ladder, at the most.
const RUNGS: usize = 1_024;
/// Nobody waits longer for his turn.
const LONGEST_US: u64 = 7 * 86_400_000_000;
/// The whole of a share, in the numbers in which shares are counted.
const WHOLE: u64 = 1_000_000;

/// The turns of those who become due at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The switch: what was due by then has its turn from then on.
    from: Instant,
    /// From one turn to the next, in microseconds.
    every_us: u64,
    /// The campaigns it is for.
    campaigns: Vec<StableId>,
    /// New times, and how many are due before each.
    ladder: Vec<(Instant, u64)>,
    /// How many there are.
    total: u64,
    /// Whether every time has a rung of its own.
    is_exact: bool,
}

impl Release {
    /// The turns of contacts of these campaigns with these new times, so many an hour; faster where that took more than seven days.
    #[must_use]
    pub fn new(from: Instant, per_hour: u32, (campaigns, mut dues): (Vec<StableId>, Vec<Instant>)) -> Release {
        dues.sort_unstable();
        let mut ladder: Vec<(Instant, u64)> = Vec::new();
        for (due, rank) in dues.iter().zip(0_u64..) {
            if ladder.last().is_none_or(|(known, _)| known != due) {
                ladder.push((*due, rank));
            }
        }
        let is_exact = ladder.len() <= RUNGS;
        let stride = ladder.len().div_ceil(RUNGS).max(1);
        let total = u64::try_from(dues.len()).unwrap_or(u64::MAX);
        let every_us = (3_600_000_000 / u64::from(per_hour.max(1))).min(LONGEST_US / total.max(1));
        Release { from, every_us, campaigns, ladder: ladder.into_iter().step_by(stride).collect(), total, is_exact }
    }
    /// Whether those of a campaign wait for their turn.
    #[must_use]
    pub fn is_for(&self, campaign: StableId) -> bool {
        self.campaigns.contains(&campaign)
    }
    /// When the switch was.
    #[must_use]
    pub fn from(&self) -> Instant {
        self.from
    }
    /// The turn of one with that new time; `lot` orders those of one time.
    #[must_use]
    pub fn turn(&self, due: Instant, lot: u64) -> Instant {
        let behind = self.ladder.partition_point(|(known, _)| *known <= due);
        let Some((start, rank)) = behind.checked_sub(1).and_then(|at| self.ladder.get(at)).copied() else { return self.from };
        let (end, next) = self.ladder.get(behind).copied().unwrap_or((self.from, self.total));
        let share = if self.is_exact { lot % WHOLE } else { share_of(due.millis_since(start), end.millis_since(start)) };
        let place = u128::from(rank) * u128::from(WHOLE) + u128::from(share) * u128::from(next.saturating_sub(rank));
        let later_us = place * u128::from(self.every_us) / u128::from(WHOLE);
        self.from.plus_millis(i64::try_from(later_us / 1_000).unwrap_or(i64::MAX))
    }
}

fn share_of(part_ms: i64, all_ms: i64) -> u64 {
    let (part, all) = (u64::try_from(part_ms).unwrap_or(0), u64::try_from(all_ms).unwrap_or(0));
    part.min(all).saturating_mul(WHOLE).checked_div(all).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Release;
    use crate::lang::Instant;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn turns_come_in_the_order_of_the_new_times_evenly() {
        let dues: Vec<Instant> = (0..100).map(|number| Instant(number * 1_000)).collect();
        let release = Release::new(Instant(200_000), 50, (vec![7], dues.clone()));
        let turns: Vec<i64> = dues.iter().map(|due| release.turn(*due, 0).0 - 200_000).collect();
        assert_eq!((turns[0], turns[1], turns[50], turns[99]), (0, HOUR / 50, HOUR, 99 * HOUR / 50));
        assert!(turns.is_sorted());
        assert!(release.is_for(7) && !release.is_for(8));
    }

    #[test]
    fn nobody_waits_longer_than_seven_days_and_large_ladders_keep_the_order() {
        let dues: Vec<Instant> = (0..100_000).map(|number| Instant(number * 10)).collect();
        let release = Release::new(Instant(1_000_000), 1, (vec![7], dues.clone()));
        let turns: Vec<Instant> = dues.iter().map(|due| release.turn(*due, 0)).collect();
        assert!(turns.is_sorted());
        assert!(turns[99_999].millis_since(Instant(1_000_000)) <= 7 * 24 * HOUR);
        let middle = turns[50_000].millis_since(Instant(1_000_000));
        assert!((middle - 84 * HOUR).abs() < HOUR, "half of them in half of the time: {middle}");
    }

    #[test]
    fn those_of_one_time_share_its_turns_by_lot() {
        let release = Release::new(Instant(1_000), 1_000, (vec![7], vec![Instant(5); 1_000]));
        assert_eq!(release.turn(Instant(5), 0), Instant(1_000));
        assert_eq!(release.turn(Instant(5), 500_000), Instant(1_000 + HOUR / 2));
    }
}
