//! One simulated history: faults of every kind, then peace, in which everything must come to its end.

use super::Random;
use super::fault::{Fuse, Mood, Refusal};
use super::script::history;
use super::verdict::{broken_promises, transcript};
use super::world::{Ground, World};
use campc::proof::Point;
use campc::store::memory::MemoryStore;
use std::sync::Arc;

/// Faults that must have happened, or a simulation has proven nothing.
pub const SOMETIMES: [&str; 6] = [
    "crashes at a point",
    "starts after a crash",
    "commits refused, disk full",
    "commits whose answer was lost",
    "answers of a provider lost",
    "attempts put off by a provider",
];

/// What may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// Everything, crashes at any point included: which thread has come how far then differs from run to run.
    All,
    /// The provider alone, which fails in the same way on every run.
    OfTheProvider,
}

/// Plays a seed: faults up to the last act, which is sixty days of peace.
pub async fn simulate(seed: u64, acts: usize, (faults, fuse): (Faults, &Arc<Fuse>)) -> Result<String, Vec<String>> {
    let mut world = World::new(Ground::Memory(MemoryStore::new()), seed, fuse.clone());
    let mut random = Random::new(seed ^ 0xfa17);
    let acts = history(seed, acts);
    let Some((peace, war)) = acts.split_last() else { return Ok(String::new()) };
    for act in war {
        disturb(&world, &mut random, faults);
        world.act(act).await.map_err(|error| vec![format!("{act:?}: {error}")])?;
    }
    fuse.crashes.lock().unwrap().clear();
    world.refusals.lock().unwrap().clear();
    // Peace but for one provider in five, which never takes anything again: what waits for it must be given up.
    world.set_mood(if seed.is_multiple_of(5) { Mood { later: 100, ..Mood::default() } } else { Mood::default() });
    world.act(peace).await.map_err(|error| vec![format!("in peace: {error}")])?;
    let broken = broken_promises(&world);
    if broken.is_empty() { Ok(transcript(&world)) } else { Err(broken) }
}

/// Plans what goes wrong during the next act, if anything.
fn disturb(world: &World, random: &mut Random, faults: Faults) {
    let what = random.below(12);
    if what == 3 {
        let salt = random.next();
        return world.set_mood(Mood { later: 20 * random.below(4) as u8, lost: 10 * random.below(3) as u8, salt });
    }
    if faults == Faults::OfTheProvider {
        return;
    }
    match what {
        0 => world.crash_at(*random.pick(&Point::ALL), 1 + u32::try_from(random.below(4)).unwrap()),
        1 => world.refusals.lock().unwrap().push(Refusal::Full),
        2 => world.refusals.lock().unwrap().push(Refusal::AnswerLost),
        _ => {}
    }
}
