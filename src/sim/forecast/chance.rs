//! Chance that can be repeated: numbers that follow from the seed and from whom they are for, never from what came before elsewhere.

use crate::machine::state::EffectId;

/// How far apart the states of two steps are: the golden ratio in 64 bits.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// What chance decides: each thing has numbers of its own, so that more of one leaves the others as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Who a contact is.
    Person,
    /// When it arrives.
    Arrival,
    /// What it does: the number of the habit.
    Habit(u32),
}

/// A source of numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Chance {
    state: u64,
}

impl Chance {
    /// The numbers of a contact for one thing.
    pub fn of_contact(seed: u64, contact: u64, stream: Stream) -> Chance {
        let stream = match stream {
            Stream::Person => 1,
            Stream::Arrival => 2,
            Stream::Habit(number) => 16 + u64::from(number),
        };
        Chance { state: mixed(mixed(seed ^ STEP).wrapping_add(contact)).wrapping_add(mixed(stream)) }
    }
    /// The numbers of what a contact does with one sending: the same wherever else the program changes.
    pub fn of_effect(seed: u64, effect: EffectId) -> Chance {
        let [a, b, c, d, e, f, g, h, ..] = effect.0;
        Chance { state: mixed(seed ^ STEP) ^ u64::from_be_bytes([a, b, c, d, e, f, g, h]) }
    }
    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mixed(self.state)
    }
    /// Above 0 and below 1.
    pub fn unit(&mut self) -> f64 {
        let high = u32::try_from(self.bits() >> 32).unwrap_or(u32::MAX);
        (f64::from(high) + 0.5) / 4_294_967_296.0
    }
    /// Whether what has this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
    /// Between two numbers.
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }
    /// How long until something that happens so often a day happens next, in days.
    pub fn gap_days(&mut self, per_day: f64) -> f64 {
        -self.unit().ln() / per_day
    }
    /// Log-normal: half lie below `median`, two thirds between `median / spread` and `median * spread`.
    pub fn around(&mut self, median: f64, spread: f64) -> f64 {
        let (radius, angle) = ((-2.0 * self.unit().ln()).sqrt(), std::f64::consts::TAU * self.unit());
        median * (spread.max(1.0).ln() * radius * angle.cos()).exp()
    }
}

/// The number of a contact inside the engine: 63 bits, as a daemon gives them.
pub(super) fn contact_number(seed: u64, contact: u64) -> u64 {
    (mixed(mixed(seed ^ STEP).wrapping_add(contact).wrapping_add(STEP)) >> 1).max(1)
}

fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_from_the_seed_and_the_contact_alone() {
        let of = |seed, contact| Chance::of_contact(seed, contact, Stream::Person).bits();
        assert_eq!(of(1, 7), of(1, 7));
        assert_ne!(of(1, 7), of(2, 7));
        assert_ne!(of(1, 7), of(1, 8));
    }

    #[test]
    fn half_of_what_lies_around_a_median_lies_below_it() {
        let mut chance = Chance::of_contact(1, 1, Stream::Person);
        let below = (0..10_000).filter(|_| chance.around(100.0, 3.0) < 100.0).count();
        assert!((4_800..5_200).contains(&below), "{below}");
    }
}
