//! `--coverage`: the steps and branches of each campaign that no test reaches.

use super::run::{Places, Spot};
use crate::sim::{CampaignCoverage, Place};

/// How many of how many.
#[derive(Clone, Copy, Debug, Default)]
pub struct Share {
    /// How many a test reaches.
    pub reached: usize,
    /// Of how many.
    pub total: usize,
}

impl Share {
    /// In whole percent, rounded down so that 100 means all of them; none where there is nothing to reach.
    #[must_use]
    pub fn percent(self) -> Option<usize> {
        (self.reached * 100).checked_div(self.total)
    }
}

impl std::iter::Sum for Share {
    fn sum<I: Iterator<Item = Share>>(shares: I) -> Share {
        shares.fold(Share::default(), |sum, share| Share { reached: sum.reached + share.reached, total: sum.total + share.total })
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.percent() {
            None => f.write_str("–"),
            Some(percent) => write!(f, "{percent} % ({} of {})", self.reached, self.total),
        }
    }
}

/// A step or branch that no test reaches.
#[derive(Clone, Debug)]
pub struct Missing {
    /// `step` or `branch`.
    pub kind: &'static str,
    /// Its identity.
    pub name: String,
    /// Where it stands.
    pub spot: Spot,
}

/// What of a campaign the tests reach.
#[derive(Clone, Debug)]
pub struct Covered {
    /// Its name.
    pub campaign: String,
    /// Where it stands.
    pub spot: Spot,
    /// Of its steps.
    pub steps: Share,
    /// Of the ways its decisions can go.
    pub branches: Share,
    /// The rest, by place.
    pub missing: Vec<Missing>,
}

impl Covered {
    /// Of one campaign.
    #[must_use]
    pub fn new(coverage: &CampaignCoverage, places: &Places<'_>) -> Covered {
        let unreached = |kind: &'static str, of: &[Place]| -> Vec<Missing> {
            let left = of.iter().filter(|place| !place.is_reached);
            left.map(|place| Missing { kind, name: place.name.clone(), spot: places.spot(place.span) }).collect()
        };
        let mut missing = unreached("branch", &coverage.branches);
        missing.extend(unreached("step", &coverage.steps));
        missing.sort_by_key(|missing| missing.spot.start);
        Covered {
            campaign: coverage.campaign.to_string(),
            spot: places.spot(coverage.span),
            steps: Share { reached: coverage.steps_reached(), total: coverage.steps.len() },
            branches: Share { reached: coverage.branches_reached(), total: coverage.branches.len() },
            missing,
        }
    }
}

/// For people: a line a campaign, then what is missing.
#[must_use]
pub fn table(covered: &[Covered]) -> String {
    let head = ["coverage".to_owned(), "steps".to_owned(), "branches".to_owned()];
    let row = |covered: &Covered| [covered.campaign.clone(), covered.steps.to_string(), covered.branches.to_string()];
    let sum = |pick: fn(&Covered) -> Share| covered.iter().map(pick).sum::<Share>().to_string();
    let all = ["all".to_owned(), sum(|covered| covered.steps), sum(|covered| covered.branches)];
    let rows: Vec<[String; 3]> = std::iter::once(head).chain(covered.iter().map(row)).chain((covered.len() > 1).then_some(all)).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let mut out: String = rows.iter().map(|[name, steps, branches]| format!("{name:first$}  {steps:second$}  {branches}\n")).collect();
    if covered.iter().any(|covered| !covered.missing.is_empty()) {
        out += "\nno test reaches:\n";
    }
    for covered in covered {
        for missing in &covered.missing {
            out += &format!("  {}  {:6}  {}: {}\n", missing.spot, missing.kind, covered.campaign, missing.name);
        }
    }
    out
}
